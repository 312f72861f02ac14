"""Writing an SMS with the cheaper GSM alphabet: what would change, before anyone is asked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from serienpost.kinds.gsm import changes
from serienpost.translation import Text, Texts, joined

if TYPE_CHECKING:
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)


def text_changes(renderer: RunRenderer) -> Counter[tuple[str, str]]:
    """Signs of the mailing's own text, and of values that are the same for all, that would be
    written in another way; values of recipients are not known yet.

    Empty for other kinds than SMS.
    """
    if renderer.kind.name != "sms":
        return Counter()
    found: Counter[tuple[str, str]] = Counter()
    for one in renderer.in_languages:
        found |= changes(one.files.text.text)
        values = one.example_values()
        same_for_all = (values[name] for name, macro in one.macros.items() if not macro.fields)
        for value in same_for_all:
            found |= changes(str(value or ""))
    return found


def notes(renderer: RunRenderer) -> list[str]:
    """What whoever checks an SMS should know about its signs."""
    found = text_changes(renderer)
    if not found:
        return []
    signs = listed(found)
    does = {
        "always": _(
            "transliterate: always rewrites, where that saves an SMS, {signs}", signs=signs
        ),
        "never": _("transliterate: never leaves as they are {signs}", signs=signs),
        "ask": _("transliterate: ask asks about {signs}", signs=signs),
    }
    return [does[renderer.header.transliterate]]


def listed(found: Counter[tuple[str, str]]) -> str:
    """As people read it: `„ -> " (2), – -> - (1)`; signs that cannot be seen by their number."""
    return joined(
        ", ",
        [
            Text(
                "",
                "{sign} -> {other} ({count})",
                {"sign": _visible(sign), "other": _visible(other), "count": count},
            )
            for (sign, other), count in found.most_common()
        ],
    )


def _visible(sign: str) -> str:
    if not sign:
        return _("nothing")
    if sign == " ":
        return _("blank")
    return sign if sign.isprintable() else " ".join(f"U+{ord(each):04X}" for each in sign)
