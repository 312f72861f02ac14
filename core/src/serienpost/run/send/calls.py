"""Cuts messages that are ready into wire requests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from serienpost.contracts.content import Message
from serienpost.errors import PluginError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.channels import Sender
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.send.recheck import Ready

_ = Texts(__name__)


def cut(
    renderer: RunRenderer, sender: Sender, messages: Sequence[Message]
) -> list[Sequence[Message]]:
    """The calls that the channel makes of these messages.

    Raises:
        PluginError: it does not make lists that hold each message once.
    """
    context, name = renderer.context, renderer.channel.name
    answered = partial(context.registry.answered, "channels", name, "calls")
    answer: Iterable[object] = answered(sender.calls(messages), Iterable)
    calls: list[Sequence[Message]] = [answered(call, (list, tuple)) for call in answer]
    refs = sorted(answered(message, Message).ref for call in calls for message in call)
    if refs != sorted(message.ref for message in messages):
        raise PluginError(
            _("the channel {channel} does not put each message into one call", channel=name),
            hint=_("tell who maintains it"),
        )
    return calls


def whole_parts(ready: Iterable[Ready], count: int, most: int) -> int:
    """How many of the first `count` messages are parts, at most so many, to their last message
    that is ready."""
    numbers = [one.row.part for one in itertools.islice(ready, count + 1)]
    parts = list(dict.fromkeys(numbers[:count]))[:most]
    if len(numbers) > count and numbers[count] == parts[-1] and len(parts) > 1:
        del parts[-1]
    return sum(part in parts for part in numbers[:count])
