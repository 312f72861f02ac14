"""One practice's view of the ledger: every statement is bound to its id."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    Delete,
    Engine,
    Insert,
    Row,
    Select,
    Table,
    Update,
    delete,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from serienpost.errors import (
    LedgerError,
    LedgerUnavailableError,
    Problem,
    SecretError,
    SerienpostError,
)
from serienpost.fault_injection import faultpoint
from serienpost.ledger import schema
from serienpost.ledger.batch import PRACTICE, execute
from serienpost.ledger.checkpoint import Checkpoint, mark_beside
from serienpost.ledger.disk import disk_fault
from serienpost.ledger.engine import not_writable, open_engine, reading
from serienpost.ledger.schema import message, practice
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from serienpost.context import PracticeContext
    from serienpost.ledger.batch import Builder
    from serienpost.translation import Text

_ = Texts(__name__)

# A stamp that lies further ahead of the clock was written while a clock was wrong.
AHEAD = timedelta(minutes=1)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def utc_now() -> datetime:
    """The clock of the ledger."""
    return datetime.now(UTC)


def new_ref(length: int = 12) -> str:
    """Random Crockford base32: 60 bits for 12 characters."""
    return "".join(_CROCKFORD[byte & 31] for byte in secrets.token_bytes(length))


def keyed(key: bytes) -> Callable[[bytes], str]:
    """HMAC-SHA-256 under `key`, as hexadecimal digits; the key is hashed once."""
    begun = hmac.new(key, digestmod="sha256")

    def digest(text: bytes) -> str:
        mine = begun.copy()
        mine.update(text)
        return mine.hexdigest()

    return digest


@cache
def _insert(table: Table) -> Insert:
    return table.insert()


@cache
def insert_new(table: Table, dialect: str) -> Insert:
    """An INSERT that leaves out rows whose key exists."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table).on_conflict_do_nothing()


class Tx:
    """One transaction, in which only one practice exists."""

    def __init__(self, connection: Connection, practice: str, now: datetime) -> None:
        self.connection = connection
        self.practice = practice
        self.now = now

    def select(self, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        """A SELECT over this practice's rows of a table; all columns unless some are named."""
        return select(*(columns or table.c)).where(table.c.practice == self.practice)

    def update(self, table: Table) -> Update:
        """An UPDATE of this practice's rows."""
        return update(table).where(table.c.practice == self.practice)

    def delete(self, table: Table) -> Delete:
        """A DELETE of this practice's rows."""
        return delete(table).where(table.c.practice == self.practice)

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of this practice."""
        if rows:
            self.connection.execute(
                _insert(table), [{"practice": self.practice, **row} for row in rows]
            )

    def insert_new(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of this practice, leaving out those whose key exists."""
        if rows:
            statement = insert_new(table, self.connection.dialect.name)
            self.connection.execute(statement, [{"practice": self.practice, **row} for row in rows])

    def copy_new(self, table: Table, columns: Sequence[str], rows: Select[Any]) -> None:
        """Insert the rows of a query, whose first column is the practice; as `insert_new` does."""
        statement = insert_new(table, self.connection.dialect.name)
        self.connection.execute(statement.from_select(columns, rows))

    def change(
        self,
        builders: Sequence[Builder],
        rows: Sequence[Sequence[Any]],
        **common: Any,  # noqa: ANN401
    ) -> list[int]:
        """Execute changes that are built once, with `PRACTICE` in them, for rows that they share.

        Args:
            builders: each makes a statement for the rows.
            rows: values in the order of their columns, as the database stores them.
            common: values of parameters that are the same for all rows.

        Returns:
            How many rows each of them changed.
        """
        return execute(self.connection, builders, rows, {PRACTICE.key: self.practice, **common})

    def value(self, statement: Select[Any] | Update, **bound: Any) -> Any:  # noqa: ANN401
        """The first value that a statement returns which was built once, with `PRACTICE` in it."""
        return self.connection.execute(statement, {PRACTICE.key: self.practice, **bound}).scalar()

    def find(self, statement: Select[Any], **bound: Any) -> Sequence[Row[Any]]:  # noqa: ANN401
        """All rows of a query that was built once, with `PRACTICE` in it."""
        return self.connection.execute(statement, {PRACTICE.key: self.practice, **bound}).all()

    def all(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """All rows of a small result."""
        return self.connection.execute(statement).all()

    def stream(self, statement: Select[Any], batch: int = 1000) -> Iterator[Row[Any]]:
        """The rows of a large result, read as they are used."""
        options = {"yield_per": batch}
        with self.connection.execute(statement, execution_options=options) as result:
            yield from result

    def first(self, statement: Select[Any]) -> Row[Any] | None:
        """The first row, if any."""
        return self.connection.execute(statement).first()

    def scalar(self, statement: Select[Any]) -> Any:  # noqa: ANN401
        """The first column of the first row, if any."""
        return self.connection.execute(statement).scalar()

    def has(self, table: Table) -> bool:
        """Whether the ledger has a table: an older one is used as it is while a run is open."""
        return inspect(self.connection).has_table(table.name)

    def require(self, table: Table) -> None:
        """Refuse what an older ledger cannot hold.

        Raises:
            LedgerError: the ledger is older than the table.
        """
        if not self.has(table):
            raise LedgerError(
                _("the ledger is of an older version, which knows nothing of the desk"),
                hint=_("finish or cancel what is open; then the next command upgrades it"),
            )

    def execute(
        self, statement: Update | Delete, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> int:
        """Execute a change; returns how many rows it changed."""
        if rows is not None and not rows:
            return 0
        result = (
            self.connection.execute(statement, rows) if rows else self.connection.execute(statement)
        )
        return result.rowcount

    def note(
        self,
        user: str,
        action: str,
        run: str | None = None,
        no: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> str:
        """Write a line of the journal; returns its id."""
        entry = new_ref()
        self.insert(
            schema.journal,
            [
                {
                    "id": entry,
                    "run": run,
                    "no": no,
                    "at": self.now,
                    "user": user,
                    "action": action,
                    "detail": detail,
                }
            ],
        )
        return entry


class Ledger:
    """The ledger, bound to one practice.

    Args:
        engine: an engine from `open_engine`.
        practice: the practice's id.
        second_mark: where the ledger is marked besides the file beside it; SQLite alone has marks.
    """

    def __init__(self, engine: Engine, practice: str, second_mark: Path | None = None) -> None:
        self.engine = engine
        self.practice = practice
        # Now, aware; tests put their own here.
        self.clock = utc_now
        self.checkpoint: Checkpoint | None = None
        self._driver_error = engine.dialect.loaded_dbapi.Error
        self._keyed = keyed(self._own_key())
        if engine.dialect.name == "sqlite":
            beside = mark_beside(Path(engine.url.database or ""), practice)
            places = [beside, second_mark] if second_mark else [beside]
            mine = _identity(self._keyed)
            self.checkpoint = Checkpoint(mine, places, _all_identities)

    def refuse_copy(self) -> None:
        """Refuse a SQLite ledger of which there are two files, and the other is the one in use.

        Raises:
            LedgerError: naming both.
        """
        if self.checkpoint:
            with self.read() as tx:
                self.checkpoint.refuse_copy(tx.connection)

    @contextmanager
    def begin(self, name: str = "", *, counted: bool = True) -> Iterator[Tx]:
        """A transaction that writes: durable when the block ends, undone if it raises.

        With a name it passes the fault points `NAME.before_commit` and `NAME.after_commit`.

        Args:
            name: of the fault points.
            counted: whether a copy of the ledger without it is older in what matters: what left,
                who may not be written to, what a person decided.
        """
        count, checkpoint = 0, self.checkpoint if counted else None
        try:
            with self.engine.begin() as connection:
                yield Tx(connection, self.practice, self.clock())
                if checkpoint:
                    count = checkpoint.advance(connection)
                faultpoint(f"{name}.before_commit")
            if checkpoint and count:
                checkpoint.write(count)
            faultpoint(f"{name}.after_commit")
        except (SQLAlchemyError, self._driver_error, UnicodeEncodeError) as error:
            raise failure(error, self.engine) from error

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only reads, on one snapshot."""
        try:
            with self.engine.connect() as connection:
                yield Tx(reading(connection), self.practice, self.clock())
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            raise failure(error, self.engine) from error

    def keyed_hash(self, *parts: str | None) -> str:
        """HMAC-SHA-256 under the practice's own key; equal only within the practice."""
        joined = "\x1f".join("" if part is None else part for part in parts)
        return self._keyed(joined.encode("utf-8", "surrogatepass"))

    def address_hash(self, kind: str, address: str) -> str:
        """The keyed hash of an address, the same however its letters are written."""
        text = f"address\x1f{kind}\x1f{address.casefold()}"
        return self._keyed(text.encode("utf-8", "surrogatepass"))

    def _own_key(self) -> bytes:
        statement = select(schema.practice.c.hash_key).where(
            schema.practice.c.practice == self.practice
        )
        with self.read() as tx:
            found = tx.scalar(statement)
        if found is None:
            with self.begin("practice", counted=False) as tx:
                tx.insert_new(schema.practice, [{"hash_key": secrets.token_bytes(32)}])
                found = tx.scalar(statement)
        return bytes(found)


def _identity(hashed: Callable[[bytes], str]) -> str:
    """What the marks of a practice's ledger say of it, from its own key."""
    return hashed(b"checkpoint")[:16]


def _all_identities(connection: Connection) -> set[str]:
    keys = connection.scalars(select(schema.practice.c.hash_key))
    return {_identity(keyed(bytes(key))) for key in keys}


def failure(error: Exception, engine: Engine) -> LedgerError:
    """The database's complaint without the statement, whose parameters are a person's data;
    PostgreSQL repeats them in its message too, SQLite never does."""
    if isinstance(error, (IntegrityError, sqlite3.IntegrityError)):
        return LedgerError(_("the ledger refused a row that exists already"))
    if isinstance(error, UnicodeEncodeError):
        return LedgerError(_("a name holds bytes that are no text"), hint=_("write it as UTF-8"))
    cause = getattr(error, "orig", None) or error
    if getattr(cause, "sqlite_errorname", "").startswith("SQLITE_READONLY"):
        return not_writable(engine.url)
    if fault := disk_fault(cause, Path(engine.url.database or "")):
        return LedgerUnavailableError(_("the ledger cannot be written: {why}", why=fault))
    if passing := _passing(cause):
        return LedgerUnavailableError(passing, hint=_("try it again in a moment"))
    text = ""
    if isinstance(cause, sqlite3.Error):
        text = str(cause)[:120]
    elif hasattr(cause, "sqlstate"):
        text = f"SQLSTATE {cause.sqlstate}" if cause.sqlstate else ""
    why = joined(" ", [type(cause).__name__, text]) if text else type(cause).__name__
    return LedgerUnavailableError(_("the ledger failed: {why}", why=why))


def _passing(cause: BaseException) -> Text | None:
    """What goes by, in words: a lock that another process holds, a server that is away."""
    if getattr(cause, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return _("another process writes to the ledger and does not come to an end")
    # PostgreSQL, appendix A: connection exceptions, and a server that is shut down or starts.
    is_of_server = any(kind.__name__ == "OperationalError" for kind in type(cause).__mro__)
    if is_of_server and (getattr(cause, "sqlstate", "-") or "08").startswith(("08", "57P0")):
        return _("the server of the ledger does not answer")
    return None


@contextmanager
def _opened(context: PracticeContext, on_closed: Callable[[], None] | None) -> Iterator[Ledger]:
    file, line = context.config.place("ledger")
    config, mark = context.config, context.config.checkpoint

    def placed(error: SerienpostError) -> LedgerError:
        kind = type(error) if isinstance(error, LedgerError) else LedgerUnavailableError
        return kind(*(Problem(p.message, p.hint, file, line, "ledger") for p in error.problems))

    try:
        url = context.expand(config.ledger)
        told = {"on_closed": on_closed} if on_closed else {}
        engine = open_engine(url, context.folder, lambda: _named_elsewhere(context), **told)
    except SerienpostError as error:
        raise placed(error) from error
    try:
        ledger = Ledger(engine, config.practice.id, context.path(mark) if mark else None)
        try:
            ledger.refuse_copy()
        except LedgerError as error:
            raise placed(error) from error
        yield ledger
    finally:
        engine.dispose()


def _named_elsewhere(context: PracticeContext) -> dict[str, str]:
    """The URLs that keys other than `ledger:` hold, and all else that may be the path of a file; a
    URL whose secret is missing opens nothing."""
    from serienpost.config.models import leaves, plain_values

    named = {}
    for key, value in leaves(plain_values(context.config)):
        texts = value if isinstance(value, list) else [value]
        for number, text in enumerate(texts):
            if isinstance(text, str) and text and key != "ledger":
                with suppress(SecretError):
                    place = f"{key}[{number}]" if texts is value else key
                    named[place] = context.expand(text) if "://" in text else text
    return named


def open_ledger(context: PracticeContext, on_closed: Callable[[], None] | None = None) -> Ledger:
    """The practice's ledger, opened once per context.

    Args:
        context: the practice.
        on_closed: called where other users could read the ledger's file and no longer can; else
            that goes to the log.

    Raises:
        LedgerError: it cannot be opened, is not durable, or is newer than this serienpost.
    """
    return context.shared("ledger", lambda: _opened(context, on_closed))


# Messages changed by one statement.
AT_ONCE = 2_000


def slices(tx: Tx, run_id: str) -> Iterator[tuple[int, int]]:
    """First and last number of each slice of a run's messages, in order."""
    last = tx.scalar(tx.select(message, func.max(message.c.no)).where(message.c.run == run_id)) or 0
    for first in range(1, last + 1, AT_ONCE):
        yield first, first + AT_ONCE - 1


def lock_once(tx: Tx) -> None:
    """Let no other transaction enter keys of "once" before this one ends: two that enter the same
    keys in another order would wait for each other on PostgreSQL."""
    tx.all(tx.select(practice, practice.c.practice).with_for_update())
