"""Which mailing a draft that starts from nothing goes on with: the question, and the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from serienpost.config.mailing_file import mailing_heads
from serienpost.config.problems import did_you_mean, listed
from serienpost.documents import Record
from serienpost.errors import ConfigError
from serienpost.ledger import drafts
from serienpost.ledger.runs import mailings_of_runs
from serienpost.ledger.store import new_ref
from serienpost.service.catalog import kind_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from datetime import date

    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

# What a mailing is about: for the first two somebody is written to once per occasion.
About: TypeAlias = Literal["appointments", "birthdays", "other"]


@dataclass(frozen=True, slots=True)
class KnownMailing(Record):
    """A mailing that there is, or was.

    Args:
        id: what it is known by.
        title: what people call it.
        kind: of message; None where nothing says it any more.
        last: the day in practice time on which a run of it was released last; None where none was.
    """

    id: str
    title: str
    kind: str | None
    last: date | None


@dataclass(frozen=True, slots=True)
class SameMailing(Record):
    """A question: is what the draft is for sent already, by one of these mailings?

    A person gets a mailing once per appointment or birthday, and serienpost knows by the mailing's
    id what the person has had. A second reminder under an id of its own would write to the same
    people again, so somebody must say which mailing the draft goes on with, or that there is none.

    Args:
        about: what it is for.
        known: among which to choose: those of the draft's purpose, where that is known.
    """

    about: About
    known: tuple[KnownMailing, ...]


def chosen_id(
    practice: OpenedPractice,
    about: About | None,
    continues: str | Literal[False] | None,
    purpose: object,
) -> str | SameMailing:
    """The id of a draft that starts from nothing, or the question which one.

    Args:
        practice: the practice.
        about: what the draft is for.
        continues: what was answered; False where it goes on with none, None before the question.
        purpose: of the draft, where it has one.

    Raises:
        ConfigError: it goes on with a mailing that there is not.
        ValueError: nobody said what it is for.
    """
    if about not in ("appointments", "birthdays", "other"):
        raise ValueError(_("a draft that starts from nothing says what it is about"))
    known = _known_mailings(practice)
    if isinstance(continues, str):
        if continues not in known:
            hint = did_you_mean(continues, known) or listed(known)
            raise ConfigError(_("there is no mailing '{name}'", name=continues), hint=hint)
        return continues
    fitting = [one.known for _id, one in sorted(known.items()) if one.may_be_for(purpose)]
    if continues is None and about != "other" and fitting:
        return SameMailing(about, tuple(fitting))
    while (made := f"entwurf-{new_ref(6).lower()}") in known:
        pass
    return made


@dataclass(slots=True)
class _Gathered:
    """What is known of a mailing, and all purposes that it was or is sent for."""

    known: KnownMailing
    purposes: set[str]

    def may_be_for(self, purpose: object) -> bool:
        return not (purpose and self.purposes) or purpose in self.purposes

    def add(self, title: str, kind: str | None, purpose: object) -> None:
        """Put what a file, a draft or a run says over what is known."""
        self.known = replace(self.known, title=title, kind=kind or self.known.kind)
        if purpose and isinstance(purpose, str):
            self.purposes.add(purpose)


def _known_mailings(practice: OpenedPractice) -> dict[str, _Gathered]:
    """Each by its id; its file's title counts before that of a draft, and that before its runs'."""
    context = practice.context
    with practice.ledger.read() as tx:
        released, drafted = mailings_of_runs(tx), drafts.draft_heads(tx)
    found: dict[str, _Gathered] = {}

    def gathered(mailing_id: str) -> _Gathered:
        new = _Gathered(KnownMailing(mailing_id, mailing_id, None, None), set())
        return found.setdefault(mailing_id, new)

    for run in released:
        one = gathered(run.mailing)
        one.add(run.title, run.kind, run.purpose)
        day = run.last.astimezone(context.zone).date() if run.last else None
        one.known = replace(one.known, last=day or one.known.last)
    for mailing_id, title, keys in drafted:
        gathered(mailing_id).add(title, kind_of(context, keys.get("account")), keys.get("purpose"))
    for head in mailing_heads(context):
        gathered(head.id).add(head.title, kind_of(context, head.account), head.purpose)
    return found
