"""*Verwaltung* in a real browser: one day's work on each of its pages by mouse, with and without
JavaScript, and one by keyboard alone. SCREENSHOTS=FOLDER keeps a picture of each page."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from chromium import log_in
from hands import Keyboard, Mouse
from running_desk import PASSWORD

from serienpost import open_practice
from serienpost.service import LoginRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hands import Hand
    from playwright.sync_api import Browser, Page
    from running_desk import Desk

OTHER = "fünf ganz andere lange Worte"
# Whom no other test needs, each for one way.
PERSONS = ["patient:71", "patient:72", "patient:73"]
# How a page is used -> whether scripts run.
WAYS = {"mouse": True, "no JavaScript": False, "keyboard": True}


@pytest.fixture(params=WAYS)
def at(request: pytest.FixtureRequest, desk: Desk, browser: Browser) -> Iterator[tuple[Page, Hand]]:
    """A browser in which Ada is logged in, and what it is used with."""
    with browser.new_context(
        java_script_enabled=WAYS[request.param], reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        log_in(page, desk)
        page.goto(f"{desk.url}/verwaltung")
        yield page, Keyboard(page) if request.param == "keyboard" else Mouse()


def test_a_user_is_added_changed_and_removed(desk: Desk, at: tuple[Page, Hand]) -> None:
    page, hand = at
    hand.press(page.locator("main").get_by_role("link", name="Benutzer", exact=True))
    page.wait_for_url("**/benutzer")
    hand.write(page.locator("#field-name"), "Neu")
    hand.tick(page.locator("input[value='prepare']"))
    hand.write(page.locator("#field-new"), OTHER)
    hand.write(page.locator("#field-again"), OTHER)
    hand.write(page.locator("#field-password"), PASSWORD)
    hand.press(page.locator("main button.main"))
    page.wait_for_url("**/benutzer?said=user_added")
    hand.press(page.locator("tr", has_text="Neu").get_by_role("link"))
    hand.tick(page.locator("input[value='prepare']"), on=False)
    hand.tick(page.locator("input[value='approve']"))
    hand.write(page.locator("#field-password"), PASSWORD)
    hand.press(page.locator("main button.main"))
    page.wait_for_url("**/benutzer?said=user_changed")
    with open_practice(desk.folder, actor="os:test") as practice:
        (rights,) = (one.rights for one in practice.users() if one.name == "Neu")
    assert [str(one) for one in rights] == ["read", "approve"]
    hand.press(page.locator("tr", has_text="Neu").get_by_role("link"))
    hand.press(page.get_by_role("link", name="Diesen Benutzer entfernen"))
    hand.write(page.locator("#field-password"), PASSWORD)
    hand.press(page.locator("main button.danger"))
    page.wait_for_url("**/benutzer?said=user_removed")
    assert page.locator("tr", has_text="Neu").get_by_role("link").count() == 0


def test_a_password_of_ones_own_is_changed(desk: Desk, at: tuple[Page, Hand]) -> None:
    page, hand = at
    with open_practice(desk.folder, actor="os:test") as practice:
        practice.add_user("Gast", PASSWORD)
    try:
        hand.press(page.get_by_role("button", name="Abmelden"))
        page.wait_for_url("**/login?said=logged_out")
        log_in(page, desk, "Gast")
        hand.press(page.get_by_role("link", name="Gast"))
        page.wait_for_url("**/kennwort")
        hand.write(page.locator("#field-password"), PASSWORD)
        hand.write(page.locator("#field-new"), OTHER)
        hand.write(page.locator("#field-again"), OTHER)
        hand.press(page.locator("main button.main"))
        page.wait_for_url("**/verwaltung?said=own_password")
        with open_practice(desk.folder, actor="os:test") as practice:
            assert isinstance(practice.log_in("Gast", PASSWORD, "127.0.0.1"), LoginRefused)
            assert not isinstance(practice.log_in("Gast", OTHER, "127.0.0.1"), LoginRefused)
    finally:
        with open_practice(desk.folder, actor="os:test") as practice:
            practice.remove_user("Gast")


def test_an_address_is_looked_for_added_and_lifted(desk: Desk, at: tuple[Page, Hand]) -> None:
    page, hand = at
    address = "vom.browser@example.org"
    hand.press(page.locator("main").get_by_role("link", name="Sperrliste"))
    hand.write(page.locator("#field-address"), address)
    hand.press(page.locator("main button.main"))
    page.wait_for_selector("main .badge.good")
    hand.press(page.get_by_role("link", name="Zur Liste"))
    hand.write(page.locator("#field-address"), address)
    hand.press(page.get_by_role("button", name="Diese Adresse sperren"))
    page.wait_for_url("**said=suppressed")
    assert page.locator("main .badge.stop").is_visible()
    assert address not in page.content()
    assert address not in page.url
    hand.press(page.get_by_role("link", name="Aufheben"))
    assert "Heben Sie die Sperre nur auf" in page.inner_text("main")
    hand.press(page.locator("main button.danger"))
    page.wait_for_url("**said=lifted")
    assert page.locator("main .badge.good").is_visible()


def test_the_journal_is_read_by_kind_and_by_user(desk: Desk, at: tuple[Page, Hand]) -> None:
    page, hand = at
    hand.press(page.locator("main").get_by_role("link", name="Protokoll"))
    hand.press(
        page.locator("main nav.filters").first.get_by_role("link", name="Freigaben und Tests")
    )
    page.wait_for_url("**kind=releases**")
    done = set(page.locator("main tbody tr td:nth-child(3)").all_inner_texts())
    assert "freigegeben" in done
    assert not done & {"meldet sich an", "vorbereitet", "legt an"}
    user = page.locator("#user option", has_text="Ada").first.get_attribute("value")
    assert user
    hand.choose(page.locator("#user"), user)
    hand.press(page.get_by_role("button", name="Anzeigen"))
    page.wait_for_url(f"**user={user}")
    assert set(page.locator("main tbody tr td:nth-child(2)").all_inner_texts()) == {"Ada"}
    hand.press(page.locator("main tbody a").first)
    page.wait_for_url("**/runs/*")


def test_what_is_over_its_time_is_removed(
    desk: Desk, at: tuple[Page, Hand], request: pytest.FixtureRequest
) -> None:
    page, hand = at
    run = desk.prepare()
    with closing(sqlite3.connect(desk.folder / "versandbuch.db")) as ledger, ledger:
        past = 8 * 24 * 3600 * 1_000_000
        ledger.execute("UPDATE run SET created_at = created_at - ? WHERE id = ?", (past, run))
    hand.press(page.locator("main").get_by_role("link", name="Aufbewahrung"))
    assert page.locator("main tbody tr td.number").nth(2).inner_text() == "1"
    hand.press(page.get_by_role("link", name="Abgelaufenes jetzt löschen"))
    hand.press(page.locator("main button.danger"))
    page.wait_for_selector(".badge.busy")
    desk.work()
    if not WAYS[request.node.callspec.params["at"]]:
        hand.press(page.get_by_role("link", name="Den jetzigen Stand zeigen"))
    page.get_by_role("link", name="Abgelaufenes jetzt löschen").wait_for()
    assert "Zuletzt gelöscht" in page.inner_text("main")
    assert page.locator("main tbody tr td.number").nth(2).inner_text() == "0"
    assert page.goto(f"{desk.url}/runs/{run}").status == 404


def test_what_is_known_is_given_out_and_erased(desk: Desk, at: tuple[Page, Hand]) -> None:
    page, hand = at
    person = PERSONS.pop()
    with open_practice(desk.folder, actor="os:test") as practice:
        name = practice.export_person(person).messages[-1].name
    assert name
    hand.press(page.locator("main").get_by_role("link", name="Auskunft und Löschung"))
    hand.write(page.locator("#field-words"), name)
    hand.press(page.locator("main button.main"))
    hand.press(page.locator("main tbody a").first)
    page.wait_for_url("**/auskunft/person?person=*")
    assert name in page.inner_text("main")
    with page.expect_download() as kept:
        hand.press(page.get_by_role("link", name="Als Datei speichern"))
    assert kept.value.suggested_filename == f"auskunft-{person.replace(':', '-')}.json"
    hand.press(page.get_by_role("link", name="Löschen", exact=True))
    assert "Was bleibt, und warum" in page.inner_text("main")
    hand.write(page.locator("#field-password"), PASSWORD)
    hand.press(page.locator("main button.danger"))
    page.wait_for_url("**/auskunft?said=erased")
    page.goto(f"{desk.url}/verwaltung/auskunft/person?person={person}")
    assert "ist hier nichts bekannt" in page.inner_text("main")
