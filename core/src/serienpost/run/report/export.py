"""`export-person`: what the ledger knows about one person, and nothing about anybody else."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import or_, select

from serienpost.documents import Plain, Record
from serienpost.errors import LedgerError
from serienpost.fields import Sensitivity
from serienpost.ledger import drafts
from serienpost.ledger.rows import MESSAGE, MessageRow
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import event, message, selected, selection, suppression
from serienpost.ledger.selections import of_selection
from serienpost.ledger.tasks import open_tests
from serienpost.run.report.answers import MessageStory, SentTest
from serienpost.run.report.erasure import Tombstone, one_line
from serienpost.run.report.history import message_story, sent_tests
from serienpost.translation import Texts, joined, mapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from serienpost.context import PracticeContext
    from serienpost.ledger.rows import RunRow
    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

R = TypeVar("R", bound=Record)

# What stands in place of the id of anybody else.
SOMEBODY = _("another person")

# How the fields of a representative begin.
_REPRESENTATIVE = "vertreter_"

# How an id begins, as in `patient:17`; what follows it where it is the id of a row.
_BEGIN = re.compile(r"(?<!\w)[^\W\d]\w*:(?=\S)")
_OCCASION = re.compile(r"/[^\s,;()\[\]{}\"']+")
# Characters of a key at most.
_LONGEST_KEY = 100
_AT_ONCE = 500

# What a representative is not given of a message about a minor.
_OF_MINOR = ("number", "name", "macro_values", "occasion", "override")


@dataclass(frozen=True, slots=True)
class PersonMessage(MessageStory):
    """A message with all that the ledger keeps of the person it was for."""

    run: str
    number: str | None
    name: str | None
    address: str | None
    macro_values: Plain | None
    consent: list[Plain] | None
    occasion: str | None
    event: str | None


@dataclass(frozen=True, slots=True)
class PersonSelected(Record):
    """A row of a selection, of people who were chosen and checked before there was a text. Of one
    that was only found, `kind`, `account`, `purpose` and `allowed` are None."""

    selection: str
    kind: str | None
    account: str | None
    purpose: str | None
    at: datetime
    row: str
    id: str
    occasion: str | None
    number: str | None
    name: str | None
    address: str | None
    unreachable: Plain | None
    consent: list[Plain] | None
    allowed: bool | None
    marked: bool
    unmarked: Plain | None


class Suppressed(NamedTuple):
    """An address of a person on the suppression list."""

    kind: str
    reason: str


class NamedInDraft(NamedTuple):
    """A draft whose keys name a person: in which of them, and since when it stands so."""

    draft: str
    keys: tuple[str, ...]
    saved_at: datetime


class WaitingTest(NamedTuple):
    """A test message that a worker is asked for and that is not over: when, by whom, to whom and
    with whose data.

    Args:
        to: the address, where it is the person's; it is forgotten when the test is over.
        row: the person's row; None where the data of others, or made-up ones, are used.
    """

    run: str
    at: datetime
    user: str
    to: str | None
    row: str | None


@dataclass(frozen=True, slots=True)
class PersonExport(Record):
    """Everything that the ledger knows about a person (Art. 15 GDPR).

    `tests` are those that were sent with the person's data or to one of the person's addresses; of
    the latter only the person's own row is named. `waiting_tests` are those that are to be sent so.
    `drafts` are those whose keys name the person, `selections` the person's rows in selections.
    """

    person: str
    messages: tuple[PersonMessage, ...]
    suppressed: tuple[Suppressed, ...]
    tests: tuple[SentTest, ...]
    waiting_tests: tuple[WaitingTest, ...]
    drafts: tuple[NamedInDraft, ...]
    selections: tuple[PersonSelected, ...]


def export_person(context: PracticeContext, ledger: Ledger, person: str) -> PersonExport:
    """Everything that the ledger knows about a person (Art. 15 GDPR), nothing of others.

    Of a message about a minor the representative gets what concerns the consent and the address,
    the minor all but the representative's data. Ids of others are taken out of every text. Messages
    of the oldest run come first.

    Raises:
        LedgerError: nothing is known.
    """
    c = message.c
    with ledger.read() as tx:
        theirs = tx.select(message, *MESSAGE).where(or_(c.person == person, c.consenting == person))
        rows = [MessageRow._make(row) for row in tx.all(theirs)]
        chosen, hashed = _chosen(tx, person, context)
        single = {row.address for row in rows if row.address and _owns_address(row, person)}
        single.update(one.address for one in chosen if one.address)
        tombstone = Tombstone(person, "", one_line(single))
        in_drafts = _naming_drafts(tx, tombstone, context)
        waiting = _waiting_tests(tx, tombstone, context)
        if not (rows or chosen or in_drafts or waiting):
            raise LedgerError(_("the ledger knows nothing about {person}", person=person))
        runs = {run_id: find_run(tx, run_id) for run_id in {row.run for row in rows}}
        rows.sort(key=lambda row: (runs[row.run].created_at, row.run, row.no))
        found = [_message(tx, runs[row.run], row, person, context) for row in rows]
        others = _others(tx, [*found, *chosen], person)
        hashes = {row.address_hash for row in rows if _owns_address(row, person)} | hashed
        listed = tx.all(tx.select(suppression).where(suppression.c.address_hash.in_(hashes)))
        own = {(row.run, row.row_id) for row in rows if row.person == person}
        tests = tuple(
            test._replace(row=test.row if (test.run, test.row) in own else None)
            for test in sent_tests(tx, context.zone)
            if (test.run, test.row) in own or test.to in hashes
        )
    told = tuple(_without(one, person, others) for one in found)
    suppressed = tuple(Suppressed(s.kind, s.reason) for s in listed)
    selections = tuple(_without(one, person, others) for one in chosen)
    return PersonExport(person, told, suppressed, tests, waiting, in_drafts, selections)


def _naming_drafts(
    tx: Tx, tombstone: Tombstone, context: PracticeContext
) -> tuple[NamedInDraft, ...]:
    """The drafts that erasing the person would change."""
    found = []
    for row, _state in drafts.all_drafts(tx) if drafts.has_drafts(tx) else ():
        without = tombstone.over_draft(row.keys)
        if keys := tuple(key for key in row.keys if without[key] != row.keys[key]):
            found.append(NamedInDraft(row.id, keys, row.saved_at.astimezone(context.zone)))
    return tuple(found)


def _waiting_tests(
    tx: Tx, tombstone: Tombstone, context: PracticeContext
) -> tuple[WaitingTest, ...]:
    """The tests that erasing the person would cancel."""
    found = []
    for one in open_tests(tx):
        if one.detail and tombstone.is_about(one.detail):
            to, row = one.detail.get("to"), one.detail.get("row")
            own = to if tombstone.is_about(to) else None
            theirs = row if tombstone.is_theirs(row) else None
            at = one.asked_at.astimezone(context.zone)
            found.append(WaitingTest(one.run or "", at, one.asked_by, own, theirs))
    return tuple(found)


def _chosen(
    tx: Tx, person: str, context: PracticeContext
) -> tuple[list[PersonSelected], set[str | None]]:
    """The rows of a person in selections, and the hashes of the person's own addresses there."""
    if not tx.has(selected):
        return [], set()
    c, s = selected.c, selection.c
    theirs = or_(c.person == person, c.consenting == person)
    told = s.id, s.kind, s.account, s.purpose, s.created_at, s.found_at, s.read_at
    of_row = select(*c, *told).join(selection, of_selection())
    rows = tx.all(of_row.where(c.practice == tx.practice, theirs).order_by(c.selection, c.no))
    own = {row.address_hash for row in rows if _owns_address(row, person)}
    return [_selected(row, person, context) for row in rows], own


def _selected(row: Row[Any], person: str, context: PracticeContext) -> PersonSelected:
    is_own, owns = row.person == person, _owns_address(row, person)
    is_judged = row.selection == row.id
    read_at = row.read_at if is_judged else row.found_at
    return PersonSelected(
        selection=row.id,
        kind=row.kind if is_judged else None,
        account=row.account if is_judged else None,
        purpose=row.purpose if is_judged else None,
        at=(read_at or row.created_at).astimezone(context.zone),
        row=row.row_id if is_own else SOMEBODY,
        id=row.person if is_own else SOMEBODY,
        occasion=row.occasion if is_own else None,
        number=row.number if is_own else None,
        name=row.name if is_own else None,
        address=row.address if owns else None,
        unreachable=dict(zip(("code", "reason"), row.unreachable, strict=True))
        if row.unreachable
        else None,
        consent=row.consent,
        allowed=row.allowed if is_judged else None,
        marked=row.marked,
        unmarked=row.unmarked,
    )


def _message(
    tx: Tx, released: RunRow, row: MessageRow, person: str, context: PracticeContext
) -> PersonMessage:
    story = message_story(tx, released, row, context.zone)
    e = event.c
    reported = tx.select(event, e.kind).where(e.run == row.run, e.no == row.no)
    last = tx.scalar(reported.order_by(e.at.desc(), e.id.desc()).limit(1))
    one = PersonMessage(
        **{each.name: getattr(story, each.name) for each in fields(story)},
        run=row.run,
        number=row.number,
        name=row.name,
        address=row.address,
        macro_values=row.macro_values,
        consent=row.consent,
        occasion=row.occasion,
        event=last,
    )
    if row.person != person:
        hidden: dict[str, Any] = dict.fromkeys(_OF_MINOR)
        return replace(one, row=SOMEBODY, id=SOMEBODY, **hidden)
    if not _owns_address(row, person):
        return replace(one, address=None, macro_values=_own_values(released, row))
    return one


def _owns_address(row: MessageRow | Row[Any], person: str) -> bool:
    """Whether a message went to an address of this person: a minor's goes to the representative."""
    return bool(person == (row.consenting or row.person))


def _own_values(released: RunRow, row: MessageRow) -> Plain | None:
    """The values of macros that no field of a representative went into; contact data of a minor
    are the representative's. Where it is not known which field went where, none."""
    if row.macro_values is None or not released.carries:
        return None
    foreign = {
        macro
        for field, label, macro in released.carries
        if field.startswith(_REPRESENTATIVE) or label == Sensitivity.CONTACT.label
    }
    return {name: value for name, value in row.macro_values.items() if name not in foreign}


def _others(tx: Tx, found: Sequence[Record], person: str) -> set[str]:
    """The ids of other people that texts name."""
    named = {one for each in found for text in _texts(each) for one in _possible_ids(text)}
    candidates = sorted(named - {person})
    known: set[str] = set()
    tables = [message, *([selected] if tx.has(selected) else [])]
    for start in range(0, len(candidates), _AT_ONCE):
        some = candidates[start : start + _AT_ONCE]
        for table in tables:
            for column in (table.c.person, table.c.consenting):
                rows = tx.all(tx.select(table, column).where(column.in_(some)).distinct())
                known.update(row[0] for row in rows)
    return known


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401  # JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, Record):
        yield from _texts([getattr(value, one.name) for one in fields(value)])
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _possible_ids(text: str) -> Iterator[str]:
    """Everything in a text that may be an id: keys of a practice may hold blanks and points."""
    for found in _BEGIN.finditer(text):
        for end in _ends(text, found.end()):
            yield text[found.start() : end]


def _ends(text: str, key: int) -> list[int]:
    """Where a key that begins there may end."""
    last = min(len(text), key + _LONGEST_KEY)
    return [
        end
        for end in range(key + 1, last + 1)
        if end == len(text) or not (text[end].isalnum() or text[end] in "_-")
    ]


def _without_ids(text: str, person: str, others: set[str]) -> str:
    """The text with `SOMEBODY` in the place of each of the others, the longest id that fits."""
    kept: list[str] = []
    done = 0
    for found in _BEGIN.finditer(text):
        start = found.start()
        ends = [end for end in _ends(text, found.end()) if start >= done]
        known = [end for end in ends if text[start:end] == person or text[start:end] in others]
        if not known or text[start : known[-1]] == person:
            continue
        behind = _OCCASION.match(text, known[-1])
        kept += [text[done:start], SOMEBODY]
        done = behind.end() if behind else known[-1]
    return joined("", [*kept, text[done:]]) if kept else text


def _without(one: R, person: str, others: set[str]) -> R:
    def over(value: Any) -> Any:  # noqa: ANN401  # JSON
        if isinstance(value, str):
            return mapped(value, lambda text: _without_ids(text, person, others))
        if isinstance(value, dict):
            return {over(key): over(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(over(inner) for inner in value)
        return value

    if not others:
        return one
    return replace(one, **{each.name: over(getattr(one, each.name)) for each in fields(one)})
