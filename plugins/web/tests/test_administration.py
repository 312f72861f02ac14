"""*Verwaltung*: who sees what, one's own password, the users and their rights."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from running_desk import PASSWORD, serving

from serienpost import open_practice
from serienpost_demo.folder import write_folder
from serienpost_web.pages.administration import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browsing import Page
    from running_desk import Desk

OTHER = "fünf ganz andere lange Worte"
OWN, USERS = "/verwaltung/kennwort", "/verwaltung/benutzer"


@pytest.fixture
def guest(desk: Desk) -> Iterator[str]:
    """The name of a user whom a test may change."""
    with open_practice(desk.folder, actor="os:test") as practice:
        practice.add_user("Gast", PASSWORD, ["prepare"])
        yield "Gast"
        if any(one.name == "Gast" for one in practice.users()):
            practice.remove_user("Gast")


def rights_of(desk: Desk, name: str) -> list[str]:
    with open_practice(desk.folder, actor="os:test") as practice:
        return [str(right) for one in practice.users() if one.name == name for right in one.rights]


def address_of(desk: Desk, name: str) -> str:
    with open_practice(desk.folder, actor="os:test") as practice:
        (found,) = (one.id for one in practice.users() if one.name == name)
        return f"{USERS}/{found}"


def is_in(page: Page) -> bool:
    """Whether somebody is logged in."""
    return page.path.partition("?")[0] not in ("/login", "/locked")


@pytest.mark.parametrize("user", ["Lea", "Eva", "Udo", "Ira", "Ada"])
def test_everybody_sees_the_pages_that_open(desk: Desk, user: str) -> None:
    with Browser(desk.url) as browser:
        browser.log_in(user, PASSWORD)
        page = browser.open("/verwaltung")
        assert page.status == 200
        named = [one for one in ENTRIES if f'href="{one.route.path}">' in page.text]
        opened = [one for one in ENTRIES if browser.open(one.route.path).status == 200]
        assert named == opened
        assert OWN in [one.route.path for one in named]
        assert (USERS in [one.route.path for one in named]) is (user in ("Ira", "Ada"))


def test_a_password_of_ones_own_needs_the_old_one(desk: Desk, guest: str) -> None:
    with Browser(desk.url) as here, Browser(desk.url) as there:
        here.log_in(guest, PASSWORD)
        there.log_in(guest, PASSWORD)
        form = here.open(OWN).form()
        for wrong, said in (
            (
                {"password": "falsch", "new": OTHER, "again": OTHER},
                "Das alte Passwort",
            ),
            ({"password": PASSWORD, "new": OTHER, "again": f"{OTHER}!"}, "sind nicht gleich"),
            ({"password": PASSWORD, "new": "kurz", "again": "kurz"}, "zu kurz"),
            ({"password": PASSWORD, "new": "", "again": ""}, "zu kurz"),
            ({"password": PASSWORD, "new": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"}, "zuerst"),
        ):
            page = here.send(form, **wrong)
            assert (page.status, said in page.text) == (422, True), said
            assert OTHER not in page.text
            assert is_in(there.open("/"))
        page = here.send(form, password=PASSWORD, new=OTHER, again=OTHER)
        assert page.path == "/verwaltung?said=own_password"
        assert is_in(here.open("/"))
        assert not is_in(there.open("/"))
        assert there.log_in(guest, PASSWORD).status == 422
        assert is_in(there.log_in(guest, OTHER))
    assert rights_of(desk, guest) == ["read", "prepare"]


def test_a_user_is_added_and_can_log_in(desk: Desk, ada: Browser) -> None:
    form = ada.open(USERS).form()
    given = {"name": "Neu <b>", "new": OTHER, "again": OTHER, "right": ["approve"]}
    for wrong, said in (
        ({"name": " "}, "wie der Benutzer heißt"),
        ({"name": "os:neu"}, "kein Name"),
        ({"name": "ada"}, "gibt schon"),
        ({"again": "x"}, "nicht gleich"),
        ({"new": "kurz", "again": "kurz"}, "zu kurz"),
        ({"password": "falsch"}, "Das Passwort stimmt nicht"),
    ):
        page = ada.send(form, **{"password": PASSWORD, **given, **wrong})
        assert (page.status, said in page.text) == (422, True), (said, page.text)
        assert OTHER not in page.text
        assert 'value="approve" checked' in page.text
    page = ada.send(form, password=PASSWORD, **given)
    assert page.path == f"{USERS}?said=user_added"
    assert escape("Neu <b>", quote=False) in page.text
    try:
        assert rights_of(desk, "Neu <b>") == ["read", "approve"]
        with Browser(desk.url) as browser:
            assert is_in(browser.log_in("Neu <b>", OTHER))
    finally:
        with open_practice(desk.folder, actor="os:test") as practice:
            practice.remove_user("Neu <b>")


def test_a_right_that_there_is_not_is_refused(desk: Desk, ada: Browser) -> None:
    before = desk.states()
    form = ada.open(USERS).form()
    given = {"name": "Neu", "new": OTHER, "again": OTHER, "password": PASSWORD}
    assert ada.send(form, **given, right=["all"]).status == 422
    assert desk.states() == before


def test_rights_are_those_that_are_marked(desk: Desk, ada: Browser, guest: str) -> None:
    address = address_of(desk, guest)
    with Browser(desk.url) as theirs:
        theirs.log_in(guest, PASSWORD)
        form = ada.open(address).form(f"{address}/rechte")
        assert form.fields["right"] == ["prepare"]
        page = ada.send(form, right=["approve", "administer"], password="falsch")
        assert (page.status, "Das Passwort stimmt nicht" in page.text) == (422, True)
        assert page.form(f"{address}/rechte").fields["right"] == ["approve", "administer"]
        assert rights_of(desk, guest) == ["read", "prepare"]
        assert is_in(theirs.open("/"))
        page = ada.send(form, right=["approve", "administer"], password=PASSWORD)
        assert page.path == f"{USERS}?said=user_changed"
        assert rights_of(desk, guest) == ["read", "approve", "administer"]
        assert not is_in(theirs.open("/"))
    ada.send(ada.open(address).form(f"{address}/rechte"), right=[], password=PASSWORD)
    assert rights_of(desk, guest) == ["read"]


def test_a_forgotten_password_is_replaced(desk: Desk, ada: Browser, guest: str) -> None:
    address = f"{address_of(desk, guest)}/kennwort"
    form = ada.open(address).form()
    page = ada.send(form, new=OTHER, again="x", password=PASSWORD)
    assert (page.status, "nicht gleich" in page.text) == (422, True)
    page = ada.send(form, new=guest, again=guest, password=PASSWORD)
    assert (page.status, "zu kurz" in page.text) == (422, True)
    page = ada.send(form, new=OTHER, again=OTHER, password=PASSWORD)
    assert page.path == f"{USERS}?said=user_password"
    with Browser(desk.url) as browser:
        assert browser.log_in(guest, PASSWORD).status == 422
        assert is_in(browser.log_in(guest, OTHER))


def test_a_user_is_removed_after_a_question(desk: Desk, ada: Browser, guest: str) -> None:
    address = f"{address_of(desk, guest)}/entfernen"
    with Browser(desk.url) as theirs:
        theirs.log_in(guest, PASSWORD)
        page = ada.open(address)
        assert "bleibt aufgezeichnet" in page.text
        assert ada.send(page.form(), password="falsch").status == 422
        assert is_in(theirs.open("/"))
        page = ada.send(page.form(), password=PASSWORD)
        assert page.path == f"{USERS}?said=user_removed"
        assert not is_in(theirs.open("/"))
    assert ada.open(address).status == 404


def test_somebody_always_administers(tmp_path: Path) -> None:
    """The last one keeps the right, whoever asks; said where the rights stand."""
    folder = tmp_path / "praxis"
    write_folder(folder, 5, 1, port=1)
    with open_practice(folder, actor="os:test") as practice:
        own = practice.add_user("Ira", PASSWORD, ["administer"])
        with serving(folder) as url, Browser(url) as ira:
            ira.log_in("Ira", PASSWORD)
            address = f"{USERS}/{own.id}"
            for form in (
                ira.open(address).form(f"{address}/rechte"),
                ira.open(f"{address}/entfernen").form(),
            ):
                page = ira.send(form, right=[], password=PASSWORD)
                assert (
                    page.status,
                    "der letzte Benutzer, der verwalten darf" in page.text,
                ) == (422, True)
        assert [str(one) for one in practice.users()[0].rights] == ["read", "administer"]
