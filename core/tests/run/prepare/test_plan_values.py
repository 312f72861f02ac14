from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from serienpost.run.prepare.plan import from_json, to_json


@pytest.mark.parametrize(
    "value",
    [
        "Ä{{x}}",
        "",
        "2026-03-02",
        0,
        -7,
        True,
        False,
        None,
        date(2026, 2, 28),
        time(8, 30),
        datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=1))),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_was(value: str | int | None) -> None:
    packed = json.loads(json.dumps(to_json({"Wert": value})))
    (again,) = from_json(packed).values()
    assert again == value
    assert type(again) is type(value)
