"""What a spreadsheet shows of a number or a day under the number format of its cell, in German.

The codes are those of ECMA-376, 18.8.31: up to four sections, for numbers above, below and equal
to zero and for texts. In the file they are written as in English; what is shown follows the
language of the system. A format that is not known here, or that shows less than the number is (as
`4,92E+11` does), makes a fault: it cannot be said what a person saw, or it is no use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from serienpost import Texts
from serienpost_source_table.cells import ROUNDED, Cell, text_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ = Texts(__name__)

# The formats that a file names by number alone (18.8.30), as a German Excel shows them.
_BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00",
    5: '#,##0 "€";-#,##0 "€"', 6: '#,##0 "€";-#,##0 "€"',
    7: '#,##0.00 "€";-#,##0.00 "€"', 8: '#,##0.00 "€";-#,##0.00 "€"',
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "dd.mm.yyyy", 15: "dd. mmm yy", 16: "dd. mmm", 17: "mmm yy",
    18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "hh:mm", 21: "hh:mm:ss", 22: "dd.mm.yyyy hh:mm",
    37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
    41: '#,##0;-#,##0;"-"', 42: '#,##0 "€";-#,##0 "€";"- €"',
    43: '#,##0.00;-#,##0.00;"-"', 44: '#,##0.00 "€";-#,##0.00 "€";"- €"',
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
# These follow the system, whatever a file says of them.
_OF_SYSTEM = range(14, 23)
GENERAL = "General"

_MONTHS = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
           "Oktober", "November", "Dezember")  # fmt: skip
_SHORT_MONTHS = ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
_AUSTRIAN_MONTHS = {1: ("Jänner", "Jän"), 3: ("März", "Mär")}
_ENGLISH_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August",
                   "September", "October", "November", "December")  # fmt: skip
_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH_LOCALES = {0x409, 0x809}
_AUSTRIAN = 0xC07
_GERMAN_LOCALES = {0x407, 0x807, _AUSTRIAN, 0x1007, 0x1407}
_LONG_DATE, _LONG_TIME = 0xF800, 0xF400
# Another language, and another calendar or other signs for digits.
_FOREIGN, _OTHER_SIGNS = 0xFFFF, -1
# As newer programs name them (BCP 47).
_LOCALE_OF = {"de": 0x407, "de-at": _AUSTRIAN, "en": 0x409,
              "x-sysdate": _LONG_DATE, "x-systime": _LONG_TIME}  # fmt: skip

# Days of a date system: the last that a cell can show, and a day that never was (29 February 1900).
_LAST_DAY, _NO_DAY = 2_958_465, 60
_MOST_DIGITS = 15
_LONGEST = 1000
_WIDE = Context(prec=400)
_MIDNIGHT = datetime(1900, 1, 1)  # noqa: DTZ001  # a spreadsheet knows no time zones
_HASHES = _("only #####")
_UNKNOWN = _("a number in a format that is not known here")
_TOO_LONG = _("a number of more than 15 digits, the last of which are lost")

_TOKEN = re.compile(
    r'"([^"]*)"?|\\(.)|_(.)|\*(.)|\[([^\]]*)\]'
    r"|(general)|(am/pm|a/p)|([yY]+|[mM]+|[dD]+|[hH]+|[sS]+)|([eE][+-])|([0#?.,%/@;])|(.)",
    re.IGNORECASE | re.DOTALL,
)
_ELAPSED = re.compile(r"(h+|m+|s+)", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)")
_COLOUR = re.compile(
    r"(black|blue|cyan|green|magenta|red|white|yellow|schwarz|blau|grün|rot|weiss|weiß|gelb"
    r"|color ?\d+|farbe ?\d+)",
    re.IGNORECASE,
)
_CURRENCY = re.compile(r"\$([^-]*)(?:-(.*))?")
_LANGUAGE = re.compile(r"x-sys(?:date|time)|[a-z]{2}(?:-[a-z]{2})?", re.IGNORECASE)
_LOCALE = re.compile(r"[0-9A-F]{1,8}", re.IGNORECASE)
# Letters without quotation marks are no literals.
_BARE = re.compile(r"[\W1-9]", re.ASCII)

_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "=": lambda a, b: a == b, "<>": lambda a, b: a != b,
}  # fmt: skip


class _Token(NamedTuple):
    """A piece of a section: `kind` is `literal`, `digit`, `.`, `,`, `%`, `/`, `E`, `@`, `general`,
    `date`, `elapsed`, `half` (AM/PM) or `unknown`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[_Token, ...]
    condition: tuple[str, Decimal] | None
    locale: int | None

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.tokens)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A number format, ready to show cells."""

    sections: tuple[_Section, ...]

    @property
    def is_dated(self) -> bool:
        """Whether it shows days or times."""
        return self.sections[0].has("date", "elapsed", "half")

    def of_text(self, text: str) -> Cell:
        """What is seen of a text."""
        if self is _GENERAL:
            return text_cell(text)
        last = self.sections[-1]
        if not last.has("@") or len(last.tokens) == 1:
            hidden = len(self.sections) == 4 and not last.tokens
            return text_cell("" if hidden else text)
        shown = (text if token.kind == "@" else token.text for token in last.tokens)
        return text_cell("".join(shown))

    def of_number(self, number: Decimal, *, is_1904: bool = False) -> Cell:
        """What is seen of a number, which is a day or a time where the format says so."""
        section, is_signed = self._section(number)
        if section is None or section.has("unknown"):
            return Cell("", fault=_UNKNOWN if section else _HASHES)
        # With days, `e` is the year of an emperor.
        if section.has("date", "elapsed", "half") and not section.has("E"):
            return _day(section, number, is_1904=is_1904)
        if section.has("/", "E"):
            return Cell("", fault=ROUNDED if section.has("E") else _UNKNOWN)
        if not section.has("digit", "general", "@"):
            return text_cell("".join(token.text for token in section.tokens))
        if number.adjusted() >= _MOST_DIGITS or len(_digits(number)) > _MOST_DIGITS:
            return Cell("", fault=_TOO_LONG)
        shown = _in_general if section.has("general", "@") else _in_places
        return shown(section, number, is_signed=is_signed)

    def _section(self, number: Decimal) -> tuple[_Section | None, bool]:
        """The section for a number, and whether its sign is shown besides."""
        of_numbers = self.sections[:3]
        if any(section.condition for section in of_numbers):
            for section in of_numbers:
                if section.condition is None:
                    return section, True
                sign, limit = section.condition
                if _COMPARE[sign](number, limit):
                    return section, True
            return None, True
        if len(of_numbers) == 1:
            return of_numbers[0], True
        if number < 0:
            return of_numbers[1], False
        return of_numbers[2 if number == 0 and len(of_numbers) == 3 else 0], True


def built_in(number: int, given: str | None) -> str | None:
    """The code of a format by its number; `given` is what the file says of it."""
    if number in _OF_SYSTEM or not given:
        return _BUILT_IN.get(number)
    return given


@lru_cache(maxsize=1024)
def number_format(code: str) -> NumberFormat:
    """The number format of a code; none that a program writes is longer than 255 signs."""
    code = code if len(code) <= _LONGEST else "[?]"
    sections: list[_Section] = []
    tokens: list[_Token] = []
    condition: tuple[str, Decimal] | None = None
    locale: int | None = None
    for match in [*_TOKEN.finditer(code), None]:
        if match is None or match[0] == ";":
            sections.append(_Section(_minutes(_system(tokens, locale)), condition, locale))
            tokens, condition, locale = [], None, None
        elif match[5] is None:
            tokens.append(_token(match))
        else:
            inside = match[5]
            if found := _CONDITION.fullmatch(inside):
                condition = found[1], Decimal(found[2])
            elif money := _CURRENCY.fullmatch(inside):
                tokens.append(_Token("literal", money[1]))
                if money[2]:
                    locale = _locale(money[2])
                if locale == _OTHER_SIGNS:
                    tokens.append(_Token("unknown", inside))
            elif _ELAPSED.fullmatch(inside):
                tokens.append(_Token("elapsed", inside.lower()))
            elif not _COLOUR.fullmatch(inside):
                tokens.append(_Token("unknown", inside))
    return NumberFormat(tuple(sections[:4]))


def _token(match: re.Match[str]) -> _Token:
    quoted, escaped, width, filled, _, general, half, day, scientific, sign, bare = match.groups()
    if quoted is not None or escaped:
        return _Token("literal", quoted if quoted is not None else escaped)
    if width or filled:
        return _Token("literal", " " if width else "")
    if general or half:
        return _Token("half" if half else "general", half or "")
    if day or scientific:
        return _Token("date" if day else "E", (day or scientific).lower())
    if sign:
        return _Token("digit" if sign in "0#?" else sign, sign)
    return _Token("literal" if _BARE.fullmatch(bare) else "unknown", bare)


def _locale(said: str) -> int:
    """The language by its name or number; before a number stand, in one byte each, the form of the
    digits and the calendar, of which 1 are ours (ECMA-376, 18.8.31)."""
    if _LANGUAGE.fullmatch(said):
        tag = said.lower()
        return _LOCALE_OF.get(tag) or _LOCALE_OF.get(tag[:2], _FOREIGN)
    if not _LOCALE.fullmatch(said):
        return _OTHER_SIGNS
    number = int(said, 16)
    is_ours = number >> 24 in {0, 1} and number >> 16 & 0xFF in {0, 1}
    return number & 0xFFFF if is_ours else _OTHER_SIGNS


def _system(tokens: list[_Token], locale: int | None) -> list[_Token]:
    """A date or time as the system is set to show it, where the format leaves it to that."""
    if locale == _LONG_DATE:
        return list(number_format("dddd, d. mmmm yyyy").sections[0].tokens)
    if locale == _LONG_TIME:
        return list(number_format("hh:mm:ss").sections[0].tokens)
    return tokens


def _minutes(tokens: Sequence[_Token]) -> tuple[_Token, ...]:
    """`m` behind hours or before seconds means minutes (kind `date`, text `n`)."""
    found = list(tokens)
    parts = [at for at, token in enumerate(found) if token.kind in {"date", "elapsed"}]
    for place, at in enumerate(parts):
        if found[at].kind == "date" and found[at].text in {"m", "mm"}:
            before = found[parts[place - 1]].text[0] if place else ""
            after = found[parts[place + 1]].text[0] if place + 1 < len(parts) else ""
            if before == "h" or after == "s":
                found[at] = _Token("date", "n" * len(found[at].text))
    return tuple(found)


def _digits(number: Decimal) -> str:
    return "".join(map(str, number.normalize().as_tuple().digits))


def _in_general(section: _Section, number: Decimal, *, is_signed: bool) -> Cell:
    """A number in the format that is none: as many digits as Excel shows, eleven signs with the
    point."""
    exponent = number.adjusted() if number else 0
    if not -5 < exponent < 11:
        return Cell("", fault=ROUNDED)
    rounded = number.quantize(Decimal(1).scaleb(-max(0, 9 - max(exponent, 0))), ROUND_HALF_UP)
    text = f"{rounded if is_signed else abs(rounded):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    kinds = {"general", "@"}
    pieces = (text.replace(".", ",") if t.kind in kinds else t.text for t in section.tokens)
    return Cell("".join(pieces).strip(), Decimal(text) if is_signed else rounded)


def _in_places(section: _Section, number: Decimal, *, is_signed: bool) -> Cell:
    """A number in the places that its format has for digits."""
    tokens = section.tokens
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    point = next((at for at, token in enumerate(tokens) if token.kind == "."), len(tokens))
    whole = [at for at in places if at < point]
    decimals = [at for at in places if at > point]
    last = whole[-1] if whole else -1
    # A comma behind the last digit, or behind the last before the point, leaves out thousands.
    behind = {*range(last + 1, point), *range(places[-1] + 1, len(tokens))} if places else ()
    thousands = sum(tokens[at].kind == "," for at in behind)
    is_grouped = any(t.kind == "," for t in tokens[whole[0] : last]) if whole else False
    scale = Decimal(100) ** sum(t.kind == "%" for t in tokens) / Decimal(1000) ** thousands
    rounded = (abs(number) * scale).quantize(
        Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP, _WIDE
    )
    digits = f"{rounded:f}".partition(".")
    filled = _whole(tokens, whole, digits[0].lstrip("0"), is_grouped=is_grouped)
    filled |= _decimals(tokens, decimals, digits[2])
    is_negative = number < 0 and rounded != 0
    pieces = [
        filled.get(at, "," if at == point else "" if token.kind == "," else token.text)
        for at, token in enumerate(tokens)
    ]
    text = ("-" if is_negative and is_signed else "") + "".join(pieces).strip()
    value = rounded / scale
    return Cell(text, -value if is_negative else value)


def _whole(
    tokens: Sequence[_Token], places: Sequence[int], digits: str, *, is_grouped: bool
) -> dict[int, str]:
    """The digits before the point at their places, from the right; the first takes the rest."""
    filled: dict[int, str] = {}
    used = 0
    for at in reversed(places):
        rest = digits[: len(digits) - used] if used < len(digits) else ""
        taken = rest if at == places[0] else rest[-1:]
        taken = taken or {"0": "0", "?": " "}.get(tokens[at].text, "")
        shown = ""
        for sign in reversed(taken):
            if is_grouped and used and used % 3 == 0 and sign != " ":
                shown = "." + shown
            shown = sign + shown
            used += 1
        filled[at] = shown
    return filled


def _decimals(tokens: Sequence[_Token], places: Sequence[int], digits: str) -> dict[int, str]:
    needed = len(digits.rstrip("0"))
    return {
        at: digit if place < needed else {"0": "0", "?": " "}.get(tokens[at].text, "")
        for place, (at, digit) in enumerate(zip(places, digits, strict=True))
    }


def _day(section: _Section, number: Decimal, *, is_1904: bool) -> Cell:
    if number < 0 or number > _LAST_DAY:
        return Cell("", fault=_HASHES)
    fraction = max((len(t.text) for t in _fractions(section.tokens)), default=0)
    unit = Decimal(1).scaleb(-fraction)
    seconds = (number * 86400).quantize(unit, ROUND_HALF_UP)
    day, in_day = divmod(seconds, 86400)
    known = _date(int(day), is_1904=is_1904)
    texts = {token.text for token in section.tokens if token.kind == "date"}
    letters = {text[0] for text in texts}
    if known is None and letters & set("ymd"):
        return Cell("", fault=_HASHES if day == _NO_DAY else _UNKNOWN)
    if section.locale and _names(texts) and section.locale not in _KNOWN_LOCALES:
        return Cell("", fault=_UNKNOWN)
    clock = (_MIDNIGHT + timedelta(seconds=float(in_day))).time()
    pieces = _pieces(section, known or date.min, clock, seconds)
    return Cell("".join(pieces).strip(), _value(section, texts, known, clock))


_KNOWN_LOCALES = _GERMAN_LOCALES | _ENGLISH_LOCALES | {_LONG_DATE, _LONG_TIME, 0x400, 0x800}


def _names(texts: set[str]) -> bool:
    """Whether months or weekdays are shown by their names."""
    return any(text[0] in "md" and len(text) > 2 for text in texts)


def _fractions(tokens: Sequence[_Token]) -> list[_Token]:
    """The zeros behind a point behind seconds, as one token."""
    found, at = [], 0
    while at < len(tokens):
        if tokens[at].kind == "." and at + 1 < len(tokens) and tokens[at + 1].text == "0":
            end = at + 1
            while end < len(tokens) and tokens[end].text == "0":
                end += 1
            found.append(_Token("fraction", "0" * (end - at - 1)))
            at = end
        else:
            at += 1
    return found


def _date(day: int, *, is_1904: bool) -> date | None:
    """The day of a serial number; day 60 of the system of 1900 never was."""
    if is_1904:
        return date(1904, 1, 1) + timedelta(days=day) if day <= _LAST_DAY - 1462 else None
    if day in {0, _NO_DAY}:
        return None
    return date(1899, 12, 31 if day < _NO_DAY else 30) + timedelta(days=day)


def _pieces(section: _Section, day: date, clock: time, seconds: Decimal) -> list[str]:
    tokens = section.tokens
    is_half = section.has("half")
    pieces: list[str] = []
    in_fraction = False
    for at, token in enumerate(tokens):
        if token.kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[token.text[0]]
            pieces.append(str(int(seconds // unit)).rjust(len(token.text), "0"))
        elif token.kind == "date":
            pieces.append(
                _name(token.text, day, section.locale)
                or _part(token.text, day, clock, is_half=is_half)
            )
        elif token.kind == "half":
            pieces.append("PM" if clock.hour >= 12 else "AM")
        elif token.kind == "." and at + 1 < len(tokens) and tokens[at + 1].text == "0":
            in_fraction = True
            length = next(n for n in range(1, 9) if not _is_zero(tokens, at + 1 + n))
            pieces.append("," + f"{clock.microsecond:06}"[:length])
        elif not (in_fraction and token.text == "0"):
            in_fraction = False
            pieces.append("." if token.kind == "/" else token.text)
    return pieces


def _is_zero(tokens: Sequence[_Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].text == "0"


def _name(text: str, day: date, locale: int | None) -> str | None:
    """The name of the month or weekday; None where a number is shown."""
    letter, length = text[0], len(text)
    if letter not in "md" or length < 3:
        return None
    is_english = locale in _ENGLISH_LOCALES
    if letter == "d":
        name = (_ENGLISH_DAYS if is_english else _DAYS)[day.weekday()]
        return name if length > 3 else name[: 3 if is_english else 2]
    if locale == _AUSTRIAN and length != 5 and day.month in _AUSTRIAN_MONTHS:
        return _AUSTRIAN_MONTHS[day.month][length == 3]
    name = (_ENGLISH_MONTHS if is_english else _MONTHS)[day.month - 1]
    if length == 3:
        return name[:3] if is_english else _SHORT_MONTHS[day.month - 1]
    return name[0] if length == 5 else name


def _part(text: str, day: date, clock: time, *, is_half: bool) -> str:
    """One part of a date or time."""
    letter, length = text[0], len(text)
    if letter == "y":
        return f"{day.year:04}" if length > 2 else f"{day.year % 100:02}"
    hour = (clock.hour % 12 or 12) if is_half else clock.hour
    number = {"m": day.month, "d": day.day, "h": hour, "n": clock.minute, "s": clock.second}[letter]
    return f"{number:0{min(length, 2)}}"


def _value(
    section: _Section, texts: set[str], day: date | None, clock: time
) -> datetime | date | time | None:
    """The day and time, as far as they are shown."""
    letters = {text[0] for text in texts}
    shown = clock.replace(
        second=clock.second if "s" in letters else 0,
        microsecond=clock.microsecond if "s" in letters else 0,
    )
    has_time = {"h", "n"} <= letters
    if section.has("elapsed"):
        return None
    if letters >= set("ymd") and day:
        return (
            datetime.combine(day, shown) if has_time else day if not letters & set("hns") else None
        )
    return shown if has_time and not letters & set("ymd") else None


_GENERAL = number_format(GENERAL)
