"""The contracts of the source and of the check, for people of a file and of the practice."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from serienpost import ConsentQuestion
from serienpost_source_table.check import ColumnCheck, remember
from serienpost_source_table.files import row_id
from serienpost_source_table.selection import TableSelection
from serienpost_source_table.source import TableSource
from serienpost_testkit.suites import ConsentCheckSuite, SourceSuite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import ConsentCheck, Context, Source

COLUMNS = {"Vorname": "vorname", "Name": "nachname", "Mail": "email"}
LINES = ["id;Vorname;Name;Mail;Ja"]
LINES += [f";Vorkanarie{n};Kanarie{n};kanarie{n}@example.org;ja" for n in range(1, 5)]
CONTENT = "\n".join(LINES).encode()
DIGEST = sha256(CONTENT).hexdigest()


class TestTable(SourceSuite):
    @pytest.fixture
    def source(self) -> Source:
        return TableSource()

    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"file": "liste.csv", "columns": COLUMNS}

    @pytest.fixture
    def context(self, context: Context, practice_folder: Path) -> Context:
        (practice_folder / "liste.csv").write_text("\n".join(LINES), "utf-8")
        return context


class TestPeopleOfThePractice(TestTable):
    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"file": "ids.csv"}

    @pytest.fixture
    def context(self, context: Context, practice_folder: Path, add: Callable[..., None]) -> Context:
        ids = [f"patient:{number};x" for number in (3, 1, 2)]
        (practice_folder / "ids.csv").write_text("\n".join(["id;state", *ids, "1;x"]), "utf-8")
        for number in range(1, 4):
            add("patient", id=number, nachname=f"Kanarie{number}")
        return context


class TestColumn(ConsentCheckSuite):
    questions = tuple(
        ConsentQuestion(person, person, "email", "event", "kanarie1@example.org")
        for person in (row_id(DIGEST, 2), row_id(DIGEST, 3), "patient:1", "table:unbekannt-2")
    )

    @pytest.fixture
    def consent_check(self) -> ConsentCheck:
        return ColumnCheck()

    @pytest.fixture
    def context(self, context: Context, practice_folder: Path) -> Context:
        (practice_folder / "liste.csv").write_bytes(CONTENT)
        selected = TableSelection.model_validate(
            {"file": "liste.csv", "columns": COLUMNS, "consent_column": "Ja"}
        )
        remember(context, selected)
        return context
