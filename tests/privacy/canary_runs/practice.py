"""A practice full of canaries, with one account of each channel, and a mailing for each."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from serienpost_demo.practice import CANARY_COLUMNS, canary, write_practice
from serienpost_demo.sendgrid import Template, Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENTS = 25
# The practice's own data and records: what stands there has not left it.
DATABASES = ("praxis.db", "akte.db")

_CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Dr. Sonnenschein", phone: "0351 1234567"}}
database: sqlite:///praxis.db
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-macros-practice, serienpost-channel-smtp, serienpost-channel-smscreator,
          serienpost-channel-letter, serienpost-channel-sendgrid, serienpost-karteikarte]
consent: {{flags_purposes: [information]}}
karteikarte: {{database: "sqlite:///akte.db"}}
accounts:
  email: {{channel: smtp, host: 127.0.0.1, port: {mail}, security: none, connections: 2,
          sender: "Praxis Dr. Sonnenschein <praxis@example.org>"}}
  grid: {{channel: sendgrid, base_url: "{grid}", api_key: "secret:GRID_KEY", batch: 7,
         sender: "Praxis Dr. Sonnenschein <praxis@example.org>",
         disclaimer: {{accepted_by: Dr. Sonnenschein, accepted_on: "2026-11-01"}}}}
  sms: {{channel: smscreator, base_url: "{sms}", user: "secret:SMS_USER",
        password: "secret:SMS_PASSWORD", rate: [1000/second], spread: false}}
  letter: {{channel: letter, folder: briefe}}
"""
_MAILING = """\
source: patients
select: {{}}
account: {account}
purpose: information
{head}text: "{{{{Briefanrede}}}} {text} {{{{Praxis}}}}"
"""
_SUBJECT = 'subject: "Neues für {{Nachname}}"\n'


@dataclass(frozen=True)
class Way:
    """One way out: an account, what its text says, and which columns belong to it."""

    account: str
    text: str
    own: frozenset[str]
    head: str = _SUBJECT


WAYS = {
    "email": Way("email", "{{Email}}", frozenset({"email"})),
    "grid": Way("grid", "{{Email}}", frozenset({"email"})),
    "grid-template": Way(
        "grid",
        "{{Email}} {{Vorname}} {{PatientenNr}}",
        frozenset({"email"}),
        "sendgrid_template: Neues\n",
    ),
    "sms": Way("sms", "{{Mobil}}", frozenset({"mobil", "telefon"}), ""),
    "letter": Way(
        "letter",
        "{{Anschrift}}",
        frozenset({"strasse", "plz", "ort", "adresszusatz", "postfach"}),
        f"{_SUBJECT}archive: pdf\n",
    ),
}

LOGIN = {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim", "GRID_KEY": "SG.fake"}


@dataclass(frozen=True)
class Places:
    """Where the providers listen; addresses of nobody where nothing is sent."""

    mail: int = 2525
    sms: str = "https://sms.example.org"
    grid: str = "https://grid.example.org"
    templates: list[Template] = field(default_factory=list)


def sendgrid_template() -> Template:
    """It uses the name and the address, and not all that the practice's text names."""
    version = Version(
        "Neues für {{{Vorname}}}", "<p>{{Briefanrede}} {{Email}}</p>", "{{{Briefanrede}}}"
    )
    return Template("Neues", [version])


def write_canaries(folder: Path, places: Places | None = None) -> None:
    """Make the practice folder."""
    write_practice(folder / "praxis.db", PATIENTS, 7, date(2026, 11, 23), canaries=True)
    shutil.copy(folder / "praxis.db", folder / "akte.db")
    known = vars(places or Places())
    (folder / "serienpost.yaml").write_text(_CONFIG.format(**known), "utf-8")
    (folder / "mailings").mkdir()
    for name, way in WAYS.items():
        write_mailing(folder, name, way)


def write_mailing(folder: Path, name: str, way: Way) -> None:
    """Write or replace a mailing."""
    text = _MAILING.format(account=way.account, head=way.head, text=way.text)
    (folder / "mailings" / f"{name}.yaml").write_text(text, "utf-8")


def planted(*tables: str, leave_out: frozenset[str] = frozenset()) -> Iterator[str]:
    """The words and ends of numbers that stand in these tables; a postal code is no word."""
    for table in tables:
        for column in CANARY_COLUMNS[table]:
            if column in leave_out or column == "plz":
                continue
            for number in range(1, 4 * PATIENTS):
                word = canary(table, column, number)
                shorter = {"mobil": word[-8:], "telefon": word[-12:], "email": word[:18]}
                yield shorter.get(column, word.split()[0])
