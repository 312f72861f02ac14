"""The recheck: still valid, still allowed, still the same, right before a message leaves?

State of the run, ownership, freshness of this look and the rate are looked at in the commit that
follows (`commit.py`) and, but for the rate, once more before the first octet (`last_look.py`);
quiet hours and the provider's template in the loop (`loop.py`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import TYPE_CHECKING

from serienpost.consent.decision import decide
from serienpost.contracts.content import Refused
from serienpost.contracts.kinds import Address
from serienpost.errors import (
    ConfigError,
    PluginError,
    SerienpostError,
    UnavailableError,
    cause_of,
)
from serienpost.fault_injection import faultpoint
from serienpost.ledger.delivery import Result
from serienpost.run.prepare.changes import what_changed
from serienpost.run.prepare.plan import from_json
from serienpost.run.prepare.renderer import message_of
from serienpost.run.prepare.review import address_of, current_states, question
from serienpost.timelimit import LateError, within
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.content import Message
    from serienpost.contracts.rows import CurrentState
    from serienpost.ledger.rows import Outgoing
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.people import SourceBlock
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# Intents are written within this time of the read of source and consent, so that the first octet
# can leave within `last_look.LOOK_SECONDS` of it.
FRESH_SECONDS = 1.5

COMPOSE_SECONDS = 60.0


class ContentChangedError(SerienpostError):
    """Rendering the frozen values again gave another content than was reviewed."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that may leave, until `read_at` (seconds of `elapsed`) is too old; with its row's
    next attempt it is the intent to send it."""

    row: Outgoing
    message: Message
    evidence: list[str]
    read_at: float

    @property
    def no(self) -> int:
        return self.row.no

    @property
    def fence(self) -> int:
        return self.row.fence

    @property
    def attempt(self) -> int:
        return self.row.attempts + 1

    @property
    def is_fresh(self) -> bool:
        return self.read_at >= oldest_fresh()


def elapsed() -> float:
    """Seconds of a clock that nobody sets and that goes on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


# Linux's monotonic clock stands still while the machine sleeps.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def oldest_fresh() -> float:
    """What was read before this (seconds of `elapsed`) must pass the recheck again."""
    return elapsed() - FRESH_SECONDS


class Recheck:
    """Checks claimed rows in batches with one read of source and consent each.

    Args:
        renderer: the run's frozen header and files.
        ledger: the practice's ledger.
        held_until: when the provider is to send what it gets before; it is judged for then.
    """

    def __init__(
        self, renderer: RunRenderer, ledger: Ledger, held_until: datetime | None = None
    ) -> None:
        self.renderer = renderer
        self.ledger = ledger
        self.held_until = held_until

    def run(self, rows: Sequence[Outgoing], now: datetime) -> tuple[list[Ready], list[Result]]:
        """Check claimed rows and render those that may leave.

        Returns:
            Those that may leave, and for the others why they are suppressed.

        Raises:
            UnavailableError: source, consent check or channel cannot answer; nothing is decided.
            ContentChangedError: rendering gives something else than was reviewed.
        """
        later = self.held_until if self.held_until and self.held_until > now else None
        read_at = elapsed() if later else self._read_at(now)
        allowed, closed = self.decide(rows, later or now)
        messages = self._composed([row for row, _ in allowed], later)
        faultpoint("recheck.read")
        ready = [
            Ready(row, message, evidence, read_at)
            for (row, evidence), message in zip(allowed, messages, strict=True)
        ]
        return ready, closed

    def _read_at(self, now: datetime) -> float:
        """This moment, or before, so that what is checked for this day is not fresh the next."""
        read_at, zone = elapsed(), self.renderer.context.zone
        midnight = datetime.combine(self.renderer.day(now) + timedelta(days=1), clock_time(), zone)
        left = (midnight - self.ledger.clock()).total_seconds()
        return read_at - max(0.0, FRESH_SECONDS - left)

    def _composed(self, rows: Sequence[Outgoing], send_at: datetime | None) -> list[Message]:
        what = _("channel {channel}", channel=self.renderer.channel.name)
        try:
            return within(
                COMPOSE_SECONDS, what, lambda: [self._same_content(row, send_at) for row in rows]
            )
        except LateError as error:
            raise UnavailableError(error.args[0]) from error

    def decide(
        self, rows: Sequence[Outgoing], at: datetime
    ) -> tuple[list[tuple[Outgoing, list[str]]], list[Result]]:
        """Say of each row whether it is valid and allowed, for a message that goes out `at`.

        Returns:
            Those that are with the evidence, and for the others why not.

        Raises:
            UnavailableError: source or consent check cannot answer; nothing is decided.
        """
        closed: dict[int, Result] = {}
        consenting = self._still_valid(rows, at, closed)
        passing = [row for row in rows if row.no not in closed]
        decisions = decide(
            self.renderer.context,
            [
                question(self.renderer.header, row.person, consenting[row.no], row.address)
                for row in passing
            ],
            [row.override for row in passing],
            judged_on=self.renderer.day(at),
            must_answer=True,
        )
        allowed = []
        for row, decision in zip(passing, decisions, strict=True):
            if decision.allowed:
                allowed.append((row, decision.evidence))
            else:
                closed[row.no] = suppressed(row, decision.code, decision.reason)
        return allowed, list(closed.values())

    def _still_valid(
        self, rows: Sequence[Outgoing], at: datetime, closed: dict[int, Result]
    ) -> dict[int, str | None]:
        consenting: dict[int, str | None] = {}
        for row in rows:
            if row.expires_at and row.expires_at <= at:
                closed[row.no] = suppressed(row, "expired", _("the occasion is over"))
        for index, block in enumerate(self._blocks()):
            mine = [row for row in rows if row.block == index and row.no not in closed]
            if not mine:
                continue
            request = self.renderer.address_request(block, at)
            states = current_states(self.renderer.context, block, mine, request)
            for row, state in zip(mine, states, strict=True):
                reason = self._gone(row, state)
                if reason:
                    closed[row.no] = suppressed(row, *reason)
                else:
                    consenting[row.no] = state.consenting_id
        return consenting

    def _blocks(self) -> Sequence[SourceBlock]:
        """The sources and their selections; a source is asked what it offers, once.

        Raises:
            UnavailableError: it cannot answer.
            ConfigError, PluginError: it is not there any more, or is broken.
        """
        try:
            return self.renderer.blocks
        except (ConfigError, PluginError):
            raise
        except Exception as error:
            names = sorted({block.source for block in self.renderer.header.blocks})
            why = _("source {names} cannot answer: {why}", names=names, why=cause_of(error))
            raise UnavailableError(why) from error

    def _gone(self, row: Outgoing, state: CurrentState) -> tuple[str, str] | None:
        if state.gone:
            return state.gone
        if (state.consenting_id or row.person) != (row.consenting or row.person):
            return ("representative_changed", _("somebody else is written to for this person now"))
        kind = self.renderer.kind
        address = address_of(kind, state.fields or {})
        if not isinstance(address, Address):
            return ("address_changed", _("the address is no longer usable"))
        if self.ledger.address_hash(kind.name, address.value) != row.address_hash:
            return ("address_changed", _("the address was changed since the review"))
        return None

    def _same_content(self, row: Outgoing, send_at: datetime | None) -> Message:
        content = self.renderer.content(from_json(row.macro_values), row.address)
        if isinstance(content, Refused):
            refused = _("row {row} is now refused: {why}", row=row.row_id, why=content.reason)
            raise ContentChangedError(refused)
        if content.digest() != row.content_hash:
            raise ContentChangedError(
                _(
                    "row {row} would now read differently than reviewed; {changes}",
                    row=row.row_id,
                    changes=what_changed(self.renderer),
                )
            )
        return message_of(row, content, send_at)


def suppressed(row: Outgoing, code: str, reason: str) -> Result:
    """The result of a claimed row that does not leave."""
    return Result(row.no, row.fence, None, "suppressed", "suppressed", code, reason)
