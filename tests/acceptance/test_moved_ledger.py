"""A ledger that is moved or copied to another name does not forget what left under the old one."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Practice

LEDGER = "ledger: sqlite:///versandbuch.db"
SLOTS = 'slots: 4, sender: "Praxis Null <'
NAMES = ["buch2.db", "versandbuch.db.alt", "archiv/../ohne-endung"]


def other_name(
    practice: Practice, make: Callable[[Path, Path], object], name: str = "buch2.db"
) -> Path:
    """Move or copy the ledger's file, and nothing else, to a name that `ledger:` gets."""
    (practice.folder / "archiv").mkdir(exist_ok=True)
    place = practice.folder / name
    make(practice.folder / "versandbuch.db", place)
    practice.edit("serienpost.yaml", LEDGER, f"ledger: sqlite:///{name}")
    return place


def limit(practice: Practice, count: int) -> None:
    practice.edit("serienpost.yaml", SLOTS, f"rate: [{count}/day], {SLOTS}")


def no_limit(practice: Practice, count: int) -> None:
    practice.edit("serienpost.yaml", f"rate: [{count}/day], ", "")


@contextmanager
def delivering(practice: Practice) -> Iterator[None]:
    """A process that has sent three and waits, for as long as the block lasts."""
    slow = f"rate: [3/hour], {SLOTS.replace('4', '1')}"
    practice.edit("serienpost.yaml", SLOTS, slow)
    process = practice.start("send", practice.run, "--yes")
    practice.wait_until(lambda: sum(practice.oracle().values()) == 3)
    practice.edit("serienpost.yaml", slow, SLOTS)
    try:
        yield
    finally:
        process.terminate()
        practice.finish(process)


def refused_as_copy(practice: Practice, why: str) -> None:
    """Nothing works with this copy, and one line says which the ledger is."""
    before = practice.oracle()
    for command in (("resume", practice.run), ("resume", "--due"), ("runs",)):
        (problem,) = practice.refused(*command)
        assert problem["key"] == "ledger"
        assert "are the same ledger" in problem["message"]
        assert why in problem["message"]
    assert practice.oracle() == before


def waits(practice: Practice) -> None:
    """The run is paused for a person, who is told what the old name's mark says."""
    before = practice.oracle()
    for _ in range(2):
        assert practice("resume", practice.run).code == 75
    shown = practice.json("show", practice.run)
    assert (shown["state"], shown["reason"]) == ("paused", "restored"), shown
    assert "versandbuch.db.sonnenschein.mark says" in shown["reason_text"]
    assert practice.oracle() == before


@pytest.mark.parametrize("make", [shutil.move, shutil.copy])
def test_a_ledger_under_a_new_name_while_a_process_sends(
    null: Practice, make: Callable[[Path, Path], object]
) -> None:
    with delivering(null):
        other_name(null, make)
        refused_as_copy(null, "works with versandbuch.db")
    assert set(null.oracle().values()) == {1}


@pytest.mark.parametrize("name", NAMES)
def test_a_ledger_that_is_moved_goes_on_under_its_new_name(null: Practice, name: str) -> None:
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    other_name(null, shutil.move, name)
    no_limit(null, 3)
    null.json("resume", null.run)
    assert set(null.oracle().values()) == {1}
    assert len(null.oracle()) == 40
    null.json("doctor")


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_ledger_that_is_moved_without_its_log_waits_for_a_person(
    null: Practice, name: str
) -> None:
    """A process was killed; what it wrote last stands in the log under the old name."""
    assert null("send", null.run, "--yes", fault="settle.after_commit").code == -9
    assert (null.folder / "versandbuch.db-wal").stat().st_size
    other_name(null, shutil.move, name)
    assert null("send", null.run, "--yes").code == 75
    waits(null)
    assert set(null.oracle().values()) == {1}


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_copy_under_another_name_is_refused_while_the_original_is_further(
    null: Practice, name: str
) -> None:
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    (null.folder / "archiv").mkdir()
    backup = shutil.copy(null.folder / "versandbuch.db", null.folder / "sicherung")
    no_limit(null, 3)
    null.json("resume", null.run)
    copy = other_name(null, lambda _, place: shutil.copy(backup, place), name)
    refused_as_copy(null, "more was sent from versandbuch.db")
    (null.folder / "versandbuch.db").rename(null.folder / "archiv" / "kaputt.db")
    waits(null)
    assert len(null.oracle()) == 40
    null.json("resume", null.run, "--confirm")
    assert copy.exists()


def test_of_two_copies_the_one_that_sent_goes_on(null: Practice) -> None:
    """They are equal at first; from the first message on there is one ledger."""
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    other_name(null, shutil.copy)
    no_limit(null, 3)
    null.json("resume", null.run)
    null.edit("serienpost.yaml", "sqlite:///buch2.db", "sqlite:///versandbuch.db")
    refused_as_copy(null, "more was sent from buch2.db")
    assert set(null.oracle().values()) == {1}
    assert len(null.oracle()) == 40


def another_folder(practice: Practice, *files: str) -> Practice:
    """The practice in another folder, with these files of its ledger alone."""
    other = practice.copy(practice.folder.parent / "woanders")
    for path in other.folder.glob("versandbuch.db*"):
        if path.name not in files and path.is_file():
            path.unlink()
    return other


def test_a_ledger_that_is_copied_to_another_folder_without_its_mark_waits_for_a_person(
    null: Practice,
) -> None:
    """The attack: the copy knew of nothing that the original sent later, and sent it again."""
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    copy = another_folder(null, "versandbuch.db")
    no_limit(null, 3)
    no_limit(copy, 3)
    null.json("resume", null.run)
    for _ in range(2):
        assert copy("resume", copy.run).code == 75
    shown = copy.json("show", copy.run)
    assert (shown["state"], shown["reason"]) == ("paused", "restored"), shown
    assert "was copied or moved without its mark" in shown["reason_text"]
    assert len(copy.oracle()) == 3
    copy.json("doctor", code=3)
    copy.json("resume", copy.run, "--confirm")
    assert (copy.folder / "versandbuch.db.sonnenschein.mark").exists()


def test_a_ledger_that_is_moved_to_another_folder_with_its_mark_goes_on(null: Practice) -> None:
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    other = another_folder(null, "versandbuch.db", "versandbuch.db.sonnenschein.mark")
    shutil.rmtree(null.folder)
    no_limit(other, 3)
    other.json("resume", other.run)
    assert set(other.oracle().values()) == {1}
    assert len(other.oracle()) == 40
