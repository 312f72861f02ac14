"""Lists that somebody gives to choose people from: read, held as long as needed, then gone."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import SerienpostError, open_practice
from serienpost.service import Answers, Draft, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Clock
    from conftest import Practice as Folder

    from serienpost import Practice
    from serienpost.service import Selection

CANARY = "KANARIENVOGEL"
LIST = f"Name;E-Mail;Einwilligung\n{CANARY};eva@example.org;ja\nMuster;max@example.org;nein\n"
COLUMNS = {"Name": "nachname", "E-Mail": "email"}
TEXT: dict[str, Any] = {
    "account": "mail",
    "purpose": "event",
    "subject": "Kurs",
    "text": "Guten Tag, hier ist die Praxis Liste. Antworten Sie mit STOP, dann schreiben wir nicht"
    " mehr.",
    "signature": "u",
}


@pytest.fixture
def practice(list_practice: Folder) -> Iterator[Practice]:
    with open_practice(list_practice.folder, actor="desk:eva") as found:
        yield found


def given(practice: Practice, content: bytes = LIST.encode()) -> dict[str, Any]:
    file = practice.add_list("../Gäste.csv", io.BytesIO(content))
    assert (file.name, file.size) == ("Gäste.csv", len(content))
    stored = practice.context.folder / "eingang" / file.id
    assert stored.stat().st_mode & 0o777 == 0o600
    return {
        "source": "table",
        "file": file.reference,
        "columns": COLUMNS,
        "consent_column": "Einwilligung",
    }


def checked(practice: Practice) -> Selection:
    hits = practice.find_people([given(practice)])
    hits.read()
    hits.mark_all()
    hits.check(account="mail", purpose="event")
    return hits


def left(practice: Practice) -> list[str]:
    folder = practice.context.folder
    kept = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in kept if CANARY.encode() in path.read_bytes()]


def test_who_stands_on_a_list_is_found_judged_and_written_to(
    list_practice: Folder, practice: Practice
) -> None:
    hits = checked(practice)
    assert hits.status().counts == (2, 2, 1, 1)
    draft = practice.new_draft(about="other", keys=TEXT, selection=hits.id)
    assert isinstance(draft, Draft)
    run = draft.prepare()
    assert isinstance(run, Run)
    run.approve(Answers(release=True))
    draft.save(draft.keys, draft.version, selection=False)
    with pytest.raises(SerienpostError, match="still reads the list"):
        hits.discard()
    assert list_practice.json("resume", run.id)["counts"] == {"accepted": 1, "suppressed": 1}
    hits.discard()
    assert list((practice.context.folder / "eingang").iterdir()) == []


def test_a_list_has_one_selection_and_is_gone_with_it(practice: Practice) -> None:
    block = given(practice)
    hits = practice.find_people([block])
    with pytest.raises(SerienpostError, match="no such file was given"):
        practice.find_people([block])
    hits.read()
    hits.discard()
    practice.purge()
    assert left(practice) == []


def test_what_is_wrong_with_a_list_names_it_as_it_was_given_and_it_waits(
    practice: Practice,
) -> None:
    block = given(practice)
    with pytest.raises(SerienpostError) as refused:
        practice.find_people([block | {"columns": {"Mail": "email"}}])
    assert {one.file for one in refused.value.problems} == {"Gäste.csv"}
    assert "eingang" not in str(refused.value)
    assert practice.selections() == []
    assert practice.find_people([block]).read().counts.selected == 2


@pytest.mark.parametrize(
    "content",
    [
        b"Name;E-Mail;Einwilligung\nM\x9fller;a@example.org;ja\nK\x9aln;b@example.org;ja\n",
        b"PK\x03\x04 no workbook",
    ],
)
def test_what_is_not_certain_is_refused(practice: Practice, content: bytes) -> None:
    with pytest.raises(SerienpostError):
        practice.find_people([given(practice, content)])
    assert practice.selections() == []


def test_a_list_that_waits_or_whose_choice_is_old_is_purged(
    practice: Practice, clock: Clock
) -> None:
    waiting, hits = given(practice), practice.find_people([given(practice)])
    practice.purge()
    assert practice.waiting_list(waiting["file"].removeprefix("upload:")).name == "Gäste.csv"
    kept = checked(practice)
    draft = practice.new_draft(about="other", selection=kept.id)
    assert isinstance(draft, Draft)
    clock.set(clock.today + timedelta(days=5))
    draft.save({"title": "Kurs"}, draft.version)
    practice.purge()
    with pytest.raises(SerienpostError, match="no longer there"):
        practice.waiting_list(waiting["file"].removeprefix("upload:"))
    clock.set(clock.today + timedelta(days=3))
    practice.purge()
    assert [one.selection for one in practice.selections()] == [kept.id]
    assert hits.id != kept.id
    clock.set(clock.today + timedelta(days=5))
    practice.purge()
    assert (practice.selections(), practice.drafts()) == ([], [])
    assert left(practice) == []
