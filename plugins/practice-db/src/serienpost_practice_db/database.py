"""The practice's database as sources and consent checks see it."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa  # noqa: TID253  # this module is imported when the database is read

from serienpost import Occasion, Problem, SourceError
from serienpost_practice_db.appointments import appointment_statement
from serienpost_practice_db.conditions import keys_among
from serienpost_practice_db.engine import open_engine
from serienpost_practice_db.failures import QUERY, SCHEMA, translated
from serienpost_practice_db.guards import STATEMENT_SECONDS, guarded, refuse_powerful_role
from serienpost_practice_db.rows import in_utc, plain_value, row_builder
from serienpost_practice_db.schema_file import practice_schema
from serienpost_practice_db.settings import DatabaseUrl
from serienpost_practice_db.statements import person_statement
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from serienpost import Context, FieldValue, Row, RowRequest
    from serienpost_practice_db.birthdays import BirthdayWindow
    from serienpost_practice_db.chosen import Chosen
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.guards import Clock
    from serienpost_practice_db.mapping import EntityMapping, SchemaMapping

_IDS_PER_STATEMENT = 500


class PracticeDb:
    """The practice's own database, read-only. Safe to use from several threads.

    Get it by `PracticeDb.of(context)`: one per practice, closed with the context. Every method
    raises `SourceError` where the database fails or does not fit the schema.
    """

    def __init__(self, engine: sa.Engine, schema: SchemaMapping, zone: ZoneInfo) -> None:
        self.schema = schema
        self.stored_zone = ZoneInfo(schema.timezone) if schema.timezone else zone
        self._engine = engine
        self._zone = zone

    @classmethod
    def of(cls, context: Context) -> PracticeDb:
        """The database of this practice, opened on first use."""
        return context.shared("serienpost-practice-db", lambda: _opened(context))

    def entity(self, name: str) -> EntityMapping:
        """One kind of record.

        Raises:
            SourceError: the schema does not have it.
        """
        try:
            return self.schema.entities[name]
        except KeyError:
            raise SourceError(f"the schema maps no {name}") from None

    def stream(
        self,
        name: str,
        conditions: Sequence[Condition],
        request: RowRequest,
        birthdays: BirthdayWindow | None = None,
        chosen: Chosen | None = None,
        seconds: float = STATEMENT_SECONDS,
    ) -> Iterator[list[Row]]:
        """Read the people who meet all conditions, in batches, ordered by key at last.

        Args:
            name: the kind of person, `patient`.
            conditions: from `serienpost_practice_db.conditions`.
            request: fields, order, size of a batch, due date.
            birthdays: only people whose birthday is then; each gets it as occasion.
            chosen: only people whom a query returns, with its columns; a person it returns twice
                comes twice if columns are asked for.
            seconds: after which a statement that has not delivered the next batch is stopped.
        """
        entity = self.entity(name)
        statement = person_statement(self.schema, entity, conditions, request, birthdays, chosen)
        build = row_builder(statement.names, request, self.stored_zone)
        occasions = self._occasions(birthdays)
        mends = QUERY if chosen else SCHEMA
        for records in self._partitions(statement.select, request.batch, seconds, mends):
            yield [
                build(name, key, representative, minor, values, occasions.get(year))
                for key, representative, minor, year, *values in records
            ]

    def appointments(
        self, persons: Sequence[str], conditions: Sequence[Condition], request: RowRequest
    ) -> Iterator[list[Row]]:
        """Read appointments with the people they are for, in batches, by their begin.

        Each row's occasion is its appointment (`termin:99`); it starts at the begin, and expires
        then too while the appointment is still to come.

        Args:
            persons: kinds of person.
            conditions: on the appointment, from `serienpost_practice_db.conditions`.
            request: fields of appointment, practitioner and person, order, size of a batch.
        """
        statement = appointment_statement(self.schema, persons, conditions, request)
        build = row_builder(statement.names, request, self.stored_zone)
        for records in self._partitions(statement.select, request.batch):
            yield [
                build(kind, key, representative, minor, values, self._appointment(*when))
                for kind, key, representative, minor, *when, values in (
                    (*record[:7], record[7:]) for record in records
                )
            ]

    def _appointment(self, key: object, begins: datetime, to_come: int) -> Occasion:
        start = in_utc(begins, self.stored_zone)
        return Occasion(f"termin:{key}", start, start if to_come else None)

    def stored_time(self, moment: datetime) -> datetime:
        """A moment as the database keeps times: naive, in its zone."""
        return moment.astimezone(self.stored_zone).replace(tzinfo=None)

    def columns_of(self, tables: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The names of the columns of tables and views; a table that is not there is missing."""
        found = {}
        try:
            inspector = sa.inspect(self._engine)
            for written in tables:
                schema, _, name = written.rpartition(".")
                if inspector.has_table(name, schema or None):
                    columns = inspector.get_columns(name, schema or None)
                    found[written] = tuple(column["name"] for column in columns)
        except sa.exc.SQLAlchemyError as error:
            raise translated(error, QUERY) from None
        return found

    @property
    def dialect(self) -> str:
        """The database's language: `sqlite`, `postgresql`, `mysql`."""
        return self._engine.dialect.name

    def refuse_powerful_role(self) -> None:
        """Make sure that a query somebody wrote cannot read files of the database server.

        Raises:
            SourceError: the account is a superuser or may read files.
        """
        with self._reading() as connection:
            refuse_powerful_role(connection)

    def _partitions(
        self,
        statement: sa.Select[Any],
        batch: int,
        seconds: float = STATEMENT_SECONDS,
        mends: str = SCHEMA,
    ) -> Iterator[Sequence[Any]]:
        with self._guarded(seconds, mends) as (connection, clock):
            options = {"yield_per": batch}
            with connection.execute(statement, execution_options=options) as result:
                for records in result.partitions():
                    yield records
                    clock.restart()

    def by_ids(self, name: str, person_ids: Iterable[str], request: RowRequest) -> dict[str, Row]:
        """Read people by id, as they are now. Who is not there is missing from the result."""
        entity = self.entity(name)
        rows: dict[str, Row] = {}
        for keys in _chunks(_keys(entity, person_ids)):
            for batch in self.stream(name, [keys_among(keys)], request):
                rows |= {row.person_id: row for row in batch}
        return rows

    def matching(self, name: str, person_ids: Iterable[str], condition: Condition) -> set[str]:
        """Those of the people who meet a condition; nothing but ids is read."""
        entity = self.entity(name)
        found: set[str] = set()
        with self._reading() as connection:
            for keys in _chunks(_keys(entity, person_ids)):
                people = view(entity, condition.fields)
                statement = sa.select(people.c[KEY]).where(
                    people.c[KEY].in_(keys), condition.test(people.c)
                )
                found |= {f"{name}:{key}" for key in connection.scalars(statement)}
        return found

    def lookup(
        self, person_ids: Iterable[str], fields: Collection[str]
    ) -> dict[str, dict[str, FieldValue]]:
        """Read fields of the master data for a decision; they must not become part of a row.

        People may be of several kinds. Who is not in the master data is missing from the result;
        a field that the schema does not map is missing from the person's fields.
        """
        kinds: dict[str, set[str]] = defaultdict(set)
        for person_id in person_ids:
            kind, _, _ = person_id.partition(":")
            if kind in self.schema.entities:
                kinds[kind].add(person_id)
        found: dict[str, dict[str, FieldValue]] = {}
        with self._reading() as connection:
            for kind, ids in kinds.items():
                found |= self._looked_up(connection, self.entity(kind), ids, fields)
        return found

    def records(
        self, name: str, person_ids: Iterable[str], fields: Collection[str]
    ) -> dict[str, list[dict[str, FieldValue]]]:
        """Read the records that name people by `person_typ` and `person_id`, for a decision.

        Args:
            name: the kind of record, `einwilligung`.
            person_ids: whose; people without a record are missing from the result.
            fields: what is read of each besides its key, which is `id`.

        Raises:
            SourceError: the schema lacks one of the fields.
        """
        entity = self.entity(name)
        wanted = set(person_ids)
        kinds = {person_id.partition(":")[0] for person_id in wanted} & self.schema.entities.keys()
        found: dict[str, list[dict[str, FieldValue]]] = defaultdict(list)
        read = view(entity, {"person_typ", "person_id", *fields})
        names = [KEY, *fields]
        columns = [read.c.person_id, *(read.c[field] for field in names)]
        with self._reading() as connection:
            for kind in sorted(kinds):
                for keys in _chunks(_keys(self.entity(kind), wanted)):
                    statement = sa.select(*columns).where(
                        read.c.person_typ == kind, read.c.person_id.in_(keys)
                    )
                    for person, *values in connection.execute(statement):
                        record = dict(zip(names, map(plain_value, values), strict=True))
                        found[f"{kind}:{person}"].append(record)
        return dict(found)

    def _looked_up(
        self,
        connection: sa.Connection,
        entity: EntityMapping,
        ids: Iterable[str],
        fields: Collection[str],
    ) -> dict[str, dict[str, FieldValue]]:
        mapped = [field for field in fields if field in entity.fields]
        people = view(entity, mapped)
        found: dict[str, dict[str, FieldValue]] = {}
        for keys in _chunks(_keys(entity, ids)):
            columns = [people.c[KEY], *(people.c[field] for field in mapped)]
            for key, *values in connection.execute(
                sa.select(*columns).where(people.c[KEY].in_(keys))
            ):
                found[f"{entity.name}:{key}"] = dict(
                    zip(mapped, map(plain_value, values), strict=True)
                )
        return found

    def _occasions(self, birthdays: BirthdayWindow | None) -> dict[int, Occasion]:
        if birthdays is None:
            return {}
        end = birthdays.expires_at(self._zone)
        years = range(birthdays.first.year, birthdays.last.year + 1)
        return {year: Occasion(f"geburtstag:{year}", expires_at=end) for year in years}

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._guarded(STATEMENT_SECONDS, SCHEMA) as (connection, _):
            yield connection

    @contextmanager
    def _guarded(self, seconds: float, mends: str) -> Iterator[tuple[sa.Connection, Clock]]:
        try:
            with (
                self._engine.connect() as connection,
                guarded(connection, seconds) as clock,
            ):
                yield connection, clock
        except sa.exc.SQLAlchemyError as error:
            raise translated(error, mends) from None


def _keys(entity: EntityMapping, person_ids: Iterable[str]) -> list[int | str]:
    keys = set()
    for person_id in person_ids:
        kind, _, text = person_id.partition(":")
        key = entity.key(text) if kind == entity.name else None
        if key is not None:
            keys.add(key)
    return sorted(keys, key=str)


def _chunks(keys: list[int | str]) -> Iterator[list[int | str]]:
    for start in range(0, len(keys), _IDS_PER_STATEMENT):
        yield keys[start : start + _IDS_PER_STATEMENT]


@contextmanager
def _opened(context: Context) -> Iterator[PracticeDb]:
    settings = context.settings("database")
    if not isinstance(settings, DatabaseUrl):
        raise SourceError(Problem("is missing", "sqlite:///praxis.db", key="database"))
    schema = practice_schema(context)
    zone = schema.timezone or context.zone.key
    engine = open_engine(context, settings.root, zone)
    try:
        yield PracticeDb(engine, schema, context.zone)
    finally:
        engine.dispose()
