"""The same attacks through the command line: mailings are checked, prepared and sent for real.

Texts end at `check`, with file and line. Values stand in the practice's database; what leaves for
them is compared with what leaves for a patient called Müller.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category

import pytest
from attack_corpus.attacks import MAIL_ONLY, RUN_VALUES, TEMPLATES

from serienpost.cli.edge import run
from serienpost_demo.catcher import Catcher
from serienpost_demo.practice import write_practice

if TYPE_CHECKING:
    from email.message import EmailMessage

KINDS = ("email", "sms", "letter")
BENIGN = 1
"""The id of the patient called Müller; the others follow in the order of the corpus."""

CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Null", unsubscribe_url: "https://example.org/ab/"}}
database: sqlite:///praxis.db
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-macros-practice, serienpost-channel-smtp, serienpost-testkit]
consent: {{flags_purposes: [information]}}
accounts:
  email: {{channel: smtp, host: 127.0.0.1, port: {port}, security: none, connections: 4,
          sender: "Praxis Null <praxis@example.org>"}}
  sms: {{channel: null-sms, oracle: sms.tsv}}
  letter: {{channel: null-letter, oracle: letter.tsv}}
"null": {{default: abstain}}
"""
TEXT = "{{Briefanrede}} {{Vorname}} {{Nachname}}, Nummer {{PatientenNr}}, bis bald. {{Praxis}}"


@dataclass
class Practice:
    """A practice whose patients are called like attacks, and the mail server it sends to."""

    folder: Path
    catcher: Catcher
    capture: pytest.CaptureFixture[str]

    def mailing(self, name: str, kind: str, text: str, subject: str = "Gruß") -> None:
        head = "" if kind == "sms" else f"subject: {json.dumps(subject)}\n"
        (self.folder / "mailings" / f"{name}.yaml").write_text(
            f"source: patients\nselect: {{}}\naccount: {kind}\npurpose: information\n"
            f"{head}text: {json.dumps(text)}\n",
            "utf-8",
        )

    def __call__(self, *args: str, code: int = 0) -> dict[str, Any]:
        self.capture.readouterr()
        ended = run(["-C", str(self.folder), *args, "--json"])
        said = self.capture.readouterr()
        assert ended == code, said.out[-2000:] + said.err[-2000:]
        assert "a bug" not in said.err
        document: dict[str, Any] = json.loads(said.out)
        return document


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database: a patient called Müller, then one per attack."""
    file = tmp_path_factory.mktemp("attacked") / "praxis.db"
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
    return file


@pytest.fixture
def practice(tmp_path: Path, attacked: Path, capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401
    (tmp_path / "praxis.db").write_bytes(attacked.read_bytes())
    (tmp_path / "mailings").mkdir()
    with Catcher() as catcher:
        (tmp_path / "serienpost.yaml").write_text(CONFIG.format(port=catcher.port), "utf-8")
        yield Practice(tmp_path, catcher, capsys)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_end_at_check(practice: Practice, kind: str) -> None:
    attacks = TEMPLATES + (MAIL_ONLY if kind == "email" else [])
    for number, text in enumerate(attacks):
        if kind == "sms" and text.startswith("["):
            continue
        attack = text.replace("X", "Vorname")
        practice.mailing(f"t{number}", kind, f"Guten Tag,\n\n{attack}\n\n{{{{Praxis}}}}")
        problems = practice("check", f"t{number}", code=3)["problems"]
        assert all(one["file"].endswith(f"t{number}.yaml") for one in problems), attack
        assert all(one["line"] for one in problems), attack
    assert not (practice.folder / "versandbuch.db").exists()


@pytest.mark.parametrize("in_subject", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_values_leave_as_text_or_not_at_all(
    practice: Practice, kind: str, in_subject: bool
) -> None:
    subject = "An {{Nachname}}" if in_subject and kind != "sms" else "Gruß"
    practice.mailing("brief", kind, TEXT, subject)
    prepared = practice("prepare", "brief")
    rows = {row["id"]: row for row in prepared["recipients"]}
    assert len(rows) == len(RUN_VALUES) + 1
    assert rows[f"patient:{BENIGN}"]["marked"]
    for row in rows.values():
        assert row["allowed"]
        assert row["marked"] or row["unmarked"]["code"] in ("value_refused", "missing_value")
    marked = {id_ for id_, row in rows.items() if row["marked"]}
    assert len(marked) > 20
    files = practice("preview", prepared["run"], "--all")["files"]
    before = [Path(one["file"]).read_text("utf-8") for one in files]
    assert len(before) == len(marked)
    practice("send", prepared["run"], "--yes")
    messages = practice("show", prepared["run"])["messages"]
    assert {m["id"] for m in messages if m["state"] == "accepted"} == marked
    if kind == "email":
        compare_mails(practice.catcher, marked)
    else:
        compare_texts(before, kind)
    oracle = practice.folder / f"{kind}.tsv"
    if kind != "email":
        assert len(oracle.read_text("ascii").splitlines()) == len(marked)


@pytest.mark.parametrize(
    ("kind", "column"),
    [("email", "email"), ("sms", "mobil"), ("letter", "strasse"), ("letter", "ort")],
)
def test_values_as_addresses_reach_nobody_else(practice: Practice, kind: str, column: str) -> None:
    with closing(sqlite3.connect(practice.folder / "praxis.db")) as db, db:
        db.execute(f"UPDATE patient SET {column} = nachname, nachname = 'Muster' WHERE id > 1")
    practice.mailing("brief", kind, "{{Briefanrede}} {{Praxis}}")
    prepared = practice("prepare", "brief")
    reachable = [row for row in prepared["recipients"] if row["reachable"]]
    assert len(prepared["recipients"]) == len(RUN_VALUES) + 1
    for row in reachable:
        unseen = {category(sign) for sign in row["address"].replace("\n", "")}
        assert not unseen & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert len(row["address"].split("\n")) == (2 if kind == "letter" else 1)
    assert len(reachable) == 1 or kind == "letter"
    practice("send", prepared["run"], "--yes")
    assert [caught.recipients for caught in practice.catcher.messages] == (
        [("ada1@example.org",)] if kind == "email" else []
    )


def compare_mails(catcher: Catcher, marked: set[str]) -> None:
    """Every mail has one recipient, its own, and headers, parts and tags like the benign one."""
    expected = [f"ada{id_.partition(':')[2]}@example.org" for id_ in marked]
    assert Counter(caught.recipients for caught in catcher.messages) == Counter(
        (address,) for address in expected
    )
    mails = {
        caught.recipients[0]: message_from_bytes(caught.data, policy=policy.default)
        for caught in catcher.messages
    }
    benign = shape(mails[f"ada{BENIGN}@example.org"])  # type: ignore[arg-type]
    for address, mail in mails.items():
        assert str(mail["To"]) == address
        assert shape(mail) == benign, address  # type: ignore[arg-type]
        assert "49" not in mail.get_body(("plain",)).get_content(), address  # type: ignore[attr-defined]


def shape(mail: EmailMessage) -> tuple[object, ...]:
    """What a mail is made of, without what it says."""
    page = mail.get_body(("html",))
    assert page is not None
    return (
        mail.keys(),
        [part.get_content_type() for part in mail.walk()],
        _Tags(page.get_content()).seen,
    )


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, object]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.seen.append((tag, attrs))


def compare_texts(texts: list[str], kind: str) -> None:
    """Sender, recipient and what follows the value stand where they stand for Müller."""
    for text in texts:
        assert text.startswith("+49152" if kind == "sms" else "Weg 1\n01067 Dresden\n")
        assert "49" not in text.replace("+49", "")
        assert text.rstrip().endswith("bis bald. Praxis Null")
