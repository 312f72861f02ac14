"""One message of a run to an own address, before anybody gets one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serienpost import words
from serienpost.contracts.outcomes import Accepted
from serienpost.documents import FOR_FACES, Record
from serienpost.ledger.runs import find_rows
from serienpost.run.prepare.renderer import load_renderer
from serienpost.service import release
from serienpost.service.notices import Notice
from serienpost.service.release import Confirmation
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.ledger.store import Tx
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.service.decided import Answers
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class TestResult(Record):
    """What became of a message to an own address.

    Args:
        outcome: the word of the closed vocabulary, `accepted` or another.
        text: what the provider said.
        file: where the message was written, where nothing leaves the machine.
        kind: of message.
    """

    run: str
    outcome: str
    text: str = field(default="", metadata=FOR_FACES)
    file: str | None = field(default=None, metadata=FOR_FACES)
    kind: str = field(default="", metadata=FOR_FACES)

    __test__ = False  # pytest takes the name for a test

    @property
    def is_accepted(self) -> bool:
        """Whether it was accepted."""
        return self.outcome == "accepted"

    @property
    def refusal(self) -> str:
        """That it was not accepted, and what the provider said."""
        said = words.reason_and_text(words.outcome(self.outcome), self.text)
        return _("the test was not accepted: {outcome}", outcome=said)

    def without(self, address: str) -> TestResult:
        """The same, where the provider repeats the address, without it."""
        text = re.sub(re.escape(address), "...", self.text, flags=re.IGNORECASE)
        return TestResult(self.run, self.outcome, text, self.file, self.kind)


def ask_before(
    practice: OpenedPractice, run: str, to: str, row: str | None, answers: Answers
) -> Confirmation | None:
    """See `Run.ask_before_test`."""
    from serienpost.run.send.trial import refuse_address

    renderer = load_renderer(practice.context, practice.ledger, run)
    refuse_address(renderer, practice.ledger, to)
    return _question(renderer, run, answers) if row else None


def _question(renderer: RunRenderer, run: str, answers: Answers) -> Confirmation | None:
    account = renderer.header.account
    disclaimer, channel = release.open_disclaimer(renderer.context, account, answers)
    if not disclaimer:
        return None
    return Confirmation(
        run,
        renderer.header.mailing,
        ("disclaimer",),
        renderer.header.kind,
        account,
        disclaimer=disclaimer,
        channel=channel,
    )


def send(
    practice: OpenedPractice,
    run: str,
    to: str,
    row: str | None,
    answers: Answers,
    leaves: Callable[[Tx], None] = lambda _tx: None,
) -> TestResult | Confirmation:
    """See `Run.test`; `leaves` is called in the transaction after which the message may leave."""
    from serienpost.run.send.trial import send_test

    renderer = load_renderer(practice.context, practice.ledger, run)
    is_file = renderer.channel.repeatable
    if row and (question := _question(renderer, run, answers)):
        return question
    if row and not is_file:
        processor = renderer.processor()
        whom = {"processor": processor.name, "region": processor.region} if processor else {}
        with practice.ledger.read() as tx:  # its id: what was typed may be a name
            row = find_rows(tx, run, row)[0].row_id
        practice.notify(Notice("test_data", {"row": row, **whom}))
    outcome = send_test(renderer, practice.ledger, run, to, row, practice.actor, leaves)
    word = type(outcome).__name__.lower()
    file = to if isinstance(outcome, Accepted) and is_file else None
    return TestResult(run, word, outcome.text, file, renderer.kind.name)
