"""What people and programs write: what is certain is read as it was meant, all else is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.fields import CATALOGUE
from serienpost.written_values import Unreadable, is_typed, read_value

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = datetime(2026, 12, 2, 8, tzinfo=UTC)

MOMENTS = [
    "02.12.2026 09:00",
    "2.12.2026 9:00",
    "2. 12. 2026, 9.00 Uhr",
    "02.12.2026, 09:00:00",
    "02.12.2026 - 09:00 Uhr",
    "02.12.26 9 Uhr",
    "2. Dezember 2026 um 9 Uhr",
    "2. Dez. 2026, um 9 Uhr 00",
    "Mi, 02.12.2026 09:00",
    "Mi. 2.12.26 09:00",
    "Mittwoch, den 2. Dezember 2026 um 9:00 Uhr",
    "MITTWOCH, 2. DEZEMBER 2026 UM 9 UHR",
    "2026-12-02 09:00",
    "2026-12-02T09:00:00",
    "2026-12-02 09:00:00.000",
    "2026-12-02T09:00:00+01:00",
    "2026-12-02T03:00-0500",
    "2026-12-02T08:00Z",
    "\ufeff02.12.2026\u00a009:00\u202f",
]


@pytest.mark.parametrize("written", MOMENTS)
def test_a_day_with_a_time_in_german_and_iso(written: str) -> None:
    assert read_value("datetime", written, BERLIN) == MORNING


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("02.12.2026", "a date without a time"),
        ("2. Dezember 2026", "a date without a time"),
        ("2026-12-02 00:00:00", "midnight"),
        ("02.12.2026 00:00", "midnight"),
        ("2026-12-02T00:00:00.000Z", "midnight"),
        ("2026-12-01T23:00:00Z", "midnight"),
        ("12/02/2026 09:00", "no date with a time"),
        ("2.12. 9:00", "no date with a time"),
        ("02-12-2026 09:00", "no date with a time"),
        ("31.11.2026 09:00", "no date with a time"),
        ("29.02.2026 09:00", "no date with a time"),
        ("02.12.2026 24:00", "no date with a time"),
        ("02.12.2026 9", "no date with a time"),
        ("02.12.2026 9:5", "no date with a time"),
        ("02.12.2026 9:00 PM", "no date with a time"),
        ("02.12.0026 9:00", "no date with a time"),
        ("1 day, 2:30:00", "no date with a time"),
        ("46358.375", "no date with a time"),
        ("2. Dezembre 2026 9:00", "no date with a time"),
        ("morgen 9 Uhr", "no date with a time"),
        ("09:00", "no date with a time"),
        ("02.12.2026 09:00 und 03.12.2026 10:00", "no date with a time"),
        ("Di, 02.12.2026 09:00", "weekday"),
        ("29.03.2026 02:30", "change of clocks"),
        ("25.10.2026 02:30", "change of clocks"),
        ("٠٢.١٢.٢٠٢٦ ٠٩:٠٠", "no date with a time"),
    ],
)
def test_what_may_mean_another_moment_is_refused(written: str, why: str) -> None:
    found = read_value("datetime", written, BERLIN)
    assert isinstance(found, Unreadable)
    assert why in found.found
    assert found.in_field("x").endswith(f" holds {found.found}; {found.remedy}.")


def test_a_clock_that_is_set_back_can_be_told_apart() -> None:
    once = read_value("datetime", "2026-10-25T02:30+02:00", BERLIN)
    again = read_value("datetime", "2026-10-25T02:30+01:00", BERLIN)
    assert isinstance(once, datetime)
    assert isinstance(again, datetime)
    assert again - once == timedelta(hours=1)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2.12.2026", date(2026, 12, 2)),
        ("02.12.2026", date(2026, 12, 2)),
        ("2026-12-02", date(2026, 12, 2)),
        ("2. Dezember 2026", date(2026, 12, 2)),
        ("Mittwoch, 2. Dez. 2026", date(2026, 12, 2)),
        ("1. März 1955", date(1955, 3, 1)),
        ("1. Ma\u0308rz 1955", date(1955, 3, 1)),
        ("1. Jänner 1955", date(1955, 1, 1)),
        ("29.2.2024", date(2024, 2, 29)),
        ("02.12.26", None),
        ("12/02/2026", None),
        ("2026-12-02 09:00", None),
        ("Donnerstag, 2. Dezember 2026", None),
    ],
)
def test_a_day(written: str, day: date | None) -> None:
    found = read_value("date", written, BERLIN)
    assert found == day if day else isinstance(found, Unreadable)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("30", 30), ("030", 30), ("-5", -5), ("\u22125", -5), ("+7", 7), ("30,0", 30),
        ("1.234,00", 1234), ("1.234.567", 1234567), ("1234,0", 1234),
        ("1.234", None), ("1234.5", None), ("1,234", None), ("30.0", None), ("1.234,50", None),
        ("1,5", None), ("30 Min.", None), ("0:30", None), ("1e3", None), ("1.23,00", None),
        ("9" * 5000, None), ("½", None), ("３０", None), ("True", None),
    ],
)  # fmt: skip
def test_a_whole_number(written: str, number: int | None) -> None:
    found = read_value("integer", written, BERLIN)
    assert found == number if number is not None else isinstance(found, Unreadable)


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        *((word, True) for word in ("ja", "Ja", "JA ", "j", "yes", "Y", "x", "X", "wahr", "WAHR")),
        *((word, True) for word in ("true", "t", "1", "ja\u200b", "\u00a0ja")),
        *((word, False) for word in ("nein", "Nein", "n", "no", "N", "falsch", "FALSCH")),
        *((word, False) for word in ("false", "f", "0")),
        *((word, None) for word in ("", " ", "\u00a0", "-", "--", "\u2013")),
    ],
)
def test_yes_and_no(written: str, answer: bool | None) -> None:
    assert read_value("boolean", written, BERLIN) is answer


@pytest.mark.parametrize(
    "written", ["vielleicht", "ja?", "ja, bis 2027", "2", "12.03.2026", "unbekannt", "k.A.", "☑"]
)
def test_neither_yes_nor_no(written: str) -> None:
    assert isinstance(read_value("boolean", written, BERLIN), Unreadable)


@pytest.mark.parametrize("type_", ["text", "boolean", "integer", "date", "datetime"])
def test_values_of_the_type_and_nothing_stay_as_they_are(type_: str) -> None:
    values = {
        "text": " ja ",
        "boolean": True,
        "integer": 30,
        "date": date(2026, 12, 2),
        "datetime": MORNING,
    }
    assert read_value(type_, values[type_], BERLIN) is values[type_]  # type: ignore[arg-type]
    assert read_value(type_, None, BERLIN) is None  # type: ignore[arg-type]
    assert is_typed(type_, values[type_])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("type_", "value", "read"),
    [
        ("boolean", 1, True),
        ("boolean", 0, False),
        ("boolean", Decimal("1.0"), True),
        ("boolean", 2, Unreadable),
        ("boolean", MORNING, Unreadable),
        ("integer", True, Unreadable),
        ("integer", Decimal("30.0"), 30),
        ("integer", Decimal("30.5"), Unreadable),
        ("integer", 30.0, 30),
        ("integer", 30.5, Unreadable),
        ("integer", float("inf"), Unreadable),
        ("integer", Decimal("Infinity"), Unreadable),
        ("boolean", 0.0, False),
        ("boolean", float("nan"), Unreadable),
        ("integer", time(0, 30), Unreadable),
        ("date", MORNING, Unreadable),
        ("datetime", date(2026, 12, 2), Unreadable),
        ("datetime", time(9), Unreadable),
        ("datetime", Decimal("46358.375"), Unreadable),
    ],
)
def test_values_of_another_type(type_: str, value: object, read: object) -> None:
    found = read_value(type_, value, BERLIN)  # type: ignore[arg-type]
    assert isinstance(found, Unreadable) if read is Unreadable else found == read


def test_the_catalogue_says_which_fields_are_no_text() -> None:
    assert {name: field.type for name, field in CATALOGUE.items() if field.type != "text"} == {
        "minderjaehrig": "boolean",
        "termin_beginn": "datetime",
        "termin_dauer": "integer",
        "geburtsdatum": "date",
        "letzter_besuch": "date",
    }


# Any value in any documented form.

MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
SHORT = "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."
WEEKDAYS = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"

DAY_FORMS = {
    "german": lambda d: f"{d.day}.{d.month}.{d.year}",
    "zeros": lambda d: f"{d:%d.%m.%Y}",
    "named": lambda d: f"{d.day}. {MONTHS.split()[d.month - 1]} {d.year}",
    "short": lambda d: f"{d:%d}. {SHORT.split()[d.month - 1]} {d.year}",
    "weekday": lambda d: f"{WEEKDAYS.split()[d.weekday()]}, {d:%d.%m.%Y}",
    "short weekday": lambda d: f"{WEEKDAYS.split()[d.weekday()][:2]}. {d:%d.%m.%Y}",
    "iso": lambda d: d.isoformat(),
}
TIME_FORMS = {
    "colon": lambda t: f"{t.hour}:{t:%M}",
    "seconds": lambda t: f"{t:%H:%M}:00",
    "german": lambda t: f"{t:%H.%M} Uhr",
    "spoken": lambda t: f"{t.hour} Uhr {t:%M}",
}
days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
clocks = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(days, st.sampled_from(sorted(DAY_FORMS)))
def test_any_day_is_read_as_it_was_meant(day: date, form: str) -> None:
    assert read_value("date", DAY_FORMS[form](day), BERLIN) == day


@given(
    days,
    clocks,
    st.sampled_from(sorted(DAY_FORMS)),
    st.sampled_from(sorted(TIME_FORMS)),
    st.sampled_from([" ", ", ", " um ", " - "]),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_any_moment_is_read_as_it_was_meant(
    day: date, clock: time, form: str, how: str, between: str, case: type[str]
) -> None:
    written = case(DAY_FORMS[form](day) + between + TIME_FORMS[how](clock))
    found = read_value("datetime", written, BERLIN)
    if isinstance(found, Unreadable):
        local = datetime.combine(day, clock, BERLIN)
        changed = local.utcoffset() != local.replace(fold=1).utcoffset()
        assert changed or clock == time()
    else:
        assert isinstance(found, datetime)
        assert found.astimezone(BERLIN).replace(tzinfo=None) == datetime.combine(day, clock)


@given(days, clocks, st.integers(-14 * 60, 14 * 60), st.sampled_from(["T", " "]))
def test_any_moment_with_its_offset(day: date, clock: time, minutes: int, between: str) -> None:
    moment = datetime.combine(day, clock, timezone(timedelta(minutes=minutes)))
    found = read_value("datetime", moment.isoformat(between), BERLIN)
    midnights = {clock, moment.astimezone(BERLIN).time()}
    assert found == moment or (time() in midnights and isinstance(found, Unreadable))


@given(st.integers(-(10**14), 10**14), st.sampled_from(["plain", "comma", "points"]))
def test_any_number_is_read_as_it_was_meant_or_refused(number: int, form: str) -> None:
    grouped = f"{number:,}".replace(",", ".")
    written = {"plain": str(number), "comma": f"{number},0", "points": grouped}[form]
    found = read_value("integer", written, BERLIN)
    assert found == number or (form == "points" and isinstance(found, Unreadable))


@given(st.text(max_size=60), st.sampled_from(["boolean", "integer", "date", "datetime"]))
def test_any_text_is_read_or_refused(written: str, type_: str) -> None:
    found = read_value(type_, written, BERLIN)  # type: ignore[arg-type]
    assert found is None or isinstance(found, Unreadable) or is_typed(type_, found)  # type: ignore[arg-type]
