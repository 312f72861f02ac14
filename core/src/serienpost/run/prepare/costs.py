"""What each message costs; some channels must try it out to know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from serienpost.contracts.channels import HasForecast
from serienpost.contracts.content import Cost, Refused
from serienpost.errors import ConfigError, PluginError, SerienpostError
from serienpost.run.prepare.layout import located
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.content import Content
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)


def forecast(renderer: RunRenderer, contents: Sequence[Content]) -> Sequence[Cost | Refused | None]:
    """What each content costs, or why it cannot leave; None where it costs nothing.

    Raises:
        SerienpostError: the channel cannot try anything out.
    """
    channel, account = renderer.channel, renderer.account
    answered = partial(renderer.context.registry.answered, "channels", channel.name)
    if isinstance(channel, HasForecast):
        try:
            made = channel.forecast(renderer.context, account, contents)
        except SerienpostError as error:
            if not any(problem.key for problem in error.problems):
                raise
            where = (located(renderer.context, account, problem) for problem in error.problems)
            raise ConfigError(*where) from error
        costs: Sequence[object] = answered("forecast", made, (list, tuple))
        if len(costs) != len(contents):
            raise PluginError(
                _(
                    "the channel {channel} does not foretell one cost per message",
                    channel=channel.name,
                ),
                hint=_("tell who maintains it"),
            )
        return [answered("forecast", cost, (Cost, Refused)) for cost in costs]
    wanted = (Cost, type(None))
    return [answered("cost", channel.cost(account, content), wanted) for content in contents]
