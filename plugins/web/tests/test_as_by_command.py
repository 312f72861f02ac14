"""The same mailing at the desk and by command line, over copies of one practice: the same plan,
the same states, the same answers, the same mails."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from browsing import Browser
from command_line import run_here, wait_until
from running_desk import PASSWORD, serving

from serienpost import open_practice
from serienpost.service import ensure_worker
from serienpost_demo.catcher import Catcher
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from browsing import Page

USER = "Ada"
FILE = ("Anfahrt Süd.pdf", b"%PDF-1.7 " + b"x" * 5000)
LEFT_OUT = ("patient:9", "patient:11")
TEXT = "{{Briefanrede}},\n\nwir ziehen um. Der Plan liegt bei.\n\n{{Praxis}}\n"
# What two runs of the same differ in, and how the server counts what it keeps.
OWN = re.compile(r"kept as \d+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?")
QUESTIONS = (["show"], ["report"], ["review"], ["show", "--manifest"])
# Who is unmarked is told from where: by command line in the run, at the desk before there is one.
WHERE = {
    "unmarked by hand in the selection": "unmarked in the review",
    "unmarked_in_selection": "excluded",
}
OF_MARKS = ("review", "exclude")


@dataclass
class Copy:
    """One of the copies.

    Attributes:
        run: that was made in it.
    """

    folder: Path
    catcher: Catcher
    run: str = ""

    def command(self, *args: str) -> Any:  # noqa: ANN401  # a document
        """What a command prints."""
        done = run_here(self.folder, [*args, "--json"], {"SUDO_USER": USER})
        assert done.code == 0, done.out + done.err
        return json.loads(done.out)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "versandbuch.db")) as ledger:
            return ledger.execute(statement, (self.run,)).fetchall()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A practice with a user, and the server that both copies send to."""
    folder = tmp_path_factory.mktemp("original") / "praxis"
    with Catcher() as catcher:
        write_folder(folder, 60, 1, port=catcher.port)
        with open_practice(folder, actor="os:test") as practice:
            practice.add_user(USER, PASSWORD, ("prepare", "approve"))
        yield Copy(folder, catcher)


@pytest.fixture
def copies(original: Copy, tmp_path: Path) -> tuple[Copy, Copy]:
    """One for the desk and one for the command line."""
    made = []
    for name in ("desk", "command"):
        folder = tmp_path / name / "praxis"
        shutil.copytree(original.folder, folder)
        made.append(Copy(folder, original.catcher))
    desk, command = made
    return desk, command


class Desk:
    """Somebody at the desk of a copy, with a worker."""

    def __init__(self, copy: Copy, browser: Browser) -> None:
        self.copy, self.browser = copy, browser
        page = browser.open("/login")
        browser.send(page.form(), name=USER, password=PASSWORD)

    def begin(self, mailing: str) -> Page:
        return self.browser.send(self.browser.open("/").form("/entwurf"), mailing=mailing)

    def choose(self) -> Page:
        """All patients but two, taken over."""
        page = self.browser.open("/auswahl?tab=patienten")
        page = self.browser.send(page.form())
        hits = self.wait(page.path, lambda one: 'name="look"' in one.text)
        page = self.browser.send(hits.form(), do="all")
        page = self.browser.open(page.path.partition("?")[0].replace("/treffer", "/aktion"))
        page = self.browser.send(page.form(), account="mail", purpose="information")
        page = self.wait(page.path, lambda one: 'name="look"' in one.text)
        form = page.form()
        kept = [one for one in form.fields["row"] if one not in LEFT_OUT]
        assert len(kept) == len(form.fields["row"]) - len(LEFT_OUT)
        return self.browser.send(form, row=kept, do="take")

    def send(self, draft: Page) -> None:
        """Prepare, release and deliver a draft."""
        address = draft.path.partition("?")[0]
        page = self.browser.send(self.browser.open(f"{address}/vorbereiten").form())
        page = self.wait(page.path, lambda one: one.path.startswith("/runs/"))
        self.copy.run = page.path.split("/")[2]
        page = self.browser.open(f"/runs/{self.copy.run}/release")
        self.browser.send(page.form(), release="yes", password=PASSWORD)
        self.wait(f"/runs/{self.copy.run}/live", lambda one: "badge good" in one.text)

    def wait(self, path: str, condition: Callable[[Page], bool]) -> Page:
        while not condition(page := self.browser.open(path)):
            time.sleep(0.05)
        return page


@pytest.fixture
def desk(copies: tuple[Copy, Copy]) -> Iterator[Desk]:
    copy, _ = copies
    with serving(copy.folder) as url, Browser(url) as browser:
        worker = ensure_worker(copy.folder)
        assert worker is not None
        try:
            yield Desk(copy, browser)
        finally:
            os.kill(worker, signal.SIGTERM)
            with suppress(FileNotFoundError):
                wait_until(lambda: not Path(f"/proc/{worker}").exists())


def test_a_reminder_from_a_mailing(copies: tuple[Copy, Copy], desk: Desk) -> None:
    _, command = copies
    desk.send(desk.begin("terminerinnerung"))
    command.run = command.command("prepare", "terminerinnerung", "--summary")["run"]
    command.command("send", command.run, "--yes")
    assert_same(*copies)


def test_chosen_people_a_text_of_ones_own_and_a_file(copies: tuple[Copy, Copy], desk: Desk) -> None:
    """Among them some who refused and some who cannot be reached."""
    at_desk, command = copies
    own = {"account": "mail", "purpose": "information", "how": "own", "title": "Umzug"}
    form = desk.choose().form()
    draft = desk.browser.send(
        form, FILE, **own, subject="Wir ziehen um", text=TEXT, signature="sonnenschein"
    )
    desk.send(draft)

    with open_practice(at_desk.folder, actor="os:test") as practice:
        mailing = practice.run(at_desk.run).status().mailing
    keys = {
        "id": mailing,
        "title": "Umzug",
        "source": "patients",
        "select": {},
        "account": "mail",
        "purpose": "information",
        "signature": "sonnenschein",
        "subject": "Wir ziehen um",
        "text": TEXT,
        "attachments": [FILE[0]],
    }
    (command.folder / "mailings" / "umzug.yaml").write_text(
        yaml.safe_dump(keys, allow_unicode=True), "utf-8"
    )
    (command.folder / "anhaenge").mkdir(exist_ok=True)
    (command.folder / "anhaenge" / FILE[0]).write_bytes(FILE[1])
    command.run = command.command("prepare", "umzug", "--summary")["run"]
    command.command("review", command.run, "--exclude", ",".join(LEFT_OUT))
    command.command("send", command.run, "--yes")
    assert_same(at_desk, command)
    of_whom = command.rows("SELECT state, allowed, unreachable IS NULL FROM message WHERE run = ?")
    assert {*of_whom} == {
        ("accepted", 1, 1),
        ("suppressed", 1, 1),
        ("suppressed", 0, 1),
        ("suppressed", 0, 0),
    }


def assert_same(desk: Copy, command: Copy) -> None:
    """All that can be asked about both runs, and what arrived."""
    plans = [one.rows("SELECT plan_hash FROM run WHERE id = ?") for one in (desk, command)]
    headers = [one.rows("SELECT header FROM run WHERE id = ?") for one in (desk, command)]
    assert headers[0] == headers[1]
    assert plans[0] == plans[1]
    for question in QUESTIONS:
        name, *options = question
        answers = [plain(one, one.command(name, one.run, *options)) for one in (desk, command)]
        found = [*differing(*answers)]
        assert not found, (question, found[:5])
    assert message_rows(desk) == message_rows(command)
    assert journal_rows(desk) == journal_rows(command)
    sent = [mails(one) for one in (desk, command)]
    assert sent[0]
    assert sent[0] == sent[1]


def differing(one: Any, other: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """Where two answers differ, and by what."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differing(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from differing(*pair, f"{place}[{number}]")
    elif one != other:
        yield place, one, other


def plain(copy: Copy, answer: Any) -> Any:  # noqa: ANN401
    """An answer without ids of runs and messages, times, the course over time and who it was."""
    if isinstance(answer, dict):
        return {key: plain(copy, value) for key, value in answer.items() if key != "course"}
    if isinstance(answer, list):
        return [plain(copy, one) for one in answer]
    if isinstance(answer, str):
        text = answer.replace(copy.run, "RUN")
        for (ref,) in copy.rows("SELECT ref FROM message WHERE run = ?"):
            text = text.replace(ref, "REF")
        for there, here in WHERE.items():
            text = text.replace(there, here)
        return OWN.sub("TIME", text).replace(f"os:{USER}", "WHO").replace(USER, "WHO")
    return answer


def message_rows(copy: Copy) -> list[tuple[Any, ...]]:
    """What became of each person."""
    return copy.rows(
        "SELECT no, row_id, state, basis, marked, allowed, address_hash, content_hash, unreachable,"
        " consent FROM message WHERE run = ? ORDER BY no"
    )


def journal_rows(copy: Copy) -> list[tuple[Any, ...]]:
    """What was done, to which messages, but for marks."""
    found = copy.rows("SELECT action, no FROM journal WHERE run = ? ORDER BY action, no")
    return [one for one in found if one[0] not in OF_MARKS]


def mails(copy: Copy) -> list[object]:
    """What the server has of the run, without the messages' own marks and times."""
    refs = {ref for (ref,) in copy.rows("SELECT ref FROM message WHERE run = ?")}
    found = []
    for one in copy.catcher.messages:
        mail = message_from_bytes(one.data, policy=policy.default)
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        if name in refs:
            head = sorted(
                (key, str(value).replace(name, "REF").replace(copy.run, "RUN"))
                for key, value in mail.items()
                if key.lower() not in ("date", "message-id", "content-type")
            )
            parts = [
                (part.get_content_type(), part.get_filename(), part.get_payload(decode=True))
                for part in mail.walk()
                if not part.is_multipart()
            ]
            found.append((one.recipients, head, parts))
    return sorted(found, key=repr)
