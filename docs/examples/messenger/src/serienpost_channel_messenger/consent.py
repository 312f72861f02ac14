"""The consent check `messenger-list`: who may be written to under which handle."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from serienpost import Abstain, Allow, Deny
from serienpost_channel_messenger.kind import MessengerKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost import ConsentQuestion, Context, Verdict

FILE = "messenger.csv"
_REMEDY = "note the person's answer in messenger.csv"


class MessengerList:
    """Reads its file at each call, so that a withdrawal counts at once."""

    name = "messenger-list"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Allow the exact handle; deny all others; leave other kinds to other checks.

        Raises:
            OSError: the file cannot be read; the core then sends nothing.
        """
        people = {question.consenting_id for question in questions}
        answers = {
            person: (line, handle, answer)
            for line, person, handle, answer in _lines(context)
            if person in people
        }
        return [_verdict(question, answers.get(question.consenting_id)) for question in questions]


def _lines(context: Context) -> Iterator[tuple[int, str, str, str]]:
    with context.path(FILE).open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter=";"), start=2):
            yield number, row["person"], row["handle"], row["answer"]


def _verdict(question: ConsentQuestion, found: tuple[int, str, str] | None) -> Verdict:
    if question.kind != MessengerKind.name:
        return Abstain()
    if found is None:
        return Deny("not_listed", "has not agreed to messages by messenger", _REMEDY)
    line, handle, answer = found
    if answer != "yes":
        return Deny("withdrawn", "does not want messages by messenger", _REMEDY)
    if handle != question.address:
        return Deny("other_handle", "has agreed for another messenger contact", _REMEDY)
    return Allow(f"{question.consenting_id} {FILE} line {line}")
