"""A program chooses people of the demo practice; the command line shows what became of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost import SerienpostError, open_practice
from serienpost.config.loading import load_mailing
from serienpost.service import Run

if TYPE_CHECKING:
    from conftest import Practice

    from serienpost import Practice as Opened
    from serienpost.service import Selection

DUE = date(2026, 12, 1)


def chosen_as(desk: Opened, name: str) -> Selection:
    """A selection of the people of a mailing."""
    mailing = load_mailing(desk.context, name)
    blocks = [
        {"source": one.source, **one.selection.model_dump(mode="json", exclude_unset=True)}
        for one in mailing.blocks
    ]
    return desk.select(
        blocks, account=mailing.account, purpose=mailing.purpose, due=DUE, order_by=mailing.order
    )


@pytest.mark.parametrize("mailing", ["information", "einladung", "terminerinnerung"])
def test_a_run_of_a_selection_is_that_of_the_mailing(demo: Practice, mailing: str) -> None:
    by_file = demo.json("prepare", mailing, "--for", DUE.isoformat())
    with open_practice(demo.folder, actor="desk:eva") as desk:
        chosen = chosen_as(desk, mailing)
        counts = chosen.status().counts._asdict()
        run = desk.prepare(mailing, due=DUE, selection=chosen.id)
        assert isinstance(run, Run)
    by_choice = demo.json("review", run.id)
    assert {**counts, "marked": 0} == {**by_file["counts"], "marked": 0}
    assert by_choice["plan_hash"] == by_file["plan_hash"]
    assert by_choice["recipients"] == by_file["recipients"]
    (first, *_) = demo.json("review", run.id, "--history")["changes"]
    taken = {"selection": chosen.id, "vanished": 0, "vanished_rows": []}
    assert (first["action"], first["detail"]) == ("prepare", taken)


def test_nothing_counts_from_the_last_run_of_no_mailing(demo: Practice) -> None:
    block = {"source": "patients", "birthday": "since_last_run"}
    with open_practice(demo.folder, actor="desk:eva") as desk:
        with pytest.raises(SerienpostError, match=r"select: this counts from the last run of a"):
            desk.select([block], account="mail", purpose="birthday")
        assert desk.selections() == []
        block["birthday"] = "today"
        assert desk.select([block], account="mail", purpose="birthday").status().state == "ready"


def test_the_review_says_who_is_not_in_the_selection_and_who_is_gone(demo: Practice) -> None:
    with open_practice(demo.folder, actor="desk:eva") as desk:
        chosen = chosen_as(desk, "information")
        left_out, gone, *_ = (row.id for row in chosen.page(filter="marked").recipients)
        chosen.unmark([left_out])
    demo.change("DELETE FROM patient WHERE id = ?", int(gone.partition(":")[2]))
    with open_practice(demo.folder, actor="desk:eva") as desk:
        run = desk.prepare("information", due=DUE, selection=chosen.id)
        assert isinstance(run, Run)
    rows = {row["id"]: row for row in demo.json("review", run.id)["recipients"]}
    assert gone not in rows
    assert rows[left_out]["unmarked"]["code"] == "unmarked_in_selection"
    assert f"the sources give: {gone}" in " ".join(demo("review", run.id).out.split())
    exported = demo.json("export-person", left_out)["selections"]
    assert [(one["selection"], one["marked"]) for one in exported] == [(chosen.id, False)]
    assert demo.json("purge")["selections"] == 0
