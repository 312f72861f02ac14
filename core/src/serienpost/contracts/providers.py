"""What some providers have beyond sending: templates of their own, terms that a person accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from serienpost.config.accounts import AccountSettings
    from serienpost.context import Context
    from serienpost.contracts.channels import Sender
    from serienpost.firewall import Part


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a provider's template, under its name there.

    Args:
        name: to be answered by the macro of exactly this name.
        parts: where it stands: `subject`, `text`, `html`.
        as_markup: somewhere the provider sets it into HTML as it is, so it is sent escaped.
        as_text: somewhere it is needed as plain text.
        tested: it decides a condition.
        may_be_empty: the template provides for it wherever it may be empty.
    """

    name: str
    parts: tuple[Part, ...]
    as_markup: bool = False
    as_text: bool = False
    tested: bool = False
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """A template that the provider keeps, as it is at one moment.

    Args:
        id: the provider's id of it.
        version: the provider's id of the version that is in force.
        digest: of everything in it; the same version may be edited in place.
        title: how people call it.
        variables: what it uses, sorted by name.
        hints: sentences for whoever keeps it there; nothing that forbids sending.
    """

    id: str
    version: str
    digest: str
    title: str
    variables: tuple[Variable, ...] = ()
    hints: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> KeptTemplate:
        """The template that `dataclasses.asdict` made plain."""
        variables = tuple(
            Variable(**{**each, "parts": tuple(each["parts"])}) for each in plain["variables"]
        )
        return cls(**{**plain, "variables": variables, "hints": tuple(plain["hints"])})

    def is_same(self, other: KeptTemplate) -> bool:
        """Whether a message made with the other reads as with this one."""
        return (self.id, self.version, self.digest) == (other.id, other.version, other.digest)


@runtime_checkable
class HasTemplates(Protocol):
    """A channel whose provider keeps templates and fills them in itself.

    With a mailing's `sendgrid_template` the core asks for the template at `check`, keeps it with
    the run, gives it to `compose` in `Draft.template` together with the values of those macros
    that both texts use, and asks again before and while the run is sent: another version pauses
    it.
    """

    async def kept_template(
        self, context: Context, account: AccountSettings, wanted: str
    ) -> KeptTemplate:
        """The template of this id or name with its version in force.

        Raises:
            TemplateError: there is none, or it uses what must not be in it.
            SerienpostError: the provider cannot be asked.
        """

    def open_for_template(
        self, context: Context, account: AccountSettings
    ) -> AbstractAsyncContextManager[Sender]:
        """As `Channel.open`, for messages with a template of the provider: they may take other
        slots and larger calls."""


@dataclass(frozen=True, slots=True)
class Disclaimer:
    """Terms without which nothing is sent.

    Args:
        german: the text for practices.
        english: the same in English.
        accepted_by: who accepted them in the configuration, for runs that nobody watches.
        accepted_on: the day of that, ISO 8601.
    """

    german: str
    english: str
    accepted_by: str | None = None
    accepted_on: str | None = None


@runtime_checkable
class HasDisclaimer(Protocol):
    """A channel whose terms a person accepts once per run, by `send --accept-disclaimer`, by
    typing a word, or in the account."""

    def disclaimer(self, account: AccountSettings) -> Disclaimer | None: ...
