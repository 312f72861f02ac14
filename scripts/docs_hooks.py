"""The manual about hooks: a table of all, and a page for each with its example and contract."""

from __future__ import annotations

import ast
import inspect
import textwrap
from importlib import import_module
from typing import TYPE_CHECKING

from docs_keys import cell
from workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

HOOKSPECS = ROOT / "core/src/serienpost/hookspecs.py"
SUITES = ROOT / "tests/testkit/src/serienpost_testkit/suites"


def hooks_page() -> str:
    """A table with a line per hook."""
    rows = [
        f"| [`{hook.name}`](hooks/{hook.name}.md) | {cell(hook_text(hook)[0])} |"
        for hook in hooks()
    ]
    return "\n".join(["| hook | |\n|---|---|", *rows]) + "\n"


def hook_pages() -> Iterator[tuple[str, str]]:
    """File below `docs/` and text of each hook's page."""
    for hook in hooks():
        yield f"hooks/{hook.name}.md", _page(hook)


def hooks() -> list[ast.FunctionDef]:
    """The functions of the module of hooks, in its order."""
    module = ast.parse(HOOKSPECS.read_text(encoding="utf-8"))
    return [node for node in module.body if isinstance(node, ast.FunctionDef)]


def _page(hook: ast.FunctionDef) -> str:
    meaning, example = hook_text(hook)
    returns = ast.unparse(hook.returns) if hook.returns else "None"
    name = returns.rpartition("[")[2].removesuffix("]")
    parts = [
        f"# `{hook.name}`",
        f"{meaning} Returns `{returns}`.",
        "A complete plugin: put into a module that an entry point names, it works.",
        f"```python\n{example}\n```",
    ]
    contract = _contract(name)
    if contract:
        parts += [f"## The contract of a `{name}`", f"```python\n{contract}\n```"]
    if (SUITES / "__init__.py").read_text(encoding="utf-8").count(f"{name}Suite"):
        parts.append(
            f"`serienpost_testkit.suites.{name}Suite` is the same contract, executable: see"
            " [Writing a channel](../writing-a-channel.md#the-suite)."
        )
    return "\n\n".join(parts) + "\n"


def _contract(name: str) -> str:
    """The source of the contract's class, as its author has to keep it; "" for foreign ones."""
    for module in ("rows", "consent", "macros", "channels", "services"):
        contracts = import_module(f"serienpost.contracts.{module}")
        if hasattr(contracts, name):
            return inspect.getsource(getattr(contracts, name)).strip()
    return ""


def hook_text(function: ast.FunctionDef) -> tuple[str, str]:
    """Meaning and example from a hook's docstring."""
    text = inspect.cleandoc(ast.get_docstring(function) or "")
    meaning, mark, example = text.partition("Example::")
    if not mark:
        raise ValueError(f"{function.name} has no example in its docstring")
    return " ".join(meaning.split()), textwrap.dedent(example).strip()
