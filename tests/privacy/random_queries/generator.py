# ruff: noqa: E501  # a query stands in one line
"""Random SELECTs over the demo schema that try to carry a value out by every way SQL has.

Half of what they are made of is what a query may use, so that many of them run; the other half is
what databases do beside: comments they execute, rows as values, functions that read by name,
errors that quote, views and tables whose columns are called like harmless fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from random import Random

# Table -> its columns; `harmlos` is a view and `notiz` an unmapped table over diagnoses.
TABLES = {
    "patient": "id nachname vorname ort beruf versicherungsnummer krankenkasse geburtsdatum",
    "interessent": "id nachname anliegen quelle status",
    "termin": "id patient_id beginn terminart raum status dauer",
    "behandlung": "id patient_id datum anamnese diagnose therapie behandlung",
    "einwilligung": "id person_id wortlaut dokument",
    "systemkuerzel": "kuerzel wert",
    "harmlos": "id patient_id nachname termin_raum termin_beginn",
    "notiz": "id patient_id nachname vorname termin_raum",
}
COLUMNS = {table: tuple(names.split()) for table, names in TABLES.items()}
# Those of a treatment that must not leave.
SECRET = ("anamnese", "diagnose", "therapie", "behandlung")
PERSONS = ("patient", "interessent", "appointment")

_COMMON = ("lower", "upper", "trim", "length", "coalesce", "nullif", "abs", "max", "min", "count")
_OF = {
    "sqlite": (*_COMMON, "date", "strftime", "ifnull", "hex", "quote", "printf", "group_concat",
               "json_object", "json_array", "json_extract", "json", "load_extension", "unicode",
               "typeof", "zeroblob", "randomblob", "instr", "substr", "replace", "likely"),
    "postgresql": (*_COMMON, "to_char", "md5", "row_to_json", "to_json", "to_jsonb", "string_agg",
                   "array_agg", "json_agg", "xmlforest", "concat", "format", "query_to_xml",
                   "table_to_xml", "pg_read_file", "current_setting", "set_config", "quote_ident",
                   "to_regclass", "encode", "pg_sleep", "pg_notify", "split_part", "left"),
    "mysql": (*_COMMON, "concat", "left", "date_format", "hex", "extractvalue", "updatexml",
              "json_object", "json_arrayagg", "group_concat", "load_file", "sleep", "benchmark",
              "uuid", "exp", "st_geomfromtext", "elt", "make_set", "export_set", "convert"),
}  # fmt: skip


@dataclass
class Generator:
    """Writes queries for one database; the same seed gives the same queries."""

    random: Random
    database: str

    def selection(self) -> dict[str, object]:
        """A `select:` map."""
        query = self.query()
        selected: dict[str, object] = {"query": query, "person": self.random.choice(PERSONS)}
        if ":wert" in query:
            selected["parameters"] = {"wert": self.random.choice(["F32.1", 3, 2.5, True, "';--"])}
        return selected

    def query(self) -> str:
        """One query, most of them with one or two tricks."""
        query = self._built() if self.random.random() < 0.4 else self._select(3)
        for _ in range(self.random.choice((0, 0, 1, 1, 2))):
            query = self._tricked(query)
        return query

    # What sqlglot's builders give.

    def _built(self) -> str:
        table = self._table()
        column = exp.column
        made = exp.select(exp.alias_(self._id_tree(table), "id")).from_(table)
        for _ in range(self.random.randrange(3)):
            name = self.random.choice(COLUMNS[table])
            made = made.where(
                self.random.choice(
                    (
                        column(name, table).is_(exp.null()).not_(),
                        column(name, table) > exp.Literal.string("a"),
                        column(name, table).like("%a%"),
                        column(name, table).isin("x", "y").not_(),
                        column(name, table).between("0", "z"),
                    )
                )
            )
        if self.random.random() < 0.3:
            other = self._table()
            test = exp.column("id", "o").eq(exp.column(self._key(table), table))
            made = made.join(exp.to_table(other).as_("o"), on=test, join_type="left")
        if self.random.random() < 0.2:
            made = made.group_by(column(self._key(table), table))
        if self.random.random() < 0.2:
            made = made.limit(self.random.randrange(1, 9))
        built: exp.Query = made
        if self.random.random() < 0.3:
            other = self._table()
            second = exp.select(exp.alias_(self._id_tree(other), "id")).from_(other)
            built = self.random.choice((exp.union, exp.except_, exp.intersect))(made, second)
        if self.random.random() < 0.2:
            built = exp.select("id").from_("q").with_("q", as_=built)
        if self.random.random() < 0.2:
            built = exp.select("q.id").from_(built.subquery("q"))
        dialect = {"postgresql": "postgres"}.get(self.database, self.database)
        return built.sql(dialect=dialect)

    def _id_tree(self, table: str) -> exp.Expr:
        key = exp.column(self._key(table), table)
        secret = exp.column(self.random.choice(COLUMNS[table]), table)
        return self.random.choice(
            (
                key, key, key, secret,
                exp.func("coalesce", secret, key),
                exp.case().when(secret.copy().is_(exp.null()), key).else_(key.copy()),
                exp.cast(secret, "text"),
                exp.func("max", secret),
                exp.null(), exp.Literal.number(3), exp.Literal.string("F32.1"),
            )
        )  # fmt: skip

    # What a person types.

    def _select(self, depth: int) -> str:
        table = self._table()
        alias = self.random.choice(("x", "b", table, "patient", "id"))
        named = f"{table} {alias}" if alias != table else table
        if self.random.random() < 0.08:
            named = f"{table} AS {alias}({', '.join(self._names(table))})"
        query = f"SELECT {self._id(table, alias, depth)} AS id{self._further(table, alias, depth)}"
        query += f" FROM {named}{self._joined(alias, depth)}"
        if self.random.random() < 0.6:
            query += f" WHERE {self._test(table, alias, depth)}"
        if self.random.random() < 0.15:
            query += f" GROUP BY {alias}.{self._key(table)}"
            query += f" HAVING {self._test(table, alias, 1)}" if self.random.random() < 0.4 else ""
        if self.random.random() < 0.15:
            query += f" ORDER BY {self._value(table, alias, 1)}"
        if self.random.random() < 0.1:
            query += f" LIMIT {self.random.randrange(5)}"
        if depth and self.random.random() < 0.2:
            word = self.random.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT"))
            query += f" {word} {self._select(depth - 2)}" if depth > 1 else ""
        if depth > 1 and self.random.random() < 0.15:
            recursive = self.random.choice(("", "RECURSIVE "))
            head = self.random.choice(("q", "q(id)", "termin", "behandlung(id)"))
            query = f"WITH {recursive}{head} AS ({query}) SELECT id FROM {head.partition('(')[0]}"
        return query

    def _id(self, table: str, alias: str, depth: int) -> str:
        key = f"{alias}.{self._key(table)}"
        if self.random.random() < 0.6:
            return key
        return self.random.choice(
            (
                self._value(table, alias, depth),
                f"{key} + 0", f"-{key}", f"{key} || ''", f"NULLIF({key}, 2)", "NULL", "'17'", "1.0",
                f"CASE WHEN {self._test(table, alias, 1)} THEN {key} ELSE {key} END",
                f"(SELECT {self._value(table, alias, 1)})",
            )
        )  # fmt: skip

    def _further(self, table: str, alias: str, depth: int) -> str:
        if self.random.random() < 0.8:
            return ""
        name = self.random.choice(("nachname", "termin_beginn", "vorname", "info", "id"))
        return f", {self._value(table, alias, depth)} AS {name}"

    def _joined(self, alias: str, depth: int) -> str:
        if self.random.random() < 0.7 or depth < 1:
            return ""
        other = self._table()
        inner = other if self.random.random() < 0.6 else f"({self._select(depth - 2)})"
        how = self.random.choice((" JOIN", " LEFT JOIN", " CROSS JOIN", ","))
        found = f"{how} {inner} j"
        if "JOIN" in how and "CROSS" not in how:
            secret = self.random.choice(COLUMNS[other]) if inner == other else "id"
            found += self.random.choice(
                (
                    f" ON j.{secret} = {alias}.id",
                    f" ON j.{secret} LIKE 'k%'",
                    " USING (id)",
                    " ON 1=1",
                )
            )
        return found

    def _test(self, table: str, alias: str, depth: int) -> str:
        value = self._value(table, alias, depth - 1)
        return self.random.choice(
            (
                f"{value} IS NOT NULL", f"{value} = 'kanari'", f"{value} LIKE 'kanari%'",
                f"{value} IN (SELECT {self._value('behandlung', 'behandlung', 0)} FROM behandlung)",
                f"EXISTS (SELECT 1 FROM behandlung z WHERE z.patient_id = {alias}.id)",
                f"{value} > :wert", f"NOT ({value} = {value})", f"{value} BETWEEN 'a' AND 'z'", "1=1",
                f"{alias}.{self._key(table)} > 0",
            )
        )  # fmt: skip

    def _value(self, table: str, alias: str, depth: int) -> str:
        column = f"{alias}.{self.random.choice(COLUMNS[table])}"
        if depth < 1 or self.random.random() < 0.35:
            return column
        inner = self._value(table, alias, depth - 1)
        function = self.random.choice(_OF[self.database])
        return self.random.choice(
            (
                f"{function}({inner})", f"{function}({inner})", f"{function}({inner}, {column})",
                f"CAST({inner} AS {self.random.choice(self._types())})",
                f"{inner} || {column}", f"concat({inner}, {column})", f"({inner})",
                f"CASE WHEN {inner} LIKE 'k%' THEN {column} ELSE {inner} END",
                f"max({column}) OVER (PARTITION BY {inner})", f"lag({inner}) OVER (ORDER BY {column})",
                f"(SELECT {self._value('behandlung', 'y', depth - 1)} FROM behandlung y LIMIT 1)",
                "(SELECT wert FROM systemkuerzel LIMIT 1)", alias, f"({alias}).diagnose",
            )
        )  # fmt: skip

    # What databases do beside.

    def _tricked(self, query: str) -> str:
        tricks = {"sqlite": self._sqlite, "postgresql": self._postgresql, "mysql": self._mariadb}
        own = tricks[self.database](query)
        comment = self.random.choice(("/* x */", "-- x\n", "/**/", "/*+ x */"))
        general = (
            query.replace(" ", f" {comment} ", 1),
            query.replace("FROM", f"{comment} FROM", 1),
            query + ";", query + "; DELETE FROM patient", f"({query})",
            query.upper() if "'" not in query else query,
            query.replace(" AS id", ' AS "id"', 1), query.replace(" AS id", "", 1),
            query + f" UNION SELECT {self._value('behandlung', 'u', 2)} FROM behandlung u",
            f"SELECT * FROM ({query}) w", f"SELECT w.* FROM ({query}) w",
            f"WITH a AS ({query}) SELECT id FROM a", f"WITH a(id) AS ({query}) SELECT id FROM a",
            f"SELECT id FROM patient WHERE id IN ({query})",
            f"SELECT p.id FROM patient p WHERE p.nachname = ANY ({query})",
            f"SELECT v.id FROM (VALUES (1, 'x'), (2, 'y')) v(id, t) WHERE EXISTS ({query})",
        )  # fmt: skip
        return self.random.choice((*own, *own, *general))

    def _sqlite(self, query: str) -> tuple[str, ...]:
        secret = self._secret()
        return (
            query.replace("behandlung", "main.behandlung"), query.replace("behandlung", "[behandlung]"),
            query.replace("id", '"id"', 1), query.replace("patient", '"patient"'),
            f"SELECT value AS id FROM json_each((SELECT json_group_array({secret}) FROM behandlung))",
            "SELECT cid AS id FROM pragma_table_info('behandlung')", "SELECT sql AS id FROM sqlite_master",
            f'SELECT "{secret}" AS id FROM patient', f"SELECT id FROM patient WHERE json({self._sub()})",
            f"SELECT id FROM patient WHERE id MATCH {self._sub()}", f"SELECT rowid AS id, {secret} FROM behandlung",
            f"SELECT id FROM patient WHERE nachname REGEXP {self._sub()}",
            f"SELECT id FROM patient WHERE abs(-9223372036854775808 + length({self._sub()})) > 0",
            f"SELECT json_extract('[]', {self._sub()}) AS id", f"SELECT strftime({self._sub()}, 'now') AS id",
            f"SELECT load_extension({self._sub()}) AS id", f"SELECT printf('%s', {self._sub()}) AS id",
        )  # fmt: skip

    def _postgresql(self, query: str) -> tuple[str, ...]:
        secret = self._secret()
        return (
            "SELECT b::text AS id FROM behandlung b", f"SELECT (b).{secret} AS id FROM behandlung b",
            f"SELECT id FROM patient WHERE id = (SELECT {secret}::int FROM behandlung LIMIT 1)",
            f"SELECT id FROM patient WHERE ({self._sub()})::regclass IS NOT NULL",
            f"SELECT id FROM patient WHERE ({self._sub()})::regproc IS NOT NULL",
            f"SELECT id FROM patient WHERE ({self._sub()})::date IS NOT NULL",
            f"SELECT CAST({self._sub()} AS integer) AS id", f"SELECT CAST({self._sub()} AS date) AS id",
            "SELECT row_to_json(b)->>'patient_id' AS id FROM behandlung b",
            "SELECT key AS id FROM behandlung b, json_each_text(row_to_json(b))",
            f"SELECT l.x AS id FROM patient p, LATERAL (SELECT {secret} AS x FROM behandlung) l",
            f"SELECT x AS id FROM unnest((SELECT array_agg({secret}) FROM behandlung)) x",
            "SELECT id FROM xmltable('/r' PASSING query_to_xml('select * from behandlung',true,true,'') COLUMNS id text)",
            "SELECT x.q AS id FROM behandlung AS x(p, q, r, s, t, u)", "SELECT b.text AS id FROM behandlung b",
            f"SELECT $${secret}$$ AS id", f"SELECT E'\\x27 || {secret}' AS id", "SELECT U&'\\0027' AS id",
            f"SELECT to_regclass({self._sub()}) AS id", f"SELECT currval({self._sub()}) AS id",
            f"SELECT id FROM patient WHERE nachname ~ {self._sub()}", "TABLE behandlung",
            "SELECT id FROM patient TABLESAMPLE BERNOULLI (100)", query + " FOR UPDATE",
            f"SELECT id FROM patient WHERE to_date({self._sub()}, 'YYYY') IS NOT NULL",
            f"SELECT id FROM patient WHERE make_date(length({self._sub()}), 99, 99) IS NOT NULL",
        )  # fmt: skip

    def _mariadb(self, query: str) -> tuple[str, ...]:
        secret = self._secret()
        return (
            f"{query} /*! UNION SELECT {secret} FROM behandlung */",
            f"{query} /*!50000 UNION SELECT {secret} FROM behandlung */",
            f"SELECT /*M! {secret} AS id FROM behandlung -- */ id FROM patient",
            f"SELECT id /*!, {secret} */ FROM behandlung", f"{query} # x", f"{query} -- x",
            query.replace("'", '"'), query.replace("id", "`id`", 1),
            f"SELECT 'a\\' UNION SELECT {secret} FROM behandlung -- ' AS id",
            f"SELECT extractvalue(1, concat(0x7e, {self._sub()})) AS id",
            f"SELECT updatexml(1, concat(0x7e, {self._sub()}), 1) AS id",
            f"SELECT count(*) AS id FROM behandlung GROUP BY concat({self._sub()}, floor(rand(0) * 2))",
            f"SELECT j.id FROM JSON_TABLE({self._sub()}, '$[*]' COLUMNS (id TEXT PATH '$')) j",
            f"SELECT CAST({self._sub()} AS SIGNED) AS id", f"SELECT {self._sub()} + 0 AS id",
            f"SELECT {self._sub()} REGEXP {self._sub()} AS id", f"SELECT @x := {self._sub()} AS id",
            "SELECT id FROM patient PROCEDURE ANALYSE()", f"SELECT load_file({self._sub()}) AS id",
            f"{query} INTO OUTFILE '/tmp/x'", f"SELECT id FROM patient WHERE nachname LIKE {self._sub()} ESCAPE '!'",
            f"SELECT id FROM patient WHERE nachname RLIKE {self._sub()}", "SELECT @@datadir AS id",
            f"SELECT id FROM patient WHERE str_to_date({self._sub()}, '%Y') > 0", f"VALUES ({self._sub()})",
            f"SELECT concat(id, {secret}) AS id FROM behandlung", f"SELECT concat(patient_id, ' {secret}') AS id FROM behandlung",
        )  # fmt: skip

    def _sub(self) -> str:
        table = self.random.choice(("behandlung", "patient", "systemkuerzel", "harmlos"))
        return f"(SELECT {self.random.choice(COLUMNS[table])} FROM {table} LIMIT 1)"

    def _secret(self) -> str:
        return self.random.choice(SECRET)

    def _types(self) -> tuple[str, ...]:
        return {
            "sqlite": ("TEXT", "INTEGER", "BLOB", "DATE"),
            "postgresql": ("text", "integer", "date", "regclass", "xml", "json", "bytea", "name"),
            "mysql": ("CHAR", "SIGNED", "DATE", "BINARY", "JSON", "DECIMAL"),
        }[self.database]

    def _table(self) -> str:
        return self.random.choice((*COLUMNS, "patient", "termin", "behandlung", "behandlung"))

    def _names(self, table: str) -> list[str]:
        names = list(COLUMNS[table])
        self.random.shuffle(names)
        return names

    def _key(self, table: str) -> str:
        return next(
            name for name in ("patient_id", "person_id", "id", "kuerzel") if name in COLUMNS[table]
        )
