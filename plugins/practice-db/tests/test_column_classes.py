"""Which class a field has by what its expression reads, in the languages of all databases."""

from __future__ import annotations

import pytest

from serienpost_practice_db.column_classes import traced
from serienpost_practice_db.mapping import DATABASES
from serienpost_practice_db.schema_model import SchemaModel

# Reads the protected column `job`, or everything of a table, as a vendor may try to hide it.
HIDDEN = {
    "names of their own": "(SELECT x.c FROM person AS x(a, b, c) WHERE x.a = person.pid)",
    "of a query": "(SELECT x.c FROM (SELECT 1 AS z) AS x(c))",
    "further out": "(SELECT job FROM doctor WHERE did = 1)",
    "further out, in a condition": "(SELECT max(did) FROM doctor WHERE job = 'x')",
    "further out by two": "(SELECT 1 FROM doctor WHERE EXISTS"
    " (SELECT 1 FROM visit WHERE job = 'x'))",
    "a query called like the table": "CASE WHEN EXISTS (SELECT 1 FROM (SELECT 1 AS z) person)"
    " THEN person.job END",
    "a query called like an alias": "(SELECT p.job FROM person p WHERE EXISTS"
    " (SELECT 1 FROM (SELECT 1 AS z) p))",
    "a star behind EXISTS": "CASE WHEN EXISTS (SELECT 1 FROM (SELECT * FROM person) q"
    " WHERE q.job = 'x') THEN 'x' END",
    "a star of a table behind EXISTS": "CASE WHEN EXISTS (SELECT 1 FROM"
    " (SELECT p.* FROM person p) q WHERE q.job = 'x') THEN 'x' END",
    "stars that are compared": "CASE WHEN EXISTS (SELECT * FROM person EXCEPT SELECT * FROM old)"
    " THEN 'x' END",
    "USING": "(SELECT count(*) FROM person JOIN old USING (job))",
    "NATURAL": "(SELECT count(*) FROM person NATURAL JOIN old)",
}
HARMLESS = {
    "its own column": "upper(last)",
    "a mapped column of another table": "(SELECT d.last FROM doctor d WHERE d.did = person.did)",
    "rows that are counted": "CASE WHEN EXISTS (SELECT * FROM visit v WHERE v.pid = person.pid)"
    " THEN 'ja' END",
}


def tried(expression: str, database: str) -> tuple[bool, list[str]]:
    """Whether the field may leave, and what is wrong with the schema."""
    patient = {"nachname": "last", "nummer": "pid", "beruf": "job", "behandler_id": "did"}
    info = {"expression": expression, "class": "identity", "because": "harmless"}
    model = SchemaModel.model_validate(
        {
            "patient": {"table": "person", "id": "pid", "fields": {**patient, "info": info}},
            "behandler": {"table": "doctor", "id": "did", "fields": {"nachname": "last"}},
        }
    )
    found = traced(model.mapping(), database)
    return found.schema.may_leave("info"), [problem.message for _, problem in found.problems]


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("form", HIDDEN)
def test_what_an_expression_reads_cannot_be_hidden(form: str, database: str) -> None:
    leaves, _ = tried(HIDDEN[form], database)
    assert not leaves


@pytest.mark.parametrize("form", HARMLESS)
def test_what_tells_nothing_may_leave(form: str) -> None:
    assert tried(HARMLESS[form], "postgresql") == (True, [])
