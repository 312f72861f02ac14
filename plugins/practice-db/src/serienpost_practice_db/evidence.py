"""Statements that answer for many people at once what a decision needs, built once each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (  # noqa: TID253  # imported when reading
    String,
    and_,
    bindparam,
    cast,
    collate,
    false,
    func,
    null,
    or_,
    select,
)

from serienpost_practice_db.views import KEY, as_key, view

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Select
    from sqlalchemy.sql.elements import ColumnElement

    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.mapping import EntityMapping

_KEYS = "wanted_keys"
_KEYS_PER_STATEMENT = 1000


class Absent:
    """Stands for what is not there at all, unlike an entry that is empty."""


ABSENT: Final = Absent()


def fields_of(
    entity: EntityMapping, fields: Sequence[str], dialect: str, unless: Collection[str] = ()
) -> Select[Any]:
    """Keys and fields of the people whose keys are bound.

    Args:
        entity: the kind of person.
        fields: which fields.
        dialect: the database's language.
        unless: people all of whose fields are empty or one of these texts are left out.
    """
    people = view(entity, fields)
    values = [people.c[field] for field in fields]
    statement = select(people.c[KEY], *values).where(_bound(people.c[KEY], dialect))
    if not unless:
        return statement
    telling = (and_(c.is_not(None), _text(c, dialect).not_in(sorted(unless))) for c in values)
    return statement.where(or_(false(), *telling))


def matching(entity: EntityMapping, dialect: str, condition: Condition) -> Select[Any]:
    """Those of the bound keys whose people meet the condition."""
    people = view(entity, condition.fields)
    return select(people.c[KEY]).where(_bound(people.c[KEY], dialect), condition.test(people.c))


def records_of(
    entity: EntityMapping,
    fields: Sequence[str],
    optional: Sequence[str],
    dialect: str,
    person: EntityMapping,
) -> Select[Any]:
    """Key of the person, key and fields of the records that name people whose keys are bound.

    Args:
        entity: the kind of record.
        fields: which fields.
        optional: further ones, nothing where the schema lacks them.
        dialect: the database's language.
        person: the kind of person.
    """
    known = entity.fields.keys()
    read = view(entity, {"person_typ", "person_id", *fields, *(known & set(optional))})
    values = [
        read.c[field] if field in read.c else null().label(field) for field in (*fields, *optional)
    ]
    owner = as_key(read.c.person_id, person)
    return select(owner, read.c[KEY], *values).where(
        read.c.person_typ == person.name, _bound(owner, dialect)
    )


def _bound(column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    """Whether the column is one of the bound keys; as one parameter where the database can."""
    if dialect != "sqlite":
        return column.in_(bindparam(_KEYS, expanding=True))
    listed = func.json_each(bindparam(_KEYS)).table_valued("value")
    return column.in_(select(listed.c.value))


def _text(column: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    """The column as text that equals nothing but itself."""
    text = cast(column, String)
    return text if dialect in {"sqlite", "postgresql"} else collate(text, "utf8mb4_bin")


@dataclass(frozen=True, slots=True)
class Asked:
    """People of one kind among those that are asked about.

    Args:
        kind: the kind of person.
        positions: where they stand among all.
        keys: their keys, None for an id that cannot be one.
        bound: what to bind, for as many statements as it takes.
    """

    kind: str
    positions: Sequence[int]
    keys: Sequence[int | str | None]
    bound: Sequence[dict[str, Any]]


def asked(
    entities: Mapping[str, EntityMapping], dialect: str, person_ids: Sequence[str]
) -> list[Asked]:
    """The people by their kinds, without those of an unknown kind."""
    found = []
    for kind, positions, texts in _by_kind(person_ids):
        if kind in entities:
            keys = entities[kind].keys(texts)
            found.append(Asked(kind, positions, keys, list(_parameters(keys, dialect))))
    return found


def _parameters(keys: Sequence[int | str | None], dialect: str) -> Iterator[dict[str, Any]]:
    wanted = [key for key in set(keys) if key is not None]
    for start in range(0, len(wanted), _KEYS_PER_STATEMENT):
        chunk = wanted[start : start + _KEYS_PER_STATEMENT]
        yield {_KEYS: json.dumps(chunk) if dialect == "sqlite" else chunk}


def _by_kind(person_ids: Sequence[str]) -> Iterator[tuple[str, Sequence[int], list[str]]]:
    """Kind of person, the positions of its ids, and their parts after the colon."""
    kind = person_ids[0].partition(":")[0] if person_ids else ""
    prefix = f"{kind}:"
    start = len(prefix)
    texts = [id_[start:] for id_ in person_ids if id_.startswith(prefix)]
    if len(texts) == len(person_ids):
        yield kind, range(len(texts)), texts
        return
    groups: dict[str, tuple[list[int], list[str]]] = {}
    for position, id_ in enumerate(person_ids):
        kind, _, text = id_.partition(":")
        positions, texts = groups.setdefault(kind, ([], []))
        positions.append(position)
        texts.append(text)
    for kind, (positions, texts) in groups.items():
        yield kind, positions, texts
