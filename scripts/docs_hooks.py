"""Put the hook specifications into the manual, so that it cannot drift from the code (mkdocs)."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path

HOOKSPECS = Path(__file__).resolve().parent.parent / "core/src/serienpost/hookspecs.py"
PLACE = "<!-- hooks -->"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Called by mkdocs for each page; replaces the place mark by all hooks."""
    return markdown.replace(PLACE, hooks_page()) if PLACE in markdown else markdown


def hooks_page() -> str:
    """A section per hook: its signature, its meaning and its complete example."""
    module = ast.parse(HOOKSPECS.read_text(encoding="utf-8"))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    return "\n".join(_section(function) for function in functions)


def _section(function: ast.FunctionDef) -> str:
    meaning, example = hook_text(function)
    returns = ast.unparse(function.returns) if function.returns else "None"
    return f"### `{function.name}`\n\n{meaning} Returns `{returns}`.\n\n```python\n{example}\n```\n"


def hook_text(function: ast.FunctionDef) -> tuple[str, str]:
    """Meaning and example from a hook's docstring."""
    text = inspect.cleandoc(ast.get_docstring(function) or "")
    meaning, mark, example = text.partition("Example::")
    if not mark:
        raise ValueError(f"{function.name} has no example in its docstring")
    return " ".join(meaning.split()), textwrap.dedent(example).strip()
