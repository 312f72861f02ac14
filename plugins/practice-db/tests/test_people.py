"""Reading people: exactly the requested fields, minors, order, batches."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost import RowRequest, SourceError
from serienpost_practice_db import conditions as where
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.evidence import ABSENT
from serienpost_practice_db.mapping import EntityMapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Row

DUE = date(2026, 3, 2)


def read(context: Context, *fields: str, due: date = DUE, entity: str = "patient") -> list[Row]:
    request = RowRequest(frozenset(fields), due)
    return [row for rows in PracticeDb.of(context).stream(entity, [], request) for row in rows]


def family(add: Callable[..., None]) -> None:
    add("patient", id=1, vorname="Ute", nachname="Klos", email="ute@example.org", ort="Ulm",
        geburtsdatum="1980-01-01", anrede="Frau")  # fmt: skip
    add("patient", id=2, vorname="Lena", nachname="Kind", email="lena@example.org", ort="Bonn",
        geburtsdatum="2015-05-05", vertreter_id=1)  # fmt: skip
    add("patient", id=3, vorname="Tom", nachname="Ohne", email="tom@example.org",
        geburtsdatum="2015-05-05")  # fmt: skip
    add("patient", id=4, vorname="Max", nachname="Groß", email="max@example.org",
        geburtsdatum="2000-05-05", vertreter_id=1)  # fmt: skip
    add("patient", id=5, vorname="Ohne", nachname="Datum", email="o@example.org", vertreter_id=1)
    add("patient", id=6, vorname="Jan", nachname="Fehlt", email="jan@example.org",
        geburtsdatum="2015-05-05", vertreter_id=999)  # fmt: skip
    add("patient", id=7, vorname="Mia", nachname="Enkel", email="mia@example.org",
        geburtsdatum="2025-05-05", vertreter_id=2)  # fmt: skip


def test_minors_are_written_to_through_their_representative(
    add: Callable[..., None], context: Context
) -> None:
    family(add)
    rows = read(context, "vorname", "email", "ort", "vertreter_nachname", "minderjaehrig")
    found = {
        row.person_id: (
            row.fields["email"],
            row.fields["vertreter_nachname"],
            row.consenting_id,
            row.unreachable[0] if row.unreachable else None,
            row.fields["minderjaehrig"],
        )
        for row in rows
    }
    assert found == {
        "patient:1": ("ute@example.org", None, None, None, False),
        "patient:2": ("ute@example.org", "Klos", "patient:1", None, True),
        "patient:3": (None, None, None, "no_representative", True),
        "patient:4": ("max@example.org", None, None, None, False),
        "patient:5": ("o@example.org", None, None, None, False),
        "patient:6": (None, None, None, "no_representative", True),
        "patient:7": (None, None, None, "no_representative", True),
    }
    assert rows[1].fields["ort"] == "Ulm"
    assert rows[1].fields["vorname"] == "Lena"


def test_who_consents_does_not_depend_on_the_fields(
    add: Callable[..., None], context: Context
) -> None:
    family(add)
    assert [row.consenting_id for row in read(context)][:2] == [None, "patient:1"]


@pytest.mark.parametrize(
    ("born", "due", "is_minor"),
    [
        ("2008-03-03", date(2026, 3, 2), True),
        ("2008-03-02", date(2026, 3, 2), False),
        ("2008-03-01", date(2026, 3, 2), False),
        ("2008-02-29", date(2026, 2, 28), True),
        ("2008-02-29", date(2026, 3, 1), False),
        ("2010-02-28", date(2028, 2, 29), False),
        ("2010-03-01", date(2028, 2, 29), True),
        ("2008-03-02 00:00:00", date(2026, 3, 2), False),
        ("unbekannt", date(2026, 3, 2), True),
        (None, date(2026, 3, 2), False),
    ],
)
def test_age_counts_on_the_day_of_leaving(
    add: Callable[..., None], context: Context, born: str | None, due: date, is_minor: bool
) -> None:
    add("patient", id=1, geburtsdatum=born)
    (row,) = read(context, "minderjaehrig", due=due)
    assert row.fields["minderjaehrig"] is is_minor
    for other in (date(2000, 1, 1), date(2050, 1, 1)):
        request = RowRequest(frozenset({"minderjaehrig"}), other, leaves_on=due)
        people = PracticeDb.of(context).by_ids("patient", ["patient:1"], request)
        assert people["patient:1"].fields["minderjaehrig"] is is_minor


def test_a_representative_comes_of_age_too(add: Callable[..., None], context: Context) -> None:
    """The mother is 18 on 2 March; the day before, her child has nobody."""
    add("patient", id=1, email="ute@example.org", geburtsdatum="2008-03-02")
    add("patient", id=2, geburtsdatum="2025-05-05", vertreter_id=1)
    found = {}
    for day in (1, 2):
        request = RowRequest(frozenset({"email"}), DUE, leaves_on=date(2026, 3, day))
        row = PracticeDb.of(context).by_ids("patient", ["patient:2"], request)["patient:2"]
        found[day] = (row.consenting_id, row.fields["email"], bool(row.unreachable))
    assert found == {1: (None, None, True), 2: ("patient:1", "ute@example.org", False)}


def test_rows_have_the_requested_fields_and_none_for_lacking_ones(
    add: Callable[..., None], context: Context
) -> None:
    add("interessent", id=4, vorname="Eva", nachname="Neu")
    (row,) = read(context, "vorname", "vorsatzwort", "termin_beginn", entity="interessent")
    assert row.person_id == "interessent:4"
    assert row.fields == {"vorname": "Eva", "vorsatzwort": None, "termin_beginn": None}
    assert row.consenting_id is None


@pytest.mark.parametrize("field", ["geburtsdatum", "diagnose", "beruf", "gesperrt", "erfunden"])
def test_protected_fields_are_refused(context: Context, field: str) -> None:
    with pytest.raises(SourceError, match=field):
        read(context, "vorname", field)


def test_offers_only_what_may_leave(context: Context) -> None:
    offered = PracticeDb.of(context).schema.offers("patient")
    assert {"vorname", "email", "minderjaehrig", "vertreter_nachname"} <= offered.keys()
    assert not {"geburtsdatum", "beruf", "gesperrt", "kontakt_email"} & offered.keys()
    of_interessent = PracticeDb.of(context).schema.offers("interessent")
    assert {"vorname", "minderjaehrig", "vertreter_nachname"} <= of_interessent.keys()
    assert {"adresszusatz", "postfach"} <= of_interessent.keys(), "an address may lack them"


def test_batches_stay_small_and_in_order(add: Callable[..., None], context: Context) -> None:
    for number in (5, 3, 1, 4, 2):
        add("patient", id=number)
    request = RowRequest(frozenset(), DUE, batch=2)
    batches = list(PracticeDb.of(context).stream("patient", [], request))
    assert [[row.person_id for row in rows] for rows in batches] == [
        ["patient:1", "patient:2"],
        ["patient:3", "patient:4"],
        ["patient:5"],
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (("nachname",), "132"),
        (("-nachname",), "312"),
        (("ort", "-nachname"), "312"),
        ((), "123"),
    ],
)
def test_order_follows_the_telephone_book(
    add: Callable[..., None], context: Context, order: tuple[str, ...], expected: str
) -> None:
    add("patient", id=1, nachname="oeser", ort="Ulm")
    add("patient", id=2, nachname=None, ort="Ulm")
    add("patient", id=3, nachname="Özil", ort="ulm")
    request = RowRequest(frozenset(), DUE, order_by=order)
    (rows,) = PracticeDb.of(context).stream("patient", [], request)
    assert "".join(row.person_id[-1] for row in rows) == expected


@pytest.mark.parametrize("order", ["geburtsdatum", "-diagnose", "nachnahme"])
def test_impossible_orders_are_refused(context: Context, order: str) -> None:
    request = RowRequest(frozenset(), DUE, order_by=(order,))
    with pytest.raises(SourceError, match=order.removeprefix("-")):
        list(PracticeDb.of(context).stream("patient", [], request))


def test_people_by_id(add: Callable[..., None], context: Context) -> None:
    family(add)
    ids = ["patient:2", "patient:77", "patient:abc", "interessent:1", "patient:١", *(
        f"patient:{number}" for number in range(1000, 2500)
    )]  # fmt: skip
    rows = PracticeDb.of(context).by_ids("patient", ids, RowRequest(frozenset({"email"}), DUE))
    assert rows.keys() == {"patient:2"}
    assert rows["patient:2"].fields == {"email": "ute@example.org"}
    assert rows["patient:2"].consenting_id == "patient:1"


def test_matching_reads_ids_only(add: Callable[..., None], context: Context) -> None:
    family(add)
    db = PracticeDb.of(context)
    born = db.matching("patient", ["patient:1", "patient:5"], where.is_known("geburtsdatum"))
    assert born == {"patient:1"}


def test_lookup_serves_several_kinds_and_unknown_people(
    add: Callable[..., None], context: Context
) -> None:
    add("patient", id=1, gesperrt=1, verstorben=0)
    add("interessent", id=1, gesperrt=0)
    ids = ["patient:1", "interessent:1", "patient:2", "fremd:1", "patient:", "unsinn"]
    assert PracticeDb.of(context).lookup(ids, ["gesperrt", "verstorben"]) == {
        "patient:1": {"gesperrt": 1, "verstorben": 0},
        "interessent:1": {"gesperrt": 0},
    }


def test_lookup_leaves_out_people_of_whom_nothing_is_entered(
    add: Callable[..., None], context: Context
) -> None:
    entries = {1: (0, 0), 2: (None, "nein"), 3: ("", None), 4: (0, 1), 5: ("2025-01-01", 0)}
    for number, (blocked, dead) in entries.items():
        add("patient", id=number, gesperrt=blocked, verstorben=dead)
    add("interessent", id=1, gesperrt=1)
    ids = [f"patient:{number}" for number in entries] + ["interessent:1"]
    found = PracticeDb.of(context).lookup(ids, ("gesperrt", "verstorben"), unless={"", "0", "nein"})
    assert found.keys() == {"patient:4", "patient:5", "interessent:1"}


def test_a_column_stands_beside_the_people_in_their_order(
    add: Callable[..., None], context: Context
) -> None:
    """As ids are written: 01 is nobody; absent is not the same as empty."""
    for number in range(1, 1201):
        add("patient", id=number, kontakt_email=None if number == 3 else f"ja {number}")
    add("interessent", id=1, kontakt_email="nein")
    db = PracticeDb.of(context)
    ids = ["patient:2", "interessent:1", "patient:3", "patient:01", "patient:9999", "fremd:1",
           "patient:2", "patient:", "patient:x", "patient:1 "]  # fmt: skip
    assert db.column(ids, "kontakt_email") == ["ja 2", "nein", None, ABSENT, ABSENT, ABSENT,
                                               "ja 2", ABSENT, ABSENT, ABSENT]  # fmt: skip
    many = [f"patient:{number}" for number in range(1200, 3, -1)]
    assert db.column(many, "kontakt_email") == [f"ja {number}" for number in range(1200, 3, -1)]
    assert db.column(["interessent:1"], "verstorben") == [ABSENT]
    assert db.column([], "kontakt_email") == []


def test_a_column_is_read_anew_each_time(
    add: Callable[..., None], change: Callable[..., None], context: Context
) -> None:
    add("patient", id=1, kontakt_email="ja")
    db = PracticeDb.of(context)
    assert db.column(["patient:1"], "kontakt_email") == ["ja"]
    change("update patient set kontakt_email = 'nein'")
    assert db.column(["patient:1"], "kontakt_email") == ["nein"]


def test_records_stand_beside_the_people_in_their_order(
    add: Callable[..., None], context: Context
) -> None:
    for number, (kind, person) in enumerate(
        [("patient", 1), ("interessent", 1), ("patient", 1), ("patient", 2)], start=1
    ):
        add("einwilligung", id=number, person_typ=kind, person_id=person, zweck=f"z{number}")
    ids = ["patient:2", "patient:3", "interessent:1", "patient:1", "patient:001"]
    found = PracticeDb.of(context).records("einwilligung", ids, ("zweck",), ("no_such_field",))
    assert [[tuple(record) for record in records] for records in found] == [
        [(2, 4, "z4", None)],
        [],
        [(1, 2, "z2", None)],
        [(1, 1, "z1", None), (1, 3, "z3", None)],
        [],
    ]


def test_text_keys_are_taken_as_they_are() -> None:
    entity = EntityMapping("patient", "patient", "id", {}, key_type="text")
    assert entity.keys(["A1", "01", "", "7"]) == ["A1", "01", None, "7"]
