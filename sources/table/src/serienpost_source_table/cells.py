"""A cell of a table, as a person sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import Texts

if TYPE_CHECKING:
    from datetime import date, datetime, time
    from decimal import Decimal

_ = Texts(__name__)

# What a spreadsheet shows where it cannot compute (ECMA-376, 18.17.3), in English and German, and
# where a column is too narrow.
_ERRORS = re.compile(
    r"#(N/A|NV|VALUE!|WERT!|REF!|BEZUG!|DIV/0!|NAME\?|NULL!|NUM!|ZAHL!|SPILL!|ÜBERLAUF!|CALC!"
    r"|KALK!|GETTING_DATA|FIELD!|FELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!)|#{3,}"
    r"|(?:Err|Fehler):5\d\d"
)
# UTF-8 that was read as Windows-1252, Mac Roman or CP850 before it came here. No name has such
# signs beside each other.
_TWICE = re.compile(
    r"Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\u0080-\u009f\u00a1-\u00bf€ŠŽ]"
    r"|Å[\u0081\u0082\u0084\u0087\u00a0¡¾¼½›œšŸ“’]|Ä[\u0080-\u008f…‡™›Ÿ\u00a0¡±¼½]|Å\u009f"
    r"|â€|ï»¿|√[^\s\d]|[├┬][^\s]"
)
# What a spreadsheet writes of a long number: its last digits are gone.
_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?E[+-]\d{2,3}")
_LOST = "\ufffd"
# How texts in ASCII begin that may be no text.
_SUSPECT = frozenset("#EF-0123456789")
ROUNDED = _("a number of which only a part is seen (such as 4,9E+11)")
_HAS_LOST = _("a text in which a sign was lost")
_IS_DESTROYED = _("a text whose umlauts were destroyed when it was saved")
# The mark at the beginning of a file, where files were put together.
_MARK = "\ufeff"
_AROUND = "\ufeff \t\r\n\xa0"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the file.

    Args:
        text: as a person sees it, stripped.
        value: what the file itself says it is, where it says so; no more than what is shown.
        fault: what stands there instead of what can be taken, as it is said behind "holds" (`the
            error #NV`); the row is unreachable if the cell is used.
    """

    text: str
    value: datetime | date | time | bool | Decimal | None = None
    fault: str | None = None


EMPTY = Cell("")


def text_cell(text: str) -> Cell:
    """The cell of a text, wherever it comes from."""
    text = text.strip(_AROUND) if text[:1] == _MARK else text.strip()
    if not text:
        return EMPTY
    if text.isascii() and text[0] not in _SUSPECT:
        return Cell(text)
    return Cell(text, fault=fault_of(text))


def is_error(text: str) -> bool:
    """Whether a spreadsheet says with this text that it knows no value."""
    return text[0] in "#EF" and _ERRORS.fullmatch(text) is not None


def fault_of(text: str) -> str | None:
    """Why a text cannot be what somebody wrote."""
    if is_error(text):
        return _("the error {error}", error=text)
    if _ROUNDED.fullmatch(text):
        return ROUNDED
    if _LOST in text:
        return _HAS_LOST
    if _TWICE.search(text):
        return _IS_DESTROYED
    return None
