"""One random query through the source, and what may come of it."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pymysql
import sqlglot
from random_queries.databases import DUE
from sqlglot import exp

import serienpost_practice_db
import serienpost_source_query
from serienpost import RowRequest, SerienpostError
from serienpost_practice_db.chosen import Chosen
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.mapping import PERSONS
from serienpost_source_query.source import QuerySource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context, Row

SOURCE = QuerySource()
FIELDS = {
    "patient": frozenset({"nachname", "vorname"}),
    "interessent": frozenset({"nachname", "vorname"}),
    "appointment": frozenset({"nachname", "termin_beginn", "termin_raum"}),
}
_WORD = re.compile(r"\w+")


@cache
def our_words() -> frozenset[str]:
    """Every word that stands in our own code, in sqlglot's messages, in names of errors, and the
    months of dates."""
    optimizer = Path(sqlglot.__file__).parent / "optimizer"
    folders = [Path(m.__path__[0]) for m in (serienpost_practice_db, serienpost_source_query)]
    files = [file for folder in (optimizer, *folders) for file in folder.rglob("*.py")]
    names = [name for module in (exp, psycopg.errors, pymysql.err) for name in dir(module)]
    spoken = [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name) for name in names]
    from babel import Locale

    months = Locale("en_150").months["format"]["abbreviated"].values()
    text = " ".join((*(file.read_text("utf-8") for file in files), *names, *spoken, *months))
    return frozenset(_WORD.findall(text.lower()))


@dataclass
class Door:
    """A practice, and all rows that its people and appointments give without any query."""

    context: Context
    known: dict[str, dict[str, Row]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ENDS, 0))

    def __post_init__(self) -> None:
        """Read what the mapping says of everybody."""
        db = PracticeDb.of(self.context)
        for kind, fields in FIELDS.items():
            request = RowRequest(fields, DUE)
            rows = (
                db.appointments(PERSONS, [], request)
                if kind == "appointment"
                else db.stream(kind, [], request)
            )
            self.known[kind] = {row.id: row for batch in rows for row in batch}
            assert self.known[kind]

    def through(self, selection: dict[str, Any]) -> None:
        """Ask the source, as `check` and `prepare` do; then the statement as it was typed, past
        all that reads it."""
        selected = SOURCE.selection.model_validate({**selection, "seconds": 5})
        request = RowRequest(FIELDS[selected.person], DUE)
        with _listening() as said:
            self._judge(
                selection, SOURCE.rows(self.context, selected, request), said, "selected", "refused"
            )
        if selection["person"] == "appointment" or "parameters" in selection:
            return
        chosen = Chosen(selection["query"].replace(":", "\\:"), seconds=5)
        with _listening() as said:
            rows = PracticeDb.of(self.context).stream(selected.person, [], request, chosen=chosen)
            self._judge(selection, rows, said, "past the door", "refused by the database")

    def _judge(
        self, selection: dict[str, Any], rows: Iterator[Any], said: list[str], good: str, bad: str
    ) -> None:
        known = self.known[selection["person"]]
        try:
            for batch in rows:
                for row in batch:
                    assert row == known.get(row.id), (selection, "a row that nobody has")
        except SerienpostError as error:
            self.counts[bad] += 1
            said += [str(error), *(str(problem) for problem in error.problems)]
        else:
            self.counts[good] += 1
        typed = set(_WORD.findall(str(selection).lower()))
        for word in _WORD.findall(" ".join(said).lower()):
            assert word in typed or word in our_words() or word.isdigit(), (selection, word)


_ENDS = ("selected", "refused", "past the door", "refused by the database")


class _listening:  # noqa: N801  # reads as a verb
    """Collects everything that is logged."""

    def __enter__(self) -> list[str]:
        self.said: list[str] = []
        self.handler = logging.Handler()
        self.handler.emit = lambda record: self.said.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(self.handler)
        return self.said

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self.handler)
