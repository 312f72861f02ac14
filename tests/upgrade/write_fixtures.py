"""Writes the ledgers of commit 7d463c1 and what that commit printed about them.

It ran once, with the packages of that commit, and is kept to show how the fixtures were made:

    PYTHONPATH=tests/faults python tests/upgrade/write_fixtures.py FOLDER

One practice, with its ledger on SQLite and then on PostgreSQL; each run has a mailing of its own,
which is named after what became of it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pypdfium2
from fault_harness.server import Server
from fixture_practice import (
    ALL,
    CONFIGURATION,
    ERASED,
    FEWER,
    GRID_PORT,
    KEPT,
    LARGE,
    LETTERS,
    LISTED,
    MAIL_PORT,
    SMALL,
    SMS_PORT,
    SQLITE,
    TEXTS,
)

from serienpost_demo.catcher import Catcher
from serienpost_demo.sendgrid import FakeSendGrid, Fault, Template, Version
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).parent
FAR = "2099-12-01T10:00"
KILLED = -signal.SIGKILL
ENVIRONMENT = {
    "SUDO_USER": "praxis",
    "SMS_USER": "praxis",
    "SMS_PASSWORD": "geheim",
    "MAIL_SENDGRID_API": "SG.fake",
    "PYTHONUTF8": "1",
}

MANIFESTS = (
    "mail", "mail-attachments", "grid", "grid-template", "sms", "letter", "mail-purged",
    "mail-prepared", "mail-paused", "mail-stopped",
)  # fmt: skip
REVIEWS = ("mail", "mail-prepared", "letter-prepared", "grid-prepared", "sms-prepared")
STORIES = {
    "mail": ("patient:1", "patient:3", "patient:14"),
    "mail-override": ("patient:17",),
    "mail-doubt": ("patient:43", "patient:44", "patient:45", "patient:46"),
    "mail-retried": ("patient:43", "patient:44"),
    "mail-reminder": ("patient:43",),
    "mail-purged": ("patient:43",),
    "mail-sending": ("patient:43", "patient:44", "patient:45"),
    "grid-template": ("patient:43", "patient:44"),
    "grid-doubt": ("patient:43",),
    "sms": ("patient:43", "patient:44"),
    "letter-retried": ("patient:44",),
}
PEOPLE = ("patient:1", "patient:17", "patient:21", "patient:47")

READER = """\
import contextlib, io, json, sys
from serienpost.cli.edge import run
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run(json.loads(line))
    print(json.dumps([code, out.getvalue()]), flush=True)
"""


@dataclass
class World:
    """The providers on the other side."""

    mail: Catcher
    grid: FakeSendGrid
    sms: FakeSmsCreator

    @classmethod
    def enter(cls, stack: ExitStack) -> World:
        """Start them, for as long as the stack is open."""
        sms = FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim")}), SMS_PORT)
        entered = stack.enter_context
        return cls(entered(Catcher(port=MAIL_PORT)), entered(grid()), entered(sms))

    @property
    def template(self) -> Template:
        """What is kept at SendGrid."""
        return self.grid.templates[0]


@dataclass
class Desk:
    """The practice with one of its ledgers, driven by the command line."""

    folder: Path
    world: World
    change: Callable[[str, tuple[object, ...]], None]
    # Whether PDFs are among what it leaves; they are large, and those of one ledger are enough.
    with_pdfs: bool

    runs: dict[str, str] = field(default_factory=dict)

    def start(self, *args: str, fault: str | None = None) -> subprocess.Popen[str]:
        """Start a command in the practice folder."""
        extra = {"SERIENPOST_FAULT": fault} if fault else {}
        return subprocess.Popen(
            [sys.executable, "-m", "serienpost", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=self.folder,
            env={**os.environ, **ENVIRONMENT, **extra},
        )

    def __call__(self, *args: str, code: int = 0, fault: str | None = None) -> str:
        """Run a command to the end that it must come to."""
        process = self.start(*args, fault=fault)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, f"{args}: {process.returncode}\n{out}{err}"
        return out

    def edit(self, old: str, new: str) -> None:
        """Replace a text that stands once in the configuration."""
        path = self.folder / "serienpost.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), "utf-8")

    def prepare(
        self,
        label: str,
        ids: Sequence[int] = SMALL,
        *,
        account: str = "",
        more: str = "",
        text: str = "",
        mailing: str = "",
    ) -> str:
        """Write a mailing and prepare it; of a mailing that is named the file is there."""
        kind = account or {"letter": "brief"}.get(
            label.split("-", maxsplit=1)[0], label.split("-", maxsplit=1)[0]
        )
        if not mailing:
            source = (
                "" if "source:" in more else f"source: patients\nselect: {{ids: {list(ids)}}}\n"
            )
            head = f"{source}account: {kind}\n"
            purpose = "" if "purpose:" in more else "purpose: information\n"
            path = self.folder / "mailings" / f"{label}.yaml"
            path.write_text(head + purpose + more + (text or TEXTS[kind]), "utf-8")
        done = json.loads(self("prepare", mailing or label, "--summary", "--json"))
        self.runs[label] = done["run"]
        return str(done["run"])

    def send(self, label: str, *options: str, code: int = 0, fault: str | None = None) -> None:
        """Release and deliver a prepared run."""
        self("send", self.runs[label], "--yes", "--no-wait", *options, code=code, fault=fault)

    def approve(self, label: str) -> None:
        """Release a prepared run and die."""
        self.send(label, fault="approve.after_commit", code=KILLED)

    def address(self, number: int, column: str = "email") -> str:
        """Where a patient is written to."""
        with closing(sqlite3.connect(self.folder / "praxis.db")) as db:
            found = db.execute(f"SELECT {column} FROM patient WHERE id = ?", (number,)).fetchone()
        return str(found[0])


def main(folder: Path) -> None:
    """Make the practice and both ledgers below a folder; write the fixtures beside this file."""
    practice = folder / "praxis"
    make_practice(practice)
    with ExitStack() as stack:
        server = stack.enter_context(Server())
        world = World.enter(stack)
        url = server.url(server.database())

        def change_sqlite(statement: str, values: tuple[object, ...]) -> None:
            with closing(sqlite3.connect(practice / "versandbuch.db")) as db, db:
                db.execute(statement, values)

        def change_postgresql(statement: str, values: tuple[object, ...]) -> None:
            with psycopg.connect(url) as db:
                db.execute(statement.replace("?", "%s").encode(), values)

        desks = {"sqlite": Desk(practice, world, change_sqlite, with_pdfs=True)}
        play(desks["sqlite"])
        desks["sqlite"].edit(SQLITE, url)
        desks["postgresql"] = Desk(practice, world, change_postgresql, with_pdfs=False)
        play(desks["postgresql"])
        world.sms.web.close()
        desks["postgresql"].edit(url, SQLITE)
        store_practice(practice)
        store("praxis.sql", dump_sqlite(practice / "praxis.db"))
        store("ledger-sqlite.sql", dump_sqlite(practice / "versandbuch.db"))
        store("ledger-postgresql.sql", dump_postgresql(server, url))
        for backend, desk in desks.items():
            if backend == "postgresql":
                desk.edit(SQLITE, url)
            write_expected(backend, desk)


def grid() -> FakeSendGrid:
    """A SendGrid that keeps one template."""
    version = Version("Zeiten", "<p>{{Nachname}}</p>", "{{{Nachname}}} {{{Praxis}}}")
    return FakeSendGrid(templates=[Template("Neue Zeiten", [version])], port=GRID_PORT)


def make_practice(practice: Path) -> None:
    """The demo practice, of which few people are left."""
    command = ["init", str(practice), "--demo", "--patients", "60", "--seed", "7"]
    subprocess.run([sys.executable, "-m", "serienpost", *command], check=True)
    for path in (practice / "mailings").iterdir():
        path.unlink()
    shutil.rmtree(practice / "templates")
    (practice / "serienpost.yaml").write_text(CONFIGURATION, "utf-8")
    people = ", ".join(map(str, (*LETTERS, *range(43, 55))))
    with closing(sqlite3.connect(practice / "praxis.db")) as db:
        db.executescript(FEWER.format(others=f"NOT IN ({people})"))
    attached = practice / "anhaenge"
    (attached / "plaene").mkdir(parents=True)
    (attached / "anfahrt.txt").write_text("Mit der Linie 11 bis zur Lindenallee.\n", "utf-8")
    for number in (43, 44):
        plan = attached / "plaene" / f"Plan P{number:07}.txt"
        plan.write_text(f"Plan {number}\n", "utf-8")


def play(desk: Desk) -> None:
    """Runs in every state, by every channel."""
    desk.world.sms.gateway.report_states.clear()
    for listed in desk.world.grid.suppressions.values():
        listed.clear()
    forgotten(desk)
    mails(desk)
    grids(desk)
    short_messages(desk)
    letters(desk)
    open_mails(desk)
    open_others(desk)
    prepared(desk)


def forgotten(desk: Desk) -> None:
    """Runs whose values or persons are gone, and what must not be written to."""
    desk("suppress", "add", desk.address(LISTED))
    desk("suppress", "add", "--kind", "sms", "+4917139999999")
    desk.prepare("mail-purged")
    desk.send("mail-purged")
    desk.prepare("letter-purged", (43, 44))
    desk.send("letter-purged")
    desk.edit("values: 90 days", "values: 1 s")
    time.sleep(1.5)
    desk("purge")
    desk.edit("values: 1 s", "values: 90 days")
    desk.prepare("mail-erased", (43, ERASED))
    desk.send("mail-erased")
    desk("erase-person", f"patient:{ERASED}", "--yes")


def mails(desk: Desk) -> None:
    """Finished and cancelled runs by mail."""
    script = desk.world.mail.script
    greeting = TEXTS["mail"].replace("Guten Tag {{Nachname}}.", "{{Briefanrede}}")
    desk.prepare("mail", (1, 2, 3, 14, 21, 22, LISTED), text=greeting)
    desk.send("mail")
    more = 'attachments: [anfahrt.txt, "plaene/Plan {{PatientenNr}}.txt"]\n'
    desk.prepare("mail-attachments", more=more)
    desk.send("mail-attachments")
    desk.prepare("mail-once", (43, 44), more="once_per: recipient\n")
    desk.send("mail-once")
    desk.prepare("mail-once-again", mailing="mail-once")
    desk.send("mail-once-again")
    source = 'source: appointments\nselect: {day: "2099-05-04"}\npurpose: appointment\n'
    desk.prepare("mail-reminder", more=source)
    desk.send("mail-reminder")
    override = desk.prepare("mail-override", (17, 43, 44), more="purpose: event\n")
    desk("review", override, "--override", "patient:17", "--reason", "am Telefon zugesagt")
    desk("review", override, "--exclude", "patient:44")
    desk.send("mail-override")

    for number in (43, 44):
        script.refuse(desk.address(number))
    desk.prepare("mail-failed")
    desk.send("mail-failed", code=4)
    desk.prepare("mail-retried")
    desk.send("mail-retried", code=4)
    script.clear()
    script.refuse(desk.address(43))
    desk("retry", desk.runs["mail-retried"], "--failed", code=4)
    script.clear()

    for number in (43, 44, 45, 46):
        script.disconnect(desk.address(number), when="after_dot", times=1)
    doubt = desk.prepare("mail-doubt", (43, 44, 45, 46, 47))
    desk.send("mail-doubt", code=5)
    desk("resolve", doubt, "--recipient", "patient:43", "--as", "accepted")
    desk("resolve", doubt, "--recipient", "patient:44", "--as", "failed")
    script.disconnect(desk.address(43), when="after_dot", times=1)
    desk.prepare("mail-assumed", more="on_doubt: assume_accepted\n")
    desk.send("mail-assumed")
    script.clear()

    desk("cancel", desk.prepare("mail-cancelled"))
    stopped = desk.prepare("mail-stopped", LARGE)
    desk.send("mail-stopped", fault="wire.after:3", code=KILLED)
    desk("cancel", stopped)


def grids(desk: Desk) -> None:
    """Finished runs by SendGrid."""
    script = desk.world.grid.script
    desk.prepare("grid")
    desk.send("grid")
    desk.prepare("grid-template", text=KEPT)
    desk.send("grid-template")
    desk.world.grid.suppress(desk.address(43))
    desk.world.grid.suppress(desk.address(44), on="spam_reports")
    desk("events", "grid")
    for number in (43, 44):
        desk("suppress", "remove", desk.address(number))
    script.refuse(desk.address(44))
    script.add(Fault(202, recipient=desk.address(43), lost=True))
    desk.prepare("grid-doubt")
    desk.send("grid-doubt", code=5)
    script.clear()


def short_messages(desk: Desk) -> None:
    """Finished runs by SMS, one of which lies in the provider's portal."""
    numbers = {n: desk.address(n, "mobil").replace(" ", "")[-5:] for n in SMALL}
    desk.world.sms.gateway.report_states.update({f"*{numbers[44]}": "UNDELIV"})
    desk.prepare("sms")
    desk.send("sms")
    desk("events", "sms")
    desk.world.sms.failures.drop(f"*{numbers[43]}", when="after")
    desk.world.sms.failures.order_status("NoRecipientFound", f"*{numbers[44]}")
    desk.prepare("sms-doubt")
    desk.send("sms-doubt", code=5)
    desk.world.sms.failures.clear()
    desk.prepare("sms-held", (43,))
    desk.send("sms-held", "--at", FAR)


def letters(desk: Desk) -> None:
    """Finished runs of letters, with what is in the records."""
    long = " ".join(["Die Praxis zieht um."] * 250)
    text = TEXTS["brief"].replace("{{Nachname}}.", f"{{{{Nachname}}}}. {long}")
    desk.prepare("letter", (43, 44), text=text)
    desk.send("letter")
    if desk.with_pdfs:
        desk.prepare("letter-pdf", (43,), more="archive: pdf\n")
        desk.send("letter-pdf")
    run = desk.prepare("letter-retried", (43, 44))
    more_pages = '{"unit": "pages", "amount": 2, "sheets": 2}'
    change = "UPDATE message SET cost = ? WHERE run = ? AND row_id = 'patient:44'"
    desk.change(change, (more_pages, run))
    desk.send("letter-retried", code=4)
    desk.change(change, (more_pages.replace("2", "1"), run))
    desk("retry", run, "--failed")
    away = 'karteikarte: {database: "sqlite:///weg.db"}'
    desk.edit(away.replace("weg", "praxis"), away)
    desk.prepare("letter-waiting", (43,))
    desk.send("letter-waiting")
    desk.edit(away, away.replace("weg", "praxis"))
    stopped = desk.prepare("letter-stopped", (43, 44, 45))
    desk.send("letter-stopped", fault="commit.after_commit:3", code=KILLED)
    desk("cancel", stopped)


def open_mails(desk: Desk) -> None:
    """Runs by mail that were released and are not over."""
    script = desk.world.mail.script
    desk.prepare("mail-approved")
    desk.approve("mail-approved")
    desk.prepare("mail-sending", LARGE)
    desk.send("mail-sending", fault="wire.after:3", code=KILLED)
    desk.prepare("mail-schedule")
    desk.send("mail-schedule", "--at", FAR, code=75)
    paused = desk.prepare("mail-paused")
    desk.approve("mail-paused")
    desk("pause", paused)
    stale = desk.prepare("mail-stale", more="stale_after: 1 s\n")
    desk.approve("mail-stale")
    time.sleep(1.5)
    desk("resume", stale, code=75)

    with_rate = "connections: 2\n    rate: [1/day]\n  grid:"
    desk.edit("connections: 2\n  grid:", with_rate)
    desk.prepare("mail-rate")
    desk.send("mail-rate", code=75)
    desk.edit(with_rate, "connections: 2\n  grid:")
    script.refuse(desk.address(43), "450 4.2.1 mailbox busy")
    desk.prepare("mail-deferral")
    desk.send("mail-deferral", code=75)
    script.clear()
    script.refuse("*", "452 4.4.5 daily sending quota exceeded")
    desk.prepare("mail-quota")
    desk.send("mail-quota", code=75)
    script.clear()
    desk.edit(f"port: {MAIL_PORT}", "port: 1")
    desk.prepare("mail-connection", ALL)
    desk.send("mail-connection", code=75)
    desk.edit("port: 1\n", f"port: {MAIL_PORT}\n")
    desk.prepare("mail-content")
    sender = '<praxis@example.org>"\n    connections: 2\n  grid:'
    desk.edit(sender, sender.replace("praxis", "neu"))
    desk.send("mail-content", code=75)
    desk.edit(sender.replace("praxis", "neu"), sender)
    desk.prepare("mail-quiet")
    desk.edit("secrets: [env]", 'secrets: [env]\nquiet: {email: "00:00-23:59"}')
    desk.send("mail-quiet", code=75)
    desk.edit('\nquiet: {email: "00:00-23:59"}', "")
    desk.prepare("mail-check")
    desk.approve("mail-check")
    with closing(sqlite3.connect(desk.folder / "praxis.db")) as db:
        db.execute("ALTER TABLE einwilligung RENAME TO weg")
        desk("resume", desk.runs["mail-check"], "--no-wait", code=75)
        db.execute("ALTER TABLE weg RENAME TO einwilligung")

    desk.prepare("mail-interrupted")
    before = len(desk.world.mail.messages)
    script.delay(3)
    process = desk.start("send", desk.runs["mail-interrupted"], "--yes")
    while len(desk.world.mail.messages) == before:
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 75
    script.clear()


def open_others(desk: Desk) -> None:
    """Runs by the other channels that were released and are not over."""
    desk.prepare("grid-account")
    desk.world.grid.senders = frozenset({"andere@example.org"})
    desk.send("grid-account", code=75)
    desk.world.grid.senders = None
    desk.prepare("grid-changed", text=KEPT)
    desk.world.template.change(html="<p>Alles neu, {{Nachname}}</p>")
    desk.send("grid-changed", code=75)
    desk.world.template.active = 0
    desk.prepare("grid-sending", LARGE, text=KEPT)
    desk.send("grid-sending", fault="wire.after:2", code=KILLED)
    desk.prepare("sms-account")
    desk.world.sms.failures.status("InvalidUser", operation="SendSimpleSMS")
    desk.send("sms-account", code=75)
    desk.world.sms.failures.clear()
    desk.prepare("sms-sending")
    desk.send("sms-sending", fault="wire.after:2", code=KILLED)
    desk.prepare("letter-paused", (43, 44))
    desk.approve("letter-paused")
    desk("pause", desk.runs["letter-paused"])
    desk.prepare("letter-sending", (43, 44, 45))
    fault = "commit.after_commit:3" if desk.with_pdfs else "wire.before"
    desk.send("letter-sending", fault=fault, code=KILLED)


def prepared(desk: Desk) -> None:
    """Runs that nobody released, and one that is half made."""
    run = desk.prepare("mail-prepared", (1, 2, 3, 14, 17, 21, 22, LISTED))
    desk("review", run, "--exclude", "patient:2")
    desk("test", run, "--to", "praxis@example.org")
    for label in ("grid-prepared", "sms-prepared", "letter-prepared"):
        desk.prepare(label)
    name = "mail-preparing"
    text = (desk.folder / "mailings" / "mail-paused.yaml").read_text("utf-8")
    (desk.folder / "mailings" / f"{name}.yaml").write_text(text, "utf-8")
    desk("prepare", name, fault="freeze.before_commit", code=KILLED)
    (found,) = [
        row["run"]
        for row in json.loads(desk("runs", "--json", "--limit", "1"))["runs"]
        if row["state"] == "preparing"
    ]
    desk.runs[name] = found


def store(name: str, text: str) -> None:
    """Write a fixture."""
    path = HERE / "ledgers" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def store_practice(practice: Path) -> None:
    """The files of the practice folder; a part of a letter run that is not a file yet as base64."""
    for path in sorted(practice.rglob("*")):
        name = str(path.relative_to(practice))
        if path.is_dir() or name.startswith(("praxis.db", "versandbuch.db")):
            continue
        if not name.startswith("briefe/"):
            store(f"praxis/{name}", path.read_text("utf-8"))
        elif "/." in name:
            store(f"praxis/{name}.base64", b64encode(path.read_bytes()).decode() + "\n")


def dump_sqlite(path: Path) -> str:
    """A database as statements."""
    with closing(sqlite3.connect(path)) as db:
        return "\n".join(db.iterdump()) + "\n"


def dump_postgresql(server: Server, url: str) -> str:
    """A database as statements."""
    program = server._programs / "bin" / "pg_dump"
    options = ["--inserts", "--no-owner", "--no-privileges", f"--dbname={url}"]
    done = subprocess.run(
        [program, *options], check=True, capture_output=True, text=True, cwd=server.folder
    )
    lines = done.stdout.split("\n")
    kept = [line for line in lines if line and not line.startswith(("--", "\\", "SET "))]
    return "\n".join(kept) + "\n"


def commands(runs: dict[str, str]) -> list[list[str]]:
    """What is asked about a ledger."""
    asked = [["runs", "--limit", "100"], ["suppress", "list"], ["letters", "list"]]
    for label, run in runs.items():
        asked += [["show", run], ["report", run]]
        asked += [["show", run, "--manifest"]] if label in MANIFESTS else []
        asked += [["review", run]] if label in REVIEWS else []
        asked += [["review", run, "--history"]] if label in REVIEWS else []
        asked += [["show", run, "--recipient", row] for row in STORIES.get(label, ())]
    asked.append(["review", runs["mail-prepared"], "--explain", "patient:14"])
    return [[*one, "--json"] for one in [*asked, *(["export-person", one] for one in PEOPLE)]]


def write_expected(backend: str, desk: Desk) -> None:
    """Ask, and write down the answers."""
    asked = commands(desk.runs)
    done = subprocess.run(
        [sys.executable, "-c", READER],
        input="".join(json.dumps(one) + "\n" for one in asked),
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=desk.folder,
        env={**os.environ, **ENVIRONMENT},
    )
    answers = {}
    for one, line in zip(asked, done.stdout.splitlines(), strict=True):
        code, out = json.loads(line)
        assert code == 0, (one, out)
        answers[" ".join(one)] = json.loads(out)
    labels = {run: label for label, run in desk.runs.items()}
    printed = {}
    for run in sorted({one["run"] for one in answers["letters list --json"]["letters"]}):
        if run in labels:
            desk("letters", "print", "--run", run, "--out", "again.pdf")
            document = pypdfium2.PdfDocument(desk.folder / "again.pdf")
            printed[labels[run]] = len(document)
            document.close()
    parts: dict[str, dict[str, Any]] = {"runs": desk.runs, "pages": printed, "answers": answers}
    (HERE / "expected").mkdir(exist_ok=True)
    (HERE / "expected" / f"{backend}.json").write_text(lines_of(parts), "utf-8")


def lines_of(parts: dict[str, dict[str, Any]]) -> str:
    """JSON with a line for each answer."""
    texts = []
    for name, part in parts.items():
        lines = [f"{json.dumps(key)}: {compact(value)}" for key, value in sorted(part.items())]
        texts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(texts) + "\n}\n"


def compact(value: object) -> str:
    """JSON in one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
