"""Whether people of a mailing are known again in another run: what "once per recipient" and leaving
out the recipients of a mailing depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.config.loading import load_mailing
from serienpost.config.mailing_file import mailing_names
from serienpost.contracts.rows import LacksStableIds
from serienpost.errors import Problem, SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext

_ = Texts(__name__)

# Key in the header's `extra`: the line that would let people of the run be known again.
UNSTABLE_IDS = "unstable_ids"


def remedy_for_ids(context: PracticeContext, mailing: Mailing) -> str | None:
    """None where every person of a mailing has the same id in every run, else what to add.

    Raises:
        SourceError: a source cannot tell.
    """
    for block in mailing.blocks:
        source = context.registry.sources[block.source]
        if isinstance(source, LacksStableIds):
            given = source.unstable_ids(context, block.selection)
            answered = context.registry.answered
            remedy: str | None = answered(
                "sources", block.source, "unstable_ids", given, (str, type(None))
            )
            if remedy is not None:
                return remedy
    return None


def stable_ids_problems(
    context: PracticeContext, mailing: Mailing, remedy: str | None
) -> Iterator[Problem]:
    """What a mailing asks of ids that its people, or those of another mailing, do not have.

    Args:
        context: the practice.
        mailing: that is checked.
        remedy: what `remedy_for_ids` says of it.
    """
    if remedy is not None and mailing.once_per == "recipient":
        said = _(
            "people of this selection have other ids whenever it changes, so that"
            " once_per: recipient would forget who had it"
        )
        hint = _("{remedy}, or write once_per: none", remedy=remedy)
        yield _at(mailing, "once_per", said, hint)
    if remedy is not None and mailing.exclude_recipients_of:
        said = _(
            "people of this selection have other ids whenever it changes, so that nobody of them"
            " is known as a recipient of another"
        )
        yield _at(mailing, "exclude_recipients_of", said, remedy)
    for name in mailing.exclude_recipients_of:
        theirs = _remedy_of(context, name)
        if theirs is not None:
            said = _(
                "nobody knows again who got {mailing}: the people of its list have other ids"
                " whenever it changes",
                mailing=name,
            )
            hint = _("in {mailing}: {remedy}", mailing=name, remedy=theirs)
            yield _at(mailing, "exclude_recipients_of", said, hint)


def _remedy_of(context: PracticeContext, name: str) -> str | None:
    """The same of a mailing as its file is now; None where it has none that can be read, since its
    runs tell then."""
    if name not in mailing_names(context):
        return None
    try:
        return remedy_for_ids(context, load_mailing(context, name))
    except SerienpostError:
        return None


def _at(mailing: Mailing, key: str, message: str, hint: str) -> Problem:
    return Problem(message, hint, mailing.file, mailing.line(key), key)
