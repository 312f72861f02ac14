"""A template that the provider keeps: asked for, compared with our text, watched while sending."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from serienpost.contracts.providers import HasTemplates
from serienpost.errors import (
    ConfigError,
    Problem,
    SerienpostError,
    TemplateError,
    UnavailableError,
)
from serienpost.text import nearest
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.contracts.content import ProviderTemplate
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

ASK_SECONDS = 60.0
# While a run is sent, its template is looked at this often.
WATCH_SECONDS = 10.0

KEY = "sendgrid_template"

_LISTS = _("`serienpost macros` lists them")


class ProviderTemplateChangedError(SerienpostError):
    """The provider's template is no longer the one that the run was prepared with."""


class ProviderTemplateUnavailableError(UnavailableError):
    """The provider does not say what its template is now."""


def fetch(context: PracticeContext, mailing: Mailing) -> ProviderTemplate | None:
    """The template that a mailing names at its account's provider; None where it names none.

    Raises:
        TemplateError: there is none, or it must not be used.
        ProviderTemplateUnavailableError: the provider cannot be asked.
    """
    wanted = mailing.sendgrid_template
    if wanted is None:
        return None
    account = context.config.accounts[mailing.account]
    channel = context.registry.channels[account.channel]

    def at(problem: Problem) -> Problem:
        return Problem(problem.message, problem.hint, mailing.file, mailing.line(KEY), KEY)

    if not isinstance(channel, HasTemplates):
        text = _("the channel {channel} has no templates at the provider", channel=channel.name)
        remedy = _("take {key} out, or send from another account", key=KEY)
        raise ConfigError(at(Problem(text, remedy)))
    try:
        return asyncio.run(_within(channel, context, mailing.account, wanted))
    except TemplateError as error:
        raise TemplateError(*map(at, error.problems)) from error
    except SerienpostError as error:
        raise ProviderTemplateUnavailableError(*map(at, error.problems)) from error
    except Exception as error:
        raise ProviderTemplateUnavailableError(at(Problem(_said(error)))) from error


def _said(error: Exception) -> str:
    """What may be told of an error: its own text only where it is one of ours."""
    return error.sentence if isinstance(error, SerienpostError) else type(error).__name__


async def _within(
    channel: HasTemplates[Any], context: PracticeContext, account: str, wanted: str
) -> ProviderTemplate:
    settings = context.config.accounts[account]
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await channel.provider_template(context, settings, wanted)
    except TimeoutError:
        raise SerienpostError(
            _("the provider of account {account} does not answer", account=account)
        ) from None


def unnamed(renderer: RunRenderer) -> list[Problem]:
    """Variables of the provider's template that no macro of our text answers."""
    template = renderer.header.provider_template
    if template is None:
        return []
    known = renderer.context.registry.macros
    problems = []
    for variable in template.variables:
        if variable.name in renderer.template.names:
            continue
        if variable.name in known:
            hint = _(
                "write {macro} in the text, so that it is sent",
                macro=f"{{{{{variable.name}}}}}",
            )
        else:
            near = nearest(variable.name, known)
            hint = _("nearest macro: {name}", name=near) if near else _LISTS
        text = _(
            "the template {template} uses {macro}, which the text does not name",
            template=template.title,
            macro=variable.name,
        )
        problems.append(Problem(text, hint, *renderer.template.begin, variable.name))
    return problems


def notes(renderer: RunRenderer) -> list[str]:
    """What whoever checks a mailing with a provider's template should know."""
    template = renderer.header.provider_template
    if template is None:
        return []
    used = {variable.name for variable in template.variables}
    idle = sorted(renderer.template.names - used)
    unsent = [_("not sent, since the template does not use it: {macro}", macro=n) for n in idle]
    return [
        _(
            "template {template} ({id}), version {version}",
            template=template.title,
            id=template.id,
            version=template.version,
        ),
        *template.hints,
        *unsent,
    ]


class Watch:
    """Looks now and then whether the provider's template is still the one of the run."""

    def __init__(self, renderer: RunRenderer) -> None:
        self.renderer = renderer
        self._looked: float | None = None

    async def look(self) -> None:
        """Compare, unless that was done a moment ago.

        Raises:
            ProviderTemplateChangedError: it is another one, or must not be used any more.
            ProviderTemplateUnavailableError: the provider cannot be asked.
        """
        template, channel = self.renderer.header.provider_template, self.renderer.channel
        if template is None or not isinstance(channel, HasTemplates):
            return
        if self._looked is not None and time.monotonic() - self._looked < WATCH_SECONDS:
            return
        context, account = self.renderer.context, self.renderer.header.account
        try:
            now = await _within(channel, context, account, template.id)
        except TemplateError as error:
            raise ProviderTemplateChangedError(error.sentence) from error
        except Exception as error:
            raise ProviderTemplateUnavailableError(
                _(
                    "the template {template} cannot be looked at: {why}",
                    template=template.title,
                    why=_said(error),
                )
            ) from error
        if not now.is_same(template):
            raise ProviderTemplateChangedError(
                _(
                    "the template {template} was changed at the provider; put version {version}"
                    " back as it was, or cancel the run and prepare it again",
                    template=template.title,
                    version=template.version,
                )
            )
        self._looked = time.monotonic()
