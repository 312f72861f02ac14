from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost.service.catalog import type_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Shell


def replace(shell: Shell, old: str, new: str) -> None:
    file = shell.folder / "serienpost.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_plugins_shows_version_and_what_each_provides(shell: Shell) -> None:
    document = shell.json("plugins")
    (plugin,) = (plugin for plugin in document["plugins"] if plugin["named"])
    assert (plugin["name"], plugin["version"], plugin["ok"]) == ("serienpost-example", "1.2", True)
    assert {"source club", "macro Vorname", "channel pigeon"} <= set(plugin["provides"])
    _, out, _ = shell("plugins")
    assert "sources club, asking" in out
    assert "channel pigeon" in out


def test_plugins_shows_the_broken_one_and_works_beside_other_errors(
    shell: Shell, install: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "broken_by_test.py").write_text("raise RuntimeError('boom')\n")
    install("serienpost-broken", "broken_by_test", tmp_path)
    replace(shell, "[serienpost-example]", "[serienpost-broken, serienpost-example, serienpost-no]")
    replace(shell, "channel: pigeon", "channel: unknown")
    document = shell.json("plugins")
    assert document["exit"] == 3
    named = [plugin for plugin in document["plugins"] if plugin["named"]]
    assert [plugin["ok"] for plugin in named] == [False, True, False]
    assert "serienpost-broken 1.2 cannot be imported" in document["plugins"][0]["problems"][0]
    assert len(document["problems"]) == 2
    code, out, err = shell("plugins")
    assert code == 3
    assert "BROKEN" in out
    assert "RuntimeError: boom" in err


def test_plugins_needs_a_practice(shell: Shell) -> None:
    (shell.folder / "serienpost.yaml").unlink()
    code, _, err = shell("plugins")
    assert code == 3
    assert "serienpost init" in err


def test_sources_are_listed_with_their_plugin(shell: Shell) -> None:
    assert shell.json("sources")["sources"][0] == {
        "name": "club",
        "title": "Members of the club",
        "plugin": "serienpost-example 1.2",
    }
    assert "Members of the club" in shell("sources")[1]


def test_a_source_explains_its_filters(shell: Shell) -> None:
    filters = {f["name"]: f for f in shell.json("sources", "club")["source"]["filters"]}
    assert filters["town"] == {
        "name": "town",
        "type": "text",
        "required": False,
        "default": None,
        "description": "Where they live.",
        "examples": ["Dresden"],
    }
    assert (filters["level"]["type"], filters["level"]["default"]) == ("new | old", "new")
    assert filters["years"]["type"] == "list of whole number"
    (query,) = shell.json("sources", "asking")["source"]["filters"]
    assert query["required"] is True
    code, out, _ = shell("sources", "club")
    assert code == 0
    assert 'town: "Dresden"' in out
    assert "years: [2024, 2025]" in out


def test_an_unknown_source_names_the_nearest(shell: Shell) -> None:
    code, _, err = shell("sources", "clubb")
    assert code == 3
    assert "did you mean 'club'?" in err


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ({"type": "string"}, "text"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "whole number or text"),
        ({"const": "all"}, "all"),
        ({"$ref": "#/$defs/Level"}, "new | old"),
        ({"type": "array", "items": {"$ref": "#/$defs/Level"}}, "list of new | old"),
        ({}, "any value"),
    ],
)
def test_types_are_named_for_people(field: dict[str, Any], name: str) -> None:
    assert type_name(field, {"$defs": {"Level": {"enum": ["new", "old"]}}}) == name


def test_macros_say_where_they_are_allowed_and_why_not(shell: Shell) -> None:
    macros = {macro["name"]: macro for macro in shell.json("macros")["macros"]}
    assert macros["Vorname"]["allowed"] == ["email", "sms", "letter"]
    assert macros["Vorname"]["class"] == "identity"
    assert macros["Vorname"]["example"] == "Beispiel Vorname"
    assert macros["Vorname"]["fields"] == ["vorname"]
    assert macros["Kurz"]["allowed"] == ["sms"]
    assert macros["Geburtstag"]["allowed"] == []
    assert macros["Geburtstag"]["class"] == "protected"
    assert "geburtsdatum" in macros["Geburtstag"]["blocked"][0]["reason"]


def test_the_class_that_a_source_gives_a_field_counts(shell: Shell) -> None:
    macros = {macro["name"]: macro for macro in shell.json("macros")["macros"]}
    assert macros["Abzeichen"]["class"] == "identity"
    assert macros["Abzeichen"]["allowed"] == ["email", "sms", "letter"]


@pytest.mark.parametrize("option", [("--account", "taube"), ("--kind", "email")])
def test_macros_of_one_account_or_kind(shell: Shell, option: tuple[str, str]) -> None:
    document = shell.json("macros", *option)
    macros = {macro["name"]: macro for macro in document["macros"]}
    assert document["kinds"] == ["email"]
    assert macros["Kurz"]["allowed"] == []
    assert "only for sms" in macros["Kurz"]["blocked"][0]["reason"]
    _, out, _ = shell("macros", *option)
    assert "only for sms" in out


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("--account", "tabe"), "did you mean 'taube'?"),
        (("--kind", "mail"), "did you mean 'email'?"),
        (("--account", "taube", "--kind", "sms"), "sends email, not sms"),
    ],
)
def test_macros_refuse_what_is_not_there(shell: Shell, args: tuple[str, ...], hint: str) -> None:
    code, _, err = shell("macros", *args)
    assert code == 3
    assert hint in err


def test_templates_say_where_they_come_from(shell: Shell) -> None:
    own = shell.folder / "templates" / "gruss"
    own.mkdir(parents=True)
    (own / "sms.txt").write_text("---\npurposes: [recall]\n---\nHallo\n")
    assert shell.json("templates")["templates"] == [
        {
            "name": "gruss",
            "origin": "practice",
            "kinds": ["sms"],
            "purposes": ["recall"],
            "languages": ["de"],
            "shadowed": [],
        },
        {
            "name": "gruss",
            "origin": "example-pack",
            "kinds": ["email", "sms"],
            "purposes": ["birthday", "information"],
            "languages": ["de"],
            "shadowed": ["sms"],
        },
    ]
    assert "example-pack" in shell("templates")[1]


def test_a_broken_template_is_listed_with_its_problem(shell: Shell) -> None:
    own = shell.folder / "templates" / "kaputt"
    own.mkdir(parents=True)
    (own / "email.md").write_text("---\nsubjekt: x\n---\n")
    document = shell.json("templates")
    assert document["exit"] == 3
    assert [template["name"] for template in document["templates"]] == ["kaputt", "gruss"]
    assert document["problems"][0]["line"] == 2


def test_templates_copy_overwrites_nothing(shell: Shell) -> None:
    document = shell.json("templates", "copy", "gruss")
    assert document["files"] == ["email.md", "sms.txt"]
    copied = shell.folder / "templates" / "gruss" / "email.md"
    copied.write_text("mine")
    code, _, err = shell("templates", "copy", "gruss")
    assert code == 3
    assert "nothing was copied" in err
    assert copied.read_text() == "mine"


@pytest.mark.parametrize("name", ["grus", "../gruss", "/etc", "."])
def test_templates_copy_knows_only_names_of_packs(shell: Shell, name: str) -> None:
    code, _, err = shell("templates", "copy", name)
    assert code == 3
    assert "no pack has a template" in err
    assert not (shell.folder / "templates").exists()
