"""A run and the first page in a real browser (`make browser`): counts that move, the decisions
about a run, with JavaScript and without; the report as a file, on paper too."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import PICTURES, log_in, look

from serienpost import open_practice
from serienpost.ledger.schema import task
from serienpost.service import Answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser
    from running_desk import Desk

    from serienpost.service import Progress


def released(desk: Desk) -> str:
    run = desk.prepare()
    with open_practice(desk.folder, actor="Ada") as practice:
        practice.run(run).approve(Answers(release=True, archive="entry"))
    return run


def elsewhere(work: Callable[[], None]) -> threading.Thread:
    """Begin something in a thread: an event loop runs in that of the browser."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def deliver(desk: Desk, run: str, progress: Callable[[Progress], None] = lambda _: None) -> None:
    with open_practice(desk.folder, actor="worker") as practice:
        practice.run(run).deliver(progress, wait=False)


def delivered(desk: Desk, run: str) -> None:
    elsewhere(lambda: deliver(desk, run)).join()


def troubled(desk: Desk) -> str:
    """A run of which some were refused, and of some nobody knows."""
    desk.catcher.script.refuse("*5@example.*", "550 5.1.1 unknown", times=2)
    desk.catcher.script.disconnect("*@example.net", when="after_dot", times=2)
    run = released(desk)
    delivered(desk, run)
    desk.catcher.script.clear()
    return run


@contextmanager
def held(desk: Desk, run: str) -> Iterator[threading.Event]:
    """The run is being delivered and stands still after its first messages, until it is let go."""
    begun, go = threading.Event(), threading.Event()

    def progress(found: Progress) -> None:
        if found.settled:
            begun.set()
            go.wait(300)

    thread = elsewhere(lambda: deliver(desk, run, progress))
    try:
        assert begun.wait(300)
        yield go
    finally:
        go.set()
        thread.join()


def test_counts_move_while_it_is_sent(desk: Desk, browser: Browser) -> None:
    run = released(desk)
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        log_in(page, desk)
        page.goto(f"{desk.url}/runs/{run}")
        assert "angenommen" not in page.inner_text("#live")
        page.evaluate("window.mark = 'the same page'")
        with held(desk, run) as go:
            page.wait_for_selector("#live >> text=angenommen")
            assert "Die erste Nachricht ging am" in page.inner_text("#live")
            look(page, "run-sending-dark")
            assert page.evaluate("window.mark") == "the same page"
            go.set()
            page.wait_for_selector("#live .badge.good")
        assert page.evaluate("window.mark") is None
        has_course = page.locator("#live svg title").count() == 1
        assert ("Die erste Nachricht ging am" in page.inner_text("#live")) is not has_course


@pytest.mark.parametrize("javascript", [True, False])
def test_a_run_is_stopped_and_goes_on_by_mouse(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    run = released(desk)
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        page.click(f"a[href='/runs/{run}']")
        page.click("a[href$='/do/pause']")
        page.click("main button.main")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=paused")
        assert "Weiter" in page.inner_text("#live .note")
        page.goto(desk.url)
        assert "Weiter" in page.inner_text("main")
        page.click(f"a[href='/runs/{run}']")
        page.click("a[href$='/do/continue']")
        page.click("main button.main")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=going_on")
        delivered(desk, run)
        page.goto(f"{desk.url}/runs/{run}")
        page.wait_for_selector("#live .badge.good")


@pytest.mark.parametrize("javascript", [True, False])
def test_doubts_are_decided_and_failures_tried_again_by_mouse(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    run = troubled(desk)
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        page.click(f"a[href='/runs/{run}/doubts']")
        page.check("tbody input >> nth=0")
        page.click("button[value='accepted']")
        page.click("main button.main")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=resolved")
        page.click("a[href$='/messages?state=failed']")
        page.click("tbody th a >> nth=0")
        assert "unknown" in page.inner_text("main")
        page.goto(f"{desk.url}/runs/{run}")
        assert "serienpost " not in page.inner_text("main")
        page.click("a[href$='/do/retry']")
        page.click("main button.main")
        page.wait_for_url(f"{desk.url}/runs/{run}?said=retried")
        delivered(desk, run)
        page.goto(f"{desk.url}/runs/{run}")
        assert page.locator("a[href$='/do/retry']").count() == 0


@pytest.mark.parametrize("javascript", [True, False])
def test_the_first_page_warns_and_lets_ask_for_the_credit(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    """1.3: the warning stands where one begins."""
    with open_practice(desk.folder, actor="Ada") as practice, practice.ledger.begin() as tx:
        tx.execute(tx.delete(task).where(task.c.what == "balances"))
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        assert "schriftlich zugestimmt" in page.inner_text("main section .note")
        assert "unbekannt" in page.inner_text("#balances")
        if not javascript:
            page.click("text=Guthaben jetzt abfragen")
            page.wait_for_url(f"{desk.url}/?said=balances")
        page.wait_for_selector("#balances .badge.busy")
        if javascript:
            look(page, "overview-asking")
        desk.work()
        if not javascript:
            page.reload()
        page.wait_for_selector("#balances >> text=ohne Antwort")
        page.click("main a.main[href='/auswahl']")
        page.wait_for_url(f"{desk.url}/auswahl")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_report_is_a_file_of_its_own(
    desk: Desk, browser: Browser, tmp_path: Path, scheme: str, width: int
) -> None:
    with open_practice(desk.folder, actor="Ada") as practice:
        run = practice.run(desk.runs["finished"])
        file = tmp_path / "bericht.html"
        file.write_text(run.report_page(run.report()), "utf-8")
    size = {"width": width, "height": 800}
    with browser.new_context(color_scheme=scheme, viewport=size) as context:  # type: ignore[arg-type]
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda one: said.append(one.text))
        page.on("request", lambda one: asked.append(one.url))
        page.goto(file.as_uri())
        look(page, f"report-{scheme}-{width}")
        assert (said, asked) == ([], [file.as_uri()])
        paper = page.pdf()
        assert paper.startswith(b"%PDF")
        if PICTURES:
            (Path(PICTURES) / f"report-{scheme}-{width}.pdf").write_bytes(paper)
