"""Records as the documents that `--json` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003  # fields of a record
from dataclasses import FrozenInstanceError, dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

import pytest

from serienpost.documents import FOR_FACES, Record, document
from serienpost.errors import Exit


class Pair(NamedTuple):
    """A named tuple, as they are streamed."""

    left: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Inner(Record):
    """A record within a record."""

    name: str = field(metadata={"json": "class"})
    sheets: int | None = field(default=None, metadata=FOR_FACES)


@dataclass(frozen=True, slots=True)
class Outer(Record):
    """A record of everything."""

    day: date
    at: datetime
    pair: Pair
    parts: tuple[Inner, ...]
    by_name: Mapping[str, Inner]
    plain: tuple[object, ...]
    exit: Exit


OUTER = Outer(
    day=date(2026, 3, 2),
    at=datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1))),
    pair=Pair(1, datetime(2026, 3, 2, tzinfo=UTC)),
    parts=(Inner("medical", 3),),
    by_name={"x": Inner("plain")},
    plain=("a", 1, 1.5, True, None),
    exit=Exit.OPEN,
)


def test_a_record_is_its_fields_as_json() -> None:
    assert OUTER.document() == {
        "day": "2026-03-02",
        "at": "2026-03-02T09:00:00+01:00",
        "pair": {"left": 1, "at": "2026-03-02T00:00:00+00:00"},
        "parts": [{"class": "medical"}],
        "by_name": {"x": {"class": "plain"}},
        "plain": ["a", 1, 1.5, True, None],
        "exit": 75,
    }
    assert json.loads(json.dumps(OUTER.document())) == OUTER.document()


def test_what_faces_alone_show_is_not_in_the_document() -> None:
    assert Inner("plain", 3).document() == {"class": "plain"}


def test_plain_values_stay_as_they_are() -> None:
    for value in ("a", 1, 1.5, True, None, [], {}):
        assert document(value) == value
    assert document(()) == []


def test_records_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        OUTER.parts[0].name = "other"  # type: ignore[misc]
