from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.ledger.owners import is_dead, ownership

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.ledger.store import Ledger

    Desk = Any

_OWN = """
import sys
from pathlib import Path
from serienpost.ledger.engine import open_engine
from serienpost.ledger.owners import ownership
from serienpost.ledger.store import Ledger
ledger = Ledger(open_engine("sqlite:///ledger.db", Path(sys.argv[1])), "sonnenschein")
with ownership(ledger) as owner:
    print(owner, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def ledger(desk: Desk) -> Ledger:
    return desk.ledger  # type: ignore[no-any-return]


@pytest.fixture
def worker(tmp_path: Path, ledger: Ledger) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that owns, and its owner id."""
    with subprocess.Popen(
        [sys.executable, "-c", _OWN, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_living_process_is_not_dead(
    ledger: Ledger, worker: tuple[subprocess.Popen[str], str]
) -> None:
    process, owner = worker
    assert owner.startswith(f"{process.pid}-")
    assert [is_dead(ledger, owner) for _ in range(3)] == [False] * 3


def test_a_killed_process_is_dead_at_once(
    ledger: Ledger, worker: tuple[subprocess.Popen[str], str]
) -> None:
    process, owner = worker
    process.kill()
    process.wait()
    assert is_dead(ledger, owner)
    assert is_dead(ledger, owner)


def test_a_process_that_ended_well_is_dead_and_leaves_no_file(
    ledger: Ledger, worker: tuple[subprocess.Popen[str], str]
) -> None:
    process, owner = worker
    process.communicate("\n")
    assert process.returncode == 0
    assert is_dead(ledger, owner)
    assert list(_folder(ledger).iterdir()) == []


def test_an_owner_nobody_ever_was_is_dead(ledger: Ledger) -> None:
    assert is_dead(ledger, "1-NEVER")


def test_owners_of_one_process_are_apart(ledger: Ledger) -> None:
    with ownership(ledger) as first:
        with ownership(ledger) as second:
            assert first != second
            assert not is_dead(ledger, first)
            assert not is_dead(ledger, second)
        assert is_dead(ledger, second)
        assert not is_dead(ledger, first)


def test_an_exception_gives_the_lock_up(ledger: Ledger) -> None:
    with contextlib.suppress(ZeroDivisionError), ownership(ledger) as owner:
        raise ZeroDivisionError
    assert is_dead(ledger, owner)


def test_the_locks_are_the_owners_alone(ledger: Ledger) -> None:
    mask = os.umask(0)
    try:
        with ownership(ledger):
            folder = _folder(ledger)
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(mask)


def test_an_owner_is_alive_from_the_moment_it_has_its_name(ledger: Ledger) -> None:
    """Someone who looks at every file the moment it appears never finds a living owner dead."""
    stop = threading.Event()
    found_dead: list[str] = []
    looked = 0

    def look() -> None:
        nonlocal looked
        while not stop.is_set():
            for path in _folder(ledger).glob("[0-9]*"):
                looked += 1
                if is_dead(ledger, path.name) and path.name in held:
                    found_dead.append(path.name)

    held: set[str] = set()
    with ownership(ledger):
        thread = threading.Thread(target=look)
        thread.start()
        for _ in range(200):
            with ownership(ledger) as owner:
                held.add(owner)
                assert (_folder(ledger) / owner).is_file()
                held.discard(owner)
        stop.set()
        thread.join()
    assert looked > 0
    assert found_dead == []


def _folder(ledger: Ledger) -> Path:
    return Path(f"{ledger.engine.url.database}.owners")
