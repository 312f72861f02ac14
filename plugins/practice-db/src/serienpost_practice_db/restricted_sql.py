"""SQL that a practice or a vendor wrote, read as an allow-list and written anew.

What the database gets is never the text that somebody wrote: it is written from the tree that was
checked, so that no comment, quoting rule or function of the database can make it mean something
else than what was looked at. `docs/privacy.md` says why this is enough.

Functions are kept by their own names: the reader below knows none of them, so that sqlglot
translates nothing. This module loads sqlglot; import it inside the function that needs it.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from sqlglot import exp, parse
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ErrorLevel, SqlglotError

from serienpost import SelectionError, Texts, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot.generator import Generator

_ = Texts(__name__)

_SPECIAL_FUNCTIONS = ("CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")


def _language(base: type[Dialect]) -> type[Dialect]:
    """The dialect without any function that sqlglot knows, and with :name for parameters."""
    parser, generator = getattr(base, "Parser"), getattr(base, "Generator")  # noqa: B009  # untyped
    special = {name: parser.FUNCTION_PARSERS[name] for name in _SPECIAL_FUNCTIONS}
    transforms = {
        **generator.TRANSFORMS,
        exp.Placeholder: lambda _writer, element: f":{element.name}",
    }
    if base is SQLite:
        transforms[exp.Identifier] = _ticked
    members = {
        "NORMALIZATION_STRATEGY": NormalizationStrategy.CASE_SENSITIVE,
        "Parser": type("Parser", (parser,), {"FUNCTIONS": {}, "FUNCTION_PARSERS": special}),
        "Generator": type("Generator", (generator,), {"TRANSFORMS": transforms}),
    }
    return type(f"Restricted{base.__name__}", (base,), members)


def _ticked(writer: Generator, element: exp.Identifier) -> str:
    """A name as SQLite takes it for nothing else: one in double quotes that it does not know is a
    text to it, and `"gone" <> 1` true (sqlite.org/quirks.html, section 8)."""
    return writer.identifier_sql(element).replace('"', "`")


_LANGUAGES = {
    "sqlite": _language(SQLite),
    "postgresql": _language(Postgres),
    "mysql": _language(MySQL),
}
_LANGUAGES["mariadb"] = _LANGUAGES["mysql"]

# What a statement may be made of. Everything else is refused by the name of its part.
_PART_NAMES = """
    Select With CTE Subquery Union Except Intersect From Join Where Group Having Order
    Ordered Limit Offset Distinct Table TableAlias Alias Column Identifier Star Literal
    Boolean Null Placeholder Paren Tuple And Or Not EQ NEQ NullSafeEQ NullSafeNEQ GT GTE LT
    LTE Between In Is Like ILike Escape Glob RegexpLike Exists Any All Case If Cast DataType
    DataTypeParam Neg Add Sub Mul Div IntDiv Mod BitwiseAnd BitwiseOr BitwiseXor BitwiseNot
    BitwiseLeftShift BitwiseRightShift DPipe Coalesce Interval Var Window WindowSpec Filter
    Anonymous Extract StrPosition Substring Trim CurrentDate CurrentTime CurrentTimestamp
    Localtimestamp AtTimeZone
    """
_PARTS = frozenset(getattr(exp, name) for name in _PART_NAMES.split())

# Functions of the SQL standard and those that the three databases share.
_COMMON = """
    abs avg ceil ceiling coalesce concat count dense_rank first_value floor greatest lag last_value
    lead least left length lower ltrim max min mod nullif power rank replace right round row_number
    rtrim sign substr substring sum trim upper
    """
_OWN = {
    "sqlite": "date datetime glob ifnull iif instr julianday like strftime time total",
    "postgresql": """
    age btrim bool_and bool_or char_length date_part date_trunc every initcap lpad
    make_date make_interval now position regexp_replace rpad split_part starts_with strpos
    timezone to_char to_date to_number to_timestamp translate trunc
    """,
    "mysql": """
    adddate char_length concat_ws convert_tz curdate curtime date date_add date_format date_sub
    datediff day dayname dayofmonth dayofweek dayofyear find_in_set from_days hour if ifnull
    instr isnull last_day lcase locate lpad makedate mid minute month monthname now period_add
    period_diff quarter regexp_replace regexp_substr rpad second str_to_date subdate
    substring_index timestamp timestampadd timestampdiff to_days truncate ucase week weekday
    weekofyear year yearweek
    """,
}
_OWN["mariadb"] = _OWN["mysql"]
_FUNCTIONS = {name: frozenset(f"{_COMMON} {own}".split()) for name, own in _OWN.items()}

# Where SQL stands. Only in a condition of `where:` a practice may be known by a setting of its
# account: what settings hold, secrets among them, must not become the value of a field.
QUERY = _.pgettext("where SQL stands", "a query")
EXPRESSION = _.pgettext("where SQL stands", "an expression")
CONDITION = _.pgettext("where SQL stands", "a condition")
_IN_CONDITIONS = {"postgresql": frozenset({"current_setting"})}

_TYPE_NAMES = """
    BIGINT BOOLEAN CHAR DATE DATETIME DECIMAL DOUBLE FLOAT INT INTERVAL NCHAR SMALLINT TEXT TIME
    TIMESTAMP TIMESTAMPTZ TINYINT UBIGINT UINT VARCHAR
    """
_TYPES = frozenset(getattr(exp.DataType.Type, name) for name in _TYPE_NAMES.split())
_UNIT_NAMES = "YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND DOW ISODOW DOY EPOCH"
_UNITS = frozenset(_UNIT_NAMES.split())
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_NAME = re.compile(r"[\w$ ]+")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PERIOD = re.compile(r"-?[0-9]+( [A-Za-z]+( -?[0-9]+ [A-Za-z]+)*)?")

# What a written statement consists of: names in quotes, words, numbers, operators. No text, no
# comment, no second statement.
_WRITTEN = re.compile(r'[\w$ "`.,()<>=+*/%|&^~!:-]*')
_COMMENT = re.compile(r"--|/\*")


def read_one(text: str, database: str, what: str, place: str = QUERY) -> exp.Expr:
    """Parse one statement or expression and hold it against the allow-list.

    Args:
        text: as somebody wrote it.
        database: `sqlite`, `postgresql`, `mysql` or `mariadb`.
        what: begins every message: a file, `query`, a field.
        place: `QUERY`, `EXPRESSION` or `CONDITION`, where more may stand.

    Raises:
        SourceError: it is not SQL, not one statement, or has a part that is not allowed. No text
            of it is repeated, but names of parts and functions.
    """
    try:
        trees = [tree for tree in parse(text, dialect=_LANGUAGES[database]) if tree is not None]
    except SqlglotError as error:
        line = _line(error)
        raise refused(
            what,
            _("not SQL that we understand in line {line}", line=line)
            if line
            else _("not SQL that we understand"),
        ) from None
    except RecursionError:
        raise refused(what, _("is nested too deeply")) from None
    if len(trees) != 1:
        said = _.ngettext("holds {n} statement", "holds {n} statements", len(trees))
        raise refused(what, said, _("write one"))
    (tree,) = trees
    check(tree, database, what, place)
    return tree


def refused(what: str, said: str, hint: str | None = None) -> SelectionError:
    """What is wrong with SQL, behind what it is called."""
    return SelectionError(joined(": ", (what, said)), hint=hint)


def must_not_stand(part: str, place: str) -> str:
    """That a part of SQL is none for this place."""
    return _("{part} must not stand in {place}", part=part, place=place)


def check(tree: exp.Expr, database: str, what: str, place: str = QUERY) -> None:
    """Refuse a tree with a part, function, type or name that is not on the list of `place`.

    Raises:
        SourceError: says which.
    """
    for part in tree.walk():
        if type(part) not in _PARTS:
            raise refused(
                what,
                must_not_stand(_spoken(part), place),
                _("put what else is needed into a view of the database"),
            )
        refusal = _REFUSALS.get(type(part), _nothing)(part, database, place)
        if refusal and not (place == CONDITION and _decides(part, database)):
            raise refused(what, refusal)


def _nothing(_part: exp.Expr, _database: str, _place: str) -> str | None:
    return None


def _function(part: exp.Expr, database: str, place: str) -> str | None:
    name = str(part.this)
    if name.lower() in _FUNCTIONS[database]:
        return None
    return must_not_stand(_("the function {name}", name=name[:40].lower()), place)


def _decides(part: exp.Expr, database: str) -> bool:
    """Whether it is a function that only a condition may call."""
    known = _IN_CONDITIONS.get(database, frozenset())
    return isinstance(part, exp.Anonymous) and str(part.this).lower() in known


def _type(part: exp.Expr, database: str, _place: str) -> str | None:
    known = part.this in _TYPES or (
        part.this == exp.DataType.Type.UUID and database == "postgresql"
    )
    if known and not part.args.get("kind"):
        return None
    return _("a CAST is to a number, a text, a date or a time")


def _identifier(part: exp.Expr, _database: str, _place: str) -> str | None:
    if _NAME.fullmatch(part.name):
        return None
    return _("a name holds letters, digits, _, $ and blanks; make a view with such names")


def _literal(part: exp.Expr, _database: str, _place: str) -> str | None:
    if part.args.get("is_string") or _NUMBER.fullmatch(part.name):
        return None
    return _("a number has digits only")


def _placeholder(part: exp.Expr, _database: str, _place: str) -> str | None:
    if isinstance(part.this, str) and _PARAMETER.fullmatch(part.this):
        return None
    return _("a parameter is written :name")


def _word(part: exp.Expr, _database: str, _place: str) -> str | None:
    if part.name.upper() in _UNITS:
        return None
    return _("a unit of time is year, month, week, day, hour, minute or second")


def _table(part: exp.Expr, _database: str, _place: str) -> str | None:
    given = {name for name, value in part.args.items() if value}
    if isinstance(part.this, exp.Identifier) and given <= {"this", "db", "alias", "joins"}:
        return None
    return _("FROM and JOIN name tables, written TABLE or SCHEMA.TABLE")


def _at_time_zone(_part: exp.Expr, database: str, place: str) -> str | None:
    if database == "postgresql":
        return None
    return _("AT TIME ZONE must not stand in {place}, only PostgreSQL knows it", place=place)


def _column(part: exp.Expr, _database: str, _place: str) -> str | None:
    if isinstance(part.this, exp.Identifier) and not part.args.get("db"):
        return None
    if isinstance(part.this, exp.Star):
        return None
    return _("a column is written COLUMN or TABLE.COLUMN")


_REFUSALS: dict[type[exp.Expr], Callable[[exp.Expr, str, str], str | None]] = {
    exp.Anonymous: _function,
    exp.AtTimeZone: _at_time_zone,
    exp.DataType: _type,
    exp.Identifier: _identifier,
    exp.Literal: _literal,
    exp.Placeholder: _placeholder,
    exp.Var: _word,
    exp.Table: _table,
    exp.Column: _column,
}


def lift_texts(tree: exp.Expr, database: str) -> dict[str, str]:
    """Put a parameter in place of each text of the tree; gives the texts by parameter.

    Equal texts share a parameter, so that GROUP BY still finds the expressions of SELECT.
    """
    names: dict[str, str] = {}
    given = {part.name for part in tree.find_all(exp.Placeholder)}
    free = (name for name in (f"text_{number}" for number in count()) if name not in given)

    def parameter(text: str) -> exp.Placeholder:
        if text not in names:
            names[text] = next(free)
        return exp.Placeholder(this=names[text])

    for period in list(tree.find_all(exp.Interval)):
        if database == "postgresql" and isinstance(period.this, exp.Literal):
            unit = period.args.get("unit")
            text = f"{period.this.name} {unit.name}" if unit else period.this.name
            if not _PERIOD.fullmatch(text):
                raise SelectionError(_("an INTERVAL is a number and a unit, as in '2 years'"))
            period.replace(exp.Cast(this=parameter(text), to=exp.DataType.build("interval")))
    for literal in list(tree.find_all(exp.Literal)):
        if literal.args.get("is_string"):
            literal.replace(parameter(literal.name))
    return {name: text for text, name in names.items()}


def written(tree: exp.Expr, database: str, what: str) -> str:
    """The statement of a checked tree whose texts were lifted.

    Raises:
        SourceError: the database has no words for it.
    """
    try:
        sql = tree.sql(
            dialect=_LANGUAGES[database],
            identify=True,
            comments=False,
            unsupported_level=ErrorLevel.RAISE,
        )
    except (SqlglotError, RecursionError):
        raise refused(what, _("cannot be written for this database")) from None
    if not _WRITTEN.fullmatch(sql) or _COMMENT.search(sql):
        raise refused(what, _("cannot be written without texts or comments"))
    return sql


def written_with_texts(tree: exp.Expr, database: str, what: str) -> str:
    """A checked expression as the database gets it, with its texts, names quoted as they were.

    Raises:
        SourceError: a text holds a backslash, which servers read in two ways.
    """
    for literal in tree.find_all(exp.Literal):
        if "\\" in literal.name:
            raise refused(what, _("a text holds a backslash"), _("put it into a view"))
    return str(tree.sql(dialect=_LANGUAGES[database], comments=False))


def language(database: str) -> type[Dialect]:
    """What sqlglot's optimizer takes as the dialect."""
    return _LANGUAGES[database]


def _spoken(part: exp.Expr) -> str:
    name = type(part).__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).upper()


def _line(error: SqlglotError) -> int | None:
    errors = getattr(error, "errors", None) or [{}]
    line: int | None = errors[0].get("line")
    return line
