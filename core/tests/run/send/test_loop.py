from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import (
    Accepted,
    AccountProblem,
    Deferred,
    QuotaReached,
    Rejected,
    Unknown,
)
from serienpost.errors import LedgerError
from serienpost.ledger.connections import take_share
from serienpost.ledger.owners import ownership
from serienpost.ledger.schema import attempt, message, once, permit
from serienpost.run.send.approve import cancel, pause
from serienpost.run.send.doubts import resolve, retry_failed
from serienpost.run.send.finish import BusyError
from serienpost.translation import Texts, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from serienpost.run.send.doubts import Decision

    Office = Any

pytestmark = pytest.mark.timeout(30)
NAMES = ("Ada", "Kim", "Uwe", "Eva", "Ole", "Ida", "Jan", "Lea", "Tom", "Mia", "Ben", "Eli")


@pytest.fixture
def run(office: Office) -> str:
    office.add(*NAMES[:4])
    return office.approved(once_per="recipient")  # type: ignore[no-any-return]


def test_everything_is_delivered_once(office: Office, run: str) -> None:
    progress: list[Any] = []
    assert office.send(run, report=progress.append) == "finished"
    assert sorted(office.loft.sent) == ["ada", "eva", "kim", "uwe"]
    for row in office.messages(run):
        assert (row.state, row.attempts, row.provider_ref, row.owner) == ("accepted", 1, "q", None)
        assert row.sent_at == office.clock()
        assert row.evidence == [f"club: {row.person} club"]
    assert {m.ref for m in office.loft.messages} == {row.ref for row in office.messages(run)}
    assert [a.outcome for a in office.rows(attempt)] == ["accepted"] * 4
    assert office.run(run).finished_at == office.clock()
    assert progress[-1].settled == 4
    before = office.messages(run), office.run(run)
    assert office.send(run) == "finished"
    assert (office.messages(run), office.run(run)) == before


def test_one_call_may_carry_a_batch(office: Office) -> None:
    office.add(*NAMES[:7])
    office.loft.batch, office.loft.slots = 3, 1
    office.loft.answers["uwe"] = [[Accepted("a"), Rejected("550", "no"), Unknown("data")]]
    run = office.approved()
    office.send(run)
    assert office.states(run)[:3] == ["accepted", "failed", "in_doubt"]
    assert office.states(run)[3:] == ["accepted"] * 4
    assert office.loft.sent == [name.lower() for name in NAMES[:7]]


@pytest.mark.parametrize(
    ("answer", "state", "outcome", "run_state"),
    [
        (Accepted("q"), "accepted", "accepted", "finished"),
        (Rejected("550", "no"), "failed", "rejected", "finished"),
        (Unknown("data"), "in_doubt", "unknown", "finished"),
        (Deferred("451", "later"), "pending", "deferred", "paused deferral"),
        (AccountProblem("535", "login"), "pending", "account_problem", "paused account"),
        (QuotaReached("429", "enough"), "pending", "quota", "paused quota"),
        (RuntimeError("Ada Muster"), "in_doubt", "unknown", "finished"),
        ([], "in_doubt", "unknown", "finished"),
        ([Accepted(), Accepted()], "in_doubt", "unknown", "finished"),
        (["accepted"], "in_doubt", "unknown", "finished"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_every_answer_of_the_wire_is_written_down(
    office: Office, answer: object, state: str, outcome: str, run_state: str
) -> None:
    office.add("Ada")
    office.loft.answers["ada"] = [answer]
    run = office.approved(once_per="recipient")
    assert office.send(run) == run_state
    (row,) = office.messages(run)
    (made,) = office.rows(attempt)
    assert (row.state, made.outcome) == (state, outcome)
    assert "Ada" not in f"{made.text} {row.text} {office.run(run).reason_text}"
    assert len(office.rows(once)) == (0 if state == "failed" else 1)


def test_a_call_that_takes_too_long_is_in_doubt(office: Office) -> None:
    office.add("Ada", "Kim")
    office.pigeon.longest_call = 0.05

    async def hang() -> None:
        await asyncio.sleep(60)

    office.loft.answers["ada"] = [hang]
    run = office.approved()
    assert office.send(run) == "finished"
    assert office.states(run) == ["in_doubt", "accepted"]
    assert office.message(run, "patient:1").text == "TimeoutError"


def test_slots_do_not_wait_for_each_other(office: Office) -> None:
    """The first call ends only when all others have been answered and recorded."""
    office.add(*NAMES[:6])
    run = office.approved()

    async def last() -> Accepted:
        while office.states(run).count("accepted") < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return Accepted("last")

    office.loft.answers["ada"] = [last]
    assert office.send(run) == "finished"
    assert office.states(run) == ["accepted"] * 6
    assert office.loft.most_busy == 2


def test_intents_are_in_the_ledger_before_the_wire(office: Office) -> None:
    office.add(*NAMES[:5])
    office.loft.slots = 3
    run = office.approved()
    seen = []

    async def look() -> Accepted:
        seen.append(office.states(run).count("sending"))
        return Accepted()

    office.loft.always = look
    office.send(run)
    assert min(seen) >= 1
    assert max(seen) <= 3


def test_a_stop_lets_the_calls_under_way_end(office: Office) -> None:
    office.add(*NAMES[:6])
    run = office.approved()

    async def stop() -> Accepted:
        office.stop.request()
        await asyncio.sleep(0.02)
        return Accepted("in time")

    office.loft.answers["ada"] = [stop]
    assert office.send(run) == "paused interrupted"
    sent = len(office.loft.sent)
    assert sent < 6
    assert office.message(run, "patient:1").provider_ref == "in time"
    assert sorted(office.states(run)) == ["accepted"] * sent + ["pending"] * (6 - sent)
    office.stop.requests = 0
    assert office.send(run, by_itself=True) == "finished"
    assert sorted(office.loft.sent) == sorted(name.lower() for name in NAMES[:6])


def test_a_second_stop_ends_the_calls_at_once_in_doubt(office: Office) -> None:
    office.add(*NAMES[:6])
    run = office.approved()

    async def stop_twice() -> None:
        office.stop.request()
        office.stop.request()
        await asyncio.sleep(60)

    office.loft.answers["ada"] = [stop_twice]
    assert office.send(run) == "paused interrupted"
    assert office.message(run, "patient:1").state == "in_doubt"
    assert set(office.states(run)) <= {"in_doubt", "accepted", "pending"}


def test_a_second_stop_while_calls_are_committed_does_not_hang(office: Office) -> None:
    office.add(*NAMES[:6])
    run = office.approved()

    def stop_twice(_: object) -> None:
        office.stop.request()
        office.stop.request()

    assert office.send(run, report=stop_twice) == "paused interrupted"
    assert "sending" not in office.states(run)
    assert "claimed" not in office.states(run)


def test_without_waiting_the_rate_pauses_the_run_until_it_is_free(office: Office) -> None:
    office.add(*NAMES[:5])
    office.reconfigure(rate=["2/minute"])
    run = office.approved()
    assert office.send(run) == "paused rate"
    assert office.loft.sent == ["ada", "kim"]
    assert office.run(run).until == office.clock() + timedelta(seconds=60)
    assert len(office.rows(permit)) == 2
    assert office.send(run) == "paused rate"
    assert len(office.loft.sent) == 2
    office.clock.forward(60)
    assert office.send(run) == "paused rate"
    office.clock.forward(60)
    assert office.send(run) == "finished"
    assert office.loft.sent == ["ada", "kim", "uwe", "eva", "ole"]


def test_waiting_for_the_rate_happens_in_this_process(office: Office) -> None:
    office.add("Ada", "Kim")
    office.reconfigure(rate=["1/minute"])
    run = office.approved()
    waits = []

    def pass_time(progress: Any) -> None:  # noqa: ANN401
        if progress.waiting:
            waits.append(progress.waiting)
            office.clock.forward(60)

    assert office.send(run, wait=True, report=pass_time) == "finished"
    assert set(waits) == {"rate"}
    assert office.loft.sent == ["ada", "kim"]


def test_a_permit_is_used_whatever_comes_of_it(office: Office, run: str) -> None:
    office.reconfigure(rate=["3/hour"])
    office.loft.always = Rejected("550", "no")
    assert office.send(run) == "paused rate"
    assert len(office.rows(permit)) == 3


def test_temporary_refusals_are_tried_again_with_the_same_reference(
    office: Office, run: str
) -> None:
    office.loft.answers["kim"] = [Deferred("451", "later"), Deferred("451", "later", 5)]
    assert office.send(run) == "paused deferral"
    assert office.run(run).until == office.clock() + timedelta(seconds=60)
    office.clock.forward(60)
    assert office.send(run) == "paused deferral"
    office.clock.forward(5)
    assert office.send(run) == "finished"
    row = office.message(run, "patient:2")
    assert (row.state, row.attempts) == ("accepted", 3)
    mine = [m for m in office.loft.messages if m.ref == row.ref]
    assert len(mine) == 3
    assert {m.content.digest() for m in mine} == {row.content_hash}


def test_waiting_for_a_deferral_happens_in_this_process(office: Office, run: str) -> None:
    office.loft.answers["kim"] = [Deferred("451", "later")]

    def pass_time(progress: Any) -> None:  # noqa: ANN401
        if progress.waiting == "deferral":
            office.clock.forward(60)

    assert office.send(run, wait=True, report=pass_time) == "finished"
    assert office.message(run, "patient:2").attempts == 2


@pytest.mark.parametrize(("attempts", "hours"), [(3, 0), (99, 24)])
def test_temporary_refusals_end_by_number_or_by_time(
    office: Office, attempts: int, hours: int
) -> None:
    office.add("Ada")
    office.loft.always = Deferred("451", "later", 0)
    run = office.approved(max_attempts=attempts, once_per="recipient", stale_after="2 days")
    if hours:
        office.loft.always = Deferred("451", "later", 60)
        assert office.send(run) == "paused deferral"
        office.clock.forward(hours * 3600)
    assert office.send(run, confirm=True) == "finished"
    (row,) = office.messages(run)
    assert (row.state, row.code) == ("failed", "451")
    assert row.attempts == (2 if hours else attempts)
    assert office.rows(once) == []


def test_what_is_due_again_at_once_does_not_wait_for_a_heartbeat(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serienpost.run.send import company

    monkeypatch.setattr(company, "HEARTBEAT_SECONDS", 20.0)
    office.add("Ada")
    office.loft.answers["ada"] = [Deferred("451", "later", 0)] * 3
    run = office.approved()
    begun = asyncio.new_event_loop()
    try:
        started = begun.time()
        assert office.send(run) == "finished"
        assert begun.time() - started < 10
    finally:
        begun.close()


NOBODY = Deferred("connect", "nobody answers", connection=True)
TURNED_AWAY = Deferred("421", "busy", 60.0, connection=True)


def passing_time(office: Office, waits: list[tuple[str, str]]) -> Callable[[Any], None]:
    """Hears what is waited for, and lets the wait pass."""

    def hear(progress: Any) -> None:  # noqa: ANN401
        if progress.waiting in ("rate", "deferral", "connection"):
            waits.append((progress.waiting, progress.why))
            office.clock.now = max(office.clock.now, progress.until or office.clock.now)

    return hear


@pytest.mark.parametrize(("wait", "tries"), [(True, 5), (False, 3)])
def test_nobody_answers_so_the_account_rests_and_the_run_pauses(
    office: Office, wait: bool, tries: int
) -> None:
    office.add(*NAMES)
    office.loft.slots = 1
    office.loft.always = NOBODY
    run = office.approved(max_attempts=1)
    waits: list[tuple[str, str]] = []
    assert office.send(run, wait=wait, report=passing_time(office, waits)) == "paused connection"
    assert set(waits) == {("connection", "account post: nobody answers")}
    assert len(office.loft.sent) == tries
    assert [(m.state, m.attempts, m.next_attempt_at) for m in office.messages(run)] == [
        ("pending", 0, None)
    ] * 12
    assert office.rows(attempt) == []
    assert office.run(run).until == office.clock() + timedelta(minutes=5)
    assert office.run(run).reason_text == "account post: nobody answers"
    office.loft.always = Accepted()
    office.clock.forward(300)
    assert office.send(run, by_itself=True) == "finished"
    assert office.states(run) == ["accepted"] * 12


def test_tries_that_take_a_minute_each_are_few(office: Office) -> None:
    """Where nothing comes back at all, not even a refusal."""
    office.add(*NAMES)
    office.loft.slots = 1

    async def a_minute_later() -> Deferred:
        office.clock.forward(60)
        return NOBODY

    office.loft.always = a_minute_later
    run = office.approved()
    waits: list[tuple[str, str]] = []
    assert office.send(run, wait=True, report=passing_time(office, waits)) == "paused connection"
    assert len(office.loft.sent) == 2


def test_a_server_that_restarts_costs_a_moment(office: Office) -> None:
    office.add(*NAMES)
    office.loft.answers["ada"] = [NOBODY, NOBODY]
    office.loft.answers["kim"] = [NOBODY]
    run = office.approved(max_attempts=1)
    waits: list[tuple[str, str]] = []
    assert office.send(run, wait=False, report=passing_time(office, waits)) == "finished"
    assert office.states(run) == ["accepted"] * 12
    assert {row.attempts for row in office.messages(run)} == {1}


def test_what_is_under_way_is_answered_while_another_connection_fails(office: Office) -> None:
    office.add(*NAMES)
    office.loft.answers["kim"] = [NOBODY] * 3
    run = office.approved(max_attempts=1)
    waits: list[tuple[str, str]] = []
    assert office.send(run, wait=True, report=passing_time(office, waits)) == "finished"
    assert office.states(run) == ["accepted"] * 12


def test_ten_times_turned_away_pause_the_run(office: Office) -> None:
    office.add(*NAMES)
    office.loft.slots = 1
    office.loft.always = TURNED_AWAY
    run = office.approved(max_attempts=1)
    assert office.send(run) == "paused connection"
    assert len(office.loft.sent) == 10
    assert office.states(run) == ["pending"] * 12
    assert office.run(run).until == office.clock() + timedelta(minutes=5)
    assert "busy" in office.run(run).reason_text
    office.loft.always = Accepted()
    office.clock.forward(300)
    assert office.send(run, by_itself=True) == "finished"
    assert office.states(run) == ["accepted"] * 12


def test_one_answer_between_them_starts_the_count_anew(office: Office) -> None:
    office.add(*NAMES)
    office.loft.slots = 1
    office.loft.always = TURNED_AWAY
    office.loft.answers["ole"] = [Rejected("550", "no")]
    run = office.approved()
    assert office.send(run) == "paused deferral"
    assert len(office.loft.sent) == 12


def test_a_reached_quota_waits_until_it_is_over(office: Office, run: str) -> None:
    until = office.clock() + timedelta(hours=2)
    office.loft.slots = 1
    office.loft.answers["kim"] = [QuotaReached("429", "enough", until)]
    assert office.send(run) == "paused quota"
    assert (office.run(run).until, office.run(run).reason_text) == (until, "429: enough")
    assert office.states(run) == ["accepted", "pending", "pending", "pending"]
    assert office.send(run, by_itself=True) == "paused quota"
    assert office.loft.sent == ["ada", "kim"]
    office.clock.forward(7200)
    assert office.send(run, by_itself=True) == "finished"
    assert office.loft.sent == ["ada", "kim", "kim", "uwe", "eva"]


def test_an_account_problem_waits_for_a_person(office: Office, run: str) -> None:
    office.loft.slots = 1
    office.loft.answers["ada"] = [AccountProblem("535", "login refused")]
    assert office.send(run) == "paused account"
    assert office.send(run, by_itself=True) == "paused account"
    assert office.loft.sent == ["ada"]
    assert office.send(run) == "finished"


def test_what_a_channel_says_is_read_later_in_any_language(office: Office, run: str) -> None:
    said = Texts("serienpost")("the account's rate is used up until {time}", time="10:00")
    office.loft.answers["ada"] = [AccountProblem("535", said)]
    assert office.send(run) == "paused account"
    told = [office.run(run).reason_text, office.message(run, "patient:1").text]
    assert told == [f"535: {str.__str__(said)}", said]
    with speaking("de"):
        german = "die Versandrate des Kontos ist bis 10:00 ausgeschöpft"
        assert [f"{one}" for one in told] == [f"535: {german}", german]


@pytest.mark.parametrize(
    ("on_doubt", "state", "sent"),
    [("hold", "in_doubt", 1), ("resend", "accepted", 2), ("assume_accepted", "accepted", 1)],
)
def test_doubt_is_settled_by_the_mailing_s_rule(
    office: Office, on_doubt: str, state: str, sent: int
) -> None:
    office.add("Ada")
    office.loft.answers["ada"] = [Unknown("data")]
    run = office.approved(on_doubt=on_doubt)
    while office.send(run) != "finished":
        assert on_doubt == "resend"
    (row,) = office.messages(run)
    assert (row.state, len(office.loft.sent)) == (state, sent)


def test_a_repeatable_call_leaves_no_doubt(office: Office) -> None:
    office.add("Ada")
    office.pigeon.repeatable = True
    office.loft.answers["ada"] = [Unknown("data")]
    run = office.approved()
    assert office.send(run) == "finished"
    assert (office.states(run), len(office.loft.sent)) == (["accepted"], 2)


DECISIONS: dict[str, Callable[[Any, str], object]] = {
    "cancel": lambda office, run: cancel(office.ledger, run, "petra"),
    "pause": lambda office, run: pause(office.ledger, run, "petra"),
}


def _decides(office: Office, run: str, what: str) -> Callable[[], Coroutine[Any, Any, Accepted]]:
    async def decide() -> Accepted:
        DECISIONS[what](office, run)
        return Accepted()

    return decide


def test_a_person_s_pause_stops_the_run_with_the_next_commit(office: Office) -> None:
    office.add(*NAMES[:6])
    office.loft.slots = 1
    run = office.approved()
    office.loft.answers["kim"] = [_decides(office, run, "pause")]
    assert office.send(run) == "paused person"
    assert office.loft.sent == ["ada", "kim"]
    assert office.states(run) == ["accepted"] * 2 + ["pending"] * 4


def test_cancelling_while_sending_lets_the_wire_answer(office: Office) -> None:
    office.add(*NAMES[:6])
    office.loft.slots = 1
    run = office.approved(once_per="recipient")
    office.loft.answers["kim"] = [_decides(office, run, "cancel")]
    assert office.send(run) == "cancelled person"
    assert office.states(run) == ["accepted"] * 2 + ["cancelled"] * 4
    assert len(office.rows(once)) == 2


def test_a_cancelled_run_keeps_nothing_pending(office: Office) -> None:
    office.add("Ada")
    run = office.approved(once_per="recipient")

    async def cancel_and_defer() -> Deferred:
        cancel(office.ledger, run, "petra")
        return Deferred("451", "later")

    office.loft.answers["ada"] = [cancel_and_defer]
    assert office.send(run) == "cancelled person"
    assert office.states(run) == ["cancelled"]
    assert office.rows(once) == []


def test_only_one_process_delivers_a_run(office: Office, run: str) -> None:
    with ownership(office.ledger) as owner:
        with office.ledger.begin() as tx:
            one = tx.update(message).where(message.c.no == 1)
            later = tx.now + timedelta(minutes=5)
            tx.execute(one.values(state="claimed", owner=owner, lease_until=later))
        with pytest.raises(BusyError, match="is already being delivered by process"):
            office.send(run)
        assert office.loft.sent == []
    assert office.send(run) == "finished"
    assert office.states(run) == ["accepted"] * 4


def test_two_may_come_to_finish_a_run(office: Office, run: str) -> None:
    with ownership(office.ledger) as other:
        with office.ledger.begin() as tx:
            tx.execute(tx.update(message).where(message.c.run == run).values(state="accepted"))
            take_share(tx, other, run, "post", 2, 0, lease=timedelta(minutes=5))
        assert office.send(run) == "finished"


def test_what_a_dead_process_left_is_continued(office: Office, run: str) -> None:
    with office.ledger.begin() as tx:
        for no, state in ((1, "sending"), (2, "claimed")):
            one = tx.update(message).where(message.c.no == no)
            tx.execute(one.values(state=state, owner="999999-DEAD", attempts=1))
    assert office.send(run) == "finished"
    assert office.states(run) == ["in_doubt", "accepted", "accepted", "accepted"]
    assert office.loft.sent == ["kim", "uwe", "eva"]


def test_a_run_that_stood_still_needs_a_person(office: Office, run: str) -> None:
    office.clock.forward(6 * 3600 + 1)
    assert office.send(run) == "paused stale"
    assert office.send(run, by_itself=True) == "paused stale"
    assert office.loft.sent == []
    assert office.send(run, confirm=True) == "finished"


def test_retry_gives_failed_messages_another_chance(office: Office, run: str) -> None:
    office.loft.answers["kim"] = [Rejected("550", "no")]
    assert office.send(run) == "finished"
    assert retry_failed(office.ledger, run, "petra") == 1
    assert office.state(run) == "sending"
    assert office.send(run) == "finished"
    row = office.message(run, "patient:2")
    assert (row.state, row.attempts, row.attempts_before) == ("accepted", 2, 1)


def test_retry_leaves_out_who_got_it_from_another_run(office: Office, run: str) -> None:
    office.loft.answers["kim"] = [Rejected("550", "no")]
    office.send(run)
    other = office.approved(once_per="recipient")
    assert office.send(other) == "finished"
    assert retry_failed(office.ledger, run, "petra") == 0
    row = office.message(run, "patient:2")
    assert (row.state, row.code) == ("suppressed", "already_sent")
    assert office.loft.sent.count("kim") == 2


@pytest.mark.parametrize(
    ("decision", "state", "sent"),
    [("accepted", "accepted", 1), ("failed", "failed", 1), ("resend", "accepted", 2)],
)
def test_a_person_settles_a_doubt(
    office: Office, run: str, decision: Decision, state: str, sent: int
) -> None:
    office.loft.answers["kim"] = [Unknown("data")]
    office.send(run)
    before = office.messages(run)
    with pytest.raises(Exception, match="patient:1 is not in doubt but: accepted"):
        resolve(office.ledger, run, ["patient:2", "patient:1"], decision, "petra")
    assert office.messages(run) == before
    assert resolve(office.ledger, run, ["patient:2"], decision, "petra") == 1
    assert office.send(run) == "finished"
    row = office.message(run, "patient:2")
    assert (row.state, row.basis, office.loft.sent.count("kim")) == (state, "person", sent)
    assert len(office.rows(once)) == (3 if state == "failed" else 4)


def test_a_doubt_of_a_cancelled_run_is_settled_without_sending(office: Office, run: str) -> None:
    async def cancel_and_break() -> Unknown:
        cancel(office.ledger, run, "petra")
        return Unknown("data")

    office.loft.answers["kim"] = [cancel_and_break]
    assert office.send(run) == "cancelled person"
    with pytest.raises(LedgerError, match="cancelled; it sends nothing any more"):
        resolve(office.ledger, run, ["patient:2"], "resend", "petra")
    assert resolve(office.ledger, run, ["patient:2"], "failed", "petra") == 1
    assert office.message(run, "patient:2").state == "failed"


def test_a_bug_in_a_plugin_is_raised_when_the_calls_have_ended(office: Office, run: str) -> None:
    class BrokenLoft(type(office.loft)):  # type: ignore[misc]
        def calls(self, messages: object) -> object:
            raise ZeroDivisionError

    office.pigeon.loft = BrokenLoft()
    with pytest.raises(ZeroDivisionError):
        office.send(run)
    assert office.states(run) == ["pending"] * 4
