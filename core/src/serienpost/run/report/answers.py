"""What the service tells of runs and messages, as frozen records; times are in the practice's zone.
Rows that are streamed by the million are named tuples."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from serienpost import words
from serienpost.documents import FOR_FACES, Plain, Record
from serienpost.errors import Exit, Problem
from serienpost.ledger.states import ENDED, MESSAGE_STATES, NOT_SENT, RELEASED
from serienpost.translation import Text, Texts, joined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from serienpost.run.report.pauses import PauseEnd
    from serienpost.run.send.schedule import Withdrawal

_ = Texts(__name__)


class PlanCounts(NamedTuple):
    """Rows: `selected`, of these `reachable`, of these `allowed`, of these `marked`."""

    selected: int
    reachable: int
    allowed: int
    marked: int


@dataclass(frozen=True, slots=True)
class PlanCost(Record):
    """What the marked messages cost together; `balance` is what the provider's account holds."""

    unit: str
    total: float
    balance: float | None = None

    @property
    def lacking(self) -> bool:
        """Whether the balance is known and does not cover the cost."""
        return self.balance is not None and self.total > self.balance


@dataclass(frozen=True, slots=True)
class EarlierRun(Record):
    """A run of the same mailing that reached people who are marked now."""

    run: str
    on: date
    people: int


class CostlySign(NamedTuple):
    """A sign that makes SMS longer, and how many marked messages hold it."""

    sign: str
    messages: int


# Why a person gets the text in the language in which they get it.
LanguageReason: TypeAlias = Literal["recorded", "not_recorded", "not_understood", "no_text"]


class LanguageCount(NamedTuple):
    """How many marked messages are in which language, and why.

    Args:
        language: of the text.
        because: `recorded`: it is that of the person; else it is the template's own, because
            nothing is recorded, what is recorded is not understood, or the text is not there in it.
        recorded: the person's, where that is certain.
        messages: how many.
    """

    language: str
    because: LanguageReason
    recorded: str | None
    messages: int


class SharedRows(NamedTuple):
    """Rows that a person who releases should know to belong together.

    Args:
        what: `address`: different people who each get a message at one address; `person`: one
            person who gets several, one for each occasion; `left_out`: occasions that go without
            because `same_address: one` keeps another row of their address.
        groups: how many addresses, people or rows.
        examples: the row ids of the first of them.
    """

    what: Literal["address", "person", "left_out"]
    groups: int
    examples: tuple[tuple[str, ...], ...]


class TakenSelection(NamedTuple):
    """The selection whose people and marks a run took over.

    Args:
        selection: its id, also where it is gone by now.
        vanished: how many who were marked in it the sources no longer yield.
        examples: the row ids of the first of them.
    """

    selection: str
    vanished: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewSummary(Record):
    """The head of a review.

    Args:
        seconds: that the account's rate alone makes the run take.
        reasons: why rows are not marked and how many, the most frequent first.
        sheets: of paper; None where no paper is needed.
        shared: rows that belong together.
        searched: where nobody was selected, what was asked of which source.
        purged_at: when values, names and addresses were removed, as `retention` plans.
        read: what the sources read and left out, where they say so.
        unstable_ids: what to add so that these people are known again in another run; None where
            they are.
        languages: the languages of the messages; empty where the text is in one alone.
        one_language: why it is, though it may not look so: `provider_template`, `edited`,
            `no_field`, `protected`; None where it is clear. The reason is a sentence.
        silent_languages: those of the template that nobody gets, since no salutations of them are.
        taken_over: the selection that the people come from, and who of it is missing.
        unknown_values: fields with a value that no macro of the text understood, such as a form of
            address, each with how many rows; these are addressed as if nothing stood there.
    """

    run: str
    mailing: str
    kind: str
    account: str
    plan_hash: str
    counts: PlanCounts
    cost: PlanCost
    seconds: float = 0.0
    earlier: tuple[EarlierRun, ...] = ()
    costly_signs: tuple[CostlySign, ...] = ()
    shared: tuple[SharedRows, ...] = ()
    read: tuple[str, ...] = ()
    unstable_ids: str | None = None
    languages: tuple[LanguageCount, ...] = ()
    one_language: str | None = None
    one_language_reason: str | None = None
    silent_languages: tuple[str, ...] = ()
    unknown_values: Mapping[str, int] = field(default_factory=dict)
    reasons: tuple[tuple[str, int], ...] = field(default=(), metadata=FOR_FACES)
    sheets: int | None = field(default=None, metadata=FOR_FACES)
    searched: tuple[tuple[str, str], ...] = field(default=(), metadata=FOR_FACES)
    purged_at: datetime | None = field(default=None, metadata=FOR_FACES)
    taken_over: TakenSelection | None = field(default=None, metadata=FOR_FACES)


class Recipient(NamedTuple):
    """One row of the review. `occasion_at` is when the occasion begins, in UTC. Beside each reason
    stand its code and its parameters, the values in the sentence. `language` is that of the message
    and `language_because` why, as in `LanguageCount`; both are None where the text is in one
    language alone or nothing goes out."""

    row: str
    id: str
    occasion: str | None
    number: str | None
    name: str | None
    address: str | None
    reachable: bool
    unreachable_code: str | None
    unreachable_reason: str | None
    unreachable_parameters: Plain
    allowed: bool
    consent: list[Plain]
    marked: bool
    unmarked: Plain | None
    cost: Plain | None
    language: str | None = None
    language_because: LanguageReason | None = None
    language_recorded: str | None = None
    occasion_at: datetime | None = None

    @property
    def why_not(self) -> str:
        """One sentence: why the row is not marked; empty for one that is."""
        if not self.reachable:
            return self.unreachable_reason or ""
        if not self.allowed:
            denials = (one for one in self.consent if one["verdict"] == "deny")
            return next((one["reason"] for one in denials), "")
        reason: str = self.unmarked["reason"] if self.unmarked else ""
        return reason


@dataclass(frozen=True, slots=True)
class Explanation(Record):
    """Which check decided what about rows, when they were asked, which overrides there are. `run`
    is the run, or the selection, of which there are none."""

    run: str
    asked_at: datetime | None
    recipients: tuple[Recipient, ...]
    overrides: Mapping[str, Plain]


class UnmarkedReason(NamedTuple):
    """Why rows of a selection are not marked, and how many.

    Args:
        key: shows these rows alone, as `reason` of a page; None for all other reasons together.
        reason: what is said of them.
        rows: how many.
    """

    key: str | None
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class SelectionStatus(Record):
    """How a selection stands.

    Args:
        state: `reading`, `found`, `ready` or `failed`; the rows of one that has failed are those
            that were read before.
        reason: why it could not be read.
        is_begun: False while it waits for a process that reads it.
        kind: of contact that its people are judged for; None where they are only looked for.
        account: that will send; likewise.
        purpose: why; likewise.
        due: the date that relative days count from.
        counts: of the rows that it shows now: who was judged, or before that who was found.
        hits: of those who were found before they were judged; None where both was done at once.
        searched: each source with its filters, as a mailing writes them.
        read: what the sources read and left out, where they say so.
        unstable_ids: what to add so that these people are known again; None where they are.
        created_by: who asked for it.
        found_at: when its people were found before they were judged.
        read_at: when its rows were read and judged.
    """

    selection: str
    state: str
    reason: str | None
    is_begun: bool
    kind: str | None
    account: str | None
    purpose: str | None
    due: str
    counts: PlanCounts
    hits: PlanCounts | None
    searched: tuple[tuple[str, str], ...]
    read: tuple[str, ...]
    unstable_ids: str | None
    created_at: datetime
    created_by: str
    found_at: datetime | None
    read_at: datetime | None

    @property
    def vanished(self) -> int:
        """How many who were marked when they were found the sources no longer give."""
        is_judged = self.state == "ready" and self.hits is not None
        return self.hits.marked - self.counts.selected if self.hits and is_judged else 0


@dataclass(frozen=True, slots=True)
class MarkChange(Record):
    """A change of the marks: who, when, what, why."""

    at: datetime
    user: str
    action: str
    row: str | None
    detail: Plain | None


@dataclass(frozen=True, slots=True)
class RunLine(Record):
    """A run in the list of runs; `title`, `ends` and `scheduled_for` as in `RunStatus`."""

    run: str
    mailing: str
    due: str
    kind: str
    account: str
    state: str
    reason: str | None
    counts: Mapping[str, int]
    ends: PauseEnd | None = None
    scheduled_for: datetime | None = None
    title: str = field(default="", metadata=FOR_FACES)

    @property
    def standing(self) -> str:
        """The state in words; of a scheduled run its day and time."""
        return standing(self.state, self.reason, self.scheduled_for)


@dataclass(frozen=True, slots=True)
class RunStatus(Record):
    """How a run stands.

    Args:
        title: what people call the mailing.
        counts: messages by state; every state has a number.
        reason_text: the reason in a sentence, in the provider's or the check's own words.
        ends: what ends the pause; None where there is none.
        scheduled_for: when it leaves, by its own order or the provider's, while that lies ahead.
        until: when what it waits for has passed, if that is known.
        files: what finishing it made.
        records: entries for the persons' records: `stored`, `no_record`, `waiting`.
        purged_at: when values, names and addresses were removed, as `retention` plans.
    """

    run: str
    mailing: str
    title: str = field(metadata=FOR_FACES)
    state: str
    reason: str | None
    counts: Mapping[str, int]
    kind: str = field(metadata=FOR_FACES)
    account: str = field(metadata=FOR_FACES)
    reason_text: str | None
    ends: PauseEnd | None
    scheduled_for: datetime | None
    until: datetime | None = field(metadata=FOR_FACES)
    approved_at: datetime | None = field(metadata=FOR_FACES)
    approved_by: str | None = field(metadata=FOR_FACES)
    finished_at: datetime | None = field(metadata=FOR_FACES)
    files: tuple[str, ...] = field(metadata=FOR_FACES)
    records: Mapping[str, int] = field(metadata=FOR_FACES)
    purged_at: datetime | None = field(default=None, metadata=FOR_FACES)

    @property
    def standing(self) -> str:
        """The state in words; of a scheduled run its day and time."""
        return standing(self.state, self.reason, self.scheduled_for)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why `exit` is not 0."""
        return _why(self)

    @property
    def is_scheduled(self) -> bool:
        """Whether it is open only because its time lies ahead, as was asked for."""
        return self.scheduled_for is not None and self.reason == "schedule"

    @property
    def is_released(self) -> bool:
        """Whether a person released it and it is not over."""
        return self.state in RELEASED

    @property
    def missed(self) -> int:
        """Messages that nobody got."""
        return sum(self.counts.get(state, 0) for state in NOT_SENT)

    @property
    def present(self) -> dict[str, int]:
        """The states that messages are in."""
        return {state: number for state, number in self.counts.items() if number}

    @property
    def exit(self) -> Exit:
        """The exit code that describes the run after a command that delivers."""
        if self.state not in ENDED:
            return Exit.OPEN
        if self.counts["in_doubt"]:
            return Exit.SOME_IN_DOUBT
        return Exit.SOME_FAILED if self.counts["failed"] else Exit.DONE


def every_state(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts with a number for each state of messages."""
    return {state: counts.get(state, 0) for state in MESSAGE_STATES}


class MessageLine(NamedTuple):
    """One message of a run."""

    row: str
    id: str
    state: str
    basis: str | None
    attempts: int
    ref: str
    message_id: str | None
    provider_ref: str | None
    code: str | None
    text: str | None


class NamedMessage(NamedTuple):
    """One message of a run with whose it is; `name`, `number` and `address` are None where they
    are purged, erased, or left out. `text` is what was said of it last."""

    row: str
    id: str
    number: str | None
    name: str | None
    address: str | None
    occasion: str | None
    occasion_at: datetime | None
    state: str
    basis: str | None
    attempts: int
    code: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class OtherMessage(Record):
    """A message of another run to the same person; `sent_at` is None where it was not sent."""

    run: str
    row: str
    mailing: str
    title: str = field(metadata=FOR_FACES)
    kind: str
    due: str
    state: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageStory(Record):
    """What one person got in a run, when, on which consent, released by whom.

    `log` are the attempts, `decisions` the journal's lines, `reports` what came afterwards.
    """

    row: str
    id: str
    state: str
    basis: str | None
    attempts: int
    ref: str
    message_id: str | None
    provider_ref: str | None
    code: str | None
    text: str | None
    mailing: str
    title: str
    kind: str
    purpose: str
    sent_at: datetime | None
    evidence: list[str] | None
    override: Plain | None
    content_hash: str | None
    approved_by: str | None
    approved_at: datetime | None
    scheduled_for: datetime | None
    log: tuple[Plain, ...]
    decisions: tuple[Plain, ...]
    reports: tuple[Plain, ...]
    purged_at: datetime | None = field(default=None, kw_only=True, metadata=FOR_FACES)


class SentTest(NamedTuple):
    """A test message: when, by whom, to whom and with whose data.

    Args:
        to: keyed hash of the address, as the suppression list keeps it; None for a file.
        row: whose data it was sent with; None for made-up data.
    """

    run: str
    at: datetime
    user: str
    to: str | None
    row: str | None


@dataclass(frozen=True, slots=True)
class DueDate(Record):
    """A mailing's due date that could not be prepared unattended.

    Args:
        mailing: its id.
        state: `open`, `done`, `given_up` or `removed`.
        reason: what could not answer at the last try.
        put_off_by: who wanted it sent.
        until: when it is given up.
        tries: how often preparing failed.
        run: what became of it.
        exit: describes it.
    """

    mailing: str
    due: str
    state: str
    reason: str
    put_off_by: str
    put_off_at: datetime
    until: datetime
    tries: int
    run: str | None
    exit: Exit

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why `exit` is not 0."""
        mailing, due, reason = self.mailing, self.due, self.reason
        if self.exit is Exit.OPEN:
            hint = _("serienpost resume --due prepares it again until {until}", until=self.until)
            names_itself = reason.startswith(f"{mailing} for {due}: ")
            named = _("{mailing} for {due}: {reason}", mailing=mailing, due=due, reason=reason)
            return (Problem(reason if names_itself else named, hint),)
        if self.state == "given_up":
            hint = _(
                "look at it, then serienpost cancel {mailing} --due {due}", mailing=mailing, due=due
            )
            said = _(
                "{mailing} for {due} was not sent and is given up: {reason}",
                mailing=mailing,
                due=due,
                reason=reason,
            )
            return (Problem(said, hint),)
        return ()


@dataclass(frozen=True, slots=True)
class DueRun(Record):
    """A run that `resume --due` looked at, and the orders to be withdrawn at its provider.

    `exit` describes it; `held_until` is when the provider sends what it holds; `refused` is why it
    could not be continued now, and `reason_text` why it is paused, as in `RunStatus`.
    """

    run: str
    exit: Exit
    state: str
    reason: str | None
    until: datetime | None
    withdraw: tuple[Withdrawal, ...]
    held_until: datetime | None = field(default=None, metadata=FOR_FACES)
    ends: PauseEnd | None = None
    scheduled_for: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict, metadata=FOR_FACES)
    reason_text: str | None = None
    refused: tuple[Problem, ...] = field(default=(), metadata=FOR_FACES)

    @property
    def is_scheduled(self) -> bool:
        """As in `RunStatus`."""
        is_stuck = bool(self.withdraw or self.refused)
        return self.scheduled_for is not None and self.reason == "schedule" and not is_stuck

    @property
    def standing(self) -> str:
        """The state in words; of a scheduled run its day and time."""
        return standing(self.state, self.reason, self.scheduled_for)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why `exit` is not 0."""
        if self.refused:
            return tuple(
                replace(one, message=_about(self.run, one.message)) for one in self.refused
            )
        if self.withdraw:
            orders = _.ngettext(
                "run {run}: {n} order lies with the provider and must not go out; withdraw it in"
                " its portal",
                "run {run}: {n} orders lie with the provider and must not go out; withdraw them in"
                " its portal",
                len(self.withdraw),
                run=self.run,
            )
            return (Problem(orders, _("serienpost resume --due lists them")),)
        return _why(self)


def standing(state: str, reason: str | None, scheduled_for: datetime | None) -> str:
    """A run's state in words; of a scheduled run its day and time, never that it was sent."""
    word = words.run_state(state)
    if scheduled_for is None:
        return word
    when = _("scheduled for {at}", at=scheduled_for)
    if state == "finished":
        return _("handed over, {when}", when=when)
    return when if state == "approved" or reason == "schedule" else joined(", ", (word, when))


def _about(run: str, message: str) -> str:
    """The sentence with the run's id in it."""
    return message if run in message else _("run {run}: {message}", run=run, message=message)


def _open(one: RunStatus | DueRun) -> str:
    """How a run that is not over stands, and what ends that."""
    how, ends = one.standing, one.ends
    scheduled = one.scheduled_for is not None
    if ends and scheduled and (one.state == "approved" or one.reason == "schedule"):
        return _(
            "run {run} is {standing}, as asked, and exit 75 says that it waits; {how}",
            run=one.run,
            standing=how,
            how=ends.how,
        )
    if ends and one.until and not scheduled:
        how = _("{standing} until {until}", standing=how, until=one.until)
    if one.reason:
        # What a provider says of single people may name them; `show` has it, a log does not.
        said = None if one.reason == "refused" else one.reason_text
        why = said or words.reason(one.reason)
        how = Text("", "{how} ({why})", {"how": how, "why": why})
    if ends:
        return _("run {run} is {standing}; {how}", run=one.run, standing=how, how=ends.how)
    return _(
        "run {run} is {standing}, but something of it is open; serienpost show says what",
        run=one.run,
        standing=how,
    )


def _why(one: RunStatus | DueRun) -> tuple[Problem, ...]:
    """Why a run's exit code is not 0."""
    run, counts = one.run, one.counts
    if one.exit is Exit.OPEN:
        return (Problem(_open(one)),)
    if one.exit is Exit.SOME_IN_DOUBT:
        doubtful = _.ngettext(
            "run {run}: {n} message is in doubt, perhaps sent",
            "run {run}: {n} messages are in doubt, perhaps sent",
            counts.get("in_doubt", 0),
            run=run,
        )
        hint = _("find out, then serienpost resolve {run} --recipient ROW --as ...", run=run)
        return (Problem(doubtful, hint),)
    if one.exit is Exit.SOME_FAILED:
        failed = _.ngettext(
            "run {run}: {n} message failed",
            "run {run}: {n} messages failed",
            counts.get("failed", 0),
            run=run,
        )
        return (Problem(failed, _("serienpost report {run} says why", run=run)),)
    return ()
