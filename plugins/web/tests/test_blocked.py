"""Messages that nobody can release any more: every page says so, and how it goes on."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from moved_clock import Clock
from running_desk import PASSWORD, begun, made_desk, serving

from serienpost import open_practice
from serienpost.ledger import store
from serienpost.service import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browsing import Page
    from running_desk import Desk

DATED = "Guten Tag {{Nachname}}, heute ist der {{Heute}}.\n"
NO_MORE = "können nicht mehr freigegeben werden"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One of its own: other tests would find what was asked for tomorrow."""
    with made_desk(tmp_path_factory.mktemp("blocked") / "praxis") as made:
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Noon, so that no day changes while a test runs."""
    made = Clock()
    monkeypatch.setattr(store, "utc_now", made)
    made.set(made.today + timedelta(days=1), hour=12)
    return made


@pytest.fixture
def browser(desk: Desk, clock: Clock) -> Iterator[Browser]:
    assert clock.ahead
    with serving(desk.folder) as url, Browser(url) as made:
        yield made
    desk.close()  # whoever was logged in there is not any more, days later


def log_in(browser: Browser, user: str = "Ada") -> None:
    browser.send(browser.open("/login").form(), name=user, password=PASSWORD)


def dated(desk: Desk, due: date | None = None, user: str = "Ada") -> tuple[str, str]:
    """A draft whose text names the day, and the run that was made of it."""
    with open_practice(desk.folder, actor=user) as practice:
        draft = begun(practice, "information", template=None, subject="Neues", text=DATED)
        run = draft.prepare(due=due)
        assert isinstance(run, Run)
        return draft.id, run.id


def said(page: Page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def state(desk: Desk, run: str) -> str:
    with open_practice(desk.folder, actor="os:test") as practice:
        return next((one.state for one in practice.runs(200) if one.run == run), "gone")


def made_anew(desk: Desk, browser: Browser, page: Page, run: str) -> str:
    """Press the button, let a worker do it; the run that one is led to."""
    task = browser.send(page.form(f"/runs/{run}/anew"))
    assert task.path.startswith("/aufgabe/"), task.text
    desk.work()
    shown = browser.open(task.path)
    (found,) = re.findall(r"^/runs/([^/]+)/preview", shown.path)
    return found


@pytest.mark.parametrize(
    "where", ["/runs/{run}/release", "/runs/{run}/preview", "/entwurf/{draft}"]
)
def test_after_midnight_each_page_says_it_and_makes_them_anew(
    desk: Desk, browser: Browser, clock: Clock, where: str
) -> None:
    """The fault: nothing on these pages led any further, and the preview led into it."""
    draft, run = dated(desk)
    address = where.format(run=run, draft=draft)
    log_in(browser)
    assert NO_MORE not in said(browser.open(address))
    clock.ahead += timedelta(days=1)
    log_in(browser)
    page = browser.open(address)
    assert NO_MORE in said(page)
    assert f'href="/runs/{run}/release"' not in page.text
    assert f'action="/runs/{run}/release"' not in page.text
    assert f'href="/runs/{run}/discard"' in page.text
    found = made_anew(desk, browser, page, run)
    assert state(desk, run) == "gone"
    assert NO_MORE not in said(browser.open(f"/runs/{found}/release"))
    form = browser.open(f"/runs/{found}/release").form()
    released = browser.send(form, release="yes", archive="entry", password=PASSWORD)
    assert state(desk, found) == "approved", said(released)


def test_the_overview_says_it_too(desk: Desk, browser: Browser, clock: Clock) -> None:
    _draft, run = dated(desk)
    clock.ahead += timedelta(days=1)
    log_in(browser)
    page = browser.open("/")
    assert NO_MORE in said(page)
    assert f'href="/runs/{run}/release"' not in page.text
    browser.send(browser.open(f"/runs/{run}/discard").form())
    assert state(desk, run) == "gone"
    assert f'href="/runs/{run}"' not in browser.open("/").text


def test_messages_of_a_mailing_are_made_anew_of_it(
    desk: Desk, browser: Browser, clock: Clock
) -> None:
    with open_practice(desk.folder, actor="Ada") as practice:
        run = practice.prepare("terminerinnerung")
        assert isinstance(run, Run)
    clock.ahead += timedelta(days=1)
    log_in(browser)
    found = made_anew(desk, browser, browser.open(f"/runs/{run.id}/release"), run.id)
    assert (state(desk, run.id), state(desk, found)) == ("gone", "prepared")


def test_the_draft_stays_when_its_messages_are_discarded(desk: Desk, browser: Browser) -> None:
    draft, run = dated(desk)
    log_in(browser)
    page = browser.open(f"/runs/{run}/discard")
    assert "Der Entwurf bleibt" in said(page)
    browser.send(page.form())
    assert state(desk, run) == "gone"
    assert "noch nicht vorbereitet" in said(browser.open(f"/entwurf/{draft}"))


def test_a_run_for_a_day_ahead_leaves_on_that_day(
    desk: Desk, browser: Browser, clock: Clock
) -> None:
    """The fault: the page had no form, although the run may be released for its day."""
    day = clock.today + timedelta(days=2)
    _draft, run = dated(desk, day)
    log_in(browser)
    page = browser.open(f"/runs/{run}/release")
    assert "nur an diesem Tag" in said(page)
    assert 'value="now"' not in page.text
    told = {"release": "yes", "archive": "entry", "password": PASSWORD}
    wrong = browser.send(page.form(), at="morgen 9:00", **told)
    assert state(desk, run) == "prepared"
    assert 'id="at-wrong"' in wrong.text
    (example,) = re.findall(r"Zum Beispiel: ([^<]+)", wrong.text)
    browser.send(wrong.form(), at=example, **told)
    assert state(desk, run) == "approved"


def test_it_may_become_too_late_while_somebody_looks(
    desk: Desk, browser: Browser, clock: Clock
) -> None:
    _draft, run = dated(desk)
    log_in(browser)
    form = browser.open(f"/runs/{run}/release").form()
    clock.ahead += timedelta(days=1)
    log_in(browser)
    page = browser.send(form, release="yes", archive="entry", password=PASSWORD)
    assert NO_MORE in said(page)
    assert state(desk, run) == "prepared"


def test_people_of_a_day_that_is_over_are_looked_for_again(
    desk: Desk, browser: Browser, clock: Clock
) -> None:
    """The fault: tomorrow's appointments stay those of the day on which they were chosen, whatever
    is made of them; and the text was lost with them."""
    with open_practice(desk.folder, actor="Ada") as practice:
        blocks = [{"source": "appointments", "day": "tomorrow"}]
        people = practice.find_people(blocks)
        people.read()
        people.mark_all()
        people.check(account="mail", purpose="appointment")
        draft = begun(practice, "terminerinnerung")
        saved = draft.save(draft.keys, draft.version, selection=people.id)
        run = practice.draft(draft.id).prepare()
        assert not hasattr(saved, "theirs")
        assert isinstance(run, Run)
    clock.ahead += timedelta(days=1)
    log_in(browser)
    for address in (f"/runs/{run.id}/release", f"/entwurf/{draft.id}"):
        page = browser.open(address)
        assert f"/runs/{run.id}/anew" not in page.text
        assert "für einen Tag gewählt, der vorbei ist" in said(page)
    before = browser.open(f"/entwurf/{draft.id}")
    looked = browser.send(before.form(f"/entwurf/{draft.id}/empfaenger"))
    desk.work()
    hits = browser.open(looked.path)
    assert hits.path.endswith("/treffer")
    assert (
        f'href="{hits.path.removesuffix("/treffer")}"'
        in browser.open(f"/runs/{run.id}/release").text
    )
    with open_practice(desk.folder, actor="Ada") as practice:
        now = practice.draft(draft.id)
        assert now.keys == draft.keys
        assert now.selection != people.id
        chosen = practice.selection(now.selection or "")
        chosen.mark_all()
        chosen.check(account="mail", purpose="appointment")
    found = made_anew(desk, browser, browser.open(f"/runs/{run.id}/release"), run.id)
    assert (state(desk, run.id), state(desk, found)) == ("gone", "prepared")


@pytest.mark.parametrize(("user", "may"), [("Eva", True), ("Udo", False), ("Lea", False)])
def test_who_may_not_write_is_told_who_may(
    desk: Desk, browser: Browser, clock: Clock, user: str, *, may: bool
) -> None:
    _draft, run = dated(desk, user="Eva")
    clock.ahead += timedelta(days=1)
    log_in(browser, user)
    page = browser.open(f"/runs/{run}/preview")
    assert NO_MORE in said(page)
    assert (f'action="/runs/{run}/anew"' in page.text) is may
    assert (f'href="/runs/{run}/discard"' in page.text) is may
    assert ("Wer schreiben darf" in said(page)) is not may


def test_a_time_that_was_typed_is_not_passed_over(
    desk: Desk, browser: Browser, clock: Clock
) -> None:
    """The fault: “at once” stayed chosen, and everybody was written to in the night."""
    with open_practice(desk.folder, actor="Ada") as practice:
        run = begun(practice, "information", limit=2).prepare()
        assert isinstance(run, Run)
    log_in(browser)
    page = browser.open(f"/runs/{run.id}/release")
    told = {"release": "yes", "archive": "entry", "password": PASSWORD}
    refused = browser.send(page.form(), at="morgen 9:00", **told)
    assert "Wählen Sie oben „später“" in said(refused)
    assert state(desk, run.id) == "prepared"
    browser.send(refused.form(), when="later", **told)
    assert state(desk, run.id) == "approved"
    assert clock.ahead


def test_a_run_of_one_day_offers_times_of_that_day(
    desk: Desk, browser: Browser, clock: Clock
) -> None:
    """The fault: “tomorrow 9:00” stood there for an example, and was refused."""
    _draft, run = dated(desk)
    log_in(browser)
    page = browser.open(f"/runs/{run}/release")
    assert "morgen 9:00" not in page.text
    assert "Verschickt werden kann nur am" in said(page)
    (example,) = re.findall(r"Zum Beispiel: (\S+ \d+:\d+)", said(page))
    told = {"release": "yes", "archive": "entry", "password": PASSWORD}
    browser.send(page.form(), when="later", at=example, **told)
    assert state(desk, run) == "approved"
    clock.set(clock.today, hour=23)
    _draft, late = dated(desk)
    log_in(browser)
    assert "Zum Beispiel" not in said(browser.open(f"/runs/{late}/release"))
