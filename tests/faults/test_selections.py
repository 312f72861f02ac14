"""Who reads people for a selection is killed: what was read before stays, with its marks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fault_harness.practice import KILLED, ROWS

from serienpost import open_practice
from serienpost.ledger.schema import selected, selection
from serienpost.service import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fault_harness.practice import Done, Practice
    from fault_harness.server import Server

    from serienpost import Practice as Opened

LEDGERS = ["sqlite", "postgresql"]
CONFIGURATION = """\
practice: {{id: sonnenschein, name: "Praxis Null"}}
plugins: [serienpost-testkit]
ledger: {url}
accounts:
  mail: {{channel: null-email, oracle: oracle.tsv, sender: "Praxis Null <n@example.org>"}}
"null": {{consent: consent.jsonl}}
"""
MAILING = """\
source: "null"
account: mail
purpose: event
subject: Einladung
text: "Guten Tag {{Null_Name}}."
"""
# Where reading anew writes: it is asked for and taken up, one batch is kept, then it is done. The
# first two transactions are those of asking and taking up.
POINTS = [
    "selection.after_commit:1",
    "selection.after_commit:2",
    "selected.before_commit:1",
    "selected.after_commit:1",
    "selection.before_commit:3",
]


def standing(done: Done) -> list[object]:
    """State, reason and number of rows of a selection, as the program writes them."""
    found: list[object] = json.loads(done.out)
    return found


@pytest.mark.parametrize(
    ("backend", "point"),
    [("sqlite", "selection.after_commit:2"), ("postgresql", "selected.after_commit:1")],
)
def test_who_dies_while_reading_leaves_a_selection_that_has_failed(
    new: Callable[..., Practice], backend: str, point: str
) -> None:
    practice = new(backend)
    assert practice("select", fault=point).code == KILLED
    (row,) = practice.rows(selection)
    assert (row["state"], row["owner"] is None) == ("reading", False)
    refused = practice("unmark-selected", row["id"])
    assert (refused.code, "the process that read it has ended" in refused.err) == (3, True)
    failed = ["failed", "the process that read it has ended", 0]
    assert standing(practice.must("show-selected", row["id"])) == failed
    assert practice("read-selected", row["id"]).code == 3
    assert practice.rows(selected) == []
    assert standing(practice.must("select-again", row["id"])) == ["ready", None, ROWS]


@pytest.mark.parametrize(
    ("backend", "point"), [*(("sqlite", one) for one in POINTS), ("postgresql", POINTS[3])]
)
def test_what_was_read_before_outlives_who_dies_while_reading_anew(
    new: Callable[..., Practice], backend: str, point: str
) -> None:
    practice = new(backend)
    practice.must("select")
    (row,) = practice.rows(selection)
    practice.must("unmark-selected", row["id"])
    before = practice.rows(selected)
    assert [one["row_id"] for one in before if not one["marked"]] == ["patient:3"]

    assert practice("select-again", row["id"], fault=point).code == KILLED
    waits = point == "selection.after_commit:1"
    state, _reason, number = standing(practice.must("show-selected", row["id"]))
    assert (state, number) == ("reading" if waits else "failed", ROWS)
    assert practice.rows(selected) == before
    done = practice.must("read-selected" if waits else "select-again", row["id"])
    assert standing(done) == ["ready", None, ROWS]
    assert practice.rows(selected) == before


def test_marks_are_changed_as_a_whole_or_not_at_all(new: Callable[..., Practice]) -> None:
    practice = new("sqlite")
    practice.must("select")
    (row,) = practice.rows(selection)
    for when, marked in (("before", True), ("after", False)):
        fault = f"selection.{when}_commit:1"
        assert practice("unmark-selected", row["id"], fault=fault).code == KILLED
        (third,) = (one for one in practice.rows(selected) if one["row_id"] == "patient:3")
        assert third["marked"] is marked


def test_a_program_chooses_people_on_postgresql(server: Server, tmp_path: Path) -> None:
    """What no command does, in this process: the same pages, reasons and runs as on SQLite."""
    found = {}
    for backend in LEDGERS:
        url = "sqlite:///l.db" if backend == "sqlite" else server.url(server.database("template0"))
        folder = tmp_path / backend
        (folder / "mailings").mkdir(parents=True)
        (folder / "serienpost.yaml").write_text(CONFIGURATION.format(url=url), "utf-8")
        (folder / "mailings" / "m.yaml").write_text(MAILING, "utf-8")
        (folder / "consent.jsonl").write_text('{"id": "patient:4", "verdict": "deny"}\n', "utf-8")
        with open_practice(folder, actor="desk:eva") as practice:
            found[backend] = list(_story(practice))
    assert found["postgresql"] == found["sqlite"]
    assert len(found["sqlite"]) > 20


def _story(practice: Opened) -> Iterator[object]:
    block = {"source": "null", "count": 12, "occasion": True}
    chosen = practice.select([block], account="mail", purpose="event")
    yield chosen.unmark(["patient:1", "patient:2/termin:2"])
    for sort in (None, "row", "number", "-name", "address", "-occasion", "reachable", "allowed"):
        for only in (None, "unmarked"):
            page = chosen.page(sort=sort, filter=only, size=5)  # type: ignore[arg-type]
            yield sort, only, page.total, page.recipients
    reasons = chosen.reasons()
    yield [(one.reason, one.rows) for one in reasons]
    yield [chosen.page(reason=one.key).recipients for one in reasons]
    yield chosen.mark_all(reason=reasons[0].key), chosen.unmark_all(filter="marked")
    yield chosen.mark(["patient:3", "patient:5"]), chosen.drop_not_allowed()
    yield chosen.again().counts, chosen.shared()
    run = practice.prepare("m", selection=chosen.id)
    assert isinstance(run, Run)
    yield list(run.recipients()), run.summary().counts
    exported = practice.export_person("patient:3")
    yield [(one.row, one.address, one.allowed) for one in exported.selections]
    yield practice.erase_person("patient:3"), chosen.status().counts
    chosen.discard()
    yield practice.selections()
