"""Rows 2.1 to 2.4 of the manual in a real browser, with a real SMTP server; two tabs, the back
button, a lost connection, a double click. SCREENSHOTS=FOLDER keeps a picture of each page."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from running_desk import PASSWORD

from serienpost import open_practice
from serienpost.service import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from playwright.sync_api import Browser, BrowserContext, Page
    from running_desk import Desk

PICTURES = os.environ.get("SCREENSHOTS")
PLAN = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4" + b"x" * 5_000_000}

# Another account, with a limit that is soon reached, and another signature.
ACCOUNT = """\
  {name}:
    channel: smtp
    host: 127.0.0.1
    port: {port}
    security: none
    sender: "Empfang Sonnenschein <{name}@example.org>"
    rate: [{rate}]
"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as made:
        yield made


@pytest.fixture
def page(desk: Desk, context: BrowserContext) -> Page:
    """A desk at which Ada is logged in."""
    return at_desk(desk, context)


def at_desk(desk: Desk, context: BrowserContext, user: str = "Ada") -> Page:
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{desk.url}/login")
    page.fill("#name", user)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk.url}/")
    return page


def picture(page: Page, name: str) -> None:
    """A picture in both schemes, wide and narrow."""
    if not PICTURES:
        return
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    usual = page.viewport_size or {"width": 1280, "height": 720}
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 800})
            path = Path(PICTURES) / f"{name}-{scheme}-{width}.png"
            page.screenshot(path=path, full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(usual)


def add_account(desk: Desk, name: str, rate: str) -> None:
    """The practice gets another account."""
    path = desk.folder / "serienpost.yaml"
    text = path.read_text("utf-8")
    if f"\n  {name}:\n" not in text:
        own = ACCOUNT.format(name=name, port=desk.catcher.port, rate=rate)
        path.write_text(text.replace("\naccounts:\n", f"\naccounts:\n{own}", 1), "utf-8")


def begin(page: Page, mailing: str = "information") -> None:
    page.select_option("#mailing", mailing)
    page.click("text=Entwurf beginnen")
    page.wait_for_selector("#field-text")


def onward(page: Page, desk: Desk, button: str, to: str) -> str:
    """Press a button that leads to the messages, and do what a worker is asked; the run."""
    page.click(f"button[value='{button}']")
    page.wait_for_url("**/aufgabe/*")
    desk.work()
    page.wait_for_url(f"**/{to}?said=prepared")
    return page.url.split("/")[4]


def release(page: Page, run: str) -> None:
    page.check("#field-release")
    page.fill("#field-password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url(f"**/runs/{run}?said=released")


def apart(does: Callable[[], object]) -> None:
    """Do something in a thread of its own: a browser's test has an event loop in this one."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(does).result()


def deliver(desk: Desk, run: str) -> None:
    def does() -> None:
        with open_practice(desk.folder, actor="worker") as practice:
            found = practice.run(run)
            assert isinstance(found, Run)
            found.deliver(wait=False)

    apart(does)


def received(desk: Desk, since: int) -> list[EmailMessage]:
    found = [message_from_bytes(one.data, policy=policy.default) for one in desk.catcher.messages]
    return found[since:]  # type: ignore[return-value]


def test_row_2_1_sender_signature_template_and_text(desk: Desk, page: Page) -> None:
    """2.1: chooses Absender, Signatur and Vorlage; edits the text as usual."""
    add_account(desk, "empfang", "1000/hour")
    before = len(desk.catcher.messages)
    page.goto(f"{desk.url}/entwurf/{desk.begin(limit=9)}")
    picture(page, "draft")
    page.select_option("#field-account", "empfang")
    page.select_option("#field-signature", "sonnenschein")
    page.select_option("#field-template", "information")
    page.click("button[value='take']")
    page.wait_for_url("**#field-text")
    assert "Sprechzeiten haben sich" in page.input_value("#field-text")
    text = page.input_value("#field-text").replace("Sprechzeiten", "Öffnungszeiten")
    page.fill("#field-text", text)
    page.set_input_files("#file", PLAN)  # type: ignore[arg-type]
    page.click("text=Hinzufügen und speichern")
    assert "plan.pdf" in page.inner_text(".files")
    assert "5 MB" in page.inner_text(".files")
    run = onward(page, desk, "look", "preview")
    picture(page, "preview")
    head = page.inner_text("table.head")
    assert "empfang@example.org" in head
    body = page.frame_locator("iframe.mail").locator("body")
    assert "Öffnungszeiten haben sich" in body.inner_text()
    assert "Sonnenschein" in body.inner_text()
    assert "plan.pdf" in page.inner_text("main")
    total = int(page.inner_text("nav.steps span").rpartition(" ")[2])
    page.click("nav.steps >> text=Weiter")
    assert page.inner_text("nav.steps span") == f"Nachricht 2 von {total}"
    page.click("text=Prüfen und freigeben")
    picture(page, "release")
    for word in ("Warum", "Prüfnummer", "Welche Angaben"):
        assert word.lower() in page.inner_text("main").lower()
    release(page, run)
    deliver(desk, run)
    mails = received(desk, before)
    assert len(mails) == total
    for mail in mails:
        (part,) = [one for one in mail.walk() if one.get_filename() == "plan.pdf"]
        assert part.get_payload(decode=True) == PLAN["buffer"]
        assert "Öffnungszeiten haben sich" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_row_2_2_the_recipients_are_opened_again(desk: Desk, page: Page) -> None:
    """2.2: "Empfaenger" opens the recipients again."""
    page.goto(f"{desk.url}/auswahl/{desk.selection}")
    page.click("button[value='take']")
    page.wait_for_selector("#field-text")
    page.select_option("#field-template", "information")
    page.click("button[value='take']")
    page.wait_for_selector("text=Unten steht der Text der Vorlage")
    here = page.url.partition("?")[0].partition("#")[0]
    picture(page, "draft-of-people")
    page.click("main a[href^='/auswahl/']")
    page.wait_for_url(f"**/auswahl/{desk.selection}*")
    box = page.locator("table.checked input[type=checkbox]:checked").first
    row = box.get_attribute("value") or ""
    box.uncheck()
    page.click("button[value='save']")
    page.goto(here)
    run = onward(page, desk, "look", "preview")
    with open_practice(desk.folder, actor="Ada") as practice:
        found = practice.run(run)
        assert isinstance(found, Run)
        marked = {one.row for one in found.review(1, None, "marked", size=100).recipients}
        assert marked
        assert row not in marked
    page.locator("main").get_by_role("link", name="Empfänger", exact=True).click()
    page.wait_for_url("**/people")


def test_row_2_3_the_senders_account_sends(desk: Desk, page: Page) -> None:
    """2.3: "senden" uses the SMTP settings of the sender's account."""
    add_account(desk, "empfang", "1000/hour")
    before = len(desk.catcher.messages)
    begin(page, "terminerinnerung")
    page.select_option("#field-account", "empfang")
    run = onward(page, desk, "send", "release")
    release(page, run)
    deliver(desk, run)
    arrived = desk.catcher.messages[before:]
    assert arrived
    assert {one.sender for one in arrived} == {"empfang@example.org"}
    page.reload()
    picture(page, "run")
    assert "beendet" in page.inner_text("main") or "fertig" in page.inner_text("main")


def test_row_2_4_limits_are_kept_and_told(desk: Desk, page: Page) -> None:
    """2.4: a provider's limits are kept; an error from them is recognised as such."""
    add_account(desk, "knapp", "2/hour")
    before = len(desk.catcher.messages)
    begin(page)
    page.select_option("#field-account", "knapp")
    page.click(".actions button[value='save']")
    page.wait_for_url("**said=saved")
    assert "2 in der Stunde" in page.inner_text("main")
    run = onward(page, desk, "look", "preview")
    assert "Stunde" in page.inner_text("dl.facts")
    page.click("text=Prüfen und freigeben")
    release(page, run)
    deliver(desk, run)
    assert len(desk.catcher.messages) == before + 2
    page.goto(f"{desk.url}/runs/{run}")
    picture(page, "run-limit")
    assert "Limit" in page.inner_text("main") or "erlaubt" in page.inner_text("main")

    page.goto(desk.url)
    begin(page)
    run = onward(page, desk, "send", "release")
    release(page, run)
    desk.catcher.script.refuse("*", "452 4.5.3 hourly sending limit exceeded", times=500)
    deliver(desk, run)
    desk.catcher.script.clear()
    page.goto(f"{desk.url}/runs/{run}")
    picture(page, "run-quota")
    assert "Anbieter" in page.inner_text("main")
    assert "limit exceeded" in page.inner_text("main")


def test_a_test_is_sent_and_told_without_a_reload(desk: Desk, page: Page) -> None:
    begin(page)
    before = len(desk.catcher.messages)
    onward(page, desk, "test", "test")
    page.fill("#field-to", "praxis@example.org")
    picture(page, "test")
    page.click("main button.main")
    page.wait_for_selector(".badge.busy")
    desk.work()
    page.wait_for_selector("text=vom Anbieter angenommen")
    picture(page, "tested")
    assert len(desk.catcher.messages) == before + 1


def test_a_reminder_takes_few_clicks(desk: Desk, page: Page) -> None:
    """From the first page to the release of tomorrow's reminders."""
    clicks = 0

    def click(selector: str) -> None:
        nonlocal clicks
        clicks += 1
        page.click(selector)

    page.select_option("#mailing", "terminerinnerung")
    clicks += 2  # open the list, choose
    click("text=Entwurf beginnen")
    click("button[value='send']")
    page.wait_for_url("**/aufgabe/*")
    desk.work()
    page.wait_for_url("**/release?said=prepared")
    click("#field-release")
    click("#field-password")
    page.keyboard.type(PASSWORD)
    click("main button.main")
    page.wait_for_url("**said=released")
    assert clicks <= 7


def test_two_tabs_and_the_back_button_lose_nothing(
    desk: Desk, context: BrowserContext, page: Page
) -> None:
    begin(page)
    here = page.url.partition("?")[0]
    other = context.new_page()
    other.set_default_timeout(60_000)
    other.goto(here)
    page.fill("#field-subject", "Aus dem ersten Fenster")
    page.click(".actions button[value='save']")
    page.wait_for_url("**said=saved")
    other.fill("#field-subject", "Aus dem zweiten Fenster")
    other.click(".actions button[value='save']")
    other.wait_for_selector("table.compare")
    picture(other, "conflict")
    assert "Aus dem ersten Fenster" in other.inner_text("table.compare")
    assert other.input_value("#field-subject") == "Aus dem zweiten Fenster"
    other.click(".actions button[value='save']")
    other.wait_for_url("**said=saved")
    # Back, to a form that was sent: it shows what is saved now, not what was typed then, which
    # would go over the other's without a word.
    page.go_back()
    page.wait_for_selector("#field-subject")
    assert page.input_value("#field-subject") == "Aus dem zweiten Fenster"
    # Whoever leaves with something unsaved is asked.
    asked: list[str] = []
    page.on("dialog", lambda one: (asked.append(one.type), one.dismiss()))
    page.fill("#field-subject", "Noch nicht gespeichert")
    page.click("a:text('Übersicht')", no_wait_after=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    assert page.input_value("#field-subject") == "Noch nicht gespeichert"


def test_a_lost_connection_loses_no_text(desk: Desk, context: BrowserContext, page: Page) -> None:
    begin(page)
    page.fill("#field-subject", "Bei Funkloch geschrieben")
    context.set_offline(True)
    page.click(".actions button[value='save']")
    page.wait_for_selector("#offline:visible")
    picture(page, "offline")
    assert page.input_value("#field-subject") == "Bei Funkloch geschrieben"
    context.set_offline(False)
    page.click(".actions button[value='save']")
    page.wait_for_url("**said=saved")
    assert page.input_value("#field-subject") == "Bei Funkloch geschrieben"


def test_a_double_click_on_send_prepares_once(desk: Desk, page: Page) -> None:
    begin(page)
    before = len(desk.tasks())
    page.dblclick("button[value='send']")
    page.wait_for_url("**/aufgabe/*")
    assert len(desk.tasks()) == before + 1
    desk.work()
    page.wait_for_url("**/release?said=prepared")
    run = page.url.split("/")[4]
    page.check("#field-release")
    page.fill("#field-password", PASSWORD)
    page.dblclick("main button.main")
    page.wait_for_url(f"**/runs/{run}?said=released")
    # Sent again, an unchanged draft leads to the run that it has.
    with open_practice(desk.folder, actor="Ada") as practice:
        (draft,) = [one for one in practice.drafts() if one.run == run]
    page.goto(f"{desk.url}/entwurf/{draft.draft}")
    picture(page, "draft-released")


def test_what_is_wrong_stands_at_its_field(desk: Desk, page: Page) -> None:
    begin(page)
    page.fill("#field-text", "Guten Tag {{Nachnahme}}, {{Diagnose}}")
    page.fill("#field-subject", "")
    page.click("button[value='send']")
    page.wait_for_selector("[aria-invalid=true]")
    picture(page, "draft-wrong")
    words = page.inner_text("main")
    assert "Schreiben Sie einen Betreff" in words
    assert "serienpost " not in words.replace("serienpost betreut", "")
