"""The provider that does not exist: an oracle file that says what it has accepted."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from serienpost import (
    Accepted,
    AccountProblem,
    ConfigError,
    Deferred,
    NotStarted,
    Problem,
    QuotaReached,
    Rejected,
    Texts,
    Unknown,
)
from serienpost_testkit.null.accounts import scripted_outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from serienpost import Context, Go, Message, Outcome
    from serienpost_testkit.null.accounts import NullAccount, ScriptedOutcome

_ = Texts(__name__)

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class NullSender:
    """Answers by the account's rules; those in a file are read again at each call.

    The oracle is a file that other processes read and that outlives a kill. The lines of a call
    go there in one append, and this write stands for the provider's acceptance. Beside it, and
    only where something counts them, are `ORACLE.calls` (a byte per call) and `ORACLE.attempts`
    (a reference per attempt).

    Raises:
        ConfigError: attempts or calls are to be counted, but there is no oracle.
    """

    def __init__(self, context: Context, account: NullAccount) -> None:
        self.slots = account.slots
        self.batch = account.batch
        self._delay = account.delay_ms / 1000
        self._account, self._folder = account, context.folder
        self._read_rules()
        self._die_at = frozenset(account.die_at)
        if account.oracle is None and (self._die_at or self._counts_attempts):
            raise ConfigError(
                Problem(
                    _("die_at and rules for an attempt are counted beside the oracle"),
                    _("set oracle"),
                )
            )
        self._path = context.path(account.oracle) if account.oracle else None
        self._oracle = os.open(self._path, _APPEND, 0o600) if self._path else None

    def close(self) -> None:
        """Close the oracle."""
        if self._oracle is not None:
            os.close(self._oracle)

    def calls(self, messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
        """As many messages per call as the account says."""
        for first in range(0, len(messages), self.batch):
            yield messages[first : first + self.batch]

    async def ready(self, slot: int) -> None:
        """Nothing: there is nobody to connect to."""

    async def disconnect(self, slot: int) -> None:
        """Nothing."""

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        """Accept what the rules accept if it may go, then answer after the delay."""
        if isinstance(self._account.outcomes, str):
            self._read_rules()
        number = _count(self._beside(".calls")) if self._die_at else 0
        self._die("before_wire", number)
        unreachable = [rule for rule in self._rules if rule.connection and rule.position is None]
        if unreachable and unreachable[0].attempt is None:
            return [_outcome(message, unreachable[0]) for message in call]
        if not await go():
            return [NotStarted()] * len(call)
        decided = [self._decide(message) for message in call] if self._rules else [None] * len(call)
        self._accept(
            [
                message
                for message, rule in zip(call, decided, strict=True)
                if rule is None or rule.outcome == "accepted" or rule.wire
            ]
        )
        self._die("after_wire", number)
        if self._delay:
            await asyncio.sleep(self._delay)
        return [_outcome(message, rule) for message, rule in zip(call, decided, strict=True)]

    def _read_rules(self) -> None:
        self._rules = scripted_outcomes(self._account, self._folder)
        self._counts_attempts = any(rule.attempt is not None for rule in self._rules)

    def _decide(self, message: Message) -> ScriptedOutcome | None:
        attempt = _attempt(self._beside(".attempts"), message.ref) if self._counts_attempts else 0
        return next((rule for rule in self._rules if rule.fits(message, attempt)), None)

    def _accept(self, messages: Sequence[Message]) -> None:
        if self._oracle is None or not messages:
            return
        now = time.time()
        lines = [
            f"{each.ref}\t{each.position}\t{_hash(each.content.address)}\t{now:.6f}\n"
            for each in messages
        ]
        os.write(self._oracle, "".join(lines).encode())

    def _beside(self, suffix: str) -> Path:
        assert self._path
        return self._path.with_name(self._path.name + suffix)

    def _die(self, where: str, number: int) -> None:
        if f"{where}:{number}" in self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _outcome(message: Message, rule: ScriptedOutcome | None) -> Outcome:
    if rule is None or rule.outcome == "accepted":
        return Accepted(f"null-{message.ref}")
    if rule.outcome == "rejected":
        return Rejected(rule.code, _("the null account was told to reject"), rule.scope)
    if rule.outcome == "deferred":
        return Deferred(
            rule.code, _("the null account was told to defer"), rule.retry_after, rule.connection
        )
    if rule.outcome == "unknown":
        return Unknown("reply", _("the null account was told not to know"))
    if rule.outcome == "account_problem":
        return AccountProblem(rule.code, _("the null account was told to refuse its user"))
    until = None if rule.until is None else datetime.now(UTC) + timedelta(seconds=rule.until)
    return QuotaReached(rule.code, _("the null account was told that its quota is reached"), until)


def _hash(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def _count(file: Path) -> int:
    """Append one byte; the place it came to is the number, also among several processes."""
    descriptor = os.open(file, _APPEND, 0o600)
    try:
        os.write(descriptor, b".")
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)


def _attempt(file: Path, ref: str) -> int:
    with file.open("a+", encoding="ascii") as attempts:
        attempts.write(f"{ref}\n")
        attempts.flush()
        attempts.seek(0)
        return sum(line.rstrip("\n") == ref for line in attempts)
