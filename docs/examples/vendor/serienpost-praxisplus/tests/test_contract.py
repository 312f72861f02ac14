"""The contracts that consent checks and secret stores keep."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from serienpost_praxisplus.check import SignatureCheck
from serienpost_praxisplus.store import PraxisPlusStore

from serienpost import ConsentQuestion, open_practice
from serienpost_testkit.suites import ConsentCheckSuite, SecretStoreSuite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context

VENDOR = Path(__file__).parents[2]


def question(number: int, kind: str = "email", purpose: str = "information") -> ConsentQuestion:
    person = f"patient:{number}"
    return ConsentQuestion(person, person, kind, purpose, f"null-{number}@example.org")


class TestSignatureCheck(ConsentCheckSuite):
    questions = (
        question(1),
        question(2),
        question(3),
        question(3, "sms"),
        question(4),
        question(1, purpose="marketing"),
        ConsentQuestion("patient:9", "patient:1", "email", "recall", "ada.muster@example.org"),
    )

    @pytest.fixture
    def consent_check(self) -> SignatureCheck:
        return SignatureCheck()

    @pytest.fixture
    def context(self, practice_folder: Path) -> Iterator[Context]:
        with closing(sqlite3.connect(practice_folder / "praxisplus.db")) as database:
            database.executescript((VENDOR / "praxisplus.sql").read_text(encoding="utf-8"))
        (practice_folder / "schema.yaml").write_text((VENDOR / "schema.yaml").read_text())
        (practice_folder / "serienpost.yaml").write_text(
            "practice: {name: Praxis}\n"
            "plugins: [serienpost-practice-db, serienpost-praxisplus]\n"
            "database: sqlite:///praxisplus.db\n"
            "schema: schema.yaml\n"
        )
        with open_practice(practice_folder, actor="os:test") as practice:
            yield practice.context


class TestPraxisPlusStore(SecretStoreSuite):
    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PraxisPlusStore:
        file = tmp_path / "secrets.json"
        file.touch(mode=0o600)
        given = {"MAIL_PASSWORD": "geheim-1", "SMS_PASSWORD": "geheim-2"}
        file.write_text(json.dumps({"sonnenschein": given, "nord": {"OTHER": "geheim-3"}}))
        monkeypatch.setenv("PRAXISPLUS_SECRETS", str(file))
        return PraxisPlusStore()

    @pytest.fixture
    def secrets(self) -> dict[str, str]:
        return {"MAIL_PASSWORD": "geheim-1", "SMS_PASSWORD": "geheim-2"}
