"""A worker, or whoever asks one, is killed: each task has one end, and each run that was asked for
is there once.

CI tries three points on SQLite, `make faults` all on both ledgers.
"""

from __future__ import annotations

import random
import secrets
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from command_line import is_stopped, wait_until
from fault_harness.invariants import assert_no_canary
from fault_harness.practice import KILLED, ROWS
from fault_harness.scenarios import ASK, asked

from serienpost.ledger.schema import draft, journal, message, selected, selection, task, worker
from serienpost.ledger.schema import run as run_table
from serienpost.ledger.states import OPEN_TASK
from serienpost.ledger.tasks import TRIES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from conftest import Figures
    from fault_harness.practice import Practice

# All that a worker passes from one task to its end, and that a death at it leaves undone or done.
POINTS = [
    f"{name}.{when}_commit"
    for name in ("take", "create", "batch", "freeze")
    for when in ("before", "after")
]
IN_CI = ("take.after_commit", "freeze.before_commit", "freeze.after_commit")


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """Workers; none outlives the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for one in started:
        one.kill()
        one.communicate()


@pytest.fixture
def practice(new: Callable[..., Practice], ledger: str) -> Practice:
    made = new(ledger)
    made.write("oracle.tsv", "")  # a worker asks the provider for reports, of which there are none
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "point" in metafunc.fixturenames:
        thorough = metafunc.config.getoption("thorough", default=False)
        metafunc.parametrize("point", POINTS if thorough else IN_CI)
    if "chance" in metafunc.fixturenames:
        seed = metafunc.config.getoption("seed", default=None)
        if seed is None:
            session = getattr(metafunc.config, "workerinput", {}).get("testrunuid")
            seed = int(str(session or secrets.token_hex(4))[:8], 16)
        metafunc.parametrize("chance", [f"{seed}"])


def tasks(practice: Practice) -> list[dict[str, Any]]:
    return practice.rows(task)


def are_over(practice: Practice) -> bool:
    return all(row["state"] not in OPEN_TASK for row in tasks(practice))


def serve(
    practice: Practice, processes: list[subprocess.Popen[str]], fault: str | None = None
) -> subprocess.Popen[str]:
    """Start a worker."""
    process = practice.start("worker", fault=fault)
    processes.append(process)
    return process


def stop(practice: Practice, process: subprocess.Popen[str]) -> None:
    """Ask a worker to stop that stands in the ledger, and wait for it."""
    mine = f"{process.pid}-"
    wait_until(lambda: any(row["owner"].startswith(mine) for row in practice.rows(worker)))
    process.send_signal(signal.SIGTERM)
    done = practice.finish(process, "worker")
    assert done.code == 0, done.err


def die(practice: Practice, fault: str) -> None:
    """Let a worker die at a point."""
    done = practice("worker", fault=fault)
    assert done.code == KILLED, done.err


def assert_each_is_there_once(practice: Practice) -> None:
    """Each task that is done has its own run, which is whole; nothing else is there but the run
    that the practice began with."""
    runs = {row["id"]: row for row in practice.rows(run_table) if row["id"] != practice.run}
    done = [row["run"] for row in tasks(practice) if row["state"] == "done"]
    assert Counter(done) == Counter(list(runs))
    assert {row["state"] for row in runs.values()} <= {"prepared"}
    assert {row["owner"] for row in runs.values()} <= {None}
    found = Counter(row["run"] for row in practice.rows(message) if row["run"] != practice.run)
    assert found == Counter(dict.fromkeys(runs, ROWS))
    noted = [
        (line["run"], line["user"])
        for line in practice.rows(journal)
        if line["action"] == "prepare" and line["run"] != practice.run
    ]
    assert sorted(noted) == sorted((run, "desk:eva") for run in runs)
    assert all(row["owner"] is None for row in tasks(practice) if row["state"] not in OPEN_TASK)
    assert practice.is_sound()
    assert_no_canary(practice)


def test_a_worker_dies_at_a_task(
    practice: Practice,
    processes: list[subprocess.Popen[str]],
    figures: Figures,
    point: str,
) -> None:
    asked(practice)
    die(practice, point)
    process = serve(practice, processes)
    wait_until(lambda: are_over(practice))
    stop(practice, process)
    (row,) = tasks(practice)
    assert (row["state"], row["done"]) == ("done", ROWS)
    assert row["tries"] == (1 if point in ("take.before_commit", "freeze.after_commit") else 2)
    assert_each_is_there_once(practice)
    figures.add("workers killed at a task")


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        ("selection.after_commit:1", 2),  # taken up
        ("selected.after_commit:1", 2),
        ("selection.before_commit:2", 2),
        ("selection.after_commit:2", 1),  # ready
    ],
)
@pytest.mark.parametrize("looked_at", [False, True])
def test_a_worker_dies_while_it_reads_people(
    practice: Practice,
    processes: list[subprocess.Popen[str]],
    figures: Figures,
    fault: str,
    tries: int,
    looked_at: bool,
) -> None:
    """The next one reads them, also where somebody saw meanwhile that the reading has failed."""
    practice.must("ask-to-read")
    die(practice, fault)
    (row,) = practice.rows(selection)
    if looked_at:
        practice.must("show-selected", row["id"])
    process = serve(practice, processes)
    wait_until(lambda: are_over(practice))
    stop(practice, process)
    (task_row,) = tasks(practice)
    found = task_row["state"], task_row["done"], task_row["tries"], task_row["run"]
    assert found == ("done", ROWS, tries, None)
    (row,) = practice.rows(selection)
    assert (row["state"], row["owner"], row["reason"]) == ("ready", None, None)
    read = practice.rows(selected)
    assert {one["selection"] for one in read} == {row["id"]}
    assert [one["no"] for one in read] == list(range(1, ROWS + 1))
    assert practice.is_sound()
    assert_no_canary(practice)
    figures.add("workers killed at a task")


@pytest.mark.parametrize(
    ("fault", "tries"),
    [("batch.after_commit", 2), ("freeze.before_commit", 2), ("freeze.after_commit", 1)],
)
def test_a_worker_dies_while_it_prepares_a_draft(
    practice: Practice,
    processes: list[subprocess.Popen[str]],
    figures: Figures,
    fault: str,
    tries: int,
) -> None:
    """The draft names the one run that there is, in which the marks of its selection stand."""
    practice.must("ask-for-draft")
    die(practice, fault)
    process = serve(practice, processes)
    wait_until(lambda: are_over(practice))
    stop(practice, process)
    (row,), (written,) = tasks(practice), practice.rows(draft)
    assert (row["state"], row["done"], row["tries"]) == ("done", ROWS, tries)
    assert (written["run"], written["run_version"]) == (row["run"], row["version"])
    left_out = [one["row_id"] for one in practice.rows(message) if not one["marked"]]
    assert left_out == ["patient:3"]
    assert_each_is_there_once(practice)
    figures.add("workers killed at a task")


@pytest.mark.usefixtures("thorough")
@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_asks_dies(
    practice: Practice, processes: list[subprocess.Popen[str]], figures: Figures, when: str
) -> None:
    """Who asks again with the same token gets what was asked for, once."""
    assert practice(*ASK, fault=f"ask.{when}_commit").code == KILLED
    assert len(tasks(practice)) == (when == "after")
    for _ in range(2):
        practice.must(*ASK)
    process = serve(practice, processes)
    wait_until(lambda: are_over(practice))
    stop(practice, process)
    assert [row["state"] for row in tasks(practice)] == ["done"]
    assert_each_is_there_once(practice)
    figures.add("workers killed at a task")


@pytest.mark.usefixtures("thorough")
def test_a_task_that_kills_each_worker_is_given_up(
    practice: Practice, processes: list[subprocess.Popen[str]], figures: Figures
) -> None:
    asked(practice)
    for _ in range(TRIES):
        die(practice, "batch.after_commit")
    process = serve(practice, processes)
    wait_until(lambda: are_over(practice))
    wait_until(lambda: len(practice.rows(run_table)) == 1)  # the last half run is removed
    stop(practice, process)
    (row,) = tasks(practice)
    assert (row["state"], row["run"], row["exit"]) == ("failed", None, 1)
    assert_each_is_there_once(practice)
    figures.add("workers killed at a task", TRIES)


@pytest.mark.usefixtures("thorough")
@pytest.mark.parametrize(
    "fault", ["take.before_commit", "take.after_commit", "freeze.after_commit"]
)
def test_of_two_workers_one_dies(
    practice: Practice, processes: list[subprocess.Popen[str]], figures: Figures, fault: str
) -> None:
    asked(practice)
    dying = serve(practice, processes, f"{fault}:1")
    other = serve(practice, processes)
    wait_until(lambda: are_over(practice))
    stop(practice, other)
    dying.kill()  # where the other was quicker
    practice.finish(dying, "worker")
    assert [row["state"] for row in tasks(practice)] == ["done"]
    assert_each_is_there_once(practice)
    figures.add("workers killed at a task")


@pytest.mark.usefixtures("thorough")
def test_a_frozen_worker_keeps_its_task_and_heeds_who_cancels_it(
    practice: Practice, processes: list[subprocess.Popen[str]], figures: Figures
) -> None:
    asked(practice)
    frozen = serve(practice, processes, "batch.after_commit:1:stop")
    wait_until(lambda: is_stopped(frozen.pid))
    other = serve(practice, processes)
    (row,) = tasks(practice)
    assert row["state"] == "working"
    assert row["owner"].startswith(f"{frozen.pid}-")
    practice.must("cancel-task", row["id"])
    frozen.send_signal(signal.SIGCONT)
    wait_until(lambda: len(practice.rows(run_table)) == 1)
    for one in (frozen, other):
        stop(practice, one)
    assert [row["state"] for row in tasks(practice)] == ["cancelled"]
    assert_each_is_there_once(practice)
    figures.add("workers killed at a task")


@pytest.mark.usefixtures("thorough")
def test_workers_die_at_any_moment(
    practice: Practice,
    processes: list[subprocess.Popen[str]],
    figures: Figures,
    chance: str,
) -> None:
    """Eight tasks, two workers at a time, each killed after a moment, until all is over."""
    moments = random.Random(chance)
    for number in range(8):
        text = (practice.folder / "mailings/einladung.yaml").read_text("utf-8")
        practice.write(f"mailings/wunsch{number}.yaml", text)
        practice.must("ask", f"wunsch{number}")
    for _ in range(10):
        both = [serve(practice, processes) for _ in range(2)]
        for one in both:
            time.sleep(moments.uniform(0.5, 3))
            one.kill()
        for one in both:
            practice.finish(one, "worker")
            figures.add("workers killed at a task")
    process = serve(practice, processes)
    wait_until(lambda: are_over(practice))
    wait_until(lambda: all(row["state"] != "preparing" for row in practice.rows(run_table)))
    stop(practice, process)
    assert len(tasks(practice)) == 8
    assert {row["state"] for row in tasks(practice)} <= {"done", "failed"}
    assert all(row["tries"] == TRIES for row in tasks(practice) if row["state"] == "failed")
    assert_each_is_there_once(practice)
