"""Runs and their rows in the ledger: find, lock, allow a command, pause, count."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import false, func, or_

from serienpost import words
from serienpost.errors import LedgerError
from serienpost.ledger.rows import MESSAGE, RUN, MessageRow, RunRow
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import COMMANDS, PAUSE_REASONS, RELEASED
from serienpost.ledger.transitions import move_run
from serienpost.text import folded
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement

    from serienpost.ledger.store import Tx


_ = Texts(__name__)

_NEVER = datetime.min.replace(tzinfo=UTC)


def find_run(tx: Tx, run_id: str) -> RunRow:
    """The run of this id, also where a person has written it in capitals.

    Raises:
        LedgerError: there is none.
    """
    row = tx.first(tx.select(run, *RUN).where(run.c.id.in_({run_id, run_id.lower()})))
    if row is None:
        raise LedgerError(_("there is no run {run}", run=run_id), hint=_runs_meant(tx, run_id))
    return RunRow._make(row)


def lock_run(tx: Tx, run_id: str) -> RunRow:
    """The run of this id, which no other process changes before this transaction ends.

    Raises:
        LedgerError: there is none.
    """
    row = tx.first(tx.select(run, *RUN).where(run.c.id == run_id).with_for_update())
    if row is None:
        raise LedgerError(_("there is no run {run}", run=run_id), hint=_RUNS)
    return RunRow._make(row)


_RUNS = _("serienpost runs lists them")


def _runs_meant(tx: Tx, text: str) -> str:
    """What to write instead: the newest runs of a mailing of this name, or whose id begins so."""
    c = run.c
    name = text.rpartition("/")[2].removesuffix(".yaml").lower()
    begins = c.id.startswith(name, autoescape=True) if len(name) >= _SHORTEST else false()
    meant = tx.select(run, c.id, c.mailing).where(or_(func.lower(c.mailing) == name, begins))
    found = tx.all(meant.order_by(c.created_at.desc()).limit(_NAMED))
    if not found:
        return _RUNS
    named = [row.id for row in found]
    if any(row.mailing.lower() == name for row in found):
        mailing = found[0].mailing
        return _(
            "{mailing} is a mailing; its runs, the newest first: {runs}",
            mailing=mailing,
            runs=named,
        )
    return _("did you mean {name}?", name=named)


class MailingOfRuns(NamedTuple):
    """What the runs of a mailing say of it: those of one title, kind and purpose; `last` is when
    one of them was released last, in UTC."""

    mailing: str
    title: str
    kind: str
    purpose: str
    last: datetime | None


def mailings_of_runs(tx: Tx) -> list[MailingOfRuns]:
    """The mailings that there are runs of; what was released last comes last."""
    alike = [run.c[name] for name in MailingOfRuns._fields[:-1]]
    last = func.max(run.c.approved_at).label("last")
    found = map(MailingOfRuns._make, tx.all(tx.select(run, *alike, last).group_by(*alike)))
    return sorted(found, key=lambda one: one.last or _NEVER)


def allow_command(row: RunRow, command: str, called: str = "") -> None:
    """Refuse a command that makes no sense in the run's state; it may be called otherwise.

    Raises:
        LedgerError: naming the state.
    """
    if row.state not in COMMANDS[command]:
        hint = _("serienpost send {run}", run=row.id) if row.state == "prepared" else None
        state, command = words.run_state(row.state), words.command(called or command)
        if row.state in ("preparing", "prepared"):
            text = _(
                "run {run} is {state}; {command} is not possible yet",
                run=row.id,
                state=state,
                command=command,
            )
        else:
            text = _(
                "run {run} is {state}; {command} is not possible any more",
                run=row.id,
                state=state,
                command=command,
            )
        raise LedgerError(text, hint=hint)


def set_paused(tx: Tx, run_id: str, reason: str, text: str, until: datetime | None = None) -> None:
    """Pause a released run, or give one that is paused another reason.

    Raises:
        KeyError: nobody would know what ends such a pause.
    """
    PAUSE_REASONS[reason]
    move_run(tx, run_id, RELEASED, "paused", reason=reason, reason_text=text, until=until)


def find_rows(tx: Tx, run_id: str, name: str, *, exactly: bool = False) -> list[MessageRow]:
    """The message of a row, or all messages of a person.

    Args:
        tx: reads or changes the ledger.
        run_id: the run.
        name: a row's or person's id, also without what stands before its `:`; a person's number
            as the review shows it, or that of a line of a table, at the end of its id; how one
            person's id alone begins; or words of the name that one person alone bears. Capitals
            make no difference. A number is never the beginning of a longer one.
        exactly: only a whole id will do.

    Raises:
        LedgerError: the run has no such row, or this is how several people are called.
    """
    c = message.c
    found = _rows(tx, run_id, or_(c.row_id == name, c.person == name))
    if not found and ":" in name:
        same = name.lower()
        found = _rows(tx, run_id, or_(func.lower(c.row_id) == same, func.lower(c.person) == same))
    if exactly or found or not name:
        return _one_person(run_id, name, found, exactly=exactly)
    ends = (f":{name}", *([f"-{name}"] if name.isdigit() else []))
    behind = [c.person.endswith(one, autoescape=True) for one in ends]
    found = _rows(tx, run_id, or_(func.lower(c.number) == name.lower(), *behind))
    found = [
        row
        for row in found
        if name.lower() == (row.number or "").lower() or row.person.endswith(ends)
    ]
    found = found or _beginning_with(tx, run_id, name) or _borne_by(tx, run_id, name)
    return _one_person(run_id, name, found)


def split_names(tx: Tx, run_id: str, names: Iterable[str]) -> list[str]:
    """Each name of rows once; several stand in one text with a comma between, unless the text as
    it is is an id of the run, or somebody's name."""
    c = message.c
    found: list[str] = []
    for text in names:
        whole = (
            "," not in text
            or _rows(tx, run_id, or_(c.row_id == text, c.person == text))
            or _borne_by(tx, run_id, text)
        )
        parts = [text] if whole else [part.strip() for part in text.split(",")]
        found += [part for part in parts if part]
    return list(dict.fromkeys(found))


# So many people or runs are named where a name fits several.
_NAMED = 5
# So many signs of a run's id say which run may be meant.
_SHORTEST = 4
# What can be said again in an error: an id, never what may be a person's name or address.
_SAYABLE = re.compile(r"(?:[A-Za-z_]+:)?[0-9]{1,8}\Z")
# Of a name that so many rows bear nobody alone is meant.
_MOST_BEARERS = 100
# The end of a name that is a number, and what makes it a longer one.
_NUMBER = re.compile(r"(?:\A|[^0-9A-Za-z])[0-9]+\Z")
_MORE_OF_IT = re.compile(r"[0-9]+(?![0-9A-Za-z])")


def _rows(tx: Tx, run_id: str, *which: ColumnElement[bool]) -> list[MessageRow]:
    chosen = tx.select(message, *MESSAGE).where(message.c.run == run_id, *which)
    return list(map(MessageRow._make, tx.all(chosen.order_by(message.c.no))))


def _beginning_with(tx: Tx, run_id: str, name: str) -> list[MessageRow]:
    """The rows of the people whose ids begin so; of more people than can be named some."""
    c = message.c
    begins = or_(
        c.row_id.startswith(name, autoescape=True), c.row_id.contains(f":{name}", autoescape=True)
    )
    fitting = tx.select(message, c.no, c.row_id, c.person).where(c.run == run_id, begins)
    people: dict[str, list[int]] = {}
    for row in tx.stream(fitting.order_by(c.no)):
        if _begins(row.row_id, name):
            people.setdefault(row.person, []).append(row.no)
        if len(people) > _NAMED:
            break
    numbers = [no for rows in people.values() for no in rows]
    return _rows(tx, run_id, c.no.in_(numbers)) if numbers else []


def _borne_by(tx: Tx, run_id: str, name: str) -> list[MessageRow]:
    """The rows of the people whose names hold all these words. What may be an id or a number is no
    name, so that nobody is taken for another by what they call themselves."""
    wanted = _words(name)
    if not wanted or ":" in name or any(sign.isdigit() for sign in name):
        return []
    c = message.c
    named = tx.select(message, c.no, c.name).where(c.run == run_id, c.name.is_not(None))
    numbers = [row.no for row in tx.stream(named) if wanted <= _words(row.name)]
    return _rows(tx, run_id, c.no.in_(numbers[:_MOST_BEARERS])) if numbers else []


def _words(name: str) -> set[str]:
    return set(folded(name).replace(",", " ").split())


def _begins(row_id: str, name: str) -> bool:
    """Whether an id begins so, as a whole or behind its `:`, and not within a number."""
    for id_ in (row_id, row_id.partition(":")[2]):
        rest = id_.removeprefix(name)
        if rest != id_ and not (_NUMBER.search(name) and _MORE_OF_IT.match(rest)):
            return True
    return False


def _one_person(
    run_id: str, name: str, found: list[MessageRow], *, exactly: bool = False
) -> list[MessageRow]:
    people = list(dict.fromkeys(row.person for row in found))
    if not found:
        text = _("run {run} has no row of this name", run=run_id)
        if _SAYABLE.match(name):
            text = _("run {run} has no row {row}", run=run_id, row=name)
        raise LedgerError(text, hint=_WHOLE_ID if exactly else _ACCEPTED)
    if len(people) > 1:
        shown = ", ".join(people[:_NAMED]) + (", ..." if len(people) > _NAMED else "")
        text = _("several people of run {run} are called so", run=run_id)
        if _SAYABLE.match(name):
            text = _("several people of run {run} are called {name}", run=run_id, name=name)
        raise LedgerError(text, hint=shown)
    return found


_WHOLE_ID = _(
    "a whole id is needed here, as in patient:17; the first column of the review holds them"
)
_ACCEPTED = _(
    "a row is named by a person's number, an id as in patient:17, its beginning, or a name that "
    "one person of the run alone bears"
)


def count_states(tx: Tx, run_id: str) -> dict[str, int]:
    """Messages per state."""
    rows = tx.all(
        tx.select(message, message.c.state, func.count().label("n"))
        .where(message.c.run == run_id)
        .group_by(message.c.state)
    )
    return {row.state: row.n for row in rows}


def count_overridden(tx: Tx, run_id: str) -> int:
    """How many marked messages somebody marked although a check denies them."""
    c = message.c
    overridden = c.run == run_id, c.marked, c.override.is_not(None)
    return int(tx.scalar(tx.select(message, func.count()).where(*overridden)))


def open_run(tx: Tx, mailing: str, due: str) -> str | None:
    """The approved, sending or paused run of this mailing and due date, if any."""
    found = tx.scalar(
        tx.select(run, run.c.id)
        .where(run.c.mailing == mailing, run.c.due == due, run.c.state.in_(RELEASED))
        .order_by(run.c.created_at.desc())
    )
    return str(found) if found else None


def released_runs(tx: Tx, mailing: str, due: str) -> list[str]:
    """All runs of this mailing and due date that were ever released."""
    found = tx.select(run, run.c.id).where(
        run.c.mailing == mailing, run.c.due == due, run.c.approved_at.is_not(None)
    )
    return [row.id for row in tx.all(found)]


def runs_to_continue(tx: Tx, others: Sequence[str] = ()) -> list[RunRow]:
    """Approved, sending and paused runs, and others that are named, the oldest first."""
    found = tx.all(
        tx.select(run, *RUN)
        .where(or_(run.c.state.in_(RELEASED), run.c.id.in_(others)))
        .order_by(run.c.created_at)
    )
    return list(map(RunRow._make, found))
