"""What the null source is for: many people, cheap, always the same."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from serienpost import RowRef, RowRequest, SourceError
from serienpost_testkit.null.macros import NullName
from serienpost_testkit.null.settings import NullSettings
from serienpost_testkit.null.source import LAST, NullSelection, NullSource

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

DUE = date(2026, 3, 2)


@pytest.mark.parametrize("number", [1, 99, 12_345, LAST])
def test_mobile_numbers_are_valid(context: Context, number: int) -> None:
    import phonenumbers

    chosen = NullSelection(count=1, start=number)
    ((row,),) = NullSource().rows(context, chosen, RowRequest(frozenset({"mobil"}), DUE))
    parsed = phonenumbers.parse(str(row.fields["mobil"]))
    assert phonenumbers.is_valid_number(parsed)
    assert phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE


def test_a_million_rows_stream_in_little_memory(context: Context) -> None:
    rows = NullSource().rows(
        context, NullSelection(count=LAST), RowRequest(frozenset({"email", "nachname"}), DUE)
    )
    tracemalloc.start()
    try:
        first = [len(next(rows)) for _ in range(20)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(first) == 20_000
    assert peak < 2_000_000


def test_there_is_nobody_after_the_last_one() -> None:
    assert NullSelection(start=LAST, count=1).start == LAST
    with pytest.raises(ValidationError, match="only 1000000 people"):
        NullSelection(start=LAST, count=2)


def test_appointments_are_on_the_next_day(context: Context) -> None:
    chosen = NullSelection(count=1, start=2, occasion=True)
    fields = frozenset({"termin_beginn"})
    ((row,),) = NullSource().rows(context, chosen, RowRequest(fields, DUE))
    assert row.id == "patient:2/termin:2"
    assert row.occasion
    assert row.occasion.starts_at == datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    assert row.occasion.expires_at == row.fields["termin_beginn"] == row.occasion.starts_at
    assert NullSource().is_relative(chosen)


def test_other_orders_are_refused(context: Context) -> None:
    request = RowRequest(frozenset(), DUE, order_by=("nachname",))
    with pytest.raises(SourceError, match="nummer"):
        next(NullSource().rows(context, NullSelection(), request))
    backwards = RowRequest(frozenset(), DUE, order_by=("-nummer",))
    (batch,) = NullSource().rows(context, NullSelection(count=3), backwards)
    assert [row.person_id for row in batch] == ["patient:3", "patient:2", "patient:1"]


def test_rows_that_are_gone_are_read_again_at_each_call(
    make_context: MakeContext, practice_folder: Path
) -> None:
    context = make_context(claimed={"null": NullSettings(gone="gone.json")})
    refs = [RowRef("patient:1", None, None), RowRef("patient:2", "termin:2", None)]

    def gone(reasons: dict[str, str]) -> list[tuple[str, str] | None]:
        (practice_folder / "gone.json").write_text(json.dumps(reasons))
        states = NullSource().current(context, NullSelection(), refs, RowRequest(frozenset(), DUE))
        return [state.gone for state in states]

    assert gone({}) == [None, None]
    assert gone({"patient:1": "moved away"}) == [("gone", "moved away"), None]
    assert gone({"patient:2/termin:2": "cancelled"}) == [None, ("gone", "cancelled")]


def test_macros_leave_out_what_is_missing() -> None:
    assert NullName().value({"vorname": None, "nachname": "Abel"}, None) == "Abel"  # type: ignore[arg-type]
