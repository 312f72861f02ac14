"""Fields that are no text: what stands in a list is read as it was meant, or its row is refused."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook, load_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Post, Practice

BERLIN = ZoneInfo("Europe/Berlin")
DAY = datetime.now(BERLIN).date() + timedelta(days=9)

MAILING = """\
source: table
select:
  file: FILE
  columns: COLUMNS
  consent_column: ok
account: mail
purpose: PURPOSE
signature: u
once_per: none
subject: Probe
text: "{{Briefanrede}} TEXT {{Praxis}}"
"""
ADDRESSED = "Anrede: anrede, Nachname: nachname, Mail: email"


def write(
    practice: Practice,
    columns: str,
    rows: Sequence[Sequence[object]],
    *,
    text: str = "",
    purpose: str = "information",
    book: bool = False,
) -> None:
    """A list, each row with what its `columns` need and a yes, and its mailing `probe`."""
    header = ["Anrede", "Nachname", "Mail", *(one.split(":")[0] for one in columns.split(", "))]
    people = [
        ["Frau", f"Abel{n}", f"a{n}@example.org", *cells, "ja"] for n, cells in enumerate(rows)
    ]
    table = [[*header, "ok"], *people]
    file = "listen/probe.xlsx" if book else "listen/probe.csv"
    if book:
        workbook = Workbook()
        for line in table:
            workbook.active.append(line)
        workbook.save(practice.folder / file)
    else:
        lines = "\n".join(";".join(f'"{cell}"' for cell in line) for line in table)
        (practice.folder / file).write_text(lines, "utf-8")
    mailing = MAILING.replace("FILE", file).replace("COLUMNS", f"{{{ADDRESSED}, {columns}}}")
    mailing = mailing.replace("PURPOSE", purpose).replace("TEXT", text)
    (practice.folder / "mailings/probe.yaml").write_text(mailing, "utf-8")


def prepared(practice: Practice) -> list[dict[str, Any]]:
    """The rows of the review of `probe`, in the order of the list."""
    document = practice.json("prepare", "probe")
    practice.run = document["run"]
    rows: list[dict[str, Any]] = document["recipients"]
    return rows


def texts(practice: Practice, post: Post) -> dict[str, str]:
    """Send the run; what each person got."""
    practice.json("send", practice.run, "--yes")
    return {
        to.partition("@")[0]: " ".join(
            mail.get_body(("plain",)).get_content().split()  # type: ignore[union-attr]
        )
        for to, mail in post.mails().values()
    }


def test_a_no_is_no_child_whoever_wrote_it(list_practice: Practice, post: Post) -> None:
    adults = ["nein", "Nein", "0", "no", "FALSCH", "false", "n", "", "-"]
    children = ["ja", "J", "1", "wahr", "x"]
    write(list_practice, "mj: minderjaehrig", [[word] for word in adults + children])
    assert all(row["marked"] for row in prepared(list_practice))
    got = texts(list_practice, post)
    for number, word in enumerate(adults):
        assert got[f"a{number}"].startswith(f"Sehr geehrte Frau Abel{number},"), word
    for number, word in enumerate(children, start=len(adults)):
        assert got[f"a{number}"].startswith("Sehr geehrte Eltern,"), word


def test_what_is_neither_yes_nor_no_makes_its_row_unreachable(
    list_practice: Practice, post: Post
) -> None:
    words = ["nein", "vielleicht", "17", "ja?", "unbekannt"]
    write(list_practice, "mj: minderjaehrig", [[word] for word in words])
    good, *bad = prepared(list_practice)
    assert good["marked"]
    for number, row in enumerate(bad, start=3):
        assert not row["reachable"]
        assert row["unreachable_reason"].endswith(f". (listen/probe.csv, row {number})")
        assert "The column “mj” holds neither yes nor no" in row["unreachable_reason"]
        assert "write yes or no" in row["unreachable_reason"]
        assert words[number - 2] not in row["unreachable_reason"]
    head = " ".join(list_practice("review", list_practice.run, "--summary").out.split())
    assert "4 The column “mj”" in head
    assert texts(list_practice, post).keys() == {"a0"}


WRITTEN = [
    f"{DAY:%d.%m.%Y} 09:05",
    f"{DAY.day}.{DAY.month}.{DAY.year}, 9.05 Uhr",
    f"{DAY.isoformat()}T09:05",
    datetime.combine(DAY, time(9, 5), BERLIN).isoformat(),
    datetime.combine(DAY, time(9, 5), BERLIN).astimezone(UTC).isoformat(),
]
SHOWN = f"am {DAY:%d.%m.%Y} um 09:05 Uhr"
TEXT = "am {{Termin_Datum|datum}} um {{Termin_Uhrzeit|uhrzeit}} Uhr"


def test_an_appointment_list_of_csv(list_practice: Practice, post: Post) -> None:
    wrong = [f"{DAY:%d.%m.%Y}", "12/02/2026 09:05", "1 day, 2:30:00", "nächste Woche"]
    rows = [[written] for written in (*WRITTEN, *wrong)]
    write(list_practice, "Termin: termin_beginn", rows, text=TEXT, purpose="appointment")
    found = prepared(list_practice)
    assert [row["marked"] for row in found] == [True] * len(WRITTEN) + [False] * len(wrong)
    for number, row in enumerate(found[len(WRITTEN) :], start=2 + len(WRITTEN)):
        assert not row["reachable"]
        assert "The column “Termin”" in row["unreachable_reason"]
        assert "write for example 02.12.2026 09:00" in row["unreachable_reason"]
        assert f", row {number})" in row["unreachable_reason"]
    got = texts(list_practice, post)
    assert len(got) == len(WRITTEN)
    assert all(SHOWN in text for text in got.values())


def test_an_appointment_list_of_xlsx(list_practice: Practice, post: Post) -> None:
    rows: list[list[object]] = [
        [datetime.combine(DAY, time(9, 5))],
        [f"{DAY:%d.%m.%Y} 09:05"],
        [datetime.combine(DAY, time())],
        [DAY],
        [time(9, 5)],
        [46358.375],
    ]
    write(list_practice, "T: termin_beginn", rows, text=TEXT, purpose="appointment", book=True)
    found = prepared(list_practice)
    assert [row["marked"] for row in found] == [True, True, False, False, False, False]
    assert "a date without a time" in found[2]["unreachable_reason"]
    got = texts(list_practice, post)
    assert len(got) == 2
    assert all(SHOWN in text for text in got.values())


@pytest.mark.parametrize("book", [False, True])
def test_day_and_time_in_two_columns(list_practice: Practice, post: Post, book: bool) -> None:
    rows: list[list[object]] = [
        [f"{DAY:%d.%m.%Y}", "9:05"],
        [DAY if book else DAY.isoformat(), time(9, 5) if book else "09.05 Uhr"],
        [f"{DAY:%d.%m.%Y}", ""],
        ["", "9:05"],
        ["9:05", f"{DAY:%d.%m.%Y}"],
    ]
    columns = "Tag: termin_beginn, Zeit: termin_beginn"
    write(list_practice, columns, rows, text=TEXT, purpose="appointment", book=book)
    found = prepared(list_practice)
    assert [row["marked"] for row in found] == [True, True, False, False, True]
    assert "“Tag” and “Zeit”" in found[2]["unreachable_reason"]
    got = texts(list_practice, post)
    assert len(got) == 3
    assert all(SHOWN in text for text in got.values())


def test_a_number_is_no_time_and_no_yes(list_practice: Practice, post: Post) -> None:
    rows: list[list[object]] = [[DAY, time(9, 25), 1], [DAY, 9.25, 0], [DAY, time(9, 25), 1]]
    columns = "Tag: termin_beginn, Zeit: termin_beginn, mj: minderjaehrig"
    write(list_practice, columns, rows, text=TEXT, purpose="appointment", book=True)
    path = list_practice.folder / "listen/probe.xlsx"
    book = load_workbook(path)
    book.active["F4"].number_format = "0%"
    for row, number_format in ((2, "0"), (3, "0"), (4, "0")):
        book.active.cell(row, 7, 1).number_format = number_format
    book.active.append(["Frau", "Abel3", "a3@example.org", DAY, time(9, 25), 0, 1])
    book.active["G5"].number_format = '0.00 "€"'
    book.save(path)
    found = prepared(list_practice)
    assert [row["marked"] for row in found] == [True, False, False, False]
    assert "no date with a time" in found[1]["unreachable_reason"]
    assert "neither yes nor no" in found[2]["unreachable_reason"]
    assert "column_unclear" in [one["code"] for one in found[3]["consent"]]
    assert texts(list_practice, post).keys() == {"a0"}


def test_headers_as_spreadsheets_and_macs_write_them(list_practice: Practice, post: Post) -> None:
    write(list_practice, "Länge der Übung: termin_dauer", [["30"]], text="{{Termin_Dauer}}")
    written = normalize("NFD", "Länge\xa0der\nÜbung\u200b")
    list_practice.edit("listen/probe.csv", "Länge der Übung", written)
    list_practice.json("check", "probe")
    (row,) = prepared(list_practice)
    assert row["marked"]
    assert "30 Minuten" in texts(list_practice, post)["a0"]


def test_nobody_is_reminded_of_what_is_over(list_practice: Practice, post: Post) -> None:
    past = datetime.now(BERLIN) - timedelta(days=2)
    rows = [[f"{past:%d.%m.%Y %H:%M}"], [WRITTEN[0]]]
    write(list_practice, "Termin: termin_beginn", rows, text=TEXT, purpose="appointment")
    over, ahead = prepared(list_practice)
    assert over["occasion"] != ahead["occasion"]
    assert texts(list_practice, post).keys() == {"a1"}
    assert list_practice.states() == {"suppressed": 1, "accepted": 1}


def test_a_person_with_two_appointments_hears_of_both(list_practice: Practice, post: Post) -> None:
    later = WRITTEN[0].replace("09:05", "14:00")
    rows = [["7", WRITTEN[0]], ["7", later], ["8", WRITTEN[0]]]
    columns = "Nr: nummer, Termin: termin_beginn"
    write(list_practice, columns, rows, text=TEXT, purpose="appointment")
    list_practice.edit("mailings/probe.yaml", "once_per: none", "once_per: occasion")
    list_practice.edit("mailings/probe.yaml", "  consent_column", "  key: Nr\n  consent_column")
    list_practice.json("run", "probe", "--yes")
    assert len(post.mails()) == 3
    list_practice.edit("listen/probe.csv", later, later + ":00")
    list_practice.json("run", "probe", "--yes")
    assert len(post.mails()) == 3
    list_practice.edit("listen/probe.csv", later + ":00", WRITTEN[0].replace("09:05", "15:00"))
    list_practice.json("run", "probe", "--yes")
    assert len(post.mails()) == 4
    list_practice.edit("listen/probe.csv", '"8"', '"7"')
    (problem,) = list_practice.refused("run", "probe", "--yes")
    assert "the same key as row 2" in problem["message"]
    assert problem["line"] == 4


def test_an_appointment_that_was_moved_does_not_leave(list_practice: Practice, post: Post) -> None:
    columns = "Nr: nummer, Termin: termin_beginn"
    rows = [["7", WRITTEN[0]], ["8", WRITTEN[0]]]
    write(list_practice, columns, rows, text=TEXT, purpose="appointment")
    list_practice.edit("mailings/probe.yaml", "  consent_column", "  key: Nr\n  consent_column")
    prepared(list_practice)
    old = f'"8";"{WRITTEN[0]}"'
    list_practice.edit("listen/probe.csv", old, old.replace("09:05", "10:05"))
    assert texts(list_practice, post).keys() == {"a0"}


def test_minutes_are_a_whole_number(list_practice: Practice, post: Post) -> None:
    rows = [["30"], ["1.234"], ["30 oder 45"], ["30,0"]]
    write(list_practice, "Dauer: termin_dauer", rows, text="{{Termin_Dauer}}")
    assert [row["marked"] for row in prepared(list_practice)] == [True, False, False, True]
    assert all("30 Minuten" in text for text in texts(list_practice, post).values())


def test_one_bad_row_keeps_nobody_else_from_an_unattended_run(
    list_practice: Practice, post: Post
) -> None:
    columns = "Nr: nummer, Termin: termin_beginn"
    rows = [["7", WRITTEN[0]], ["8", "bald"], ["8", "demnächst"]]
    write(list_practice, columns, rows, text=TEXT, purpose="appointment")
    list_practice.edit("mailings/probe.yaml", "once_per: none", "once_per: occasion")
    list_practice.edit("mailings/probe.yaml", "  consent_column", "  key: Nr\n  consent_column")
    list_practice.json("run", "probe", "--yes")
    assert [to for to, _ in post.mails().values()] == ["a0@example.org"]


MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
WEEKDAYS = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"
DAY_FORMS: list[Callable[[datetime], str]] = [
    lambda at: f"{at.day}.{at.month}.{at.year}",
    lambda at: f"{at:%d.%m.%Y}",
    lambda at: f"{at:%d.%m.%y}",
    lambda at: f"{at.day}. {MONTHS.split()[at.month - 1]} {at.year}",
    lambda at: f"{WEEKDAYS.split()[at.weekday()]}, {at:%d.%m.%Y}",
    lambda at: f"{WEEKDAYS.split()[at.weekday()][:2]}. {at:%d.%m.%Y}",
    lambda at: f"{at:%Y-%m-%d}",
]
TIME_FORMS: list[Callable[[datetime], str]] = [
    lambda at: f" {at.hour}:{at:%M}",
    lambda at: f", {at:%H:%M}:00",
    lambda at: f" um {at:%H.%M} Uhr",
    lambda at: f" - {at.hour} Uhr {at:%M}",
]


def test_any_appointment_arrives_as_it_was_typed(list_practice: Practice, post: Post) -> None:
    draw = random.Random(19)
    start = datetime.combine(DAY, time())
    moments = [start + timedelta(minutes=draw.randrange(3 * 366 * 24 * 60)) for _ in range(60)]
    rows = [[draw.choice(DAY_FORMS)(at) + draw.choice(TIME_FORMS)(at)] for at in moments]
    write(list_practice, "Termin: termin_beginn", rows, text=TEXT, purpose="appointment")
    found = prepared(list_practice)
    got = texts(list_practice, post)
    for number, (at, row) in enumerate(zip(moments, found, strict=True)):
        local = at.replace(tzinfo=BERLIN)
        is_changed = local.utcoffset() != local.replace(fold=1).utcoffset()
        assert row["marked"] is not (is_changed or at.time() == time()), rows[number]
        if row["marked"]:
            assert f"am {at:%d.%m.%Y} um {at:%H:%M} Uhr" in got[f"a{number}"], rows[number]


THIRD = """\
from serienpost import CurrentState, Row, StrictModel, hookimpl

WORDS = ["nein", "0", "ja", "wohl kaum", False, 1]

def fields(n, request):
    known = {"anrede": "Frau", "nachname": "Abel", "email": f"a{n}@example.org",
             "minderjaehrig": WORDS[n]}
    return {name: known.get(name) for name in request.fields}

class Selection(StrictModel):
    pass

class Fremd:
    name, title, selection = "fremd", "From another program", Selection

    def offers(self, context, selection):
        names = ("anrede titel vorsatzwort vorname nachname namenszusatz geschlecht email"
                 " minderjaehrig vertreter_anrede vertreter_titel vertreter_vorsatzwort"
                 " vertreter_vorname vertreter_nachname vertreter_namenszusatz"
                 " vertreter_geschlecht")
        return dict.fromkeys(names.split())

    def is_relative(self, selection):
        return False

    def rows(self, context, selection, request):
        yield [Row(f"gast:{n}", fields(n, request)) for n in range(len(WORDS))]

    def current(self, context, selection, rows, request):
        return [CurrentState(None, fields(int(row.person_id[5:]), request)) for row in rows]

class Jeder:
    name = "jeder"

    def check(self, context, questions):
        from serienpost import Allow
        return [Allow("everybody") for _ in questions]

@hookimpl
def serienpost_sources():
    return [Fremd()]

@hookimpl
def serienpost_consent_checks():
    return [Jeder()]
"""


def test_text_of_a_third_partys_source_is_read_or_refused(
    list_practice: Practice, post: Post
) -> None:
    list_practice.install("serienpost-fremd", THIRD)
    list_practice.edit("serienpost.yaml", "plugins: [", "plugins: [serienpost-fremd, ")
    mailing = MAILING.replace("source: table", "source: fremd").replace("PURPOSE", "information")
    begin, end = mailing.index("select:"), mailing.index("account:")
    mailing = f"{mailing[:begin]}{mailing[end:]}".replace("TEXT", "")
    (list_practice.folder / "mailings/probe.yaml").write_text(mailing, "utf-8")
    found = prepared(list_practice)
    assert [row["reachable"] for row in found] == [True, True, True, False, True, True]
    assert found[3]["unreachable_reason"] == (
        "The field minderjaehrig holds neither yes nor no; write yes or no."
    )
    got = texts(list_practice, post)
    starts = {name: text.split(",")[0] for name, text in got.items()}
    parents, her = "Sehr geehrte Eltern", "Sehr geehrte Frau Abel"
    assert starts == {"a0": her, "a1": her, "a2": parents, "a4": her, "a5": parents}
