"""What a text would cost, before a run is made of it: rendered and measured as a run's rows are.

Nothing is written. For many people it stops after a while, and says so: the run itself knows.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from serienpost.contracts.content import Content, Cost, Refused
from serienpost.documents import Record
from serienpost.kinds.gsm import EXTENSION, measure_sms
from serienpost.ledger.reviewed import rows_of_run
from serienpost.run.prepare.batches import batches
from serienpost.run.prepare.check import EXAMPLE_ADDRESS
from serienpost.run.prepare.costs import forecast
from serienpost.run.prepare.freeze import since_last_run
from serienpost.run.prepare.review import review_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serienpost.contracts.rows import Row
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.prepare.review import Reviewed
    from serienpost.run.prepare.taking_over import TakenOver

# So many messages are counted at most, for so long, between two looks at the clock so many.
MOST_COUNTED = 500
COUNT_SECONDS = 4.0
_AT_ONCE = 25

# No run has this id: a count that reads several sources leaves out nobody whom a run knows.
_NO_RUN = ""


@dataclass(frozen=True, slots=True)
class CountedSign(Record):
    """A sign that makes messages cost more.

    Args:
        sign: itself.
        forces: it is outside of the GSM alphabet, so that the whole message holds fewer signs; else
            it takes two places of the alphabet.
        messages: how many hold it.
    """

    sign: str
    forces: bool
    messages: int


@dataclass(frozen=True, slots=True)
class Counted(Record):
    """What messages would cost.

    Args:
        unit: of the amounts.
        covers: `all` who would get one, the first of them (`some`), or made-up values alone
            (`example`), where nobody is chosen yet or gets one.
        messages: that were counted; 0 for an example.
        total: what they cost together.
        totals: of what else is counted: `segments` of SMS, `sheets` of letters.
        longest: what the most expensive one costs, of equal ones the longest.
        length: of that one in signs.
        detail: of that one: `segments`, `encoding`, `sheets`.
        signs: that make messages cost more, the most frequent first.
    """

    unit: Literal["credits", "pages", "messages"]
    covers: Literal["all", "some", "example"]
    messages: int
    total: float
    totals: Mapping[str, float]
    longest: float
    length: int
    detail: Mapping[str, str | int | float]
    signs: tuple[CountedSign, ...]


def count(renderer: RunRenderer, ledger: Ledger, chosen: TakenOver | None) -> Counted:
    """Count the messages of a checked mailing.

    Whom only the run leaves out, since they had it before, is counted here.

    Args:
        renderer: the checked mailing.
        ledger: of the practice; only read.
        chosen: a selection whose marks count.

    Raises:
        SerienpostError: the source cannot deliver, or the channel can try nothing out.
    """
    renderer = since_last_run(renderer, ledger)
    found, ends = _Tally(renderer.header.same_address == "one"), time.monotonic() + COUNT_SECONDS
    is_whole = not renderer.header.exclude_recipients_of
    for reviewed in _reviewed(renderer, ledger, chosen):
        found.add(reviewed)
        if found.messages >= MOST_COUNTED or time.monotonic() > ends:
            is_whole = False
            break
    if not found.messages:
        found.add_example(renderer)
        return found.counted("example")
    return found.counted("all" if is_whole else "some")


def _reviewed(
    renderer: RunRenderer, ledger: Ledger, chosen: TakenOver | None
) -> Iterator[Sequence[Reviewed]]:
    now = ledger.clock()
    judged_on, several = renderer.leaves_on(now), len(renderer.blocks) > 1
    seen: set[str] = set()
    for batch in batches(renderer, ledger, rows_of_run(_NO_RUN), now):
        rows: Sequence[Row] = chosen.of_these(batch.rows) if chosen else batch.rows
        if several:
            rows = [row for row in rows if row.id not in seen]
            seen.update(row.id for row in rows)
        for first in range(0, len(rows), _AT_ONCE):
            yield review_rows(
                renderer,
                rows[first : first + _AT_ONCE],
                batch.block,
                judged_on,
                left_out=chosen.left_out if chosen else None,
            )


@dataclass
class _Tally:
    """What was counted so far.

    Args:
        one_per_address: who has the address of somebody before gets nothing.
    """

    one_per_address: bool
    messages: int = 0
    total: float = 0.0
    totals: Counter[str] = field(default_factory=Counter)
    signs: Counter[tuple[str, bool]] = field(default_factory=Counter)
    dearest: tuple[float, int] = (-1.0, 0)
    cost: Cost = field(default_factory=lambda: Cost("messages", 1))
    addresses: set[str] = field(default_factory=set)

    def add(self, reviewed: Sequence[Reviewed]) -> None:
        for one in reviewed:
            if not one.marked or one.content is None:
                continue
            if self.one_per_address and one.content.address in self.addresses:
                continue
            self.addresses.add(one.content.address)
            self.messages += 1
            self._measure(one.content, one.cost)

    def add_example(self, renderer: RunRenderer) -> None:
        address = EXAMPLE_ADDRESS.get(renderer.kind.name, "example")
        content = renderer.content(renderer.example_values(), address, examples=True)
        if isinstance(content, Refused):  # `check` would have said so
            return
        (cost,) = forecast(renderer, [content])
        self._measure(content, None if isinstance(cost, Refused) else cost)

    def _measure(self, content: Content, cost: Cost | None) -> None:
        cost = cost or Cost("messages", 1)
        self.total += cost.amount
        for name, value in cost.detail.items():
            if isinstance(value, int | float):
                self.totals[name] += value  # type: ignore[assignment]
        if "encoding" in cost.detail:
            self.signs.update(_costly(content.text))
        if (rank := (cost.amount, len(content.text))) > self.dearest:
            self.dearest, self.cost = rank, cost

    def counted(self, covers: Literal["all", "some", "example"]) -> Counted:
        signs = sorted(self.signs.items(), key=lambda one: (-one[0][1], -one[1], one[0][0]))
        return Counted(
            unit=self.cost.unit,
            covers=covers,
            messages=self.messages,
            total=round(self.total, 6),
            totals=dict(self.totals),
            longest=self.cost.amount,
            length=self.dearest[1],
            detail={name: one for name, one in self.cost.detail.items() if name != "because"},
            signs=tuple(CountedSign(*sign, number) for sign, number in signs),
        )


def _costly(text: str) -> set[tuple[str, bool]]:
    """The signs of one SMS that force UCS-2; else those that take two places."""
    if beyond := measure_sms(text).beyond:
        return {(sign, True) for sign in beyond}
    return {(sign, False) for sign in text if sign in EXTENSION}
