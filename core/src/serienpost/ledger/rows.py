"""Rows of runs and messages as typed records; what streams by the million stays the driver's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from serienpost.ledger.schema import message, run

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row


class RunRow(NamedTuple):
    """A run, as `schema.run` describes it. `header` is `{}` once its values are purged."""

    id: str
    mailing: str
    title: str
    kind: str
    channel: str
    account: str
    purpose: str
    due: str
    state: str
    reason: str | None
    reason_text: str | None
    owner: str | None
    header: dict[str, Any]
    carries: list[list[str]] | None
    plan_hash: str | None
    created_at: datetime
    prepared_at: datetime | None
    approved_at: datetime | None
    approved_by: str | None
    send_at: datetime | None
    until: datetime | None
    progress_at: datetime | None
    finished_at: datetime | None
    disclaimer_by: str | None
    disclaimer_at: datetime | None
    archive: str | None
    edition: int
    first_part: int
    files: list[str] | None
    purged_at: datetime | None


class MessageRow(NamedTuple):
    """A message with everything that the ledger keeps of it."""

    run: str
    no: int
    row_id: str
    block: int
    person: str
    consenting: str | None
    occasion: str | None
    occasion_at: datetime | None
    expires_at: datetime | None
    number: str | None
    name: str | None
    address: str | None
    address_hash: str | None
    unreachable: list[str] | None
    consent: list[dict[str, Any]] | None
    allowed: bool
    marked: bool
    unmarked: dict[str, Any] | None
    override: dict[str, Any] | None
    macro_values: dict[str, Any] | None
    carried: str | None
    content_hash: str | None
    cost: dict[str, Any] | None
    ref: str
    message_id: str | None
    once_key: str | None
    part: int | None
    state: str
    basis: str | None
    evidence: list[str] | None
    owner: str | None
    lease_until: datetime | None
    fence: int
    attempts: int
    attempts_before: int
    first_attempt_at: datetime | None
    next_attempt_at: datetime | None
    provider_ref: str | None
    code: str | None
    text: str | None
    sent_at: datetime | None
    updated_at: datetime | None


class Outgoing(NamedTuple):
    """What delivering reads of a message; the review's columns stay where they are."""

    run: str
    no: int
    row_id: str
    fence: int
    block: int
    ref: str
    content_hash: str
    macro_values: dict[str, Any]
    person: str
    consenting: str | None
    occasion: str | None
    occasion_at: datetime | None
    expires_at: datetime | None
    address: str
    address_hash: str
    override: dict[str, Any] | None
    attempts: int
    attempts_before: int
    first_attempt_at: datetime | None
    part: int | None
    cost: dict[str, Any] | None

    @classmethod
    def of(cls, row: MessageRow | Row[Any]) -> Self:
        """Out of a row of the ledger with more columns."""
        return cls._make(getattr(row, name) for name in cls._fields)


RUN = [run.c[name] for name in RunRow._fields]
MESSAGE = [message.c[name] for name in MessageRow._fields]
# The columns of these records, in their order.
OUTGOING = [message.c[name] for name in Outgoing._fields]
