"""A day at the desk, step by step, whichever hand does it: where something stands on a page is said
here once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from running_desk import PASSWORD, USERS, serving

from serienpost import open_practice
from serienpost_demo.catcher import Catcher
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hands import Hand
    from playwright.sync_api import Download, Locator, Page

USER = "Ada"


class OpenedDesk(NamedTuple):
    """A demo practice whose desk is open, with a mail server and a worker of its own."""

    url: str
    catcher: Catcher
    folder: Path


@contextmanager
def opened_desk(folder: Path) -> Iterator[OpenedDesk]:
    """The desk of a new practice."""
    with Catcher() as catcher:
        write_folder(folder, 80, 1, port=catcher.port)
        with open_practice(folder, actor="os:test") as opened:
            opened.add_user(USER, PASSWORD, USERS[USER])
        with _working(folder), serving(folder) as url:
            yield OpenedDesk(url, catcher, folder)


@contextmanager
def _working(folder: Path) -> Iterator[None]:
    line = [sys.executable, "-P", "-m", "serienpost", "-C", str(folder), "worker"]
    worker = subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


@dataclass
class Day:
    """Who works at the desk, and how.

    Args:
        page: of the browser.
        hand: mouse or keyboard.
        url: of the desk.
        has_script: pages refresh themselves.
        seen: is called on each page before it is left, with its name.
    """

    page: Page
    hand: Hand
    url: str
    has_script: bool = True
    seen: Callable[[str], None] = lambda _name: None

    def log_in(self, name: str = USER, password: str = PASSWORD) -> None:
        """To the overview."""
        self.page.goto(f"{self.url}/login")
        self.hand.write(self.at("#name"), name)
        self.hand.write(self.at("#password"), password)
        self.hand.press(self.at("main button.main"))
        self.page.wait_for_url(f"{self.url}/")

    def choose_people(self) -> None:
        """Those who have an appointment tomorrow, for a reminder by e-mail."""
        self.hand.press(self.at("header a[href='/auswahl']"))
        self.hand.press(self.at("a[href='/auswahl?tab=terminliste']"))
        self.hand.choose(self.at("#field-day"), "tomorrow")
        self.seen("choose")
        self.hand.press(self.at("main form button.main"))
        self.wait_for("table.hits")
        self.hand.press(self.at("button[value='all']"))
        self.page.wait_for_selector("table.hits tbody input:checked")
        self.seen("hits")
        self.hand.press(self.at("button[value='action']"))
        self.page.wait_for_url("**/aktion")
        self.hand.choose(self.at("#field-account"), "mail")
        self.hand.choose(self.at("#field-purpose"), "appointment")
        self.seen("action")
        self.hand.press(self.at("main form button.main"))
        self.wait_for("table.checked")

    def marked(self) -> list[str]:
        """The addresses of all who are marked; the page shows all hits."""
        rows = self.page.locator("table.checked tbody tr:has(input:checked)")
        return [one.strip() for one in rows.locator("td:nth-child(4)").all_inner_texts()]

    def unmark(self, address: str) -> None:
        """One person, and everybody who is not allowed."""
        row = self.page.locator("table.checked tbody tr", has_text=address)
        self.hand.tick(row.locator("input").first, on=False)
        self.hand.press(self.at("button[value='drop']"))
        self.page.wait_for_url("**dropped**")
        self.seen("check")

    def take_over(self) -> None:
        """To the text of the message."""
        self.hand.press(self.at("button[value='take']"))
        self.page.wait_for_selector("input[name='continues'], #field-subject")
        if self.page.locator("input[name='continues']").count():
            self.seen("same")
            about = self.page.locator("label.choice", has_text="Terminerinnerung")
            self.hand.pick(about.locator("input"))
            self.hand.press(self.at("button[value='take']"))
        self.page.wait_for_url("**/entwurf/*")

    def write(self, subject: str, addition: str, file: Path) -> None:
        """Sender, signature and template, whose text is changed for this time; a file."""
        self.hand.choose(self.at("#field-account"), "mail")
        self.hand.choose(self.at("#field-signature"), "sonnenschein")
        self.hand.choose(self.at("#field-template"), "terminerinnerung")
        self.hand.press(self.at("button[value='take']"))
        self.page.wait_for_url("**#field-text")
        self.hand.write(self.at("#field-subject"), subject)
        text = self.at("#field-text")
        self.hand.write(text, f"{text.input_value()}\n{addition}\n")
        self.hand.give(self.at("#file"), file)
        self.hand.press(self.at("#field-attachments p button"))
        self.page.wait_for_selector(".files bdi")
        self.seen("draft")

    def prepare(self) -> None:
        """To the preview."""
        self.hand.press(self.at("button[value='look']"))
        self.wait_for("nav.steps")
        self.seen("preview")

    def step(self) -> str:
        """To the next message; its head."""
        before = self.page.url
        self.hand.press(self.at("nav.steps a[rel='next']"))
        self.page.wait_for_url(lambda url: url != before)
        return self.at("table.head").inner_text()

    def test(self, address: str) -> None:
        """One message to an own address, and back."""
        self.hand.press(self.at("main a[href*='/test']"))
        self.hand.write(self.at("#field-to"), address)
        self.hand.press(self.at("main form button.main"))
        self.is_good()
        self.seen("tested")
        self.hand.press(self.at("main .actions a[href$='/preview']"))
        self.page.wait_for_url("**/preview")

    def release(self, password: str = PASSWORD) -> None:
        """What was looked at leaves."""
        self.hand.press(self.at("main a[href$='/release']"))
        self.page.wait_for_url("**/release")
        self.seen("release")
        self.hand.tick(self.at("#field-release"))
        self.hand.write(self.at("#field-password"), password)
        self.hand.press(self.at("main form button.main"))
        self.page.wait_for_url("**said=released")

    def watch(self) -> None:
        """Until nothing is under way."""
        self.wait_for("main .standing .badge:not(.busy)")
        self.seen("run")

    def count(self, state: str) -> int:
        """How many messages of the run are in a state."""
        row = self.page.locator("table.counts tr", has=self.page.locator(f"a[href$='{state}']"))
        return int(row.locator("td").inner_text()) if row.count() else 0

    def decide(self, address: str) -> None:
        """That a message in doubt has arrived."""
        self.hand.press(self.at("main a[href$='/doubts']"))
        row = self.page.locator("main tbody tr", has_text=address)
        self.hand.tick(row.locator("input"))
        self.hand.press(self.at("main button[value='accepted']"))
        self.page.wait_for_url("**/decide**")
        self.seen("decide")
        self.hand.press(self.at("main form button.main"))
        self.page.wait_for_url("**said=resolved")

    def retry(self) -> None:
        """Try the failed ones again."""
        self.hand.press(self.at("main a[href$='/do/retry']"))
        self.hand.press(self.at("main form button.main"))
        self.page.wait_for_url("**said=**")

    def keep(self, end: str) -> Download:
        """A file of the run that is for keeps."""
        with self.page.expect_download() as kept:
            self.hand.press(self.at(f"main a[href$='{end}']"))
        return kept.value

    def log_out(self) -> None:
        """And nobody comes back by the back button."""
        self.hand.press(self.at("form[action='/logout'] button"))
        self.page.wait_for_url("**/login**")
        self.page.go_back()
        self.page.wait_for_url("**/login**")

    def is_good(self) -> None:
        """The page says so."""
        self.wait_for("main .note.good, main .note.stop")
        note = self.at("main .note.good, main .note.stop")
        said = self.page.locator("main .note, main .problem").all_inner_texts()
        assert "good" in (note.get_attribute("class") or ""), said

    def at(self, selector: str) -> Locator:
        """The first that fits."""
        return self.page.locator(selector).first

    def wait_for(self, selector: str) -> None:
        """Until a worker has done what was asked for; without the script one asks again."""
        if self.has_script:
            self.page.wait_for_selector(selector)
            return
        while not self.page.locator(selector).count():
            again = self.page.get_by_text("Den jetzigen Stand zeigen")
            if again.count():
                again.first.click()
            self.page.wait_for_timeout(500)
