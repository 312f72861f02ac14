"""The practice of commit 7d463c1 as `write_fixtures.py` left it, on either ledger."""

from __future__ import annotations

import json
import shutil
import sqlite3
from base64 import b64decode
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import command_line
import psycopg
import pytest
from fault_harness.server import Server

from serienpost_demo.catcher import Catcher
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HERE = Path(__file__).parent
SQLITE = "sqlite:///versandbuch.db"
OPEN = ("approved", "sending", "paused")
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

    def cancel_open(self) -> None:
        """Cancel every run that was released and is not over."""
        runs = [self.run(label) for label in self.expected.labelled(*OPEN)]
        done = self.each(["cancel", run] for run in runs)
        assert {one.code for one in done} == {0}, done


def _dicts(cursor: sqlite3.Cursor | psycopg.Cursor[Any]) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, started when the first test needs it."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def restored(server: Server) -> str:
    """A database with the old ledger, to be copied."""
    name = server.database()
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute((HERE / "ledgers" / "ledger-postgresql.sql").read_bytes())
    return name


@pytest.fixture
def providers() -> Iterator[Providers]:
    """Providers that take whatever they get."""
    version = Version("Zeiten", "<p>{{Nachname}}</p>", "{{{Nachname}}} {{{Praxis}}}")
    templates = [Template("Neue Zeiten", [version])]
    with ExitStack() as stack:
        yield Providers(
            stack.enter_context(Catcher()),
            stack.enter_context(FakeSendGrid(templates=templates)),
            stack.enter_context(FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim")}))),
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def practice(request: pytest.FixtureRequest, tmp_path: Path, providers: Providers) -> Practice:
    """The old practice on either ledger, with accounts at the providers here."""
    folder = tmp_path / "praxis"
    shutil.copytree(HERE / "ledgers" / "praxis", folder)
    for path in folder.rglob("*.base64"):
        path.with_suffix("").write_bytes(b64decode(path.read_text("ascii")))
        path.unlink()
    _restore(folder / "praxis.db", "praxis.sql")
    url = SQLITE
    if request.param == "sqlite":
        _restore(folder / "versandbuch.db", "ledger-sqlite.sql")
    else:
        server: Server = request.getfixturevalue("server")
        url = server.url(server.database(request.getfixturevalue("restored")))
    text = (HERE / "expected" / f"{request.param}.json").read_text("utf-8")
    made = Practice(folder, url, Expected(**json.loads(text)))
    made.edit(f"ledger: {SQLITE}", f"ledger: {url}")
    made.edit("port: 2525", f"port: {providers.mail.port}")
    made.edit("http://127.0.0.1:2526/gateway", providers.sms.base_url)
    made.edit("http://127.0.0.1:2527", providers.grid.url)
    return made


def _restore(path: Path, dump: str) -> None:
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as db:
        db.executescript((HERE / "ledgers" / dump).read_text("utf-8"))
