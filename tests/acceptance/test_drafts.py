"""Drafts beside the command line: the same plans, lists of people, nothing left behind."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import SerienpostError, open_practice
from serienpost.service import Answers, Draft, Run, Transliteration

if TYPE_CHECKING:
    from conftest import Clock, Practice

DUE = date(2026, 12, 1)
# E-mail, SMS and letter; sources by filter, day and query.
MAILINGS = ["information", "kurznachricht", "rundbrief", "terminerinnerung", "geburtstag", "recall"]
CANARY = "KANARIENVOGEL"
LIST = "E-Mail;Einwilligung\neva@example.org;ja\nmax@example.org;ja\n"
KEYS: dict[str, Any] = {
    "source": "table",
    "account": "mail",
    "purpose": "event",
    "subject": "Kurs",
    "text": "Guten Tag, hier ist die Praxis Liste. Antworten Sie mit STOP, dann schreiben wir nicht"
    " mehr.",
    "signature": "u",
}


def run_of(made: Run | Transliteration) -> Run:
    assert isinstance(made, Run)
    return made


def shown(run: Run) -> dict[str, Any]:
    """The whole review, without what no two runs share."""
    head = {**run.summary().document(), "run": "", "prepared_at": ""}
    return head | {"recipients": [{**row._asdict(), "ref": ""} for row in run.recipients()]}


@pytest.mark.parametrize("mailing", MAILINGS)
def test_a_draft_that_nobody_changed_is_its_mailing(demo: Practice, mailing: str) -> None:
    by_command = demo.json("prepare", mailing, "--for", DUE.isoformat(), "--summary")["run"]
    with open_practice(demo.folder, actor="desk:eva") as practice:
        draft = practice.new_draft(mailing)
        assert isinstance(draft, Draft)
        mine, theirs = run_of(draft.prepare(due=DUE)), practice.run(by_command)
        assert mine.summary().plan_hash == theirs.summary().plan_hash
        assert shown(mine) == shown(theirs)
        assert mine.summary().counts.selected > 0


@pytest.fixture
def draft(list_practice: Practice) -> Any:  # noqa: ANN401
    """A draft from nothing, whose people stand on a list that somebody gave to it."""
    with open_practice(list_practice.folder, actor="desk:eva") as practice:
        made = practice.new_draft(about="other", title="Kurs")
        assert isinstance(made, Draft)
        yield made


def with_list(draft: Draft) -> Draft:
    file = draft.add_file(f"{CANARY}.csv", io.BytesIO(LIST.encode()), "list")
    chosen = {
        "file": file.reference,
        "columns": {"E-Mail": "email"},
        "consent_column": "Einwilligung",
    }
    saved = draft.save({**KEYS, "select": chosen}, draft.version)
    assert isinstance(saved, Draft)
    return saved


def test_people_are_read_from_a_list_until_the_run_is_over(
    list_practice: Practice, draft: Draft
) -> None:
    saved = with_list(draft)
    run = run_of(saved.prepare())
    assert run.summary().counts.marked == 2
    run.approve(Answers(release=True))
    with pytest.raises(SerienpostError, match="still reads a list"):
        saved.discard()
    with pytest.raises(SerienpostError, match="still reads the list"):
        saved.remove_file(saved.files()[0].id)
    assert list_practice.json("resume", run.id)["counts"] == {"accepted": 2}
    saved.discard()
    assert list((list_practice.folder / "eingang").iterdir()) == []
    assert list_practice.json("show", run.id)["state"] == "finished"
    assert list_practice.json("report", run.id)["counts"]["accepted"] == 2


def test_what_is_wrong_with_a_list_names_it_as_it_was_given(draft: Draft) -> None:
    saved = with_list(draft)
    wrong = {**saved.keys["select"], "columns": {"Mail": "email"}}
    later = saved.save({**saved.keys, "select": wrong}, saved.version)
    assert isinstance(later, Draft)
    with pytest.raises(SerienpostError) as refused:
        later.check()
    assert {one.file for one in refused.value.problems} == {f"{CANARY}.csv"}
    assert "eingang" not in str(refused.value)


def test_what_somebody_gave_and_wrote_is_gone_with_the_draft(
    list_practice: Practice, draft: Draft
) -> None:
    saved = with_list(draft)
    later = saved.save({**saved.keys, "subject": CANARY}, saved.version)
    assert isinstance(later, Draft)
    later.discard()
    list_practice.json("purge")
    kept = [path for path in list_practice.folder.rglob("*") if path.is_file()]
    assert [path.name for path in kept if CANARY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "way", ["eingang/{id}", "./eingang/../eingang/{id}", "{folder}/eingang/{id}", "listen/l/{id}"]
)
def test_no_mailing_file_reads_what_was_given_to_a_draft(
    list_practice: Practice, draft: Draft, way: str
) -> None:
    folder = list_practice.folder
    file = draft.add_file("kurs.csv", io.BytesIO(LIST.encode()), "list")
    (folder / "listen" / "l").symlink_to(folder / "eingang")
    name = way.format(id=file.id, folder=folder)
    lines = {**KEYS, "select": f"{{file: '{name}', columns: {{E-Mail: email}}}}"}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items())
    (folder / "mailings" / "kurs.yaml").write_text(text, "utf-8")
    (problem,) = list_practice.refused("check", "kurs")
    assert (problem["key"], problem["message"]) == (
        "select.file",
        "the file lies in eingang/, which holds files of drafts",
    )
    saved = draft.save({**KEYS, "select": {"file": name, "columns": {"E-Mail": "email"}}}, 1)
    assert isinstance(saved, Draft)
    with pytest.raises(SerienpostError, match="holds files of drafts"):
        saved.check()


def test_a_list_of_another_draft_is_not_read(draft: Draft) -> None:
    other = with_list(draft)
    mine = draft.practice.new_draft(about="other", keys=other.keys)  # type: ignore[attr-defined]
    with pytest.raises(SerienpostError, match="no such file was given to the draft"):
        mine.check()


def test_a_run_of_a_draft_is_one_as_any_other(null: Practice) -> None:
    with open_practice(null.folder, actor="desk:eva") as practice:
        draft = practice.new_draft("einladung")
        assert isinstance(draft, Draft)
        run = run_of(draft.prepare())
    null.json("review", run.id, "--exclude", "patient:2")
    null.json("preview", run.id, "--recipient", "patient:1")
    null.json("send", run.id, "--yes")
    assert null.json("show", run.id)["counts"] == {"accepted": 39, "suppressed": 1}
    assert null.json("runs")["runs"][0]["mailing"] == "einladung"
    assert null.json("export-person", "patient:1")["drafts"] == []


def test_a_person_is_exported_and_erased_from_drafts_by_command(null: Practice) -> None:
    with open_practice(null.folder, actor="desk:eva") as practice:
        draft = practice.new_draft("einladung", keys={"exclude": ["patient:3", "patient:4"]})
        assert isinstance(draft, Draft)
        (named,) = null.json("export-person", "patient:3")["drafts"]
        assert (named["draft"], named["keys"]) == (draft.id, ["exclude"])
        null.json("erase-person", "patient:3", "--yes")
        assert practice.draft(draft.id).keys["exclude"] == ["patient:4"]


def test_purge_counts_drafts(null: Practice, clock: Clock) -> None:
    with open_practice(null.folder, actor="desk:eva") as practice:
        practice.new_draft("einladung")
    clock.set(clock.today + timedelta(days=8))
    assert null.json("purge")["drafts"] == 1
    assert null("purge").out.count("removed drafts that nobody went on with") == 0
