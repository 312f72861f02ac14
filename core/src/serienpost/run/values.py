"""Macro values as the ledger keeps them: plain JSON that gives back the same value."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.contracts.rows import FieldValue


def to_json(values: Mapping[str, FieldValue]) -> dict[str, Any]:
    """Dates and times become `{"datetime": "2026-11-23T10:00:00+01:00"}` and the like."""
    return {name: _encode(value) for name, value in values.items()}


def from_json(values: Mapping[str, Any]) -> dict[str, FieldValue]:
    """The values that `to_json` was given."""
    return {name: _decode(value) for name, value in values.items()}


def _encode(value: FieldValue) -> object:
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    return value


def _decode(value: Any) -> FieldValue:  # noqa: ANN401
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return {"datetime": datetime, "date": date, "time": time}[kind].fromisoformat(text)  # type: ignore[attr-defined,no-any-return]
    return value  # type: ignore[no-any-return]
