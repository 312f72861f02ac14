"""Questions of the service, asked on the terminal; without one a refusal names the option."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from serienpost.cli.output import folded_lines
from serienpost.errors import SerienpostError
from serienpost.text import counted, day_and_time, messages_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.providers import Disclaimer
    from serienpost.service import Answers, Confirmation

WORDS = ("angenommen", "accepted")
_YES_OR_NO = {
    **dict.fromkeys(("j", "ja", "y", "yes"), True),
    **dict.fromkeys(("", "n", "nein", "no"), False),
}


def ask(question: str, option: str, *, also: Sequence[str] = ()) -> bool:
    """A yes/no question, answered in German or English; no answer is no.

    Args:
        question: what is asked.
        option: of the command line, that answers it.
        also: words that are a yes, too.

    Raises:
        SerienpostError: nobody is there to answer.
    """
    if not sys.stdin.isatty():
        raise SerienpostError(f"{question} - nobody is there to answer", hint=f"add {option}")
    answers = {**_YES_OR_NO, **dict.fromkeys(also, True)}
    asked = "\n".join(folded_lines(f"{question} [j/y/N]"))
    while (answer := answers.get(_typed(asked))) is None:
        click.echo("j, ja, y, yes; or n, nein, no", err=True)
    return answer


def _typed(question: str) -> str:
    typed: str = click.prompt(question, default="", show_default=False, err=True)
    return typed.strip().casefold()


def answered(asked: Confirmation, answers: Answers, *, balance_hint: str) -> Answers:
    """The answers with one to the first open question.

    Args:
        asked: what the service wants to know.
        answers: what is answered already.
        balance_hint: what to do where the provider's account holds too little.

    Raises:
        SerienpostError: the answer is no, or nobody is there to give one.
    """
    first = asked.open[0]
    if first == "release":
        if not ask(_release(asked), "--yes"):
            raise SerienpostError("not approved; nothing was sent")
        return replace(answers, release=True)
    if first == "balance":
        cost = asked.cost
        raise SerienpostError(
            f"{too_little(cost.total, cost.balance)}; nothing was sent", hint=balance_hint
        )
    if first == "archive":
        question = "Store each message as PDF in the person's record? Without it only the entry"
        return replace(answers, archive="pdf" if ask(question, "--archive") else "entry")
    assert asked.disclaimer is not None  # noqa: S101  # it is the question
    _accept(asked.disclaimer, asked.channel)
    return replace(answers, accept_disclaimer=True)


def too_little(total: float, balance: float | None) -> str:
    """The sentence about a balance that does not cover a run's cost."""
    free = balance or 0
    verb = "is" if free == 1 else "are"
    return f"the run costs {counted(total, 'credits')}, only {free:g} {verb} free"


def _release(asked: Confirmation) -> str:
    if asked.run is None:
        return f"Prepare and send {asked.mailing} now?"
    counts, cost = asked.counts, asked.cost
    when = f" They leave at {day_and_time(asked.at)}." if asked.at else ""
    return (
        f"{asked.mailing}: {counts.selected} selected, {counts.reachable} reachable, "
        f"{counts.allowed} allowed.{when} Send {counted(counts.marked, messages_of(asked.kind))} "
        f"from account {asked.account} ({counted(cost.total, cost.unit)})?"
    )


def _accept(disclaimer: Disclaimer, channel: str) -> None:
    """Let a person accept the terms, as any other question is answered.

    Raises:
        SerienpostError: they do not, or nobody is there.
    """
    if not sys.stdin.isatty():
        raise SerienpostError(
            f"the disclaimer of {channel} is not accepted; nothing was sent",
            hint="add --accept-disclaimer to send; for cron the account gets disclaimer: with "
            "accepted_by and accepted_on",
        )
    for text in (disclaimer.german, disclaimer.english):
        click.echo("\n".join(folded_lines(text)) + "\n", err=True)
    question = f"Angenommen / accepted ({WORDS[0]}, {WORDS[1]})?"
    if not ask(question, "--accept-disclaimer", also=WORDS):
        raise SerienpostError("the disclaimer was not accepted; nothing was sent")
