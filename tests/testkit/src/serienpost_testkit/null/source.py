"""A source of made-up people: any number of them, always the same, without a database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from serienpost import CurrentState, Occasion, Problem, Row, SourceError, StrictModel, Texts
from serienpost_testkit.null.settings import null_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Self

    from serienpost import Context, FieldValue, RowRef, RowRequest

_ = Texts(__name__)

LAST = 1_000_000
_FIRST_NAMES = ("Ada", "Bülent", "Chloé", "Dörte", "Emil", "Françoise", "Günther")
_LAST_NAMES = ("Abel", "Böhm", "Çelik", "Dvořák", "Ekström", "Fuß", "O’Neill", "Peña", "Weiß")
# Fields that are there and empty, so that macros of a real practice can be used.
_EMPTY = (
    *("adresszusatz", "postfach", "vorsatzwort", "namenszusatz"),
    *("vertreter_anrede", "vertreter_geschlecht", "vertreter_titel", "vertreter_vorname"),
    *("vertreter_vorsatzwort", "vertreter_nachname", "vertreter_namenszusatz"),
)

_FIELDS: dict[str, Callable[[int], FieldValue]] = {
    "nummer": str,
    "anrede": lambda n: ("Frau", "Herr")[n % 2],
    "titel": lambda n: None if n % 5 else "Dr.",
    "vorname": lambda n: _FIRST_NAMES[n % len(_FIRST_NAMES)],
    "nachname": lambda n: _LAST_NAMES[n % len(_LAST_NAMES)],
    "geschlecht": lambda n: "wm"[n % 2],
    "email": lambda n: f"null-{n}@example.org",
    "mobil": lambda n: f"+491522{n:07d}",
    "strasse": lambda n: f"Nullstraße {n}",
    "plz": lambda n: f"{1067 + n % 90000:05d}",
    "ort": lambda _n: "Dresden",
    "land": lambda _n: None,
    "minderjaehrig": lambda _n: False,
    **dict.fromkeys(_EMPTY, lambda _n: None),
}
_OF_OCCASION = ("termin_beginn", "termin_dauer")


class NullSelection(StrictModel):
    """Which of the million made-up people."""

    count: int = Field(default=10, ge=0, le=LAST, description=_("How many people."))
    start: int = Field(default=1, ge=1, le=LAST, description=_("The number of the first person."))
    occasion: bool = Field(
        default=False,
        description=_("Whether each has an appointment on the day after the due date."),
    )

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        if self.start + self.count - 1 > LAST:
            raise ValueError(
                _("there are only {most} people; make start or count smaller", most=LAST)
            )
        return self


class NullSource:
    """`patient:N` with a name, addresses of all kinds and, if wanted, an appointment."""

    name = "null"
    title = _("Made-up people for tests")
    selection = NullSelection

    def offers(self, context: Context, selection: NullSelection) -> Mapping[str, str | None]:
        """All fields of the made-up people, classed by the catalogue."""
        more = _OF_OCCASION if selection.occasion else ()
        own = null_settings(context).fields
        return dict.fromkeys((*_FIELDS, *more)) | dict.fromkeys(own, "contact")

    def is_relative(self, selection: NullSelection) -> bool:
        """With appointments: these are on the day after the due date."""
        return selection.occasion

    def rows(
        self, context: Context, selection: NullSelection, request: RowRequest
    ) -> Iterator[Sequence[Row]]:
        """Make the rows batch by batch, in the order of their numbers.

        Raises:
            SourceError: another order than by `nummer` is asked for.
        """
        numbers = range(selection.start, selection.start + selection.count)
        if request.order_by == ("-nummer",):
            numbers = numbers[::-1]
        elif request.order_by not in {(), ("nummer",)}:
            raise SourceError(
                Problem(_("the null source sorts by nummer only"), _("order_by: nummer or -nummer"))
            )
        own = null_settings(context).fields
        for first in range(0, len(numbers), request.batch):
            yield [
                _row(number, selection.occasion, request, own)
                for number in numbers[first : first + request.batch]
            ]

    def current(
        self,
        context: Context,
        selection: NullSelection,
        rows: Sequence[RowRef],
        request: RowRequest,
    ) -> Sequence[CurrentState]:
        """Everybody is as selected, but for those whom the file `gone` names by now."""
        settings = null_settings(context)
        file = settings.gone
        gone = json.loads(context.path(file).read_text("utf-8")) if file else {}
        return [_standing(ref, gone, request, settings.fields) for ref in rows]


def _row(number: int, has_occasion: bool, request: RowRequest, own: Mapping[str, str]) -> Row:
    occasion = None
    if has_occasion:
        opening = datetime.combine(request.due + timedelta(days=1), time(7), UTC)
        starts_at = opening + timedelta(minutes=15 * (number % 40))
        occasion = Occasion(f"termin:{number}", starts_at, starts_at)
    starts_at_or_none = occasion.starts_at if occasion else None
    return Row(f"patient:{number}", _fields(number, starts_at_or_none, request, own), occasion)


def _fields(
    number: int, starts_at: datetime | None, request: RowRequest, own: Mapping[str, str]
) -> dict[str, FieldValue]:
    appointment: dict[str, FieldValue] = {
        "termin_beginn": starts_at,
        "termin_dauer": 15 if starts_at else None,
    }
    found = {
        name: _FIELDS[name](number) if name in _FIELDS else appointment[name]
        for name in request.fields
        if name in _FIELDS or name in appointment
    }
    for name in request.fields & own.keys():
        found[name] = own[name].replace("{n}", str(number))
    return found


def _standing(
    ref: RowRef, gone: Mapping[str, str], request: RowRequest, own: Mapping[str, str]
) -> CurrentState:
    key = ref.person_id.removeprefix("patient:")
    if not (key.isascii() and key.isdecimal() and 1 <= int(key) <= LAST):
        return CurrentState(gone=("unknown", _("there is no such made-up person")))
    row_id = f"{ref.person_id}/{ref.occasion_id}" if ref.occasion_id else ref.person_id
    reason = gone.get(row_id) or gone.get(ref.person_id)
    if reason:
        return CurrentState(gone=("gone", reason))
    return CurrentState(fields=_fields(int(key), ref.occasion_starts_at, request, own))
