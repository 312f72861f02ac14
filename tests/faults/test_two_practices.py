"""Two practices with the same ids, account and mailing in one ledger do not notice each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_harness.practice import Practice
from fault_harness.providers import NullProvider

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Figures, Practices

COMMANDS = {
    "run": ("run", "einladung", "--yes"),
    "send": ("send", "{run}", "--yes"),
    "cancel": ("cancel", "{run}"),
    "suppress": ("suppress", "add", "null-3@example.org"),
    "purge": ("purge",),
    "erase-person": ("erase-person", "patient:3", "--yes"),
}


def rows_of(practice: Practice) -> dict[str, list[str]]:
    """Everything of this practice, to the last byte."""
    return {
        name: [repr(row) for row in rows if row["practice"] == practice.id]
        for name, rows in practice.tables().items()
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_one_leaves_the_other_alone(
    practices: Practices, tmp_path: Path, figures: Figures, ledger: str, command: str
) -> None:
    url = practices.ledger(ledger)
    if ledger == "sqlite":
        url = f"sqlite:///{tmp_path}/shared.db"
    first = Practice.make(tmp_path / "first" / "praxis", url, NullProvider(), "first")
    second = Practice.make(tmp_path / "second" / "praxis", url, NullProvider(), "second")
    for practice in (first, second):
        practices.made.append(practice)
        practice.prepare()
        practice.must("suppress", "add", "null-9@example.org")
    _same_ids(first, second)
    for practice in (first, second) if command in ("purge", "erase-person") else ():
        practice.must("send", practice.run, "--yes")
    year = 365 * 86400 * 1_000_000
    first.change(f"UPDATE run SET finished_at = finished_at - {year}")
    before, own = rows_of(second), rows_of(first)

    first.must(*(word.format(run=first.run) for word in COMMANDS[command]))

    assert rows_of(second) == before
    assert rows_of(first) != own
    figures.add("commands beside another practice")


def _same_ids(first: Practice, second: Practice) -> None:
    """Give the second practice's run the first one's id and references."""
    for table, column in (("run", "id"), ("message", "run"), ("asset", "run"), ("journal", "run")):
        second.change(
            f"UPDATE {table} SET {column} = :id WHERE practice = 'second' AND {column} = :old",
            id=first.run,
            old=second.run,
        )
    second.run = first.run
    for column in ("ref", "message_id"):
        second.change(
            f"UPDATE message SET {column} = (SELECT f.{column} FROM message AS f"
            " WHERE f.practice = 'first' AND f.row_id = message.row_id)"
            " WHERE practice = 'second'"
        )
    assert [m["ref"] for m in first.messages().values()] == [
        m["ref"] for m in second.messages().values()
    ]
