"""Written consents against a table of verdicts written by hand; today is 2026-03-02."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost import Allow, ConsentQuestion, Deny, SourceError
from serienpost_consent_register.check import RegisterCheck
from serienpost_consent_register.settings import RegisterSettings
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context, Verdict
    from serienpost_testkit.contexts import MakeContext

TODAY = date(2026, 3, 2)
Entry = tuple[str | None, str | None, str | None, dict[str, object]]


def entry(
    kind: str | None = "email",
    purpose: str | None = "marketing",
    given: str | None = "2025-01-01",
    **more: object,
) -> Entry:
    return kind, purpose, given, more


def ask(
    context: Context,
    kind: str = "email",
    purpose: str = "marketing",
    address: str = "ada@example.org",
    consenting: str = "patient:1",
    person: str = "patient:1",
) -> Verdict:
    question = ConsentQuestion(person, consenting, kind, purpose, address)
    (verdict,) = RegisterCheck(lambda _: TODAY).check(context, [question])
    return verdict


def said(verdict: Verdict) -> str:
    if isinstance(verdict, Deny):
        return verdict.code
    return verdict.evidence if isinstance(verdict, Allow) else "abstain"


ALLOWED = "patient:1 einwilligung:1 erteilt_am=2025-01-01"
SECOND = "patient:1 einwilligung:2 erteilt_am=2025-08-01"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], "abstain"),
        ([entry("sms"), entry("letter")], "abstain"),
        ([entry(None)], "abstain"),
        ([entry()], ALLOWED),
        ([entry("EMail".lower(), "alle")], ALLOWED),
        ([entry(" Email ", " Marketing ")], ALLOWED),
        ([entry(purpose="*")], ALLOWED),
        ([entry(purpose="recall")], "other_purpose"),
        ([entry(purpose="")], "other_purpose"),
        ([entry(purpose=None)], "other_purpose"),
        ([entry(given="2026-03-02")], "patient:1 einwilligung:1 erteilt_am=2026-03-02"),
        ([entry(given="2025-01-01 10:30:00")], ALLOWED),
        ([entry(given="2026-03-03")], "not_yet_valid"),
        ([entry(given=None)], "not_yet_valid"),
        ([entry(given="gestern")], "not_yet_valid"),
        ([entry(widerrufen_am="2025-06-01")], "withdrawn"),
        ([entry(widerrufen_am="2025-01-01")], "withdrawn"),
        ([entry(widerrufen_am="2026-03-02")], "withdrawn"),
        ([entry(widerrufen_am="2027-01-01")], "withdrawn"),
        ([entry(widerrufen_am="ja")], "withdrawn"),
        ([entry(widerrufen_am="")], ALLOWED),
        ([entry(purpose="recall", widerrufen_am="2025-06-01")], "other_purpose"),
        ([entry(widerrufen_am="2025-06-01"), entry(given="2025-08-01")], SECOND),
        ([entry(widerrufen_am="2025-08-01"), entry(given="2025-08-01")], "withdrawn"),
        ([entry(widerrufen_am="2025-09-01"), entry(given="2025-08-01")], "withdrawn"),
        ([entry(widerrufen_am="ja"), entry(given="2025-08-01")], "withdrawn"),
        ([entry(widerrufen_am="2025-06-01"), entry(given=None)], "withdrawn"),
        ([entry(widerrufen_am="2025-06-01"), entry(given="2026-09-01")], "not_yet_valid"),
        ([entry(purpose="alle", widerrufen_am="2025-06-01"), entry(given="2025-02-01")],
         "withdrawn"),
        ([entry(purpose="alle"), entry(given="2024-01-01", widerrufen_am="2025-02-01")],
         "withdrawn"),
        ([entry(purpose="alle"), entry(purpose="recall", widerrufen_am="2025-02-01")], ALLOWED),
        ([entry(adresse="alt@example.org", widerrufen_am="2025-02-01"),
          entry(given="2024-08-01", adresse="ada@example.org")], "withdrawn"),
        ([entry(adresse="ada@example.org")], ALLOWED),
        ([entry(adresse=" ada@EXAMPLE.org ")], ALLOWED),
        ([entry(adresse="")], ALLOWED),
        ([entry(adresse="alt@example.org")], "other_address"),
        ([entry(adresse="keine Adresse @")], "other_address"),
        ([entry(adresse="alt@example.org"), entry(given="2025-08-01")], SECOND),
        ([entry(), entry(given="2025-08-01", adresse="alt@example.org")], ALLOWED),
        ([entry(), entry(given="2025-08-01")], SECOND),
        ([entry(wortlaut="2025-1")], f"{ALLOWED} wortlaut=2025-1"),
        ([entry(wortlaut="Ich möchte Post.", dokument=None)], f"{ALLOWED} dokument=nein"),
    ],
)  # fmt: skip
def test_verdicts(
    sign: Callable[..., None], context: Context, entries: list[Entry], expected: str
) -> None:
    for kind, purpose, given, more in entries:
        sign("patient:1", kind, purpose, given, **more)
    verdict = ask(context)
    assert said(verdict) == expected
    if isinstance(verdict, Deny):
        assert verdict.overridable is (verdict.code != "withdrawn")


@pytest.mark.parametrize(
    ("kind", "written", "address", "fits"),
    [
        ("sms", "0171 39200-12", "+491713920012", True),
        ("sms", "0171 3920013", "+491713920012", False),
        ("letter", "Lindenallee 5, 01067 Dresden", "Lindenallee 5\n01067 Dresden", True),
        ("letter", "Lindenallee 7, 01067 Dresden", "Lindenallee 5\n01067 Dresden", False),
        ("fax", "0351 1", "0351  1", True),
        ("fax", "0351 1", "0351 2", False),
    ],
)
def test_addresses_are_compared_as_their_kind_reads_them(
    sign: Callable[..., None], context: Context, kind: str, written: str, address: str, fits: bool
) -> None:
    sign("patient:1", kind, "marketing", "2025-01-01", adresse=written)
    verdict = ask(context, kind=kind, address=address)
    assert said(verdict) == (ALLOWED if fits else "other_address")


def test_the_consent_of_the_representative_counts(
    sign: Callable[..., None], context: Context
) -> None:
    sign("patient:1", "email", "marketing", "2025-01-01")
    assert said(ask(context, person="patient:2")) == ALLOWED
    assert said(ask(context, consenting="patient:2")) == "abstain"
    assert said(ask(context, consenting="interessent:1")) == "abstain"


def test_denials_name_record_and_day(sign: Callable[..., None], context: Context) -> None:
    sign("patient:1", "email", "marketing", "2024-01-01", widerrufen_am="2025-06-01")
    verdict = ask(context)
    assert isinstance(verdict, Deny)
    assert "einwilligung:1" in verdict.reason
    assert "1 Jun 2025" in verdict.reason


def test_only_named_wordings_count(
    sign: Callable[..., None], database: Path, make_context: MakeContext
) -> None:
    context = make_context(
        claimed={
            "database": DatabaseUrl(f"sqlite:///{database.name}"),
            "consent_register": RegisterSettings(wordings={"marketing": ["2025-1"]}),
        }
    )
    sign("patient:1", "email", "marketing", "2025-01-01", wortlaut="2023-1")
    sign("patient:1", "email", "recall", "2025-01-01", wortlaut="2023-1")
    assert said(ask(context)) == "other_wording"
    assert said(ask(context, purpose="recall")).startswith("patient:1 einwilligung:2")
    sign("patient:1", "email", "marketing", "2024-01-01", wortlaut="2025-1")
    assert said(ask(context)) == "patient:1 einwilligung:3 erteilt_am=2024-01-01 wortlaut=2025-1"


def test_a_vendors_table_is_mapped(
    database: Path, practice_folder: Path, make_context: MakeContext
) -> None:
    import sqlite3

    with sqlite3.connect(database) as connection:
        connection.executescript(
            "create table consents(no text primary key, pat integer, medium text, why text,"
            " signed text, revoked text);"
            "insert into consents values ('C7', 1, 'M', 'W', '2025-01-01', null)"
        )
    connection.close()
    (practice_folder / "schema.yaml").write_text("""
einwilligung:
  table: consents
  id: "no"
  key_type: text
  fields:
    person_typ: {expression: "'patient'"}
    person_id: {column: pat, type: integer}
    kontaktart: {column: medium, values: {"M": email}}
    zweck: {column: why, values: {"W": marketing}}
    erteilt_am: signed
    widerrufen_am: revoked
""")
    context = make_context(
        claimed={
            "database": DatabaseUrl(f"sqlite:///{database.name}"),
            "schema": SchemaFile("schema.yaml"),
        }
    )
    assert said(ask(context)) == "patient:1 einwilligung:C7 erteilt_am=2025-01-01 dokument=nein"


def test_a_register_without_withdrawals_is_refused(
    database: Path, practice_folder: Path, make_context: MakeContext
) -> None:
    (practice_folder / "schema.yaml").write_text(
        "einwilligung: {table: einwilligung, fields: {person_typ: person_typ,"
        " person_id: {column: person_id, type: integer}, kontaktart: kontaktart,"
        " zweck: zweck, erteilt_am: erteilt_am}}"
    )
    context = make_context(
        claimed={
            "database": DatabaseUrl(f"sqlite:///{database.name}"),
            "schema": SchemaFile("schema.yaml"),
        }
    )
    with pytest.raises(SourceError, match="widerrufen_am"):
        ask(context)


def test_a_missing_table_is_an_error_and_no_abstention(database: Path, context: Context) -> None:
    import sqlite3

    with sqlite3.connect(database) as connection:
        connection.execute("drop table einwilligung")
    connection.close()
    with pytest.raises(SourceError, match="einwilligung"):
        ask(context)
