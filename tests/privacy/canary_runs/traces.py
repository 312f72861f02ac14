"""Runs one mailing by its real channel and keeps everything that it wrote, sent or printed."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pypdfium2
from canary_runs.practice import DATABASES

from serienpost.cli.main import run as command_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from serienpost_demo.catcher import Catcher
    from serienpost_demo.sendgrid import FakeSendGrid
    from serienpost_demo.smscreator import FakeSmsCreator


@dataclass(frozen=True)
class Outside:
    """Who listens for the practice's messages."""

    catcher: Catcher
    sms: FakeSmsCreator
    grid: FakeSendGrid

    def heard(self) -> Iterator[tuple[str, str]]:
        """Where -> every byte that arrived, as text."""
        for number, caught in enumerate(self.catcher.messages):
            yield f"wire {number}", _mail(caught.data)
        for number, job in enumerate(self.sms.gateway.jobs):
            yield f"order {number}", str(job)
        yield "wire URLs", str(self.sms.requests)
        for number, asked in enumerate(self.grid.requests):
            head = {"path": asked.path, "query": dict(asked.query), **asked.headers}
            yield f"request {number}", asked.body.decode("utf-8", "replace")
            yield f"wire head {number}", str(head)


@dataclass
class Traces:
    """Everything that a run of one way wrote, sent or printed: where -> what, as text."""

    folder: Path
    way: str
    found: dict[str, str] = field(default_factory=dict, repr=False)

    def run(self, *args: str) -> dict[str, Any]:
        """Run a command with `--json`, keep what it says, and return its document."""
        out, log = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(log):
            code = command_line(["-C", str(self.folder), *args, "--json"])
        assert code == 0, out.getvalue()[-2000:] + log.getvalue()[-2000:]
        self.found[args[0]] = out.getvalue()
        self.found[f"{args[0]} (log)"] = log.getvalue()
        document: dict[str, Any] = json.loads(out.getvalue())
        return document

    def whole_run(self, outside: Outside) -> None:
        """From `check` to `report`; another reader keeps the ledger's `-wal` file alive."""
        self.run("check", self.way)
        run = self.run("prepare", self.way)["run"]
        with closing(sqlite3.connect(self.folder / "versandbuch.db")) as reader:
            reader.execute("SELECT count(*) FROM message").fetchone()
            self.run("review", run)
            self.run("preview", run, "--all", "--out", str(self.folder / "vorschau"))
            to = {"sms": "+4915228817386", "letter": str(self.folder / "probe.pdf")}
            self.run("test", run, "--to", to.get(self.way, "praxis@example.org"))
            self.run("send", run, "--yes")
            self.run("show", run)
            self.run("show", run, "--manifest")
            self.run("events")
            page, table = self.folder / "b.html", self.folder / "b.csv"
            self.run("report", run, "--html", str(page), "--csv", str(table))
            self.found |= files(self.folder)
        self.found |= dict(records(self.folder / "akte.db"))
        self.found |= dict(outside.heard())

    def leaks(
        self, words: AbstractSet[str], *, without: tuple[str, ...] = ()
    ) -> list[tuple[str, str]]:
        """Where which of these words stands; places that begin with one of `without` may."""
        return [
            (where, word)
            for where, text in self.found.items()
            if not where.startswith(without)
            for word in tokens(text) & words
        ]


def files(folder: Path) -> dict[str, str]:
    """All files that the run left, as text."""
    return {
        str(path.relative_to(folder)): _text_of(path)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in DATABASES
    }


def records(database: Path) -> Iterator[tuple[str, str]]:
    """What the archive wrote into the patients' records."""
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute("SELECT id, betreff, inhalt, pdf, run, message, status FROM brief")
        for number, *texts, pdf, run, message, status in rows:
            yield f"record {number}", f"{texts} {run} {message} {status}"
            if pdf:
                yield f"record {number} pdf", _shown(io.BytesIO(pdf))


def _mail(data: bytes) -> str:
    """An e-mail as it travelled, and what it says once its parts are decoded."""
    parts = message_from_bytes(data, policy=policy.default).walk()
    texts = [str(part.get_content()) for part in parts if not part.is_multipart()]
    return "\n".join([data.decode("utf-8", "replace"), *texts])


def _text_of(path: Path) -> str:
    plain = path.read_bytes().decode("utf-8", "replace")
    return plain + _shown(path) if path.suffix == ".pdf" else plain


def _shown(file: Path | io.BytesIO) -> str:
    """What the pages of a PDF show, and what it says of itself."""
    with pypdfium2.PdfDocument(file) as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
        return "\n".join([str(pdf.get_metadata_dict()), *pages])


def tokens(text: str) -> set[str]:
    """The canaries in a text, and the ends of its long numbers."""
    numbers = re.findall(r"[0-9]{8,}", text)
    return {
        *re.findall(r"kanari[0-9a-f]{12}", text),
        *(number[-8:] for number in numbers),
        *(number[-12:] for number in numbers),
    }
