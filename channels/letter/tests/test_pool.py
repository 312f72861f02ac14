"""Worker processes and the one they are forked from: who ends them, and what that costs."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from serienpost import Cost, Message
from serienpost_channel_letter.engine import LayoutError
from serienpost_channel_letter.jobs import Job
from serienpost_channel_letter.pool import Pool
from serienpost_channel_letter.sender import letter_of
from serienpost_channel_letter.style import Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Writer

LETTERS = 12


@pytest.fixture
def job(writer: Writer) -> Job:
    """Letters of two pages, a quarter of a second of work."""
    content = writer.content(html=writer.pages)
    messages = [Message(f"T{n:011}", "run-1", n, content) for n in range(1, LETTERS + 1)]
    return Job(Style.of(content), [letter_of(message) for message in messages], write=False)


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(1, 2048, 20.0) as pool:
        yield pool


@pytest.fixture
def processes(pool: Pool, job: Job) -> tuple[int, int]:
    """The process that workers are forked from, and the worker."""
    before = children(os.getpid())
    pool.do(job)
    (forkserver,) = children(os.getpid()) - before
    (worker,) = children(forkserver)
    return forkserver, worker


def children(process: int) -> set[int]:
    """Processes that a process started."""
    paths = Path(f"/proc/{process}/task").glob("*/children")
    return {int(child) for path in paths for child in path.read_text("ascii").split()}


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it did not happen within half a minute"
        time.sleep(0.01)


def is_gone(process: int) -> bool:
    """Ended; its entry may wait for whoever adopted it."""
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_are_meant_for_the_command_end_no_worker(
    pool: Pool, job: Job, processes: tuple[int, int], number: signal.Signals
) -> None:
    with ThreadPoolExecutor(1) as threads:
        made = threads.submit(pool.do, job)
        while not made.done():
            for process in processes:
                os.kill(process, number)
            time.sleep(0.01)
    assert made.result().results == [2] * LETTERS
    assert not any(map(is_gone, processes))


def test_a_worker_that_died_idle_costs_no_letter(
    pool: Pool, job: Job, processes: tuple[int, int]
) -> None:
    _, worker = processes
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: is_gone(worker))
    assert pool.do(job).results == [2] * LETTERS


def test_a_forkserver_that_died_is_replaced(
    pool: Pool, job: Job, processes: tuple[int, int]
) -> None:
    for process in processes:
        os.kill(process, signal.SIGKILL)
        wait_until(lambda process=process: is_gone(process))  # type: ignore[misc]
    assert pool.do(job).results == [2] * LETTERS


def test_closing_ends_all_processes_and_the_job_under_way(
    pool: Pool, job: Job, processes: tuple[int, int]
) -> None:
    with ThreadPoolExecutor(1) as threads:
        made = threads.submit(pool.do, job)
        time.sleep(0.1)
        pool.close()
        with pytest.raises(LayoutError, match="stopped"):
            made.result()
    assert all(map(is_gone, processes))
    with pytest.raises(LayoutError, match="stopped"):
        pool.do(job)


def test_a_pool_that_was_only_begun_ends_at_once() -> None:
    before = children(os.getpid())
    with Pool(1, 2048, 20.0) as pool:
        pool.start()
        (forkserver,) = children(os.getpid()) - before
    assert is_gone(forkserver)


ENDLESS = """
import time
from serienpost_channel_letter.forkserver import Forkserver
forkserver = Forkserver(2048, 20.0)
worker, connection = forkserver.spawn()
print(forkserver._process.pid, worker, flush=True)
time.sleep(60)
"""


def test_no_process_outlives_a_command_that_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        processes = [int(word) for word in command.stdout.readline().split()]
        assert len(processes) == 2
        assert not any(map(is_gone, processes))
        command.kill()
    wait_until(lambda: all(map(is_gone, processes)))


def test_a_worker_that_is_killed_at_work_costs_no_letter(
    pool: Pool, job: Job, processes: tuple[int, int]
) -> None:
    _, worker = processes
    with ThreadPoolExecutor(1) as threads:
        made = threads.submit(pool.do, job)
        time.sleep(0.1)
        os.kill(worker, signal.SIGKILL)
    assert made.result().results == [2] * LETTERS


def test_a_worker_ends_with_the_process_that_forked_it(processes: tuple[int, int]) -> None:
    forkserver, worker = processes
    assert not is_gone(worker)
    os.kill(forkserver, signal.SIGKILL)
    wait_until(lambda: is_gone(worker))
    assert is_gone(worker)


def test_too_few_descriptors_are_told_and_cost_no_letter(pool: Pool, job: Job) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    first_free = os.open(os.devnull, os.O_RDONLY)
    os.close(first_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free, before[1]))
    try:
        with pytest.raises(LayoutError, match="Too many open files"):
            pool.do(job)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert pool.do(job).results == [2] * LETTERS


def test_no_module_of_the_current_folder_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: Job
) -> None:
    (tmp_path / "email.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    with Pool(1, 2048, 20.0) as pool:
        assert pool.do(job).results == [2] * LETTERS
    assert not (tmp_path / "imported").exists()


def test_the_folder_that_it_was_started_in_may_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Writer, job: Job
) -> None:
    """Pillow asks for the present folder when it writes an image, wherever that goes."""
    file = io.BytesIO()
    Image.new("RGB", (40, 40), "navy").save(file, "PNG")
    content = writer.content(html='<img src="asset:f.png">', files={"f.png": file.getvalue()})
    letter = letter_of(Message("T00000000001", "run-1", 1, content))
    (tmp_path / "weg").mkdir()
    monkeypatch.chdir(tmp_path / "weg")
    with Pool(1, 2048, 20.0) as pool:
        pool.do(job)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "weg").rmdir()
        made = pool.do(Job(Style.of(content), [letter], write=True))
    assert made.results == [1]
    assert made.pdf


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (15, 15))
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
from serienpost_channel_letter.jobs import Job
from serienpost_channel_letter.pool import Pool
from serienpost_channel_letter.style import Letter, Style
with Pool(1, 2048, 20.0) as pool:
    letter = Letter("R1", "Frau", "x", "<p>x</p>")
    files = {"rahmen.html": b'<div style="break-after: page">x</div><p>y</p>'}
    print([one.code for one in pool.do(Job(Style("B", "de", files), [letter])).results])
"""


def test_limits_of_the_command_hold_for_its_workers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "['address_missing']", done.stderr


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What runs in the background of a shell ignores interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_forecast_ends_at_once(writer_of: Callable[..., Writer]) -> None:
    writer = writer_of(memory=1777)
    assert isinstance(writer.forecast(writer.content())[0], Cost)
    heavy = [writer.content(html=writer.pages * 10)] * 100
    interrupt = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        writer.forecast(*heavy)
    assert time.monotonic() - start < 5
    assert isinstance(writer.forecast(writer.content())[0], Cost)
