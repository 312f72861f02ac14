"""From a record of a statement to a row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import chain
from typing import TYPE_CHECKING, Any

from serienpost import Row
from serienpost_practice_db.mapping import IS_MINOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from zoneinfo import ZoneInfo

    from serienpost import FieldValue, Occasion, RowRequest

_PLAIN = {str, int, bool, date, time, datetime, type(None)}
_AS_THEY_ARE = _PLAIN - {datetime}
_NO_REPRESENTATIVE = (
    "no_representative",
    "Es ist keine vertretungsberechtigte Person hinterlegt.",
)


def row_builder(
    columns: tuple[str, ...], request: RowRequest
) -> Callable[[str, Any, Any, Any, Iterable[Any], Occasion | None], Row]:
    """A function that makes a row of the parts of a record.

    Its arguments are kind of person, key, key of the representative, 1 for a minor, the values of
    `columns`, from `plain_records`, and the occasion.

    Args:
        columns: names of the values.
        request: what was asked for; fields that no column has are None.
    """
    lacking = dict.fromkeys(request.fields.difference(columns))
    wants_age = IS_MINOR in lacking

    def build(
        kind: str,
        key: Any,  # noqa: ANN401
        representative: Any,  # noqa: ANN401
        minor: Any,  # noqa: ANN401
        values: Iterable[Any],
        occasion: Occasion | None,
    ) -> Row:
        fields: dict[str, FieldValue] = dict(zip(columns, values))  # noqa: B905  # as many by the statement
        if lacking:
            fields |= lacking
        if wants_age:
            fields[IS_MINOR] = bool(minor)
        if representative is None:
            unreachable = _NO_REPRESENTATIVE if minor else None
            return Row(f"{kind}:{key}", fields, occasion, None, unreachable)
        return Row(f"{kind}:{key}", fields, occasion, f"{kind}:{representative}", None)

    return build


def plain_records(records: Sequence[Sequence[Any]], zone: ZoneInfo) -> Sequence[Sequence[Any]]:
    """A driver's records with the values of fields; naive times are in `zone` and become UTC.

    Only records that hold something else are copied, because there are many.
    """
    if set(map(type, chain.from_iterable(records))) <= _AS_THEY_ARE:
        return records
    return [
        [in_utc(value, zone) if type(value) is datetime else plain_value(value) for value in record]
        for record in records
    ]


def plain_value(value: Any) -> FieldValue:  # noqa: ANN401
    """A driver's value as a field's value; other types (Decimal, UUID) become text."""
    plain: FieldValue = value if type(value) in _PLAIN else str(value)
    return plain


def in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC; a naive one is in `zone`."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.astimezone(UTC)
