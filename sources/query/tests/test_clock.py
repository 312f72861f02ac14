"""A query that asks the database's clock counts from the day, however it asks."""

from __future__ import annotations

import pytest

from serienpost_practice_db.restricted_sql import read_one
from serienpost_source_query.clock import asks_clock

QUERY = "SELECT id FROM patient WHERE {}"
PARAMETERS = {"heute": " Now ", "tag": "2026-11-29", "muster": "%m-%d"}


@pytest.mark.parametrize(
    ("database", "condition"),
    [
        ("sqlite", "geburtsdatum = CURRENT_DATE"),
        ("sqlite", "substr(geburtsdatum, 6) = strftime('%m-%d', 'now')"),
        ("sqlite", "substr(geburtsdatum, 6) = strftime('%m-%d', 'now', 'localtime')"),
        ("sqlite", "substr(geburtsdatum, 6) = strftime('%m-%d')"),
        ("sqlite", "geburtsdatum > DATE()"),
        ("sqlite", "geburtsdatum > date(:heute)"),
        ("sqlite", "geburtsdatum > date('n' || 'ow')"),
        ("sqlite", "julianday('now') - julianday(geburtsdatum) > 9000"),
        ("sqlite", "geburtsdatum < datetime('NOW', '-18 years')"),
        ("sqlite", "id IN (SELECT id FROM patient WHERE geburtsdatum = current_timestamp)"),
        ("postgresql", "geburtsdatum = 'today'::date"),
        ("postgresql", "geburtsdatum < now() - interval '18' year"),
        ("postgresql", "age(geburtsdatum) > interval '18' year"),
        ("postgresql", "geburtsdatum = date 'Tomorrow'"),
        ("postgresql", "geburtsdatum < localtimestamp"),
        ("mariadb", "geburtsdatum = curdate()"),
        ("mysql", "timestampdiff(YEAR, geburtsdatum, NOW()) > 17"),
    ],
)
def test_it_counts_from_the_day(database: str, condition: str) -> None:
    tree = read_one(QUERY.format(condition), database, "query")
    assert asks_clock(tree, PARAMETERS)


@pytest.mark.parametrize(
    ("database", "condition"),
    [
        ("sqlite", "geburtsdatum < :tag"),
        ("sqlite", "date(geburtsdatum) < date(:tag, '-18 years')"),
        ("sqlite", "strftime('%m', geburtsdatum) = '11'"),
        ("sqlite", "strftime(:muster, geburtsdatum) = '11-29'"),
        ("sqlite", "julianday('2026-11-29') - julianday(geburtsdatum) > 9000"),
        ("postgresql", "age(date '2026-11-29', geburtsdatum) > interval '18' year"),
        ("mariadb", "date(geburtsdatum) < '2008-11-29'"),
    ],
)
def test_it_is_the_same_on_every_day(database: str, condition: str) -> None:
    tree = read_one(QUERY.format(condition), database, "query")
    assert not asks_clock(tree, PARAMETERS)
