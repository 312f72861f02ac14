"""*Verwaltung* in a real browser: one day's work on each of its pages by mouse, with and without
JavaScript, and one by keyboard alone. SCREENSHOTS=FOLDER keeps a picture of each page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from chromium import log_in
from hands import Keyboard, Mouse
from running_desk import PASSWORD

from serienpost import open_practice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hands import Hand
    from playwright.sync_api import Browser, Page
    from running_desk import Desk

OTHER = "fünf ganz andere lange Worte"
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
        log_in(page, desk, "Gast")
        hand.press(page.get_by_role("link", name="Gast"))
        page.wait_for_url("**/kennwort")
        hand.write(page.locator("#field-password"), PASSWORD)
        hand.write(page.locator("#field-new"), OTHER)
        hand.write(page.locator("#field-again"), OTHER)
        hand.press(page.locator("main button.main"))
        page.wait_for_url("**/verwaltung?said=own_password")
    finally:
        with open_practice(desk.folder, actor="os:test") as practice:
            practice.remove_user("Gast")
