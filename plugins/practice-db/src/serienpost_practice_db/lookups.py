"""What `doctor` tries on the mapped tables: whether what was read is found again by its key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select  # noqa: TID253  # imported when the database is looked at

from serienpost import ProbeResult, SourceError, Texts, joined
from serienpost_practice_db.keys import references
from serienpost_practice_db.mapping import SYSTEM_SETTINGS
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serienpost_practice_db.database import PracticeDb

_ = Texts(__name__)

_CONSENT = "einwilligung"
_CORRECT = _("correct it in the file named under schema:")


def lookups(db: PracticeDb) -> Iterator[ProbeResult]:
    """One result for each key, condition or field with keys that does not lead to its records.

    The first and the last record of each kind are read again by key, and each field with keys of
    another kind is followed once. A kind whose table the account does not see is left out.
    """
    seen = [name for name in db.schema.entities if name != SYSTEM_SETTINGS and db.sees(name)]
    for name in seen:
        broken = list(_tried(f"{name}.id", partial(_by_key, db, name)))
        yield from broken
        for field, kinds in references(db.entity(name)):
            for kind in kinds:
                if kind in seen and not broken:
                    follow = _consents if name == _CONSENT else _follow
                    yield from _tried(f"{name}.{field}", partial(follow, db, name, field, kind))


def _tried(place: str, attempt: Callable[[], str | None]) -> Iterator[ProbeResult]:
    try:
        wrong = attempt()
    except SourceError as error:
        for problem in error.problems:
            yield ProbeResult(
                False, joined(": ", (place, problem.message)), problem.hint or _CORRECT
            )
        return
    if wrong:
        yield ProbeResult(False, joined(": ", (place, wrong)), _CORRECT)


def _by_key(db: PracticeDb, name: str) -> str | None:
    entity = db.entity(name)
    key = view(entity, ()).c[KEY]
    for order in (key, key.desc()):
        for (value,) in db.sample(select(key).order_by(order).limit(1)):
            id_ = f"{name}:{value}"
            if id_ not in db.lookup([id_], []):
                return _(
                    "a record that was just read is not found by its key in {column}; the column"
                    " does not hold what key_type says ({key_type})",
                    column=entity.id,
                    key_type=entity.key_type,
                )
    return None


def _follow(db: PracticeDb, name: str, field: str, kind: str) -> None:
    """Run what every reading of the field runs; nothing need be found."""
    own, other = view(db.entity(name), {field}), view(db.entity(kind), (), "other")
    db.sample(select(own.c[KEY]).join(other, other.c[KEY] == own.c[field]).limit(1))


def _consents(db: PracticeDb, name: str, field: str, kind: str) -> str | None:
    entity = db.entity(name)
    own = view(entity, {field, "person_typ"})
    named = select(own.c[field]).where(own.c.person_typ == kind, own.c[field].is_not(None))
    fields = tuple(one for one in ("kontaktart", "zweck") if one in entity.fields)
    for (key,) in db.sample(named.limit(1)):
        (found,) = db.records(name, [f"{kind}:{key}"], fields)
        if not found:
            return _(
                "the consents of a {kind} are not found by the key that stands in one", kind=kind
            )
    return None
