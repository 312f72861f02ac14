"""The practice's database as sources and consent checks see it."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa  # noqa: TID253  # this module is imported when the database is read

from serienpost import AddressOwner, Occasion, Problem, SourceError, Texts
from serienpost_practice_db.appointments import appointment_statement
from serienpost_practice_db.conditions import keys_among
from serienpost_practice_db.definitions import Definitions, definitions
from serienpost_practice_db.engine import open_engine
from serienpost_practice_db.evidence import (
    ABSENT,
    asked,
    fields_of,
    matching,
    records_of,
)
from serienpost_practice_db.failures import QUERY, SCHEMA, is_forbidden, translated
from serienpost_practice_db.guards import STATEMENT_SECONDS, guarded
from serienpost_practice_db.keys import stored_types, with_stored_types
from serienpost_practice_db.mapping import DATABASES, PERSONS
from serienpost_practice_db.owners import possible_owners
from serienpost_practice_db.roles import Rights, refuse_powerful_role, sees
from serienpost_practice_db.row_functions import refuse_row_functions, row_functions
from serienpost_practice_db.rows import in_utc, plain_columns, plain_records, row_builder
from serienpost_practice_db.schema_model import practice_schema
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile
from serienpost_practice_db.statements import person_statement
from serienpost_practice_db.texts import read_all, read_in_batches
from serienpost_practice_db.written_addresses import WrittenAddresses, fields_with

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date, datetime

    from serienpost import Context, FieldValue, Kind, Row, RowRequest
    from serienpost_practice_db.birthdays import BirthdayWindow
    from serienpost_practice_db.chosen import Chosen
    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.evidence import Absent, Asked
    from serienpost_practice_db.guards import Clock
    from serienpost_practice_db.mapping import EntityMapping, SchemaMapping

_ = Texts(__name__)

K = TypeVar("K", int | str, str)

_IDS_PER_STATEMENT = 500
# A batch of rows is asked about at once.
_ADDRESSES_PER_STATEMENT = 1000
_STATEMENTS = 32
# Of batches of ids the keys are kept, because checks ask about the same people in turn.
_BATCHES = 4


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
        self._columns: dict[str, tuple[str, ...]] = {}
        self._has_columns_alone = False
        self._asked = lru_cache(maxsize=_BATCHES)(
            lambda person_ids: asked(schema.entities, self.dialect, person_ids)
        )
        self._fields_of = lru_cache(maxsize=_STATEMENTS)(
            lambda kind, fields, unless: fields_of(
                schema.entities[kind], fields, self.dialect, unless
            )
        )
        self._records_of = lru_cache(maxsize=_STATEMENTS)(
            lambda name, fields, optional, kind: records_of(
                schema.entities[name], fields, optional, self.dialect, schema.entities[kind]
            )
        )

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
            raise SourceError(_("the schema maps no {name}", name=name)) from None

    def stream(
        self,
        name: str,
        conditions: Sequence[Condition],
        request: RowRequest,
        birthdays: BirthdayWindow | None = None,
        chosen: Chosen | None = None,
    ) -> Iterator[list[Row]]:
        """Read the people who meet all conditions, in batches, ordered by key at last.

        Args:
            name: the kind of person, `patient`.
            conditions: from `serienpost_practice_db.conditions`.
            request: fields, order, size of a batch, due date.
            birthdays: only people whose birthday is then; each gets it as occasion.
            chosen: only people whose keys a query returns.
        """
        entity = self.entity(name)
        if chosen:
            conditions = [*conditions, chosen.among(entity, self.dialect)]
        statement = person_statement(self.schema, entity, conditions, request, birthdays)
        build = row_builder(statement.names, request)
        occasions = self._occasions(birthdays)
        for records in self._partitions(statement.select, request.batch, chosen):
            years, *columns = plain_columns(records, self.stored_zone)
            yield build(repeat(name), columns, map(occasions.get, years))

    def appointments(
        self,
        persons: Sequence[str],
        conditions: Sequence[Condition],
        request: RowRequest,
        chosen: Chosen | None = None,
    ) -> Iterator[list[Row]]:
        """Read appointments with the people they are for, in batches, by their begin.

        Each row's occasion is its appointment (`termin:99`); it starts at the begin, and expires
        then too while the appointment is still to come.

        Args:
            persons: kinds of person.
            conditions: on the appointment, from `serienpost_practice_db.conditions`.
            request: fields of appointment, practitioner and person, order, size of a batch.
            chosen: only appointments whose keys a query returns.
        """
        if chosen:
            conditions = [*conditions, chosen.among(self.entity("termin"), self.dialect)]
        statement = appointment_statement(self.schema, persons, conditions, request)
        build = row_builder(statement.names, request)
        for records in self._partitions(statement.select, request.batch, chosen):
            kinds, keys, begins, to_come, *columns = plain_columns(records, self.stored_zone)
            yield build(kinds, columns, map(self._appointment, keys, begins, to_come))

    def _appointment(self, key: object, begins: datetime, to_come: int) -> Occasion:
        start = in_utc(begins, self.stored_zone)
        return Occasion(f"termin:{key}", start, start if to_come else None)

    def stored_time(self, moment: datetime) -> datetime:
        """A moment as the database keeps times: naive, in its zone."""
        return moment.astimezone(self.stored_zone).replace(tzinfo=None)

    def columns_of(self, tables: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The names of the columns of tables and views; a table that is not there is missing."""
        wanted = list(tables)
        unknown = [written for written in wanted if written not in self._columns]
        try:
            inspector = sa.inspect(self._engine) if unknown else None
            for written in unknown:
                schema, _dot, name = written.rpartition(".")
                if inspector and inspector.has_table(name, schema or None):
                    columns = inspector.get_columns(name, schema or None)
                    self._columns[written] = tuple(column["name"] for column in columns)
        except sa.exc.SQLAlchemyError as error:
            if is_forbidden(error):
                raise SourceError(
                    _(
                        "the account of the database may not look at what {name} is made of",
                        name=written,
                    ),
                    hint=_("grant it SELECT on it; on MariaDB a view needs SHOW VIEW as well"),
                ) from None
            raise translated(error, QUERY) from None
        return {written: self._columns[written] for written in wanted if written in self._columns}

    def definitions(self, tables: Iterable[str]) -> Definitions:
        """What views among tables are made of, as the database knows it now."""
        with self._reading() as connection:
            return definitions(connection, tables)

    @property
    def dialect(self) -> str:
        """The database's language: `sqlite`, `postgresql`, `mysql`."""
        return self._engine.dialect.name

    def _refuse_row_functions(self, connection: sa.Connection) -> None:
        """Once, before anything is read: what the schema maps are columns, no functions.

        Raises:
            SourceError: PostgreSQL would take a name for a function of the whole row.
        """
        if self._has_columns_alone or self.dialect != "postgresql":
            return
        functions = row_functions(connection)
        refuse_row_functions(
            self.schema, functions, lambda table: self.columns_of([table]).get(table, ())
        )
        self._has_columns_alone = True

    def refuse_powerful_role(self) -> None:
        """Make sure that a query somebody wrote cannot read files of the database server.

        Raises:
            SourceError: the account is a superuser or may read files.
        """
        with self._reading() as connection:
            refuse_powerful_role(connection)

    def rights(self) -> Rights:
        """What the account of the database may do beyond reading tables."""
        with self._reading() as connection:
            return Rights.of(connection)

    def sees(self, name: str) -> bool:
        """Whether the account may read the table of a kind of record."""
        with self._reading() as connection:
            return sees(connection, self.entity(name))

    def sample(self, statement: sa.Select[Any]) -> Sequence[Sequence[FieldValue]]:
        """The few records of a statement over views, to see whether the schema fits."""
        with self._reading() as connection:
            return plain_records(read_all(connection, statement, {}), self.stored_zone)

    def _partitions(
        self,
        statement: sa.Select[Any],
        batch: int,
        chosen: Chosen | None,
    ) -> Iterator[Sequence[Any]]:
        seconds, mends = (chosen.seconds, QUERY) if chosen else (STATEMENT_SECONDS, SCHEMA)
        with self._guarded(seconds, mends) as (connection, clock):
            for records in read_in_batches(connection, statement, batch):
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

    def people(self, person_ids: Iterable[str], request: RowRequest) -> dict[str, Row]:
        """Read people of all kinds by id as `by_ids` does, of each the fields that its kind has."""
        ids = set(person_ids)
        rows: dict[str, Row] = {}
        for name in PERSONS:
            mine = [one for one in ids if one.startswith(f"{name}:")]
            if mine:
                offered = request.fields & self.schema.offers(name).keys()
                rows |= self.by_ids(name, mine, replace(request, fields=offered, order_by=()))
        return rows

    def matching(self, name: str, person_ids: Iterable[str], condition: Condition) -> set[str]:
        """Those of the people who meet a condition; nothing but ids is read."""
        statement = matching(self.entity(name), self.dialect, condition)
        among = (group for group in self._asked(tuple(person_ids)) if group.kind == name)
        return {f"{name}:{key}" for group in among for (key,) in self._execute(statement, group)}

    def lookup(
        self, person_ids: Iterable[str], fields: Iterable[str], unless: Collection[str] = ()
    ) -> dict[str, dict[str, FieldValue]]:
        """Read fields of the master data for a decision; they must not become part of a row.

        People may be of several kinds. Who is not in the master data is missing from the result;
        a field that the schema does not map is missing from the person's fields.

        Args:
            person_ids: who.
            fields: what is read of each.
            unless: people all of whose fields are empty or one of these texts are missing too.
        """
        found: dict[str, dict[str, FieldValue]] = {}
        for group in self._asked(tuple(person_ids)):
            mapped = tuple(field for field in fields if field in self.entity(group.kind).fields)
            statement = self._fields_of(group.kind, mapped, frozenset(unless))
            for key, *values in self._execute(statement, group):
                found[f"{group.kind}:{key}"] = dict(zip(mapped, values, strict=True))
        return found

    def column(self, person_ids: Sequence[str], field: str) -> list[FieldValue | Absent]:
        """One field of the master data for each of the people, for a decision.

        `ABSENT` stands for who is not in the master data, and where the schema lacks the field.
        """
        found: list[FieldValue | Absent] = [ABSENT] * len(person_ids)
        for group in self._asked(tuple(person_ids)):
            if field not in self.entity(group.kind).fields:
                continue
            records = self._execute(self._fields_of(group.kind, (field,), frozenset()), group)
            known = {key: value for key, value in records}  # noqa: C416  # records are no pairs
            values = map(known.get, group.keys, repeat(ABSENT))
            for position, value in zip(group.positions, values, strict=True):
                found[position] = value
        return found

    def owners(
        self, kind: Kind, addresses: Sequence[str], judged_on: date
    ) -> list[list[AddressOwner]]:
        """For each address, as the kind of contact normalises it, the people who have it.

        Patients and Interessenten whose master data hold it, however it is written there and beside
        whatever else; of who is a minor on that day the permission of the representative counts.
        """
        found: dict[str, list[AddressOwner]] = {address.casefold(): [] for address in addresses}
        written = WrittenAddresses(kind, addresses)
        for name in PERSONS:
            entity = self.schema.entities.get(name)
            fields = fields_with(kind, entity.fields) if entity else []
            if entity is None or not fields:
                continue
            for some in _chunks(sorted(set(addresses)), _ADDRESSES_PER_STATEMENT):
                statement = possible_owners(entity, kind.name, fields, some, judged_on)
                with self._reading() as connection:
                    records = plain_records(read_all(connection, statement, {}), self.stored_zone)
                for key, by, *values in records:
                    owner = AddressOwner(f"{name}:{key}", f"{name}:{key if by is None else by}")
                    for address in written.within(dict(zip(fields, values, strict=True))):
                        if owner not in found[address]:
                            found[address].append(owner)
        return [found[address.casefold()] for address in addresses]

    def records(
        self,
        name: str,
        person_ids: Sequence[str],
        fields: tuple[str, ...],
        optional: tuple[str, ...] = (),
    ) -> list[Sequence[Sequence[FieldValue]]]:
        """Read the records that name people by `person_typ` and `person_id`, for a decision.

        Args:
            name: the kind of record, `einwilligung`.
            person_ids: whose.
            fields: what is read of each.
            optional: what is read too, None where the schema lacks it.

        Returns:
            For each of the people their records: key of the person, key of the record, `fields`,
            `optional`.

        Raises:
            SourceError: the schema lacks one of the fields.
        """
        self.entity(name)
        found: list[Sequence[Sequence[FieldValue]]] = [()] * len(person_ids)
        for group in self._asked(tuple(person_ids)):
            of: dict[object, list[Sequence[FieldValue]]] = defaultdict(list)
            statement = self._records_of(name, fields, optional, group.kind)
            for record in self._execute(statement, group):
                of[record[0]].append(record)
            for position, key in zip(group.positions, group.keys, strict=True):
                if key in of:
                    found[position] = of[key]
        return found

    def _execute(self, statement: sa.Select[Any], group: Asked) -> Sequence[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        with self._reading() as connection:
            for bound in group.bound:
                found += read_all(connection, statement, bound)
        return plain_records(found, self.stored_zone)

    def _occasions(self, birthdays: BirthdayWindow | None) -> dict[int, Occasion]:
        if birthdays is None:
            return {}
        end = birthdays.expires_at(self._zone)
        years = range(birthdays.first.year, birthdays.last.year + 1)
        return {year: Occasion(f"geburtstag:{year}", expires_at=end) for year in years}

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._guarded(STATEMENT_SECONDS, SCHEMA) as (connection, _clock):
            yield connection

    @contextmanager
    def _guarded(self, seconds: float, mends: str) -> Iterator[tuple[sa.Connection, Clock]]:
        try:
            with (
                self._engine.connect() as connection,
                guarded(connection, seconds, self.stored_zone.key) as clock,
            ):
                self._refuse_row_functions(connection)
                yield connection, clock
        except sa.exc.SQLAlchemyError as error:
            raise translated(error, mends) from None


def _keys(entity: EntityMapping, person_ids: Iterable[str]) -> list[int | str]:
    keys = set()
    for person_id in person_ids:
        kind, _colon, text = person_id.partition(":")
        key = entity.key(text) if kind == entity.name else None
        if key is not None:
            keys.add(key)
    return sorted(keys, key=str)


def _chunks(keys: list[K], size: int = _IDS_PER_STATEMENT) -> Iterator[list[K]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _with_stored_types(context: Context, schema: SchemaMapping, engine: sa.Engine) -> SchemaMapping:
    try:
        with engine.connect() as connection:
            types = stored_types(connection, schema)
    except sa.exc.SQLAlchemyError as error:
        raise translated(error, SCHEMA) from None
    file = context.settings("schema")
    path = str(context.path(file.root)) if isinstance(file, SchemaFile) else None
    return with_stored_types(schema, types, path)


@contextmanager
def _opened(context: Context) -> Iterator[PracticeDb]:
    settings = context.settings("database")
    if not isinstance(settings, DatabaseUrl):
        raise SourceError(
            Problem(
                _("the practice's database is not named"),
                _(
                    "write database: sqlite:///praxis.db into serienpost.yaml,"
                    " and serienpost-practice-db under plugins:"
                ),
            )
        )
    written = re.split(r"[+:]", settings.root, maxsplit=1)[0]
    schema = practice_schema(context, written if written in DATABASES else "sqlite")
    engine = open_engine(context, settings.root)
    try:
        yield PracticeDb(engine, _with_stored_types(context, schema, engine), context.zone)
    finally:
        engine.dispose()
