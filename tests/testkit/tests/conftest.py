"""Runs a suite over a plugin that is written down as text, in a pytest of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import serienpost_testkit.suites  # noqa: F401  # an inner pytest keeps what is loaded already

if TYPE_CHECKING:
    from collections.abc import Callable

# The inner pytest neither keeps a cache nor loads what no suite uses.
QUICK = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")

# What the command line loads as the distribution `postbox`: the plugin under test.
PLUGIN_MODULE = """
from serienpost import hookimpl

@hookimpl
def serienpost_channels():
    from test_it import Plugin

    return [Plugin()]
"""

HEADS = {
    "source": """
import dataclasses, itertools, logging
from datetime import date
import pytest
from pydantic import BaseModel, Field
from serienpost import *
from serienpost_testkit.null.source import NullSelection, NullSource
from serienpost_testkit.suites import SourceSuite

{plugin}

class TestIt(SourceSuite):
    plugin_module = "{module}"

    @pytest.fixture
    def source(self):
        return Plugin()

    @pytest.fixture
    def selection(self):
        return {{"count": 5, "occasion": True}}
""",
    "consent": """
import dataclasses, logging
import pytest
from serienpost import *
from serienpost_testkit.suites import ConsentCheckSuite

class Members:
    name = "members"
    members = {{"patient:1": True, "patient:2": False}}

    def check(self, context, questions):
        return [self.one(question) for question in questions]

    def one(self, question):
        if question.kind != "email" or question.purpose != "event":
            return Abstain()
        known = self.members.get(question.consenting_id)
        if known is None:
            return Abstain()
        if known:
            return Allow(f"members {{question.consenting_id}}")
        return Deny("left", "has left the club", "join again")

{plugin}

class TestIt(ConsentCheckSuite):
    plugin_module = "{module}"
    questions = [
        ConsentQuestion("patient:1", "patient:1", "email", "event", "ada@example.org"),
        ConsentQuestion("patient:2", "patient:2", "email", "event", "kim@example.org"),
        ConsentQuestion("patient:1", "patient:1", "sms", "event", "+4915228817386"),
    ]

    @pytest.fixture
    def consent_check(self):
        return Plugin()
""",
    "address owners": """
import logging
from datetime import date
import pytest
from serienpost import *
from serienpost_testkit.suites import AddressOwnersSuite

def owner(key, by=None):
    return AddressOwner(f"patient:{{key}}", f"patient:{{by or key}}")

BIRTHDAY = date(2031, 5, 7)
OWNED = {{
    "ada@example.org": [owner(1)],
    "kim@example.org": [owner(2), owner(3, by=2)],
}}

class Register:
    name = "register"
    persons = frozenset({{"patient"}})
    gone = {{"patient:1": False, "patient:2": True}}

    def check(self, context, questions):
        return [
            Deny("left", "has left", "join again") if self.gone.get(q.person_id) else Abstain()
            for q in questions
        ]

    def owners(self, context, kind, addresses, judged_on):
        by = 2 if judged_on < BIRTHDAY else 5
        child = {{"child@example.org": [owner(5, by=by)]}}
        return [child.get(address) or self.of(address) for address in addresses]

    def of(self, address):
        return OWNED.get(address, [])

{plugin}

class TestIt(AddressOwnersSuite):
    plugin_module = "{module}"
    owned = OWNED
    comes_of_age = "child@example.org", owner(5, by=2), BIRTHDAY
    questions = [
        ConsentQuestion("patient:1", "patient:1", "email", "event", "ada@example.org"),
        ConsentQuestion("patient:2", "patient:2", "email", "event", "kim@example.org"),
    ]

    @pytest.fixture
    def consent_check(self):
        return Plugin()
""",
    "macro": """
import itertools, logging
import pytest
from serienpost import *
from serienpost_testkit.null.macros import NullName
from serienpost_testkit.suites import MacroSuite

{plugin}

class TestIt(MacroSuite):
    plugin_module = "{module}"

    @pytest.fixture
    def macro(self):
        return Plugin()
""",
    "channel": """
import asyncio, dataclasses, itertools, logging
import pytest
from pydantic import BaseModel, Field
from serienpost import *
from postbox import PostboxAccount, PostboxChannel, PostboxSender, arrived, play
from serienpost_testkit.suites.wire import yes
from serienpost_testkit.suites import ChannelSuite

{plugin}

class TestIt(ChannelSuite):
    plugin_module = "{module}"
    distribution = "postbox"

    @pytest.fixture
    def channel(self):
        return Plugin()

    @pytest.fixture
    def account(self):
        return {{"folder": "box"}}

    @pytest.fixture
    def arrived(self, context):
        return lambda: arrived(context.path("box"))

    @pytest.fixture
    def play(self, context):
        return lambda fault: play(context.path("box"), fault)
""",
    "secret store": """
import logging, time
import pytest
from serienpost import *
from serienpost_testkit.suites import SecretStoreSuite

SECRETS = {{"MAIL_PASSWORD": "Geheim-1", "SMS_PASSWORD": "Geheim-2"}}

class Drawer:
    name = "drawer"
    def get(self, context, name):
        return SECRETS.get(name)

{plugin}

class TestIt(SecretStoreSuite):
    plugin_module = "{module}"

    @pytest.fixture
    def store(self):
        return Plugin()

    @pytest.fixture
    def secrets(self):
        return SECRETS
""",
    "archive": """
import dataclasses, html
import pytest
from serienpost import *
from serienpost_testkit.suites import ArchiveSuite, Kept

PEOPLE = ("patient:1", "patient:2")

class Shelf:
    name = "shelf"
    def __init__(self):
        self.kept = []
    def store(self, context, entries):
        known = [entry for entry in entries if entry.person_id in PEOPLE]
        for entry in known:
            self.put(entry)
        return [None if entry in known else "has no record" for entry in entries]
    def put(self, entry):
        if entry.message not in [each.message for each in self.kept]:
            self.kept.append(entry)

{plugin}

class TestIt(ArchiveSuite):
    plugin_module = "{module}"

    @pytest.fixture
    def archive(self):
        return Plugin()

    @pytest.fixture
    def kept(self, archive):
        return lambda: [
            Kept(each.message, each.person_id, each.subject, each.content, each.pdf)
            for each in archive.kept
        ]
""",
    "dispatcher": """
import threading, time
from datetime import UTC, datetime
import pytest
from serienpost import *
from serienpost_testkit.suites import DispatcherSuite

class Bell:
    name = "bell"
    needs_shared_ledger = False
    def __init__(self):
        self.rung = []
    def wake(self, context, run, not_before):
        self.rung.append((context.practice.id, run, not_before))
    def mine(self, context, practice):
        return practice == context.practice.id
    def work(self, context, continue_run, stop):
        while not stop.wait(0.02):
            for _ in range(len(self.rung)):
                self.serve(context, continue_run, *self.rung.pop())
                if stop.is_set():
                    return
    def serve(self, context, continue_run, practice, run, not_before):
        early = not_before and not_before > datetime.now(UTC)
        if self.mine(context, practice) and not early:
            self.call(continue_run, run)
        else:
            self.rung.insert(0, (practice, run, not_before))
    def call(self, continue_run, run):
        continue_run(run)

{plugin}

class TestIt(DispatcherSuite):
    plugin_module = "{module}"

    @pytest.fixture
    def dispatcher(self):
        return Plugin()
""",
    "settings": """
import pytest
from pydantic import BaseModel, Field, model_validator
from serienpost import *
from serienpost_testkit.suites import SettingsSuite

KEY = "loft"

class Loft(StrictModel):
    birds: int = Field(default=2, ge=1, description="Pigeons in the loft.")

{plugin}

class TestIt(SettingsSuite):
    plugin_module = "{module}"

    @pytest.fixture
    def claimed(self):
        return Settings(KEY, Plugin)

    @pytest.fixture
    def value(self):
        return {{"birds": 3}}
""",
}


@pytest.fixture
def run_suite(pytester: pytest.Pytester) -> Callable[..., tuple[set[str], set[str]]]:
    """`run_suite(kind, plugin, only)` returns the names of the tests that passed and failed."""
    pytester.syspathinsert()
    pytester.path.joinpath("postbox.py").write_text(
        Path(__file__).with_name("postbox.py").read_text("utf-8"), "utf-8"
    )
    pytester.makepyfile(postbox_plugin=PLUGIN_MODULE)
    installed = pytester.mkdir("postbox-1.0.dist-info")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: postbox\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[serienpost]\npostbox = postbox_plugin\n")

    def run(
        kind: str, plugin: str, only: str = "", plugin_module: str = "serienpost_testkit.plugin"
    ) -> tuple[set[str], set[str]]:
        pytester.makepyfile(test_it=HEADS[kind].format(plugin=plugin, module=plugin_module))
        result = pytester.inline_run(*QUICK, "-W", "error", "-k", only)
        passed, skipped, failed = result.listoutcomes()
        assert not skipped
        return _names(passed), _names(failed)

    return run


def _names(reports: list[pytest.TestReport] | list[pytest.CollectReport]) -> set[str]:
    return {report.nodeid.rpartition("::")[2].partition("[")[0] for report in reports}
