"""Conditions of a selection, from values that people typed; every value is bound, none is SQL.

A condition names the fields it reads, so that a statement touches no other column. Texts compare
without case, umlauts and accents; `%` and `_` are ordinary characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import String, and_, cast, false, func, or_, select  # noqa: TID253  # when reading

from serienpost_practice_db import folding
from serienpost_practice_db.functions import Digits, German, Plain
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from sqlalchemy.sql.base import ReadOnlyColumnCollection
    from sqlalchemy.sql.elements import ColumnElement

    from serienpost_practice_db.mapping import EntityMapping

Columns: TypeAlias = "ReadOnlyColumnCollection[str, Any]"

_PART_OF_A_NUMBER = re.compile(r"[+(]?[0-9][0-9/().-]{2,}")


@dataclass(frozen=True, slots=True)
class Condition:
    """A test over the fields of an entity."""

    fields: frozenset[str]
    test: Callable[[Columns], ColumnElement[bool]]


def same_text(field: str, value: str) -> Condition:
    """The field is this text."""
    return Condition(
        frozenset({field}),
        lambda columns: or_(
            German(columns[field]) == folding.german(value.strip()),
            Plain(columns[field]) == folding.plain(value.strip()),
        ),
    )


def same_words(fields: Sequence[str], value: str) -> Condition:
    """The fields, joined by spaces, are this text."""
    written = " ".join(value.split())

    def test(columns: Columns) -> ColumnElement[bool]:
        text = _joined(columns, fields, " ")
        return or_(German(text) == folding.german(written), Plain(text) == folding.plain(written))

    return Condition(frozenset(fields), test)


def starts_with(field: str, value: str) -> Condition:
    """The field begins with this text."""
    return Condition(
        frozenset({field}),
        lambda columns: or_(
            German(columns[field]).startswith(folding.german(value.strip()), autoescape=True),
            Plain(columns[field]).startswith(folding.plain(value.strip()), autoescape=True),
        ),
    )


def all_words(words: str, texts: Sequence[str], numbers: Sequence[str]) -> Condition:
    """Each word stands in one of the `texts`, or as digits in one of the telephone `numbers`."""

    def word_found(columns: Columns, word: str) -> ColumnElement[bool]:
        text = _joined(columns, [*texts, *numbers], "\n")
        tests = [
            German(text).contains(folding.german(word), autoescape=True),
            Plain(text).contains(folding.plain(word), autoescape=True),
        ]
        if _PART_OF_A_NUMBER.fullmatch(word):
            dialled = folding.digits(word)
            tests += [Digits(columns[field]).contains(dialled) for field in numbers]
        return or_(*tests)

    return Condition(
        frozenset({*texts, *numbers}),
        lambda columns: and_(*(word_found(columns, word) for word in words.split())),
    )


def _joined(columns: Columns, fields: Sequence[str], by: str) -> ColumnElement[str]:
    texts: list[ColumnElement[str]] = [
        func.coalesce(cast(columns[field], String), "") for field in fields
    ]
    return reduce(lambda joined, text: joined + by + text, texts)


def code_between(field: str, low: str, high: str) -> Condition:
    """The field is a code as long as `low` and `high` and lies between them."""
    return Condition(
        frozenset({field}),
        lambda columns: and_(
            func.length(cast(columns[field], String)) == len(low),
            cast(columns[field], String).between(low, high),
        ),
    )


def before(field: str, day: date) -> Condition:
    """The date lies before this day; unknown dates do not."""
    return Condition(frozenset({field}), lambda columns: columns[field] < day)


def after(field: str, day: date) -> Condition:
    """The date lies after this day; unknown dates do not."""
    next_day = day + timedelta(days=1)
    return Condition(frozenset({field}), lambda columns: columns[field] >= next_day)


def begins_within(field: str, start: datetime, end: datetime) -> Condition:
    """The time is `start` or later and before `end`, both as the database keeps times."""
    return Condition(
        frozenset({field}),
        lambda columns: and_(columns[field] >= start, columns[field] < end),
    )


def one_of(field: str, values: Sequence[str]) -> Condition:
    """The field is exactly one of these texts."""
    return Condition(frozenset({field}), lambda columns: columns[field].in_(values))


def any_text(field: str, values: Sequence[str]) -> Condition:
    """The field is one of these texts."""
    tests = [same_text(field, value) for value in values]
    return Condition(
        frozenset({field}), lambda columns: or_(*(test.test(columns) for test in tests))
    )


def treated_by(entity: EntityMapping, practitioner: str | int) -> Condition:
    """`behandler_id` is that practitioner: last name, first and last name, or key."""
    if isinstance(practitioner, int):
        key = entity.key(str(practitioner))
        return refers_to("behandler_id", entity, keys_among([] if key is None else [key]))
    named = [same_text("nachname", practitioner)]
    if "vorname" in entity.fields:
        named.append(same_words(("vorname", "nachname"), practitioner))
    return refers_to("behandler_id", entity, *named)


def is_known(field: str) -> Condition:
    """The field is filled."""
    return Condition(frozenset({field}), lambda columns: columns[field].is_not(None))


def keys_among(keys: Sequence[int | str]) -> Condition:
    """The record's key is one of these."""
    return Condition(frozenset(), lambda columns: columns[KEY].in_(keys) if keys else false())


def refers_to(field: str, entity: EntityMapping, *conditions: Condition) -> Condition:
    """The field is the key of a record of another entity that meets one of the conditions."""
    fields = frozenset[str]().union(*(condition.fields for condition in conditions))

    def test(columns: Columns) -> ColumnElement[bool]:
        other = view(entity, fields)
        fitting = or_(false(), *(condition.test(other.c) for condition in conditions))
        found: ColumnElement[bool] = columns[field].in_(select(other.c[KEY]).where(fitting))
        return found

    return Condition(frozenset({field}), test)
