"""A practice whose patients are called like attacks, and the providers that it sends by."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from attack_corpus.attacks import RUN_VALUES

from serienpost.cli.main import run
from serienpost_demo.catcher import Catcher
from serienpost_demo.practice import write_practice
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    import pytest

WAYS = ("email", "grid", "grid-template", "sms", "letter")
# The id of the patient called Müller; the others follow in the order of the corpus.
BENIGN = 1

LOGIN = {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim", "GRID_KEY": "SG.fake"}
_CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Null", unsubscribe_url: "https://example.org/ab/"}}
database: sqlite:///praxis.db
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-macros-practice, serienpost-channel-smtp, serienpost-channel-smscreator,
          serienpost-channel-letter, serienpost-channel-sendgrid]
consent: {{flags_purposes: [information]}}
accounts:
  email: {{channel: smtp, host: 127.0.0.1, port: {mail}, security: none, connections: 4,
          sender: "Praxis Null <praxis@example.org>"}}
  grid: {{channel: sendgrid, base_url: "{grid}", api_key: "secret:GRID_KEY",
         sender: "Praxis Null <praxis@example.org>",
         disclaimer: {{accepted_by: Dr. Null, accepted_on: "2026-11-01"}}}}
  sms: {{channel: smscreator, base_url: "{sms}", user: "secret:SMS_USER",
        password: "secret:SMS_PASSWORD", rate: [1000/second], spread: false}}
  letter: {{channel: letter, folder: briefe}}
"""


@dataclass
class Attacked:
    """The practice; use it in a `with` statement, so that its providers run."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    catcher: Catcher = field(default_factory=Catcher)
    grid: FakeSendGrid = field(default_factory=FakeSendGrid)
    sms: FakeSmsCreator = field(
        default_factory=lambda: FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim")}))
    )
    open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        for provider in (self.catcher, self.grid, self.sms):
            self.open.enter_context(provider)
        places = {"mail": self.catcher.port, "grid": self.grid.url, "sms": self.sms.base_url}
        (self.folder / "serienpost.yaml").write_text(_CONFIG.format(**places), "utf-8")
        (self.folder / "mailings").mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self.open.close()

    def mailing(self, name: str, way: str, text: str, subject: str = "Gruß") -> None:
        """Write a mailing; by SendGrid's template the subject stands there."""
        head = f"subject: {json.dumps(subject)}\n"
        head = {"sms": "", "grid-template": "sendgrid_template: Angriff\n"}.get(way, head)
        (self.folder / "mailings" / f"{name}.yaml").write_text(
            f"source: patients\nselect: {{}}\naccount: {way.partition('-')[0]}\n"
            f"purpose: information\n{head}text: {json.dumps(text)}\n",
            "utf-8",
        )

    def keep(self, subject: str, html: str, text: str = "") -> None:
        """Put a template in force at SendGrid."""
        self.grid.templates = [Template("Angriff", [Version(subject, html, text)])]

    def __call__(self, *args: str, code: int = 0) -> dict[str, Any]:
        """Run a command with `--json`; its document."""
        self.capture.readouterr()
        ended = run(["-C", str(self.folder), *args, "--json"])
        said = self.capture.readouterr()
        assert ended == code, said.out[-2000:] + said.err[-2000:]
        assert "a bug" not in said.err
        document: dict[str, Any] = json.loads(said.out)
        return document


def write_patients(file: Path) -> None:
    """A patient called Müller, then one per attack."""
    write_practice(file, 1, 7, date(2026, 11, 23))
    values = ["Müller", *RUN_VALUES]
    with closing(sqlite3.connect(file)) as db, db:
        for table in ("patient", "termin", "behandlung", "einwilligung"):
            db.execute(f"DELETE FROM {table}")
        db.executemany(
            "INSERT INTO patient (id, nummer, vorname, nachname, geschlecht, geburtsdatum, email,"
            " mobil, strasse, plz, ort, kontakt_email, kontakt_sms, kontakt_brief)"
            " VALUES (?1, CAST(?2 AS TEXT), 'Ada', CAST(?2 AS TEXT), 'w', '1970-01-01',"
            " 'ada' || ?1 || '@example.org', '0152 28817' || (300 + ?1), 'Weg 1', '01067',"
            " 'Dresden', 'ja', 'ja', 'ja')",
            [
                (id_, value.encode("utf-8", "surrogatepass"))
                for id_, value in enumerate(values, BENIGN)
            ],
        )
