"""The contract of a channel, executable."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from serienpost import (
    CORE_KINDS,
    AccountSettings,
    Attachment,
    Capabilities,
    Content,
    Cost,
    HasViews,
    Processor,
    Refused,
)
from serienpost_testkit.suites.afterwards import AfterwardsSuite
from serienpost_testkit.suites.faults import FaultSuite
from serienpost_testkit.suites.last_look import LastLookSuite
from serienpost_testkit.suites.messages import ADDRESSES, PLAIN, UNICODE, draft, message
from serienpost_testkit.suites.resuming import ResumeSuite
from serienpost_testkit.suites.sentences import unsayable
from serienpost_testkit.suites.wire import Arrived, WireSuite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serienpost import Channel, Context

__all__ = ["Arrived", "ChannelSuite"]


class ChannelSuite(WireSuite, FaultSuite, LastLookSuite, AfterwardsSuite, ResumeSuite):
    """Inherit, and supply fixtures, with a fake provider that accepts everything until told not to.

    - fixture `channel`: the channel.
    - fixture `account`: what stands under the account's name in `accounts:`, as a mapping.
    - fixture `arrived`: a function without arguments that returns what the fake provider has,
      as a sequence of `Arrived`. A fake that needs an event loop runs in a thread of its own.
    - fixture `play` and attribute `impossible`: see `FaultSuite`.
    - attributes `practice_keys`, `distribution`: see `ResumeSuite`.
    - fixture `context`: the practice (default: a made-up one).
    - `address`: an address of the channel's kind (default: made-up ones for the core's kinds).
    """

    address: str = ""

    @pytest.fixture
    def subject(self, channel: Channel[Any]) -> Channel[Any]:
        """The object under test, for the tests that all suites share."""
        return channel

    @pytest.fixture
    def settings(self, channel: Channel[Any], account: Mapping[str, object]) -> AccountSettings:
        """The account, checked by the channel's own model."""
        given = {"channel": channel.name, **account}
        settings: AccountSettings = channel.account.model_validate(given)
        return settings

    @pytest.fixture
    def compose(
        self, channel: Channel[Any], context: Context, settings: AccountSettings
    ) -> Callable[..., Content]:
        """Makes the content of a text: `compose(text, number)`; the number varies the subject."""

        def make(text: str = PLAIN, number: int = 0) -> Content:
            subject = f"Grüße Nr. {number} aus Köln"
            content = channel.compose(
                context,
                settings,
                draft(_kind(channel), channel.capabilities, self._to(channel), text, subject),
            )
            assert isinstance(content, Content), f"an ordinary draft was refused: {content}"
            return content

        return make

    @pytest.fixture
    def formatted(
        self, channel: Channel[Any], context: Context, settings: AccountSettings
    ) -> Callable[..., Content]:
        """Makes the content of a draft with a formatted part: `formatted(attachments=...)`."""

        def make(**changes: Any) -> Content:  # noqa: ANN401
            plain = draft(_kind(channel), channel.capabilities, self._to(channel))
            if channel.capabilities.html:
                plain = replace(plain, html=f"<p>{PLAIN} <strong>hervorgehoben</strong></p>")
            content = channel.compose(context, settings, replace(plain, **changes))
            assert isinstance(content, Content), f"a capability is not kept: {content}"
            return content

        return make

    def _to(self, channel: Channel[Any]) -> str:
        return self.address or ADDRESSES[_kind(channel)]

    def test_declares_what_it_is(self, channel: Channel[Any]) -> None:
        """Name, title, kind and the two facts that the core relies on after a crash.

        When it fails: `kind` is one of the core's names or a `Kind` object of another name;
        `longest_call` is a number of seconds; `repeatable` is True only if a second call
        replaces the result of the first.
        """
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", channel.name)
        assert channel.title.strip()
        assert (channel.kind in CORE_KINDS) == isinstance(channel.kind, str)
        assert isinstance(channel.capabilities, Capabilities)
        assert isinstance(channel.repeatable, bool)
        assert 0 < channel.longest_call < math.inf

    def test_own_kind_does_not_replace_a_core_kind(self, channel: Channel[Any]) -> None:
        """A channel's own `Kind` has a name, and so a consent, of its own.

        When it fails: rename the kind, or use the core's by its name.
        """
        if not isinstance(channel.kind, str):
            assert channel.kind.name not in CORE_KINDS
            assert channel.kind.title.strip()
            assert channel.kind.fields
            assert channel.kind.template_suffix

    def test_account_model_refuses_unknown_keys(
        self, channel: Channel[Any], account: Mapping[str, object]
    ) -> None:
        """A misspelt setting of an account is an error.

        When it fails: derive the model from `serienpost.AccountSettings` and leave its
        configuration alone.
        """
        assert issubclass(channel.account, AccountSettings)
        given = {"channel": channel.name, **account}
        channel.account.model_validate(given)
        with pytest.raises(ValidationError, match="no_such_setting"):
            channel.account.model_validate({**given, "no_such_setting": 1})

    def test_account_model_describes_its_keys(self, channel: Channel[Any]) -> None:
        """Every setting has a description; it is the channel's manual.

        When it fails: write `Field(description=...)` for the keys named.
        """
        silent = [name for name, key in channel.account.model_fields.items() if not key.description]
        assert silent == []

    def test_processor_is_named(self, channel: Channel[Any], settings: AccountSettings) -> None:
        """The manifest names who gets the data and where, or nobody.

        When it fails: return None only if nothing leaves the practice's own machines.
        """
        processor = channel.processor(settings)
        assert processor is None or isinstance(processor, Processor)
        assert processor is None or (processor.name.strip() and processor.region.strip())

    def test_compose_keeps_kind_and_address(
        self, channel: Channel[Any], compose: Callable[..., Content]
    ) -> None:
        """The content is for the draft's address, by the draft's kind.

        When it fails: take the address from the draft as it is; it is normalised already.
        """
        content = compose()
        assert content.kind == _kind(channel)
        assert content.address == self._to(channel)

    def test_compose_is_deterministic(self, compose: Callable[..., Content]) -> None:
        """The same draft gives the same digest: it is composed again before it leaves.

        When it fails: look for times, random boundaries, or the order of a set.
        """
        assert compose(UNICODE).digest() == compose(UNICODE).digest()

    def test_compose_tells_drafts_apart(
        self, channel: Channel[Any], context: Context, settings: AccountSettings
    ) -> None:
        """Another text is another content.

        When it fails: put all that leaves into `Content`; its digest is what was approved.
        """
        plain = draft(_kind(channel), channel.capabilities, self._to(channel))
        other = replace(plain, text=f"{PLAIN} Bitte.", values={"Bitte": "Bitte."})
        contents = [channel.compose(context, settings, each) for each in (plain, other)]
        digests = {each.digest() for each in contents if isinstance(each, Content)}
        assert len(digests) == 2

    @pytest.mark.parametrize("beyond", ["subject", "html", "attachments", "longest_text"])
    def test_compose_refuses_what_it_cannot_express(
        self, channel: Channel[Any], context: Context, settings: AccountSettings, beyond: str
    ) -> None:
        """A draft beyond the capabilities is refused, never silently cut or stripped.

        When it fails: return `Refused(code, reason)` for what the parameter names, or declare
        the capability. In a package that uses `_` the reason is made by it.
        """
        capabilities = channel.capabilities
        plain = draft(_kind(channel), capabilities, self._to(channel))
        limit = capabilities.longest_text
        attachment = Attachment("plan.pdf", "application/pdf", b"%PDF-1.7")
        drafts = {
            "subject": replace(plain, subject="Ihr Termin"),
            "html": replace(plain, html="<p>Ihr Termin</p>"),
            "attachments": replace(plain, attachments=(attachment,)),
            "longest_text": replace(plain, text="x" * ((limit or 0) + 1)),
        }
        is_limit = beyond == "longest_text"
        is_beyond = limit is not None if is_limit else not getattr(capabilities, beyond)
        answer = channel.compose(context, settings, drafts[beyond])
        if is_beyond:
            assert isinstance(answer, Refused)
            assert answer.code
            assert answer.reason.strip()
            assert unsayable(channel, [answer.reason]) == []
        else:
            assert isinstance(answer, Content)

    def test_cost_is_countable(
        self, channel: Channel[Any], settings: AccountSettings, compose: Callable[..., Content]
    ) -> None:
        """What a message costs is in credits, pages or messages; None where it costs nothing.

        When it fails: return a `Cost` with one of these units and an amount of at least 0.
        """
        cost = channel.cost(settings, compose())
        if cost is not None:
            assert isinstance(cost, Cost)
            assert cost.unit in {"credits", "pages", "messages"}
            assert cost.amount >= 0

    def test_preview_is_files(
        self, channel: Channel[Any], settings: AccountSettings, compose: Callable[..., Content]
    ) -> None:
        """A preview maps suffixes such as `.eml` to what would leave, as bytes.

        When it fails: encode text; return at least one file; begin suffixes with a dot.
        """
        files = channel.preview(settings, message(1, compose(UNICODE)))
        assert files
        assert [name for name in files if not re.fullmatch(r"\.[a-z0-9.]+", name)] == []
        assert [name for name, data in files.items() if type(data) is not bytes or not data] == []

    def test_views_are_files_that_load_nothing(
        self, channel: Channel[Any], settings: AccountSettings, compose: Callable[..., Content]
    ) -> None:
        """A channel with `views` gives files to look at, beside those of its preview.

        When it fails: begin suffixes with a dot and give none that `preview` gives; encode text;
        let a page come from `browser_page`, so that nothing is loaded when it is opened.
        """
        if not isinstance(channel, HasViews):
            return  # messages are looked at as they leave
        shown = message(1, compose(UNICODE))
        files = channel.preview(settings, shown)
        views = channel.views(settings, shown, files)
        assert views
        assert views.keys() & files.keys() == set()
        assert [name for name in views if not re.fullmatch(r"\.[a-z0-9.]+", name)] == []
        assert [name for name, data in views.items() if type(data) is not bytes or not data] == []
        for name, data in views.items():
            assert not name.endswith(".html") or b"default-src 'none'" in data


def _kind(channel: Channel[Any]) -> str:
    return channel.kind if isinstance(channel.kind, str) else channel.kind.name
