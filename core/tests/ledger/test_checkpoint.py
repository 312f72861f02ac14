from __future__ import annotations

import logging
import shutil
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serienpost.errors import LedgerError
from serienpost.ledger.checkpoint import Checkpoint
from serienpost.ledger.locks import file_lock
from serienpost.ledger.store import Ledger

if TYPE_CHECKING:
    from sqlalchemy import Engine

MINE, OTHER = "0123456789abcdef", "fedcba9876543210"


def written(ledger: Ledger, times: int = 1) -> None:
    for _ in range(times):
        with ledger.begin("pause"):
            pass


def marked(ledger: Ledger) -> list[int]:
    assert ledger.checkpoint
    return [mark.writes for mark in ledger.checkpoint.marks()]


def is_behind(ledger: Ledger) -> bool:
    assert ledger.checkpoint
    with ledger.read() as tx:
        return ledger.checkpoint.behind(tx.connection) is not None


def test_what_matters_is_marked_after_its_commit(engine: Engine, tmp_path: Path) -> None:
    ledger = Ledger(engine, "sonnenschein", tmp_path / "second.mark")
    assert marked(ledger) == []
    written(ledger, 3)
    assert marked(ledger) == [3, 3]
    with ledger.begin("claim", counted=False):
        pass
    with pytest.raises(KeyError), ledger.begin("pause"):
        raise KeyError
    assert marked(ledger) == [3, 3]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.mark")}
    assert modes == {0o600}


def test_two_practices_of_one_ledger_have_marks_of_their_own(engine: Engine) -> None:
    one, two = Ledger(engine, "eins"), Ledger(engine, "zwei")
    written(one)
    written(two)
    written(one)
    assert (marked(one), marked(two)) == ([3], [2])
    assert not is_behind(one)
    assert not is_behind(two)


def test_a_ledger_behind_its_mark_counts_no_further(engine: Engine) -> None:
    ledger = Ledger(engine, "sonnenschein")
    written(ledger, 5)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 2")
    again = Ledger(engine, "sonnenschein")
    for one in (ledger, again):
        written(one, 10)
        assert is_behind(one)
    assert marked(again) == [5]
    assert again.checkpoint
    with again.begin("begin") as tx:
        again.checkpoint.accept(tx.connection)
    assert marked(again) == [6]
    assert not is_behind(again)


@pytest.mark.parametrize("text", [f"{OTHER} {1:020d}\n", "no mark at all", f"{MINE} 7"])
def test_what_is_not_the_mark_of_this_ledger_holds_it_back(
    engine: Engine, tmp_path: Path, text: str
) -> None:
    second = tmp_path / "second.mark"
    second.write_text(text)
    ledger = Ledger(engine, "sonnenschein", second)
    written(ledger)
    assert is_behind(ledger)
    assert second.read_text() == text
    assert ledger.checkpoint
    with ledger.begin("begin") as tx:
        ledger.checkpoint.accept(tx.connection)
    assert not is_behind(ledger)
    assert len(set(marked(ledger))) == 1


def test_a_mark_never_goes_back(tmp_path: Path) -> None:
    """Processes write it in another order than they commit."""
    place = tmp_path / "one.mark"
    numbers = list(range(1, 101))
    mixed = [numbers[i::4][::-1] for i in range(4)]

    def write(some: list[int]) -> None:
        checkpoint = Checkpoint(MINE, [place])
        for number in some:
            checkpoint.write(number)

    threads = [threading.Thread(target=write, args=(some,)) for some in mixed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (mark,) = Checkpoint(MINE, [place]).marks()
    assert (mark.identity, mark.writes) == (MINE, 100)


def test_a_mark_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = Checkpoint(MINE, [tmp_path / "nowhere" / "a.mark", tmp_path / "b.mark"])
    with caplog.at_level(logging.WARNING):
        checkpoint.write(1)
        checkpoint.write(2)
    (line,) = caplog.messages
    assert "a.mark cannot be written (No such file or directory)" in line
    assert [mark.writes for mark in checkpoint.marks()] == [2]


def test_what_one_practice_writes_hides_no_older_copy_from_another(
    engine: Engine, tmp_path: Path
) -> None:
    """Their writes are counted together; a copy that only the second has written to since is an
    older one for both, until each has confirmed it."""
    one, two = Ledger(engine, "eins"), Ledger(engine, "zwei")
    written(one)
    written(two)
    beside = tmp_path / f"{engine.url.database}.zwei.mark"
    line = beside.read_text().replace(".2\n", ".9\n")
    beside.write_text(line)
    one, two = Ledger(engine, "eins"), Ledger(engine, "zwei")
    written(one, 20)
    assert is_behind(two)
    assert is_behind(one)
    assert one.checkpoint
    with one.begin("pause", counted=False) as tx:
        one.checkpoint.accept(tx.connection)
    written(one, 20)
    assert not is_behind(one)
    assert is_behind(two)
    assert two.checkpoint
    with two.begin("pause", counted=False) as tx:
        two.checkpoint.accept(tx.connection)
    written(two)
    assert not is_behind(one)
    assert not is_behind(two)


def of_another_name(engine: Engine, name: str, line: str) -> Ledger:
    """The ledger, with a mark beside it that another name, or another ledger, left."""
    Path(engine.url.database or "").with_name(name).write_text(line)
    return Ledger(engine, "eins")


@pytest.mark.parametrize("name", ["alt.db.eins.mark", "alt.db.alt.eins.mark", "second.mark"])
def test_the_marks_of_an_older_name_are_met(engine: Engine, name: str) -> None:
    ledger = Ledger(engine, "eins")
    assert ledger.checkpoint
    mine = f"{ledger.checkpoint.identity} {9:.>20d}\n"
    written(ledger, 3)
    for line in (f"{OTHER} {9:.>20d}\n", "no mark", mine.replace(".9", ".3")):
        assert not is_behind(of_another_name(engine, name, line))
    again = of_another_name(engine, name, mine)
    again.refuse_copy()  # the file of that name is gone
    assert is_behind(again)
    assert again.checkpoint
    with again.begin("pause") as tx:
        again.checkpoint.accept(tx.connection)
    assert marked(again) == [10]
    assert not is_behind(of_another_name(engine, name, mine))


def test_a_practice_is_told_of_what_another_overtook_under_an_older_name(engine: Engine) -> None:
    one, two = Ledger(engine, "eins"), Ledger(engine, "zwei")
    written(one)
    assert two.checkpoint
    mark = f"{two.checkpoint.identity} {9:.>20d}\n"
    one = of_another_name(engine, "alt.db.zwei.mark", mark)
    assert is_behind(one)
    assert one.checkpoint
    with one.begin("pause") as tx:
        one.checkpoint.accept(tx.connection)
    assert not is_behind(one)
    assert is_behind(two)


def test_of_two_files_that_are_the_same_ledger_the_one_behind_is_refused(engine: Engine) -> None:
    here = Path(engine.url.database or "")
    ledger = Ledger(engine, "eins")
    assert ledger.checkpoint
    written(ledger, 3)
    shutil.copy(here, here.with_name("alt.db"))
    for number in (2, 3):
        mark = f"{ledger.checkpoint.identity} {number:.>20d}\n"
        of_another_name(engine, "alt.db.eins.mark", mark).refuse_copy()
    further = of_another_name(engine, "alt.db.eins.mark", mark.replace(".3", ".4"))
    with pytest.raises(LedgerError, match=r"more was sent from alt\.db"):
        further.refuse_copy()
    here.with_name("alt.db").unlink()
    here.with_name("alt.db").symlink_to(here)
    further.refuse_copy()
    with (
        file_lock(here.with_name("alt.db.owners"), "17-X"),
        pytest.raises(LedgerError, match="process 17 works with"),
    ):
        further.refuse_copy()
