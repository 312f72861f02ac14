"""Unique words in every column that must not leave, looked for everywhere a run leaves a trace."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pdfplumber
import pytest

from serienpost import Sensitivity
from serienpost.cli.prepare import checked
from serienpost.config.loading import open_practice
from serienpost.errors import ConfigError
from serienpost_demo.catcher import Catcher
from serienpost_demo.practice import CANARY_COLUMNS, canary, write_practice
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from serienpost import FieldValue, MacroSetting

PATIENTS = 60
CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Dr. Sonnenschein", phone: "0351 1234567"}}
database: sqlite:///praxis.db
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-macros-practice, serienpost-channel-smtp, serienpost-channel-smscreator,
          serienpost-channel-letter]
consent: {{flags_purposes: [information]}}
accounts:
  email: {{channel: smtp, host: 127.0.0.1, port: {port}, security: none, connections: 2,
          sender: "Praxis Dr. Sonnenschein <praxis@example.org>"}}
  sms: {{channel: smscreator, base_url: "{sms}", user: "secret:SMS_USER",
        password: "secret:SMS_PASSWORD", rate: [1000/second], spread: false}}
  letter: {{channel: letter, folder: briefe}}
"""
MAILING = """\
source: patients
select: {{}}
account: {kind}
purpose: information
{subject}text: "{{{{Briefanrede}}}} {text} {{{{Praxis}}}}"
"""
OWN_MACROS = {"email": "{{Email}}", "sms": "{{Mobil}}", "letter": "{{Anschrift}}"}
OWN_COLUMNS = {
    "email": {"email"},
    "sms": {"mobil", "telefon"},
    "letter": {"strasse", "plz", "ort", "adresszusatz", "postfach"},
}
"""Columns that belong to the kind: they may stand in its messages and in its ledger."""


@dataclass
class Traces:
    """Everything that a run of one kind wrote, sent or printed."""

    folder: Path
    kind: str
    catcher: Catcher
    provider: FakeSmsCreator
    printed: dict[str, str] = field(default_factory=dict)

    def run(self, *args: str) -> str:
        command = [sys.executable, "-m", "serienpost", "-C", str(self.folder), *args]
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
            env={**os.environ, "SMS_USER": "praxis", "SMS_PASSWORD": "geheim"},
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        self.printed[" ".join(args[:1])] = done.stdout
        self.printed[f"{args[0]} (log)"] = done.stderr
        return done.stdout

    def everything(self) -> dict[str, str]:
        """Where -> what, as text; of a PDF also what its pages show."""
        files = {
            str(path.relative_to(self.folder)): text_of(path)
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != "praxis.db"
        }
        wire = {
            f"wire {number}": caught.data.decode("utf-8", "replace")
            for number, caught in enumerate(self.catcher.messages)
        }
        orders = {
            f"order {number}": str(job) for number, job in enumerate(self.provider.gateway.jobs)
        }
        asked = {"URLs of requests": str(self.provider.requests)}
        return {**files, **wire, **orders, **asked, **self.printed}


def text_of(path: Path) -> str:
    plain = path.read_bytes().decode("utf-8", "replace")
    if path.suffix != ".pdf":
        return plain
    with pdfplumber.open(path) as pdf:
        return "\n".join([plain, *(page.extract_text() for page in pdf.pages)])


@pytest.fixture(scope="module", params=["email", "sms", "letter"])
def traces(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """A practice full of canaries after a whole run."""
    kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    gateway = Gateway({"praxis": Account("praxis", "geheim")})
    with Catcher() as catcher, FakeSmsCreator(gateway) as provider:
        practice(folder, catcher.port, provider.base_url)
        found = Traces(folder, kind, catcher, provider)
        found.run("check", kind, "--json")
        run = json.loads(found.run("prepare", kind, "--json"))["run"]
        found.run("review", run, "--json")
        found.run("preview", run, "--all", "--out", str(folder / "vorschau"))
        found.run("send", run, "--yes", "--json")
        found.run("show", run, "--json")
        found.run("events", "--json")
        found.run("report", run, "--html", str(folder / "b.html"), "--csv", str(folder / "b.csv"))
    return found


def practice(folder: Path, port: int, sms: str = "https://sms.example.org") -> None:
    write_practice(folder / "praxis.db", PATIENTS, 7, date(2026, 11, 23), canaries=True)
    (folder / "serienpost.yaml").write_text(CONFIG.format(port=port, sms=sms), "utf-8")
    (folder / "mailings").mkdir()
    for kind, text in OWN_MACROS.items():
        subject = "" if kind == "sms" else 'subject: "Neues für {{Nachname}}"\n'
        filled = MAILING.format(kind=kind, subject=subject, text=text.replace("\n", " "))
        (folder / "mailings" / f"{kind}.yaml").write_text(filled, "utf-8")


def planted(*tables: str, leave_out: frozenset[str] = frozenset()) -> Iterator[str]:
    for table in tables:
        for column in CANARY_COLUMNS[table]:
            if column in leave_out or column == "plz":
                continue
            for number in range(1, 4 * PATIENTS):
                word = canary(table, column, number)
                shorter = {"mobil": word[-8:], "telefon": word[-12:], "email": word[:18]}
                yield shorter.get(column, word.split()[0])


def test_messages_left_and_carry_the_data_of_their_kind(traces: Traces) -> None:
    shown = json.loads(traces.printed["show"])
    assert shown["counts"]["accepted"] > 10
    assert bool(traces.provider.gateway.jobs) == (traces.kind == "sms")
    column = min(OWN_COLUMNS[traces.kind] - {"plz", "adresszusatz", "postfach"})
    previews = "".join(text_of(path) for path in (traces.folder / "vorschau").iterdir())
    sample = [canary("patient", column, number) for number in range(1, PATIENTS)]
    assert any(word.replace(" ", "")[-7:] in previews.replace(" ", "") for word in sample)


def test_protected_and_medical_words_are_nowhere(traces: Traces) -> None:
    contact = frozenset(CANARY_COLUMNS["interessent"][:6]) | {"adresszusatz", "postfach"}
    words = set(planted("patient", "interessent", "behandlung", "einwilligung", leave_out=contact))
    assert len(words) > 1000
    assert leaks(traces, words) == []


def test_contact_data_is_nowhere_but_in_its_own_kind(traces: Traces) -> None:
    own = frozenset(OWN_COLUMNS[traces.kind])
    words = set(planted("patient", "interessent", leave_out=own))
    assert leaks(traces, words) == []


def test_logs_hold_no_personal_data_at_all(traces: Traces) -> None:
    logs = {w: t for w, t in traces.everything().items() if "log" in w}
    assert logs
    words = set(planted("patient", "interessent"))
    assert [where for where, text in logs.items() if tokens(text) & words] == []


def leaks(traces: Traces, words: set[str]) -> list[tuple[str, str]]:
    found = traces.everything()
    assert any(name.startswith("versandbuch.db") for name in found)
    return [(where, word) for where, text in found.items() for word in tokens(text) & words]


def tokens(text: str) -> set[str]:
    """The canaries in a text, and the ends of its long numbers."""
    numbers = re.findall(r"[0-9]{8,}", text)
    return {
        *re.findall(r"kanari[0-9a-f]{12}", text),
        *(number[-8:] for number in numbers),
        *(number[-12:] for number in numbers),
    }


@dataclass(frozen=True)
class Innocent:
    """A third party's macro that says it is harmless."""

    field_name: str
    name: str = "Info"
    description: str = "Ganz harmlos."
    example: str = "Info"
    sensitivity: Sensitivity = Sensitivity.PLAIN
    kinds: frozenset[str] | None = None
    is_dated: bool = False

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.field_name})

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        return fields[self.field_name]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("diagnose", "medical"),
        ("beruf", "protected"),
        ("geburtsdatum", "protected"),
        ("krankenkasse", "protected"),
        ("irgendwas", "protected"),
        ("telefon", "which does not belong to email"),
        ("strasse", "which does not belong to email"),
    ],
)
def test_a_macro_that_calls_itself_plain_does_not_pass(
    tmp_path: Path, name: str, reason: str
) -> None:
    practice(tmp_path, 2525)
    text = MAILING.format(kind="email", subject="subject: Neues\n", text="{{Info}}")
    (tmp_path / "mailings" / "email.yaml").write_text(text, "utf-8")
    with open_practice(tmp_path) as context:
        context.registry.macros["Info"] = Innocent(name)
        with pytest.raises(ConfigError, match=reason):
            checked(context, "email", {}, due=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{Diagnose}}", "data of class medical never enters a mailing"),
        ("{% if Diagnose %}a{% endif %}", "data of class medical"),
        ("{{Geburtsdatum|datum}}", "data of class protected"),
        ("{{Anschrift}}", "which does not belong to email"),
        ("{{Telefon}}", "which does not belong to email"),
        ("{{Mobil|falls_leer('a')}}", "which does not belong to email"),
    ],
)
def test_a_forbidden_name_fails_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    practice(tmp_path, 2525)
    mailing = MAILING.format(kind="email", subject="subject: Neues\n", text=text)
    (tmp_path / "mailings" / "email.yaml").write_text(mailing, "utf-8")
    with open_practice(tmp_path) as context, pytest.raises(ConfigError, match=reason):
        checked(context, "email", {}, due=date(2026, 11, 23))
