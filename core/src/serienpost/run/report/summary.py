"""`report`: how a run went, by state and reason, as figures, CSV and one HTML page."""

from __future__ import annotations

import csv
import html
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import IO, TYPE_CHECKING, NamedTuple

from sqlalchemy import func

from serienpost import words
from serienpost.documents import Record
from serienpost.files import spreadsheet_cell
from serienpost.ledger.runs import count_states, find_run
from serienpost.ledger.schema import message
from serienpost.ledger.states import ARRIVED, NOT_SENT
from serienpost.run.prepare.reasons import general
from serienpost.run.report.advice import UNCLEAR, advice
from serienpost.run.report.answers import standing
from serienpost.run.report.history import local, sent_tests
from serienpost.run.report.recipients import SAME_ADDRESS
from serienpost.run.send.breaker import Alike, alike
from serienpost.run.send.schedule import scheduled_for
from serienpost.translation import Text, Texts, present_language

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.report.answers import SentTest

_ = Texts(__name__)

_BARS = 60


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
class CourseBar(Record):
    """Messages accepted in a part of the run's time, which begins `at`."""

    at: datetime
    messages: int


@dataclass(frozen=True, slots=True)
class Report(Record):
    """How a run went: counts, why messages were not sent, the course over time, the tests."""

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
    scheduled_for: datetime | None = None

    @property
    def standing(self) -> str:
        """The state in words; of a scheduled run its day and time."""
        return standing(self.state, self.reason, self.scheduled_for)


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
            course=_course(tx, run_id, zone),
            tests=tuple(sent_tests(tx, zone, run_id)),
            scheduled_for=local(scheduled_for(row, tx.now), zone),
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


def page(data: Report) -> str:
    """One self-contained HTML page in the reader's language; no script, nothing from elsewhere."""
    state, code, reason = _("State"), _("Code"), _("Reason")
    messages, to_do = _("Messages"), _("What to do")
    course, not_sent, tried = _("Course"), _("Not sent"), _("Tests")
    tested = _("At"), _("By"), _("Address hash"), _("Data of")
    counts = "".join(
        f"<tr><td>{_e(words.message_state(state))}</td><td>{n}</td></tr>"
        for state, n in sorted(data.counts.items())
    )
    reasons = "".join(
        f"<tr><td>{_e(words.message_state(r.state))}</td>"
        f"<td>{_e(words.providers_code(r.state, r.code, r.text))}</td><td>{_e(r.text)} "
        f"{_e(', '.join(r.rows))}</td><td>{r.messages}</td><td>{_e(r.advice)}</td></tr>"
        for r in data.reasons
    )
    tests = "".join(
        f"<tr><td>{_time(t.at)}</td><td>{_e(t.user)}</td><td>{_e(t.to and t.to[:12])}</td>"
        f"<td>{_e(t.row)}</td></tr>"
        for t in data.tests
    )
    return f"""<!doctype html>
<html lang="{_e(present_language())}"><meta charset="utf-8"><title>{_e(data.run)}</title>
<style>body{{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
table{{border-collapse:collapse;margin:1em 0}}td,th{{padding:.2em .8em;border-bottom:1px solid #ddd;
text-align:left}}svg{{width:100%;height:8em;background:#f6f6f6}}</style>
<h1>{_e(data.title or data.mailing)}</h1>
<p>{"<br>".join(map(_e, _head(data)))}</p>
<h2>{_e(messages)}</h2><table>{_header(state, messages)}{counts}</table>
<h2>{_e(course)}</h2>{_chart(data.course)}
<h2>{_e(not_sent)}</h2><table>{_header(state, code, reason, messages, to_do)}
{reasons}</table>
<h2>{_e(tried)}</h2><table>{_header(*tested)}{tests}</table>
</html>
"""


def _head(data: Report) -> Iterator[Text]:
    """How the run stands, and who released it."""
    yield _(
        "Run {run}, {kind} from account {account}",
        run=data.run,
        kind=words.kind(data.kind),
        account=data.account,
    )
    how = data.standing
    if data.reason:
        how = Text("", "{how} ({why})", {"how": how, "why": words.reason(data.reason)})
    yield _("State: {state}", state=how)
    if data.approved_at:
        yield _("Approved {at} by {who}", at=data.approved_at, who=data.approved_by or "-")
    if data.finished_at:
        yield _("Finished {at}", at=data.finished_at)


def _header(*names: Text) -> str:
    return f"<tr>{''.join(f'<th>{_e(name)}' for name in names)}</tr>"


def _course(tx: Tx, run_id: str, zone: ZoneInfo) -> tuple[CourseBar, ...]:
    """Accepted messages in equal parts of the time between the first and the last."""
    c = message.c
    sent = (c.run == run_id, c.sent_at.is_not(None))
    ends = tx.first(
        tx.select(message, func.min(c.sent_at).label("a"), func.max(c.sent_at).label("b")).where(
            *sent
        )
    )
    if ends is None or ends.a is None:
        return ()
    width = max((ends.b - ends.a) / _BARS, (ends.b - ends.a).resolution)
    bars = [0] * (_BARS + 1)
    for (at,) in tx.stream(tx.select(message, c.sent_at).where(*sent)):
        bars[min(_BARS, (at - ends.a) // width)] += 1
    begin = ends.a.astimezone(zone)
    return tuple(CourseBar(begin + width * i, n) for i, n in enumerate(bars))


def _chart(course: Sequence[CourseBar]) -> str:
    if not course:
        nothing = _("Nothing was sent.")
        return f"<p>{_e(nothing)}</p>"
    top = max(bar.messages for bar in course)
    between = _(
        "{begin} to {end}, at most {top} at once",
        begin=course[0].at,
        end=course[-1].at,
        top=top,
    )
    bars = "".join(
        f'<rect x="{i}" y="{100 - 100 * bar.messages / top:.1f}" width=".9" '
        f'height="{100 * bar.messages / top:.1f}" fill="#369"/>'
        for i, bar in enumerate(course)
    )
    return (
        f'<svg viewBox="0 0 {len(course)} 100" preserveAspectRatio="none">{bars}</svg>'
        f"<p>{_e(between)}</p>"
    )


def _e(text: object) -> str:
    return html.escape("" if text is None else str(text))


def _time(moment: datetime | None) -> str:
    return _e(Text("", "{at}", {"at": moment})) if moment else "-"
