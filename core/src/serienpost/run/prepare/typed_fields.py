"""Values of fields that are no text: each is of its field's type, or its row says why it is not.

A source may give what a file or a database of texts holds: `nein` for a field that is a yes or no
would be a yes to whoever only looks whether something stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.contracts.rows import CurrentState
from serienpost.fields import CATALOGUE, TYPED_FIELDS
from serienpost.written_values import Unreadable, is_typed, read_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from serienpost.contracts.rows import Row
    from serienpost.fields import FieldValue

UNREADABLE = "unreadable"


def typed_rows(rows: Sequence[Row], zone: tzinfo) -> Sequence[Row]:
    """The rows with typed values; one whose value cannot be read is unreachable.

    Args:
        rows: of one batch, with the same fields.
        zone: of times that name none.
    """
    for name in TYPED_FIELDS & rows[0].fields.keys() if rows else ():
        type_ = CATALOGUE[name].type
        if not all(is_typed(type_, row.fields.get(name)) for row in rows):
            rows = [_with_typed(row, name, zone) for row in rows]
    return rows


def typed_state(state: CurrentState, zone: tzinfo) -> CurrentState:
    """The same for what holds now of a row: it is gone where a value cannot be read."""
    fields = dict(state.fields or {})
    for name in TYPED_FIELDS & fields.keys():
        value = _typed(fields, name, zone)
        if isinstance(value, Unreadable):
            return CurrentState((UNREADABLE, value.in_field(name)))
        fields[name] = value
    return CurrentState(state.gone, fields, state.consenting_id) if state.fields else state


def _with_typed(row: Row, name: str, zone: tzinfo) -> Row:
    value = _typed(row.fields, name, zone)
    if not isinstance(value, Unreadable):
        return row._replace(fields={**row.fields, name: value})
    why = row.unreachable or (UNREADABLE, value.in_field(name))
    return row._replace(fields={**row.fields, name: None}, unreachable=why)


def _typed(fields: Mapping[str, FieldValue], name: str, zone: tzinfo) -> FieldValue | Unreadable:
    return read_value(CATALOGUE[name].type, fields.get(name), zone)
