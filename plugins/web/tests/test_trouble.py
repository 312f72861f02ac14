"""What the desk stands on is not as it should be: its clock, a ledger that another process holds, a
full disk. One page says so in words, nothing is lost, and it goes on when the trouble is over."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from moved_clock import Clock
from running_desk import PASSWORD, serving
from sqlalchemy import Engine, event  # noqa: TID253

from serienpost import open_practice
from serienpost.ledger import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browsing import Page
    from running_desk import Desk

OWN = {"how": "own", "subject": "Neues", "then": "save"}
# Milliseconds for which a connection waits for another's lock: a minute in a practice.
SHORT = 100


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(store, "utc_now", made)
    return made


@pytest.fixture
def browser(desk: Desk, clock: Clock) -> Iterator[Browser]:
    """On a desk that goes by this clock from its start."""
    clock.ahead = timedelta()
    with serving(desk.folder) as url, Browser(url) as made:
        yield made


def log_in(browser: Browser) -> Page:
    return browser.send(browser.open("/login").form(), name="Eva", password=PASSWORD)


def unlock(browser: Browser) -> Page:
    """Open a session that must be locked."""
    page = browser.open("/")
    assert page.path.startswith("/locked")
    return browser.send(page.form(), password=PASSWORD)


def test_a_clock_that_is_set_back_locks_nobody_out(browser: Browser, clock: Clock) -> None:
    """A session that was used in the future is locked, and open again with the password; one that
    began there is over. None lasts longer than another."""
    log_in(browser)
    clock.ahead = timedelta(hours=3)
    assert unlock(browser).status == 200
    clock.ahead = timedelta()
    assert unlock(browser).path == "/"
    assert browser.open("/").path == "/"
    clock.ahead = timedelta(minutes=16)
    assert unlock(browser).path == "/"
    clock.ahead = timedelta(days=400)
    assert log_in(browser).path == "/"
    clock.ahead = timedelta()
    assert browser.open("/").path.startswith("/login")
    assert log_in(browser).path == "/"


def test_a_draft_and_a_task_go_on_when_the_clock_is_set_back(
    desk: Desk, browser: Browser, clock: Clock
) -> None:
    clock.ahead = timedelta(hours=2)
    log_in(browser)
    draft = f"/entwurf/{desk.begin('information', limit=3)}"
    written = browser.send(browser.open(draft).form(), **OWN, text="{{Briefanrede}}, eins.")
    assert written.status == 200
    clock.ahead = timedelta()
    log_in(browser)
    stale = written.form()
    assert browser.send(stale, **OWN, text="{{Briefanrede}}, zwei.").status == 200
    assert browser.send(stale, **OWN, text="{{Briefanrede}}, drei.").status == 409
    page = browser.send(browser.open(f"{draft}/vorbereiten").form())
    desk.work()
    page = browser.open(page.path)
    assert page.path.endswith("/preview?said=prepared"), page.text
    assert "zwei." in page.text


@pytest.mark.parametrize("hour", ["2027-03-28T01:00", "2027-10-31T01:00"])
def test_a_session_lasts_as_long_when_the_clocks_change(
    browser: Browser, clock: Clock, hour: str
) -> None:
    """01:00 UTC: from 2 to 3 o'clock in spring, from 3 to 2 in autumn."""
    change = datetime.fromisoformat(hour).replace(tzinfo=UTC)
    true = clock()

    def at(minutes: int) -> None:
        clock.ahead = change + timedelta(minutes=minutes) - true

    at(-5)
    log_in(browser)
    for minutes in (-1, 9, 20):
        at(minutes)
        assert browser.open("/").path == "/"
    at(36)
    assert unlock(browser).path == "/"


@contextmanager
def impatient() -> Iterator[None]:
    """Connections that are made within the block wait shortly for each other."""

    def shorten(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {SHORT}")

    event.listen(Engine, "connect", shorten)
    try:
        yield
    finally:
        event.remove(Engine, "connect", shorten)


@contextmanager
def held(desk: Desk) -> Iterator[None]:
    """Another process writes, and does not come to an end."""
    ledger = sqlite3.connect(desk.folder / "versandbuch.db", isolation_level=None)
    ledger.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        ledger.execute("ROLLBACK")
        ledger.close()


def test_a_ledger_that_is_held(desk: Desk, clock: Clock) -> None:
    draft = f"/entwurf/{desk.begin()}"
    with impatient(), serving(desk.folder) as url, Browser(url) as browser:
        log_in(browser)
        form = browser.open(draft).form()
        with held(desk):
            page = browser.send(form, **OWN, text="Guten Tag")
            assert page.status == 422
            assert "in das Versandbuch" in page.text
            assert page.form().fields["text"] == ["Guten Tag"]
            refused = browser.send(browser.open("/").form("/entwurf"))
            assert (refused.status, refused.headers["retry-after"]) == (503, "5")
            # Who looks is not kept from it, also where that should be noted as being there.
            clock.ahead = timedelta(minutes=1)
            assert browser.open("/").status == 200
        assert browser.send(page.form(), **OWN).status == 200
    with open_practice(desk.folder, actor="os:test") as practice:
        assert practice.draft(draft.rpartition("/")[2]).keys["text"] == "Guten Tag"


def test_there_is_no_room_for_what_is_sent(
    desk: Desk, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder in which a large file is put aside while it comes cannot be written."""
    log_in(browser)
    draft = f"/entwurf/{desk.begin()}"
    form = browser.open(draft).form()
    file = ("plan.pdf", b"x" * 3_000_000)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(desk.folder / "weg"))
        page = browser.send(form, file, **OWN, text="Guten Tag")
        assert page.status == 409
        assert "keinen Platz" in page.text
    assert browser.send(form, file, **OWN, text="Guten Tag").status == 200
