"""`serienpost worker`: a process that serves a practice until it is asked to stop."""

from __future__ import annotations

import gc
import math
import re
import signal
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import KILLED
from moved_clock import Clock

from serienpost import Answers, open_practice
from serienpost.ledger import store
from serienpost.run.send.stop import Stop
from serienpost.service import Purge, worker

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from conftest import Practice

YES = Answers(release=True)
EVERYBODY = {"accepted": 40}


class Workers:
    """Starts workers of a practice and ends them."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.started: list[subprocess.Popen[str]] = []

    def __call__(self) -> subprocess.Popen[str]:
        """A worker that stands in the ledger."""
        process = self.practice.start("worker")
        self.started.append(process)
        mine = "SELECT owner FROM worker WHERE owner LIKE ?"
        self.practice.wait_until(lambda: bool(self.practice.ledger(mine, f"{process.pid}-%")))
        return process

    def living(self) -> list[int]:
        """The processes that say that they serve."""
        with open_practice(self.practice.folder, actor="os:test") as opened:
            return [one.process for one in opened.workers() if one.serves]

    def stop(self, process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask a worker to stop; its exit code and what it said."""
        process.send_signal(number)
        done = self.practice.finish(process)
        assert done.out == ""
        return done.code, done.err

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()


@pytest.fixture
def workers(null: Practice) -> Iterator[Workers]:
    made = Workers(null)
    yield made
    made.close()


def release(practice: Practice, **terms: object) -> None:
    """Release the prepared run as a desk does, which delivers nothing itself."""
    with open_practice(practice.folder, actor="desk:eva") as opened:
        run = opened.run(practice.run)
        run.approve(YES, **terms)  # type: ignore[arg-type]
        run.wake()


def delay(practice: Practice, milliseconds: int) -> None:
    """Let each answer of the provider take so long."""
    old = "mail: {channel: null-email, "
    practice.edit("serienpost.yaml", old, f"{old}delay_ms: {milliseconds}, ")


def test_what_was_released_is_delivered_at_once(null: Practice, workers: Workers) -> None:
    process = workers()
    release(null)
    null.wait_until(lambda: null.state()[0] == "finished")
    assert null.states() == EVERYBODY
    assert set(null.oracle().values()) == {1}
    assert workers.stop(process) == (0, said_by(process))


def said_by(process: subprocess.Popen[str]) -> str:
    """What a worker says that met nothing special."""
    return f"process {process.pid} serves sonnenschein\nprocess {process.pid} has ended\n"


def test_a_command_that_delivers_itself_is_left_alone(null: Practice, workers: Workers) -> None:
    process = workers()
    assert null.json("send", null.run, "--yes")["counts"] == EVERYBODY
    code, said = workers.stop(process, signal.SIGINT)
    assert (code, said) == (0, said_by(process))


def test_who_released_a_run_delivers_it_beside_the_worker(null: Practice, workers: Workers) -> None:
    """A command that begins later than the worker found the run does not end with 75."""
    delay(null, 200)
    workers()
    with open_practice(null.folder, actor="os:test") as opened:
        run = opened.run(null.run)
        run.approve(YES)
        null.wait_until(lambda: null.oracle().total() > 0)
        assert run.deliver().state == "finished"
    assert null.states() == EVERYBODY
    assert set(null.oracle().values()) == {1}


def test_two_workers_do_no_harm(null: Practice, workers: Workers) -> None:
    both = workers(), workers()
    assert sorted(workers.living()) == sorted(one.pid for one in both)
    release(null)
    null.wait_until(lambda: null.state()[0] == "finished")
    assert null.states() == EVERYBODY
    assert set(null.oracle().values()) == {1}
    assert [workers.stop(one)[0] for one in both] == [0, 0]
    assert workers.living() == []


def test_a_killed_worker_is_replaced(null: Practice, workers: Workers) -> None:
    delay(null, 100)
    first = workers()
    release(null)
    null.wait_until(lambda: len(null.oracle()) >= 4)
    first.kill()
    assert null.finish(first).code == KILLED
    assert workers.living() == []

    second = workers()
    null.wait_until(lambda: null.state()[0] == "finished")
    states = null.states()
    assert set(states) <= {"accepted", "in_doubt"}
    assert sum(states.values()) == 40
    assert states["in_doubt"] <= 4
    assert set(null.oracle().values()) == {1}
    code, said = workers.stop(second)
    assert code == 0
    assert ("in doubt" in said) is bool(states["in_doubt"])


def test_calls_under_way_end_before_the_worker(null: Practice, workers: Workers) -> None:
    null.edit(
        "serienpost.yaml", "email, oracle: oracle.tsv", "email, delay_ms: 300, oracle: oracle.tsv"
    )
    process = workers()
    release(null)
    null.wait_until(lambda: len(null.oracle()) >= 4)
    code, said = workers.stop(process)
    assert code == 0
    assert null.state() == ("paused", "interrupted")
    assert set(null.states()) == {"accepted", "pending"}
    assert null.states()["accepted"] == len(null.oracle())
    assert null.run in said

    again = workers()
    null.wait_until(lambda: null.state()[0] == "finished")
    assert null.states() == EVERYBODY
    assert workers.stop(again)[0] == 0


def test_a_run_waits_for_its_rate_and_goes_on(null: Practice, workers: Workers) -> None:
    null.edit("serienpost.yaml", "null-email, ", "null-email, rate: [20/second], ")
    process = workers()
    release(null)
    null.wait_until(lambda: null.state()[0] == "finished")
    assert null.states() == EVERYBODY
    assert workers.stop(process)[0] == 0


def test_a_changed_configuration_is_heeded(null: Practice, workers: Workers) -> None:
    null.edit("serienpost.yaml", "gone: gone.json", "gone: gone.json, default: raise")
    process = workers()
    release(null)
    null.wait_until(lambda: null.state() == ("paused", "check_unavailable"))
    null.edit("serienpost.yaml", "default: raise", "default: allow")
    null.wait_until(lambda: null.state()[0] == "finished")  # with the next round
    assert null.states() == EVERYBODY
    code, said = workers.stop(process)
    assert code == 0
    assert said.count("null-consent") == 1


def test_a_broken_configuration_is_told_once_and_mended(null: Practice, workers: Workers) -> None:
    process = workers()
    null.edit("serienpost.yaml", "accounts:", "acounts:")
    told: list[str] = []
    assert process.stderr
    while not any("acounts" in line for line in told):
        told.append(process.stderr.readline())
    null.edit("serienpost.yaml", "acounts:", "accounts:")
    release(null)
    null.wait_until(lambda: null.state()[0] == "finished")
    code, said = workers.stop(process)
    assert code == 0
    assert "acounts" not in said


def test_a_worker_refuses_a_practice_that_is_none(null: Practice) -> None:
    null.edit("serienpost.yaml", "accounts:", "acounts:")
    assert null.refused("worker")[0]["key"] == "acounts"


def test_check_says_whether_somebody_serves(null: Practice, workers: Workers) -> None:
    nobody = null.json("worker", "--check", code=75)
    assert nobody["problems"][0]["message"] == "no worker serves this practice"
    process = workers()
    found = null.json("worker", "--check")
    assert found["serves"] is True
    assert [one["process"] for one in found["workers"]] == [process.pid]
    assert f"process {process.pid} serves this practice" in null("worker", "--check").out

    process.kill()
    process.communicate()
    gone = null.json("worker", "--check", code=75)
    assert f"process {process.pid} was last seen" in gone["problems"][0]["message"]


def test_a_worker_that_does_not_move_does_not_serve(null: Practice, workers: Workers) -> None:
    process = workers()
    process.send_signal(signal.SIGSTOP)
    with closing(sqlite3.connect(null.folder / "versandbuch.db", timeout=60)) as db, db:
        db.execute("UPDATE worker SET seen_at = seen_at - 600000000")
    assert null("worker", "--check").code == 75
    process.send_signal(signal.SIGCONT)
    null.wait_until(lambda: null("worker", "--check").code == 0)
    assert workers.stop(process)[0] == 0


def test_daily_chores_are_done_once(null: Practice, workers: Workers) -> None:
    def purges() -> int:
        return len(null.ledger("SELECT * FROM journal WHERE action = 'purge'"))

    process = workers()
    null.wait_until(lambda: purges() == 1)
    assert workers.stop(process)[0] == 0
    again = workers()
    release(null)  # when it is sent, the first round has been
    null.wait_until(lambda: null.state()[0] == "finished")
    assert workers.stop(again)[0] == 0
    assert purges() == 1
    assert [row["name"] for row in null.ledger("SELECT name FROM chore WHERE done_at > 0")] == [
        "purge"
    ]


def test_what_somebody_asks_to_remove_waits_until_nothing_is_sent(
    null: Practice, workers: Workers
) -> None:
    delay(null, 300)
    process = workers()
    chore = "SELECT * FROM chore WHERE name = 'purge' AND done_at > 0"
    null.wait_until(lambda: bool(null.ledger(chore)))
    release(null)
    null.wait_until(lambda: null.oracle().total() > 0)
    with open_practice(null.folder, actor="os:test") as opened:
        task = opened.ask(Purge())
        null.wait_until(lambda: task.status().state == "done")
        purged_at = opened.retention().purged_at
    assert null.states() == EVERYBODY
    (sent,) = null.ledger("SELECT finished_at FROM run")
    assert purged_at is not None
    assert purged_at.timestamp() * 1_000_000 >= sent["finished_at"]
    assert workers.stop(process)[0] == 0


def test_a_bug_is_told_once_and_stops_nothing(null: Practice, workers: Workers) -> None:
    null.install("knall", BROKEN)
    null.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, knall]")
    null.edit("serienpost.yaml", "accounts:", "dispatcher: knall\naccounts:")
    null.run = null.json("prepare", "einladung", "--summary")["run"]
    process = workers()
    assert null.finish(null.start("send", null.run, "--yes", "--at", SOON, "--no-wait")).code == 75
    null.wait_until((null.folder / "serienpost.log").exists)
    code, said = workers.stop(process)
    assert code == 0
    assert len(re.findall("a bug in plugin knall", said)) == 1
    assert "a name" not in said + (null.folder / "serienpost.log").read_text("utf-8")


# In time for nobody to wait for it.
SOON = "2999-12-31T09:00"

BROKEN = """
from serienpost import hookimpl

TOLD = "a " + "name"

class Knall:
    name = "knall"
    needs_shared_ledger = False
    def wake(self, context, run, not_before):
        raise ZeroDivisionError(TOLD)
    def work(self, context, continue_run, stop):
        raise ZeroDivisionError(TOLD)

@hookimpl
def serienpost_dispatchers():
    return [Knall()]
"""


def test_a_ledger_that_is_away_too_long_ends_it(
    null: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AWAY_SECONDS", 1.0)
    monkeypatch.setattr(worker, "LEAVE_SECONDS", 1.0)
    null.edit("serienpost.yaml", "sqlite:///versandbuch.db", "sqlite:///weg/versandbuch.db")
    done = null("worker")
    assert done.code == 75
    assert done.err.count("the folder of the ledger does not exist") == 1
    assert "the ledger did not answer" in done.err


def test_a_round_that_hangs_is_no_ledger_that_is_away(
    null: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is not seen any more, and goes on."""
    monkeypatch.setattr(worker, "SIGN_SECONDS", 0.0)
    serving, let_go = worker.Worker(null.folder, "os:test", lambda _: None), threading.Event()
    serving._round = threading.Thread(target=let_go.wait)  # begun before all time
    serving._lookouts = []
    serving._round.start()
    serving._answered = -math.inf
    with worker._Presence(null.folder) as presence:
        presence.open()
        serving._look(presence)
        assert serving._answered > 0
        assert null.ledger("SELECT owner FROM worker") == []
        let_go.set()
        serving._round.join()
        serving._round_begun = math.inf
        serving._look(presence)
        assert len(null.ledger("SELECT owner FROM worker")) == 1


def test_a_worker_that_ends_by_itself_lets_calls_end(
    null: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on the wire is written down; nothing is in doubt."""
    delay(null, 500)
    release(null)
    serving = worker.Worker(null.folder, "os:test", lambda _: None)

    def gone() -> None:
        null.wait_until(lambda: len(null.oracle()) >= 4)
        raise worker._away()

    monkeypatch.setattr(worker._Presence, "is_in_ledger", property(lambda _: gone()))
    running = threading.Thread(target=serving.continue_run, args=(null.run,))
    serving._threads.add(running)
    running.start()
    with pytest.raises(worker.LedgerAwayError):
        serving.serve(Stop())
    running.join()
    assert null.state() == ("paused", "interrupted")
    assert set(null.states()) == {"accepted", "pending"}


ROUNDS = 120


def test_nothing_is_left_of_hundreds_of_rounds(
    null: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(store, "utc_now", clock)
    told: list[object] = []
    serving = worker.Worker(null.folder, "os:test", told.append)

    def rounds(number: int) -> tuple[int, int, int]:
        """Do so many rounds, each twelve hours later; open files, threads, objects then."""
        for _ in range(number):
            clock.ahead += timedelta(hours=12)
            serving.round()
        gc.collect()
        files = sum(1 for _ in Path("/proc/self/fd").iterdir())
        return files, threading.active_count(), len(gc.get_objects())

    files, threads, objects = rounds(20)
    after = rounds(ROUNDS)
    assert told == []
    assert after[:2] == (files, threads)
    assert after[2] - objects < 20 * ROUNDS
    purges = null.ledger("SELECT * FROM journal WHERE action = 'purge'")
    assert len(purges) in (70, 71)  # one a day
