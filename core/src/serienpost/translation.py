"""Sentences for people: made in English where they arise, said in the reader's language.

    _ = Texts(__name__)
    raise ConfigError(_("the file {file} is missing", file=name))

A `Text` is a `str`, the English sentence; beside it, it keeps what it was made of. `str(text)` and
f-strings say it in the present language (`speaking`), so whoever makes a text needs not know who
will read it, and constants, caches and threads cannot hold a wrong language. What is stored is
`pack`ed: the message and its values, never a translation.

The translations of a distribution lie in its package, `locale/de/LC_MESSAGES/PACKAGE.mo`, and are
read when the first text of the package is said in that language (GNU gettext). `qps` is a language
for tests: English, each sentence in brackets.
"""

from __future__ import annotations

import inspect
import json
import re
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SOURCE_LANGUAGE = "en"
PSEUDO_LANGUAGE = "qps"

# A JSON text behind the record separator (RFC 7464): no sentence begins with one.
PACKED = "\x1e"

# `{name}`; what stands in double braces is the template language's.
PLACEHOLDER = re.compile(r"(?<!\{)\{([a-z_][a-z0-9_]*)\}(?!\})")

_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[_-]([A-Za-z]{2}))?(?:[.@].*)?")
# English with the day before the month and 24 hours.
_REGIONAL = {SOURCE_LANGUAGE: "en_150", PSEUDO_LANGUAGE: "en_150"}


class Money(NamedTuple):
    """An amount of money; `currency` by its ISO 4217 code."""

    amount: Decimal
    currency: str


# Whole numbers are written as digits alone, because they may be a line or a year; the number of a
# plural is written as the language groups digits.
Value: TypeAlias = "str | int | float | Decimal | date | time | Money | Sequence[Value]"


class _Voice(NamedTuple):
    language: str
    zone: tzinfo | None


# Of the whole process, and of a context within it that says another.
_common = [_Voice(SOURCE_LANGUAGE, None)]
_own: ContextVar[_Voice | None] = ContextVar("voice", default=None)
# What a text is as a `str`.
_RAW = _Voice(SOURCE_LANGUAGE, None)
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_UNTRANSLATED = NullTranslations()


def _voice() -> _Voice:
    return _own.get() or _common[0]


def present_language() -> str:
    """The language in which texts are said."""
    return _voice().language


def speak(language: str, zone: tzinfo | None = None) -> None:
    """From now on this process says texts in this language, moments in this zone: for a face whose
    process has one reader."""
    _common[0] = _Voice(language, zone)


@contextmanager
def speaking(language: str, zone: tzinfo | None = None) -> Iterator[None]:
    """Within, texts are said in this language, moments in this zone or else the present one."""
    token = _own.set(_Voice(language, zone or _voice().zone))
    try:
        yield
    finally:
        _own.reset(token)


@cache
def languages() -> tuple[str, ...]:
    """The languages that are offered: English, and those that have a folder in the core's
    `locale/`."""
    folders = (Path(__file__).parent / "locale").glob("*/LC_MESSAGES")
    return (SOURCE_LANGUAGE, *sorted({one.parent.name for one in folders} - {SOURCE_LANGUAGE}))


def offered(written: str) -> str | None:
    """The offered language that is meant by `de`, `de_AT.UTF-8` or `de-CH`; None where it is none.
    `C` and `POSIX` mean English."""
    if written == PSEUDO_LANGUAGE:
        return written
    found = _LANGUAGE.fullmatch(written)
    if found is None:
        is_plain = written.partition(".")[0] in ("C", "POSIX")
        return SOURCE_LANGUAGE if is_plain else None
    base, region = found[1].lower(), (found[2] or "").upper()
    return next((one for one in (f"{base}_{region}", base) if one in languages()), None)


class Text(str):
    """A sentence for people. As a `str` it is English, for logs, comparisons and hashes; `str()`,
    f-strings and `+` keep to the reader's language.

    Args:
        domain: the package whose catalogue translates it; empty for what only holds other texts.
        message: English, with `{name}` for each value.
        values: by name.
        plural: the message for other numbers than one of the value `n`.
        context: what tells it from the same words of another meaning.
    """

    __slots__ = ("context", "domain", "message", "plural", "values")
    domain: str
    message: str
    values: Mapping[str, Value]
    plural: str | None
    context: str | None

    def __new__(
        cls,
        domain: str,
        message: str,
        values: Mapping[str, Value] = _NOTHING,
        plural: str | None = None,
        context: str | None = None,
    ) -> Self:
        """Make it; translations are not looked at."""
        template = message if plural is None or values["n"] == 1 else plural
        self = super().__new__(cls, _filled(template, values, _RAW) if values else template)
        fix = object.__setattr__
        fix(self, "domain", domain)
        fix(self, "message", message)
        fix(self, "values", MappingProxyType(dict(values)) if values else _NOTHING)
        fix(self, "plural", plural)
        fix(self, "context", context)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a text is fixed: {name}")

    def __str__(self) -> str:
        voice = _voice()
        said = _filled(_template(self, voice.language), self.values, voice)
        return f"⟦{said}⟧" if self.domain and voice.language == PSEUDO_LANGUAGE else said

    def __format__(self, form: str) -> str:
        return format(str(self), form)

    def __add__(self, other: str) -> Text:
        return joined("", (self, other))

    def __radd__(self, other: str) -> Text:
        return joined("", (other, self))

    def __reduce__(self) -> tuple[Callable[[str], str], tuple[str]]:
        return unpack, (pack(self),)

    def mapped(self, change: Callable[[str], str]) -> Text:
        """The same sentence with every text among its values changed, such as masked."""
        values = {name: _mapped(value, change) for name, value in self.values.items()}
        return Text(self.domain, self.message, values, self.plural, self.context)


class Texts:
    """What the texts of a distribution are made by, called `_` by custom.

    Messages are literals, never put together by f-strings or `%`: they are found by reading the
    code. Nobody's data stands in a message.

    Args:
        module: `__name__`; its top package is the domain.
    """

    def __init__(self, module: str) -> None:
        self.domain = module.partition(".")[0]

    def __call__(self, message: str, /, **values: Value) -> Text:
        """A sentence, `_("the file {file} is missing", file=name)`."""
        return Text(self.domain, message, values)

    def ngettext(self, one: str, several: str, n: int, /, **values: Value) -> Text:
        """A sentence with a number, `_.ngettext("{n} row", "{n} rows", count)`."""
        return Text(self.domain, one, {**values, "n": n}, several)

    def pgettext(self, context: str, message: str, /, **values: Value) -> Text:
        """A sentence or word that means something else elsewhere, `_.pgettext("run", "open")`."""
        return Text(self.domain, message, values, None, context)


def joined(separator: str, parts: Sequence[str]) -> Text:
    """Texts behind one another in the reader's language, as `separator.join` does for `str`."""
    values = {f"part{place}": part for place, part in enumerate(parts)}
    return Text("", separator.join(f"{{{name}}}" for name in values), values)


def mapped(text: str, change: Callable[[str], str]) -> str:
    """A changed `str`; of a `Text` the same sentence with its values changed."""
    return text.mapped(change) if isinstance(text, Text) else change(text)


def _mapped(value: Value, change: Callable[[str], str]) -> Value:
    if isinstance(value, str):
        return mapped(value, change)
    if isinstance(value, (list, tuple)) and not isinstance(value, Money):
        return [_mapped(one, change) for one in value]
    return value


def _template(text: Text, language: str) -> str:
    """The message in this language, its placeholders still open."""
    one, several, n = text.message, text.plural, text.values.get("n")
    is_source = not text.domain or language in (SOURCE_LANGUAGE, PSEUDO_LANGUAGE)
    known = _UNTRANSLATED if is_source else _translations(text.domain, language)
    if several is not None and isinstance(n, int):
        return known.ngettext(one, several, n)
    if text.context is not None:
        return known.pgettext(text.context, one)
    return known.gettext(one)


@cache
def _translations(domain: str, language: str) -> NullTranslations:
    """The catalogue of a package; without one that can be read, what it says stays English."""
    try:
        return _read_catalogue(domain, language)
    except Exception:  # noqa: BLE001  # whatever is in the file: no message fails for its language
        return _UNTRANSLATED


def _read_catalogue(domain: str, language: str) -> NullTranslations:
    from gettext import translation
    from importlib.util import find_spec

    # A domain may come from a ledger: nothing is imported to look for it.
    found = find_spec(domain) if _PACKAGE.fullmatch(domain) else None
    folders = (found.submodule_search_locations or ()) if found else ()
    for folder in folders:
        return translation(domain, Path(folder) / "locale", [language], fallback=True)
    return _UNTRANSLATED


def translate(domain: str, message: str) -> str:
    """A message without values in the present language, where only its English is left. For tests
    it stays bare where it cannot be translated."""
    if not message:
        return message
    is_unknown = _translations(domain, "de").gettext(message) == message
    if present_language() == PSEUDO_LANGUAGE and is_unknown:
        return message
    return str(Text(domain, message))


def paragraphs(help_text: str) -> list[tuple[str, str]]:
    """The messages that the help of a command consists of, each with what stands before it: the
    mark of a paragraph whose lines click leaves alone, or nothing."""
    found = []
    for each in re.split(r"\n{2,}", inspect.cleandoc(help_text.partition("\f")[0])):
        if each.startswith("\b\n"):
            found.append(("\b\n", each.removeprefix("\b\n")))
        elif each.strip():
            found.append(("", " ".join(each.split())))
    return found


def placeholders(message: str) -> set[str]:
    """The names of the values that a message has a place for."""
    return set(PLACEHOLDER.findall(message))


def _filled(template: str, values: Mapping[str, Value], voice: _Voice) -> str:
    """The template with its values, which are not looked through for placeholders again."""

    def shown(found: re.Match[str]) -> str:
        name = found[1]
        return _shown(values[name], voice, name) if name in values else found[0]

    return PLACEHOLDER.sub(shown, template) if values else template


def _shown(value: Value, voice: _Voice, name: str = "") -> str:
    if isinstance(value, str):
        return str.__str__(value) if voice is _RAW else str(value)
    if isinstance(value, (list, tuple)) and not isinstance(value, Money):
        return ", ".join(_shown(one, voice) for one in value)
    if isinstance(value, int) and not (name == "n" and abs(value) > 999):
        return str(value)
    return _formatted(value, voice)


def _formatted(value: Value, voice: _Voice) -> str:
    """Money, numbers, days and times as the language writes them (CLDR, by Babel)."""
    from babel.dates import format_date, format_time
    from babel.numbers import format_currency, format_decimal

    locale = _REGIONAL.get(voice.language, voice.language)
    if isinstance(value, Money):
        return format_currency(value.amount, value.currency, locale=locale)
    if isinstance(value, datetime):
        here = value.astimezone(voice.zone) if voice.zone and value.tzinfo else value
        day = format_date(here.date(), locale=locale)
        return f"{day} {format_time(here.time(), 'short', locale=locale)}"
    if isinstance(value, date):
        return format_date(value, locale=locale)
    if isinstance(value, time):
        return format_time(value, "short", locale=locale)
    if isinstance(value, (int, float, Decimal)):
        return format_decimal(value, locale=locale)
    raise TypeError(f"no value of a text: {type(value).__name__}")


def pack(text: str) -> str:
    """A text as it is stored: its message and values. Any other `str` is stored as it is."""
    if isinstance(text, Text):
        return PACKED + json.dumps(_plain(text), ensure_ascii=False, separators=(",", ":"))
    return PACKED + json.dumps(text) if text.startswith(PACKED) else text


def unpack(stored: str) -> str:
    """What was `pack`ed: a `Text`, or the sentence as an older ledger keeps it."""
    if not stored.startswith(PACKED):
        return stored
    try:
        found = _value(json.loads(stored[len(PACKED) :]))
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return stored
    return found if isinstance(found, str) else stored


def parameters(text: str | None) -> dict[str, Any]:
    """The values of a text as plain JSON values, those of texts within it beside its own."""
    if not isinstance(text, Text):
        return {}
    found: dict[str, Any] = {}
    for name, value in text.values.items():
        if isinstance(value, Text):
            found |= parameters(value)
        else:
            plain = _plain(value)
            found[name] = next(iter(plain.values())) if isinstance(plain, dict) else plain
    return found


def _plain(value: Value) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, Text):
        values = {name: _plain(one) for name, one in value.values.items()}
        return {"text": [value.domain, value.message, values, value.plural, value.context]}
    if isinstance(value, Money):
        return {"money": [str(value.amount), value.currency]}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    for of, kind in _KINDS.items():
        if isinstance(value, of):
            return {kind: value.isoformat() if hasattr(value, "isoformat") else str(value)}
    return value


def _value(plain: Any) -> Value:  # noqa: ANN401  # JSON
    if isinstance(plain, list):
        return [_value(one) for one in plain]
    if not isinstance(plain, dict):
        return plain  # type: ignore[no-any-return]
    [(kind, held)] = plain.items()
    if kind == "text":
        domain, message, values, plural, context = held
        if not all(isinstance(one, str | None) for one in (domain, message, plural, context)):
            raise TypeError
        read = {str(name): _value(one) for name, one in dict(values).items()}
        return Text(domain or "", message or "", read, plural, context)
    if kind == "money":
        return Money(Decimal(held[0]), held[1])
    return _READ[kind](held)


# A moment is a date too, so it comes first.
_KINDS = {Decimal: "number", datetime: "moment", date: "day", time: "time"}
_READ: dict[str, Callable[[str], Value]] = {
    "number": Decimal,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "time": time.fromisoformat,
}
