"""What practices record as form of address and gender, and what a letter makes of it.

After DIN 5008 and the advice of the Federal Ministry of the Interior ("Anschriften und Anreden").
A form is what the practice recorded; it is never guessed from a name (OLG Frankfurt, 21 June 2022,
9 U 92/20).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# A form of address in the line above the name. `w` and `m` are one person, the others several
# people or none; of a couple the one comes first who was typed first.
ADDRESS_LINES = {
    "w": "Frau",
    "m": "Herrn",
    "couple_w": "Frau und Herrn",
    "couple_m": "Herrn und Frau",
    "family": "Familie",
    "spouses": "Eheleute",
    "pair": "Ehepaar",
    "company": "Firma",
}
COUPLES = frozenset({"couple_w", "couple_m"})
ONE_PERSON = frozenset({"", "w", "m"})
# Nobody is greeted by name.
NOBODY = frozenset({"company", "everybody"})

_FORMS = {
    "w": "frau fr frl fräulein weiblich weibl w mrs ms miss",
    "m": "herr herrn hr hrn männlich männl m mr",
    "family": "familie fam",
    "spouses": "eheleute ehel",
    "pair": "ehepaar",
    "company": "firma fa",
    # Recorded on purpose, so that nobody need be told; greeted by name.
    "": "divers div d x mx neutral keine keiner kein ohne unbekannt -",
}
_BY_WORD = {word: form for form, words in _FORMS.items() for word in words.split()}
_SENTENCES = {
    "damen und herren": "everybody",
    "keine angabe": "",
    "k. a.": "",
    "k.a.": "",
    "ohne anrede": "",
    "keine anrede": "",
}
_BEGIN = re.compile(r"(?:sehr geehrter?|an)\s+(?=\S)")
_WOMAN, _MAN, _AND = r"(?:frau|fr\.?)", r"(?:herrn?|hrn?\.?)", r"\s*(?:und|u\.?|&|\+)\s*"
_COUPLE = re.compile(rf"(?P<w>{_WOMAN}{_AND}{_MAN})(?:\s|\Z)|{_MAN}{_AND}{_WOMAN}(?:\s|\Z)")
# Which of both it is was not recorded.
_EITHER = re.compile(rf"{_WOMAN}\s*(?:/|oder)\s*{_MAN}|{_MAN}\s*(?:/|oder)\s*{_WOMAN}")
# Typed behind the form: titles and noble names.
_TITLES = re.compile(
    r"(?:(?:dipl\.?-[a-zäöü]+|(?:univ\.?-)?(?:prof(?:essor(?:in)?)?|d{1,2}r(?:\.?-ing)?|pd|med|dent"
    r"|priv\.-doz|vet|phil|rer|nat|jur|habil|h\.?\s?c|mult|ing|mag|graf|gräfin|freiherr|freifrau"
    r"|freiin|baron|baronin|prinz|prinzessin|von|zu))\b\.?\s*)+"
)

_GENDERS = {
    "w": "w weiblich weibl f female frau",
    "m": "m männlich männl maennlich male mann herr",
    "d": "d divers div x",
    "": "u unbekannt o offen keine ohne -",
}
_BY_GENDER = {word: gender for gender, words in _GENDERS.items() for word in words.split()}


class AddressForm(NamedTuple):
    """What was recorded as form of address.

    Args:
        form: a key of `ADDRESS_LINES`, `everybody` (Damen und Herren), or empty.
        title: what was typed behind it, as in `Frau Dr.`.
        known: whether the text is understood; an empty one is.
    """

    form: str
    title: str
    known: bool


@lru_cache(maxsize=1024)
def read_address_form(text: str) -> AddressForm:
    """`Fr. Dr.` is `w` with the title `Dr.`; an empty text and one not understood have no form."""
    written = unicodedata.normalize("NFC", text).strip()
    small = written.lower()
    begin = _BEGIN.match(small)
    start = begin.end() if begin else 0
    small, written = small[start:], written[start:]
    if small in _SENTENCES:
        return AddressForm(_SENTENCES[small], "", known=True)
    if not small or _EITHER.fullmatch(small):
        return AddressForm("", "", known=True)
    if couple := _COUPLE.match(small):
        form, length = ("couple_w" if couple["w"] else "couple_m"), couple.end()
    elif _TITLES.fullmatch(small):
        form, length = "", 0
    else:
        word = small.split()[0]
        length = len(word)
        if word.rstrip(".:,") not in _BY_WORD:
            return AddressForm("", "", known=False)
        form = _BY_WORD[word.rstrip(".:,")]
    title = written[length:].strip()
    if title and not _TITLES.fullmatch(title.lower()):
        return AddressForm("", "", known=False)
    return AddressForm(form, title, known=True)


@lru_cache(maxsize=256)
def read_gender(text: str) -> str | None:
    """`w`, `m`, `d`, empty where none is recorded; None for a text that is not understood."""
    small = unicodedata.normalize("NFC", text).strip().lower()
    if not small or small in _SENTENCES:
        return ""
    return _BY_GENDER.get(small.rstrip("."))
