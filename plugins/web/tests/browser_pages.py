"""Every page of the desk in a real browser (`make browser`): looks, axe, the day's work by mouse,
by keyboard alone, and with JavaScript off. SCREENSHOTS=FOLDER keeps a picture of each page."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from chromium import fits, log_in, look
from running_desk import PASSWORD, TEMPLATE

from serienpost_web.pages import ROUTES
from serienpost_web.table import path_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from running_desk import Desk


def pages(desk: Desk) -> dict[str, str]:
    """Name -> address of each page as somebody who is logged in sees it."""
    hits = desk.find()
    prepared, finished = f"/runs/{desk.runs['prepared']}", f"/runs/{desk.runs['finished']}"
    return {
        "overview": "/",
        "run-prepared": prepared,
        "run-finished": finished,
        "run-paused": f"/runs/{desk.runs['paused']}",
        "people": f"{prepared}/people",
        "release": f"{prepared}/release",
        "cancel": f"{prepared}/do/cancel",
        "discard-run": f"{prepared}/discard",
        "messages": f"{finished}/messages",
        "person": f"{finished}/person?row=patient:2",
        "doubts": f"{finished}/doubts",
        "decide": f"{finished}/doubts/decide?as=accepted&row=patient:2",
        "preview": f"{prepared}/preview",
        "test": f"{prepared}/test?row=patient:3",
        "draft": f"/entwurf/{desk.drafts['mail']}?check=1",
        "draft-sms": f"/entwurf/{desk.drafts['sms']}",
        "prepare": f"/entwurf/{desk.drafts['mail']}/vorbereiten",
        "discard": f"/entwurf/{desk.drafts['mail']}/verwerfen",
        "task": f"/aufgabe/{desk.task}",
        "choose": "/auswahl",
        "choose-list": "/auswahl?tab=termine",
        "choose-query": "/auswahl?tab=abfrage-patienten",
        "choose-file": "/auswahl?tab=datei",
        "hits": f"/auswahl/{hits}/treffer?size=25",
        "action": f"/auswahl/{hits}/aktion",
        "check": f"/auswahl/{desk.selection}?size=25",
        "administration": "/verwaltung",
        "own-password": "/verwaltung/kennwort",
        "suppressions": "/verwaltung/sperrliste",
        "suppression": f"/verwaltung/sperrliste/{desk.entry}",
        "suppression-not": f"/verwaltung/sperrliste/email~{'0' * 64}",
        "suppression-lift": f"/verwaltung/sperrliste/{desk.entry}/aufheben",
        "mailings": "/verwaltung/versaende",
        "mailing": "/verwaltung/versaende/information",
        "accounts": "/verwaltung/konten",
        "templates": "/verwaltung/vorlagen",
        "template": "/verwaltung/vorlagen/terminerinnerung",
        "template-text": f"/verwaltung/vorlagen/{TEMPLATE}/email.md",
        "template-ready": "/verwaltung/vorlagen/terminerinnerung/sms.txt",
        "template-earlier": f"/verwaltung/vorlagen/{TEMPLATE}/email.md/frueher/{desk.earlier}",
        "journal": "/verwaltung/protokoll",
        "journal-marks": "/verwaltung/protokoll?kind=marks",
        "retention": "/verwaltung/aufbewahrung",
        "purge": "/verwaltung/aufbewahrung/loeschen",
        "persons": "/verwaltung/auskunft",
        "person-data": "/verwaltung/auskunft/person?person=patient:2",
        "person-unknown": "/verwaltung/auskunft/person?person=patient:0",
        "person-erase": "/verwaltung/auskunft/loeschen?person=patient:2",
        "users": "/verwaltung/benutzer",
        "user": f"/verwaltung/benutzer/{desk.user}",
        "user-password": f"/verwaltung/benutzer/{desk.user}/kennwort",
        "user-remove": f"/verwaltung/benutzer/{desk.user}/entfernen",
        "missing": "/nothing",
    }


def lock(desk: Desk) -> None:
    """Nobody has been at work for half an hour."""
    with closing(sqlite3.connect(desk.folder / "versandbuch.db")) as ledger, ledger:
        ledger.execute("UPDATE session SET used_at = used_at - ?", (1800 * 1_000_000,))
    desk.close()


def test_every_page_of_the_table_is_looked_at(desk: Desk) -> None:
    """A new page that `pages` lacks fails here; what only a form answers is seen in the day."""
    in_the_day = {"/runs/x/test/x", "/runs/x/preview/message.html"}
    # Files, not pages: no message of this desk has one; `test_enclosed.py` looks at them.
    files = {"/runs/x/preview/file", "/runs/x/preview/page.png"}
    visited = {address.partition("?")[0] for address in pages(desk).values()}
    visited |= in_the_day | files | {"/login", "/locked"}
    client, parts = desk.client("Ada"), {**desk.parts(), "file": "desk.css"}
    for route in ROUTES:
        is_visited = any(route.match(one) is not None for one in visited)
        if route.method != "GET" or route.is_polled or is_visited:
            continue
        found = client.get(path_to(route.path, parts), params={"row": "patient:2"})
        is_page = found.headers.get("content-type", "").startswith("text/html")
        is_kept = "content-disposition" in found.headers
        assert found.status_code in (200, 303), route.path
        assert not is_page or is_kept, f"{route.path} is not in pages()"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_looks_right(desk: Desk, browser: Browser, scheme: str, width: int) -> None:
    size = {"width": width, "height": 800}
    with browser.new_context(color_scheme=scheme, viewport=size) as context:  # type: ignore[arg-type]
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{desk.url}/login")
        look(page, f"login-{scheme}-{width}")
        log_in(page, desk)
        for name, address in pages(desk).items():
            page.goto(desk.url + address)
            look(page, f"{name}-{scheme}-{width}")
        lock(desk)
        page.goto(f"{desk.url}/")
        assert "/locked" in page.url
        look(page, f"locked-{scheme}-{width}")
        assert [one for one in said if "404" not in one] == []


def test_at_twice_the_size_nothing_is_cut(desk: Desk, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 640, "height": 400}) as context:
        page = context.new_page()
        log_in(page, desk)
        for name, address in pages(desk).items():
            page.goto(desk.url + address)
            assert page.evaluate("document.documentElement.scrollWidth") <= 640, name


def test_on_paper_stands_what_was_read_without_what_was_pressed(
    desk: Desk, browser: Browser
) -> None:
    with browser.new_context(viewport={"width": 720, "height": 1000}) as context:
        page = context.new_page()
        log_in(page, desk)
        page.emulate_media(media="print")
        known = pages(desk)
        for name in ("check", "people", "run-finished", "release", "messages", "doubts"):
            page.goto(desk.url + known[name])
            assert page.locator("main table").first.is_visible(), name
            assert page.locator("main h1").is_visible(), name
            for hidden in ("nav", ".self", "main .actions", "footer", "main button.main"):
                for one in page.locator(hidden).all():
                    assert not one.is_visible(), (name, hidden)
            fits(page, name)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_run_is_released_and_stopped_by_mouse(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    run = desk.prepare()
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        page.click(f"a[href='/runs/{run}/release']")
        page.check("#field-release")
        page.fill("#field-password", "wrong")
        page.click("main button.main")
        assert page.get_attribute("#field-password", "aria-invalid") == "true"
        page.check("#field-release")
        page.fill("#field-password", PASSWORD)
        page.click("main button.main")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=released")
        page.click("text=Anhalten")
        page.click("main button.main")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=paused")
        page.click("a.danger")
        page.click("button.danger")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=cancelled")


@pytest.mark.parametrize("javascript", [True, False])
def test_an_email_is_written_and_looked_at_by_mouse(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    """2.1, 2.2: a mailing is chosen, its text changed for this time, prepared, looked at."""
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        page.select_option("#mailing", "information")
        page.click("text=Entwurf beginnen")
        page.fill("#field-subject", "Wir haben neue Zeiten")
        page.set_input_files(
            "#file", {"name": "anfahrt.txt", "mimeType": "text/plain", "buffer": b"x"}
        )
        page.click("text=Hinzufügen und speichern")
        assert page.inner_text(".files bdi") == "anfahrt.txt"
        page.click("button[value='look']")
        page.wait_for_url("**/aufgabe/*")
        desk.work()
        if not javascript:
            page.reload()
        page.wait_for_url("**/preview?said=prepared")
        assert "Wir haben neue Zeiten" in page.inner_text("table.head")
        assert page.frame_locator("iframe.mail").locator("body").inner_text()
        page.locator("main").get_by_role("link", name="Weiter", exact=True).first.click()
        page.locator("main").get_by_role("link", name="Empfänger", exact=True).click()
        page.wait_for_url("**/people")


def test_a_run_is_released_by_keyboard_alone(desk: Desk, browser: Browser) -> None:
    run = desk.prepare()

    def tab_to(page: Page, selector: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                assert page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle != 'none'"
                )
                return
        pytest.fail(f"{selector} is not reached")

    with browser.new_context() as context:
        page = context.new_page()
        log_in(page, desk)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        tab_to(page, f"a[href='/runs/{run}/release']")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{desk.url}/runs/{run}/release")
        tab_to(page, "#field-release")
        page.keyboard.press("Space")
        tab_to(page, "#field-password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=released")


def test_scripts_of_a_page_that_is_not_ours_do_not_run(desk: Desk, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        said: list[str] = []
        page.on("dialog", lambda one: (said.append(one.message), one.dismiss()))
        log_in(page, desk)
        for address in pages(desk).values():
            page.goto(desk.url + address)
        assert said == []


def test_a_form_of_a_foreign_page_is_refused(desk: Desk, browser: Browser) -> None:
    run = desk.runs["prepared"]
    before = desk.states()
    with browser.new_context() as context:
        page = context.new_page()
        log_in(page, desk)
        page.goto("data:text/html,<p>elsewhere")
        page.set_content(
            f"<form method=post action='{desk.url}/runs/{run}/do/cancel'>"
            "<input name=form value=kkkkkkkkkk><button>x</button></form>"
        )
        with page.expect_response("**/do/cancel") as response:
            page.click("button")
        assert response.value.status == 403
    assert desk.states() == before


@pytest.mark.parametrize("javascript", [True, False])
def test_people_are_chosen_and_checked_by_mouse(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    """Rows 1.3, 1.6, 1.12 to 1.21 of the manual."""
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        page.click("header >> text=Auswahl")
        assert "schriftlich zugestimmt" in page.inner_text("main .note")
        page.click("main >> text=Patienten")
        page.click("main button.main")
        page.wait_for_url(f"{desk.url}/auswahl/s*")
        assert page.locator(".badge.busy").count() == 1
        selection = page.url.partition("?")[0].rpartition("/")[2]
        desk.work()
        if not javascript:
            page.click("text=Den jetzigen Stand zeigen")
        page.wait_for_selector("table.hits")
        page.click("button[value='all']")
        page.click("button[value='action']")
        page.select_option("#field-account", "mail")
        page.select_option("#field-purpose", "information")
        page.click("main button.main")
        page.wait_for_selector(".badge.busy")
        desk.work()
        if not javascript:
            page.click("text=Den jetzigen Stand zeigen")
        page.wait_for_selector("table.checked")
        page.click("fieldset.filters >> button:text-is('25')")
        assert "verborgen" in page.inner_text("main")
        row = page.locator("table.checked input[type=checkbox]:checked").first
        mark = row.get_attribute("value")
        row.uncheck()
        page.click("button[value='drop']")
        assert page.locator(f"input[value='{mark}']").is_checked() is False
        assert "nicht erlaubt" in page.inner_text("main .note.good")
        for one in page.locator("tr.unreachable").all():
            assert one.locator("input").is_disabled()
        page.click("button[value='none']")
        page.click("button[value='take']")
        assert "niemand markiert" in page.inner_text("main")
        page.click("button[value='all']")
        page.click("button[value='take']")
        page.wait_for_url(f"{desk.url}/entwurf/*")
        page.goto(f"{desk.url}/auswahl/{selection}")
        page.click("button[value='discard']")
        page.wait_for_url(f"{desk.url}/entwurf/*")


def test_people_are_marked_by_keyboard_alone(desk: Desk, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        log_in(page, desk)
        page.goto(f"{desk.url}/auswahl/{desk.selection}?size=25")
        first = "table.checked input[type=checkbox]:not(:disabled)"
        page.focus(first)
        page.keyboard.press("Space")
        assert not page.is_checked(first)
        page.keyboard.press("Control+a")
        page.wait_for_url("**said=all_marked")
        assert page.is_checked(first)
        page.focus(first)
        page.keyboard.press("Enter")  # the first button of the form keeps the marks
        page.wait_for_url("**said=marks_kept")
