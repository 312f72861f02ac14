"""Which marked message of a run is in which language, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from serienpost.ledger.schema import message
from serienpost.run.prepare.languages import (
    GIVEN,
    ONLY_OWN,
    SILENT,
    UNKNOWN,
    WANTED,
    why_only_own,
)
from serienpost.run.report.answers import LanguageCount
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.ledger.store import Ledger
    from serienpost.run.report.answers import LanguageReason

_ = Texts(__name__)

_VALUES = message.c.macro_values
# Of a row: the language of its text, and the recorded one where that is another.
LANGUAGE_COLUMNS = (
    _VALUES[GIVEN].as_string().label("language"),
    _VALUES[WANTED].as_string().label("recorded"),
)


def languages(ledger: Ledger, run_id: str) -> tuple[LanguageCount, ...]:
    """How many marked messages are in which language and why, the most frequent first; nothing
    where the run has one language alone."""
    given, recorded = LANGUAGE_COLUMNS
    count = func.count().label("n")
    with ledger.read() as tx:
        rows = tx.all(
            tx.select(message, given, recorded, count)
            .where(message.c.run == run_id, message.c.marked, given.is_not(None))
            .group_by(given, recorded)
        )
    found = [LanguageCount(*_reason(row.language, row.recorded), row.n) for row in rows]
    return tuple(sorted(found, key=lambda one: (-one.messages, one[:2], one.recorded or "")))


def language_of(row: Any) -> tuple[str, LanguageReason, str | None] | tuple[()]:  # noqa: ANN401
    """The language of a row's text, why it is in that, and the person's language; nothing where
    the text is in one language alone or does not go out. The row is whole, or has
    `LANGUAGE_COLUMNS`."""
    if hasattr(row, "macro_values"):
        values = row.macro_values or {}
        given, recorded = values.get(GIVEN), values.get(WANTED)
    else:
        given, recorded = row.language, row.recorded
    return _reason(given, recorded) if given else ()


def _reason(given: str, recorded: str | None) -> tuple[str, LanguageReason, str | None]:
    if recorded is None:
        return given, "recorded", given
    if recorded == "":
        return given, "not_recorded", None
    return (given, "not_understood", None) if recorded == UNKNOWN else (given, "no_text", recorded)


def one_language(header: Mapping[str, Any]) -> str | None:
    """Why everybody gets a run's text in one language, where that is not clear."""
    if header.get("kept_template"):
        return "provider_template"
    reason: str | None = header.get("extra", {}).get(ONLY_OWN)
    return reason


def one_language_reason(header: Mapping[str, Any]) -> str | None:
    """The sentence to `one_language`."""
    code = one_language(header)
    if code == "provider_template":
        return _(
            "The template {title} at the provider has its own language alone; everybody gets the"
            " text in that.",
            title=header["kept_template"]["title"],
        )
    return why_only_own(code) if code else None


def silent_languages(header: Mapping[str, Any]) -> tuple[str, ...]:
    """The languages of a run's template that nobody is greeted in."""
    return tuple(header.get("extra", {}).get(SILENT, ()))
