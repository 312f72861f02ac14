"""Mobile numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import words
from serienpost.contracts.kinds import Address, Unreachable
from serienpost.kinds.countries import HOME, country_code
from serienpost.text import field_text, visible
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from phonenumbers import PhoneNumber

    from serienpost.fields import FieldValue

_ = Texts(__name__)

_COUNTRY_CODE = 49
_NORTH_AMERICA = "US"
_LONGEST = 100
_FEWEST_DIGITS = 5
_MOST_DIGITS = 17

_RUN = re.compile(r"(?:[+＋][^\S\r\n]*)?\(?\d(?:(?:[-()./_‐-―]|[^\S\r\n])*\d)*")
# Behind them a number may be whole: a second ending, an extension, the ".0" of a spreadsheet.
_ENDING = re.compile(r"(?:/\s*\d{1,2}|[-‐-―.]\s*\d)\Z")
_EXTENSION_LIKE = re.compile(r"[-‐-―/]\s*\d{1,4}\Z")
# Words that only say which of a person's own numbers this is.
_LABEL = re.compile(
    r"\b(?:(?:tel(?:efon)?|phone|mob(?:il(?:tel(?:efon)?|funk)?)?|handy|sms|nummer|nr|rufnummer|cell"
    r"|priv(?:at)?|dienstl(?:ich)?|gesch(?:äftl(?:ich)?)?|berufl(?:ich)?|arbeit|d[12]|e-?plus|o2)"
    r"(?:-?(?:nummer|nr))?\b\.?)(?:\s?[1-9]\b)?",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"[\s.:;,()\[\]/–-]*")
_LETTER = re.compile(r"[^\W\d_]")

_MISSING = Unreachable("missing", _("There is no mobile number on record."))
_INVALID = Unreachable("invalid", _("The mobile number on record is not a valid number."))
_SEVERAL = Unreachable(
    "several_numbers", _("There are several numbers on record; only one may be.")
)
_EXTENSION = Unreachable(
    "extension", _("The number ends with an extension or a second last digit.")
)
_REMARK = Unreachable(
    "remark",
    _(
        "Beside the mobile number stand letters, an extension or a remark;"
        " only the number may be on record."
    ),
)
_NO_COUNTRY_CODE = Unreachable(
    "no_country_code",
    _(
        "The number lacks the country code with + at its beginning (or the zero of a German one),"
        " so it is not certain to which country it belongs."
    ),
)
_LANDLINE = Unreachable(
    "landline", _("The mobile number on record is a landline, to which no SMS goes.")
)
_PREMIUM = Unreachable("premium", _("The mobile number on record is a premium-rate number."))
_NOT_MOBILE = Unreachable(
    "not_mobile", _("The number on record is not a mobile number (service, pager, internet).")
)


class SmsKind:
    """SMS. The value is the number in E.164 form (`+491711234567`)."""

    name = "sms"
    title = words.kind("sms")
    fields = frozenset({"mobil"})
    judged_by = frozenset({"land"})
    template_suffix = "sms.txt"

    def address(self, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
        """The number in `mobil`, or why it is none to write to.

        With `+` or `00` it is the country's that follows. With a leading 0 it is a German one (DIN
        5008), unless `land` is another country in which it is a number too. Anything else is a
        German mobile number whose 0 got lost, if `land` is empty or Germany and the number with `+`
        before it belongs to no other country (ITU-T E.164). Nothing else is guessed.

        Labels ("Tel.", "privat") are left out. Codes: `missing`, `invalid`, `several_numbers`,
        `extension`, `remark`, `no_country_code`, `landline`, `premium`, `not_mobile`.
        """
        text = visible(field_text(fields.get("mobil")))
        if not text:
            return _MISSING
        if len(text) > _LONGEST:
            return _INVALID
        digits = _the_number(text)
        if isinstance(digits, Unreachable):
            return digits
        return _checked(digits, field_text(fields.get("land")))


def _the_number(text: str) -> str | Unreachable:
    """The one stretch of digits that can be a number; beside it stand labels at most.

    The number never reaches the parser together with letters, which it would read as keys.
    """
    runs = [run for run in _RUN.finditer(text) if _digits(run[0]) >= _FEWEST_DIGITS]
    if len(runs) > 1:
        return _SEVERAL
    if not runs:
        return _INVALID
    [run] = runs
    if _digits(run[0]) > _MOST_DIGITS:
        return _SEVERAL
    before, after = text[: run.start()], text[run.end() :]
    if not all(_BESIDE.fullmatch(_LABEL.sub("", beside)) for beside in (before, after)):
        return _REMARK if _LETTER.search(before + after) else _INVALID
    if _ENDING.search(run[0]):
        return _EXTENSION
    return run[0].replace("_", " ")


def _digits(text: str) -> int:
    return sum(sign.isdecimal() for sign in text)


def _checked(written: str, land: str) -> Address | Unreachable:
    from phonenumbers import normalize_digits_only

    digits = normalize_digits_only(written)
    if written.startswith(("+", "＋")):
        found = _judged(f"+{digits}")
    elif digits.startswith("00"):
        found = _judged(f"+{digits[2:]}")
    else:
        found = _german(digits, land)
    if found is _INVALID and (ending := _EXTENSION_LIKE.search(written)):
        number = written[: ending.start()]
        if isinstance(_checked(number, land), Address):
            return _EXTENSION
    return found


def _german(digits: str, land: str) -> Address | Unreachable:
    """A number without a country's code: the German one, where it can be no other country's."""
    country = country_code(land) if land else HOME
    if digits.startswith("0"):
        if country not in (HOME, None) and _valid(digits, country):
            return _NO_COUNTRY_CODE
        found = _judged(digits)
        lacks_a_zero = found is _LANDLINE and _mobile(f"+{digits[1:]}")
        return _NO_COUNTRY_CODE if lacks_a_zero else found
    if country != HOME or _valid(f"+{digits}"):
        return _NO_COUNTRY_CODE
    found = _judged(f"0{digits}")
    if isinstance(found, Unreachable) and _valid(digits, _NORTH_AMERICA):
        return _NO_COUNTRY_CODE
    return found


def _parsed(digits: str, region: str = HOME) -> PhoneNumber | None:
    """The number of a plan (ITU-T E.164 with `+`, else the region's), None where it is none."""
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _valid(digits: str, region: str = HOME) -> bool:
    return _parsed(digits, region) is not None


def _mobile(digits: str) -> bool:
    return isinstance(_judged(digits), Address)


def _judged(digits: str) -> Address | Unreachable:
    """A number with `+`, or a German one with its 0: its E.164 form, or why no SMS goes there."""
    from phonenumbers import PhoneNumberFormat, format_number

    number = _parsed(digits)
    if number is None:
        return _INVALID
    return _refusal(number) or Address(format_number(number, PhoneNumberFormat.E164))


def _refusal(number: PhoneNumber) -> Unreachable | None:
    """Why no SMS goes to this valid number. Abroad some plans do not tell mobile from fixed."""
    from phonenumbers import PhoneNumberType, number_type

    kind = number_type(number)
    if kind == PhoneNumberType.MOBILE:
        return None
    if kind == PhoneNumberType.FIXED_LINE_OR_MOBILE and number.country_code != _COUNTRY_CODE:
        return None
    if kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        return _LANDLINE
    if kind in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST):
        return _PREMIUM
    return _NOT_MOBILE
