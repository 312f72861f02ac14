"""Macros: named values that a text may use, `{{Briefanrede}}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from serienpost.contracts.practice import PracticeInfo, Signature
    from serienpost.fields import FieldValue, Sensitivity


@dataclass(frozen=True, slots=True)
class MacroSetting:
    """What is the same for every row of a run.

    Args:
        practice: name, street, phone ... of the practice.
        signature: the mailing's signature, if any.
        kind: kind of message.
        language: `de`, `en-GB`: that of the text, which is the person's where the template has it.
        due: the date that date macros count from.
        zone: the practice's time zone.
        reply_to: where an answer goes, None for letters and SMS.
    """

    practice: PracticeInfo
    signature: Signature | None
    kind: str
    language: str
    due: date
    zone: ZoneInfo
    reply_to: str | None = None


class Macro(Protocol):
    """A named value. Its effective class is the strictest of its own and its fields' classes."""

    @property
    def name(self) -> str:
        """As written in a text: a letter, then letters, digits, underscores."""

    @property
    def description(self) -> str:
        """One sentence, German, for `serienpost macros`."""

    @property
    def example(self) -> FieldValue:
        """A made-up value of the type that `value` returns, for `macros`, `check` and `test`."""

    @property
    def fields(self) -> frozenset[str]:
        """The fields that `value` receives; nothing else is passed."""

    @property
    def sensitivity(self) -> Sensitivity:
        """The macro's own class."""

    @property
    def kinds(self) -> frozenset[str] | None:
        """Kinds of message it makes sense for; None = all."""

    @property
    def is_dated(self) -> bool:
        """Whether the value depends on the due date."""

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        """The value for one row; None or "" means empty. Must be deterministic."""


@runtime_checkable
class NamesUnknown(Protocol):
    """A macro that leaves out values which it does not know, such as a form of address."""

    def unknown(self, fields: Mapping[str, FieldValue]) -> Collection[str]:
        """Those of a row's fields that hold such a value; the review counts them."""


@runtime_checkable
class Speaks(Protocol):
    """A macro whose value is in the language of `MacroSetting.language`, such as a salutation. A
    text goes out in another language than the template's own only where all of these that it uses
    know that language."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it knows, as `de`; empty where its value is the same in all."""
