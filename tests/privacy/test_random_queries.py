"""Random SELECTs over a practice full of canaries: a query chooses people and supplies nothing.

Rows must be those of the master data to the letter, and errors made of our own words and those of
the query. The same generator runs by the thousand in `make queries`.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest
from command_line import run_here
from random_queries.databases import secret_of_the_software, write_canaries
from random_queries.generator import Generator
from random_queries.trial import CONFIG, ask, opened

from serienpost_demo.catcher import Catcher
from serienpost_demo.practice import CANARY_COLUMNS, canary

if TYPE_CHECKING:
    from pathlib import Path


SEED = 17
QUERIES = {"sqlite": 300, "postgresql": 250}
WHOLE_RUNS = 12
_CONTACT = {"strasse", "adresszusatz", "postfach", "plz", "ort", "telefon", "mobil", "email"}
_TOKEN = re.compile(rb"kanari[0-9a-f]{12}")
MAILING = """\
source: query
select: {select}
account: mail
purpose: information
once_per: none
subject: Gruß
text: "{{{{Briefanrede}}}} bis bald. {{{{Praxis}}}}"
"""


@pytest.mark.parametrize("database", QUERIES)
def test_no_query_supplies_anything(tmp_path: Path, database: str) -> None:
    with opened(tmp_path, database) as door:
        ask(door, database, SEED, QUERIES[database])
    assert min(door.counts.values()) > 15, door.counts


def test_a_value_beside_the_master_data_is_seen(tmp_path: Path) -> None:
    """The judge of this folder can fail: a row with one other value is none that is known."""
    with opened(tmp_path, "sqlite") as door:
        selection = {"query": "SELECT id FROM patient", "person": "patient"}
        row_id, row = next(iter(door.known["patient"].items()))
        door.known["patient"][row_id] = row._replace(fields={**row.fields, "nachname": "x"})
        with pytest.raises(AssertionError, match="nobody has"):
            door.through(selection)


@pytest.fixture(scope="module")
def secrets() -> set[bytes]:
    """Every canary of class protected and medical, and of the practice software's settings."""
    found = {secret_of_the_software(number).encode() for number in range(5)}
    for table, columns in CANARY_COLUMNS.items():
        for column in set(columns) - _CONTACT:
            found |= {canary(table, column, number).encode() for number in range(400)}
    return found


def test_whole_runs_keep_and_send_nothing_of_it(tmp_path: Path, secrets: set[bytes]) -> None:
    folder = tmp_path / "praxis"
    (folder / "mailings").mkdir(parents=True)
    write_canaries(folder / "praxis.db")
    with closing(sqlite3.connect(folder / "praxis.db")) as db:
        dump = "\n".join(db.iterdump()).encode()
    assert secrets & set(_TOKEN.findall(dump))
    generator = Generator(Random(SEED), "sqlite")
    ended = set()
    with Catcher() as catcher:
        config = CONFIG.format(url="sqlite:///praxis.db", port=catcher.port)
        (folder / "serienpost.yaml").write_text(config, "utf-8")
        for number in range(WHOLE_RUNS):
            select = json.dumps(generator.selection())
            mailing = folder / "mailings" / f"probe{number}.yaml"
            mailing.write_text(MAILING.format(select=select), "utf-8")
            said = [
                run_here(folder, (*args, "--json"), {})
                for args in (("check", mailing.stem), ("run", mailing.stem, "--yes"))
            ]
            ended.add(said[1].code)
            assert said[1].code in (0, 3), said[1].out
            printed = "".join(one.out + one.err for one in said).encode()
            assert not secrets & set(_TOKEN.findall(printed)), select
        shown = run_here(folder, ("runs", "--json"), {})
    assert ended == {0, 3}
    assert catcher.messages
    kept = [shown.out.encode(), *(message.data for message in catcher.messages)]
    kept += [
        file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "praxis.db"
    ]
    for data in kept:
        assert not secrets & set(_TOKEN.findall(data))
