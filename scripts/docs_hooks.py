"""Put what the code says about itself into the manual, so that it cannot drift (mkdocs)."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path

from docs_commands import commands_page
from docs_keys import keys_page
from docs_states import command_states, message_moves, run_moves

HOOKSPECS = Path(__file__).resolve().parent.parent / "core/src/serienpost/hookspecs.py"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Called by mkdocs for each page; replaces each place mark by what belongs there."""
    for place, generate in PLACES.items():
        if place in markdown:
            markdown = markdown.replace(place, generate())
    return markdown


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


PLACES = {
    "<!-- hooks -->": hooks_page,
    "<!-- keys -->": keys_page,
    "<!-- commands -->": commands_page,
    "<!-- run moves -->": run_moves,
    "<!-- message moves -->": message_moves,
    "<!-- command states -->": command_states,
}
"""Mark in a page of `docs/` -> what writes the text in its place."""
