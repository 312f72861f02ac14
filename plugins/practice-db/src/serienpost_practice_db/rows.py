"""From a record of a statement to a row."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from serienpost import Row
from serienpost_practice_db.mapping import IS_MINOR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serienpost import FieldValue, Occasion, RowRequest

_PLAIN = {str, int, bool, date, time, datetime, type(None)}
_NO_REPRESENTATIVE = (
    "no_representative",
    "Es ist keine vertretungsberechtigte Person hinterlegt.",
)


def row_builder(
    name: str,
    columns: tuple[str, ...],
    request: RowRequest,
    occasions: Mapping[int, Occasion],
) -> Callable[[Any], Row]:
    """A function that makes a row of a record of `PersonStatement`.

    Args:
        name: the kind of person, the first part of the ids.
        columns: names of the record's columns after the first four.
        request: what was asked for; fields that no column has are None.
        occasions: the occasion of each year that a record may carry.
    """
    lacking = dict.fromkeys(request.fields.difference(columns))
    wants_age = IS_MINOR in lacking

    def build(record: Any) -> Row:  # noqa: ANN401
        key, representative, minor, year, *values = record
        fields: dict[str, FieldValue] = dict(zip(columns, map(plain_value, values), strict=True))
        fields.update(lacking)
        if wants_age:
            fields[IS_MINOR] = bool(minor)
        has_representative = representative is not None
        return Row(
            f"{name}:{key}",
            fields,
            occasions.get(year),
            f"{name}:{representative}" if has_representative else None,
            _NO_REPRESENTATIVE if minor and not has_representative else None,
        )

    return build


def plain_value(value: Any) -> FieldValue:  # noqa: ANN401
    """A driver's value as a field's value; other types (Decimal, UUID) become text."""
    plain: FieldValue = value if type(value) in _PLAIN else str(value)
    return plain
