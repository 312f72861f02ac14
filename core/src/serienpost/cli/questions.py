"""Questions of the service, asked on the terminal; without one a refusal names the option."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from serienpost import words
from serienpost.cli.output import folded_lines, say
from serienpost.errors import SerienpostError
from serienpost.translation import Texts, joined, present_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.providers import Disclaimer
    from serienpost.service import Answers, Confirmation
    from serienpost.translation import Text

_ = Texts(__name__)

# A yes to terms, beside those to any question.
_ACCEPTED = ("angenommen", "accepted")
_ALWAYS = frozenset({"j", "ja", "y", "yes"}), frozenset({"", "n", "nein", "no"})


def ask(question: str, option: str, *, also: Sequence[str] = ()) -> bool:
    """A yes/no question, answered in the reader's language, in German or in English; no answer is
    no.

    Args:
        question: what is asked.
        option: of the command line, that answers it.
        also: words that are a yes, too.

    Raises:
        SerienpostError: nobody is there to answer.
    """
    if not sys.stdin.isatty():
        raise SerienpostError(
            _("{question} - nobody is there to answer", question=question),
            hint=_("add {option}", option=option),
        )
    yes, no = (
        _ALWAYS[0].union(also) | _answers(_.pgettext("answers", "y yes")),
        _ALWAYS[1] | _answers(_.pgettext("answers", "n no")),
    )
    asked = "\n".join(folded_lines(_("{question} [y/N]", question=question)))
    while (typed := _typed(asked)) not in yes | no:
        say(_("answer y or yes; n or no"), err=True)
    return typed in yes


def _answers(words_of_language: Text) -> frozenset[str]:
    """What is typed for one of the answers in the reader's language."""
    return frozenset(str(words_of_language).casefold().split())


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
            raise SerienpostError(_("not approved; nothing was sent"))
        return replace(answers, release=True)
    if first == "balance":
        cost = asked.cost
        raise SerienpostError(
            _("{why}; nothing was sent", why=too_little(cost.total, cost.balance)),
            hint=balance_hint,
        )
    if first == "archive":
        question = _("Store each message as PDF in the person's record? Without it only the entry")
        return replace(answers, archive="pdf" if ask(question, "--archive") else "entry")
    assert asked.disclaimer is not None  # noqa: S101  # it is the question
    _accept(asked.disclaimer, asked.channel)
    return replace(answers, accept_disclaimer=True)


def too_little(total: float, balance: float | None) -> Text:
    """The sentence about a balance that does not cover a run's cost."""
    return _(
        "the run costs {cost}, the account holds only {free}",
        cost=words.amount(total, "credits"),
        free=words.amount(balance or 0, "credits"),
    )


def _release(asked: Confirmation) -> Text:
    if asked.run is None:
        return _("Prepare and send {mailing} now?", mailing=asked.mailing)
    counts, cost = asked.counts, asked.cost
    sentences = [
        _(
            "{mailing}: {selected} selected, {reachable} reachable, {allowed} allowed.",
            mailing=asked.mailing,
            selected=counts.selected,
            reachable=counts.reachable,
            allowed=counts.allowed,
        ),
        _(
            "Send {messages} from account {account} ({cost})?",
            messages=words.messages(counts.marked, asked.kind),
            account=asked.account,
            cost=words.amount(cost.total, cost.unit),
        ),
    ]
    if asked.at:
        sentences.insert(1, _("They leave at {moment}.", moment=asked.at))
    return joined(" ", sentences)


def _accept(disclaimer: Disclaimer, channel: str) -> None:
    """Let a person accept the terms, as any other question is answered.

    Raises:
        SerienpostError: they do not, or nobody is there.
    """
    if not sys.stdin.isatty():
        raise SerienpostError(
            _("the disclaimer of {channel} is not accepted; nothing was sent", channel=channel),
            hint=_(
                "add --accept-disclaimer to send; for cron the account gets disclaimer: with "
                "accepted_by and accepted_on"
            ),
        )
    is_german = present_language() == "de"
    terms = disclaimer.german if is_german else disclaimer.english
    click.echo("\n".join(folded_lines(terms)) + "\n", err=True)
    if not ask(_("Do you accept this?"), "--accept-disclaimer", also=_ACCEPTED):
        raise SerienpostError(_("the disclaimer was not accepted; nothing was sent"))
