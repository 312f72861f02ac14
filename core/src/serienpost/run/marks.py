"""Changes of the marks of a prepared run. Each renews the plan hash in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost.consent.judgement import plain
from serienpost.contracts.rows import Occasion, Row, RowRef
from serienpost.errors import LedgerError, SerienpostError, SourceError
from serienpost.kinds import Address
from serienpost.ledger.schema import message
from serienpost.ledger.store import new_ref
from serienpost.run.approving import allow_command, find_run
from serienpost.run.doubts import find_rows
from serienpost.run.plan import write_plan_hash
from serienpost.run.reviewing import Reviewed, judge_rows, ledger_row, render
from serienpost.run.values import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.blueprint import Blueprint

_EXCLUDED = {"code": "excluded", "reason": "in der Durchsicht abgewählt", "includable": True}


def change_marks(
    blueprint: Blueprint,
    ledger: Ledger,
    run_id: str,
    user: str,
    *,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    override: Sequence[str] = (),
    reason: str | None = None,
    drop_not_allowed: bool = False,
) -> None:
    """Change who is marked. All changes take effect together or none does.

    Args:
        blueprint: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: a prepared run.
        user: who changes; recorded.
        exclude: rows (or persons, meaning all their rows) to unmark.
        include: rows to mark again; they are read and rendered anew.
        override: rows to mark although not allowed, where every Deny is overridable.
        reason: why, for overrides.
        drop_not_allowed: take all overrides back.

    Raises:
        SerienpostError: a row is not in the run, cannot be included or overridden.
    """
    with ledger.begin() as tx:
        row = find_run(tx, run_id)
        allow_command(row, "review")
        if drop_not_allowed:
            _drop_overrides(tx, run_id, user)
        for row_id in exclude:
            _exclude(tx, run_id, row_id, user)
        for row_id in include:
            _each(tx, blueprint, ledger, run_id, row_id, _include, user)
        if override:
            _allow_override(blueprint, reason)
        for row_id in override:
            _each(tx, blueprint, ledger, run_id, row_id, _override, user, reason)
        write_plan_hash(tx, run_id)


def _exclude(tx: Tx, run_id: str, row_id: str, user: str) -> None:
    for row in find_rows(tx, run_id, row_id):
        if row.marked:
            _write(tx, run_id, row.no, {"marked": False, "unmarked": _EXCLUDED, "values": None})
            tx.note(user, "exclude", run_id, row.no)


def _each(
    tx: Tx, blueprint: Blueprint, ledger: Ledger, run_id: str, row_id: str, change: Any, *args: Any  # noqa: ANN401
) -> None:
    for row in find_rows(tx, run_id, row_id):
        if row.marked:
            continue
        if row.unreachable:
            raise LedgerError(f"{row.row_id} is not reachable: {row.unreachable[1]}")
        values = change(tx, blueprint, ledger, row, *args)
        _write(tx, run_id, row.no, values)


def _include(
    tx: Tx, blueprint: Blueprint, ledger: Ledger, row: Any, user: str  # noqa: ANN401
) -> dict[str, Any]:
    if not row.allowed:
        raise LedgerError(f"{row.row_id} is not allowed; only --override with a reason marks it")
    sent_already = row.unmarked["code"] == "already_sent" and blueprint.header.once_per == "none"
    if not (row.unmarked["includable"] or sent_already):
        raise LedgerError(f"{row.row_id} cannot be included: {row.unmarked['reason']}")
    tx.note(user, "include", row.run, row.no)
    return _rendered(blueprint, ledger, row, row.override)


def _override(
    tx: Tx, blueprint: Blueprint, ledger: Ledger, row: Any, user: str, reason: str  # noqa: ANN401
) -> dict[str, Any]:
    if row.allowed:
        raise LedgerError(f"{row.row_id} is allowed; there is nothing to override")
    fresh = _read_again(blueprint, row)
    judge_rows(blueprint, [fresh])
    denials = fresh.judgement.denials if fresh.judgement else []
    fixed = [name for name, deny in denials if not deny.overridable]
    if fixed or not denials:
        raise LedgerError(
            f"{row.row_id} cannot be overridden: {fixed[0] if fixed else 'a required check abstains'}"
        )
    record = {
        "id": new_ref(),
        "codes": [[name, deny.code] for name, deny in denials],
        "denials": [plain(name, deny) for name, deny in denials],
        "reason": reason,
        "user": user,
        "at": tx.now.isoformat(),
    }
    tx.note(user, "override", row.run, row.no, detail=record)
    return _rendered(blueprint, ledger, row, record)


def _allow_override(blueprint: Blueprint, reason: str | None) -> None:
    if not blueprint.context.config.consent.override:
        raise SerienpostError("this practice does not permit overrides", hint="consent.override")
    if not (reason or "").strip():
        raise SerienpostError("an override needs a reason", hint="add --reason TEXT")


def _drop_overrides(tx: Tx, run_id: str, user: str) -> None:
    c = message.c
    overridden = tx.all(
        tx.select(message, c.no, c.override, c.consent).where(
            c.run == run_id, c.override.is_not(None)
        )
    )
    for row in overridden:
        denied = {answer["check"]: answer for answer in row.override["denials"]}
        consent = [denied.get(answer["check"], answer) for answer in row.consent]
        tx.note(user, "drop override", run_id, row.no)
        _write(
            tx,
            run_id,
            row.no,
            {
                "marked": False, "allowed": False, "override": None, "values": None,
                "unmarked": None, "evidence": None, "consent": consent,
            },
        )


def _read_again(blueprint: Blueprint, row: Any) -> Reviewed:  # noqa: ANN401
    """The row as the source has it now; its address must be the one reviewed."""
    block = blueprint.blocks[row.block]
    ref = RowRef(row.person, row.occasion, row.occasion_at)
    standing = block.source.current(blueprint.context, [ref], blueprint.request(block))[0]
    if standing.gone:
        raise SourceError(f"{row.row_id} is no longer there: {standing.gone[1]}")
    fields = dict(standing.fields or {})
    kind = blueprint.kind
    address = kind.address({name: fields.get(name) for name in kind.fields})
    if not isinstance(address, Address) or address.value != row.address:
        raise SourceError(f"{row.row_id} has another address now", hint="prepare again")
    occasion = Occasion(row.occasion, row.occasion_at, row.expires_at) if row.occasion else None
    fresh = Row(row.person, fields, occasion, standing.consenting_id)
    return Reviewed(fresh, row.block, address)


def _rendered(
    blueprint: Blueprint, ledger: Ledger, row: Any, override: dict[str, Any] | None  # noqa: ANN401
) -> dict[str, Any]:
    fresh = _read_again(blueprint, row)
    judge_rows(blueprint, [fresh], [override])
    if not fresh.allowed and fresh.judgement:
        raise LedgerError(f"{row.row_id} is not allowed: {fresh.judgement.reason}")
    render(blueprint, fresh)
    if fresh.unmarked:
        raise LedgerError(f"{row.row_id} cannot be marked: {fresh.unmarked['reason']}")
    whole = ledger_row(blueprint, ledger, fresh, row.no)
    changed = ("consent", "allowed", "marked", "unmarked", "content_hash", "cost", "evidence")
    values = {name: whole[name] for name in changed}
    return {
        **values,
        "override": override,
        "values": to_json(fresh.values),
        "message_id": _own_message_id(whole["message_id"], whole["ref"], row.ref),
    }


def _own_message_id(made: str | None, made_for: str, ref: str) -> str | None:
    return made.replace(made_for, ref) if made else None


def _write(tx: Tx, run_id: str, no: int, values: dict[str, Any]) -> None:
    tx.execute(
        tx.update(message)
        .where(message.c.run == run_id, message.c.no == no, message.c.state == "planned")
        .values(**values)
    )
