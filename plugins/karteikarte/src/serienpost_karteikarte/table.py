"""The table `brief` of the practice's database, over a connection of its own."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  # imported when the database is opened

from serienpost import Problem, SerienpostError, Texts
from serienpost_karteikarte.settings import KarteikarteSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost import ArchiveEntry, Context

_ = Texts(__name__)

# Seconds to wait while the practice software writes.
_LOCK_WAIT = 15.0

_metadata = sa.MetaData()
PATIENT = sa.Table("patient", _metadata, sa.Column("id", sa.BigInteger, primary_key=True))
BRIEF = sa.Table(
    "brief",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("patient_id", sa.BigInteger),
    sa.Column("erstellt_am", sa.DateTime),
    sa.Column("betreff", sa.Text),
    sa.Column("inhalt", sa.Text),
    sa.Column("pdf", sa.LargeBinary),
    sa.Column("run", sa.Text),
    sa.Column("message", sa.Text, unique=True),
    sa.Column("status", sa.Text),
)
NO_RECORD = _("has no record")


class RecordError(SerienpostError):
    """The table of letters cannot be read or written."""


class Records:
    """The letters in the patients' records. Get it by `Records.of(context)`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def of(cls, context: Context) -> Records:
        """The records of this practice, opened on first use."""
        return context.shared("serienpost-karteikarte", lambda: _opened(context))

    def store(self, entries: Sequence[ArchiveEntry]) -> list[str | None]:
        """Insert those that are not there yet, all in one transaction.

        Returns:
            For each None, or why the person has no record.

        Raises:
            RecordError: the database fails; nothing was stored.
        """
        keys = [_patient(entry.person_id) for entry in entries]
        with self._writing() as connection:
            known = self._known_patients(connection, [key for key in keys if key is not None])
            stored = self._stored(connection, [entry.message for entry in entries])
            new = [
                {
                    "patient_id": key,
                    "erstellt_am": entry.sent_at.astimezone(UTC).replace(tzinfo=None),
                    "betreff": entry.subject,
                    "inhalt": entry.content,
                    "pdf": entry.pdf,
                    "run": entry.run,
                    "message": entry.message,
                    "status": "archiviert",
                }
                for key, entry in zip(keys, entries, strict=True)
                if key in known and entry.message not in stored
            ]
            if new:
                connection.execute(sa.insert(BRIEF), new)
        return [None if key in known else NO_RECORD for key in keys]

    def find(
        self, *, run: str | None = None, person: str | None = None, ids: Sequence[int] = ()
    ) -> list[sa.Row[Any]]:
        """Letters of a run, a person or these ids as they were stored, without their contents.

        Raises:
            RecordError: the database fails, or the person is no patient.
        """
        columns = [column for column in BRIEF.c if column.name not in ("inhalt", "pdf")]
        query = sa.select(*columns, BRIEF.c.pdf.is_not(None).label("has_pdf"))
        if run is not None:
            query = query.where(BRIEF.c.run == run)
        if person is not None:
            key = _patient(person)
            if key is None:
                raise RecordError(
                    _("{person} is no patient", person=person), hint=_("name one as in patient:17")
                )
            query = query.where(BRIEF.c.patient_id == key)
        if ids:
            query = query.where(BRIEF.c.id.in_(ids))
        with self._reading() as connection:
            return list(connection.execute(query.order_by(BRIEF.c.id)))

    def contents(self, ids: Sequence[int]) -> list[str]:
        """The frozen letters of these ids, in their order.

        Raises:
            RecordError: the database fails.
        """
        with self._reading() as connection:
            rows = connection.execute(
                sa.select(BRIEF.c.id, BRIEF.c.inhalt).where(BRIEF.c.id.in_(ids))
            )
            found = {row.id: row.inhalt for row in rows}
        return [found[number] for number in ids]

    def _known_patients(self, connection: sa.Connection, keys: Sequence[int]) -> set[int | None]:
        query = sa.select(PATIENT.c.id).where(PATIENT.c.id.in_(set(keys)))
        return set(connection.scalars(query))

    def _stored(self, connection: sa.Connection, messages: Sequence[str]) -> set[str]:
        query = sa.select(BRIEF.c.message).where(BRIEF.c.message.in_(messages))
        return set(connection.scalars(query))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise _failed(error) from None

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise _failed(error) from None


def _patient(person_id: str) -> int | None:
    """The key of a patient; None for everybody else."""
    kind, _colon, key = person_id.partition(":")
    return int(key) if kind == "patient" and key.isascii() and key.isdigit() else None


def _failed(error: sa.exc.SQLAlchemyError) -> RecordError:
    cause = type(getattr(error, "orig", None) or error).__name__
    return RecordError(
        Problem(
            _("the table brief cannot be used: {cause}", cause=cause),
            _("check the database, and that its user may read and insert"),
            key="karteikarte.database",
        )
    )


@contextmanager
def _opened(context: Context) -> Iterator[Records]:
    settings = context.settings("karteikarte")
    if not isinstance(settings, KarteikarteSettings):
        raise RecordError(
            Problem(_("is missing"), "database: sqlite:///praxis.db", key="karteikarte")
        )
    engine = _engine(context, settings.database)
    try:
        yield Records(engine)
    finally:
        engine.dispose()


def _engine(context: Context, text: str) -> sa.Engine:
    try:
        url = sa.make_url(context.expand(text))
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number
        raise RecordError(
            Problem(_("is not a database URL"), "sqlite:///praxis.db", key="karteikarte.database")
        ) from None
    wanted: dict[str, Any]
    fixed: dict[str, Any] = {}
    backend = url.get_backend_name()
    if backend == "sqlite":
        path = context.path(url.database or "")
        if not path.is_file():
            raise RecordError(
                Problem(_("there is no file {file}", file=str(path)), key="karteikarte.database")
            )
        url = url.set(drivername="sqlite+pysqlite", database=str(path))
        wanted = {"timeout": _LOCK_WAIT}
    elif backend == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        wanted = {"connect_timeout": 10}
        fixed = {"autocommit": False, "client_encoding": "utf8"}
    elif backend in ("mysql", "mariadb"):
        url = url.set(drivername="mariadb+pymysql")
        wanted = {"connect_timeout": 10, "charset": "utf8mb4"}
        fixed = {"autocommit": False}
    else:
        raise RecordError(
            Problem(
                _("databases of type {backend} cannot be used", backend=backend),
                key="karteikarte.database",
            )
        )
    # What the URL says itself is kept, but where it would end our transactions.
    wanted = {name: value for name, value in wanted.items() if name not in url.query} | fixed
    try:
        return sa.create_engine(url, connect_args=wanted, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise RecordError(
            Problem(
                _("the driver {driver} is not installed", driver=error.name or ""),
                _("pip install {package}", package=error.name or ""),
            )
        ) from None
