"""Whose an address is: found however it is written, by one statement for many addresses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from serienpost import Address, AddressOwner, core_kind
from serienpost_practice_db.database import PracticeDb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from serienpost import Context

MAIL, SMS, LETTER = (core_kind(name) for name in ("email", "sms", "letter"))


TODAY = date(2026, 3, 2)


def owners(
    context: Context,
    kind: Any,  # noqa: ANN401
    judged_on: date = TODAY,
    **fields: str,
) -> Sequence[AddressOwner]:
    address = kind.address(fields)
    assert isinstance(address, Address)
    (found,) = PracticeDb.of(context).owners(kind, [address.value], judged_on)
    return found


@pytest.mark.parametrize(
    "written",
    ["ada@müller.de", " ADA@Müller.DE", "Ada@xn--mller-kva.de\t", "ada@MÜLLER.de\u00a0",
     "ada@mu\u0308ller.de"],
)  # fmt: skip
def test_a_mailbox(add: Callable[..., None], context: Context, written: str) -> None:
    add("patient", id=1, email=written)
    add("patient", id=2, email="adam@müller.de")
    add("interessent", id=1, email=written)
    assert owners(context, MAIL, email="ada@müller.de") == [
        AddressOwner("patient:1", "patient:1"), AddressOwner("interessent:1", "interessent:1")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "written",
    ["0171 1234567", "+49 (0)171 / 123 45 67", "0049-171-1234567", "Tel. 0171.1234567 privat 2",
     "01711234567\u200b", "491711234567", "0171 123\u20114567"],
)  # fmt: skip
def test_a_number(add: Callable[..., None], context: Context, written: str) -> None:
    add("patient", id=1, mobil=written)
    add("patient", id=2, mobil="0172 1234567")
    if isinstance(SMS.address({"mobil": written}), Address):
        assert owners(context, SMS, mobil="0171 1234567") == [
            AddressOwner("patient:1", "patient:1")
        ]


@pytest.mark.parametrize(
    "written",
    ["{}; anna@example.org", "anna@example.org / {}", "{},anna@example.org", "Ada M. <{}>", "<{}>",
     "mailto:{}", "{}.", "{},", "{} (Tochter)", "privat: {}", "{}\u200b", "'{}'",
     "ada @example.org", '"ada"@example.org', "ada\uff20example.org", "\uff41da@EXAMPLE.org",
     "anna@example.org {}", "anna@example.org\n{}", "anna@example.org/{}", "[{}](mailto:{})",
     "{}?subject=Termin"],
)  # fmt: skip
def test_a_mailbox_beside_something_else(
    add: Callable[..., None], context: Context, written: str
) -> None:
    """Nothing could be sent to such a field, and the address is that person's all the same."""
    text = written.replace("{}", "ada@example.org")
    add("patient", id=1, email=text)
    add("patient", id=2, email=text.replace("da", "dam"))
    assert owners(context, MAIL, email="ada@example.org") == [
        AddressOwner("patient:1", "patient:1")
    ]


@pytest.mark.parametrize("field", ["mobil", "telefon"])
@pytest.mark.parametrize(
    "written",
    ["{} / 0172 9999999", "0172 9999999 / {}", "0351 123456, {}", "{} oder 0172 9999999", "{}-0",
     "{}-12", "0172/9999999\n{}", "privat {}, dienstlich 0351 4567", "{}", "+49 {}",
     "{}/0172-9999999"],
)  # fmt: skip
def test_a_number_beside_another(
    add: Callable[..., None], context: Context, written: str, field: str
) -> None:
    add("patient", id=1, **{field: written.format("0171 1234567")})
    add("patient", id=2, **{field: written.format("0171 1234568")})
    assert owners(context, SMS, mobil="0171 1234567") == [AddressOwner("patient:1", "patient:1")]


@pytest.mark.parametrize(
    "written",
    [
        {"strasse": "Lindenallee  5", "plz": "D-01067", "ort": "Dresden"},
        {"strasse": "LINDENALLEE 5", "plz": " 01067", "ort": "dresden", "land": "Deutschland"},
    ],
)
def test_a_postal_address(
    add: Callable[..., None], context: Context, written: dict[str, str]
) -> None:
    add("patient", id=1, **written)
    add("patient", id=2, **{**written, "strasse": "Lindenallee 6"})
    found = owners(context, LETTER, strasse="Lindenallee 5", plz="01067", ort="Dresden")
    assert found == [AddressOwner("patient:1", "patient:1")]


def test_of_a_minor_the_representative_consents(add: Callable[..., None], context: Context) -> None:
    add("patient", id=1, email="ada@example.org", geburtsdatum="2020-01-01", vertreter_id=2)
    add("patient", id=2, email="ada@example.org", geburtsdatum="1980-01-01", vertreter_id=9)
    assert owners(context, MAIL, email="ada@example.org") == [
        AddressOwner("patient:1", "patient:2"), AddressOwner("patient:2", "patient:2")
    ]  # fmt: skip


@pytest.mark.parametrize("day", [date(2020, 2, 29), date(2026, 3, 2), date(2044, 12, 28)])
def test_who_is_a_minor_is_judged_for_the_day_of_leaving(
    add: Callable[..., None], context: Context, day: date
) -> None:
    """Whatever day it is today."""
    born = day.replace(year=day.year - 18, day=min(day.day, 28))
    add("patient", id=1, email="ada@example.org", geburtsdatum=born.isoformat(), vertreter_id=2)
    for offset, by in ((-2, 2), (0, 1), (1, 1)):
        judged_on = day + timedelta(days=offset)
        assert owners(context, MAIL, judged_on, email="ada@example.org") == [
            AddressOwner("patient:1", f"patient:{by}")
        ]


def test_a_batch_is_one_statement_for_each_kind_of_person(
    add: Callable[..., None], context: Context
) -> None:
    add("patient", id=7, email="p7@example.org")
    addresses = [f"p{number}@example.org" for number in range(1000)]
    from sqlalchemy import event

    db = PracticeDb.of(context)
    executed: list[str] = []
    event.listen(db._engine, "before_cursor_execute", lambda *a: executed.append(a[2]))
    found = db.owners(MAIL, addresses, TODAY)
    assert [place for place, people in enumerate(found) if people] == [7]
    assert sum("FROM patient" in one for one in executed) == 1
    assert sum("FROM interessent" in one for one in executed) == 1


def _joined(*pieces: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), min_size=2, max_size=9).map("".join)


WRITTEN = st.one_of(
    st.fixed_dictionaries(
        {"email": _joined(*"aA.@-ß", "a.de", "müller.de", "B.org", " ", "\t", "\u00ad", "ＡＢ")}
    ).map(lambda fields: (MAIL, fields)),
    st.fixed_dictionaries(
        {"mobil": _joined("0171", "1234567", "+49", "0049", "(0)", "/", "-", " ", "43664", "Tel. ",
                          " App. 12", "12", "\u2011", "\u200b", "_", "‐", "+", "x")}
    ).map(lambda fields: (SMS, fields)),
    st.fixed_dictionaries(
        {
            "strasse": st.just("") | _joined("Weg", " ", "5", "a", "ß", "\u200b", "12", "e\u0301"),
            "postfach": st.sampled_from(["", "12 34", "Postfach 7"]),
            "plz": st.sampled_from(["01067", " 01 067", "D-01067", "A - 1010", "0049123", "1010"]),
            "ort": _joined("Dresden", " ", "01", "\u00a0", "ö", "+49"),
            "land": st.sampled_from(["", "Österreich", "de", "Schweiz", "Polen"]),
            "adresszusatz": st.sampled_from(["", "3. OG", "+49 bei X"]),
        }
    ).map(lambda fields: (LETTER, fields)),
)  # fmt: skip


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(WRITTEN)
def test_whoever_has_an_address_is_found_by_it(
    database: Path, context: Context, written: tuple[Any, dict[str, str]]
) -> None:
    kind, fields = written
    address = kind.address(fields)
    assume(isinstance(address, Address))
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("DELETE FROM patient")
        names, marks = ", ".join(fields), ", ".join("?" * len(fields))
        db.execute(f"INSERT INTO patient(id, {names}) VALUES (1, {marks})", tuple(fields.values()))
    (found,) = PracticeDb.of(context).owners(kind, [address.value], TODAY)
    assert found == [AddressOwner("patient:1", "patient:1")]
