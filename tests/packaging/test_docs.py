"""The manual shows every hook with an example that is valid Python."""

from __future__ import annotations

import ast
from types import SimpleNamespace

from docs_build import PAGES, PLACES, on_config, on_page_markdown
from docs_errors import error_classes, errors_page
from docs_hooks import hook_pages, hook_text, hooks, hooks_page
from workspace import ROOT

from serienpost import errors, hookspecs


def test_manual_has_a_page_for_every_hook() -> None:
    names = [name for name in vars(hookspecs) if name.startswith("serienpost_")]
    pages = dict(hook_pages())
    assert list(pages) == [f"hooks/{name}.md" for name in names]
    for name, page in zip(names, pages.values(), strict=True):
        assert f"def {name}(" in page
        assert "class " in page or name == "serienpost_commands"
        assert f"(hooks/{name}.md)" in hooks_page()


def test_every_example_implements_its_hook() -> None:
    for spec in hooks():
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


def test_every_error_class_has_its_meaning_on_the_page() -> None:
    found = {error.name: error for error in error_classes()}
    family = [
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.SerienpostError)
    ]
    assert [name for name in family if name not in found] == []
    assert [error.name for error in found.values() if not error.meaning.strip()] == []
    page = errors_page()
    assert [name for name in found if f"| `{name}` |" not in page] == []
    assert {error.exit_code for error in found.values()} <= {code.value for code in errors.Exit}


def test_generated_pages_are_in_the_navigation_once() -> None:
    navigation = on_config_of([{"Commands": ["commands.md"]}, {"Hooks": ["hooks.md"]}, "index.md"])
    listed = [path for entry in navigation if isinstance(entry, dict) for path in entry["all"]]
    generated = [path for generate in PAGES.values() for path, _ in generate()]
    assert sorted(listed) == sorted([*PAGES, *generated])


def on_config_of(nav: list[object]) -> list[object]:
    """The navigation as the hook leaves it, each section's pages under `all`."""
    config = SimpleNamespace(nav=nav)
    on_config(config)  # type: ignore[arg-type]
    return [
        {"all": next(iter(entry.values()))} if isinstance(entry, dict) else entry
        for entry in config.nav
    ]
