"""A person's name as it was typed: noble names and prefixes, in whichever field they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from serienpost.fields import FieldValue

# Former titles; part of the surname since 1919 (Art. 109 (3) of the Weimar constitution).
_NOBLE_NAMES = """baron baronin baronesse burggraf burggräfin edle edler erbgraf erbprinz freifrau
    freifräulein freiherr freiin frhr. fürst fürstin graf gräfin herzog herzogin komtess komtesse
    landgraf landgräfin markgraf markgräfin pfalzgraf pfalzgräfin prinz prinzessin reichsfreiherr
    reichsgraf reichsgräfin reichsritter ritter vicomte vicomtesse"""
_NOBLE = frozenset(_NOBLE_NAMES.split())

_PREFIX_WORDS = """af al am an auf aus d' da dal dalla dall' das de degli dei del dela dell' della
    dello dem den der des di die do dos du el in la las le les lo los op 's 't te ten ter thor tho
    to und v. van vom von y zu zum zur"""
_PREFIXES = frozenset(_PREFIX_WORDS.split())
# Written small within a name, however they were typed; of other languages both are names.
_SMALL = frozenset(["auf", "und", "v.", "vom", "von", "zu", "zum", "zur"])
# So typed at the end of a first name or a title, they are the begin of the surname. Others may be
# names of their own (An, El, To).
_LEADING = frozenset(["de", "van", "vom", "von", "zu", "zum", "zur"])

_TITLE_AFTER_COMMA = re.compile(
    r"(?=.*\b(?:d{1,2}r|prof|pd)\b)(?:(?:univ\.?-)?(?:prof|dr|ddr|med|dent|vet|phil|rer|nat|jur|pol|theol|habil|h\.?\s?c|mult"
    r"|pd|priv\.-doz|dr\.-ing)\.?\s*)+",
    re.IGNORECASE,
)
# Typed before a first or last name. What follows has its point, so that Phil stays a name.
_TITLE_BEFORE = re.compile(
    r"((?:(?:univ\.?-)?(?:prof(?:essor(?:in)?)?|d{1,2}r(?:\.?-ing)?|pd)\b\.?"
    r"|(?:dipl\.-\w+|mag|ing|priv\.-doz)\.)"
    r"(?:\s*(?:(?:prof|d{1,2}r|med|dent|vet|phil|rer|nat|jur|pol|theol|habil|h\.?\s?c|mult)\.))*)"
    r"\s*(?=\w)(.+)",
    re.IGNORECASE,
)
_SEVERAL_PARTS = re.compile(r"[ ,.]")


class NameParts(NamedTuple):
    """A name's parts. `surname` is whole, with noble name and prefix: `Freiherr von Stein`;
    `addition` is what the practice recorded beside it (`jun.`, `MdB`)."""

    title: str
    first: str
    surname: str
    addition: str


def name_parts(fields: Mapping[str, FieldValue], prefix: str = "") -> NameParts:
    """The name in the fields, that of the representative with the prefix `vertreter_`.

    A noble name or prefix that somebody typed behind the title, behind the first name, as addition
    or behind a comma belongs to the surname; a title before the first or last name is the title.
    """
    title, first, last, before, addition = (
        one_line(fields.get(f"{prefix}{name}"))
        for name in ("titel", "vorname", "nachname", "vorsatzwort", "namenszusatz")
    )
    if not last:
        return NameParts(title, first, "", addition)
    if not (title or before or addition or _SEVERAL_PARTS.search(f"{first}\n{last}")):
        return NameParts("", first, last, "")
    last, title, behind = _after_comma(last, title)
    last, title = _without_title(last, title)
    first, title = _without_title(first, title)
    title, of_title = _without_noble(title, whole=True)
    first, of_first = _without_noble(first)
    noble, addition = (addition.split(), "") if _is_noble(addition) else ([], addition)
    words: list[str] = []
    for found in (noble, of_title, of_first, behind, before.split()):
        if not _ends_with(words, found):
            words += found
    return NameParts(title, first, _joined(words, last), addition)


def one_line(value: FieldValue) -> str:
    """A field as one line without outer white space; empty where there is none."""
    return " ".join(str(value or "").split())


def _after_comma(last: str, title: str) -> tuple[str, str, list[str]]:
    """`Stein, Freiherr von` and `Klos, Dr. med.`, taken apart; anything else stays as typed."""
    name, _, rest = (part.strip() for part in last.partition(","))
    if not name or not rest:
        return last, title, []
    if all(word.lower() in _NOBLE | _PREFIXES for word in rest.split()):
        return name, title, rest.split()
    if not title and _TITLE_AFTER_COMMA.fullmatch(rest):
        return name, rest, []
    return last, title, []


def _without_title(name: str, title: str) -> tuple[str, str]:
    """`Dr. Eva`, taken apart unless another title is recorded."""
    found = _TITLE_BEFORE.fullmatch(name)
    if found is None or (title and not title.lower().startswith(found[1].lower())):
        return name, title
    return found[2], title or found[1]


def _without_noble(text: str, *, whole: bool = False) -> tuple[str, list[str]]:
    """The text without the noble name or prefix at its end; `whole`: it may be nothing else."""
    words = text.split()
    for begin in range(0 if whole else 1, len(words)):
        if words[begin].lower() not in _NOBLE and words[begin] not in _LEADING:
            continue
        if all(word.lower() in _NOBLE or word in _PREFIXES for word in words[begin:]):
            return " ".join(words[:begin]), words[begin:]
    return text, []


def _is_noble(addition: str) -> bool:
    words = addition.lower().split()
    return any(word in _NOBLE or word in _LEADING for word in words) and all(
        word in _NOBLE or word in _PREFIXES for word in words
    )


def _ends_with(words: Sequence[str], found: Sequence[str]) -> bool:
    return f" {' '.join(words)}".lower().endswith(f" {' '.join(found)}".lower())


def _joined(before: Sequence[str], last: str) -> str:
    """The words before the last name, without those that it begins with itself."""
    for begin in range(len(before)):
        if f"{last} ".lower().startswith(f"{' '.join(before[begin:])} ".lower()):
            before = before[:begin]
            break
    words = [word.lower() if _is_small(word) else word for word in before]
    elided = bool(words) and words[-1].endswith(("'", "\u2019", "-"))
    return " ".join(words) + ("" if elided or not words else " ") + last


def _is_small(word: str) -> bool:
    small = word.lower()
    return small in _SMALL or (small in _PREFIXES and len(word) > 1 and word.isupper())
