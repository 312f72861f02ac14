"""Questions of the service on a terminal, and their options where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest

from serienpost import Disclaimer, SerienpostError
from serienpost.cli.questions import answered, ask
from serienpost.service import Answers, Confirmation
from serienpost.service.answers import PlanCost, PlanCounts
from serienpost.translation import speaking

if TYPE_CHECKING:
    from collections.abc import Callable

    Type = Callable[[str], list[str]]

HINT = "top up the account"
PLAN = Confirmation(
    run="20260302-abcd",
    mailing="einladung",
    open=("release",),
    kind="email",
    account="mail",
    counts=PlanCounts(9, 8, 7, 6),
    cost=PlanCost("credits", 12),
    disclaimer=Disclaimer("Die Daten fliegen.", "The data fly."),
    channel="Brieftaube",
)


def asks(*questions: str, **more: object) -> Confirmation:
    return replace(PLAN, open=questions, **more)  # type: ignore[arg-type]


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Somebody at a terminal who types this; returns what was asked."""

    def at_terminal(typed: str) -> list[str]:
        questions: list[str] = []

        def prompt(text: str, **_: object) -> str:
            questions.append(text)
            return typed

        def confirm(text: str, **_: object) -> bool:
            questions.append(text)
            return typed == "y"

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr(click, "prompt", prompt)
        monkeypatch.setattr(click, "confirm", confirm)
        return questions

    return at_terminal


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal, unless a test says so."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


def refused(asked: Confirmation, answers: Answers | None = None) -> str:
    with pytest.raises(SerienpostError) as error:
        answered(asked, answers or Answers(), balance_hint=HINT)
    (problem,) = error.value.problems
    return f"{problem.message} | {problem.hint}"


def test_without_a_terminal_a_question_names_its_option() -> None:
    with pytest.raises(SerienpostError, match="nobody is there to answer") as error:
        ask("Really?", "--really")
    assert error.value.problems[0].hint == "add --really"


@pytest.mark.parametrize(
    ("question", "option"),
    [
        ("release", "add --yes"),
        ("archive", "add --archive"),
        ("disclaimer", "add --accept-disclaimer to send"),
        ("balance", HINT),
    ],
)
def test_each_question_of_the_service_has_its_option(question: str, option: str) -> None:
    assert option in refused(asks(question))


def test_the_release_shows_how_many_get_what_at_which_cost(types: Type) -> None:
    questions = types("y")
    assert answered(PLAN, Answers(), balance_hint=HINT) == Answers(release=True)
    (question,) = questions
    assert max(map(len, question.splitlines())) <= 80
    question = " ".join(question.split())
    assert question.startswith("einladung: 9 selected, 8 reachable, 7 allowed. ")
    assert question.endswith("Send 6 e-mails from account mail (12 credits)? [y/N]")


def test_one_is_one(types: Type) -> None:
    """Was: Send 1 letter ... (1 messages), and Send 6 letter."""
    questions = types("y")
    one, several = PlanCounts(1, 1, 1, 1), PlanCounts(6, 6, 6, 6)
    for kind, counts, said in (
        ("letter", one, "Send 1 letter from account mail (1 message)?"),
        ("letter", several, "Send 6 letters from account mail (6 messages)?"),
        ("sms", one, "Send 1 SMS from account mail (1 message)?"),
        ("email", one, "Send 1 e-mail from account mail (1 message)?"),
    ):
        plan = asks("release", kind=kind, counts=counts, cost=PlanCost("messages", counts.marked))
        answered(plan, Answers(), balance_hint=HINT)
        assert said in " ".join(questions.pop().split())


def test_before_anything_is_prepared_only_the_mailing_is_known(types: Type) -> None:
    questions = types("y")
    answered(asks("release", run=None), Answers(), balance_hint=HINT)
    assert questions == ["Prepare and send einladung now? [y/N]"]


def test_a_no_releases_nothing(types: Type) -> None:
    types("n")
    assert refused(PLAN).startswith("not approved; nothing was sent")


def test_only_the_first_question_is_asked(types: Type) -> None:
    questions = types("y")
    asked = asks("archive", "disclaimer")
    found = answered(asked, Answers(release=True), balance_hint=HINT)
    assert found == Answers(release=True, archive="pdf")
    assert len(questions) == 1


@pytest.mark.parametrize(("typed", "kept"), [("y", "pdf"), ("n", "entry")])
def test_the_records_get_the_page_or_only_the_entry(types: Type, typed: str, kept: str) -> None:
    types(typed)
    assert answered(asks("archive"), Answers(), balance_hint=HINT).archive == kept


@pytest.mark.parametrize("balance", [3.0, None])
def test_too_low_a_balance_is_refused_also_at_a_terminal(
    types: Type, balance: float | None
) -> None:
    types("y")
    told = refused(asks("balance", cost=PlanCost("credits", 12, balance)))
    assert told == (
        f"the run costs 12 credits, the account holds only {balance or 0:g} credits; "
        f"nothing was sent | {HINT}"
    )


@pytest.mark.parametrize("word", ["angenommen", " Accepted ", "j", "ja", "Y", "yes"])
def test_the_terms_are_accepted_as_any_question_is_answered(
    types: Type, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    questions = types(word)
    found = answered(asks("disclaimer"), Answers(release=True), balance_hint=HINT)
    assert found == Answers(release=True, accept_disclaimer=True)
    assert capsys.readouterr().err == "The data fly.\n\n"
    assert questions == ["Do you accept this? [y/N]"]


def test_the_terms_fit_the_terminal(types: Type, capsys: pytest.CaptureFixture[str]) -> None:
    """Was: one line of 600 columns for each language."""
    types("j")
    terms = Disclaimer("Die Daten fliegen weit. " * 20, "The data fly far. " * 20)
    asked = asks("disclaimer", disclaimer=terms)
    answered(asked, Answers(release=True), balance_hint=HINT)
    assert max(map(len, capsys.readouterr().err.splitlines())) <= 80


@pytest.mark.parametrize("word", ["", "n", "nein", "no"])
def test_a_no_accepts_no_terms(types: Type, word: str) -> None:
    types(word)
    assert "not accepted; nothing was sent" in refused(asks("disclaimer"))


@pytest.mark.parametrize(
    ("language", "question", "terms"),
    [
        ("en", "Send 6 e-mails from account mail (12 credits)? [y/N]", "The data fly."),
        ("de", "6 E-Mails über das Konto mail versenden (12 Credits)? [j/N]", "Die Daten fliegen."),
    ],
)
@pytest.mark.parametrize("word", ["j", "ja", "y", "yes"])
def test_a_question_is_said_in_the_readers_language_and_answered_in_either(
    types: Type,
    capsys: pytest.CaptureFixture[str],
    language: str,
    question: str,
    terms: str,
    word: str,
) -> None:
    questions = types(word)
    with speaking(language):
        released = answered(PLAN, Answers(), balance_hint=HINT)
        assert answered(asks("disclaimer"), released, balance_hint=HINT).accept_disclaimer
    assert " ".join(questions[0].split()).endswith(question)
    assert capsys.readouterr().err == f"{terms}\n\n"
