"""A plugin whose source, check, store of secrets and account go away at a named passage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fault_harness.providers import NullProvider, install_plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fault_harness.practice import Practice

# A step is a dependency and what it is asked: how often it was asked stands in `passages`, one line
# each; `away` names a step and the passage from which on it does not answer any more.
PLUGIN = '''\
"""Null plugins that go away."""

from serienpost import Abstain, Allow, SecretRef, hookimpl
from serienpost_testkit.null.accounts import NullEmailAccount
from serienpost_testkit.null.channels import NullChannel, null_email
from serienpost_testkit.null.source import NullSource


def passing(context, step):
    log = context.path("passages")
    with log.open("a") as file:
        file.write(f"{step}\\n")
    away = context.path("away")
    if away.exists():
        wanted, _, nth = away.read_text().partition(" ")
        if step == wanted and log.read_text().splitlines().count(step) >= int(nth):
            raise ConnectionError("a canary that nobody may read")


class Source(NullSource):
    name = "outage"

    def offers(self, context, selection):
        passing(context, "source.offers")
        return super().offers(context, selection)

    def rows(self, context, selection, request):
        for (*rows,) in super().rows(context, selection, request):
            for first in range(0, len(rows), 8):
                passing(context, "source.rows")
                yield rows[first : first + 8]

    def current(self, context, selection, rows, request):
        passing(context, "source.current")
        return super().current(context, selection, rows, request)


class Check:
    def __init__(self, name, verdict):
        self.name, self.verdict = name, verdict

    def check(self, context, questions):
        passing(context, f"check.{self.name}")
        return [self.verdict] * len(questions)


class Store:
    name = "outage"

    def get(self, context, name):
        passing(context, "store.get")
        return "secret"


class Account(NullEmailAccount):
    token: SecretRef


class Channel(NullChannel):
    def open(self, context, account):
        context.secret(account.token)
        return super().open(context, account)


@hookimpl
def serienpost_sources():
    return [Source()]


@hookimpl
def serienpost_consent_checks():
    return [Check("first", Abstain()), Check("second", Allow("outage"))]


@hookimpl
def serienpost_secrets():
    return [Store()]


@hookimpl
def serienpost_channels():
    null = null_email()
    return [Channel("outage", null.title, null.kind, null.capabilities, Account)]
'''


class OutageProvider(NullProvider):
    """The null channel behind an account that needs a secret."""

    plugins = ("outage-plugin",)
    channel = "outage"

    def account(self) -> Mapping[str, object]:
        """As the null channel's, with a secret."""
        return {**super().account(), "token": '"secret:TOKEN"'}

    def install(self, practice: Practice) -> None:
        """Write the plugin, and a mailing over its source."""
        install_plugin(practice, "outage-plugin", PLUGIN)
        practice.write("outcomes.json", "[]")
        mailing = (practice.folder / "mailings" / "einladung.yaml").read_text("utf-8")
        practice.write("mailings/einladung.yaml", mailing.replace('"null"', "outage"))

    def assert_clean(self, practice: Practice) -> None:
        """Nothing beside the counts: no record is kept."""
