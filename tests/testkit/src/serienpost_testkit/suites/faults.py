"""The contract of a channel when things go wrong: a fault at each stage, and what may follow."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serienpost import Accepted, AccountProblem, Deferred, QuotaReached, Rejected, Unknown
from serienpost_testkit.catalogues import untranslated
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.messages import message, secrets_of
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from serienpost import AccountSettings, Channel, Content, Context, Outcome
    from serienpost_testkit.canary import CanaryLog
    from serienpost_testkit.suites.wire import Arrivals, Compose, Deliver

    Play = Callable[[str | None], object]


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """A way in which a provider fails.

    Args:
        meaning: what the fake does.
        outcomes: what a channel may answer.
        keeps: whether the fake has the message in spite of it.
        is_final: whether this opening of the account is of no more use.
    """

    meaning: str
    outcomes: tuple[type, ...]
    keeps: bool = False
    is_final: bool = False


# Stage by stage, what the author's fake plays.
FAULTS: Mapping[str, ProviderFault] = {
    "connection": ProviderFault("cannot be reached", (Deferred,)),
    "login": ProviderFault("refuses the account's login or key", (AccountProblem,), is_final=True),
    "quota": ProviderFault(
        "says that the account has used up its share", (QuotaReached,), is_final=True
    ),
    "recipient": ProviderFault("refuses the recipient for good", (Rejected,)),
    "message": ProviderFault("refuses the message for good", (Rejected,)),
    "later": ProviderFault("refuses for the moment", (Deferred,)),
    "lost_request": ProviderFault("loses the connection and has no message", (Deferred, Unknown)),
    "lost_answer": ProviderFault(
        "keeps the message and loses the connection", (Unknown,), keeps=True
    ),
    "garbled_answer": ProviderFault(
        "keeps the message and answers nonsense", (Unknown,), keeps=True
    ),
}
# Which scope a refusal of each may have.
_SCOPES = {"recipient": {"recipient", "address"}, "message": {"message"}}


class FaultSuite(Suite):
    """The part of `ChannelSuite` in which the provider fails; not inherited alone.

    - fixture `play`: a function; `play(fault)` makes the fake fail from now on in this way, one
      of `FAULTS`, and `play(None)` makes it accept everything again. Its words, where it has
      any, name the recipient, as those of real providers do.
    - `impossible`: faults that cannot happen on this channel, each with the reason.
    """

    impossible: Mapping[str, str] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test of faults runs once for each that is possible."""
        if "fault" in metafunc.fixturenames:
            impossible = getattr(metafunc.cls, "impossible", {})
            metafunc.parametrize("fault", [name for name in FAULTS if name not in impossible])

    def test_impossible_faults_are_explained(self) -> None:
        """What is left out has a reason, and something is left.

        When it fails: `impossible` maps names of `FAULTS` to sentences. A channel that fails in
        no way at all does not exist: a disk is full, a folder is not there.
        """
        assert [fault for fault in self.impossible if fault not in FAULTS] == []
        assert [fault for fault, reason in self.impossible.items() if len(reason) < 10] == []
        assert len(self.impossible) < len(FAULTS)

    def test_a_fault_has_its_outcome(
        self, compose: Compose, deliver: Deliver, play: Play, fault: str
    ) -> None:
        """Each fault is answered with the outcome that the core can rely on.

        When it fails: look at the stage at which it happens. Before the provider can have the
        message: `Deferred` (`connection=True` if it was not even reached), `AccountProblem` or
        `QuotaReached`. A clear no: `Rejected`, with the scope it has. From then on, whatever is
        not a clear answer: `Unknown`. Never raise, never guess.
        """
        play(fault)
        outcome = _one(deliver, compose())
        assert isinstance(outcome, FAULTS[fault].outcomes), outcome
        if fault == "connection":
            assert isinstance(outcome, Deferred)
            assert outcome.connection
        elif isinstance(outcome, Deferred):
            assert fault == "lost_request" or not outcome.connection
        elif isinstance(outcome, Rejected):
            assert outcome.scope in _SCOPES[fault]

    def test_a_fault_is_said_in_each_language(
        self, compose: Compose, deliver: Deliver, play: Play, fault: str
    ) -> None:
        """What an outcome tells is made by `_`, but for what stands in it of others' words.

        When it fails: run `python -m serienpost_testkit.catalogues` with the folder of the package
        and translate what it tells; give others' words as values.
        """
        play(fault)
        text = getattr(_one(deliver, compose()), "text", "")
        assert untranslated([text]) == []

    def test_a_definite_no_did_not_leave(
        self, compose: Compose, deliver: Deliver, play: Play, arrived: Arrivals, fault: str
    ) -> None:
        """What is not `Unknown` did not leave: it is tried again, or reported as failed.

        When it fails: if the provider has the message, only `Accepted` or `Unknown` is true. If
        it has none after a fault that keeps it, mend the fake.
        """
        play(fault)
        outcome = _one(deliver, compose())
        if FAULTS[fault].keeps:
            assert len(arrived()) == 1
        if not isinstance(outcome, Accepted | Unknown):
            assert list(arrived()) == []

    def test_after_a_fault_it_works_again(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        deliver: Deliver,
        play: Play,
        arrived: Arrivals,
        fault: str,
    ) -> None:
        """Once the provider works again, the next message is accepted, by the same opening.

        When it fails: give up a connection that has failed and make a new one for the next
        call; do not keep the failure in mind.
        """
        first, second = (message(number, compose(number=number)) for number in (1, 2))

        async def both() -> Outcome:
            async with channel.open(context, settings) as sender:
                for call in sender.calls([first]):
                    await sender.send(call, 0, yes)
                play(None)
                (call,) = sender.calls([second])
                (outcome,) = await sender.send(call, 0, yes)
                return outcome

        play(fault)
        if FAULTS[fault].is_final:
            deliver([first])
            play(None)
            outcome = deliver([second])[0][1][0]
        else:
            outcome = asyncio.run(both())
        assert isinstance(outcome, Accepted), outcome
        assert [each.ref for each in arrived()].count(second.ref) == 1

    def test_a_fault_tells_nothing_personal(
        self,
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        deliver: Deliver,
        play: Play,
        canary_log: CanaryLog,
        fault: str,
    ) -> None:
        """Neither log, output nor outcome of a failure holds an address, a text or a secret.

        When it fails: mask addresses in the provider's words; log `ref` and codes; never put a
        request, an account or an exception's whole text into an outcome.
        """
        content = compose("Kanarienvogel, lieber Kim Kanarie")
        private = ["Kanarienvogel", content.subject, *content.address.splitlines()]
        private += secrets_of(context, settings)
        canary_log.plant(*private)
        play(fault)
        outcome = _one(deliver, content)
        assert [value for value in private if value and value in str(outcome)] == []
        canary_log.check(self.foreign_loggers)


def _one(deliver: Deliver, content: Content) -> Outcome:
    ((_, (outcome,)),) = deliver([message(1, content)])
    return outcome
