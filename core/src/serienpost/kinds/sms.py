"""Mobile numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost.contracts.kinds import Address, Unreachable
from serienpost.text import field_text, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from phonenumbers import PhoneNumber

    from serienpost.fields import FieldValue

_REGION = "DE"
_COUNTRY_CODE = 49
_LONGEST = 100
_FEWEST_DIGITS = 5

_RUN = re.compile(r"(?:[+＋][^\S\r\n]*)?\(?\d(?:(?:[-()./_‐-―]|[^\S\r\n])*\d)*")
_TWO_ENDINGS = re.compile(r"(?:/\s*\d{1,2}|-\s*\d)\Z")
_LABEL_BEFORE = re.compile(r"[^\d+＋]*(?:[^\W\d_][^\S\r\n]?\d[^\d+＋]*)?")
_LABEL_AFTER = re.compile(r"[^\d+＋]*(?:[^\W\d_]{2}[^\d+＋]*(?:\d{1,4}(?!\d)[^\d+＋]*)*)?")

_MISSING = Unreachable("missing", "Es ist keine Mobilnummer eingetragen.")
_INVALID = Unreachable("invalid", "Die eingetragene Mobilnummer ist keine gültige Rufnummer.")
_SEVERAL = Unreachable(
    "several_numbers", "Es sind mehrere Rufnummern eingetragen, es darf nur eine sein."
)
_LANDLINE = Unreachable(
    "landline", "Als Mobilnummer ist eine Festnetznummer eingetragen; dorthin geht keine SMS."
)
_PREMIUM = Unreachable(
    "premium", "Als Mobilnummer ist eine kostenpflichtige Servicenummer eingetragen."
)
_NOT_MOBILE = Unreachable(
    "not_mobile", "Die eingetragene Rufnummer ist keine Mobilnummer (Service, Pager, Internet)."
)


class SmsKind:
    """SMS. The value is the number in E.164 form (`+491711234567`)."""

    name = "sms"
    title = "SMS"
    fields = frozenset({"mobil"})
    template_suffix = "sms.txt"

    def address(self, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
        """The number in `mobil`; without a country code it is German.

        Words around the number ("Tel.", "App. 12", "privat") are left out. Codes: `missing`,
        `invalid`, `several_numbers`, `landline`, `premium`, `not_mobile`.
        """
        text = visible(field_text(fields.get("mobil")))
        if not text:
            return _MISSING
        if len(text) > _LONGEST:
            return _INVALID
        digits = _the_number(text)
        return digits if isinstance(digits, Unreachable) else _checked(digits)


def _the_number(text: str) -> str | Unreachable:
    """The one stretch of digits that can be a number; the words around it are labels.

    The number never reaches the parser together with letters, which it would read as keys.
    """
    runs = [run for run in _RUN.finditer(text) if _digits(run[0]) >= _FEWEST_DIGITS]
    if len(runs) > 1:
        return _SEVERAL
    if not runs:
        return _INVALID
    [run] = runs
    if _TWO_ENDINGS.search(run[0]):
        return _SEVERAL
    before, after = text[: run.start()], text[run.end() :]
    if not (_LABEL_BEFORE.fullmatch(before) and _LABEL_AFTER.fullmatch(after)):
        return _INVALID
    return run[0].replace("_", " ")


def _digits(text: str) -> int:
    return sum(sign.isdecimal() for sign in text)


def _checked(digits: str) -> Address | Unreachable:
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, _REGION)
    except phonenumbers.NumberParseException as error:
        return _SEVERAL if error.error_type == error.TOO_LONG else _INVALID
    if not phonenumbers.is_valid_number(number):
        return _INVALID
    refusal = _refusal(number)
    return refusal or Address(
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    )


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
