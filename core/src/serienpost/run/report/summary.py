"""`report`: how a run went, by state and reason, as figures and CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import IO, TYPE_CHECKING, NamedTuple

from sqlalchemy import func

from serienpost import words
from serienpost.documents import Record
from serienpost.files import spreadsheet_cell
from serienpost.ledger.runs import count_states, find_run
from serienpost.ledger.schema import message
from serienpost.ledger.states import ARRIVED, MESSAGE_STATES, NOT_SENT, OPEN
from serienpost.run.prepare.reasons import general
from serienpost.run.report.advice import UNCLEAR, advice
from serienpost.run.report.answers import standing
from serienpost.run.report.course import CourseBar, course
from serienpost.run.report.history import local, sent_tests
from serienpost.run.report.recipients import SAME_ADDRESS
from serienpost.run.send.breaker import Alike, alike
from serienpost.run.send.schedule import scheduled_for
from serienpost.translation import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.report.answers import SentTest

_ = Texts(__name__)


class ReasonCount(NamedTuple):
    """How many messages were not sent for one reason; `text` is one of those given for it, `advice`
    what a person can do, `rows` some of the messages where each has words of its own."""

    state: str
    code: str | None
    text: str | None
    messages: int
    advice: str | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report(Record):
    """How a run stands and how it went: what the desk's page of it, `report` and its page show.

    Args:
        reason_text: the reason in a sentence, in the provider's or the check's own words.
        counts: messages by state.
        reasons: why messages were not sent, the most frequent first.
        course: accepted messages over time.
        scheduled_for: when it leaves, while that lies ahead.
        until: when what it waits for has passed, if that is known.
        purged_at: when values, names and addresses were removed, as `retention` plans.
    """

    run: str
    mailing: str
    title: str
    kind: str
    account: str
    state: str
    reason: str | None
    approved_by: str | None
    approved_at: datetime | None
    finished_at: datetime | None
    counts: Mapping[str, int]
    reasons: tuple[ReasonCount, ...]
    course: tuple[CourseBar, ...]
    tests: tuple[SentTest, ...]
    scheduled_for: datetime | None
    reason_text: str | None
    until: datetime | None
    purged_at: datetime | None

    @property
    def standing(self) -> str:
        """The state in words; of a scheduled run its day and time."""
        return standing(self.state, self.reason, self.scheduled_for)

    @property
    def present(self) -> dict[str, int]:
        """The states that messages are in, in the order of their way."""
        return {state: n for state in MESSAGE_STATES if (n := self.counts.get(state, 0))}

    @property
    def is_under_way(self) -> bool:
        """Whether it is being sent, or is to be as soon as a worker comes to it."""
        return self.state in ("approved", "sending")

    @property
    def left(self) -> int:
        """Messages that are still to be sent."""
        return sum(self.counts.get(state, 0) for state in OPEN)


def report(ledger: Ledger, run_id: str, zone: ZoneInfo) -> Report:
    """Counts per state, reasons why messages did not arrive, and the course over time.

    Refusals are counted by code and by what can be done about them, with one of their texts; where
    nobody knows what that is, and all else, by their text.
    """
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        return Report(
            run=run_id,
            mailing=row.mailing,
            title=row.title,
            kind=row.kind,
            account=row.account,
            state=row.state,
            reason=row.reason,
            approved_by=row.approved_by,
            approved_at=local(row.approved_at, zone),
            finished_at=local(row.finished_at, zone),
            counts=count_states(tx, run_id),
            reasons=_reasons(tx, run_id),
            course=course(tx, run_id, zone),
            tests=tuple(sent_tests(tx, zone, run_id)),
            scheduled_for=local(scheduled_for(row, tx.now), zone),
            reason_text=row.reason_text,
            until=local(row.until, zone),
            purged_at=local(row.purged_at, zone),
        )


# So many rows of a reason are named.
_NAMED = 5


@dataclass
class _Reason:
    """The messages with one reason while they are counted. Of the words and numbers of each only as
    many are kept as are needed, however many messages there are."""

    advice: str | None
    messages: int = 0
    general: str | None = None
    words: set[str] = field(default_factory=set)
    numbers: list[int] = field(default_factory=list)

    def add(self, count: int, said: str | None, text: str | None, no: int) -> None:
        """Count messages with this text, of which `said` holds of others too."""
        self.messages += count
        self.general = min((one for one in (said, self.general) if one), default=said)
        if len(self.words) < 2:
            self.words.add(text or "")
        if said != text:
            self.numbers = nsmallest(_NAMED, [*self.numbers, no])

    @property
    def has_own_words(self) -> bool:
        """Whether something is left out of what is said of all."""
        return bool(self.numbers) and len(self.words) > 1

    @property
    def text(self) -> str | None:
        """What is said of all; of one record, or where all say the same, the whole."""
        return min(self.words) if self.numbers and not self.has_own_words else self.general


def _reasons(tx: Tx, run_id: str) -> tuple[ReasonCount, ...]:
    """The reasons, the most frequent first: by the sentence that a person reads, since one code is
    given for many things. What it says of a single record does not make it another reason. Refusals
    are one reason where the same can be done about them; where that is not known, where they are
    alike but for ids, hosts and times."""
    c = message.c
    kind = c.unmarked["code"].as_string()
    counts = func.count().label("n"), func.min(c.no).label("no")
    counted = (
        tx.select(message, c.state, c.code, c.text, kind.label("kind"), *counts)
        .where(c.run == run_id, c.state.in_(NOT_SENT))
        .group_by(c.state, c.code, c.text, kind)
    )
    found: dict[tuple[str, str | None, Alike | str | None], _Reason] = {}
    for row in tx.stream(counted):
        to_do = advice(row.state, row.code, row.text)
        said = SAME_ADDRESS if row.kind == "same_address" else row.text
        said = general(said) if row.code == "not_marked" and said else said
        same = alike(row.code or "", said or "") if to_do == UNCLEAR else to_do or said
        one = found.setdefault((row.state, row.code, same), _Reason(to_do))
        one.add(row.n, said, row.text, row.no)
    reasons = [
        ReasonCount(state, code, one.text, one.messages, one.advice, _rows(tx, run_id, one))
        for (state, code, _same), one in found.items()
    ]
    return tuple(sorted(reasons, key=lambda one: -one.messages))


def _rows(tx: Tx, run_id: str, reason: _Reason) -> tuple[str, ...]:
    c = message.c
    if not reason.has_own_words:
        return ()
    named = tx.select(message, c.row_id).where(c.run == run_id, c.no.in_(reason.numbers))
    return tuple(row.row_id for row in tx.all(named.order_by(c.no)))


def write_failures(ledger: Ledger, run_id: str, file: IO[str]) -> int:
    """CSV of everybody who did not get the message, or not yet, each with the reason; a valid input
    of the table source."""
    writer = csv.writer(file, delimiter=";")
    writer.writerow(["id", "row", "state", "code", "reason"])
    c = message.c
    written = 0
    with ledger.read() as tx:
        found = find_run(tx, run_id)
        how: str = _("the run is {state}", state=words.run_state(found.state))
        if found.reason:
            why = found.reason_text or words.reason(found.reason)
            how = Text("", "{how} ({why})", {"how": how, "why": why})
        statement = tx.select(message, c.person, c.row_id, c.state, c.code, c.text)
        for row in tx.stream(
            statement.where(c.run == run_id, c.state.not_in(ARRIVED)).order_by(c.no)
        ):
            reason = spreadsheet_cell(str(row.text or how))
            writer.writerow([row.person, row.row_id, row.state, row.code or "", reason])
            written += 1
    return written
