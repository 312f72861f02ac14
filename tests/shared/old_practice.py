"""The practice of an older commit as its ledger was left, on either database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import command_line
import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fault_harness.server import Server

    from serienpost_demo.catcher import Catcher
    from serienpost_demo.sendgrid import FakeSendGrid
    from serienpost_demo.smscreator import FakeSmsCreator

# Where the fixtures lie.
UPGRADE = Path(__file__).parents[1] / "upgrade"
SQLITE = "sqlite:///versandbuch.db"
OPEN = ("approved", "sending", "paused")
ENDED = ("finished", "cancelled")
LONG = "100 years"
TABLES = (
    "practice", "run", "asset", "message", "attempt", "account", "permit", "once", "suppression",
    "archive", "event", "journal",
)  # fmt: skip
ENVIRONMENT = {
    "SUDO_USER": "praxis",
    "SMS_USER": "praxis",
    "SMS_PASSWORD": "geheim",
    "MAIL_SENDGRID_API": "SG.fake",
}


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """What it printed."""
        document: dict[str, Any] = json.loads(self.out)
        return document


@dataclass(frozen=True)
class Expected:
    """What the old edition printed: runs by label, pages of their letters, answers by command."""

    runs: dict[str, str]
    pages: dict[str, int]
    answers: dict[str, dict[str, Any]]

    def labelled(self, *states: str) -> list[str]:
        """The labels of the runs in these states."""
        listed = {
            one["run"]: one["state"] for one in self.answers["runs --limit 100 --json"]["runs"]
        }
        return [label for label, run in self.runs.items() if listed[run] in states]

    def state(self, label: str) -> str:
        """The state of a run."""
        return str(self.answers[f"show {self.runs[label]} --json"]["state"])


@dataclass
class Providers:
    """What listens where the practice's accounts send to."""

    mail: Catcher
    grid: FakeSendGrid
    sms: FakeSmsCreator

    def taken(self) -> int:
        """How many messages arrived."""
        return len(self.mail.messages) + len(self.grid.mails) + len(self.sms.gateway.jobs)


@dataclass
class Practice:
    """The old practice's folder and ledger."""

    folder: Path
    url: str
    expected: Expected

    def __call__(self, *args: str) -> Done:
        """Run a command."""
        done = command_line.run_in(self.folder, args, ENVIRONMENT)
        return Done(done.code, done.out, done.err)

    def must(self, *args: str) -> dict[str, Any]:
        """What a command that must be done prints."""
        done = self(*args, "--json")
        assert done.code == 0, done.out[-2000:] + done.err
        return done.json()

    def each(self, commands: Iterable[Sequence[str]]) -> list[Done]:
        """Run one command after the other."""
        return [self(*one) for one in commands]

    def run(self, label: str) -> str:
        """The run that the old edition left under a label."""
        return self.expected.runs[label]

    def connect(self, providers: Providers) -> None:
        """Write the ledger and the providers of this test into the configuration."""
        self.edit(f"ledger: {SQLITE}", f"ledger: {self.url}")
        self.edit("port: 2525", f"port: {providers.mail.port}")
        self.edit("http://127.0.0.1:2526/gateway", providers.sms.base_url)
        self.edit("http://127.0.0.1:2527", providers.grid.url)

    def edit(self, old: str, new: str) -> None:
        """Replace a text that stands once in the configuration."""
        path = self.folder / "serienpost.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Read the ledger behind the command line's back."""
        if self.url == SQLITE:
            with closing(sqlite3.connect(self.folder / "versandbuch.db")) as db:
                return _dicts(db.execute(statement))
        with psycopg.connect(self.url) as connection:
            return _dicts(connection.execute(statement.encode()))

    def change(self, statement: str) -> None:
        """Change the ledger behind the command line's back."""
        if self.url == SQLITE:
            with closing(sqlite3.connect(self.folder / "versandbuch.db")) as db, db:
                db.execute(statement)
            return
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def contents(self) -> dict[str, list[str]]:
        """Everything that the ledger holds."""
        return {table: sorted(map(repr, self.rows(f'SELECT * FROM "{table}"'))) for table in TABLES}

    def states(self, label: str) -> dict[str, str]:
        """The states of a run's messages, by row."""
        run = self.run(label)
        found = self.rows(f"SELECT row_id, state FROM message WHERE run = '{run}' ORDER BY no")
        return {row["row_id"]: row["state"] for row in found}

    def revision(self) -> str:
        """The revision of the ledger's tables."""
        ((found),) = self.rows("SELECT version_num FROM alembic_version")
        return str(found["version_num"])

    def cancel_open(self, *kept: str) -> None:
        """Cancel every run that was released and is not over, but for these."""
        labels = [label for label in self.expected.labelled(*OPEN) if label not in kept]
        runs = [self.run(label) for label in labels]
        done = self.each(["cancel", run] for run in runs)
        assert {one.code for one in done} == {0}, done


def _dicts(cursor: sqlite3.Cursor | psycopg.Cursor[Any]) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def restore(path: Path, dump: Path) -> None:
    """Make a SQLite database of its statements."""
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(dump.read_text("utf-8"))


def restore_postgresql(server: Server, dump: Path) -> str:
    """Make a database of its statements; returns its name."""
    name = server.database()
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute(dump.read_bytes())
    return name


def keep(practice: Practice, **periods: str) -> None:
    """Set the retention periods."""
    known = {"values": LONG, "unapproved": LONG, "messages": LONG, **periods}
    written = ", ".join(f"{name}: {period}" for name, period in known.items())
    practice.edit("values: 90 days, unapproved: 7 days, messages: 3 years", written)


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what the old edition did not know (`tests`, `because`) or left open. It
    gave out a person's messages in the database's order, and as `event` the event of any run's
    message of the same number; the course of a run had other parts of time."""
    answer = {key: value for key, value in answer.items() if key != "tests" or type(value) is int}
    for field in answer.get("fields", []):
        field.pop("because", None)
    if "course" in answer:
        answer["course"] = sum(bar["messages"] for bar in answer["course"])
    found: object = answer.get("messages")
    if "person" not in answer or not isinstance(found, list):
        return answer
    ordered = sorted(found, key=lambda one: (one["run"], one["row"]))
    return {**answer, "messages": [{**one, "event": None} for one in ordered]}


def known_then(now: object, then: object) -> object:
    """An answer without the keys that the old edition did not write."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {key: known_then(now[key], then[key]) for key in then if key in now}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [known_then(*pair) for pair in zip(now, then, strict=True)]
    return now


def changed(practice: Practice, commands: Iterable[str]) -> dict[str, tuple[object, object]]:
    """The commands that no longer answer as they did: what they said, and what they say now."""
    asked = {command: practice.expected.answers[command] for command in commands}
    answers = practice.each(command.split() for command in asked)
    differing: dict[str, tuple[object, object]] = {}
    for (command, then), done in zip(asked.items(), answers, strict=True):
        now = done.json() if done.code == 0 else None
        before = comparable(then)
        if now is None or known_then(comparable(now), before) != before:
            differing[command] = (then, now or done)
    return differing
