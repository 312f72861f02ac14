"""An older copy of the ledger that is put back sends nothing until a person has confirmed it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Practice

SLOTS = 'slots: 4, sender: "Praxis Null <'
BEHIND = "an older copy of the ledger was put back"


def limit(practice: Practice, count: int, before: int | None = None) -> None:
    """Let the account send so many messages a day, all others later."""
    old = f"rate: [{before}/day], {SLOTS}" if before else SLOTS
    practice.edit("serienpost.yaml", old, f"rate: [{count}/day], {SLOTS}")


def restored(practice: Practice, copy: Path) -> None:
    """Put the file of a ledger back, as from a backup."""
    shutil.copy(copy, practice.folder / "versandbuch.db")
    for suffix in ("-wal", "-shm"):
        (practice.folder / f"versandbuch.db{suffix}").unlink(missing_ok=True)


def saved(practice: Practice, place: Path) -> Path:
    """A backup of the ledger's file."""
    assert not (practice.folder / "versandbuch.db-wal").exists()
    return shutil.copy(practice.folder / "versandbuch.db", place)


def told(practice: Practice, run: str) -> dict[str, Any]:
    """State and reason of a run."""
    ((state, reason, text),) = practice.ledger(
        "SELECT state, reason, reason_text FROM run WHERE id = ?", run
    )
    return {"state": state, "reason": reason, "text": text}


def is_paused(practice: Practice, run: str) -> bool:
    found = told(practice, run)
    return (found["state"], found["reason"]) == ("paused", "restored") and run in found["text"]


@pytest.fixture
def half(null: Practice, tmp_path: Path) -> Path:
    """The backup of a ledger with a run of which three had left; three more left since."""
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    backup = saved(null, tmp_path / "backup.db")
    limit(null, 6, before=3)
    null.json("resume", null.run, "--no-wait", code=75)
    assert sum(null.oracle().values()) == 6
    return backup


def test_a_ledger_put_back_waits_for_a_person(null: Practice, half: Path) -> None:
    restored(null, half)
    null.edit("serienpost.yaml", "rate: [6/day], ", "")
    for _ in range(2):
        for command in (("resume", null.run), ("send", null.run, "--yes"), ("resume", "--due")):
            assert null(*command).code == 75
            assert is_paused(null, null.run)
    assert BEHIND in told(null, null.run)["text"]
    assert sum(null.oracle().values()) == 6
    assert [one for one in null.json("doctor", code=3)["checks"] if BEHIND in one["text"]]
    null.json("resume", null.run, "--confirm")
    assert len(null.oracle()) == 40
    ((action, user),) = null.ledger("SELECT action, user FROM journal WHERE action LIKE 'confirm%'")
    assert (action, user.startswith("os:")) == ("confirm ledger", True)
    null.json("doctor")


def test_everything_released_is_paused_and_named(
    null: Practice, half: Path, tmp_path: Path
) -> None:
    """A run that cron prepares anew, too: nobody knows who had it."""
    text = (null.folder / "mailings" / "einladung.yaml").read_text("utf-8")
    (null.folder / "mailings" / "zweite.yaml").write_text(f"once_per: none\n{text}", "utf-8")
    restored(null, half)
    null.edit("serienpost.yaml", "rate: [6/day], ", "")
    assert null("run", "zweite", "--yes").code == 75
    (second,) = [one["run"] for one in null.json("runs")["runs"] if one["mailing"] == "zweite"]
    assert is_paused(null, second)
    assert is_paused(null, null.run)
    assert null.run in told(null, second)["text"]
    null.json("resume", second, "--confirm")
    assert is_paused(null, null.run), "each run is confirmed by itself"
    assert null("resume", null.run).code == 75
    assert len(null.oracle()) == 46
    null.json("resume", null.run, "--confirm")


def test_no_other_write_makes_an_older_copy_look_newer(null: Practice, half: Path) -> None:
    restored(null, half)
    for number in range(30):
        null.json("suppress", "add", f"jemand-{number}@example.org")
    assert null("resume", null.run, "--no-wait").code == 75
    assert is_paused(null, null.run)


@pytest.mark.parametrize("second", ["", "checkpoint"])
def test_a_whole_folder_put_back_is_noticed_by_the_second_mark(
    null: Practice, tmp_path: Path, second: str
) -> None:
    if second:
        key = f"checkpoint: {tmp_path}/anderswo.mark\n"
        null.edit("serienpost.yaml", "accounts:\n", f"{key}accounts:\n")
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    backup = null.copy(tmp_path / "backup")
    limit(null, 6, before=3)
    null.json("resume", null.run, "--no-wait", code=75)
    oracle = null.oracle()
    shutil.rmtree(null.folder)
    backup.copy(null.folder)
    limit(null, 6, before=3)
    null.json("resume", null.run, "--no-wait", code=75)
    assert is_paused(null, null.run) is bool(second)
    assert sum(null.oracle().values()) == (3 if second else 6)
    assert sum(oracle.values()) == 6


def test_a_withdrawal_that_is_lost_with_the_ledger_stops_everything(
    null: Practice, tmp_path: Path
) -> None:
    backup = saved(null, tmp_path / "backup.db")
    null.json("suppress", "add", "null-7@example.org")
    restored(null, backup)
    assert null("send", null.run, "--yes").code == 75
    assert is_paused(null, null.run)
    assert null.oracle() == {}


def test_a_new_ledger_in_the_place_of_another_waits_too(null: Practice) -> None:
    """Who had what is lost with the old one."""
    null.json("send", null.run, "--yes")
    (null.folder / "versandbuch.db").unlink()
    null.edit("mailings/einladung.yaml", "purpose:", "once_per: none\npurpose:")
    null("run", "einladung", "--yes")
    (run,) = [one["run"] for one in null.json("runs")["runs"]]
    assert is_paused(null, run)
    assert "is the mark of another ledger" in told(null, run)["text"]
    assert set(null.oracle().values()) == {1}
    null.json("resume", run, "--confirm")


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
@pytest.mark.parametrize("name", ["approve", "begin", "commit", "settle"])
def test_a_process_that_dies_leaves_no_mark_ahead_of_its_ledger(
    null: Practice, name: str, point: str
) -> None:
    fault = f"{name}.{point}"
    assert null("send", null.run, "--yes", fault=fault).code == -9
    null("send", null.run, "--yes")
    assert null.state()[0] == "finished"


def test_a_mark_that_cannot_be_written_is_told_and_sending_goes_on(null: Practice) -> None:
    key = "checkpoint: nirgends/buch.mark\n"
    null.edit("serienpost.yaml", "accounts:\n", f"{key}accounts:\n")
    done = null("send", null.run, "--yes")
    assert done.code == 0
    assert "nirgends/buch.mark cannot be" in done.err
    assert len(null.oracle()) == 40
    wrong = [one for one in null.json("doctor", code=3)["checks"] if not one["ok"]]
    assert any("nirgends/buch.mark cannot be written" in one["text"] for one in wrong)


def test_a_second_mark_belongs_to_a_ledger_in_a_file(null: Practice) -> None:
    ledger = "ledger: sqlite:///versandbuch.db"
    null.edit("serienpost.yaml", ledger, "ledger: postgresql://a@b/c\ncheckpoint: buch.mark")
    (problem,) = null.refused("runs")
    assert problem["key"] == "checkpoint"


def test_a_practice_that_shares_the_ledger_hides_no_older_copy(
    null: Practice, tmp_path: Path
) -> None:
    """Their writes are counted together; what the other one writes must not make up for mine."""
    other = null.copy(tmp_path / "nachbar")
    (other.folder / "versandbuch.db.sonnenschein.mark").unlink()
    other.edit("serienpost.yaml", "id: sonnenschein", "id: nachbar")
    other.edit("serienpost.yaml", "sqlite:///", f"sqlite:///{null.folder}/")
    other.run = other.json("prepare", "einladung")["run"]
    limit(null, 3)
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    backup = saved(null, tmp_path / "backup.db")
    limit(null, 6, before=3)
    null.json("resume", null.run, "--no-wait", code=75)
    restored(null, backup)
    null.edit("serienpost.yaml", "rate: [6/day], ", "")
    for number in range(30):
        other.json("suppress", "add", f"jemand-{number}@example.org")
    assert null("resume", null.run).code == 75
    assert is_paused(null, null.run)
    assert other("send", other.run, "--yes").code == 75
    other.json("resume", other.run, "--confirm")
    assert len(other.oracle()) == 40
    assert null("resume", null.run).code == 75, "each practice confirms for itself"
    assert sum(null.oracle().values()) == 6
    null.json("resume", null.run, "--confirm")
    assert len(null.oracle()) == 40


def killed_after_a_backup(practice: Practice, place: Path) -> Path:
    """A backup after three messages; six more left, then a process was killed at its log."""
    limit(practice, 3)
    practice.json("send", practice.run, "--yes", "--no-wait", code=75)
    backup = saved(practice, place)
    limit(practice, 9, before=3)
    practice.json("resume", practice.run, "--no-wait", code=75)
    practice.edit("serienpost.yaml", "rate: [9/day], ", "")
    assert practice("resume", practice.run, fault="settle.before_commit").code == -9
    assert (practice.folder / "versandbuch.db-wal").stat().st_size
    return backup


@pytest.mark.parametrize("what", ["file", "log", "empty"])
def test_a_file_put_back_beside_the_log_of_a_killed_process_is_refused(
    null: Practice, tmp_path: Path, what: str
) -> None:
    """SQLite would copy the newest pages of the log over a file that lacks the others."""
    backup = killed_after_a_backup(null, tmp_path / "backup.db")
    ledger, log = null.folder / "versandbuch.db", null.folder / "versandbuch.db-wal"
    if what == "file":
        shutil.copy(backup, ledger)
    elif what == "empty":
        ledger.write_bytes(b"")
    else:
        kept = shutil.copy(log, tmp_path / "wal")
        null.json("resume", null.run)
        null.json("suppress", "add", "jemand@example.org")
        shutil.copy(kept, log)
    kept_bytes, before = log.read_bytes(), null.oracle()
    for command in (("resume", null.run), ("run", "einladung", "--yes"), ("runs",)):
        (problem,) = null.refused(*command)
        assert "do not belong together" in problem["message"]
        assert problem["key"] == "ledger"
    null.json("doctor", code=3)
    assert (null.oracle(), log.read_bytes()) == (before, kept_bytes)
    for suffix in ("-wal", "-shm"):
        (null.folder / f"versandbuch.db{suffix}").unlink(missing_ok=True)
    if what == "file":
        assert null("resume", null.run).code == 75
        assert is_paused(null, null.run)
        assert null.oracle() == before
    elif what == "log":
        null.json("resume", null.run)
        assert len(null.oracle()) == 40


def test_a_ledger_whose_process_was_killed_goes_on_with_its_log(
    null: Practice, tmp_path: Path
) -> None:
    killed_after_a_backup(null, tmp_path / "backup.db")
    null("resume", null.run)
    null.json("doctor")
    assert null.state()[0] == "finished"
    assert len(null.oracle()) == 40
