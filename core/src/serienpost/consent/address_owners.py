"""Rows of people who are not in the master data: what holds for whoever has their address there.

A list may name by address alone somebody who is dead, blocked or said no. Such a row is denied as
the owners of its address are, unless one of them is not; an owner never allows anything.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from serienpost.contracts.consent import Deny, HasAddressOwners
from serienpost.errors import SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from serienpost.context import PracticeContext
    from serienpost.contracts.consent import AddressOwner, ConsentQuestion, Verdict

_ = Texts(__name__)


class LookUp(NamedTuple):
    """A question to a check that knows whose an address is.

    Args:
        check: its name.
        positions: the rows that it is asked for.
        answer: asks it; gives for each of them the questions about the owners.
    """

    check: str
    positions: Sequence[int]
    answer: Callable[[], list[list[ConsentQuestion]]]


def look_ups(
    context: PracticeContext, questions: Sequence[ConsentQuestion], judged_on: date
) -> Iterator[LookUp]:
    """What must be looked up before `questions` are asked, about messages that leave on that day;
    nothing where all are known by id."""
    knowing = [
        check
        for check in context.registry.consent_checks.values()
        if isinstance(check, HasAddressOwners)
    ]
    if not knowing:
        return
    known = frozenset[str]().union(*(check.persons for check in knowing))
    strange: dict[str, list[int]] = {}
    for position, question in enumerate(questions):
        if question.person_id.partition(":")[0] not in known:
            strange.setdefault(question.kind, []).append(position)
    for check in knowing:
        for positions in strange.values():
            rows = [questions[position] for position in positions]
            yield LookUp(check.name, positions, partial(_owners, context, check, rows, judged_on))


def _owners(
    context: PracticeContext,
    check: HasAddressOwners,
    rows: Sequence[ConsentQuestion],
    judged_on: date,
) -> list[list[ConsentQuestion]]:
    addresses = [row.address for row in rows]
    given: object = check.owners(context, rows[0].kind, addresses, judged_on)
    if not isinstance(given, list | tuple) or len(given) != len(rows):
        raise SerienpostError(_("it did not return the owners of each address"))
    found: list[list[ConsentQuestion]] = []
    for row, owners in zip(rows, given, strict=True):
        asked: Sequence[AddressOwner] = owners
        found.append(
            [row._replace(person_id=person, consenting_id=by) for person, by in sorted(asked)]
        )
    return found


def deny_as_owners(
    columns: Sequence[list[Verdict]], owners_of: Mapping[int, Sequence[int]]
) -> None:
    """Give rows the denials of the owners of their address, where each of these is denied.

    Of several owners the one counts whose denials may all be overridden, if there is one, so that
    a row can be overridden exactly where writing to an owner could be.

    Args:
        columns: the verdicts of each check, about rows and about owners.
        owners_of: positions of rows, each with those of its owners.
    """
    for row, owners in owners_of.items():
        denials = [
            [verdict if type(verdict) is Deny else None for verdict in verdicts]
            for verdicts in ([column[owner] for column in columns] for owner in owners)
        ]
        if not denials or not all(map(any, denials)):
            continue
        mild = (d for d in denials if all(deny is None or deny.overridable for deny in d))
        for column, deny in zip(columns, next(mild, denials[0]), strict=True):
            if deny and type(column[row]) is not Deny:
                column[row] = deny._replace(reason=_of_owners(deny.reason))


def _of_owners(reason: str) -> str:
    return _(
        "In the master data this address belongs only to people who must not be written to:"
        " {reason}",
        reason=reason,
    )
