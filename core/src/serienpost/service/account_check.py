"""The practice's accounts, and what `doctor` found about each when a worker looked last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serienpost.documents import Record
from serienpost.ledger.states import OPEN_TASK
from serienpost.ledger.tasks import newest_task
from serienpost.service.catalog import accounts
from serienpost.service.doctor import account_findings
from serienpost.translation import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from serienpost.context import PracticeContext
    from serienpost.service.catalog import AccountLine
    from serienpost.service.opened import OpenedPractice

# What a worker is asked for.
CHECK = "accounts"


@dataclass(frozen=True, slots=True)
class AccountFinding(Record):
    """One thing that was looked at.

    Args:
        is_missing: it is not there yet, and no mistake.
        remedy: what to do; None where there is nothing.
    """

    ok: bool
    is_missing: bool
    text: str
    remedy: str | None


@dataclass(frozen=True, slots=True)
class CheckedAccount(Record):
    """An account as it was looked at last.

    Args:
        channel: what people call the way by which it sends.
        reply_to: where answers go, if not to the sender.
        findings: none where nobody looked in the last week.
    """

    line: AccountLine
    channel: str
    reply_to: str | None
    findings: tuple[AccountFinding, ...]


@dataclass(frozen=True, slots=True)
class AccountsStatus(Record):
    """All accounts of the practice.

    Args:
        looked_at: when a worker looked last; None where none did in the last week.
        is_asked: a worker is asked to look now.
        reason: why the last look failed.
    """

    accounts: tuple[CheckedAccount, ...]
    looked_at: datetime | None
    is_asked: bool
    reason: str | None


def checked_accounts(practice: OpenedPractice) -> AccountsStatus:
    """See `Practice.checked_accounts`."""
    context = practice.context
    with practice.ledger.read() as tx:
        asked = newest_task(tx, CHECK, *OPEN_TASK)
        done = newest_task(tx, CHECK, "done")
        ended = newest_task(tx, CHECK, "done", "failed")
    told: dict[str, Any] = (done.detail or {}).get(CHECK, {}) if done else {}
    found = []
    for line in accounts(practice):
        settings = context.config.accounts[line.name]
        title = context.registry.channels[settings.channel].title
        findings = tuple(_unpacked(one) for one in told.get(line.name, ()))
        found.append(CheckedAccount(line, title, settings.reply_to, findings))
    looked_at = done.ended_at.astimezone(context.zone) if done and done.ended_at else None
    reason = ended.reason if ended and ended.state == "failed" else None
    return AccountsStatus(tuple(found), looked_at, asked is not None, reason)


def look_at_accounts(context: PracticeContext, progress: Callable[[int], None]) -> dict[str, Any]:
    """What `doctor` finds about each account now, as the ledger keeps it; asks the providers."""
    found: dict[str, Any] = {}
    for name in context.config.accounts:
        progress(len(found))
        found[name] = [
            [one.ok, one.is_missing, pack(one.text), pack(one.remedy) if one.remedy else None]
            for one in account_findings(context, name)
        ]
    return {CHECK: found}


def _unpacked(kept: Sequence[Any]) -> AccountFinding:
    ok, is_missing, text, remedy = kept
    return AccountFinding(ok, is_missing, unpack(text), unpack(remedy) if remedy else None)
