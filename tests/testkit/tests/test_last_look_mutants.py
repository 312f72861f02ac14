"""Channels that do not look once more before the first octet: each is caught by its own test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    RunSuite = Callable[..., tuple[set[str], set[str]]]

pytest_plugins = ["pytester"]

HASTY_CHANNELS = {
    "test_nothing_leaves_after_a_no": """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        await go()
        return await super().send(call, slot, yes)
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_nothing_leaves_before_it_is_asked": """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        outcomes = await super().send(call, slot, yes)
        return outcomes if await go() else [NotStarted() for _ in call]
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_it_is_asked_when_the_connection_stands": """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        if not await go():
            return [NotStarted() for _ in call]
        return await super().send(call, slot, yes)
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_after_a_no_it_works_again": """
class Sender(PostboxSender):
    is_over = False
    async def send(self, call, slot, go):
        if self.is_over or not await go():
            self.is_over = True
            return [NotStarted() for _ in call]
        return await super().send(call, slot, yes)
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_getting_ready_sends_nothing": """
class Sender(PostboxSender):
    async def ready(self, slot):
        (self.folder / "0.json").write_text('{"ref": "", "address": "", "text": "", "send_at": ""}')
class Plugin(PostboxChannel):
    sender = Sender
""",
    "test_what_fails_in_getting_ready_is_said_by_the_call": """
class Sender(PostboxSender):
    async def ready(self, slot):
        if (self.folder / "fault").exists():
            raise ConnectionError("there is no postbox")
class Plugin(PostboxChannel):
    sender = Sender
""",
}

# Further ways to miss the last look, and the test that catches each.
HASTIER_CHANNELS = {
    "never asks": (
        "test_nothing_leaves_after_a_no",
        """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        return await super().send(call, slot, yes)
""",
    ),
    "says deferred after a no": (
        "test_nothing_leaves_after_a_no",
        """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        outcomes = await super().send(call, slot, go)
        return [Deferred("no", "no") if type(o) is NotStarted else o for o in outcomes]
""",
    ),
    "asks once for all calls": (
        "test_nothing_leaves_before_it_is_asked",
        """
class Sender(PostboxSender):
    asked = False
    async def send(self, call, slot, go):
        go, self.asked = yes if self.asked else go, True
        return await super().send(call, slot, go)
""",
    ),
    "sends one message of a call before it asks": (
        "test_nothing_leaves_before_it_is_asked",
        """
class Sender(PostboxSender):
    async def send(self, call, slot, go):
        self.put(call[0])
        return await super().send(call, slot, go)
""",
    ),
    "remembers what failed": (
        "test_what_fails_in_getting_ready_is_said_by_the_call",
        """
class Sender(PostboxSender):
    failed = None
    async def ready(self, slot):
        if (self.folder / "fault").exists():
            self.failed = Deferred("connection", "there is no postbox", connection=True)
    async def send(self, call, slot, go):
        return [self.failed] * len(call) if self.failed else await super().send(call, slot, go)
""",
    ),
}

MUTANTS = [
    *(
        pytest.param(name, plugin, id=name.removeprefix("test_"))
        for name, plugin in HASTY_CHANNELS.items()
    ),
    *(
        pytest.param(name, f"{sender}\nclass Plugin(PostboxChannel): sender = Sender", id=how)
        for how, (name, sender) in HASTIER_CHANNELS.items()
    ),
]


@pytest.mark.parametrize(("name", "plugin"), MUTANTS)
def test_a_broken_plugin_is_caught_by_the_test_that_names_its_fault(
    run_suite: RunSuite, name: str, plugin: str
) -> None:
    _, failed = run_suite("channel", plugin, name)
    assert failed == {name}
