"""The contract of a consent check, executable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from serienpost import Abstain, Allow, ConsentQuestion, Deny
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.sentences import unsayable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import ConsentCheck, Context, Verdict
    from serienpost_testkit.canary import CanaryLog

_STRANGERS = ("patient:999999999", "interessent:999999999", "patient:no-such-key", "fremd:1")
_LARGE = 2500


class ConsentCheckSuite(Suite):
    """Inherit, and supply a fixture and questions.

    - fixture `consent_check`: the check.
    - fixture `context`: a practice that has the evidence (default: an empty made-up practice).
    - `questions`: at least two, with different verdicts, one of which is not `Abstain`.
    """

    questions: Sequence[ConsentQuestion] = ()

    @pytest.fixture
    def subject(self, consent_check: ConsentCheck) -> ConsentCheck:
        """The object under test, for the tests that all suites share."""
        return consent_check

    @pytest.fixture
    def verdicts(self, consent_check: ConsentCheck, context: Context) -> list[Verdict]:
        """What the check says to the author's questions."""
        return list(consent_check.check(context, list(self.questions)))

    def test_questions_get_different_verdicts(self, verdicts: list[Verdict]) -> None:
        """The author's questions are good enough for the other tests to mean something.

        When it fails: set `questions` so that two verdicts differ, and give `context` the
        evidence.
        """
        assert len(set(verdicts)) >= 2
        assert set(map(type, verdicts)) != {Abstain}

    def test_has_a_name(self, consent_check: ConsentCheck) -> None:
        """`name` is the word used in `consent.require`.

        When it fails: set it on the check as text, in lower case.
        """
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", consent_check.name)

    def test_one_verdict_per_question(self, verdicts: list[Verdict]) -> None:
        """There are as many verdicts as questions.

        When it fails: answer `Abstain()` where there is no evidence, instead of leaving it out.
        """
        assert len(verdicts) == len(self.questions)

    def test_verdicts_are_of_the_exact_types(self, verdicts: list[Verdict]) -> None:
        """Each verdict is an `Allow`, `Deny` or `Abstain` itself.

        When it fails: return these, not subclasses, booleans or None; the core takes
        anything else as a fault and stops the run.
        """
        assert {type(verdict) for verdict in verdicts} <= {Allow, Deny, Abstain}

    def test_order_is_kept(
        self, consent_check: ConsentCheck, context: Context, verdicts: list[Verdict]
    ) -> None:
        """Asked in the reverse order, the verdicts come in the reverse order.

        When it fails: answer question by question, not in the order of the evidence.
        """
        backwards = list(consent_check.check(context, list(self.questions)[::-1]))
        assert backwards == verdicts[::-1]

    def test_a_batch_is_answered_like_single_questions(
        self, consent_check: ConsentCheck, context: Context, verdicts: list[Verdict]
    ) -> None:
        """A verdict does not depend on what else is asked.

        When it fails: look for evidence of one question that is used for another, for
        example by person only, without the kind or the purpose.
        """
        single = [consent_check.check(context, [question])[0] for question in self.questions]
        assert single == verdicts

    def test_is_deterministic(
        self, consent_check: ConsentCheck, context: Context, verdicts: list[Verdict]
    ) -> None:
        """Asked again, the check says the same: the review and the recheck make the same call.

        When it fails: look for state kept between calls, for times, or for chance.
        """
        assert list(consent_check.check(context, list(self.questions))) == verdicts

    def test_no_questions_no_verdicts(self, consent_check: ConsentCheck, context: Context) -> None:
        """An empty batch is answered with an empty one.

        When it fails: return early for an empty sequence.
        """
        assert list(consent_check.check(context, [])) == []

    def test_a_large_batch_is_answered(
        self, consent_check: ConsentCheck, context: Context, verdicts: list[Verdict]
    ) -> None:
        """Thousands of questions about different people may come at once.

        When it fails: look at the number of bound parameters in one statement.
        """
        strangers = [
            self.questions[0]._replace(person_id=f"patient:{n}", consenting_id=f"patient:{n}")
            for n in range(900_000_000, 900_000_000 + _LARGE)
        ]
        answers = list(consent_check.check(context, [*strangers, *self.questions]))
        assert len(answers) == _LARGE + len(self.questions)
        assert answers[_LARGE:] == verdicts

    @pytest.mark.parametrize("stranger", _STRANGERS)
    def test_a_stranger_is_never_allowed(
        self, consent_check: ConsentCheck, context: Context, stranger: str
    ) -> None:
        """Nobody without evidence is allowed; the evidence belongs to `consenting_id`.

        When it fails: allow only where a record was found for the `consenting_id` of the
        question; raise for no id, whatever it looks like.
        """
        asked = [question._replace(consenting_id=stranger) for question in self.questions]
        asked += [question._replace(person_id=stranger) for question in asked]
        verdicts = consent_check.check(context, asked)
        assert len(verdicts) == len(asked)
        assert Allow not in {type(verdict) for verdict in verdicts}

    @pytest.mark.parametrize("purpose", ["no_such_purpose", "Zweck mit Ümlaut", ""])
    def test_an_unknown_purpose_is_answered(
        self, consent_check: ConsentCheck, context: Context, purpose: str
    ) -> None:
        """Practices add purposes of their own; a check answers for these too.

        When it fails: answer `Abstain()` or `Deny` for a purpose that the evidence does not
        know, instead of raising.
        """
        asked = [question._replace(purpose=purpose) for question in self.questions]
        verdicts = consent_check.check(context, asked)
        assert len(verdicts) == len(asked)
        assert {type(verdict) for verdict in verdicts} <= {Allow, Deny, Abstain}

    def test_an_unknown_kind_is_never_allowed(
        self, consent_check: ConsentCheck, context: Context
    ) -> None:
        """A channel may bring a kind of its own, and so its own consent.

        When it fails: do not fall back to the evidence of another kind.
        """
        asked = [question._replace(kind="no-such-kind") for question in self.questions]
        verdicts = consent_check.check(context, asked)
        assert len(verdicts) == len(asked)
        assert Allow not in {type(verdict) for verdict in verdicts}

    def test_evidence_names_a_record_by_ids(self, verdicts: list[Verdict]) -> None:
        """Evidence is kept for years: it names the record and never holds an address.

        When it fails: write something like `patient:17 kontakt_email`.
        """
        for question, verdict in zip(self.questions, verdicts, strict=True):
            if isinstance(verdict, Allow):
                assert verdict.evidence.strip()
                assert not _tells_address(verdict.evidence, question)

    def test_a_denial_says_why_and_what_would_help(self, verdicts: list[Verdict]) -> None:
        """A `Deny` has a stable code, a reason and a remedy, none with an address.

        When it fails: write the code as a lower-case identifier, and both sentences for
        practice staff.
        """
        for question, verdict in zip(self.questions, verdicts, strict=True):
            if isinstance(verdict, Deny):
                assert re.fullmatch(r"[a-z][a-z0-9_]*", verdict.code)
                assert verdict.reason.strip()
                assert verdict.remedy.strip()
                assert isinstance(verdict.overridable, bool)
                assert not _tells_address(f"{verdict.reason} {verdict.remedy}", question)

    def test_its_sentences_are_said_in_each_language(
        self, consent_check: ConsentCheck, verdicts: list[Verdict]
    ) -> None:
        """Reason and remedy of a `Deny`, and of what an `Abstain` lacks, are made by `_`.

        When it fails: hand on what `_` makes; an f-string and `join` make plain text of it. A
        package that never uses `_` speaks one language and passes.
        """
        denials = [verdict for verdict in verdicts if isinstance(verdict, Deny)]
        denials += [
            verdict.otherwise
            for verdict in verdicts
            if isinstance(verdict, Abstain) and verdict.otherwise
        ]
        said = [text for each in denials for text in (each.reason, each.remedy)]
        assert unsayable(consent_check, said) == []

    def test_nothing_personal_is_logged(
        self, consent_check: ConsentCheck, context: Context, canary_log: CanaryLog
    ) -> None:
        """Log and output hold no address.

        When it fails: log ids and counts only.
        """
        canary_log.plant(*(question.address for question in self.questions))
        consent_check.check(context, list(self.questions))
        canary_log.check(self.foreign_loggers)


def _tells_address(text: str, question: ConsentQuestion) -> bool:
    return "@" in text or bool(question.address and question.address in text)
