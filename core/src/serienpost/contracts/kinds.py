"""A kind of contact: what an address is, and why one cannot be written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost.fields import FieldValue


class Address(NamedTuple):
    """A normalised, valid address. `value` is what the wire and the consent evidence use."""

    value: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why this person cannot be written to: a machine code and a sentence for people."""

    code: str
    reason: str


class Kind(Protocol):
    """A kind of contact, with its own address field and so its own consent."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """What people call it (`E-Mail`)."""

    @property
    def fields(self) -> frozenset[str]:
        """The fields that make up the address; only these are read for it."""

    @property
    def template_suffix(self) -> str:
        """The file of a template folder that belongs to this kind (`email.md`)."""

    def address(self, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
        """Normalise and check the address in these fields."""


@runtime_checkable
class JudgesBy(Protocol):
    """A kind that reads more than the address to tell whose an address is."""

    @property
    def judged_by(self) -> frozenset[str]:
        """Further fields that `address` reads where a source offers them. They are no part of the
        address: nothing of them is kept, shown or sent."""


def read_for(kind: Kind) -> frozenset[str]:
    """The fields that a kind's `address` looks at."""
    return kind.fields | kind.judged_by if isinstance(kind, JudgesBy) else kind.fields
