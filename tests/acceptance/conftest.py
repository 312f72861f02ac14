from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import command_line
import pytest
from command_line import Done, wait_until
from jsonschema import Draft202012Validator
from moved_clock import Clock
from referencing import Registry, Resource

from serienpost.ledger import store
from serienpost_demo.catcher import Catcher

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Sequence
    from email.message import EmailMessage

    from serienpost_demo.misbehaviour import Script

# Seconds after which a command is stuck.
LONGEST = 240.0

SCHEMAS = Path(__file__).parents[2] / "docs" / "json"
HEAD = {"serienpost", "ok", "exit", "problems"}
SPECIAL = {
    ("review", "--explain"): "explain",
    ("review", "--history"): "review-history",
    ("show", "--recipient"): "show-recipient",
    ("show", "--manifest"): "show-manifest",
    ("resume", "--due"): "resume-due",
    ("runs", "--planned"): "runs-planned",
    ("cancel", "--due"): "cancel-due",
    ("sources", "patients"): "source",
    ("templates", "copy"): "templates-copy",
    ("export-person", "--out"): "export-person-out",
}
SHARED = {
    "prepare": "review",
    **dict.fromkeys(
        ("send", "run", "resume", "retry", "pause", "cancel", "resolve"),
        "show",
    ),
}


class Schemas:
    """The documented JSON schemas, one per form of document."""

    def __init__(self) -> None:
        files = {path.name: json.loads(path.read_text("utf-8")) for path in SCHEMAS.iterdir()}
        self.all = {name.removesuffix(".schema.json"): schema for name, schema in files.items()}
        self._registry: Registry[Any] = Registry().with_resources(
            (schema["$id"], Resource.from_contents(schema)) for schema in files.values()
        )

    def check(self, args: Sequence[str], document: dict[str, Any]) -> None:
        """Fail with the place in the document that does not fit."""
        refused = document["exit"] in (1, 2, 3, 75) and set(document) == HEAD
        name = "problems" if refused else schema_name(args)
        schema = self.all[name]
        found = Draft202012Validator(schema, registry=self._registry).iter_errors(document)
        assert [f"{name}: {error.json_path}: {error.message}" for error in found] == []


def schema_name(args: Sequence[str]) -> str:
    """The schema of what a command line prints."""
    for (command, word), name in SPECIAL.items():
        if args[0] == command and word in args:
            return name
    if args[0] in ("suppress", "config", "letters", "sendgrid", "users"):
        return f"{args[0]}-{args[1]}"
    return SHARED.get(args[0], args[0])


@dataclass
class Practice:
    """A practice folder and the command line on it."""

    folder: Path
    schemas: Schemas
    run: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def copy(self, folder: Path) -> Practice:
        """The same practice in another folder."""
        shutil.copytree(self.folder, folder)
        return Practice(folder, self.schemas, self.run)

    def start(self, *args: str, fault: str | None = None) -> subprocess.Popen[str]:
        """Start a command in a process of its own and let it run."""
        return command_line.start(self.folder, args, self.env, fault)

    def __call__(self, *args: str, fault: str | None = None) -> Done:
        """Run a command to its end: in this process, unless it is to be killed or needs plugins
        that this process does not have."""
        if fault or "PYTHONPATH" in self.env:
            return self.finish(self.start(*args, fault=fault))
        return command_line.run_here(self.folder, args, self.env)

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> Done:
        """Wait for the end of a command."""
        return command_line.finish(process, process.args[5:], LONGEST)  # type: ignore[index]

    @staticmethod
    def wait_until(condition: Callable[[], bool]) -> None:
        """Wait for something that a running command does."""
        wait_until(condition)

    def json(self, *args: str, code: int = 0) -> dict[str, Any]:
        """Run a command with `--json`; the document has this exit code and its documented form."""
        return self.document(self(*args, "--json"), args, code)

    def document(self, done: Done, args: Sequence[str], code: int) -> dict[str, Any]:
        """The document that a command with `--json` printed, checked; of its counts of states
        those that occur."""
        assert done.code == code, done.out[:3000] + done.err
        document: dict[str, Any] = json.loads(done.out)
        assert document["exit"] == code
        assert document["ok"] is (code not in (1, 2, 3))
        assert "Traceback" not in done.err
        for problem in document["problems"]:  # whoever reads no JSON hears the same
            assert " ".join(problem["message"].split()) in done.err, done.err
        self.schemas.check(args, document)
        counts = document.get("counts")
        if counts and "accepted" in counts:
            document["counts"] = {state: number for state, number in counts.items() if number}
        return document

    def refused(self, *args: str) -> list[dict[str, Any]]:
        """Run a command that must be refused; returns its problems."""
        document = self.json(*args, code=3)
        assert document["problems"]
        problems: list[dict[str, Any]] = document["problems"]
        return problems

    def install(self, name: str, source: str) -> None:
        """Make a distribution with a serienpost entry point that this practice's commands see."""
        site, module = self.folder.parent / "site", name.replace("-", "_")
        info = site / f"{module}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[serienpost]\n{name} = {module}\n")
        (site / f"{module}.py").write_text(source, "utf-8")
        path = (str(site), os.environ.get("PYTHONPATH"))
        self.env["PYTHONPATH"] = os.pathsep.join(filter(None, path))

    def edit(self, file: str, old: str, new: str) -> int:
        """Replace a text that stands once in a file; returns the line where it stood."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), "utf-8")
        return text[: text.index(old)].count("\n") + 1

    def change(self, statement: str, *values: object) -> None:
        """Write to the practice's own database."""
        with closing(sqlite3.connect(self.folder / "praxis.db")) as db, db:
            assert db.execute(statement, values).rowcount > 0

    def patients(self, condition: str = "1") -> dict[str, dict[str, Any]]:
        """Patients as they stand in the practice's own database, by id."""
        with closing(sqlite3.connect(self.folder / "praxis.db")) as db:
            db.row_factory = sqlite3.Row
            found = db.execute(f"SELECT * FROM patient WHERE {condition}")
            return {f"patient:{row['id']}": dict(row) for row in found}

    def ledger(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Read the ledger behind the command line's back."""
        with closing(sqlite3.connect(self.folder / "versandbuch.db")) as db:
            db.row_factory = sqlite3.Row
            return db.execute(statement, values).fetchall()

    def contents(self) -> dict[str, list[str]]:
        """Everything that the ledger holds, to see whether a command changed it."""
        tables = self.ledger("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return {
            name: sorted(repr(tuple(row)) for row in self.ledger(f'SELECT * FROM "{name}"'))
            for (name,) in tables
        }

    def messages(self) -> dict[str, dict[str, Any]]:
        """The messages of the run, by row."""
        found = self.ledger("SELECT * FROM message WHERE run = ? ORDER BY no", self.run)
        return {row["row_id"]: dict(row) for row in found}

    def states(self) -> Counter[str]:
        """How many messages of the run are in which state."""
        return Counter(message["state"] for message in self.messages().values())

    def state(self) -> tuple[str, str | None]:
        """The run's state and reason."""
        ((state, reason),) = self.ledger("SELECT state, reason FROM run WHERE id = ?", self.run)
        return state, reason

    def oracle(self) -> Counter[str]:
        """What the null channel accepted: reference -> how often."""
        path = self.folder / "oracle.tsv"
        lines = path.read_text("ascii").splitlines() if path.exists() else []
        return Counter(line.split("\t")[0] for line in lines)


@dataclass
class Post:
    """The mail server on the other side."""

    catcher: Catcher

    @property
    def script(self) -> Script:
        return self.catcher.script

    def mails(self) -> dict[str, tuple[str, EmailMessage]]:
        """Message-ID -> recipient and message; one that came twice is a failure."""
        found: dict[str, tuple[str, EmailMessage]] = {}
        for caught in list(self.catcher.messages):
            (recipient,) = caught.recipients
            mail = message_from_bytes(caught.data, policy=policy.default)
            assert mail["Message-ID"] not in found, "a message arrived twice"
            found[mail["Message-ID"]] = (recipient, mail)  # type: ignore[assignment]
        return found

    def wait_for(self, count: int) -> None:
        """Wait until so many messages have arrived."""
        wait_until(lambda: len(self.catcher.messages) >= count)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that none begins when all others are done."""
    items.sort(key=lambda item: item.path.stem != "test_third_parties")


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return Schemas()


@pytest.fixture(scope="session")
def demo_master(tmp_path_factory: pytest.TempPathFactory, schemas: Schemas) -> Practice:
    """The demo practice of 300 patients with one prepared run; copied, never used itself."""
    practice = Practice(tmp_path_factory.mktemp("demo") / "praxis", schemas)
    args = ("init", str(practice.folder), "--demo", "--patients", "300", "--seed", "7")
    practice.json(*args)
    practice.run = practice.json("prepare", "information", "--summary")["run"]
    return practice


@pytest.fixture(scope="session")
def null_master(tmp_path_factory: pytest.TempPathFactory, schemas: Schemas) -> Practice:
    """A practice of the null plugins with one prepared run of 40; copied, never used itself."""
    practice = Practice(tmp_path_factory.mktemp("null") / "praxis", schemas)
    (practice.folder / "mailings").mkdir(parents=True)
    for name, text in NULL_FILES.items():
        (practice.folder / name).write_text(text, "utf-8")
    practice.run = practice.json("prepare", "einladung", "--summary")["run"]
    return practice


NULL_FILES = {
    "serienpost.yaml": """\
practice: {id: sonnenschein, name: "Praxis Null"}
plugins: [serienpost-testkit]
ledger: sqlite:///versandbuch.db
accounts:
  mail: {channel: null-email, oracle: oracle.tsv, slots: 4, sender: "Praxis Null <n@example.org>"}
  brief: {channel: null-letter, oracle: oracle.tsv, slots: 4, sender: "Praxis Null"}
"null": {consent: consent.jsonl, gone: gone.json}
""",
    "consent.jsonl": "",
    "gone.json": "{}",
    "mailings/einladung.yaml": """\
source: "null"
select: {count: 40}
account: mail
purpose: event
subject: Einladung
text: "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}."
""",
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the ledger, for commands in this process."""
    made = Clock()
    monkeypatch.setattr(store, "utc_now", made)
    return made


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server that keeps what it gets."""
    with Catcher() as catcher:
        yield Post(catcher)


@pytest.fixture
def demo(demo_master: Practice, tmp_path: Path, post: Post) -> Practice:
    """A copy of the demo practice with its prepared run; its account is `post`."""
    return connected(demo_master.copy(tmp_path / "praxis"), post)


def connected(practice: Practice, post: Post) -> Practice:
    """The demo practice with `post` as its mail server."""
    practice.edit("serienpost.yaml", "port: 2525", f"port: {post.catcher.port}")
    return practice


@pytest.fixture
def null(null_master: Practice, tmp_path: Path) -> Practice:
    """A copy of the null practice with its prepared run."""
    return null_master.copy(tmp_path / "praxis")


@pytest.fixture
def empty(schemas: Schemas, tmp_path: Path) -> Practice:
    """A practice of which no file is written yet."""
    return Practice(tmp_path / "praxis", schemas)


@pytest.fixture(scope="session")
def few_master(demo_master: Practice, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """The demo practice with another run, over the first 40 patients; copied, never used itself."""
    practice = demo_master.copy(tmp_path_factory.mktemp("few") / "praxis")
    practice.edit("mailings/information.yaml", "select: {}", "limit: 40\nselect: {}")
    practice.run = practice.json("prepare", "information", "--summary")["run"]
    return practice


@pytest.fixture
def few(few_master: Practice, tmp_path: Path, post: Post) -> Practice:
    """A copy of the demo practice with a run over the first 40 patients; its account is `post`."""
    return connected(few_master.copy(tmp_path / "praxis"), post)


LIST_CONFIG = """\
practice: {id: liste, name: Praxis Liste}
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-smtp]
accounts:
  mail: {channel: smtp, host: 127.0.0.1, port: PORT, security: none, sender: "P <p@example.org>"}
signatures: {u: {name: Uebel}}
"""
LIST_ROWS = """\
Anrede;Vorname;Nachname;E-Mail;Kurs;Pat.-Nr.;Einwilligung
Frau;Eva;Vogel;eva@example.org;Rücken;7;ja
Herr;Max;Hase;max@example.org;Yoga;8;nein
"""


@pytest.fixture
def list_practice(tmp_path: Path, schemas: Schemas, post: Post) -> Practice:
    """A practice without a database: a list and a mail server."""
    practice = Practice(tmp_path / "liste", schemas)
    (practice.folder / "listen").mkdir(parents=True)
    (practice.folder / "mailings").mkdir()
    config = LIST_CONFIG.replace("PORT", str(post.catcher.port))
    (practice.folder / "serienpost.yaml").write_text(config, "utf-8")
    (practice.folder / "listen" / "infoabend.csv").write_text(LIST_ROWS, "utf-8")
    return practice
