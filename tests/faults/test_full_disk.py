"""The disk is full at each step of `run --yes`: nobody is left out, lost or written to twice.

CI tries a sample of the steps, `make faults` all of them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fault_harness.practice import ROWS
from fault_harness.providers import SLOTS, LetterProvider, NullProvider
from fault_harness.small_disk import NoNamespacesError, SmallDisk, SmallDiskPractice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fault_harness.practice import Done, Practice

RUN = ("run", "einladung", "--yes", "--json")
# Of a command that takes long.
PROGRESS = re.compile(r"\d+/\d+.*")
DUE = ("resume", "--due", "--json")

# Every write of the ledger in the order of a run: it is opened, the run is prepared, released, sent
# and ended.
WRITES = (
    *("practice", "create", "batch", "freeze", "approve"),
    *("begin", "claim", "commit", "idle", "settle", "finishing", "finish"),
)
# By which of them the disk is full, and how many kB are left then; the third commit is in the
# middle of sending.
EVERY = [
    (f"{write}.{when}_commit:1", free)
    for write, free in zip(WRITES, (0, 8, 40) * 4, strict=True)
    for when in ("before", "after")
]
SAMPLE = [("batch.before_commit:1", 8), ("commit.after_commit:3", 0), ("finish.before_commit:1", 0)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A sample of the steps, or thoroughly all."""
    if "step" in metafunc.fixturenames:
        thorough = metafunc.config.getoption("thorough", default=False)
        metafunc.parametrize(("step", "free"), SAMPLE + EVERY if thorough else SAMPLE)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with SmallDisk(tmp_path / "disk") as made:
            yield made
    except NoNamespacesError as error:
        pytest.skip(f"no disk can be mounted here: {error}")


@pytest.fixture
def practice(tmp_path: Path, disk: SmallDisk) -> SmallDiskPractice:
    """A practice on the small disk; what the provider accepted is written down elsewhere."""
    provider = NullProvider(tmp_path / "oracle.tsv")
    made = SmallDiskPractice(disk.seen / "praxis", "sqlite:///versandbuch.db", provider, disk=disk)
    made.set_up()
    return made


def assert_heard(done: Done, words: str = "the disk is full") -> None:
    """It ended with 75, one line says what is wrong, and nobody is named."""
    assert done.code == 75, done.out + done.err
    *others, line = [one for one in done.err.splitlines() if not PROGRESS.fullmatch(one)]
    assert line.startswith("open: ")
    assert words in line
    assert all(one.startswith("the mark ") for one in others), done.err
    assert json.loads(done.out)["exit"] == done.code


def assert_all_have_it(practice: SmallDiskPractice) -> None:
    """Everybody once, nobody left out; what was on the wire while nothing could be written is in
    doubt and was not sent again."""
    released = [row for row in practice.tables()["message"] if row["state"] != "planned"]
    states = Counter(row["state"] for row in released)
    assert set(states) <= {"accepted", "in_doubt"}
    assert states.total() == ROWS
    assert states["in_doubt"] <= SLOTS
    oracle = practice.oracle()
    assert len(oracle) == oracle.total() == ROWS


def test_the_disk_becomes_full(practice: SmallDiskPractice, step: str, free: int) -> None:
    done = practice.interrupted(*RUN, at=step, do=lambda: practice.disk.fill(free))
    is_over = step.startswith("finish.after")
    if done.code or not (free or is_over):
        assert_heard(done)
    practice.disk.make_room()
    states = {row["state"] for row in practice.tables()["run"]}
    if not states & {"finished"}:
        practice.must(*(DUE if states & {"sending", "paused"} else RUN), codes=(0, 5))
    assert_all_have_it(practice)


@pytest.mark.parametrize("blocks", [True, False], ids=["no blocks", "no files"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "old"])
def test_the_disk_is_full_before(
    practice: SmallDiskPractice, *, is_new: bool, blocks: bool
) -> None:
    if not is_new:
        practice.must("runs")
    practice.disk.fill() if blocks else practice.disk.fill_with_files()
    words = "No space left" if is_new and not blocks else "the disk is full"
    assert_heard(practice(*RUN), words)
    practice.disk.make_room()
    practice.must(*RUN)
    assert_all_have_it(practice)


class DiskLetters(LetterProvider):
    """Letters whose folder is the small disk."""

    def __init__(self, disk: SmallDisk) -> None:
        self.disk = disk
        self.folder = disk.folder / "briefe"

    def account(self) -> dict[str, object]:
        """As others, but for the folder."""
        return {**super().account(), "folder": str(self.folder)}

    def accepted(self, practice: Practice) -> Counter[str]:
        """Whose pages are in the files to print."""
        return self.printed(self.disk.seen / "briefe")


@pytest.mark.parametrize("point", ["commit.after_commit:1", "finishing.after_commit:1"])
def test_there_is_no_room_for_letters(tmp_path: Path, disk: SmallDisk, point: str) -> None:
    """The ledger lies elsewhere: the run waits, and goes on by itself."""
    provider = DiskLetters(disk)
    practice = SmallDiskPractice(
        tmp_path / "praxis", "sqlite:///versandbuch.db", provider, disk=disk
    )
    practice.set_up()
    assert_heard(practice.interrupted(*RUN, at=point, do=disk.fill), "No space left on device")
    assert practice.oracle() == {}
    disk.make_room()
    practice.must(*DUE)
    assert_all_have_it(practice)
