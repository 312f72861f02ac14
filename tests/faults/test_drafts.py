"""Drafts on both ledgers: several people at once, and a process that is killed at every write."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from fault_harness.drafts import WHOLE_LIFE, at_desk, at_once
from fault_harness.practice import KILLED

from serienpost import SerienpostError, open_practice
from serienpost.service import Answers, Draft, Run

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Practices

    from serienpost import Practice

PEOPLE = ["ada", "bea", "cem", "dag"]
# Each write in the life of a draft: the transaction, which of this name, and how many of those in
# which it is begun, saved, prepared, saved, prepared and discarded have passed when it has.
PASSAGES = [
    ("draft", 1, 1),
    ("upload", 1, 1),
    ("draft", 2, 2),
    ("freeze", 1, 3),
    ("draft", 3, 4),
    ("freeze", 2, 5),
    ("draft", 4, 6),
]

CONFIGURATION = """\
practice: {{id: sonnenschein, name: "Praxis Null"}}
plugins: [serienpost-testkit]
ledger: {ledger}
accounts:
  mail: {{channel: null-email, oracle: oracle.tsv, sender: "Praxis Null <n@example.org>"}}
"null": {{consent: consent.jsonl, gone: gone.json}}
"""
FILES = {
    "mailings/einladung.yaml": 'source: "null"\nselect: {count: 3}\naccount: mail\n'
    'purpose: event\nsubject: Einladung\ntext: "Guten Tag {{Null_Name}}"\n',
    "consent.jsonl": "",
    "gone.json": "{}",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request: pytest.FixtureRequest, practices: Practices, tmp_path: Path) -> Path:
    """A practice of which nothing is prepared."""
    made = tmp_path / "praxis"
    (made / "mailings").mkdir(parents=True)
    ledger = practices.ledger(request.param)
    for name, text in {"serienpost.yaml": CONFIGURATION.format(ledger=ledger), **FILES}.items():
        (made / name).write_text(text, "utf-8")
    return made


def lying(folder: Path) -> set[str]:
    there = folder / "eingang"
    return {path.name for path in there.iterdir()} if there.is_dir() else set()


def known(opened: Practice) -> set[str]:
    return {file.id for line in opened.drafts() for file in opened.draft(line.draft).files()}


def test_what_people_write_at_once_is_all_kept(folder: Path) -> None:
    with open_practice(folder, actor="desk:eva") as opened:
        draft = opened.new_draft("einladung", title="Text")
        assert isinstance(draft, Draft)
        at_once(folder, draft.id, PEOPLE)
        later = opened.draft(draft.id)
    first, *rest = later.title.split()
    assert (first, sorted(rest), later.version) == ("Text", PEOPLE, 1 + len(PEOPLE))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("name", "number", "passed"), PASSAGES)
def test_killed_at_any_write_of_a_draft(
    folder: Path, name: str, number: int, passed: int, when: str
) -> None:
    """The draft is as somebody saved it, no run was released, and no file stays for ever."""
    with open_practice(folder, actor="desk:eva") as opened:
        other = opened.prepare("einladung")
        assert isinstance(other, Run)
    done = at_desk(folder, WHOLE_LIFE, f"{name}.{when}_commit:{number}")
    assert done == KILLED
    with open_practice(folder, actor="desk:eva") as opened:
        passed -= when == "before" and name != "upload"
        lines = opened.drafts()
        assert len(lines) == (0 if passed in (0, 6) else 1)
        for line in lines:
            title = {1: "Erster", 2: "Zweiter", 3: "Zweiter"}.get(passed, "Dritter")
            assert opened.draft(line.draft).title == title
            assert line.run is None if passed < 3 else line.run in {r.run for r in opened.runs()}
        half = {"preparing"} if (name, when) == ("freeze", "before") else set()
        assert {run.state for run in opened.runs()} == {"prepared"} | half
        assert known(opened) <= lying(folder)
        opened.purge()
        assert lying(folder) == known(opened)
        for line in lines:
            opened.draft(line.draft).discard()
        assert (opened.drafts(), lying(folder)) == ([], set())
        assert other.id in {run.run for run in opened.runs()}


def test_who_lives_on_is_not_disturbed(folder: Path) -> None:
    """A draft of one process survives the death of another in the midst of its own."""
    with open_practice(folder, actor="desk:eva") as opened:
        mine = opened.new_draft("einladung")
        assert isinstance(mine, Draft)
        assert at_desk(folder, WHOLE_LIFE, "upload.before_commit") == KILLED
        opened.purge()
        mine.prepare()
        assert opened.draft(mine.id).line().state == "prepared"
        assert at_desk(folder, WHOLE_LIFE) == 0
        assert mine.id in {line.draft for line in opened.drafts()}


def test_all_that_is_known_of_drafts_is_found_on_both_ledgers(folder: Path) -> None:
    with open_practice(folder, actor="desk:eva") as opened:
        draft = opened.new_draft("einladung", keys={"exclude": ["patient:3", "patient:2"]})
        assert isinstance(draft, Draft)
        file = draft.add_file("liste.csv", io.BytesIO(b"id,email\n"), "list")
        # Stands in the header of the run as the name of a list does.
        named = draft.save({**draft.keys, "title": file.id}, draft.version)
        assert isinstance(named, Draft)
        run = named.prepare()
        assert isinstance(run, Run)
        run.approve(Answers(release=True))
        with pytest.raises(SerienpostError, match=f"run {run.id} still reads"):
            named.discard()
        assert [one.draft for one in opened.export_person("patient:3").drafts] == [draft.id]
        assert opened.erase_person("patient:3") == 1
        later = opened.draft(draft.id)
        assert (later.keys["exclude"], later.version) == (["patient:2"], 3)
        assert run.deliver().state == "finished"
        later.discard()
        assert lying(folder) == set()
