"""The manual shows every hook with an example that is valid Python."""

from __future__ import annotations

import ast

from docs_hooks import HOOKSPECS, PLACES, hook_text, on_page_markdown
from workspace import ROOT


def test_manual_shows_every_hook() -> None:
    from serienpost import hookspecs

    page = (ROOT / "docs" / "writing-a-plugin.md").read_text(encoding="utf-8")
    rendered = on_page_markdown(page)
    hooks = [name for name in vars(hookspecs) if name.startswith("serienpost_")]
    assert not any(place in rendered for place in PLACES)
    assert [hook for hook in hooks if f"### `{hook}`" not in rendered] == []


def test_every_example_implements_its_hook() -> None:
    specs = ast.parse(HOOKSPECS.read_text(encoding="utf-8")).body
    for spec in (node for node in specs if isinstance(node, ast.FunctionDef)):
        _, example = hook_text(spec)
        defined = {
            node.name for node in ast.parse(example).body if isinstance(node, ast.FunctionDef)
        }
        assert spec.name in defined


def test_every_place_stands_on_one_page_and_gets_its_text() -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    for place in PLACES:
        holders = [name for name, text in pages.items() if place in text]
        assert len(holders) == 1
        assert place not in on_page_markdown(pages[holders[0]])
