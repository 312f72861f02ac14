"""A row that brings its own permission cannot allow itself: evidence is looked up by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from serienpost import CurrentState, Row, open_practice
from serienpost.service import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conftest import Practice

    from serienpost import Context, RowRef, RowRequest

FORGED = {
    "email": "liste@example.org",
    "kontakt_email": "ja",
    "erlaubt": "JA",
    "einwilligung": "alle",
    "consent": True,
    "allowed": True,
}
# No, unknown, deceased, not there, of an unknown kind; the last one really agrees.
PEOPLE = ("patient:14", "patient:15", "patient:43", "patient:999999", "liste:1", "patient:2")


class Selection(BaseModel):
    """Nothing can be selected."""


class ForgingSource:
    """A list, as from a file or a query, with columns that claim permission."""

    name = "liste"
    title = "Liste"
    selection = Selection

    def offers(self, context: Context, selection: BaseModel) -> Mapping[str, str | None]:
        return {name: None if name == "email" else "plain" for name in FORGED}

    def is_relative(self, selection: BaseModel) -> bool:
        return False

    def rows(
        self, context: Context, selection: BaseModel, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        yield [Row(person, FORGED) for person in PEOPLE]

    def current(
        self,
        context: Context,
        selection: BaseModel,
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        return [CurrentState(fields=FORGED) for _ in rows]


def test_columns_that_claim_permission_allow_nobody(demo: Practice) -> None:
    demo.edit("mailings/information.yaml", "source: patients", "source: liste")
    demo.edit("mailings/information.yaml", "template: neue-sprechzeiten", "subject: Neues\n"
              "text: Guten Tag aus der {{Praxis}}.")  # fmt: skip
    with open_practice(demo.folder, actor="test") as practice:
        practice.context.registry.sources["liste"] = ForgingSource()
        run = practice.prepare("information")
        assert isinstance(run, Run)
        rows = list(run.recipients())
    assert [row.id for row in rows if row.allowed or row.marked] == ["patient:2"]
    codes = {
        row.id: [(a["check"], a["code"]) for a in row.consent if a["verdict"] == "deny"]
        for row in rows
    }
    assert codes == {
        "patient:14": [("flags", "flag_no")],
        "patient:15": [("flags", "flag_unknown")],
        "patient:43": [("status", "deceased")],
        "patient:999999": [("consent", "no_permission")],
        "liste:1": [("consent", "no_permission")],
        "patient:2": [],
    }
    allowed = next(row for row in rows if row.allowed)
    evidence = [a["reason"] for a in allowed.consent if a["verdict"] == "allow"]
    assert evidence == ["patient:2 kontakt_email=ja"]
