"""What becomes of people who were chosen: purged, exported, erased, read in great number."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from chosen_people import Watched, chosen, codes, rows_of
from opened_practice import prepared

from serienpost.errors import LedgerError
from serienpost.ledger.schema import journal, selected, selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from opened_practice import Practices

    from serienpost import Context, Practice, Row
    from serienpost.service import Selection
    from serienpost_testkit.null.source import NullSelection


# What becomes of the data


def test_purge_removes_selections_as_runs_that_nobody_approved(
    practices: Practices, practice: Practice
) -> None:
    old = chosen(practice)
    old.unmark(["patient:1"])
    practices.clock.forward(practice.context.config.retention.unapproved.total_seconds())
    new = chosen(practice)
    assert practice.purge().selections == 0
    practices.clock.forward(1)
    assert practice.purge().selections == 1
    assert [one.selection for one in practice.selections()] == [new.id]
    assert {row["selection"] for row in rows_of(practice)} == {new.id}
    assert old.id not in {line["run"] for line in rows_of(practice, journal)}
    assert b"null-1@" not in _without(practices, new)


def _without(practices: Practices, kept: Selection) -> bytes:
    """The ledger's bytes after the other selection is gone too."""
    kept.discard()
    practices.clock.forward(1)
    kept.practice.purge()  # type: ignore[attr-defined]
    kept.practice.ledger.engine.dispose()
    return (practices.folder / "versandbuch.db").read_bytes()


class Families(Watched):
    """A minor whose representative is somebody else, and whom a check names to others."""

    def _now(self, row: Row) -> Row:
        row = super()._now(row)
        if row.id == "patient:2":
            return row._replace(consenting_id="patient:5")
        if row.id == "patient:6":
            return row._replace(unreachable=("shares", "the address is that of patient:5"))
        return row


@pytest.fixture
def family(practice: Practice) -> Selection:
    practice.context.registry.sources["null"] = Families()
    return chosen(practice)


def test_export_gives_a_person_the_own_rows_of_selections(
    practice: Practice, family: Selection
) -> None:
    own, minor = sorted(practice.export_person("patient:5").selections, key=lambda one: one.row)[
        ::-1
    ]
    assert (own.selection, own.row, own.id) == (family.id, "patient:5", "patient:5")
    assert (own.address, own.marked, own.purpose) == ("null-5@example.org", True, "event")
    assert (minor.row, minor.id, minor.name, minor.number) == (
        "another person",
        "another person",
        None,
        None,
    )
    assert minor.address == "null-2@example.org"
    (child,) = practice.export_person("patient:2").selections
    assert (child.address, child.number) == (None, "2")
    (other,) = practice.export_person("patient:6").selections
    told = json.dumps(practice.export_person("patient:6").document())
    assert (other.unreachable or {})["code"] == "shares"
    assert "patient:5" not in told
    assert "another person" in told
    with pytest.raises(LedgerError, match="knows nothing"):
        practice.export_person("patient:99")


def test_who_is_erased_is_in_no_selection_any_more(
    practices: Practices, practice: Practice, family: Selection
) -> None:
    family.unmark(["patient:1", "patient:5"])
    named = practice.new_selection(
        [{"source": "null"}], account="mail", purpose="event", order_by=["nummer"]
    )
    with practice.ledger.begin() as tx:
        header = {**rows_of(practice, selection)[0]["header"]}
        header["blocks"] = [{"source": "null", "selection": {"ids": ["patient:5", "patient:55"]}}]
        mine = tx.update(selection).where(selection.c.id == named.id)
        tx.execute(mine.values(header=header, reason="patient:5 is odd"))
    assert practice.erase_person("patient:5") == 0
    left = {row["row_id"] for row in rows_of(practice)}
    assert left == {"patient:1", "patient:3", "patient:4", "patient:6"}
    everything = json.dumps(
        [rows_of(practice, t) for t in (selected, selection, journal)], default=str
    )
    assert "patient:55" in everything
    assert "patient:5" not in everything.replace("patient:55", "")
    assert b"null-5@example.org" not in (practices.folder / "versandbuch.db").read_bytes()
    with pytest.raises(LedgerError, match="knows nothing"):
        practice.erase_person("patient:5")
    run = prepared(practice, selection=family.id)
    assert codes(run)["5"] == "not_in_selection"


def test_an_older_ledger_says_that_it_holds_no_selections(
    practices: Practices, practice: Practice
) -> None:
    run = prepared(practice)
    for table in (selected, selection):
        table.drop(practice.ledger.engine)
    block = [{"source": "null"}]
    refused: list[Callable[[], object]] = [
        lambda: practice.select(block, account="mail", purpose="event"),
        lambda: practice.selection("s1"),
        lambda: practice.prepare("einladung", selection="s1"),
    ]
    for call in refused:
        with pytest.raises(LedgerError, match="knows nothing of the desk"):
            call()
    assert practice.selections() == []
    assert practice.export_person("patient:3").selections == ()
    assert practice.erase_person("patient:3") == 1
    practices.clock.forward(practice.context.config.retention.unapproved.total_seconds() + 1)
    assert practice.purge().unapproved == 1
    with pytest.raises(LedgerError, match="there is no run"):
        practice.run(run.id)


def test_reading_many_people_takes_no_more_memory(practice: Practice) -> None:
    def most(count: int) -> int:
        asked = practice.new_selection(
            [{"source": "null", "count": count}], account="mail", purpose="event"
        )
        tracemalloc.start()
        try:
            asked.read()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    most(1000)
    assert most(15_000) < 1.5 * most(3000)


class Places(Watched):
    """People of a list without a column of ids: another file gives them other ids."""

    def __init__(self) -> None:
        super().__init__()
        self.file = "a"

    def unstable_ids(self, context: Context, selection: NullSelection) -> str:
        return "add the line key: Nr"

    def _now(self, row: Row) -> Row:
        return row._replace(person_id=row.person_id.replace(":", f":{self.file}-"))


def test_who_was_unmarked_in_a_list_without_ids_is_not_marked_again_by_its_change(
    practice: Practice,
) -> None:
    list_ = Places()
    practice.context.registry.sources["null"] = list_
    found = chosen(practice, {"count": 3})
    assert found.status().unstable_ids == "add the line key: Nr"
    list_.file = "b"
    assert found.again().counts.marked == 3
    found.unmark(["patient:b-2"])
    assert found.again().counts.marked == 2
    list_.file = "c"
    for _ in range(2):
        assert found.again().counts.marked == 0
        assert [one.key for one in found.reasons()] == ["not_known_again"]
    assert found.mark(["patient:c-1"]) == 1
    assert found.again().counts.marked == 1
