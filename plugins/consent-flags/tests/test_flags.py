"""ja, nein and unknown, for each kind and purpose, against a table written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost import Abstain, Allow, ConsentQuestion, Deny
from serienpost_consent_flags.check import FlagsCheck

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context, Verdict


def ask(
    context: Context, consenting: str, kind: str, purpose: str, person: str = "patient:9"
) -> Verdict:
    question = ConsentQuestion(person, consenting, kind, purpose, "lena@example.org")
    (verdict,) = FlagsCheck().check(context, [question])
    return verdict


@pytest.mark.parametrize(
    ("consenting", "kind", "purpose", "expected"),
    [
        ("patient:1", "email", "appointment", "patient:1 kontakt_email=ja"),
        ("patient:1", "sms", "recall", "patient:1 kontakt_sms=ja"),
        ("patient:1", "letter", "recall", "patient:1 kontakt_brief=ja"),
        ("patient:5", "email", "recall", "patient:5 kontakt_email=ja"),
        ("interessent:1", "sms", "appointment", "interessent:1 kontakt_sms=ja"),
        ("patient:4", "letter", "appointment", "patient:4 kontakt_brief=ja"),
        ("patient:1", "email", "survey", "abstain"),
        ("patient:1", "letter", "marketing", "abstain"),
        ("patient:1", "email", "birthday", "abstain"),
        ("patient:1", "fax", "appointment", "abstain"),
        ("patient:2", "fax", "appointment", "abstain"),
        ("patient:99", "email", "appointment", "abstain"),
        ("interessent:2", "email", "appointment", "abstain"),
        ("fremd:1", "email", "appointment", "abstain"),
        ("patient:2", "email", "appointment", "flag_no"),
        ("patient:2", "sms", "survey", "flag_no"),
        ("patient:2", "letter", "marketing", "flag_no"),
        ("patient:5", "sms", "recall", "flag_no"),
        ("interessent:1", "email", "appointment", "flag_no"),
        ("patient:3", "email", "appointment", "flag_unknown"),
        ("patient:3", "sms", "survey", "flag_unknown"),
        ("patient:3", "letter", "appointment", "flag_unknown"),
        ("patient:4", "sms", "appointment", "flag_unknown"),
        ("interessent:1", "letter", "marketing", "flag_unknown"),
    ],
)
def test_verdicts(
    context: Context, consenting: str, kind: str, purpose: str, expected: str
) -> None:
    verdict = ask(context, consenting, kind, purpose)
    if expected == "abstain":
        assert verdict == Abstain()
    elif expected.startswith("flag_"):
        assert isinstance(verdict, Deny)
        assert verdict.code == expected
        assert not verdict.overridable
    else:
        assert verdict == Allow(expected)


def test_the_flag_of_the_person_does_not_count_for_a_minor(context: Context) -> None:
    verdict = ask(context, "patient:2", "email", "appointment", person="patient:1")
    assert isinstance(verdict, Deny)
    assert ask(context, "patient:1", "email", "appointment", person="patient:2") == Allow(
        "patient:1 kontakt_email=ja"
    )


def test_reasons_name_the_kind(context: Context) -> None:
    for kind, label in (("email", "e-mail"), ("sms", "SMS"), ("letter", "letter")):
        verdict = ask(context, "patient:2", kind, "appointment")
        assert isinstance(verdict, Deny)
        assert label in verdict.reason
        assert label in verdict.remedy


def test_no_database_is_asked_without_need(context: Context, database: Path) -> None:
    database.unlink()
    assert ask(context, "patient:1", "fax", "appointment") == Abstain()
