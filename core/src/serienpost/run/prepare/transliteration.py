"""Writing an SMS with the cheaper GSM alphabet: what would change, before anyone is asked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from serienpost.kinds.gsm import changes

if TYPE_CHECKING:
    from serienpost.run.prepare.renderer import RunRenderer


def text_changes(renderer: RunRenderer) -> Counter[tuple[str, str]]:
    """Signs of the mailing's own text, and of values that are the same for all, that would be
    written in another way; values of recipients are not known yet.

    Empty for other kinds than SMS.
    """
    if renderer.kind.name != "sms":
        return Counter()
    found = changes(renderer.files.text.text)
    values = renderer.example_values()
    same_for_all = (values[name] for name, macro in renderer.macros.items() if not macro.fields)
    for value in same_for_all:
        found |= changes(str(value or ""))
    return found


def notes(renderer: RunRenderer) -> list[str]:
    """What whoever checks an SMS should know about its signs."""
    found = text_changes(renderer)
    if not found:
        return []
    does = {
        "always": "rewrites, where that saves an SMS,",
        "never": "leaves as they are",
        "ask": "asks about",
    }
    setting = renderer.header.transliterate
    return [f"transliterate: {setting} {does[setting]} {listed(found)}"]


def listed(found: Counter[tuple[str, str]]) -> str:
    """As people read it: `„ -> " (2), – -> - (1)`; signs that cannot be seen by their number."""
    return ", ".join(
        f"{_visible(sign)} -> {_visible(other)} ({count})"
        for (sign, other), count in found.most_common()
    )


def _visible(sign: str) -> str:
    if not sign:
        return "nothing"
    if sign == " ":
        return "blank"
    return sign if sign.isprintable() else " ".join(f"U+{ord(each):04X}" for each in sign)
