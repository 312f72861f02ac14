"""The breaker: who is refused like everybody else is not at fault, so the run pauses.

So many refusals of different people in a row, alike, without an acceptance between, are taken for
a fault of the account, of the provider's allowance or of the text, whatever the provider calls it.
A refusal counts where it would leave its message failed. Definite faults of an address neither
count nor end a series. The series is read from the ledger alone, so a killed process loses nothing:
whoever continues the run finds it, pauses, or gives its messages back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import and_, func, or_

from serienpost.ledger.schema import attempt, journal, message
from serienpost.ledger.states import OPEN
from serienpost.redaction import LONGEST, redact
from serienpost.run.send.outcomes import GIVE_UP_AFTER, StopReason
from serienpost.status_codes import read_status_codes
from serienpost.translation import Texts

if TYPE_CHECKING:
    from sqlalchemy import Row

    from serienpost.ledger.store import Tx

_ = Texts(__name__)

# So many different people in a row.
IN_A_ROW = 5

# So many are enough where they end the run.
AT_THE_END = 3

# After so long the messages are tried again by themselves, until a day has gone by in vain.
REST = timedelta(hours=1)

# The outcomes of attempts that are a provider's word against a message.
_REFUSING = ("rejected", "deferred")

# The journal's word for the decision that a series is none.
_LEFT = "leave refused"

Alike: TypeAlias = tuple[str, ...]

_CALENDAR = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)"
    r"|(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)"
    r"|(?:am|pm|utc|gmt|cet|cest|mez|mesz)"
)
# Never part of a sentence: a sign within, as in hosts and addresses, or a capital as in ids.
_NAME_OR_ID = re.compile(r"\w[^\w\s'/-]+\w|[a-zäöüß][A-Z]")
_AROUND = "\"'`.,:;!?()[]{}<>*#-_=…"


def alike(code: str, text: str, address: str = "") -> Alike:
    """What two refusals have in common if they are for the same cause: the code, the enhanced code
    and the words, without addresses, hosts, ids, numbers and times.

    Args:
        code: of the outcome.
        text: of the outcome, as the ledger keeps it.
        address: of the recipient.
    """
    said = redact(text, address)
    status = next(map(str, read_status_codes(said)), "")
    words = said.split()
    if len(said) >= LONGEST - 1:
        words = words[:-1]  # cut where ids of another length stand before it
    plain = (word.strip(_AROUND) for word in words)
    kept = (word.lower() for word in plain if word and not _is_passing(word))
    return (code, status, *kept)


def _is_passing(word: str) -> bool:
    """Whether a word names a message, a server or a time, or holds a number."""
    return (
        any(sign.isdigit() for sign in word)
        or _NAME_OR_ID.search(word) is not None
        or _CALENDAR.fullmatch(word.lower()) is not None
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was refused, of whom, and how."""

    no: int
    person: str
    address_hash: str
    cause: Alike


@dataclass
class Breaker:
    """Counts the refusals in a row while a run is delivered.

    Args:
        row: those that stand in the ledger already, alike, the oldest first.
    """

    row: list[Refusal] = field(default_factory=list)

    def accepted(self) -> None:
        """A message was taken: the account can send."""
        self.row.clear()

    def refused(self, one: Refusal) -> None:
        """A message is failed by this refusal, which is no definite fault of its address."""
        if self.row and self.row[-1].cause != one.cause:
            self.row.clear()
        self.row.append(one)

    @property
    def people(self) -> int:
        """Of how many different people, at different addresses, refusals stand in a row."""
        persons = {one.person for one in self.row}
        return min(len(persons), len({one.address_hash for one in self.row}))

    def is_open(self, *, ends: bool = False) -> bool:
        """Whether the run must pause.

        Args:
            ends: nothing else of the run is open.
        """
        return self.people >= (AT_THE_END if ends else IN_A_ROW)


@dataclass(frozen=True, slots=True)
class Series:
    """The refusals at the end of what the ledger knows of a run.

    Args:
        breaker: those in a row, and whether they are enough.
        ends: nothing else of the run is open.
        numbers: the messages to give back: these, and what was refused alike while the last that
            was accepted was under way.
        code: of the newest.
        text: of the newest.
        newest: when it was refused.
        oldest: when the first of these messages was first tried.
    """

    breaker: Breaker
    ends: bool
    numbers: tuple[int, ...]
    code: str
    text: str
    newest: datetime
    oldest: datetime

    @property
    def is_open(self) -> bool:
        """Whether the run must pause, or what it paused for is to be given back."""
        return self.breaker.is_open(ends=self.ends)

    @property
    def until(self) -> datetime:
        """When they are tried again by themselves."""
        return self.newest + REST

    def stop_reason(self, run_id: str) -> StopReason:
        """Why the run pauses, and what ends that."""
        if self.newest - self.oldest >= GIVE_UP_AFTER:
            lasting = _(
                "{people} people in a row were refused alike ({code}); this goes on for a day;"
                " serienpost report {run} has the provider's words: mend the cause, then serienpost"
                " resume {run} tries them again",
                people=self.breaker.people,
                code=self.code,
                run=run_id,
            )
            return StopReason("account", lasting)
        passing = _(
            "{people} people in a row were refused alike: {code} {text}; mend the cause, then"
            " serienpost resume {run} tries them again, else resume --due later",
            people=self.breaker.people,
            code=self.code,
            text=self.text,
            run=run_id,
        )
        return StopReason("refused", passing, self.until)


def find_series(tx: Tx, run_id: str) -> Series | None:
    """The refusals that a run's deliveries ended with; None where they ended otherwise."""
    a, c = attempt.c, message.c
    of_message = and_(a.practice == c.practice, a.run == c.run, a.no == c.no)
    columns = c.no, c.person, c.address, c.address_hash, c.code, c.text, a.finished_at
    refused = (
        tx.select(message, *columns)
        .join(attempt, and_(of_message, a.attempt == c.attempts))
        .where(c.run == run_id, c.state == "failed", a.outcome.in_(_REFUSING))
        .where(or_(a.stage.is_(None), a.stage != "address"))
        .order_by(a.finished_at.desc(), c.no.desc())
    )
    left = tx.select(journal, func.max(journal.c.at)).where(
        journal.c.run == run_id, journal.c.action == _LEFT
    )
    if decided := tx.scalar(left):
        refused = refused.where(a.finished_at > decided)
    if tx.first(refused.limit(1)) is None:
        return None
    accepted = tx.first(
        tx.select(
            attempt,
            func.max(a.started_at).label("begun"),
            func.max(a.finished_at).label("answered"),
        ).where(a.run == run_id, a.outcome == "accepted")
    )
    begun = accepted.begun if accepted else None
    rows = tx.all(refused.where(a.finished_at > begun) if begun else refused)
    found = [(_refusal(row), row) for row in rows]
    answered = accepted.answered if accepted else None
    newest = next((row for _, row in found), None)
    if newest is None or (answered and newest.finished_at <= answered):
        return None
    cause = found[0][0].cause
    in_a_row = takewhile(
        lambda one: one[0].cause == cause and not (answered and one[1].finished_at <= answered),
        found,
    )
    numbers = tuple(one.no for one, _ in found if one.cause == cause)
    first = tx.select(attempt, func.min(a.started_at)).where(a.run == run_id, a.no.in_(numbers))
    still_open = tx.select(message, c.no).where(c.run == run_id, c.state.in_(OPEN)).limit(1)
    return Series(
        Breaker([one for one, _ in in_a_row][::-1]),
        tx.first(still_open) is None,
        numbers,
        newest.code or "",
        newest.text or "",
        newest.finished_at,
        tx.scalar(first),
    )


def leave_refused(tx: Tx, run_id: str, user: str) -> None:
    """A person decides that what was refused until now is the recipients' fault."""
    tx.note(user, _LEFT, run_id)


def _refusal(row: Row[Any]) -> Refusal:
    cause = alike(row.code or "", row.text or "", row.address or "")
    return Refusal(row.no, row.person, row.address_hash, cause)
