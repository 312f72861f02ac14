"""What a run needs goes away: the ledger's server, the disk, the practice's own database."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from fault_harness.invariants import assert_always, assert_clean, snapshot
from fault_harness.practice import Practice
from fault_harness.providers import SLOTS, NullProvider, TeamProvider
from fault_harness.server import Server
from fault_harness.team import SIZES, Team, approve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Figures, Practices

SLOW_MS = 250


@pytest.fixture
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of this test alone, thoroughly only: it takes some seconds to make."""
    if not request.config.getoption("thorough"):
        pytest.skip("the PostgreSQL server is killed in `make faults` only")
    with Server() as running:
        yield running


@pytest.mark.parametrize("stays_away", [False, True], ids=["back at once", "stays away"])
@pytest.mark.parametrize("after", [1, 9, 17])
def test_postgresql_killed_and_restarted(
    tmp_path: Path, figures: Figures, own_server: Server, after: int, stays_away: bool
) -> None:
    """The process loses its lock with the server: it starts no call and pauses, or dies."""
    url = own_server.url(own_server.database())
    practice = Practice.make(tmp_path / "own" / "praxis", url, NullProvider())
    practice.prepare()
    practice.configure(delay_ms=SLOW_MS)
    before = snapshot(practice)
    sending = practice.start("send", practice.run, "--yes")
    practice.wait_for(sending, after)
    own_server.kill()
    figures.add("PostgreSQL servers killed")
    reached = sum(practice.oracle().values())
    if not stays_away:
        own_server.start()
    done = practice.finish(sending, "send")
    if stays_away:
        own_server.start()
    assert done.code == 75, (done.code, done.err)
    assert sum(practice.oracle().values()) <= reached + SLOTS
    assert_always(practice, before)
    practice.configure()
    practice.must("resume", practice.run, codes=(0, 5))
    assert_clean(practice, before)
    assert practice.states()["in_doubt"] <= SLOTS
    figures.close(practice)


@pytest.mark.parametrize("stays_away", [False, True], ids=["back at once", "stays away"])
def test_postgresql_killed_under_several(
    tmp_path: Path, figures: Figures, own_server: Server, stays_away: bool
) -> None:
    """All of them lose their locks: each starts no further call, and pauses or dies."""
    url = own_server.url(own_server.database())
    practice = Practice.make(tmp_path / "own" / "praxis", url, TeamProvider())
    practice.prepare()
    approve(practice)
    practice.configure(delay_ms=SLOW_MS)
    before, team = snapshot(practice), Team(practice, SIZES["postgresql"])
    team.start()
    practice.wait_for(team.processes[0], 5)
    own_server.kill()
    figures.add("PostgreSQL servers killed")
    reached = sum(practice.oracle().values())
    if not stays_away:
        own_server.start()
    done = team.finish()
    if stays_away:
        own_server.start()
    assert {one.code for one in done} <= {75, 0, 5}, [one.err for one in done]
    assert sum(practice.oracle().values()) <= reached + SLOTS or not stays_away
    practice.deaths += len(done)  # each lost what it had on the wire
    assert_always(practice, before)
    practice.configure()
    practice.resume()
    assert_clean(practice, before)
    assert practice.states()["in_doubt"] <= SLOTS * len(done)
    figures.close(practice)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "serienpost", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("free", [0, 8, 40], ids=lambda free: f"{free} kB free")
def test_disk_full(practices: Practices, figures: Figures, small_disk: Path, free: int) -> None:
    """Without room for an intent nothing is sent; with room again the run goes on."""
    outside = NullProvider(practices.folder / "outside.tsv")
    practice = practices.new("sqlite").copy(small_disk / "praxis", outside)
    before = snapshot(practice)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            figures.add("disks filled")
    os.truncate(filler, max(0, filler.stat().st_size - free * 1024))
    done = practice("send", practice.run, "--yes")
    assert done.code == (75 if practice.oracle() else done.code), done.err
    assert done.code in (0, 3, 75), (done.code, done.err)
    assert "Traceback" not in done.err
    filler.unlink()
    assert_always(practice, before)
    if practice.state() == "prepared":
        practice.must("send", practice.run, "--yes", codes=(0, 5))
    else:
        practice.must("resume", practice.run, codes=(0, 5))
    assert_clean(practice, before)
    figures.close(practice)


def test_practice_database_away(
    new: Callable[..., Practice], figures: Figures, ledger: str, request: pytest.FixtureRequest
) -> None:
    """A check that cannot answer suppresses nobody and loses nothing; thoroughly for two minutes,
    in which cron goes on trying."""
    practice = new(ledger)
    before = snapshot(practice)
    (practice.folder / "consent.jsonl").rename(practice.folder / "away")
    back = time.monotonic() + (120 if request.config.getoption("thorough") else 0)
    tries = 0
    while tries < 3 or time.monotonic() < back:
        command = ("resume", "--due") if tries else ("send", practice.run, "--yes")
        done = practice(*command)
        assert done.code == 75, done.err
        assert practice.states() == {"pending": len(before)}
        assert practice.oracle() == {}
        tries += 1
    (practice.folder / "away").rename(practice.folder / "consent.jsonl")
    practice.must("resume", "--due")
    assert practice.states() == {"accepted": len(before)}
    assert_clean(practice, before)
    figures.add("sends without the practice's database", tries)


def test_practice_database_goes_away(
    new: Callable[..., Practice], figures: Figures, ledger: str
) -> None:
    """The same in the middle of a run: what was on the wire keeps its outcome."""
    practice = new(ledger)
    practice.configure(delay_ms=SLOW_MS, rate="[8/second]")
    before = snapshot(practice)
    sending = practice.start("send", practice.run, "--yes")
    practice.wait_for(sending, 3)
    (practice.folder / "consent.jsonl").rename(practice.folder / "away")
    assert practice.finish(sending, "send").code == 75
    assert set(practice.states()) == {"accepted", "pending"}
    (practice.folder / "away").rename(practice.folder / "consent.jsonl")
    practice.must("resume", practice.run)
    assert practice.states() == {"accepted": len(before)}
    assert_clean(practice, before)
    figures.add("sends without the practice's database")
