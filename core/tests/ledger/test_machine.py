"""Every order of approvals, claims, outcomes, crashes and decisions, against the real ledger."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from serienpost.contracts.outcomes import (
    Accepted,
    AccountProblem,
    Deferred,
    QuotaReached,
    Rejected,
    Unknown,
)
from serienpost.errors import LedgerError
from serienpost.ledger.claims import claim, release, take_over
from serienpost.ledger.delivery import Result, write_intents, write_results
from serienpost.ledger.schema import attempt, once
from serienpost.ledger.schema import run as run_table
from serienpost.ledger.states import COMMANDS, HOLDS_ONCE, MESSAGE_MOVES, OPEN, RUN_MOVES
from serienpost.run.send.approve import approve, cancel, pause
from serienpost.run.send.doubts import apply_rule, resolve, retry_failed
from serienpost.run.send.outcomes import to_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.run.send.doubts import Decision

    Desk = Any

LEASE = timedelta(minutes=5)
ROWS = 4
# Neither is a process; a take-over finds both dead.
OWNERS = ("999998-ONE", "999999-TWO")

OUTCOMES = {
    "accepted": Accepted("q"),
    "rejected": Rejected("550", "no"),
    "deferred": Deferred("451", "later", 0),
    "unknown": Unknown("data"),
    "account": AccountProblem("535", "login"),
    "quota": QuotaReached("429", "enough"),
}
ENDS = {
    "accepted": "accepted",
    "rejected": "failed",
    "deferred": "pending",
    "unknown": "in_doubt",
    "account": "pending",
    "quota": "pending",
}


class Intent(NamedTuple):
    """What the send loop calls `Ready`."""

    no: int
    fence: int
    attempt: int
    evidence: list[str]


class Life(RuleBasedStateMachine):
    """Model: the state that each message must be in. The ledger must agree after every step."""

    desk: ClassVar[Desk]
    names: ClassVar[itertools.count[int]]

    @initialize(
        marked=st.lists(st.booleans(), min_size=ROWS, max_size=ROWS),
        is_sending=st.sampled_from([True, True, True, False]),
    )
    def prepare(self, marked: list[bool], is_sending: bool) -> None:
        self.run = f"run-{next(self.names)}"
        self.run_state = "prepared"
        self.marked = marked
        self.desk.add_run(self.run, "prepared", plan_hash="plan")
        self.desk.add_messages(self.run, ROWS, "planned", once_key=None)
        with self.desk.ledger.begin() as tx:
            from serienpost.ledger.schema import message

            for no, is_marked in enumerate(marked, start=1):
                tx.execute(
                    tx.update(message)
                    .where(message.c.run == self.run, message.c.no == no)
                    .values(marked=is_marked, once_key=f"{self.run}-{no}")
                )
        self.model = dict.fromkeys(range(1, ROWS + 1), "planned")
        self.holder: dict[int, str] = {}
        self.on_wire: dict[tuple[int, str], Intent] = {}
        self.before = {row["no"]: row for row in self.desk.messages(self.run)}
        self.run_before = self.run_state
        if is_sending:
            self.approve()
            self.ledger_agrees()
            self.begin()

    def _all(self, *states: str) -> list[int]:
        return [no for no, state in self.model.items() if state in states]

    def _may(self, command: str) -> bool:
        return self.run_state in COMMANDS[command]

    @precondition(lambda self: self.run_state == "prepared")
    @rule()
    def approve(self) -> None:
        approve(self.desk.ledger, self.run, "user", plan="plan")
        self.run_state = "approved"
        for no, is_marked in enumerate(self.marked, start=1):
            self.model[no] = "pending" if is_marked else "suppressed"

    @precondition(lambda self: self.run_state in ("approved", "paused"))
    @rule()
    def begin(self) -> None:
        self._set_run("sending")

    @precondition(lambda self: self.run_state == "sending" and not self._all(*OPEN))
    @rule()
    def finish(self) -> None:
        self._set_run("finished")

    @precondition(lambda self: self._may("pause"))
    @rule()
    def pause(self) -> None:
        pause(self.desk.ledger, self.run, "user")
        self.run_state = "paused"

    @precondition(lambda self: self.run_state == "sending" and self._all("pending"))
    @rule(owner=st.sampled_from(OWNERS), limit=st.integers(1, ROWS))
    def claim(self, owner: str, limit: int) -> None:
        with self.desk.ledger.begin() as tx:
            rows = claim(tx, self.run, owner, limit, LEASE)
        assert [row.no for row in rows] == self._all("pending")[:limit]
        for row in rows:
            self.model[row.no] = "claimed"
            self.holder[row.no] = owner

    @precondition(lambda self: self._all("claimed"))
    @rule(owner=st.sampled_from(OWNERS))
    def release(self, owner: str) -> None:
        with self.desk.ledger.begin() as tx:
            release(tx, self.run, owner)
        for no in self._all("claimed"):
            if self.holder[no] == owner:
                self.model[no] = "pending"

    @precondition(lambda self: self._all("claimed"))
    @rule(owner=st.sampled_from(OWNERS), behind=st.sampled_from([0, 0, 0, 1]))
    def intend(self, owner: str, behind: int) -> None:
        """Intents for all claimed messages, sometimes with a fence that is no longer current."""
        intents = [
            Intent(no, row["fence"] - behind, row["attempts"] + 1, [])
            for no, row in self.before.items()
            if row["state"] == "claimed"
        ]
        with self.desk.ledger.begin() as tx:
            taken = write_intents(tx, self.run, owner, intents, LEASE)
        expected = [i.no for i in intents if self.holder[i.no] == owner and not behind]
        assert [intent.no for intent in taken] == expected
        for intent in taken:
            self.model[intent.no] = "sending"
            self.on_wire[intent.no, owner] = intent

    @precondition(lambda self: self.on_wire)
    @rule(data=st.data(), outcome=st.sampled_from(sorted(OUTCOMES)), tries_left=st.booleans())
    def answer(self, data: st.DataObject, outcome: str, tries_left: bool) -> None:
        """The wire answers: now, or long after somebody else took the message over."""
        no, owner = data.draw(st.sampled_from(sorted(self.on_wire)))
        intent = self.on_wire.pop((no, owner))
        result = to_result(
            intent,
            OUTCOMES[outcome],
            self.desk.clock(),
            attempts_left=tries_left,
            repeatable=False,
        )
        row = self.before[no]
        current = (
            self.model[no] == "sending"
            and self.holder[no] == owner
            and row["fence"] == intent.fence + 1
        )
        doubted = self.model[no] == "in_doubt" and row["attempts"] == intent.attempt
        self._write(owner, result)
        if current:
            gave_up = outcome == "deferred" and not tries_left
            self.model[no] = "failed" if gave_up else ENDS[outcome]
        elif doubted and outcome == "accepted":
            self.model[no] = "accepted"

    @precondition(lambda self: self._all("claimed"))
    @rule(data=st.data())
    def close_in_recheck(self, data: st.DataObject) -> None:
        no = data.draw(st.sampled_from(self._all("claimed")))
        fence = self.before[no]["fence"]
        self._write(self.holder[no], Result(no, fence, None, "suppressed", "suppressed", "gone"))
        self.model[no] = "suppressed"

    @precondition(lambda self: self._all("claimed", "sending"))
    @rule()
    def crash(self) -> None:
        """All processes die and their messages are taken over; the wire may still answer."""
        take_over(self.desk.ledger, self.run, repeatable=False)
        for no in self._all("claimed"):
            self.model[no] = "pending"
        for no in self._all("sending"):
            self.model[no] = "in_doubt"

    @precondition(lambda self: self._may("cancel") and not self._all("pending", "claimed")[1:])
    @rule()
    def cancel(self) -> None:
        stopped = self._all("planned", "pending", "claimed")
        assert cancel(self.desk.ledger, self.run, "user") == len(stopped)
        self.run_state = "cancelled"
        for no in stopped:
            self.model[no] = "cancelled"

    @precondition(lambda self: self._may("retry") and self._all("failed"))
    @rule()
    def retry(self) -> None:
        failed = self._all("failed")
        assert retry_failed(self.desk.ledger, self.run, "user") == len(failed)
        for no in failed:
            self.model[no] = "pending"
        if failed and self.run_state == "finished":
            self.run_state = "sending"

    @precondition(lambda self: self._may("resolve") and self._all("in_doubt"))
    @rule(data=st.data(), decision=st.sampled_from(["accepted", "resend", "failed"]))
    def resolve(self, data: st.DataObject, decision: Decision) -> None:
        no = data.draw(st.sampled_from(self._all("in_doubt")))
        resolve(self.desk.ledger, self.run, [f"patient:{no}"], decision, "user")
        self.model[no] = {"accepted": "accepted", "resend": "pending", "failed": "failed"}[decision]
        if decision == "resend" and self.run_state == "finished":
            self.run_state = "sending"

    @precondition(lambda self: self.run_state == "sending" and self._all("in_doubt"))
    @rule(rule_name=st.sampled_from(["hold", "resend", "assume_accepted"]))
    def apply_rule(self, rule_name: str) -> None:
        header = replace(self.desk.header, on_doubt=rule_name, max_attempts=2)
        doubtful = self._all("in_doubt")
        tired = [n for n in doubtful if self._tries(n) >= header.max_attempts]
        with self.desk.ledger.begin() as tx:
            reopened = apply_rule(tx, self.run, header)
        again = [no for no in doubtful if rule_name != "resend" or no not in tired]
        assert reopened is (rule_name == "resend" and bool(again))
        for no in again if rule_name != "hold" else []:
            self.model[no] = "pending" if rule_name == "resend" else "accepted"

    @rule()
    def refused(self) -> None:
        """What the state does not allow is refused and changes nothing."""
        ledger, run = self.desk.ledger, self.run
        commands: dict[str, Callable[[], object]] = {
            "pause": lambda: pause(ledger, run, "user"),
            "cancel": lambda: cancel(ledger, run, "user"),
            "retry": lambda: retry_failed(ledger, run, "user"),
            "resolve": lambda: resolve(ledger, run, ["patient:1"], "failed", "user"),
        }
        forbidden = [call for name, call in commands.items() if not self._may(name)]
        if self.run_state != "prepared":
            forbidden.append(lambda: approve(ledger, run, "user"))
        before = self.desk.messages(run), self.desk.rows(run_table, id=run)
        for call in forbidden:
            with pytest.raises(LedgerError):
                call()
        assert (self.desk.messages(run), self.desk.rows(run_table, id=run)) == before

    @invariant()
    def ledger_agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = {row["no"]: row for row in self.desk.messages(self.run)}
        assert {no: row["state"] for no, row in rows.items()} == self.model
        (run,) = self.desk.rows(run_table, id=self.run)
        assert run["state"] == self.run_state
        held = [row["no"] for row in self.desk.rows(once, run=self.run)]
        assert sorted(held) == self._all(*HOLDS_ONCE)
        for no, row in rows.items():
            self._moved_well(self.before[no], row)
        attempts = self.desk.rows(attempt, run=self.run)
        opened = [(a["no"], a["attempt"]) for a in attempts if a["outcome"] is None]
        assert opened == [(no, rows[no]["attempts"]) for no in self._all("sending")]
        assert len(attempts) == sum(row["attempts"] for row in rows.values())
        assert run["state"] == self.run_before or run["state"] in RUN_MOVES[self.run_before]
        self.before, self.run_before = rows, self.run_state

    def _moved_well(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        assert after["fence"] >= before["fence"]
        assert after["ref"] == before["ref"]
        if after["state"] != before["state"]:
            assert after["state"] in MESSAGE_MOVES[before["state"]]
            assert after["fence"] > before["fence"]
        assert (after["owner"] is not None) == (after["state"] in ("claimed", "sending"))

    def _set_run(self, state: str) -> None:
        with self.desk.ledger.begin() as tx:
            tx.execute(tx.update(run_table).where(run_table.c.id == self.run).values(state=state))
        self.run_state = state

    def _write(self, owner: str, result: Result) -> None:
        with self.desk.ledger.begin() as tx:
            write_results(tx, self.run, owner, [result])

    def _tries(self, no: int) -> int:
        row = self.before[no]
        return int(row["attempts"] - row["attempts_before"])


def test_every_order_of_events_keeps_the_states(desk: Desk) -> None:
    Life.desk = desk
    Life.names = itertools.count()
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
        ),
    )
