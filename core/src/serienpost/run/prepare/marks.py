"""Changes of the marks of a prepared run. Each renews the plan hash in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

from serienpost.consent.decision import plain
from serienpost.contracts.kinds import Address
from serienpost.contracts.rows import Occasion, Row
from serienpost.errors import LedgerError, SerienpostError, SourceError
from serienpost.ledger.rows import MESSAGE, MessageRow
from serienpost.ledger.runs import allow_command, find_rows, lock_run, split_names
from serienpost.ledger.schema import message
from serienpost.ledger.store import new_ref
from serienpost.run.prepare.changes import refuse_other_edition
from serienpost.run.prepare.freeze import unmark_files_of_several, unmarked_for
from serienpost.run.prepare.plan import write_plan_hash
from serienpost.run.prepare.review import (
    Reviewed,
    address_of,
    ask_checks,
    current_states,
    denial,
    render_rows,
    unmarked_columns,
)
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement

    from serienpost.consent.decision import Decision
    from serienpost.contracts.consent import Deny
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

_RENEWED = (
    "consenting",
    "consent",
    "allowed",
    "marked",
    "unmarked",
    "macro_values",
    "carried",
    "content_hash",
    "cost",
    "evidence",
    "message_id",
    "text",
)
_AGAIN = _("prepare the mailing again")
_EARLIER_RUN = _("write to this person by a mailing of its own")
_EXCLUDED: dict[str, Any] = {
    "code": "excluded",
    "reason": _("unmarked in the review"),
    "includable": True,
}


def change_marks(
    renderer: RunRenderer,
    ledger: Ledger,
    run_id: str,
    user: str,
    *,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    override: Sequence[str] = (),
    reason: str | None = None,
    drop_not_allowed: bool = False,
) -> None:
    """Change who is marked. All changes take effect together or none does.

    With `same_address: one` the first marked row of an address stays; where it is unmarked, the
    next one at that address is read again and takes its place.

    Args:
        renderer: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: a prepared run.
        user: who changes; recorded.
        only: rows (or persons, meaning all their rows) to mark; all others are unmarked.
        exclude: rows to unmark.
        include: rows to mark again; they are read and rendered anew.
        override: rows to mark although not allowed, where every Deny is overridable; whole ids.
        reason: why, for overrides.
        drop_not_allowed: take all overrides back.

    Raises:
        SerienpostError: a row is not in the run, cannot be included or overridden.
    """
    with ledger.begin("review") as tx:
        allow_command(lock_run(tx, run_id), "review")
        change = _Change(tx, renderer, ledger, run_id, user)
        if drop_not_allowed:
            change.drop_overrides()
        kept = split_names(tx, run_id, only)
        if kept:
            change.exclude_others(kept)
        for name in split_names(tx, run_id, exclude):
            change.exclude(name)
        for name in (*kept, *split_names(tx, run_id, include)):
            change.include(name)
        if override:
            _require_reason(reason)
        for row_id in split_names(tx, run_id, override):
            change.override(row_id, reason)
        change.settle_addresses()
        change.settle_files()
        plan = write_plan_hash(tx, run_id)
        tx.note(user, "review", run_id, detail={"plan": plan})


@dataclass(frozen=True, slots=True)
class _Change:
    """Changes of marks in one transaction."""

    tx: Tx
    renderer: RunRenderer
    ledger: Ledger
    run_id: str
    user: str
    addresses: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)

    @property
    def judged_on(self) -> date:
        """The day for which consent is judged, as in the review."""
        return self.renderer.leaves_on(self.tx.now)

    def exclude(self, row_id: str) -> None:
        for row in find_rows(self.tx, self.run_id, row_id):
            if row.marked or _shares(row):
                self._write(row, unmarked_columns(_EXCLUDED))
                self._note("exclude", row.no)

    def exclude_others(self, names: Sequence[str]) -> None:
        """Unmark all but these, at once: there may be a million."""
        kept = [row for name in names for row in find_rows(self.tx, self.run_id, name)]
        c = message.c
        others = c.no.not_in([row.no for row in kept])
        shares = c.unmarked["code"].as_string() == "same_address"
        change = self.tx.update(message).where(
            c.run == self.run_id, c.state == "planned", or_(c.marked, shares), others
        )
        self.tx.execute(change.values(**unmarked_columns(_EXCLUDED)))
        detail = {"kept": ", ".join(row.row_id for row in kept)}
        self.tx.note(self.user, "only", self.run_id, detail=detail)

    def include(self, row_id: str) -> None:
        for row in self._unmarked(row_id):
            # Who is not allowed is asked about again: the answer may have been entered since.
            why = row.unmarked or _EXCLUDED
            again = why["code"] == "already_sent" and self.renderer.header.once_per == "none"
            if not (why["includable"] or again):
                hint = _EARLIER_RUN if why["code"] == "already_sent" else _AGAIN
                what = _("{row} cannot be included: {why}", row=row.row_id, why=why["reason"])
                raise LedgerError(what, hint=hint)
            self._mark(row, row.override)
            self._note("include", row.no)

    def override(self, row_id: str, reason: str | None) -> None:
        for row in self._unmarked(row_id, exactly=True):
            if row.allowed:
                hint = f"review {self.run_id} --include {row.row_id}"
                raise LedgerError(
                    _("{row} is allowed; there is nothing to override", row=row.row_id),
                    hint=hint,
                )
            record = self._record(row, reason)
            self._mark(row, record)
            self._note("override", row.no, record)

    def drop_overrides(self) -> None:
        c = message.c
        for row in self._rows(c.override.is_not(None)):
            denied = {answer["check"]: answer for answer in (row.override or {})["denials"]}
            consent = [denied.get(answer["check"], answer) for answer in row.consent or []]
            back = {"override": None, "allowed": False, "consent": consent}
            self._write(row, {**unmarked_columns(None, denial(consent)), **back})
            self._note("drop override", row.no)

    def settle_addresses(self) -> None:
        """Leave one marked row at each address that a change has touched."""
        if self.renderer.header.same_address != "one":
            return
        for address in sorted(self.addresses):
            rows = self._rows(message.c.address_hash == address)
            kept = next((r for r in rows if r.marked or (_shares(r) and self._promote(r))), None)
            for row in rows:
                if kept and row.no > kept.no and (row.marked or _shares(row)):
                    self._yield_to(row, kept.row_id)

    def settle_files(self) -> None:
        """Let no file of one person go to two.

        Raises:
            LedgerError: a row that is to be marked has a file that is another person's too.
        """
        for no in unmark_files_of_several(self.tx, self.renderer, self.run_id):
            (row,) = self._rows(message.c.no == no)
            if row.row_id in self.wanted:
                raise LedgerError(
                    _(
                        "{row} cannot be marked: {why}",
                        row=row.row_id,
                        why=(row.unmarked or {})["reason"],
                    )
                )
            self._note("file of several", no)

    def _yield_to(self, row: MessageRow, kept: str) -> None:
        if row.row_id in self.wanted:
            raise LedgerError(
                _(
                    "{row} has the same address as {other}, which goes out",
                    row=row.row_id,
                    other=kept,
                ),
                hint=_("also --exclude {row}", row=kept),
            )
        self._write(row, unmarked_for(kept))
        if row.marked:
            self._note("same address", row.no, {"kept": kept})

    def _promote(self, row: MessageRow) -> bool:
        """Mark the next row of an address; False where it cannot go out, for its own reason."""
        try:
            fresh = self._read_again(row)
        except SourceError as error:
            gone = {**_EXCLUDED, "reason": error.problems[0].message}
            self._write(row, unmarked_columns(gone))
            return False
        ask_checks(self.renderer, [fresh], self.judged_on, [row.override])
        if fresh.allowed:
            render_rows(self.renderer, [fresh])
        self._write(row, self._columns(row, fresh))
        self._note("next at the address" if fresh.marked else "not sendable", row.no)
        return fresh.marked

    def _rows(self, which: ColumnElement[bool]) -> list[MessageRow]:
        c = message.c
        chosen = self.tx.select(message, *MESSAGE).where(c.run == self.run_id, which)
        return list(map(MessageRow._make, self.tx.all(chosen.order_by(c.no))))

    def _unmarked(self, row_id: str, *, exactly: bool = False) -> list[MessageRow]:
        found = find_rows(self.tx, self.run_id, row_id, exactly=exactly)
        self.wanted.update(row.row_id for row in found if row.row_id == row_id or len(found) == 1)
        rows = [row for row in found if not row.marked]
        for row in rows:
            if row.unreachable:
                message = _("{row} is not reachable: {why}", row=row.row_id, why=row.unreachable[1])
                raise LedgerError(message, hint=self._correction(row))
        return rows

    def _correction(self, row: MessageRow) -> str:
        """Which fields of whom to correct where, so that a row can be reached."""
        kind, source = self.renderer.kind, self.renderer.blocks[row.block].source
        return _(
            "correct the {kind} address of {person} ({fields}) where the source {source} reads it;"
            " then prepare the mailing again",
            kind=kind.title,
            person=row.person,
            fields=sorted(kind.fields),
            source=source.name,
        )

    def _record(self, row: MessageRow, reason: str | None) -> dict[str, Any]:
        """The override: which denials it covers, why, by whom."""
        fresh = self._read_again(row)
        ask_checks(self.renderer, [fresh], self.judged_on)
        denials = fresh.decision.denials if fresh.decision else []
        fixed = [
            (joined(": ", (name, deny.reason)), deny)
            for name, deny in denials
            if not deny.overridable
        ]
        if fixed or not denials:
            lacking = fresh.decision.denial if fresh.decision else None
            nothing = _("no check denies, but none allows")
            why, denial = fixed[0] if fixed else (nothing, lacking)
            message = _("{row} cannot be overridden: {why}", row=row.row_id, why=why)
            raise LedgerError(message, hint=_remedy(denial))
        _permit_override(self.renderer)
        return {
            "id": new_ref(),
            "codes": [[name, deny.code] for name, deny in denials],
            "denials": [plain(name, deny) for name, deny in denials],
            "reason": reason,
            "user": self.user,
            "at": self.tx.now.isoformat(),
        }

    def _mark(self, row: MessageRow, override: dict[str, Any] | None) -> None:
        """Mark a row that is read, judged and rendered anew."""
        fresh = self._read_again(row)
        ask_checks(self.renderer, [fresh], self.judged_on, [override])
        if fresh.decision and not fresh.allowed:
            raise LedgerError(
                _("{row} is not allowed: {why}", row=row.row_id, why=fresh.decision.reason),
                hint=self._way_to_a_yes(row, fresh.decision),
            )
        render_rows(self.renderer, [fresh])
        if fresh.unmarked:
            why = fresh.unmarked["reason"]
            raise LedgerError(_("{row} cannot be marked: {why}", row=row.row_id, why=why))
        self.wanted.add(row.row_id)
        self._write(row, {**self._columns(row, fresh), "override": override})

    def _way_to_a_yes(self, row: MessageRow, decision: Decision) -> str:
        """What lets this person be written to: an override only where it would help."""
        hint = _remedy(decision.denial)
        helps = decision.denials and all(deny.overridable for _, deny in decision.denials)
        if helps and self.renderer.context.config.consent.override:
            command = f"review {self.run_id} --override {row.row_id} --reason TEXT"
            return _("{hint}; or, if you answer for it: {command}", hint=hint, command=command)
        return hint

    def _read_again(self, row: MessageRow) -> Reviewed:
        return _read_again(self.renderer, row, self.tx.now)

    def _columns(self, row: MessageRow, fresh: Reviewed) -> dict[str, Any]:
        whole = fresh.columns(self.renderer, self.ledger, row.no, ref=row.ref)
        return {name: whole[name] for name in _RENEWED}

    def _write(self, row: MessageRow, values: dict[str, Any]) -> None:
        if row.address_hash:
            self.addresses.add(row.address_hash)
        self.tx.execute(
            self.tx.update(message)
            .where(
                message.c.run == self.run_id, message.c.no == row.no, message.c.state == "planned"
            )
            .values(**values)
        )

    def _note(self, action: str, no: int, detail: dict[str, Any] | None = None) -> None:
        self.tx.note(self.user, action, self.run_id, no, detail)


def _shares(row: MessageRow) -> bool:
    """Whether a row goes without because another one at its address goes out."""
    return row.unmarked is not None and row.unmarked["code"] == "same_address"


def _remedy(denial: Deny | None) -> str:
    """What would change the answer; the people of a run are read again by a new one."""
    if not (denial and denial.remedy):
        return _AGAIN
    if denial.remedy.endswith("."):
        return _("{remedy} Then prepare the mailing again.", remedy=denial.remedy)
    return _("{remedy}; then prepare the mailing again", remedy=denial.remedy)


def _permit_override(renderer: RunRenderer) -> None:
    if not renderer.context.config.consent.override:
        hint = _("write `consent: {override: true}` into serienpost.yaml, if you answer for it")
        raise SerienpostError(_("this practice does not permit overrides"), hint=hint)


def _require_reason(reason: str | None) -> None:
    if not (reason or "").strip():
        raise SerienpostError(_("an override needs a reason"), hint=_("add --reason TEXT"))


def _read_again(renderer: RunRenderer, row: MessageRow, now: datetime) -> Reviewed:
    """The row as the source has it now; its address must be the one reviewed."""
    refuse_other_edition(row.run, renderer.header)
    block = renderer.blocks[row.block]
    (state,) = current_states(renderer.context, block, [row], renderer.request(block, now))
    if state.gone:
        why = state.gone[1]
        raise SourceError(
            _("{row} is no longer there: {why}", row=row.row_id, why=why), hint=_AGAIN
        )
    fields = dict(state.fields or {})
    address = address_of(renderer.kind, fields)
    if not isinstance(address, Address) or address.value != row.address:
        raise SourceError(
            _("{row} has another address now", row=row.row_id), hint=_("prepare again")
        )
    occasion = Occasion(row.occasion, row.occasion_at, row.expires_at) if row.occasion else None
    fresh = Row(row.person, fields, occasion, state.consenting_id)
    return Reviewed(fresh, row.block, address)
