"""Which values may enter a message. Values are data: none becomes markup, a tag or a header."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from serienpost.errors import SerienpostError
from serienpost.text import CONTROL, LINE_BREAK, SURROGATE
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.fields import FieldValue

_ = Texts(__name__)

# Characters of a value at most.
LONGEST = 10_000

_TYPES = frozenset({int, bool, date, time, datetime})
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"'\\^`{|}]+\Z")
_WHOLE_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")


class ValueRefused(SerienpostError):  # noqa: N818
    """A row's value cannot go into the message; the row stays unmarked, the run goes on.

    Args:
        macro: its name; the value itself is never kept.
        reason: a sentence.
        code: `missing_value` or `value_refused`.
    """

    def __init__(self, macro: str, reason: str, code: str = "value_refused") -> None:
        self.macro = macro
        self.reason = reason
        self.code = code
        super().__init__(_("the macro {macro} {reason}", macro=macro, reason=reason))


class Empty(str):
    """The value of a macro that has none: equal to "", neither less nor greater than anything."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__


EMPTY = Empty()


def admitted(macro: str, value: FieldValue) -> FieldValue:
    """The value as the renderer takes it.

    Raises:
        ValueRefused: it is of another type, too long, or holds control characters, half
            characters or marks that turn the direction of writing.
    """
    if type(value) is str:
        if len(value) > LONGEST:
            too_long = _.ngettext(
                "is longer than {n} character", "is longer than {n} characters", LONGEST
            )
            raise ValueRefused(macro, too_long)
        if not value.isprintable():
            _check_characters(macro, value)
        return value if value and not value.isspace() else EMPTY
    if value is None:
        return EMPTY
    if type(value) not in _TYPES:
        found = type(value).__name__
        raise ValueRefused(macro, _("is of a type that no text can hold: {type}", type=found))
    return value


def _check_characters(macro: str, value: str) -> None:
    if CONTROL.search(value):
        raise ValueRefused(macro, _("contains control characters"))
    if SURROGATE.search(value):
        raise ValueRefused(macro, _("contains half a character"))
    if _BIDI.search(value):
        raise ValueRefused(macro, _("contains marks that turn the direction of writing"))


def check_header(macro: str, value: FieldValue) -> None:
    """Check a value that goes into the subject.

    Raises:
        ValueRefused: it holds a line break, or a piece of an encoded word (RFC 2047).
    """
    if isinstance(value, str) and value:
        if not value.isprintable() and LINE_BREAK.search(value):
            raise ValueRefused(macro, _("contains a line break or tab, and stands in the subject"))
        if "=?" in value or "?=" in value:
            raise ValueRefused(macro, _("contains =? or ?=, and stands in the subject"))


def check_link(macro: str, value: FieldValue) -> None:
    """Check a value that is the whole target of a link.

    Raises:
        ValueRefused: it is no address beginning with http://, https://, mailto: or tel:.
    """
    if not isinstance(value, str) or (value and not _ADDRESS.match(value)):
        raise ValueRefused(macro, _("is the target of a link but no web, e-mail or phone address"))


def example(value: FieldValue) -> FieldValue:
    """A made-up value; the text of a whole number counts as one, so that it can be compared."""
    if isinstance(value, str) and _WHOLE_NUMBER.match(value):
        return int(value)
    return value
