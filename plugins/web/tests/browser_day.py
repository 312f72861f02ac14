"""The whole day at the desk in a real browser: a reminder of tomorrow's appointments, by mouse, by
keyboard alone, and with JavaScript off. What arrives at a real mail server is the measure."""

from __future__ import annotations

from collections import Counter
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from chromium import look
from day_at_the_desk import Day, OpenedDesk, opened_desk
from hands import Keyboard, Mouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from playwright.sync_api import Browser

    from serienpost_demo.catcher import Catcher

SUBJECT = "Ihr Termin morgen bei uns"
ADDITION = "Bitte bringen Sie Ihre Versichertenkarte mit."
OWN_ADDRESS = "praxis@example.org"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenedDesk]:
    with opened_desk(tmp_path / "praxis") as found:
        yield found


@pytest.mark.parametrize("way", ["mouse", "keyboard", "mouse-without-script"])
def test_the_day(desk: OpenedDesk, browser: Browser, tmp_path: Path, way: str) -> None:
    has_script = not way.endswith("without-script")
    with browser.new_context(java_script_enabled=has_script, reduced_motion="reduce") as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        hand = Keyboard(page) if way == "keyboard" else Mouse()
        day = Day(page, hand, desk.url, has_script)
        if way == "mouse":
            day.seen = lambda name: look(page, f"day-{name}")
        if way == "keyboard":
            skip_to_the_content(day)
        wanted = the_day(day, desk.catcher, tmp_path)
    received = [read(one.data) for one in desk.catcher.messages]
    test, *messages = received
    assert test["To"] == OWN_ADDRESS
    assert Counter(one["To"].addresses[0].addr_spec for one in messages) == Counter(wanted)
    assert {one["Subject"] for one in messages} == {SUBJECT}
    for one in messages:
        body = one.get_body(("plain",))
        assert body is not None
        assert ADDITION in body.get_content()
        assert "Sonnenschein" in body.get_content()
        assert [part.get_filename() for part in one.iter_attachments()] == ["anfahrt.txt"]


def the_day(day: Day, catcher: Catcher, tmp_path: Path) -> list[str]:
    """Everything from the login to the end; the addresses that were to get a message."""
    file = tmp_path / "anfahrt.txt"
    file.write_text("Linie 4, Haltestelle Lindenallee", "utf-8")
    day.log_in()
    day.choose_people()
    left_out = once_only(day.marked())[-1]
    day.unmark(left_out)
    wanted = day.marked()
    assert left_out not in wanted
    day.take_over()
    day.write(SUBJECT, ADDITION, file)
    day.prepare()
    heads = [day.step() for _ in range(2)]
    assert len(set(heads)) == 2
    assert all(SUBJECT in one for one in heads)
    day.test(OWN_ADDRESS)
    doubtful, refused = once_only(wanted)[:2]
    catcher.script.disconnect(doubtful, when="after_dot", times=1)
    catcher.script.refuse(refused, "550 5.1.1 unknown", times=1)
    day.release()
    day.watch()
    assert (day.count("in_doubt"), day.count("failed")) == (1, 1)
    table = day.keep("/failures.csv").path().read_text("utf-8-sig")
    assert (table.count(";in_doubt;"), table.count(";failed;")) == (1, 1)
    day.decide(doubtful)
    day.retry()
    day.watch()
    assert day.count("accepted") == len(wanted)
    assert "</html>" in day.keep("/report.html").path().read_text("utf-8")
    day.log_out()
    return wanted


def skip_to_the_content(day: Day) -> None:
    """The first stop of a page leads past what stands on every page."""
    day.page.goto(f"{day.url}/login")
    day.page.keyboard.press("Tab")
    day.page.keyboard.press("Enter")
    day.page.keyboard.press("Tab")
    assert day.page.evaluate("document.activeElement.id") == "name"


def once_only(addresses: list[str]) -> list[str]:
    """Those that one person alone has."""
    return [one for one, number in Counter(addresses).items() if number == 1]


def read(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)
