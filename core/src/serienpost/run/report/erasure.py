"""`erase-person`: a tombstone takes a person's place wherever the ledger names the person."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, or_

from serienpost.errors import LedgerError
from serienpost.ledger import drafts
from serienpost.ledger.rows import MESSAGE, MessageRow
from serienpost.ledger.schema import (
    archive,
    attempt,
    event,
    journal,
    message,
    once,
    run,
    selected,
    selection,
)
from serienpost.ledger.states import OWNED
from serienpost.ledger.tasks import forget_test, open_tests
from serienpost.ledger.transitions import move_messages
from serienpost.run.prepare.plan import write_plan_hash
from serienpost.run.report.preview import PREVIEWS, file_name
from serienpost.run.report.retention import PERSONAL, compact
from serienpost.translation import Texts, mapped

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from sqlalchemy import Column, ColumnElement, Table

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

# Columns in which rows about others may name a person.
_NAMING = {
    message: ("unmarked", "override", "consent", "evidence", "text"),
    journal: ("detail",),
    run: ("reason_text",),
    archive: ("text",),
}

# The keys of a mailing that hold ids of rows and of people.
ROW_KEYS = ("rows", "include", "exclude")

# The key of a selection under which ids may stand without their kind.
_IDS = "ids"


class Tombstone:
    """Puts `grave` in the place of a person's id.

    Args:
        person: the id, as in `patient:17`.
        grave: what cannot be told from whom it was.
        addresses: a selection that holds one of these is about the person.
    """

    def __init__(self, person: str, grave: str, addresses: Collection[str]) -> None:
        self.person = person
        self.grave = grave
        self._addresses = [one.casefold() for one in addresses]
        self._key = person.partition(":")[2]
        # An occasion after the id is the person's, too; `patient:1` is not in `patient:17`.
        self._named = re.compile(
            rf"(?<![\w:]){re.escape(person)}(?![\w-])(?:/[^\s,;()\[\]{{}}\"']+)?"
        )

    def over(self, value: Any) -> Any:  # noqa: ANN401  # JSON
        """Texts or JSON without the person's id."""
        if isinstance(value, str):
            return mapped(value, lambda text: self._named.sub(self.grave, text))
        if isinstance(value, list):
            return [self.over(one) for one in value]
        if isinstance(value, dict):
            return {name: self.over(inner) for name, inner in value.items()}
        return value

    def over_selection(self, value: Any, key: str = "") -> Any:  # noqa: ANN401  # JSON
        """A selection without the person: also without address, and in `ids` without the key."""
        if isinstance(value, dict):
            return {name: self.over_selection(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.over_selection(one, key) for one in value]
        if key == _IDS and self._key and str(value) == self._key:
            return self.grave
        if isinstance(value, str) and any(one in value.casefold() for one in self._addresses):
            return self.grave
        return self.over(value)

    def is_about(self, detail: object) -> bool:
        """Whether JSON names the person, or one of the addresses."""
        return bool(self.over_selection(detail) != detail)

    def over_draft(self, keys: dict[str, Any]) -> dict[str, Any]:
        """The keys of a draft without the person, whose rows are taken out of lists of rows."""
        changed = {key: self.over(value) for key, value in keys.items()}
        if "select" in keys:
            changed["select"] = self.over_selection(keys["select"])
        for key in ROW_KEYS:
            if isinstance(rows := keys.get(key), list):
                changed[key] = [one for one in rows if not self.is_theirs(one)]
        return changed

    def is_theirs(self, row: object) -> bool:
        """Whether this is the id of the person or of one of the person's rows."""
        return isinstance(row, str) and f"{row}/".startswith(f"{self.person}/")


def erase_person(context: PracticeContext, ledger: Ledger, person: str, user: str) -> int:
    """Replace a person by a tombstone everywhere (Art. 17 GDPR); counts, hashes and outcomes stay.

    What has not been sent yet is cancelled. Also reached are reasons in the rows of others, the
    journal, what runs and selections ask of sources, and the keys of drafts, where they name the
    person's id or address; the person's rows in selections are removed. Returns how many messages
    to the person were changed.

    Raises:
        LedgerError: nothing is known, or one of the messages is on the wire right now.
    """
    c = message.c
    with ledger.begin("erase") as tx:
        theirs = or_(c.person == person, c.consenting == person)
        found = tx.all(tx.select(message, *MESSAGE).where(theirs).with_for_update())
        mine = list(map(MessageRow._make, found))
        if any(row.state in OWNED for row in mine):
            raise LedgerError(
                _("a message to {person} is being sent; try again in a minute", person=person)
            )
        grave = f"erased:{ledger.keyed_hash('person', person)[:16]}"
        chosen = _chosen(tx, person)
        addresses = one_line({one for one in (*(row.address for row in mine), *chosen) if one})
        tombstone = Tombstone(person, grave, addresses)
        for row in mine:
            _bury(tx, row, tombstone)
        changed = {row.run for row in mine}
        for table, names in _NAMING.items():
            changed |= _forget_name(tx, table, names, tombstone)
        changed |= _forget_selected(tx, tombstone)
        in_drafts = _forget_in_drafts(tx, tombstone, user)
        in_selections = _forget_chosen(tx, tombstone)
        tests = [one for one in open_tests(tx) if tombstone.is_about(one.detail)]
        for one in tests:
            forget_test(tx, one)
        if not (changed or in_drafts or in_selections or tests):
            raise LedgerError(_("the ledger knows nothing about {person}", person=person))
        for run_id in _prepared(tx, changed):
            write_plan_hash(tx, run_id)
        tx.note(user, "erase", detail={"messages": len(mine)})
    for row in mine:
        _forget_preview(context.path(PREVIEWS) / row.run, row.row_id)
    compact(ledger)
    return len(mine)


def one_line(addresses: Collection[str]) -> set[str]:
    """The addresses that are a word, as of e-mail and SMS: no other text holds them by chance."""
    return {one for one in addresses if len(one.split()) == 1}


def _forget_preview(folder: Path, row_id: str) -> None:
    begin = f"{file_name(row_id)}."
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.startswith(begin):
            path.unlink()


def _bury(tx: Tx, row: MessageRow, tombstone: Tombstone) -> None:
    is_own = row.person == tombstone.person
    own: dict[str, Any] = {
        "row_id": f"{tombstone.grave}/{row.no}",
        "person": tombstone.grave,
        **dict.fromkeys(("occasion", "occasion_at")),
    }
    same = ("evidence", "consent", "unmarked", "text")
    values: dict[str, Any] = {
        **PERSONAL,
        **(own if is_own else {}),
        **{name: tombstone.over(getattr(row, name)) for name in same},
        "consenting": None,
        "override": None,
        "marked": row.marked and row.state != "planned",
    }
    this = message.c.no == row.no
    tx.execute(tx.update(message).where(message.c.run == row.run, this).values(**values))
    stopped = move_messages(tx, row.run, ("planned", "pending"), "cancelled", this)
    given_up = move_messages(tx, row.run, "in_doubt", "failed", this)
    tx.execute(tx.delete(archive).where(*_of(archive, row), archive.c.state == "waiting"))
    if stopped or given_up:
        tx.execute(tx.delete(once).where(*_of(once, row)))
    # What providers and archives wrote is free text; the codes stay.
    for table, column in ((attempt, "text"), (event, "text"), (archive, "text")):
        tx.execute(tx.update(table).where(*_of(table, row)).values({column: None}))
    # A test keeps to whom it went, which is no data of this person.
    noted = *_of(journal, row), journal.c.action != "test"
    tx.execute(tx.update(journal).where(*noted).values(detail=None))


def _of(table: Table, row: MessageRow) -> tuple[ColumnElement[bool], ...]:
    return table.c.run == row.run, table.c.no == row.no


def _owner(table: Table) -> Column[Any]:
    """The column that names the run or the selection of a row."""
    own = {run: "id", selection: "id", selected: "selection"}
    return table.c[own.get(table, "run")]


def _forget_name(tx: Tx, table: Table, names: Sequence[str], tombstone: Tombstone) -> set[str]:
    """Change the rows of a table that name the person; returns their runs or selections."""
    columns = [table.c[name] for name in names]
    of_run = _owner(table)
    # As it is, in JSON, in a text that is kept with its values, and in such a text in JSON.
    person = tombstone.person
    kept = json.dumps(person, ensure_ascii=False)[1:-1]
    spelled = {person, json.dumps(person)[1:-1], kept, json.dumps(kept)[1:-1]}
    hits = [cast(c, Text).contains(one, autoescape=True) for c in columns for one in spelled]
    naming = tx.select(table, *table.primary_key, of_run.label("of_run"), *columns)
    touched = set()
    for row in tx.all(naming.where(or_(*hits))):
        before = {name: row._mapping[name] for name in names}
        after = tombstone.over(before)
        if after != before:
            touched.add(row.of_run or "")
            key = [column == row._mapping[column.name] for column in table.primary_key]
            tx.execute(tx.update(table).where(*key).values(after))
    return touched


def _forget_selected(tx: Tx, tombstone: Tombstone) -> set[str]:
    """Change the headers of runs that select or leave out the person; returns these runs."""
    touched = set()
    for row in tx.all(tx.select(run, run.c.id, run.c.header)):
        after = tombstone.over(row.header)
        if blocks := after.get("blocks"):
            after["blocks"] = tombstone.over_selection(blocks)
        if after != row.header:
            touched.add(row.id)
            tx.execute(tx.update(run).where(run.c.id == row.id).values(header=after))
    return touched


def _forget_in_drafts(tx: Tx, tombstone: Tombstone, user: str) -> int:
    """Take the person out of the keys of drafts; returns how many drafts named the person. Each
    gets a new version, so that whoever has it open does not save the person into it again."""
    rows = [row for row, _state in drafts.all_drafts(tx)] if drafts.has_drafts(tx) else []
    changed = 0
    for row in rows:
        after = tombstone.over_draft(row.keys)
        if after != row.keys:
            changed += 1
            drafts.change_keys(tx, row, after, tombstone.over(row.title), user)
    return changed


def _chosen(tx: Tx, person: str) -> Sequence[str | None]:
    """The addresses in selections of the person, or of whom the person consents for."""
    if not tx.has(selection):
        return []
    c = selected.c
    theirs = or_(c.person == person, c.consenting == person)
    return [row.address for row in tx.all(tx.select(selected, c.address).where(theirs))]


def _forget_chosen(tx: Tx, tombstone: Tombstone) -> bool:
    """Take the person out of selections: nothing was sent by them, so that nobody has to know that
    there was a row. Returns whether any of them named the person."""
    if not tx.has(selection):
        return False
    c, person = selected.c, tombstone.person
    theirs = or_(c.person == person, c.consenting == person)
    found = bool(tx.execute(tx.delete(selected).where(theirs)))
    found |= bool(_forget_name(tx, selected, ("unreachable", "consent", "unmarked"), tombstone))
    found |= bool(_forget_name(tx, selection, ("reason",), tombstone))
    for row in tx.all(tx.select(selection, selection.c.id, selection.c.header)):
        after = tombstone.over(row.header)
        after["blocks"] = tombstone.over_selection(after["blocks"])
        if after != row.header:
            found = True
            mine = tx.update(selection).where(selection.c.id == row.id)
            tx.execute(mine.values(header=after))
    return found


def _prepared(tx: Tx, runs: Collection[str]) -> list[str]:
    """Those of these runs whose plan a person has still to look at."""
    mine = tx.select(run, run.c.id).where(run.c.id.in_(runs), run.c.state == "prepared")
    return [row.id for row in tx.all(mine)]
