"""Recipients: what a source yields, and what the core asks about them again in the recheck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003  # part of public records
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from serienpost.contracts.context import Context
    from serienpost.errors import Problem
    from serienpost.fields import FieldValue

# The model of a source's `select:`.
S = TypeVar("S", bound="BaseModel")
S_contra = TypeVar("S_contra", bound="BaseModel", contravariant=True)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a reminder is about: an appointment (`termin:99`), a birthday (`geburtstag:2026`).

    `starts_at` (aware, UTC) belongs to the key of "once per occasion": a moved appointment is
    a new reminder. After `expires_at` (aware, UTC) the message must not leave any more.
    """

    id: str
    starts_at: datetime | None = None
    expires_at: datetime | None = None


class Row(NamedTuple):
    """One person in a run.

    Args:
        person_id: `patient:17`, `interessent:4`: kind of person, colon, key in the practice.
        fields: only the fields that were asked for; a field the person lacks is None.
        occasion: set by sources whose rows are about something (appointments, birthdays).
        consenting_id: whose permission counts: the representative for a minor, else None.
        unreachable: a reason the source knows why nobody can be written to, as (code, sentence).
        place: where a person finds the row to mend it, as in `liste.csv, row 3`; said with what is
            wrong with it.
    """

    person_id: str
    fields: Mapping[str, FieldValue]
    occasion: Occasion | None = None
    consenting_id: str | None = None
    unreachable: tuple[str, str] | None = None
    place: str | None = None

    @property
    def id(self) -> str:
        """The row id: `patient:17`, with an occasion `patient:17/termin:99`."""
        return f"{self.person_id}/{self.occasion.id}" if self.occasion else self.person_id


@dataclass(frozen=True, slots=True)
class RowRequest:
    """What the core wants of a source.

    Args:
        fields: names of fields; the source reads these and no others from the practice.
        due: the date from which `today`, `tomorrow` and `+3` count.
        order_by: field names, `-name` descending; empty = the source's own stable order.
        batch: rows per batch at most.
        leaves_on: the practice's date on which the messages leave; None where it is `due`.
    """

    fields: frozenset[str]
    due: date
    order_by: tuple[str, ...] = ()
    batch: int = 1000
    leaves_on: date | None = None

    @property
    def judged_on(self) -> date:
        """The date for which age is judged, and with it who is written to and who consents."""
        return self.leaves_on or self.due


@dataclass(frozen=True, slots=True)
class RowRef:
    """A row that was selected earlier, by its ids alone."""

    person_id: str
    occasion_id: str | None
    occasion_starts_at: datetime | None


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The answer of `Source.current` for one row.

    `gone` is None while the row is still valid, else (code, sentence), for example
    `("cancelled", "appointment was cancelled")`. `fields` are the fields asked for, read now; of a
    row that is gone those of its person, where the person is still there: nothing is sent with
    them, but whoever looks at the row sees whom it meant.
    """

    gone: tuple[str, str] | None = None
    fields: Mapping[str, FieldValue] | None = None
    consenting_id: str | None = None


class Source(Protocol[S]):
    """Where recipients come from.

    `rows` streams: it never holds more than a few batches, reads only the requested fields and
    raises `SourceError` for a selection or database that does not fit. A person with an occasion
    appears once. The database is opened read-only.
    """

    @property
    def name(self) -> str:
        """The name used under `source:` in a mailing."""

    @property
    def title(self) -> str:
        """One sentence for `serienpost sources`."""

    @property
    def selection(self) -> type[S]:
        """The model of `select:`; each field's description and examples are its manual."""

    def offers(self, context: Context, selection: S) -> Mapping[str, str | None]:
        """Fields that rows of this selection can carry, each with the class that the schema gives
        it (`"identity"`, ...) or None where the core's catalogue decides."""

    def is_relative(self, selection: S) -> bool:
        """Whether the selection means another set of people on another day (`day: tomorrow`)."""

    def rows(self, context: Context, selection: S, request: RowRequest) -> Iterator[Sequence[Row]]:
        """Yield the selected rows in batches, in a stable order."""

    def current(
        self, context: Context, selection: S, rows: Sequence[RowRef], request: RowRequest
    ) -> Sequence[CurrentState]:
        """Say for each row, in order, whether it is still valid, with its fields as of now.

        `selection` is the one that the rows came from, as it was frozen with the run.
        """


@runtime_checkable
class LacksStableIds(Protocol[S_contra]):
    """A source some of whose selections give a person another id in the next run.

    "Once per recipient" and `exclude_recipients_of` know people by their ids, so such a selection
    is not sent unattended. A source that does not say so has stable ids.
    """

    def unstable_ids(self, context: Context, selection: S_contra) -> str | None:
        """None where every person has the same id in every run, else what to add so that it is so:
        the line itself.

        Raises:
            SourceError: it cannot be told.
        """


@runtime_checkable
class LimitsPurposes(Protocol[S_contra]):
    """A source whose selections name evidence of consent that does not cover every purpose."""

    def purpose_problem(
        self, context: Context, selection: S_contra, purpose: str
    ) -> Problem | None:
        """Why nobody of this selection can ever be permitted by that evidence to be written to for
        this purpose, with what to write; None where somebody can. `check` refuses the mailing."""


@runtime_checkable
class LowersClasses(Protocol[S_contra]):
    """A source whose practice says that some fields tell less than what nothing is known of."""

    def lowered(self, context: Context, selection: S_contra) -> Mapping[str, str]:
        """The fields whose class was lowered, each with the reason. The manifest shows them."""


@runtime_checkable
class CountsFromLastRun(Protocol[S]):
    """A source that can select what came up since a mailing last went out."""

    def since_last_run(self, selection: S, due: date, last_due: date | None) -> S:
        """The selection with what counts from the last run written out; the run keeps it so.

        Args:
            selection: as the mailing has it; one that counts from no run comes back as it is.
            due: the due date of the run that is prepared.
            last_due: the latest due date before it for which a run of the same mailing finished;
                None where none did.
        """


@runtime_checkable
class Advises(Protocol[S_contra]):
    """A source that can say what a selection lacks."""

    def advice(self, context: Context, selection: S_contra) -> Sequence[str]:
        """What whoever checks a mailing should know of this selection, in sentences."""

    def way_to(self, context: Context, selection: S_contra, name: str) -> str | None:
        """What to write so that a text can use this field, or a macro of this name, which the
        selection does not give yet; None where nothing helps."""


@runtime_checkable
class TellsWhatIsRead(Protocol[S_contra]):
    """A source of whose data some are chosen or left out by how they are kept: the sheet of a
    file, rows that a filter hides."""

    def what_is_read(self, context: Context, selection: S_contra) -> Sequence[str]:
        """What is read and what is left out, in sentences without a person's data. `check` and the
        review show them; a run keeps them as they were when it was prepared."""


@runtime_checkable
class AsksClock(Protocol[S_contra]):
    """A source of which a selection alone does not tell whether it counts from a day."""

    def asks_clock(self, context: Context, selection: S_contra) -> bool:
        """Whether what is selected depends on the day on which it is read. Asked often, and where
        the practice's database may be away."""
