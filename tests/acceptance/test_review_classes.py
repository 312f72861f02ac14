"""Who may be written to: one row per class of flags, register, suppression, status and age.

Each row is a person of its own in one practice database; what is expected was written by hand
from the rules of the manual. Today is the real day in the practice, ages and days count from it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost import SerienpostError, open_practice
from serienpost.service import Run
from serienpost_demo.practice.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Practice
    from serienpost.service.answers import Recipient

# Columns: age | flag | flag of the representative | written consents | suppressed | status
#          | kind | purpose | expected | after an override
# Age: a adult, c child, n child without representative, y child of a child, t 18 today,
#   m 18 tomorrow, u date of birth unknown.
# Flag: ja, nein, - unknown.
# Consents: purpose of a valid one; `!` withdrawn, `>` from tomorrow, `@` for another address,
#   `2` given again after a withdrawal; `r:` of the representative, `x:` for another kind.
# Purposes: information and recall are covered by flags; recall and poll need the register.
CLASSES = """
a | ja | - | | - | - | email | information | JA | -
a | ja | - | | - | - | sms | information | JA | -
a | ja | - | | - | - | letter | information | JA | -
u | ja | - | | - | - | email | information | JA | -
t | ja | nein | | - | - | email | information | JA | -
t | nein | ja | | - | - | email | information | flags.flag_no | no
a | nein | - | | - | - | email | information | flags.flag_no | no
a | nein | - | | - | - | sms | information | flags.flag_no | no
a | nein | - | | - | - | letter | information | flags.flag_no | no
a | - | - | | - | - | email | information | flags.flag_unknown | no
a | - | - | | - | - | sms | information | flags.flag_unknown | no
a | - | - | | - | - | letter | information | flags.flag_unknown | no
a | ja | - | | - | - | email | offer | consent.no_permission | no
a | nein | - | | - | - | email | offer | flags.flag_no | no
a | - | - | | - | - | email | offer | flags.flag_unknown | no
a | ja | - | | - | - | email | poll | register.required | no
a | - | - | | - | - | email | poll | flags.flag_unknown | no
a | ja | - | | - | - | email | recall | register.required | no
a | ja | - | information | - | - | email | information | JA | -
a | ja | - | alle | - | - | email | information | JA | -
a | ja | - | offer | - | - | email | offer | JA | -
a | ja | - | offer | - | - | sms | offer | JA | -
a | ja | - | offer | - | - | letter | offer | JA | -
a | ja | - | alle | - | - | sms | offer | JA | -
a | ja | - | poll | - | - | email | poll | JA | -
a | ja | - | recall | - | - | email | recall | JA | -
a | ja | - | alle | - | - | letter | recall | JA | -
a | nein | - | alle | - | - | email | information | flags.flag_no | no
a | nein | - | offer | - | - | email | offer | flags.flag_no | no
a | - | - | offer | - | - | email | offer | flags.flag_unknown | no
a | - | - | poll | - | - | email | poll | flags.flag_unknown | no
a | ja | - | x:offer | - | - | email | offer | consent.no_permission | no
a | ja | - | x:offer! | - | - | email | information | JA | -
a | ja | - | x:poll | - | - | email | poll | register.required | no
a | ja | - | offer | - | - | email | information | register.other_purpose | yes
a | ja | - | information | - | - | email | offer | register.other_purpose | yes
a | ja | - | recall | - | - | email | poll | register.other_purpose | yes
a | - | - | recall | - | - | email | information | flags.flag_unknown | no
a | nein | - | recall | - | - | email | information | flags.flag_no | no
a | ja | - | information! | - | - | email | information | register.withdrawn | no
a | ja | - | alle! | - | - | email | information | register.withdrawn | no
a | ja | - | offer! | - | - | sms | offer | register.withdrawn | no
a | ja | - | offer! | - | - | letter | offer | register.withdrawn | no
a | - | - | information! | - | - | email | information | flags.flag_unknown | no
a | ja | - | poll! | - | - | email | poll | register.withdrawn | no
a | ja | - | offer! | - | - | email | information | register.other_purpose | yes
a | ja | - | offer!, information | - | - | email | information | JA | -
a | ja | - | offer!, alle | - | - | email | offer | register.withdrawn | no
a | ja | - | offer!, alle | - | - | email | information | JA | -
a | ja | - | offer!, offer2 | - | - | email | offer | JA | -
a | ja | - | offer> | - | - | email | offer | register.not_yet_valid | yes
a | ja | - | poll> | - | - | email | poll | register.not_yet_valid | yes
a | ja | - | information> | - | - | sms | information | register.not_yet_valid | yes
a | ja | - | offer>, alle | - | - | email | offer | JA | -
a | ja | - | offer@ | - | - | email | offer | register.other_address | yes
a | ja | - | offer@ | - | - | sms | offer | register.other_address | yes
a | ja | - | offer@ | - | - | letter | offer | register.other_address | yes
a | ja | - | offer@, offer | - | - | email | offer | JA | -
a | ja | - | | yes | - | email | information | suppression.suppressed_manual | no
a | ja | - | | yes | - | sms | information | suppression.suppressed_manual | no
a | - | - | | yes | - | email | information | suppression.suppressed_manual | no
a | ja | - | offer | yes | - | email | offer | suppression.suppressed_manual | no
a | ja | - | offer! | yes | - | email | offer | suppression.suppressed_manual | no
a | ja | - | | other | - | email | information | JA | -
a | ja | - | | - | dead | email | information | status.deceased | no
a | ja | - | | - | dead | letter | information | status.deceased | no
a | - | - | alle | - | dead | email | offer | status.deceased | no
a | ja | - | | - | block | sms | information | status.blocked | no
a | ja | - | poll | - | block | email | poll | status.blocked | no
a | - | - | | - | block | email | information | status.blocked | no
c | - | ja | | - | - | email | information | JA | -
c | nein | ja | | - | - | sms | information | JA | -
c | nein | ja | | - | - | letter | information | JA | -
m | nein | ja | | - | - | email | information | JA | -
m | ja | nein | | - | - | email | information | flags.flag_no | no
c | ja | nein | | - | - | email | information | flags.flag_no | no
c | ja | - | | - | - | sms | information | flags.flag_unknown | no
c | ja | ja | offer | - | - | email | offer | consent.no_permission | no
c | ja | ja | r:offer | - | - | email | offer | JA | -
c | ja | ja | r:poll | - | - | letter | poll | JA | -
c | ja | ja | poll | - | - | email | poll | register.required | no
c | ja | ja | r:offer!, offer | - | - | email | offer | register.withdrawn | no
c | ja | ja | r:recall | - | - | email | information | register.other_purpose | yes
c | ja | ja | information! | - | - | email | information | JA | -
c | ja | ja | | yes | - | email | information | suppression.suppressed_manual | no
c | ja | ja | | - | dead | email | information | status.deceased | no
c | ja | ja | | - | block | email | information | status.blocked | no
c | ja | ja | | - | rdead | email | information | status.representative_deceased | no
c | ja | ja | | - | rblock | letter | information | status.representative_blocked | no
n | ja | - | alle | - | - | email | information | unreachable | no
n | ja | - | alle | - | - | letter | information | unreachable | no
y | ja | ja | r:alle | - | - | sms | information | unreachable | no
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in CLASSES.strip().splitlines()]
KINDS = ("email", "sms", "letter")
PURPOSES = ("information", "offer", "poll", "recall")
TODAY = datetime.now(ZoneInfo("Europe/Berlin")).date()  # as the practice counts

CONFIG = """\
practice: {id: sonnenschein, name: "Praxis Dr. Sonnenschein", timezone: Europe/Berlin}
database: sqlite:///praxis.db
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-consent-register, serienpost-testkit]
purposes: [offer, poll]
consent:
  require: {default: [], poll: [register], recall: [register]}
  override: true
  flags_purposes: [information, recall]
accounts:
  email: {channel: null-email}
  sms: {channel: null-sms}
  letter: {channel: null-letter}
"null": {default: abstain}
"""


def born(years: int, days: int = 0) -> str:
    day = TODAY + timedelta(days=days)
    return day.replace(year=day.year - years, day=min(day.day, 28)).isoformat()


def exactly_18(days: int) -> str:
    day = TODAY + timedelta(days=days)
    try:
        return day.replace(year=day.year - 18).isoformat()
    except ValueError:
        return day.replace(year=day.year - 18, month=3, day=1).isoformat()


def births() -> dict[str, str | None]:
    return {
        "a": born(40),
        **dict.fromkeys("cny", born(9)),
        "t": exactly_18(0),
        "m": exactly_18(1),
        "u": None,
    }


def enter(db: sqlite3.Connection, number: int, row: list[str]) -> None:
    age, flag, guardian_flag, consents, _, status, kind, *_ = row
    guardian = 1000 + number
    state = {"dead": (1, 0), "block": (0, 1)}
    persons = [
        (number, births()[age], flag, guardian if age in "cytm" else None, status),
        (guardian, born(9 if age == "y" else 45), guardian_flag, None, status.removeprefix("r")
         if status.startswith("r") else "-"),
    ]  # fmt: skip
    for id_, birth, entry, represented_by, condition in persons:
        dead, blocked = state.get(condition, (0, 0))
        db.execute(
            "INSERT INTO patient (id, nummer, vorname, nachname, geburtsdatum, email, mobil,"
            " strasse, plz, ort, kontakt_email, kontakt_sms, kontakt_brief, vertreter_id,"
            " verstorben, gesperrt) VALUES (?,?,'Ada','Muster',?,?,?,?,'01067','Dresden',"
            "?,?,?,?,?,?)",
            (id_, str(id_), birth, f"p{id_}@example.org", f"0176 0{id_:07d}", f"Weg {id_}",
             *[None if entry == "-" else entry] * 3, represented_by, dead, blocked),
        )  # fmt: skip
    for word in filter(None, map(str.strip, consents.split(","))):
        of_guardian, purpose = word.startswith("r:"), word.removeprefix("r:")
        other_kind, purpose = purpose.startswith("x:"), purpose.removeprefix("x:")
        given, withdrawn, address = TODAY - timedelta(days=300), None, None
        if purpose.endswith("!"):
            withdrawn = TODAY - timedelta(days=100)
        if purpose.endswith("2"):
            given = TODAY - timedelta(days=50)
        if purpose.endswith(">"):
            given = TODAY + timedelta(days=2)
        if purpose.endswith("@"):
            address = {"email": "alt@example.org", "sms": "0176 9999999"}.get(kind, "Alter Weg 1")
        db.execute(
            "INSERT INTO einwilligung (person_typ, person_id, kontaktart, zweck, adresse,"
            " erteilt_am, widerrufen_am) VALUES ('patient',?,?,?,?,?,?)",
            (guardian if of_guardian else number,
             KINDS[(KINDS.index(kind) + 1) % 3] if other_kind else kind,
             purpose.rstrip("!2>@"), address, str(given), withdrawn and str(withdrawn)),
        )  # fmt: skip


class Classes:
    """One prepared run per kind and purpose over everybody in the table."""

    def __init__(self, practice: Practice) -> None:
        self.runs: dict[tuple[str, str], tuple[Run, dict[str, Recipient]]] = {}
        for kind in KINDS:
            for purpose in PURPOSES:
                run = practice.prepare(f"{kind}-{purpose}", due=TODAY)
                assert isinstance(run, Run)
                self.runs[kind, purpose] = run, by_person(run)


def by_person(run: Run) -> dict[str, Recipient]:
    return {row.id: row for row in run.recipients()}


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classes]:
    folder = tmp_path_factory.mktemp("classes")
    (folder / "mailings").mkdir()
    (folder / "serienpost.yaml").write_text(CONFIG, "utf-8")
    for kind in KINDS:
        for purpose in PURPOSES:
            subject = "" if kind == "sms" else "subject: Gruß\n"
            (folder / "mailings" / f"{kind}-{purpose}.yaml").write_text(
                f"source: patients\nselect: {{}}\naccount: {kind}\npurpose: {purpose}\n{subject}"
                "text: Guten Tag aus der Praxis Dr. Sonnenschein.\n",
                "utf-8",
            )
    with contextlib.closing(sqlite3.connect(folder / "praxis.db")) as db, db:
        db.executescript(TABLES)
        for number, row in enumerate(ROWS, start=1):
            enter(db, number, row)
    with open_practice(folder, actor="test") as practice:
        for number, row in enumerate(ROWS, start=1):
            for kind, value in suppressed_addresses(number, row):
                assert practice.suppress([value], kind=kind).added == 1
        yield Classes(practice)


def suppressed_addresses(number: int, row: list[str]) -> list[tuple[str, str]]:
    age, suppressed, kind = row[0], row[4], row[6]
    id_ = number + 1000 if age == "c" else number
    values = {"email": f"p{id_}@example.org", "sms": f"+491760{id_:07d}"}
    other = "sms" if kind == "email" else "email"
    word = {"yes": kind, "other": other}.get(suppressed)
    return [(word, values[word])] if word else []


def first_denial(row: Recipient) -> str:
    if not row.reachable:
        return "unreachable"
    if row.allowed:
        return "JA"
    first = next(answer for answer in row.consent if answer["verdict"] == "deny")
    return f"{first['check']}.{first['code']}"


@pytest.mark.parametrize("number", range(1, len(ROWS) + 1), ids=lambda n: "|".join(ROWS[n - 1]))
def test_class(classes: Classes, number: int) -> None:
    kind, purpose, expected, after_override = ROWS[number - 1][6:]
    run, rows = classes.runs[kind, purpose]
    row = rows[f"patient:{number}"]
    assert first_denial(row) == expected
    assert row.marked is (expected == "JA")
    if expected == "JA":
        assert after_override == "-"
        return
    if after_override == "yes":
        run.mark(override=[row.row], reason="am Telefon")
    else:
        with pytest.raises(SerienpostError):
            run.mark(override=[row.row], reason="am Telefon")
    now = by_person(run)[row.id]
    assert now.marked is now.allowed is (after_override == "yes")


def test_the_table_covers_every_word() -> None:
    assert len(ROWS) >= 80
    columns = [set(column) for column in zip(*ROWS, strict=True)]
    assert columns[0] == set("acnytmu")
    assert columns[1] == columns[2] == {"ja", "nein", "-"}
    assert columns[4:8] == [
        {"yes", "other", "-"},
        {"dead", "block", "rdead", "rblock", "-"},
        set(KINDS),
        set(PURPOSES),
    ]
