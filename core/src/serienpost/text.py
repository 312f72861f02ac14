"""Characters that a text must not hold, the text of a field before it is read, and near names."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from serienpost.fields import FieldValue

# What not every database stores as text.
NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

# Control characters beside tab and line feed, which a text of several lines holds.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# What a terminal may obey: control characters beside tab and line ends, marks that reorder text.
ESCAPES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# What a text of one line does not hold.
LINE_BREAK = re.compile(r"[\t\n\u2028\u2029]")

# Half a character: no encoding writes it.
SURROGATE = re.compile(r"[\ud800-\udfff]")

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST_SHOWN = 200
_ISOLATE_BEGINS = "\u2066\u2067\u2068"
_ISOLATE_END = "\u2069"
_NOTHING = frozenset({"-", "--", "---", "k.a.", "k. a.", "keine", "n/a", "unbekannt"})


def field_text(value: FieldValue) -> str:
    """The field as composed text (NFC) without outer blanks; what stands for "none" is empty."""
    text = "" if value is None else unicodedata.normalize("NFC", str(value)).strip()
    return "" if text.casefold() in _NOTHING else text


def visible(text: str) -> str:
    """The text without invisible format characters, which copying from web pages leaves behind."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def has_control(text: str) -> bool:
    """Whether the text holds a control character, a line or paragraph separator or a surrogate.

    Covers NUL, VT, FF and NEL, all of which some mail software takes for the end of a line.
    """
    return not text.isprintable() and _UNPRINTABLE.search(text) is not None


def displayed(text: str) -> str:
    """The text as it can be stored everywhere and shown on a terminal, at most 200 characters.

    U+FFFD stands for what `has_control` finds, and an ellipsis for what is cut.
    """
    shown = _UNPRINTABLE.sub("\ufffd", text[:_LONGEST_SHOWN])
    return shown if len(text) <= _LONGEST_SHOWN else f"{shown[:-1]}\u2026"


def without_stray_ends(text: str) -> str:
    """The text without marks that end an isolate which it did not begin: they would end the one
    that it stands in, and what turns its direction would turn what stands beside it."""
    if _ISOLATE_END not in text:
        return text
    depth, kept = 0, []
    for sign in text:
        if sign == _ISOLATE_END and not depth:
            continue
        depth += (sign in _ISOLATE_BEGINS) - (sign == _ISOLATE_END)
        kept.append(sign)
    return "".join(kept)


def day_and_time(moment: datetime) -> str:
    """`30.11.2026 09:00`, in the zone of the moment."""
    return f"{moment:%d.%m.%Y %H:%M}"


def day(moment: date) -> str:
    """`30.11.2026`."""
    return f"{moment:%d.%m.%Y}"


# Words whose singular is not the plural without its s.
_SINGULAR = {
    "people": "person",
    "persons": "person",
    "SMS": "SMS",
    "addresses": "address",
    "entries": "entry",
}
_KINDS = {"email": "e-mails", "sms": "SMS", "letter": "letters"}


def counted(number: float, things: str, one: str = "", several: str = "") -> str:
    """`1 message`, `2 messages`, `2.5 credits`.

    Args:
        number: how many.
        things: named in the plural.
        one: the verb behind a single one (`is`).
        several: the verb behind several (`are`).
    """
    shown = int(number) if number == int(number) else number
    name = _SINGULAR.get(things, things.removesuffix("s")) if number == 1 else things
    return f"{shown} {name} {one if number == 1 else several}".rstrip()


def messages_of(kind: str) -> str:
    """What several messages of a kind are called: `e-mails`, `SMS`, `letters`."""
    return _KINDS.get(kind, f"{kind} messages")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, None where none is near. One that differs only in
    capitals, or in how its umlauts are encoded, is the nearest however short it is."""
    from difflib import get_close_matches

    names = list(known)
    same = next((one for one in names if one != name and folded(one) == folded(name)), None)
    return same or next(iter(get_close_matches(name, names, n=1)), None)


def folded(text: str) -> str:
    """The text without the difference of capitals, composed (NFC)."""
    return unicodedata.normalize("NFC", text).casefold()
