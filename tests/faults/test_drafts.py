"""Drafts on both ledgers: several people at once, and a process that is killed at every write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_harness.drafts import WHOLE_LIFE, at_desk, at_once
from fault_harness.practice import KILLED

from serienpost import open_practice
from serienpost.service import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from fault_harness.practice import Practice

    from serienpost import Practice as Opened

PEOPLE = ["ada", "bea", "cem", "dag"]
# Each passage of the life of a draft.
PASSAGES = [
    *(("draft", when, number) for when in ("before", "after") for number in range(1, 7)),
    *(("upload", when, 1) for when in ("before", "after")),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def practice(request: pytest.FixtureRequest, new: Callable[..., Practice]) -> Practice:
    """A practice with a prepared run that is no draft's."""
    return new(request.param)


def lying(practice: Practice) -> set[str]:
    folder = practice.folder / "eingang"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def known(opened: Opened) -> set[str]:
    return {file.id for line in opened.drafts() for file in opened.draft(line.draft).files()}


def test_what_people_write_at_once_is_all_kept(practice: Practice) -> None:
    with open_practice(practice.folder, actor="desk:eva") as opened:
        draft = opened.new_draft("einladung", title="Text")
        assert isinstance(draft, Draft)
        at_once(practice, draft.id, PEOPLE)
        later = opened.draft(draft.id)
    first, *rest = later.title.split()
    assert (first, sorted(rest), later.version) == ("Text", PEOPLE, 1 + len(PEOPLE))


@pytest.mark.parametrize(("name", "when", "number"), PASSAGES)
def test_killed_at_any_write_of_a_draft(
    practice: Practice, name: str, when: str, number: int
) -> None:
    """The draft is as somebody saved it, no run was released, and no file stays for ever."""
    done = at_desk(practice, WHOLE_LIFE, f"{name}.{when}_commit:{number}")
    assert done == KILLED
    with open_practice(practice.folder, actor="desk:eva") as opened:
        passed = number if name == "draft" and when == "after" else number - 1
        passed = passed if name == "draft" else 1
        lines = opened.drafts()
        assert len(lines) == (0 if passed in (0, 6) else 1)
        for line in lines:
            title = {1: "Erster", 2: "Zweiter", 3: "Zweiter"}.get(passed, "Dritter")
            assert opened.draft(line.draft).title == title
            assert line.run is None if passed < 3 else line.run in {r.run for r in opened.runs()}
        assert {run.state for run in opened.runs()} == {"prepared"}
        assert known(opened) <= lying(practice)
        opened.purge()
        assert lying(practice) == known(opened)
        for line in lines:
            opened.draft(line.draft).discard()
        assert (opened.drafts(), lying(practice)) == ([], set())
        assert practice.run in {run.run for run in opened.runs()}


def test_who_lives_on_is_not_disturbed(practice: Practice) -> None:
    """A draft of one process survives the death of another in the midst of its own."""
    with open_practice(practice.folder, actor="desk:eva") as opened:
        mine = opened.new_draft("einladung")
        assert isinstance(mine, Draft)
        assert at_desk(practice, WHOLE_LIFE, "upload.before_commit") == KILLED
        opened.purge()
        mine.prepare()
        assert opened.draft(mine.id).line().state == "prepared"
        assert at_desk(practice, WHOLE_LIFE) == 0
        assert mine.id in {line.draft for line in opened.drafts()}
