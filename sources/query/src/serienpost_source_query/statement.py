"""From a query that somebody wrote to the statement that is run: read, checked, written anew.

What is run names nothing but tables that a query may read and columns that they have, and holds no
text. That nothing is written is the database's business, see `serienpost_practice_db.guards`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from serienpost import SelectionError, SourceError, Texts, joined
from serienpost_practice_db.chosen import Chosen
from serienpost_practice_db.column_classes import same_table
from serienpost_practice_db.mapping import SYSTEM_SETTINGS, last_name
from serienpost_practice_db.restricted_sql import (
    CONDITION,
    check,
    language,
    lift_texts,
    read_one,
    written,
)
from serienpost_source_query.clock import asks_clock, definition_asks_clock
from serienpost_source_query.existing import existing_records, table_named
from serienpost_source_query.settings import QueryTables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from serienpost import Context
    from serienpost_practice_db.database import PracticeDb
    from serienpost_source_query.selection import QuerySelection

_ = Texts(__name__)

_NO_TABLES: dict[str, object] = {"nothing": {"nothing": "text"}}


def read_statement(context: Context, selected: QuerySelection, db: PracticeDb) -> Chosen:
    """Read the query, check it, and write what is run.

    Raises:
        SourceError: there is no such file, or it is not one SELECT that returns `id` alone, of
            tables that a query may read, with the parameters that are given.
    """
    tree, what = _read(context, selected, db)
    if not isinstance(tree, exp.Query) or isinstance(tree, exp.Subquery):
        raise SelectionError(_("{what}: is no SELECT", what=what), hint=_("write one SELECT"))
    _same_parameters(tree, selected, what)
    known = _named(tree, readable_tables(context, db), db, what)
    tree = _qualified(tree, known, db, what)
    check(tree, db.dialect, what)
    # The parser gives a value that has no name one of its own.
    names = [
        _("a value without a name") if name.startswith("_col_") else name
        for name in tree.named_selects
    ]
    if names != ["id"]:
        further = [name for name in names if name != "id"]
        raise SelectionError(
            _("{what}: returns {column} beside id", what=what, column=further[0])
            if "id" in names and further else
            _("{what}: returns no column id", what=what) if "id" not in names else
            _("{what}: returns id more than once", what=what),
            hint=_(
                "write SELECT ... AS id, the key, and no other column; values that a text needs "
                "are fields of the file named under schema:"
            ),
        )  # fmt: skip
    for table in [one for one in tree.find_all(exp.Table) if one.name in known]:
        _put_back(table, known[table.name], db)
    texts = lift_texts(tree, db.dialect)
    sql = written(tree, db.dialect, what)
    return Chosen(sql, selected.parameters, texts, selected.seconds)


def reads_clock(context: Context, selected: QuerySelection, db: PracticeDb) -> bool:
    """Whether the query, or a view that it reads, chooses other people on another day.

    Raises:
        SourceError: there is no such file, or it is not one statement that is understood, or the
            database does not answer.
    """
    tree, _what = _read(context, selected, db)
    if asks_clock(tree, selected.parameters):
        return True
    tables = {table.name for table in tree.find_all(exp.Table)}
    left_out = [
        test
        for entity in db.schema.entities.values()
        if any(same_table(entity.table, table) for table in tables)
        for test in entity.where
    ]
    if any(asks_clock(read_one(test, db.dialect, "where", CONDITION), {}) for test in left_out):
        return True
    read = db.definitions(tables)
    return any(definition_asks_clock(text, db.dialect) for text in read.texts)


def _read(context: Context, selected: QuerySelection, db: PracticeDb) -> tuple[exp.Expr, str]:
    """The query, and what it is called in messages."""
    text, what = _text(context, selected.query)
    return read_one(text, db.dialect, what), what


class _Known:
    """A table that the query reads: its name in the database and its columns."""

    def __init__(self, name: str, columns: Iterable[str]) -> None:
        self.name = name
        self.columns = tuple(columns)


def readable_tables(context: Context, db: PracticeDb) -> list[str]:
    """The tables that a query may read; the settings of the practice software are never among."""
    mapped = [
        name
        for entity in db.schema.entities.values()
        if entity.name != SYSTEM_SETTINGS
        for name in (entity.table, *entity.joins)
    ]
    secret = db.schema.settings_tables
    named = [*mapped, *QueryTables.of(context)]
    return [name for name in dict.fromkeys(named) if last_name(name) not in secret]


def _named(tree: exp.Query, readable: list[str], db: PracticeDb, what: str) -> dict[str, _Known]:
    """Give every table and every WITH of the query a name of ours, which nothing else can have.

    So it does not matter where a database looks for a name first. Gives the tables by our names.

    Raises:
        SourceError: a table is none that a query may read, or not there.
    """
    own: dict[str, str] = {}
    for number, cte in enumerate(tree.find_all(exp.CTE)):
        name = cte.alias.lower()
        if name in own or name in map(str.lower, readable):
            raise SelectionError(
                _("{what}: the name {name} under WITH is taken", what=what, name=cte.alias),
                hint=_("choose another"),
            )
        own[name] = f"with_{number}"
        cte.args["alias"].set("this", exp.to_identifier(own[name]))
    by_folded = {name.lower(): name for name in reversed(readable)}
    exact = set(readable)
    ours: dict[str, str] = {}
    for table in tree.find_all(exp.Table):
        as_written = f"{table.db}.{table.name}" if table.db else table.name
        alias = table.alias or table.name
        found = as_written if as_written in exact else by_folded.get(as_written.lower())
        if not table.db and table.name.lower() in own:
            table.set("this", exp.to_identifier(own[table.name.lower()]))
        elif found:
            table.set("this", exp.to_identifier(ours.setdefault(found, f"table_{len(ours)}")))
            table.set("db", None)
        else:
            raise _unreadable(as_written, readable, what)
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    columns = db.columns_of(ours)
    missing = [name for name in ours if name not in columns]
    if missing:
        raise SelectionError(
            _("{what}: the database has no table {table}", what=what, table=missing[0])
        )
    return {given: _Known(name, columns[name]) for name, given in ours.items()}


def _unreadable(name: str, readable: list[str], what: str) -> SourceError:
    last = name.lower().rpartition(".")[2]
    near = [known for known in readable if known.lower().rpartition(".")[2] == last]
    hint = (
        _("write {table}, as in the schema", table=near[0])
        if near
        else _("name it under query_tables: in serienpost.yaml, if it helps to choose people")
    )
    if last == SYSTEM_SETTINGS:
        hint = _("the settings of the practice software are never read by a query")
    return SelectionError(
        _("{what}: the table {table} is none that a query may read", what=what, table=name),
        hint=hint,
    )


def _qualified(tree: exp.Query, known: dict[str, _Known], db: PracticeDb, what: str) -> exp.Query:
    """The query with every column named by its table.

    Raises:
        SourceError: a column is unknown or ambiguous, or a table's name stands for its row.
    """
    _fold_names(tree, known)
    tables: dict[str, object] = {
        name: dict.fromkeys(table.columns, "text") for name, table in known.items()
    }
    try:
        made = qualify(tree, schema=tables or _NO_TABLES, dialect=language(db.dialect))
    except SqlglotError as error:
        said = str(error).splitlines()[0].rstrip(".")
        raise SelectionError(joined(": ", (what, said))) from None
    except RecursionError:
        raise SelectionError(_("{what}: is nested too deeply", what=what)) from None
    for column in made.find_all(exp.Column):
        order = column.find_ancestor(exp.Order, exp.Subquery, exp.Select)
        if not column.table and not isinstance(order, exp.Order):
            raise SelectionError(_("{what}: {column} is no column", what=what, column=column.name))
    assert isinstance(made, exp.Query)  # noqa: S101  # it was one before
    return made


def _fold_names(tree: exp.Query, known: dict[str, _Known]) -> None:
    """Write names of columns as their tables have them, all others small."""
    actual = {column for table in known.values() for column in table.columns}
    spellings = Counter(column.lower() for column in actual)
    folded = {name.lower(): name for name in actual if spellings[name.lower()] == 1}
    for identifier in tree.find_all(exp.Identifier):
        if isinstance(identifier.parent, exp.Table):
            continue
        name = identifier.name
        if name not in actual:
            identifier.set("this", folded.get(name.lower(), name.lower()))


def _put_back(table: exp.Table, known: _Known, db: PracticeDb) -> None:
    """Name the table as the database does, or what of it exists."""
    existing = existing_records(db.schema, known.name, db.dialect)
    if existing is None:
        own = table_named(known.name)
        table.set("this", own.this)
        table.set("db", own.args.get("db"))
        return
    alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
    table.replace(exp.Subquery(this=existing, alias=alias, joins=table.args.get("joins")))


def _same_parameters(tree: exp.Query, selected: QuerySelection, what: str) -> None:
    used = {part.name for part in tree.find_all(exp.Placeholder)}
    differing = sorted(used ^ selected.parameters.keys())
    if differing:
        raise SelectionError(
            _(
                "{what}: the query and its parameters differ in {names}",
                what=what,
                names=differing,
            ),
            hint=_("each :name in the query needs a value under parameters:, and the reverse"),
        )


def _text(context: Context, query: str) -> tuple[str, str]:
    if not query.strip().lower().endswith(".sql"):
        return query, _("query")
    path: Path = context.path(query.strip())
    try:
        return path.read_text("utf-8"), query.strip()
    except OSError:
        raise SelectionError(
            _("there is no file {file}", file=query.strip()),
            hint=_("a path starts at the practice folder"),
        ) from None
    except UnicodeDecodeError:
        raise SelectionError(
            _("{what}: is not UTF-8", what=query.strip()), hint=_("save it as UTF-8")
        ) from None
