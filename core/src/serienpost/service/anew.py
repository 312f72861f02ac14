"""What was made for a day that is over: messages are made anew, people looked for again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from serienpost.config.mailing_file import check_choice, mailing_with_id
from serienpost.documents import Record
from serienpost.errors import LedgerError
from serienpost.ledger.drafts import draft_of_run, lists_of
from serienpost.ledger.runs import find_run
from serienpost.ledger.selections import find_selection
from serienpost.run.prepare import choose
from serienpost.run.prepare.people import People
from serienpost.run.prepare.plan import Scope
from serienpost.run.prepare.taking_over import for_people, taken_selection
from serienpost.run.send.day import relative_day
from serienpost.service.draft import Conflict
from serienpost.service.selection import Selection
from serienpost.service.tasks import Prepare, PrepareDraft
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.ledger.selections import SelectionRow
    from serienpost.ledger.store import Tx
    from serienpost.service.draft import Draft
    from serienpost.service.opened import OpenedPractice
    from serienpost.service.run import Run

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class Anew(Record):
    """How the messages of a prepared run can be made anew.

    Args:
        title: what people call the draft or the mailing that they are made of.
        due: the date that relative days count from then.
        draft: that they are made of; None where it is a mailing of the practice's folder.
        wish: what to ask a worker for; the old run is discarded when the new one is prepared. None
            where the people come first.
        people: the selection that must be checked first; see also `is_for_past`.
    """

    title: str
    due: date
    draft: str | None
    wish: Prepare | PrepareDraft | None
    people: str | None = None


def made_anew(run: Run) -> Anew | None:
    """How the messages of a prepared run can be made anew; None where what they were made of is
    gone, or the run is not prepared. Its due date stays where it lies ahead; else it is today.

    Raises:
        LedgerError: there is no such run.
    """
    practice, run_id = run.practice, run.id
    with practice.ledger.read() as tx:
        row = find_run(tx, run_id)
        if row.state != "prepared":
            return None
        draft = draft_of_run(tx, run_id)
        taken = taken_selection(tx, run_id)
        chosen = draft.selection if draft else taken[0] if taken else None
        people = _found(tx, chosen)
    due = max(date.fromisoformat(row.due), practice.today())
    is_over = people is not None and _is_for_another_day(practice, people, due)
    if draft is not None:
        is_checked = people is None or people.kind is not None
        wish = PrepareDraft(draft.id, draft.version, due) if is_checked and not is_over else None
        unchecked = None if people is None or is_checked else people.id
        return Anew(draft.title, due, draft.id, wish, unchecked)
    head = mailing_with_id(practice.context, row.mailing)
    if head is None:
        return None
    again = Prepare(head.name, due, selection=people.id if people else None, replaces=row.id)
    return Anew(head.title, due, None, None if is_over else again)


def _found(tx: Tx, selection: str | None) -> SelectionRow | None:
    """The selection of this id; None where there is none any more."""
    try:
        return find_selection(tx, selection) if selection else None
    except LedgerError:
        return None


def _is_for_another_day(practice: OpenedPractice, people: SelectionRow, due: date) -> bool:
    """Whether people were chosen by days that count from another day than this one."""
    if people.due == due.isoformat():
        return False
    return relative_day(People(practice.context, Scope.from_json(people.header))) is not None


def is_for_past(draft: Draft) -> bool:
    """Whether the people of a draft's selection were chosen by days that count from a day that is
    over: what is made for them can be released no more."""
    practice = draft.practice
    with practice.ledger.read() as tx:
        people = _found(tx, draft.selection)
    if people is None or people.due >= practice.today().isoformat():
        return False
    return _is_for_another_day(practice, people, practice.today())


def find_again(draft: Draft) -> Selection:
    """Ask for the same people as of today, as `Practice.find_people` does; the draft writes to
    those from now on.

    Raises:
        SerienpostError: they cannot be looked for again; or somebody saved the draft meanwhile.
    """
    practice = draft.practice
    with practice.ledger.read() as tx:
        people = _found(tx, draft.selection)
        has_lists = people is not None and bool(lists_of(tx, people.id))
    if people is None or has_lists:
        raise LedgerError(
            _("whom the draft {draft} writes to cannot be looked for again", draft=draft.id),
            hint=_("choose the people again"),
        )
    scope = Scope.from_json(people.header)
    mailing = for_people(practice.context, check_choice(practice.context, {}), scope)
    hits = choose.check_hits(practice.context, mailing, practice.today())
    found = Selection(practice, choose.ask(hits, practice.ledger, practice.actor))
    saved = draft.save(draft.keys, draft.version, selection=found.id)
    if isinstance(saved, Conflict):
        found.discard()
        raise LedgerError(
            _("{user} saved the draft {draft} meanwhile", user=saved.saved_by, draft=draft.id),
            hint=_("look at it once more"),
        )
    return found
