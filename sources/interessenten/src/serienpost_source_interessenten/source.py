"""The source `interessenten`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import CurrentState, Texts
from serienpost_source_interessenten.selection import InteressentSelection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serienpost import Context, Row, RowRef, RowRequest
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.database import PracticeDb

_ = Texts(__name__)

_ENTITY = "interessent"
_VANISHED = CurrentState(("vanished", _("The person is no longer among the Interessenten.")))


class InteressentenSource:
    """Interessenten from the practice's database, one row per person."""

    name = "interessenten"
    title = _("Interessenten: people who enquired and are no patients")
    selection = InteressentSelection

    def offers(self, context: Context, selection: InteressentSelection) -> Mapping[str, str | None]:  # noqa: ARG002
        """All fields of Interessenten that may leave the practice at all."""
        from serienpost_practice_db.database import PracticeDb

        return PracticeDb.of(context).schema.offers(_ENTITY)

    def lowered(self, context: Context, selection: InteressentSelection) -> Mapping[str, str]:  # noqa: ARG002
        """The fields whose class the schema lowered, each with the reason."""
        from serienpost_practice_db.database import PracticeDb

        return PracticeDb.of(context).schema.lowered

    def is_relative(self, selection: InteressentSelection) -> bool:  # noqa: ARG002
        """No filter counts from the due date."""
        return False

    def rows(
        self, context: Context, selection: InteressentSelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Stream the people who meet every condition."""
        from serienpost_practice_db.database import PracticeDb

        db = PracticeDb.of(context)
        return db.stream(_ENTITY, list(_conditions(selection, db)), request)

    def current(
        self,
        context: Context,
        selection: InteressentSelection,  # noqa: ARG002
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        """Read the people again by id; a row is gone when the person is."""
        from serienpost_practice_db.database import PracticeDb

        people = PracticeDb.of(context).by_ids(_ENTITY, {row.person_id for row in rows}, request)

        def state(row: RowRef) -> CurrentState:
            person = people.get(row.person_id)
            return CurrentState(None, person.fields, person.consenting_id) if person else _VANISHED

        return [state(row) for row in rows]


def _conditions(selected: InteressentSelection, db: PracticeDb) -> Iterator[Condition]:
    from serienpost_practice_db import conditions as where
    from serienpost_practice_db.people import person_conditions

    yield from person_conditions(selected, db, _ENTITY)
    if selected.status is not None:
        yield where.any_text("status", selected.status)
    if selected.concern is not None:
        yield where.all_words(selected.concern, ["anliegen"], [])
    if selected.origin is not None:
        yield where.any_text("quelle", selected.origin)
