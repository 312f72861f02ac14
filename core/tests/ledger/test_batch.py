"""Changes of many rows by one statement: their rows, and the practice that they are bound to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Update, bindparam, update  # noqa: TID253
from sqlalchemy.dialects import postgresql, sqlite  # noqa: TID253

from serienpost.ledger.batch import PRACTICE, Given
from serienpost.ledger.schema import microseconds, run

if TYPE_CHECKING:
    from conftest import Desk
    from sqlalchemy.engine import Dialect


def rename(given: Given) -> Update:
    rows = given.table(run.c.id, run.c.title, run.c.until, run.c.files)
    return (
        update(run)
        .where(run.c.practice == PRACTICE, run.c.id == rows.c.id, run.c.kind == bindparam("b_kind"))
        .values(title=rows.c.title, until=rows.c.until, files=rows.c.files)
    )


@pytest.mark.parametrize(
    ("dialect", "value"),
    [
        (sqlite.dialect(), "json_extract(item.value, '$[1]')"),
        (postgresql.dialect(), "item.value ->> 1"),
    ],
)
def test_rows_are_read_once_as_a_table(dialect: Dialect, value: str) -> None:
    text = str(rename(Given(dialect.name)).compile(dialect=dialect))
    assert text.startswith("UPDATE run SET ")
    assert (text.count(value), text.count("OFFSET 0")) == (1, 1)


def test_each_row_changes_its_own_and_no_other_practice(desk: Desk) -> None:
    for name in ("r1", "r2", "r3"):
        desk.add_run(name, title="old")
    at = microseconds(desk.clock())
    rows = [("r1", "ä🙂\\u0000", at, ["a.pdf"]), ("none", "x", None, []), ("r2", None, None, [1])]
    with desk.ledger.begin() as tx:
        tx.practice = "elsewhere"
        assert tx.change((rename,), rows[:2], b_kind="email") == [0]
        tx.practice = desk.ledger.practice
        assert tx.change((rename,), rows[:2], b_kind="letter") == [0]
        assert tx.change((rename, rename), rows[:2], b_kind="email") == [1, 1]
    with desk.ledger.read() as tx:
        found = {row.id: row for row in tx.all(tx.select(run))}
    assert found["r1"].title == "ä🙂\\u0000"
    assert (found["r1"].until, found["r1"].files) == (desk.clock(), ["a.pdf"])
    assert (found["r2"].title, found["r3"].title) == ("old", "old")


@pytest.mark.parametrize("unstorable", ["\0", "\ud83d"])
def test_what_no_database_stores_is_replaced(desk: Desk, unstorable: str) -> None:
    desk.add_run("r1")
    with desk.ledger.begin() as tx:
        tx.change((rename,), [("r1", f"ä{unstorable}🙂", None, [])], b_kind="email")
    with desk.ledger.read() as tx:
        assert tx.scalar(tx.select(run, run.c.title)) == "ä\ufffd🙂"


@pytest.mark.parametrize("title", ["same", "s\0me", None])
def test_what_many_rows_share_is_given_once(desk: Desk, title: str | None) -> None:
    names = [f"r{number}" for number in range(60)]
    for name in names:
        desk.add_run(name, title="old")
    at = microseconds(desk.clock())
    rows = [(name, title or name, at, ["a.pdf", name]) for name in names]
    with desk.ledger.begin() as tx:
        assert tx.change((rename,), rows, b_kind="email") == [60]
    with desk.ledger.read() as tx:
        found = {row.id: (row.title, row.until, row.files) for row in tx.all(tx.select(run))}
    shown = title.replace("\0", "\ufffd") if title else None
    assert found == {name: (shown or name, desk.clock(), ["a.pdf", name]) for name in names}


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_what_is_shared_is_a_parameter(dialect: Dialect) -> None:
    text = str(rename(Given(dialect.name, frozenset({1, 2}))).compile(dialect=dialect))
    places = [f"$[{n}]" if dialect.name == "sqlite" else f"> {n}" for n in (0, 1, 2)]
    assert [text.count(place) for place in places] == [1, 1, 0]


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        microseconds(datetime(2026, 1, 1))  # noqa: DTZ001
