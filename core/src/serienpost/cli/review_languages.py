"""What the review says about the languages of a run's texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import words
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.service.answers import LanguageCount, ReviewSummary

_ = Texts(__name__)


def told_languages(head: ReviewSummary) -> Iterator[str]:
    """Which language how many get, how many of them because theirs is missing, and why a text is
    in one language alone."""
    if head.one_language_reason:
        yield head.one_language_reason
    if head.silent_languages:
        names = [words.language(one) for one in head.silent_languages]
        yield _("The text in {names} is not used: there are no salutations in it.", names=names)
    if head.languages:
        yield _("Language of the messages: {counts}.", counts=_counted(head))
        yield from _defaults(head)


def _counted(head: ReviewSummary) -> list[str]:
    found: dict[str, int] = {}
    for one in head.languages:
        found[one.language] = found.get(one.language, 0) + one.messages
    return [f"{words.language(code)} {count}" for code, count in found.items()]


def _defaults(head: ReviewSummary) -> Iterator[str]:
    """Who gets the template's own language, not by being recorded with it."""
    for because in ("no_text", "not_understood", "not_recorded"):
        mine = [one for one in head.languages if one.because == because]
        if not mine:
            continue
        count, own = sum(one.messages for one in mine), words.language(mine[0].language)
        if because == "no_text":
            missing = [_missing(one) for one in mine]
            yield _.ngettext(
                "{n} of them is in {own}, because the text is not there in the person's language"
                " ({missing}).",
                "{n} of them are in {own}, because the text is not there in the person's language"
                " ({missing}).",
                count,
                own=own,
                missing=missing,
            )
        elif because == "not_understood":
            yield _.ngettext(
                "{n} of them is in {own}, because the recorded language is not understood.",
                "{n} of them are in {own}, because the recorded language is not understood.",
                count,
                own=own,
            )
        else:
            yield _.ngettext(
                "{n} of them is in {own}, because no language is recorded.",
                "{n} of them are in {own}, because no language is recorded.",
                count,
                own=own,
            )


def _missing(one: LanguageCount) -> str:
    return f"{words.language(one.recorded or '')} {one.messages}"


def language_cell(language: str | None, because: str | None, recorded: str | None) -> str:
    """`Englisch`; of a default also which language is missing: `Deutsch (nicht Türkisch)`."""
    if language is None:
        return ""
    name = words.language(language)
    if because == "no_text" and recorded:
        return str(_("{language} (not {missing})", language=name, missing=words.language(recorded)))
    return name
