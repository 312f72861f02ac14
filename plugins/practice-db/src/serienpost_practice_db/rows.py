"""From a record of a statement to a row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from serienpost import Row, Texts
from serienpost_practice_db.mapping import IS_MINOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from zoneinfo import ZoneInfo

    from serienpost import FieldValue, Occasion, RowRequest

_ = Texts(__name__)

_Columns: TypeAlias = "Sequence[Sequence[Any]]"
_PLAIN = {str, int, bool, date, time, datetime, type(None)}
_AS_THEY_ARE = _PLAIN - {datetime}
_NO_REPRESENTATIVE = (
    "no_representative",
    _("There is no representative on record."),
)


def row_builder(
    names: tuple[str, ...], request: RowRequest
) -> Callable[[Iterable[str], _Columns, Iterable[Occasion | None]], list[Row]]:
    """A function that makes rows of the columns of a batch.

    Its arguments are the kind of each person, the columns from `plain_columns` (key, key of the
    representative, 1 for a minor, then those of `names`), and the occasions.

    Args:
        names: fields that have a column.
        request: what was asked for; fields that no column has are None.
    """
    lacking = dict.fromkeys(request.fields.difference(names))
    wants_age = IS_MINOR in lacking

    def build(
        kinds: Iterable[str], columns: _Columns, occasions: Iterable[Occasion | None]
    ) -> list[Row]:
        keys, representatives, minors, *values = columns
        people = list(zip(kinds, keys, representatives, minors))  # noqa: B905  # kinds may repeat
        fields = [dict(zip(names, record)) for record in zip(*values)] or [{} for _ in keys]  # noqa: B905  # as many by the statement
        if lacking:
            fields = [one | lacking for one in fields]
        if wants_age:
            for one, minor in zip(fields, minors, strict=True):
                one[IS_MINOR] = bool(minor)
        return list(
            map(
                Row,
                [f"{kind}:{key}" for kind, key, _, _ in people],
                fields,
                occasions,
                [None if by is None else f"{kind}:{by}" for kind, _, by, _ in people],
                [
                    _NO_REPRESENTATIVE if young and by is None else None
                    for _, _, by, young in people
                ],
            )
        )

    return build


def plain_columns(records: Sequence[Sequence[Any]], zone: ZoneInfo) -> _Columns:
    """A driver's records as columns of values of fields; naive times are in `zone`, become UTC."""
    return [
        column
        if set(map(type, column)) <= _AS_THEY_ARE
        else [in_utc(v, zone) if type(v) is datetime else plain_value(v) for v in column]
        for column in zip(*records, strict=True)
    ]


def plain_records(records: Sequence[Sequence[Any]], zone: ZoneInfo) -> Sequence[Sequence[Any]]:
    """A driver's records with the values of fields; those that hold nothing else are not copied."""
    if set(map(type, chain.from_iterable(records))) <= _AS_THEY_ARE:
        return records
    return list(zip(*plain_columns(records, zone), strict=True))


def plain_value(value: Any) -> FieldValue:  # noqa: ANN401
    """A driver's value as a field's value; other types (Decimal, UUID) become text."""
    plain: FieldValue = value if type(value) in _PLAIN else str(value)
    return plain


def in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC; a naive one is in `zone`."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.astimezone(UTC)
