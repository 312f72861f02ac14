"""Drafts: mailings that people write at the desk, as rows of the ledger."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from serienpost.config.document import Document
from serienpost.config.loading import load_mailing
from serienpost.config.mailing_file import check_document, mailing_with_id
from serienpost.documents import Plain, Record
from serienpost.errors import ConfigError, LedgerError, SerienpostError
from serienpost.ledger import drafts
from serienpost.ledger.drafts import DraftRow, UploadRow
from serienpost.ledger.schema import draft as draft_table
from serienpost.ledger.selections import find_selection
from serienpost.ledger.states import RELEASED
from serienpost.ledger.store import new_ref
from serienpost.run.prepare.taking_over import with_people_of
from serienpost.run.prepare.uploaded_files import as_uploads, is_same_file, received, remove_files
from serienpost.run.report.preview import remove_previews
from serienpost.run.report.retention import forget_unapproved
from serienpost.service.draft_keys import (
    at_key,
    checked_keys,
    draft_name,
    draft_title,
    keys_for_selection,
    keys_taken_over,
)
from serienpost.service.given_files import UploadedFile, uploaded_file
from serienpost.service.mailing import (
    CheckedMailing,
    Transliteration,
    check_loaded,
    checked_for,
    people_of,
    prepare_checked,
)
from serienpost.service.same_mailing import SameMailing, chosen_id
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from typing import BinaryIO

    from serienpost.config.mailing import Mailing
    from serienpost.config.uploads import Upload, UploadKind
    from serienpost.ledger.store import Tx
    from serienpost.run.prepare.count import Counted
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.prepare.taking_over import TakenOver
    from serienpost.service.opened import OpenedPractice
    from serienpost.service.run import Run
    from serienpost.service.same_mailing import About

_ = Texts(__name__)

# Of a run that was released and not taken back.
_DONE = (*RELEASED, "finished")

# Files of one draft at most.
MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class Conflict(Record):
    """A save that was refused because somebody saved the draft meanwhile; nothing is lost.

    Args:
        draft: the draft.
        mine: the keys that were to be saved.
        theirs: those that are in the ledger.
        version: of theirs; a save over it is accepted.
        saved_by: who saved them.
        saved_at: when, in practice time.
    """

    draft: str
    mine: Plain
    theirs: Plain
    version: int
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class DraftLine(Record):
    """A draft among others, times in practice time.

    Args:
        mailing: the id under which it is sent.
        state: no run was made of it (`unprepared`), one of how it stands now (`prepared`), or one
            of an earlier version (`changed`).
        run: the newest run that was made of it.
        run_state: how that stands; None where it is gone.
    """

    draft: str
    mailing: str
    title: str
    version: int
    created_by: str
    created_at: datetime
    saved_by: str
    saved_at: datetime
    state: Literal["unprepared", "prepared", "changed"]
    run: str | None
    run_state: str | None

    @property
    def is_done(self) -> bool:
        """Whether it was released as it stands: nobody has to go on with it."""
        return self.state == "prepared" and self.run_state in _DONE


class _ThereError(Exception):
    """A file is there already; `row` is its."""

    def __init__(self, row: UploadRow) -> None:
        super().__init__()
        self.row = row


class Draft:
    """A draft as it stood when it was read or saved."""

    def __init__(self, practice: OpenedPractice, row: DraftRow) -> None:
        self.practice = practice
        self._row = row

    @property
    def id(self) -> str:
        """Names the draft."""
        return self._row.id

    @property
    def mailing(self) -> str:
        """The id under which it is sent: `once_per` and cron know a mailing by it."""
        return self._row.mailing

    @property
    def title(self) -> str:
        """What people call it."""
        return self._row.title

    @property
    def keys(self) -> Plain:
        """Those of a mailing file, as plain JSON; a copy."""
        return copy.deepcopy(self._row.keys)

    @property
    def selection(self) -> str | None:
        """The selection that it writes to, None where its keys say to whom."""
        return self._row.selection

    @property
    def version(self) -> int:
        """Grows with each save."""
        return self._row.version

    @property
    def run(self) -> str | None:
        """The newest run that was made of it."""
        return self._row.run

    def line(self) -> DraftLine:
        """How it stands now: who wrote it and when, and whether there is a run of it.

        Raises:
            LedgerError: the draft is gone.
        """
        with self.practice.ledger.read() as tx:
            drafts.find_draft(tx, self.id)
            ((row, run_state),) = drafts.all_drafts(tx, self.id)
        return _line(self.practice, row, run_state)

    def save(
        self,
        keys: Mapping[str, Any],
        version: int,
        *,
        selection: str | Literal[False] | None = None,
    ) -> Draft | Conflict:
        """Save what was written, also what is not right yet; see `check`.

        Args:
            keys: all of them, as plain JSON.
            version: what was looked at while writing.
            selection: the selection that it writes to from now on, or False where its keys say to
                whom; the same unless given.

        Returns:
            The draft as it is saved; or both texts where somebody saved another one meanwhile.

        Raises:
            ConfigError: a key that no mailing has or that a draft may not have, what is no JSON, or
                too much.
            LedgerError: the draft is gone, or there is no such selection.
        """
        wanted = checked_keys(self.id, self.mailing, keys)
        with self.practice.ledger.begin("draft", counted=False) as tx:
            found = drafts.find_draft(tx, self.id, lock=True)
            if selection:
                find_selection(tx, selection)
            changed = found._replace(
                keys=wanted,
                title=draft_title(wanted, self.mailing),
                selection=found.selection if selection is None else selection or None,
                saved_by=self.practice.actor,
            )
            # A second click on the same button, whose first answer did not arrive.
            is_there = (changed.keys, changed.selection) == (found.keys, found.selection)
            if not is_there and not drafts.save_draft(tx, changed, version):
                return _conflict(self.practice, found, wanted)
            return Draft(self.practice, drafts.find_draft(tx, self.id))

    def check(self) -> CheckedMailing:
        """Everything that can be known about it without reading any recipient.

        Raises:
            SerienpostError: all that is wrong with it, as with a mailing's file; `file` of a
                problem names the draft, `line` counts within the text of the `key`.
        """
        with self._problems_at_keys():
            mailing = self._loaded()
            if self.selection is not None:
                with self.practice.ledger.read() as tx:
                    chosen = find_selection(tx, self.selection)
                mailing = with_people_of(self.practice.context, mailing, chosen)
            return check_loaded(self.practice, mailing)

    def written(self, keys: Mapping[str, Any]) -> Draft:
        """The draft as it would be with these keys; nothing is saved.

        Raises:
            ConfigError: as for `save`.
        """
        wanted = checked_keys(self.id, self.mailing, keys)
        return Draft(self.practice, self._row._replace(keys=wanted))

    def count(self, due: date | None = None) -> Counted:
        """What its messages would cost, each the same as in a run; of many people the first alone.
        Nothing is written.

        Args:
            due: as for `prepare`.

        Raises:
            SerienpostError: as for `prepare`.
        """
        return count_draft(self, due)

    def prepare(
        self,
        *,
        due: date | None = None,
        rewrite_signs: bool | None = None,
        exclude_already_sent: bool = False,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Run | Transliteration:
        """Make a new run of the draft; see `Practice.prepare`.

        The run that was made of it before is discarded, unless it was released: what was changed
        would not be in it. One that a test was sent from is cancelled and stays, since the ledger
        keeps whose data left.

        Args:
            due: the date that relative days count from; today unless given, with a selection that
                of the selection.
            rewrite_signs: the answer to `Transliteration`.
            exclude_already_sent: unmark who had this mailing before.
            progress: is called with the number of rows read so far.

        Raises:
            ConfigError: something is wrong with it, or the people of its selection were chosen for
                another kind of contact, purpose or day.
            LedgerError: the draft or its selection is gone, or a newer version of it was prepared
                meanwhile; nothing is left then.
            StillOpenError: the people of its selection are being read.
            SourceError: the source cannot deliver.
        """
        return prepare_draft(
            self,
            due=due,
            rewrite_signs=rewrite_signs,
            exclude_already_sent=exclude_already_sent,
            progress=progress,
        )

    def discard(self) -> None:
        """Remove the draft with its files, and the run that was made of it unless that was
        released.

        Raises:
            LedgerError: somebody saved it meanwhile; or a run that was released still reads a list
                that was given to it.
        """
        with self.practice.ledger.begin("draft", counted=False) as tx:
            found = drafts.find_draft(tx, self.id, lock=True)
            if found.version != self.version:
                raise LedgerError(
                    _(
                        "{user} saved the draft {draft} meanwhile; it is not discarded",
                        user=found.saved_by,
                        draft=self.id,
                    ),
                    hint=_("look at it once more"),
                )
            gone = _forget(tx, found.run, self.practice.actor)
            if reading := drafts.runs_reading(tx, drafts.uploads_of(tx, self.id)):
                raise LedgerError(
                    _(
                        "run {run} still reads a list of the draft {draft}",
                        run=reading[0],
                        draft=self.id,
                    ),
                    hint=_("discard it when the run is finished or cancelled"),
                )
            files = drafts.remove_draft(tx, self.id)
        remove_files(self.practice.context, files)
        if gone:
            remove_previews(self.practice.context, gone)

    def add_file(
        self, name: str, stream: BinaryIO, kind: UploadKind = "attachment"
    ) -> UploadedFile:
        """Give a file to the draft; its `reference` goes into the keys. One that it has already, of
        the same name and with the same bytes, is not kept twice.

        Args:
            name: what whoever gives it calls it; a way to it is left out.
            stream: its bytes, read a piece at a time.
            kind: whether it is attached (`attachment`) or people are read from it (`list`).

        Raises:
            SerienpostError: it is empty or larger than 20 MB, a workbook that unpacks to more than
                200 MB, or a list that is neither .csv nor .xlsx; it cannot be written; or the draft
                has too many.
            LedgerError: the draft is gone.
        """
        try:
            with received(self.practice.context, name, stream, kind) as file:
                row = UploadRow(file.id, self.id, kind, file.name, file.size)
                with self.practice.ledger.begin("upload", counted=False) as tx:
                    drafts.find_draft(tx, self.id, lock=True)
                    there = drafts.uploads_of(tx, self.id)
                    self._refuse_same(row, there)
                    if len(there) >= MOST_FILES:
                        raise SerienpostError(
                            _("the draft has {n} files, which is the most", n=MOST_FILES),
                            hint=_("remove one of them first"),
                        )
                    drafts.add_upload(tx, row, self.practice.actor)
        except _ThereError as found:
            row = found.row
        return uploaded_file(row)

    def _refuse_same(self, new: UploadRow, there: Sequence[UploadRow]) -> None:
        """Keep no second file where one that was given before has the same name and the same bytes:
        its giver heard no answer, and gives it again.

        Raises:
            _ThereError: there is one.
        """
        for row in there:
            is_like = row[2:] == new[2:]
            if is_like and is_same_file(self.practice.context, row.id, new.id):
                raise _ThereError(row)

    def files(self) -> list[UploadedFile]:
        """The files that were given to it, the oldest first."""
        with self.practice.ledger.read() as tx:
            return [uploaded_file(row) for row in drafts.uploads_of(tx, self.id)]

    def remove_file(self, file_id: str) -> None:
        """Remove a file that was given to it.

        Raises:
            LedgerError: the draft has no such file, or a run still reads it.
        """
        with self.practice.ledger.begin("upload", counted=False) as tx:
            drafts.find_draft(tx, self.id, lock=True)
            named = [one for one in drafts.uploads_of(tx, self.id) if one.id == file_id]
            for run in drafts.runs_reading(tx, named):
                raise LedgerError(
                    _("run {run} still reads the list", run=run),
                    hint=_("remove it when the run is finished or cancelled"),
                )
            if not drafts.remove_upload(tx, self.id, file_id):
                raise LedgerError(_("the draft {draft} has no such file", draft=self.id))
        remove_files(self.practice.context, [file_id])

    def _uploads(self) -> list[Upload]:
        with self.practice.ledger.read() as tx:
            rows = drafts.uploads_of(tx, self.id)
        return as_uploads(rows)

    def _lists(self) -> list[Upload]:
        """The lists that the people of its selection are read from."""
        with self.practice.ledger.read() as tx:
            rows = drafts.lists_of(tx, self.selection) if self.selection else []
        return as_uploads(rows)

    def _loaded(self) -> Mailing:
        """The mailing that its keys amount to, as if they stood in a file; for nobody yet where it
        writes to a selection."""
        return check_document(
            self.practice.context,
            Document(draft_name(self.id), self._row.keys, is_file=False),
            self.mailing,
            uploads=self._uploads(),
            has_people=self.selection is None,
        )

    @contextmanager
    def _problems_at_keys(self) -> Iterator[None]:
        """Say of what is wrong in which key of the draft it stands, or in which of its files."""
        try:
            yield
        except SerienpostError as error:
            names = {one.path: one.name for one in [*self._uploads(), *self._lists()]}
            problems = [at_key(draft_name(self.id), names, one) for one in error.problems]
            if problems == list(error.problems):
                raise
            raise type(error)(*problems) from error

    def _name_run(self, tx: Tx, run_id: str) -> str | None:
        """Note the new run and discard the one before it; returns that where it was removed.

        Raises:
            LedgerError: the draft is gone, or a newer version of it was prepared meanwhile.
        """
        found = drafts.find_draft(tx, self.id, lock=True)
        _refuse_overtaken(found, self.version)
        gone = _forget(tx, found.run, self.practice.actor)
        drafts.name_run(tx, self.id, run_id, self.version)
        return gone


def prepare_draft(
    draft: Draft,
    *,
    due: date | None = None,
    asked_on: date | None = None,
    rewrite_signs: bool | None = None,
    exclude_already_sent: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    frozen: Callable[[Tx, str], None] = lambda _tx, _run: None,
) -> Run | Transliteration:
    """See `Draft.prepare`; for `asked_on` and `frozen` see `service/mailing.py`.

    The draft names its run, and the one before is gone, in the transaction that makes the new one a
    prepared run.
    """
    practice, today = draft.practice, asked_on or draft.practice.today()
    gone: str | None = None

    def named(tx: Tx, run_id: str) -> None:
        nonlocal gone
        gone = draft._name_run(tx, run_id)
        frozen(tx, run_id)

    with draft._problems_at_keys():
        renderer, chosen = _checked(draft, due, today)
        made = prepare_checked(
            practice,
            renderer,
            rewrite_signs=rewrite_signs,
            exclude_already_sent=exclude_already_sent,
            chosen=chosen,
            progress=progress,
            frozen=named,
        )
    if gone:
        remove_previews(practice.context, gone)
    return made


def count_draft(draft: Draft, due: date | None) -> Counted:
    """See `Draft.count`."""
    from serienpost.run.prepare.count import count

    with draft._problems_at_keys():
        renderer, chosen = _checked(draft, due, draft.practice.today())
        return count(renderer, draft.practice.ledger, chosen)


def _checked(draft: Draft, due: date | None, today: date) -> tuple[RunRenderer, TakenOver | None]:
    """The draft checked for its people, and the selection whose marks it takes over."""
    practice, mailing, chosen = draft.practice, draft._loaded(), None
    if draft.selection is not None:
        mailing, due, chosen = people_of(practice, draft.selection, mailing, due, today)
    return checked_for(practice.context, mailing, due or today), chosen


def new_draft(
    practice: OpenedPractice,
    mailing: str | None = None,
    *,
    about: About | None = None,
    continues: str | Literal[False] | None = None,
    keys: Mapping[str, Any] | None = None,
    selection: str | None = None,
    title: str = "",
) -> Draft | SameMailing:
    """See `Practice.new_draft`."""
    begun: Plain = {}
    ledger = practice.ledger
    with ledger.read() as tx:
        tx.require(draft_table)
        people = find_selection(tx, selection) if selection is not None else None
    if mailing is not None:
        loaded = load_mailing(practice.context, mailing)
        mailing_id, begun = loaded.id, keys_taken_over(loaded)
    else:
        purpose = people.purpose if people else (keys or {}).get("purpose")
        chosen = chosen_id(practice, about, continues, purpose)
        if isinstance(chosen, SameMailing):
            return chosen
        mailing_id = chosen
        if people is not None:
            signatures = practice.context.config.signatures
            begun = keys_for_selection(_written(practice, mailing_id), people, signatures)
    draft_id = new_ref(8).lower()
    wanted = {**begun, **(keys or {}), **({"title": title} if title else {})}
    checked = checked_keys(draft_id, mailing_id, wanted)
    with ledger.begin("draft", counted=False) as tx:
        row = DraftRow(
            id=draft_id,
            mailing=mailing_id,
            title=draft_title(checked, mailing_id),
            user=practice.actor,
            version=1,
            keys=checked,
            selection=selection,
            run=None,
            run_version=None,
            created_at=tx.now,
            saved_at=tx.now,
            saved_by=practice.actor,
        )
        drafts.add_draft(tx, row)
    return Draft(practice, row)


def _written(practice: OpenedPractice, mailing_id: str) -> Plain:
    """The keys of the mailing's file; none where it has none, or one that cannot be read."""
    head = mailing_with_id(practice.context, mailing_id)
    try:
        return keys_taken_over(load_mailing(practice.context, head.name)) if head else {}
    except ConfigError:
        return {}


def find(practice: OpenedPractice, draft_id: str, version: int | None = None) -> Draft:
    """See `Practice.draft`."""
    with practice.ledger.read() as tx:
        row = drafts.find_draft(tx, draft_id)
    if version is not None and row.version != version:
        raise LedgerError(
            _("{user} saved the draft {draft} meanwhile", user=row.saved_by, draft=draft_id),
            hint=_("look at it once more"),
        )
    return Draft(practice, row)


def all_drafts(practice: OpenedPractice) -> list[DraftLine]:
    """See `Practice.drafts`."""
    with practice.ledger.read() as tx:
        rows = drafts.all_drafts(tx) if drafts.has_drafts(tx) else []
    return [_line(practice, row, state) for row, state in rows]


def _line(practice: OpenedPractice, row: DraftRow, run_state: str | None) -> DraftLine:
    zone = practice.context.zone
    state: Literal["unprepared", "prepared", "changed"] = "unprepared"
    if run_state is not None:
        state = "prepared" if row.run_version == row.version else "changed"
    return DraftLine(
        draft=row.id,
        mailing=row.mailing,
        title=row.title,
        version=row.version,
        created_by=row.user,
        created_at=row.created_at.astimezone(zone),
        saved_by=row.saved_by,
        saved_at=row.saved_at.astimezone(zone),
        state=state,
        run=row.run,
        run_state=run_state,
    )


def _conflict(practice: OpenedPractice, theirs: DraftRow, mine: Plain) -> Conflict:
    return Conflict(
        draft=theirs.id,
        mine=mine,
        theirs=theirs.keys,
        version=theirs.version,
        saved_by=theirs.saved_by,
        saved_at=theirs.saved_at.astimezone(practice.context.zone),
    )


def _refuse_overtaken(found: DraftRow, version: int) -> None:
    if (found.run_version or 0) > version:
        raise LedgerError(
            _("a newer version of the draft {draft} is prepared", draft=found.id),
            hint=_("look at run {run}", run=found.run or ""),
        )


def _forget(tx: Tx, run_id: str | None, user: str) -> str | None:
    """Discard a run that was not released; returns it where it was removed."""
    return run_id if run_id and forget_unapproved(tx, run_id, user) else None
