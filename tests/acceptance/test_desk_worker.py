"""What a desk asks of a worker, and the worker that it starts on its own machine."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serienpost import Answers, SerienpostError, open_practice
from serienpost.cli import desk_worker as face
from serienpost.run.send.stop import Stop
from serienpost.service import Prepare, desk_worker, ensure_worker, worker
from serienpost.service.desk_worker import LOCK, LOG, Need, WorkerPost, is_needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Practice

    from serienpost.service import TaskStatus
    from serienpost.service.telling import Told

YES = Answers(release=True)


class Desk:
    """A desk of the practice that starts workers, and ends those that are left."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.started: list[int] = []

    def ensure(self) -> int | None:
        process = ensure_worker(self.practice.folder)
        if process is not None:
            self.started.append(process)
        return process

    def serving(self) -> list[int]:
        with open_practice(self.practice.folder, actor="os:test") as opened:
            return [one.process for one in opened.workers() if one.serves]

    def ask(self, mailing: str = "einladung") -> str:
        with open_practice(self.practice.folder, actor="desk:eva") as opened:
            return opened.ask(Prepare(mailing)).id

    def status(self, task: str) -> TaskStatus:
        with open_practice(self.practice.folder, actor="desk:eva") as opened:
            return opened.task(task).status()

    def wait_for(self, task: str) -> TaskStatus:
        self.practice.wait_until(lambda: not self.status(task).is_open)
        return self.status(task)

    def end(self, process: int, number: int = signal.SIGTERM) -> None:
        """End a worker; it is a child of whoever takes orphans, not of this process."""
        os.kill(process, number)
        self.practice.wait_until(lambda: not is_there(process))

    def close(self) -> None:
        for process in self.started:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.practice.wait_until(lambda: not any(map(is_there, self.started)))


def is_there(process: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def desk(null: Practice, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in [name for name in os.environ if name.startswith("SERIENPOST_")]:
        monkeypatch.delenv(name)
    made = Desk(null)
    yield made
    made.close()


# The worker of a desk


def test_a_desk_has_one_worker_that_does_what_it_asks(desk: Desk) -> None:
    process = desk.ensure()
    assert process is not None
    assert desk.ensure() is None
    found = desk.wait_for(desk.ask())
    assert (found.state, found.done, found.asked_by) == ("done", 40, "desk:eva")
    assert found.run
    with open_practice(desk.practice.folder, actor="desk:eva") as opened:
        run = opened.run(found.run)
        run.approve(YES)
        run.wake()
    desk.practice.run = found.run
    desk.practice.wait_until(lambda: desk.practice.state()[0] == "finished")
    assert set(desk.practice.oracle().values()) == {1}
    assert desk.serving() == [process]
    desk.end(process)
    assert desk.serving() == []


def test_it_is_a_process_apart_from_the_desk(desk: Desk) -> None:
    """Of another session, of another parent, and with nothing of its terminal."""
    process = desk.ensure()
    assert process is not None
    assert os.getsid(process) not in (os.getsid(0), os.getpid())
    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123
        parent = int(file.read().rpartition(")")[2].split()[1])
    assert parent != os.getpid()
    log = desk.practice.folder / LOG
    desk.practice.wait_until(lambda: log.exists() and log.read_text("utf-8") != "")
    streams = [Path(f"/proc/{process}/fd/{one}").readlink() for one in (0, 1, 2)]
    assert streams == [Path(os.devnull), log, log]


def test_a_killed_one_is_replaced_and_its_task_is_done(desk: Desk) -> None:
    first = desk.ensure()
    assert first is not None
    desk.end(first, signal.SIGKILL)
    task = desk.ask()
    second = desk.ensure()
    assert second not in (None, first)
    assert desk.wait_for(task).state == "done"


def test_of_two_desks_at_once_one_starts_it(desk: Desk) -> None:
    found: list[int | None] = []
    together = threading.Barrier(4)

    def ensure() -> None:
        together.wait()
        found.append(desk.ensure())

    threads = [threading.Thread(target=ensure) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 4
    (process,) = [one for one in found if one is not None]
    desk.practice.wait_until(lambda: desk.serving() == [process])


def test_none_is_started_where_the_service_runs(desk: Desk) -> None:
    process = desk.practice.start("worker")
    try:
        desk.practice.wait_until(lambda: desk.serving() == [process.pid])
        assert desk.ensure() is None
        process.kill()
        process.communicate()
        assert desk.ensure() is not None
    finally:
        process.kill()
        process.communicate()


def test_what_it_says_stands_in_a_private_log(desk: Desk) -> None:
    process = desk.ensure()
    assert process is not None
    log = desk.practice.folder / LOG
    desk.practice.wait_until(lambda: log.exists() and log.read_text("utf-8") != "")
    desk.end(process)
    lines = log.read_text("utf-8").splitlines()
    assert [line.partition(" ")[2] for line in lines] == [
        f"process {process} serves sonnenschein",
        f"process {process} has ended",
    ]
    for name in (LOG, LOCK):
        assert stat.S_IMODE((desk.practice.folder / name).stat().st_mode) == 0o600


def test_a_broken_practice_is_told_in_the_log(desk: Desk) -> None:
    desk.practice.edit("serienpost.yaml", "accounts:", "acounts:")
    process = desk.ensure()
    assert process is not None
    log = desk.practice.folder / LOG
    desk.practice.wait_until(lambda: log.exists() and "acounts" in log.read_text("utf-8"))
    desk.practice.wait_until(lambda: not is_there(process))
    assert desk.ensure() is not None


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SerienpostError, match="the worker cannot be started"):
        ensure_worker(tmp_path / "weg")


def test_the_log_is_put_aside_at_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [os.dup(one) for one in (1, 2)]
    monkeypatch.setattr(face, "_LONGEST", 200)
    try:
        log = face._Log(tmp_path / "log")
        for number in range(20):
            log.write(f"line {number}\n")
    finally:
        for standard, one in zip((1, 2), kept, strict=True):
            os.dup2(one, standard)
            os.close(one)
    aside, now = (tmp_path / name for name in ("log.1", "log"))
    assert aside.stat().st_size <= 300
    assert now.read_text("utf-8").splitlines()[-1].endswith(" line 19")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["log", "log.1"]


# Tasks beside everything else

SOURCE = """
import time
from pathlib import Path
from serienpost import hookimpl
from serienpost_testkit.null.source import NullSource

NAME = "Erika " + "Mustermann"

class Stubborn(NullSource):
    name = "stubborn"
    def rows(self, context, selection, request):
        while not (context.folder / "go").exists():
            time.sleep(0.05)
        return super().rows(context, selection, request)

class Broken(NullSource):
    name = "broken"
    def rows(self, context, selection, request):
        raise ZeroDivisionError(NAME)

@hookimpl
def serienpost_sources():
    return [Stubborn(), Broken()]
"""


@pytest.fixture
def sources(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A practice with mailings whose sources do not answer, and fail."""
    practice = desk.practice
    practice.install("hartnaeckig", SOURCE)
    monkeypatch.setenv("PYTHONPATH", practice.env["PYTHONPATH"])
    monkeypatch.syspath_prepend(practice.folder.parent / "site")
    practice.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, hartnaeckig]")
    text = (practice.folder / "mailings/einladung.yaml").read_text("utf-8")
    for name in ("stubborn", "broken"):
        mailing = text.replace('source: "null"', f"source: {name}")
        (practice.folder / f"mailings/{name}.yaml").write_text(mailing, "utf-8")
    practice.run = practice.json("prepare", "einladung", "--summary")["run"]
    return desk


def test_what_a_task_waits_for_delays_nothing_else(sources: Desk) -> None:
    practice = sources.practice
    sources.ensure()
    waits = sources.ask("stubborn")
    practice.wait_until(lambda: sources.status(waits).state == "working")
    _release(practice)
    practice.wait_until(lambda: practice.state()[0] == "finished")
    assert sources.wait_for(sources.ask()).state == "done"
    assert practice("worker", "--check").code == 0
    assert sources.status(waits).state == "working"
    (practice.folder / "go").touch()
    assert sources.wait_for(waits).state == "done"


def test_a_bug_in_a_task_is_told_and_ends_nothing_else(sources: Desk) -> None:
    folder = sources.practice.folder
    process = sources.ensure()
    assert process is not None
    task = sources.ask("broken")
    found = sources.wait_for(task)
    assert (found.state, found.exit) == ("failed", 1)
    assert found.reason
    assert "a bug in plugin hartnaeckig" in found.reason
    sources.practice.wait_until(lambda: "a bug in" in (folder / LOG).read_text("utf-8"))
    bugs = (folder / "serienpost.log").read_text("utf-8")
    assert task in bugs.splitlines()[0]
    assert "Mustermann" not in bugs + (folder / LOG).read_text("utf-8") + found.reason
    assert sources.wait_for(sources.ask()).state == "done"
    assert sources.serving() == [process]


# How it ends by itself


@pytest.fixture
def unneeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that nobody needs ends at once."""
    monkeypatch.setattr(desk_worker, "UNNEEDED_SECONDS", 0.0)
    monkeypatch.setattr(desk_worker, "NEED_LOOK_SECONDS", 0.0)


def served(practice: Practice, post: WorkerPost, told: list[Told]) -> threading.Thread:
    """A worker of a desk, in a thread of this process."""
    serving = worker.Worker(practice.folder, "os:test", told.append, post=post, for_desk=True)
    thread = threading.Thread(target=serving.serve, args=(Stop(),))
    thread.start()
    return thread


@pytest.mark.usefixtures("unneeded")
def test_it_ends_when_nobody_needs_it(null: Practice) -> None:
    told: list[Told] = []
    post = WorkerPost(null.folder)
    assert post.take()
    thread = served(null, post, told)
    thread.join()
    assert told == []
    assert WorkerPost(null.folder).take()
    post.close()


@pytest.mark.usefixtures("unneeded")
def test_it_stays_as_long_as_there_is_something_to_do(null: Practice) -> None:
    """First a run that waits for its time, until somebody cancels it."""
    with open_practice(null.folder, actor="desk:eva") as opened:
        run = opened.run(null.run)
        run.approve(YES, at=opened.time("2999-12-31 09:00"))
        post = WorkerPost(null.folder)
        assert post.take()
        thread = served(null, post, [])
        null.wait_until(lambda: bool(opened.workers()))
        looks = post.touched_at()
        time.sleep(2 * worker.LOOK_SECONDS)
        assert thread.is_alive()
        assert post.touched_at() == looks
        run.cancel()
    thread.join()
    post.close()


NEEDS: dict[str, Callable[[Practice], object]] = {
    "task": lambda practice: Desk(practice).ask(),
    "run": lambda practice: _release(practice),  # noqa: PLW0108  # defined below
    "schedule": lambda practice: practice.edit(
        "mailings/einladung.yaml", "account:", "schedule: daily 09:00\naccount:"
    ),
}


def _release(practice: Practice) -> None:
    with open_practice(practice.folder, actor="desk:eva") as opened:
        opened.run(practice.run).approve(YES)


def needed(practice: Practice) -> bool:
    with open_practice(practice.folder, actor="os:test") as opened:
        return is_needed(opened.context)


@pytest.mark.parametrize("need", NEEDS)
def test_what_needs_a_worker(null: Practice, need: str) -> None:
    assert not needed(null)
    NEEDS[need](null)
    assert needed(null)


def test_a_run_that_waits_for_a_person_needs_none(null: Practice) -> None:
    _release(null)
    null("pause", null.run)
    assert not needed(null)


@pytest.mark.usefixtures("unneeded")
def test_a_desk_that_comes_at_the_last_moment_keeps_it(
    null: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the post for held, so the worker has to stay; one that comes later starts another."""
    with open_practice(null.folder, actor="os:test") as opened:
        post, need = WorkerPost(null.folder), Need()
        assert post.take()
        post.touch()
        assert not need.is_over(post, opened.context)
        leave = WorkerPost.leave

        def touched_before(self: WorkerPost) -> None:
            assert ensure_worker(null.folder) is None
            leave(self)

        with monkeypatch.context() as patch:
            patch.setattr(WorkerPost, "leave", touched_before)
            assert not need.is_over(post, opened.context)
        assert not WorkerPost(null.folder).take()
        need.is_over(post, opened.context)
        assert need.is_over(post, opened.context)
        assert WorkerPost(null.folder).take()
        post.close()


def test_the_program_is_started_from_nowhere(
    monkeypatch: pytest.MonkeyPatch, null: Practice
) -> None:
    """Whose interpreter cannot be started is told so, and nobody has the post."""
    monkeypatch.setattr(sys, "executable", str(null.folder / "weg"))
    with pytest.raises(SerienpostError, match="the worker cannot be started"):
        ensure_worker(null.folder)
    assert WorkerPost(null.folder).take()
