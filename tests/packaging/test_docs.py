"""The manual shows every hook with an example that is valid Python."""

from __future__ import annotations

import ast

from docs_hooks import HOOKSPECS, PLACE, hook_text, on_page_markdown
from workspace import ROOT


def test_manual_shows_every_hook() -> None:
    from serienpost import hookspecs

    page = (ROOT / "docs" / "writing-a-plugin.md").read_text(encoding="utf-8")
    rendered = on_page_markdown(page)
    hooks = [name for name in vars(hookspecs) if name.startswith("serienpost_")]
    assert PLACE not in rendered
    assert [hook for hook in hooks if f"### `{hook}`" not in rendered] == []


def test_every_example_implements_its_hook() -> None:
    specs = ast.parse(HOOKSPECS.read_text(encoding="utf-8")).body
    for spec in (node for node in specs if isinstance(node, ast.FunctionDef)):
        _, example = hook_text(spec)
        defined = {
            node.name for node in ast.parse(example).body if isinstance(node, ast.FunctionDef)
        }
        assert spec.name in defined
