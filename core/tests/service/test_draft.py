"""Drafts: begun, saved by several people, checked as a file is, prepared, discarded."""

from __future__ import annotations

import os
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from opened_practice import ACTOR, OTHER, ROWS, prepared
from written_drafts import begun, folder_of, given, lying, rows, run_of, saved

from serienpost import ConfigError, SerienpostError
from serienpost.errors import DraftProblem, LedgerError
from serienpost.ledger.schema import draft as draft_table
from serienpost.ledger.schema import message, run, selected, selection, uploaded
from serienpost.service import Answers, Conflict, Draft, SameMailing
from serienpost.service.draft_keys import DRAFT_KEYS

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice

TEXT = "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}."
FAULTY = "Guten Tag\n\n{{Null_Name}}, {{Null_Nummer}}"


@pytest.fixture
def draft(practice: Practice) -> Draft:
    """A draft that was begun from a mailing."""
    return begun(practice)


# Begun


def test_a_draft_takes_over_the_keys_of_a_mailing_and_its_id(
    practices: Practices, practice: Practice
) -> None:
    before = (practices.folder / "mailings/einladung.yaml").read_text("utf-8")
    practices.write("mailings/einladung.yaml", f"{before}id: lange-nacht\nschedule: daily 09:00\n")
    draft = begun(practice)
    assert (draft.mailing, draft.version, draft.run) == ("lange-nacht", 1, None)
    assert draft.keys == {
        "source": "null",
        "select": {"count": ROWS},
        "account": "mail",
        "purpose": "event",
        "once_per": "none",
        "subject": "Einladung",
        "text": TEXT,
    }
    assert [path.name for path in (practices.folder / "mailings").iterdir()] == ["einladung.yaml"]


def test_the_keys_of_a_draft_are_copies(draft: Draft) -> None:
    draft.keys["select"]["count"] = 1
    assert draft.keys["select"] == {"count": ROWS}


def test_keys_and_title_may_be_given_at_once(practice: Practice) -> None:
    draft = begun(practice, keys={"purpose": "information"}, title="Lange Nacht")
    assert (draft.keys["purpose"], draft.keys["title"]) == ("information", "Lange Nacht")
    assert (draft.title, begun(practice).title) == ("Lange Nacht", "einladung")


def test_a_draft_from_nothing_gets_an_id_that_nobody_has(practice: Practice) -> None:
    made = [practice.new_draft(about="other") for _ in range(3)]
    ids = [one.mailing for one in made if isinstance(one, Draft)]
    assert len({*ids, "einladung"}) == 4
    assert all(one.keys == {} for one in made if isinstance(one, Draft))


def test_nobody_is_written_to_twice_under_two_ids_without_being_asked(practice: Practice) -> None:
    """The fault: a second reminder, written at the desk, reaches everybody once more."""
    asked = practice.new_draft(about="appointments")
    assert isinstance(asked, SameMailing)
    assert asked.document() == {
        "about": "appointments",
        "known": [{"id": "einladung", "title": "einladung", "kind": "email", "last": None}],
    }
    assert practice.drafts() == []
    same = practice.new_draft(about="appointments", continues="einladung")
    assert isinstance(same, Draft)
    assert same.mailing == "einladung"
    new = practice.new_draft(about="birthdays", continues=False)
    assert isinstance(new, Draft)
    assert new.mailing != "einladung"


def test_only_mailings_of_the_same_purpose_are_asked_about(practice: Practice) -> None:
    """The fault: eight mailings to choose from, of which six had nothing to do with a reminder."""
    ready = practice.new_draft(about="appointments", keys={"purpose": "birthday"})
    assert isinstance(ready, Draft)
    assert ready.mailing != "einladung"
    asked = practice.new_draft(about="appointments", keys={"purpose": "event"})
    assert isinstance(asked, SameMailing)
    assert [one.id for one in asked.known] == ["einladung"]


def test_a_mailing_to_go_on_with_says_when_it_was_released_last(practice: Practice) -> None:
    run = prepared(practice)
    run.approve(Answers(release=True), plan=run.summary().plan_hash)
    asked = practice.new_draft(about="appointments")
    assert isinstance(asked, SameMailing)
    assert [one.last for one in asked.known] == [practice.ledger.clock().date()]


def test_a_mailing_that_is_gone_is_still_known_by_its_runs(
    practices: Practices, practice: Practice
) -> None:
    prepared(practice)
    (practices.folder / "mailings/einladung.yaml").unlink()
    asked = practice.new_draft(about="birthdays")
    assert isinstance(asked, SameMailing)
    assert [one.id for one in asked.known] == ["einladung"]


def test_a_draft_does_not_go_on_with_what_is_not_there(practice: Practice) -> None:
    with pytest.raises(ConfigError, match="did you mean 'einladung'"):
        practice.new_draft(about="appointments", continues="einladun")
    with pytest.raises(ValueError, match="what it is about"):
        practice.new_draft()


def test_once_per_knows_a_draft_by_its_mailing(practices: Practices, practice: Practice) -> None:
    practices.edit("mailings/einladung.yaml", "once_per: none", "once_per: recipient")
    first = prepared(practice)
    first.approve(Answers(release=True))
    first.deliver()
    second = run_of(begun(practice))
    second.approve(Answers(release=True))
    assert second.status().counts["suppressed"] == ROWS
    assert practices.accepted() == ROWS


# Saved


def test_a_save_makes_a_new_version(practices: Practices, draft: Draft) -> None:
    later = saved(draft, subject="Neu")
    assert (later.version, later.keys["subject"], draft.version) == (2, "Neu", 1)
    line = later.line()
    assert (line.created_by, line.saved_by, line.state) == (ACTOR, ACTOR, "unprepared")
    other = practices.open(OTHER).draft(draft.id)
    assert saved(other, subject="Neuer").line().saved_by == OTHER


def test_a_save_over_a_newer_version_shows_both_and_loses_nothing(
    practices: Practices, draft: Draft
) -> None:
    theirs = practices.open(OTHER).draft(draft.id)
    saved(theirs, subject="Von Bea")
    mine = draft.save({**draft.keys, "subject": "Von Ada"}, draft.version)
    assert isinstance(mine, Conflict)
    assert (mine.mine["subject"], mine.theirs["subject"]) == ("Von Ada", "Von Bea")
    assert (mine.version, mine.saved_by) == (2, OTHER)
    assert draft.practice.draft(draft.id).keys["subject"] == "Von Bea"  # type: ignore[attr-defined]
    over = draft.save(mine.mine, mine.version)
    assert isinstance(over, Draft)
    assert (over.version, over.keys["subject"]) == (3, "Von Ada")


def test_a_second_click_on_save_is_no_conflict(draft: Draft) -> None:
    keys = {**draft.keys, "subject": "Neu"}
    first, second = draft.save(keys, 1), draft.save(keys, 1)
    assert isinstance(first, Draft)
    assert isinstance(second, Draft)
    assert (first.version, second.version) == (2, 2)


def test_of_people_who_save_at_once_one_is_first(practices: Practices, draft: Draft) -> None:
    barrier, done = Barrier(4), []

    def save(number: int) -> None:
        mine = practices.open(f"desk:{number}").draft(draft.id)
        barrier.wait()
        done.append(mine.save({**mine.keys, "subject": f"Von {number}"}, mine.version))

    threads = [Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [one for one in done if isinstance(one, Draft)]
    refused = [one for one in done if isinstance(one, Conflict)]
    assert (len(kept), len(refused)) == (1, 3)
    assert {one.theirs["subject"] for one in refused} == {kept[0].keys["subject"]}
    assert len({one.mine["subject"] for one in refused}) == 3


def test_what_is_half_written_is_kept(draft: Draft) -> None:
    keys: dict[str, object] = {"text": "{{", "account": "niemand", "select": [], "rows": 7}
    later = draft.save(keys, 1)
    assert isinstance(later, Draft)
    assert later.keys == keys
    with pytest.raises(ConfigError):
        later.check()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"acount": "mail"}, "acount: unknown key (did you mean 'account'?)"),
        ({"schedule": "daily 09:00"}, "schedule: a draft has no schedule"),
        ({"holidays": {"country": "DE"}}, "holidays: a draft has no schedule"),
        ({"id": "andere"}, "id: the draft is sent as einladung"),
        ({"text": {1, 2}}, "text: is neither text nor a number"),
        ({"select": {"count": float("nan")}}, "select.count: the number is too long"),
        ({"select": {"count": 10**400}}, "select.count: the number is too long"),
        ({"select": {1: "x"}}, "select.1: a key must be text"),
        ({"text": "a\x00b"}, "text: holds a character that is not text"),
        ({"rows": ["a\ud800"]}, "rows.0: holds a character that is not text"),
        ({"text": "x" * 2**20}, "is larger than 1 MiB"),
    ],
)
def test_what_no_draft_can_hold_is_refused_with_its_key(
    draft: Draft, keys: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        draft.save({**draft.keys, **keys}, 1)
    assert f"draft {draft.id}: {said}" in str(refused.value)
    assert draft.line().version == 1


def test_what_is_nested_too_deeply_is_refused(draft: Draft) -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ConfigError, match="nested too deeply"):
        draft.save({"select": deep}, 1)


def test_its_own_id_may_be_named(draft: Draft) -> None:
    later = saved(draft, id="einladung", subject="Neu")
    assert "id" not in later.keys
    assert {"id", "schedule", "holidays"}.isdisjoint(DRAFT_KEYS)


# Checked


def test_a_draft_is_checked_as_its_mailing_is(practice: Practice, draft: Draft) -> None:
    assert draft.check() == practice.check("einladung")


def test_what_is_wrong_is_told_at_its_key(draft: Draft) -> None:
    with pytest.raises(SerienpostError) as refused:
        saved(draft, text=FAULTY).check()
    (problem,) = refused.value.problems
    assert isinstance(problem, DraftProblem)
    assert (problem.file, problem.key, problem.line) == (f"draft {draft.id}", "text", 3)
    assert str(problem).startswith(f"draft {draft.id}: text, line 3: there is no macro Null_Nummer")


def test_what_is_wrong_with_the_subject_is_told_at_the_subject(draft: Draft) -> None:
    with pytest.raises(SerienpostError) as refused:
        saved(draft, subject="{{Null_Nummer}}").check()
    assert [(one.key, one.line) for one in refused.value.problems] == [("subject", 1)]


def test_keys_have_the_same_faults_as_in_a_file(
    practices: Practices, practice: Practice, draft: Draft
) -> None:
    wrong = {"account": "mial", "once_per": "never", "select": {"cuont": 3}}
    with pytest.raises(ConfigError) as of_draft:
        saved(draft, **wrong).check()
    lines = "account: mial\npurpose: event\nonce_per: never\nselect: {cuont: 3}\n"
    rest = 'source: "null"\nsubject: Einladung\ntext: Hallo\n'
    practices.write("mailings/falsch.yaml", lines + rest)
    with pytest.raises(ConfigError) as of_file:
        practice.check("falsch")
    told = [{(one.key, one.message, one.hint) for one in e.value.problems}
            for e in (of_draft, of_file)]  # fmt: skip
    assert told[0] == told[1]
    assert len(told[0]) == 3


# Prepared


@pytest.mark.parametrize("mailing", ["einladung", "kurz", "brief"])
def test_a_draft_that_nobody_changed_has_the_plan_of_its_mailing(
    practices: Practices, practice: Practice, mailing: str
) -> None:
    if mailing != "einladung":
        practices.write(
            f"mailings/{mailing}.yaml",
            '# A letter or an SMS.\nsource: "null"\nselect: {count: 3}\npurpose: event\n'
            f"account: {mailing}\ntext: |\n  Guten Tag {{{{Null_Name}}}}\n",
        )
    made = practice.new_draft(mailing)
    assert isinstance(made, Draft)
    one, two = prepared(practice, mailing), run_of(made)
    assert one.id != two.id
    assert one.summary().plan_hash == two.summary().plan_hash
    header = {row["id"]: row["header"] for row in rows(practice, run)}
    assert header[one.id] == header[two.id]
    assert made.id not in str(header)


def test_another_text_is_another_plan(practice: Practice, draft: Draft) -> None:
    later = saved(draft, text=f"{TEXT} Bis bald.")
    assert run_of(later).summary().plan_hash != prepared(practice).summary().plan_hash


def test_preparing_again_discards_the_run_before(practice: Practice, draft: Draft) -> None:
    first = run_of(draft)
    later = saved(draft, subject="Neu")
    assert practice.run(first.id).status().state == "prepared"
    assert later.line().state == "changed"
    second = run_of(later)
    assert [line.run for line in practice.runs()] == [second.id]
    assert {row["run"] for row in rows(practice, message)} == {second.id}
    line = practice.draft(draft.id).line()
    assert (line.run, line.run_state, line.state) == (second.id, "prepared", "prepared")


def test_a_run_that_was_released_stays(practices: Practices, practice: Practice) -> None:
    draft = begun(practice)
    first = run_of(draft)
    first.approve(Answers(release=True))
    second = run_of(saved(draft, subject="Neu"))
    assert practice.run(first.id).deliver().state == "finished"
    assert practices.accepted() == ROWS
    assert practice.draft(draft.id).run == second.id


def test_a_run_that_a_test_was_sent_from_stays_on_record(practice: Practice, draft: Draft) -> None:
    first = run_of(draft)
    first.test("praxis@example.org", "patient:1")
    run_of(draft)
    assert practice.run(first.id).status().state == "cancelled"
    assert [one.run for one in practice.export_person("patient:1").tests] == [first.id]


def test_the_previews_of_a_run_go_with_it(practice: Practice, draft: Draft) -> None:
    first = run_of(draft)
    (file, *_) = first.write_preview()
    assert os.path.exists(file.file)  # noqa: PTH110
    run_of(draft)
    assert not os.path.exists(file.file)  # noqa: PTH110


def test_who_is_overtaken_by_a_newer_version_does_not_replace_its_run(
    practice: Practice, draft: Draft
) -> None:
    newer = run_of(saved(draft, subject="Neu"))
    with pytest.raises(LedgerError, match="a newer version"):
        draft.prepare()
    assert [line.run for line in practice.runs()] == [newer.id]


def test_a_draft_that_is_discarded_meanwhile_leaves_no_run(
    practice: Practice, draft: Draft
) -> None:
    practice.draft(draft.id).discard()
    with pytest.raises(LedgerError, match="there is no draft"):
        draft.prepare()
    assert practice.runs() == []


def test_a_worker_prepares_the_version_that_was_looked_at(practice: Practice, draft: Draft) -> None:
    assert practice.draft(draft.id, 1).version == 1
    saved(draft, subject="Neu")
    with pytest.raises(LedgerError, match="saved the draft"):
        practice.draft(draft.id, 1)


def test_what_is_wrong_with_a_draft_prepares_nothing(practice: Practice, draft: Draft) -> None:
    with pytest.raises(SerienpostError, match="text, line 3"):
        saved(draft, text=FAULTY).prepare()
    assert practice.runs() == []


# Discarded


def test_a_draft_goes_with_its_run_and_its_files(practice: Practice, draft: Draft) -> None:
    given(draft)
    run_of(draft)
    practice.draft(draft.id).discard()
    assert (practice.drafts(), practice.runs(), lying(practice)) == ([], [], set())
    assert rows(practice, uploaded) == []


def test_a_draft_that_somebody_saved_meanwhile_is_not_discarded(
    practices: Practices, draft: Draft
) -> None:
    saved(practices.open(OTHER).draft(draft.id), subject="Von Bea")
    with pytest.raises(LedgerError, match=f"{OTHER} saved"):
        draft.discard()
    assert draft.line().version == 2


# Kept no longer than needed


def test_a_draft_that_nobody_goes_on_with_is_purged(
    practices: Practices, practice: Practice
) -> None:
    old = begun(practice)
    given(old)
    practices.clock.forward(6 * 24 * 3600)
    young = begun(practice)
    file = given(young)
    assert practice.purge().drafts == 0
    practices.clock.forward(2 * 24 * 3600)
    assert practice.purge().drafts == 1
    assert [line.draft for line in practice.drafts()] == [young.id]
    assert lying(practice) == {file.id}


def test_who_goes_on_with_a_draft_keeps_it(practices: Practices, practice: Practice) -> None:
    draft = begun(practice)
    practices.clock.forward(6 * 24 * 3600)
    saved(draft, subject="Neu")
    practices.clock.forward(6 * 24 * 3600)
    assert practice.purge().drafts == 0


# What the ledger knows of a person


NAMING: dict[str, Any] = {
    "rows": ["patient:1", "patient:17", "patient:1/geburtstag:2026"],
    "include": ["patient:1"],
    "exclude": ["patient:2", "patient:1"],
    "text": "Guten Tag {{Null_Name}}",
}


def test_an_export_says_in_which_drafts_a_person_is_named(practice: Practice, draft: Draft) -> None:
    saved(draft, **NAMING)
    begun(practice)
    (named,) = practice.export_person("patient:1").drafts
    assert (named.draft, set(named.keys)) == (draft.id, {"rows", "include", "exclude"})
    (other,) = practice.export_person("patient:2").drafts
    assert other.keys == ("exclude",)
    with pytest.raises(LedgerError, match="knows nothing"):
        practice.export_person("patient:3")


def test_an_erased_person_is_taken_out_of_drafts(practices: Practices, practice: Practice) -> None:
    draft = begun(practice)
    mine = saved(draft, **NAMING)
    assert practices.open(OTHER).erase_person("patient:1") == 0
    later = practice.draft(draft.id)
    assert {key: later.keys[key] for key in NAMING} == {
        "rows": ["patient:17"],
        "include": [],
        "exclude": ["patient:2"],
        "text": "Guten Tag {{Null_Name}}",
    }
    assert "patient:1'" not in str(rows(practice, draft_table))
    again = mine.save(mine.keys, mine.version)
    assert isinstance(again, Conflict)
    assert again.saved_by == OTHER
    with pytest.raises(LedgerError, match="knows nothing"):
        practice.erase_person("patient:1")


def test_erasing_does_not_keep_a_draft_longer(practices: Practices, practice: Practice) -> None:
    saved(begun(practice), **NAMING)
    practices.clock.forward(6 * 24 * 3600)
    practice.erase_person("patient:1")
    practices.clock.forward(2 * 24 * 3600)
    assert practice.purge().drafts == 1


def test_drafts_of_other_practices_are_not_seen(practices: Practices, practice: Practice) -> None:
    draft = begun(practice)
    practices.edit("serienpost.yaml", "id: sonnenschein", "id: andere")
    other = practices.open()
    assert other.drafts() == []
    with pytest.raises(LedgerError, match="there is no draft"):
        other.draft(draft.id)


def test_an_erased_person_is_taken_out_of_what_a_draft_selects(
    practice: Practice, draft: Draft
) -> None:
    prepared(practice)
    address = "null-1@example.org"
    saved(draft, select={"ids": ["1", 11], "search": address}, text=f"Fragen an {address}")
    practice.erase_person("patient:1")
    keys = practice.draft(draft.id).keys
    assert keys["select"]["ids"][1] == 11
    assert "1" not in keys["select"]["ids"]
    assert address not in str(keys["select"])
    assert keys["text"] == f"Fragen an {address}"


# A ledger of an older serienpost, while a run is open


def test_an_older_ledger_holds_no_drafts_and_all_else_goes_on(practice: Practice) -> None:
    first = prepared(practice)
    with practice.ledger.engine.begin() as connection:
        for table in (draft_table, uploaded, selected, selection):
            table.drop(connection)
    assert practice.drafts() == []
    for refused in (
        lambda: practice.new_draft("einladung"),
        lambda: practice.new_draft(about="other"),
        lambda: practice.draft("k7"),
    ):
        with pytest.raises(LedgerError, match="knows nothing of the desk"):
            refused()
    (folder_of(practice)).mkdir()
    (folder_of(practice) / "0123456789abcdefghjk").touch()
    assert practice.purge().drafts == 0
    assert lying(practice) == {"0123456789abcdefghjk"}
    assert practice.export_person("patient:1").drafts == ()
    assert practice.erase_person("patient:1") == 1
    first.approve(Answers(release=True))
    assert first.deliver().state == "finished"
