"""What some providers have beyond sending: templates of their own, terms that a person accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from serienpost.contracts.channels import A_contra

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from serienpost.contracts.channels import Sender
    from serienpost.contracts.content import ProviderTemplate
    from serienpost.contracts.context import Context


@runtime_checkable
class HasTemplates(Protocol[A_contra]):
    """A channel whose provider keeps templates and fills them in itself.

    With a mailing's `sendgrid_template` the core asks for the template at `check`, keeps it with
    the run, gives it to `compose` in `Draft.template` together with the values of those macros
    that both texts use, and asks again before and while the run is sent: another version pauses
    it.
    """

    async def provider_template(
        self, context: Context, account: A_contra, wanted: str
    ) -> ProviderTemplate:
        """The template of this id or name with its version in force.

        Raises:
            TemplateError: there is none, or it uses what must not be in it.
            SerienpostError: the provider cannot be asked.
        """

    def open_for_template(
        self, context: Context, account: A_contra
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
class HasDisclaimer(Protocol[A_contra]):
    """A channel whose terms a person accepts once per run, by `send --accept-disclaimer`, by
    typing a word, or in the account."""

    def disclaimer(self, account: A_contra) -> Disclaimer | None: ...
