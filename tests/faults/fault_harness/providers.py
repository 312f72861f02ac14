"""The far side of each channel: it lives in the test process and knows what arrived.

A channel joins the fault tests with a subclass of `Provider` and a line in `PROVIDERS`.
"""

from __future__ import annotations

import json
import os
import re
import socket
from abc import ABC, abstractmethod
from collections import Counter
from email import message_from_bytes
from typing import TYPE_CHECKING, ClassVar, Literal, Self, TypeAlias

import pikepdf
from gate import GATE

from serienpost.ledger.schema import archive
from serienpost_demo.catcher import Catcher
from serienpost_demo.mailserver import Connection
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from fault_harness.practice import Practice

SENDER = '"Praxis Null <praxis@example.org>"'
SLOTS = 4
BATCH = 6
KEY = "MAIL_SENDGRID_API"
# Of a connection, as the system counts the states of TCP (RFC 9293, section 3.3.2).
ESTABLISHED = 1
VERSION = "00000000-0000-4000-8000-000000000001"
Need: TypeAlias = Literal["send", "doubt", "lookup", "events", "archive"]
NULL_CHANNELS = '''\
"""The null channel of e-mail with a provider that can be asked and that reports.

A file beside it sets the clock of the ledger, in the running process too: seconds that are added.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from serienpost import Accepted, Event, Rejected, hookimpl
from serienpost.ledger import store
from serienpost_testkit.null.channels import NullChannel, null_email

real_clock = store.utc_now
step = Path(__file__).with_name("clock.txt")


def clock():
    return real_clock() + timedelta(seconds=float(step.read_text()))


store.utc_now = clock


def accepted(context, account):
    oracle = context.path(account.oracle)
    lines = oracle.read_text().splitlines() if oracle.exists() else []
    return {line.split("\\t")[0] for line in lines}


class FaultChannel(NullChannel):
    async def events(self, context, account, since):
        for ref in sorted(accepted(context, account)):
            yield Event(ref, "delivered", datetime.now(UTC), ref=ref)


class AskableChannel(FaultChannel):
    async def lookup(self, context, account, messages):
        known = accepted(context, account)
        return [
            Accepted(f"null-{m.ref}") if m.ref in known else Rejected("never", "never seen")
            for m in messages
        ]


class BinderChannel(FaultChannel):
    def part_size(self, account):
        return account.batch

    def finish(self, context, account, generation):
        log = context.path("binder.log")
        for event in ("begin", "end"):
            with log.open("a") as file:
                file.write(f"{event} {os.getpid()}\\n")
            until = time.monotonic() + 60
            while not context.path("bound").exists() and time.monotonic() < until:
                time.sleep(0.01)
        return [log]


@hookimpl
def serienpost_channels():
    null = null_email()
    parts = (null.title, null.kind, null.capabilities, null.account)
    return [
        FaultChannel("fault-channel", *parts),
        AskableChannel("askable", *parts),
        BinderChannel("binder", *parts),
        FaultChannel("team", *parts, longest_call=600),
    ]
'''
ARCHIVE = '''\
"""A record of sent messages: a file for each, and a line for each time that it was new."""

from serienpost import hookimpl


class Shelf:
    name = "shelf"
    kinds = frozenset({"email", "letter"})

    def store(self, context, entries):
        shelf = context.path("shelf")
        shelf.mkdir(exist_ok=True)
        for entry in entries:
            file = shelf / f"{entry.message.rpartition(':')[2]}.txt"
            with (shelf / "log").open("a") as log:
                log.write(f"{file.stem} {'again' if file.exists() else 'new'}\\n")
            file.write_text(entry.content)
        return [None for _ in entries]


@hookimpl
def serienpost_archives():
    return [Shelf()]
'''


# Processes of one run begin together, and look after each other more often than in a practice.
TEAM = f"""{GATE}
from serienpost.run.send import company

company.HEARTBEAT_SECONDS = company.SHARE_SECONDS = 0.2
"""


class Provider(ABC):
    """What a channel sends to. One lives as long as a test and serves all of its practices.

    Attributes:
        plugins: distributions of the channel.
        packages: import names whose own fault points are tried with this channel.
        mailing: the lines of the mailing that depend on the kind.
        most_in_doubt: messages that one dead process may leave in doubt (slots x batch).
        one_call: messages of one call at most.
        repeatable: a call may be made again; what counts is what is there in the end.
        middle_call: the number of a call in the middle of a run of 24 messages.
        can: the scenarios to take part in: ordinary ones, ones that need a doubt that stays, a
            lookup that answers, reports, a record.
        kind: what an address is.
        own_address: where a test message may go.
    """

    plugins: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    mailing: ClassVar[str] = (
        'subject: Einladung\ntext: "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}."\n'
    )
    most_in_doubt: ClassVar[int] = SLOTS
    one_call: ClassVar[int] = 1
    repeatable: ClassVar[bool] = False
    middle_call: ClassVar[int] = 3
    can: ClassVar[frozenset[Need]] = frozenset({"send", "doubt"})
    kind: ClassVar[str] = "email"
    own_address: ClassVar[str] = "own@example.org"

    @abstractmethod
    def account(self) -> Mapping[str, object]:
        """The settings of the account; YAML takes them as they are printed."""

    @abstractmethod
    def accepted(self, practice: Practice) -> Counter[str]:
        """How often the provider accepted which reference of a message."""

    @abstractmethod
    def refuse(self, practice: Practice, *numbers: int) -> None:
        """Refuse the messages to the people of these numbers from now on, and no others."""

    def address(self, number: int) -> str:
        """The address of the person of this number."""
        return f"null-{number}@example.org"

    def install(self, practice: Practice) -> None:  # noqa: B027
        """Write what the channel needs into a new practice folder."""

    def assert_clean(self, practice: Practice) -> None:  # noqa: B027
        """Check what must hold beside the counts when all runs are over."""

    def __enter__(self) -> Self:
        """Begin to listen."""
        return self

    def __exit__(  # noqa: B027
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""


class NullProvider(Provider):
    """The testkit's null channel, which writes down in a file what it accepts.

    Args:
        oracle: the file, relative to the practice folder.
    """

    plugins = ("fault-channel", "fault-shelf")
    channel: ClassVar[str] = "fault-channel"
    can = frozenset({"send", "doubt", "events", "archive"})

    def __init__(self, oracle: Path | str = "oracle.tsv") -> None:
        self.oracle = oracle

    def account(self) -> Mapping[str, object]:
        """A slot for each of four calls, and a file that says what to refuse."""
        return {
            "channel": self.channel,
            "sender": SENDER,
            "oracle": self.oracle,
            "slots": SLOTS,
            "outcomes": "outcomes.json",
        }

    def accepted(self, practice: Practice) -> Counter[str]:
        """The lines of the file."""
        path = practice.folder / self.oracle
        lines = path.read_text("ascii").splitlines() if path.exists() else []
        return Counter(line.split("\t")[0] for line in lines)

    def refuse(self, practice: Practice, *numbers: int) -> None:
        """Write the rules that the channel reads."""
        rules = [{"position": list(numbers), "outcome": "rejected"}] if numbers else []
        practice.write("outcomes.json", json.dumps(rules))

    def install(self, practice: Practice) -> None:
        """Write the plugins."""
        install_plugin(practice, "fault-channel", NULL_CHANNELS)
        install_plugin(practice, "fault-shelf", ARCHIVE)
        practice.write("outcomes.json", "[]")
        self.set_clock(practice, 0)

    def set_clock(self, practice: Practice, seconds: float) -> None:
        """Step the ledger's clock by so much from the true time, from its next look on."""
        ready = practice.folder / "site" / "clock.new"
        ready.write_text(str(seconds), "ascii")
        ready.replace(ready.with_name("clock.txt"))

    def assert_clean(self, practice: Practice) -> None:
        """The record has what was accepted, each once."""
        assert_archived(practice)


def install_plugin(practice: Practice, name: str, source: str) -> None:
    """Write a plugin and make it importable as an installed one."""
    module = name.replace("-", "_")
    info = practice.folder / "site" / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[serienpost]\n{name} = {module}\n")
    practice.write(f"site/{module}.py", source)


def assert_archived(practice: Practice) -> None:
    """What finished runs sent lies in the record, each message as one entry."""
    shelf = practice.folder / "shelf"
    stored = Counter(path.stem for path in shelf.glob("*.txt"))
    queue = practice.rows(archive)
    assert {row["state"] for row in queue} <= {"stored"}
    assert len(stored) == len(queue)
    log = (shelf / "log").read_text().split("\n") if stored else []
    assert Counter(line.split()[0] for line in log if line.endswith(" new")) == stored


class TeamProvider(NullProvider):
    """The same for several processes, which begin together."""

    plugins = (*NullProvider.plugins, "fault-team")
    channel = "team"
    can = frozenset()

    def account(self) -> Mapping[str, object]:
        """So slow that each process has something to do."""
        return {**super().account(), "delay_ms": 60}

    def install(self, practice: Practice) -> None:
        """Write the plugin that holds them."""
        super().install(practice)
        install_plugin(practice, "fault-team", TEAM)


class AskableProvider(NullProvider):
    """The same, and it can be asked."""

    channel = "askable"
    can = frozenset({"lookup"})


class BinderProvider(NullProvider):
    """The same in parts, which are bound when a file says so; each binder leaves two lines."""

    channel = "binder"
    can = frozenset()

    def account(self) -> Mapping[str, object]:
        """Four parts of six messages."""
        return {**super().account(), "batch": BATCH}

    def binders(self, practice: Practice) -> list[tuple[str, int]]:
        """Who began and who ended, in order: `begin` or `end`, and the process."""
        log = practice.folder / "binder.log"
        lines = log.read_text("ascii").splitlines() if log.exists() else []
        return [(event, int(process)) for event, process in map(str.split, lines)]


class LetterProvider(Provider):
    """The printer's side of letters: the files that are offered, and the record."""

    plugins = ("serienpost-channel-letter", "serienpost-macros-practice", "fault-shelf")
    packages = ("serienpost_channel_letter",)
    most_in_doubt = 0
    one_call = BATCH
    repeatable = True
    middle_call = 3
    can = frozenset({"send", "archive"})

    def account(self) -> Mapping[str, object]:
        """Four parts of six letters each, laid out by two processes."""
        return {"channel": "letter", "sender": SENDER, "part": 6, "processes": 2}

    def install(self, practice: Practice) -> None:
        """Write the plugin with the record."""
        install_plugin(practice, "fault-shelf", ARCHIVE)

    def accepted(self, practice: Practice) -> Counter[str]:
        """Whose pages are in the files to print; every file there must open."""
        return self.printed(practice.folder / "briefe")

    def printed(self, folder: Path) -> Counter[str]:
        """Whose pages are in the files of a folder."""
        return Counter(
            str(page.obj["/SerienpostRef"])
            for path in sorted(folder.glob("*.pdf"))
            for page in pikepdf.open(path).pages
        )

    def refuse(self, practice: Practice, *numbers: int) -> None:
        """Have another number of pages foretold for these people, so that the check fails."""
        for row_id, row in practice.messages().items():
            pages = 2 if int(row_id.partition(":")[2]) in numbers else 1
            cost = json.dumps({**row["cost"], "amount": pages})
            practice.change(
                "UPDATE message SET cost = :cost WHERE run = :run AND no = :no",
                cost=cost,
                run=practice.run,
                no=row["no"],
            )

    def assert_clean(self, practice: Practice) -> None:
        """Nothing half done is left, each file has its index, the record has each letter once."""
        folder = practice.folder / "briefe"
        files = {path.name for path in folder.iterdir()} if folder.exists() else set()
        pdfs = {name for name in files if name.endswith(".pdf")}
        assert files == pdfs | {name.replace(".pdf", ".csv") for name in pdfs}
        assert_archived(practice)


class TeamLetterProvider(LetterProvider):
    """The same for several processes: eight parts of three letters each."""

    plugins = (*LetterProvider.plugins, "fault-team")
    can = frozenset()

    def account(self) -> Mapping[str, object]:
        """Each process lays out one part at a time."""
        return {**super().account(), "part": 3, "processes": 1}

    def install(self, practice: Practice) -> None:
        """Write the plugin that holds them."""
        super().install(practice)
        install_plugin(practice, "fault-team", TEAM)


class SmtpProvider(Provider):
    """A mail server on loopback."""

    plugins = ("serienpost-channel-smtp",)
    packages = ("serienpost_channel_smtp",)

    def __enter__(self) -> Self:
        """Listen."""
        self._catcher = Catcher().__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop all connections."""
        self._catcher.__exit__(kind, error, trace)

    def account(self) -> Mapping[str, object]:
        """Four connections."""
        return {
            "channel": "smtp",
            "sender": SENDER,
            "host": "127.0.0.1",
            "port": self._catcher.port,
            "security": "none",
            "connections": SLOTS,
        }

    def accepted(self, practice: Practice) -> Counter[str]:
        """References of the mails that the server kept."""
        return Counter(self.ref(m.data) for m in list(self._catcher.messages))

    @staticmethod
    def ref(data: bytes) -> str:
        """The reference of a mail."""
        found = re.match(r"<([^@]+)@", message_from_bytes(data)["Message-ID"])
        assert found is not None
        return found[1]

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self._catcher.port

    def slow_down(self, seconds: float) -> None:
        """Take so long for each message."""
        self._catcher.script.delay(seconds)

    def refuse(self, practice: Practice, *numbers: int) -> None:
        """Refuse the recipients."""
        self._catcher.script.clear()
        for number in numbers:
            self._catcher.script.refuse(f"null-{number}@example.org")


class CountedConnection(Connection):
    """A client's connection that is counted beside the others that are open at that moment."""

    catcher: CountingCatcher

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count those that no side has closed; the system knows of the other side's end first."""
        super().connection_made(transport)
        self.catcher.clients = [one for one in self.catcher.clients if _is_open(one)]
        self.catcher.clients.append(transport)
        self.catcher.most = max(self.catcher.most, len(self.catcher.clients))


def _is_open(transport: asyncio.BaseTransport) -> bool:
    found = transport.get_extra_info("socket")
    if transport.is_closing() or found is None or found.fileno() < 0:
        return False
    state: int = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state == ESTABLISHED


class CountingCatcher(Catcher):
    """A mail server that knows how many clients were connected at one time.

    Attributes:
        most: the most, over all processes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clients: list[asyncio.BaseTransport] = []
        self.most = 0

    def connection(self) -> Connection:
        """A client came."""
        made = CountedConnection(self.script, self.keep)
        made.catcher = self
        return made


class TeamSmtpProvider(SmtpProvider):
    """A mail server for several processes that counts their connections."""

    plugins = (*SmtpProvider.plugins, "fault-team")
    can = frozenset()

    def __enter__(self) -> Self:
        """Listen."""
        self._catcher = self._counting = CountingCatcher()
        self._catcher.__enter__()
        self.slow_down(0.06)
        return self

    @property
    def most_connected(self) -> int:
        """The most connections that were open at one time, over all processes."""
        return self._counting.most

    def arrived(self) -> dict[str, datetime]:
        """When the server had each message, by its own clock."""
        return {self.ref(m.data): m.at for m in list(self._catcher.messages)}

    def install(self, practice: Practice) -> None:
        """Write the plugin that holds them."""
        install_plugin(practice, "fault-team", TEAM)

    def assert_clean(self, practice: Practice) -> None:
        """The account's connections were never exceeded."""
        assert 1 <= self.most_connected <= SLOTS


class SmsCreatorProvider(Provider):
    """A made-up smsCreator on loopback."""

    plugins = ("serienpost-channel-smscreator",)
    packages = ("serienpost_channel_smscreator",)
    mailing = 'text: "Guten Tag {{Null_Name}}, Ihre Nummer ist {{Null_Nr}}. Praxis Null"\n'
    most_in_doubt = 1
    can = frozenset({"send", "doubt", "events"})
    kind = "sms"
    own_address = "+4915228817386"

    def __enter__(self) -> Self:
        """Listen; the login stands in the environment that commands inherit."""
        self._fake = FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim")})).__enter__()
        os.environ |= {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim"}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._fake.__exit__(kind, error, trace)

    def account(self) -> Mapping[str, object]:
        """Orders as fast as they go."""
        return {
            "channel": "smscreator",
            "base_url": f'"{self._fake.base_url}"',
            "user": "secret:SMS_USER",
            "password": "secret:SMS_PASSWORD",
            "rate": "[1000/second]",
            "spread": "false",
        }

    def accepted(self, practice: Practice) -> Counter[str]:
        """References of the orders that the gateway took."""
        return Counter(job.caption for job in list(self._fake.gateway.jobs))

    def address(self, number: int) -> str:
        """The mobile number of the person of this number."""
        return f"+491522{number:07d}"

    def refuse(self, practice: Practice, *numbers: int) -> None:
        """Refuse the recipients."""
        self._fake.failures.clear()
        for number in numbers:
            self._fake.failures.order_status("NoRecipientFound", f"00491522{number:07d}")


class SendGridProvider(Provider):
    """A SendGrid on loopback; each message is rendered here and goes alone."""

    plugins = ("serienpost-channel-sendgrid",)
    packages = ("serienpost_channel_sendgrid",)

    def __enter__(self) -> Self:
        """Listen, with a template of fixed ids, since practices outlive a provider."""
        version = Version("Einladung", "<p>{{Null_Name}}</p>", "{{{Null_Nr}}}", id=VERSION)
        kept = Template("Einladung", [version], id="d-00000000000000000000000000000001")
        self._fake = FakeSendGrid(templates=[kept]).__enter__()
        os.environ[KEY] = "SG.fake"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Be unreachable."""
        self._fake.stop()
        os.environ.pop(KEY, None)
        assert self._fake.refused == [], "a request did not fit the schema"

    def account(self) -> Mapping[str, object]:
        """Four connections, or six messages per request with a template."""
        return {
            "channel": "sendgrid",
            "sender": SENDER,
            "api_key": f'"secret:{KEY}"',
            "base_url": f'"{self._fake.url}"',
            "connections": SLOTS,
            "batch": BATCH,
            "disclaimer": {"accepted_by": "Praxis Null", "accepted_on": "2026-11-01"},
        }

    def accepted(self, practice: Practice) -> Counter[str]:
        """References of the mails that SendGrid took."""
        return Counter(mail.ref for mail in list(self._fake.mails) if mail.ref)

    def refuse(self, practice: Practice, *numbers: int) -> None:
        """Refuse the recipients, naming their places in the request."""
        self._fake.script.clear()
        for number in numbers:
            self._fake.script.refuse(f"null-{number}@example.org")


class SendGridTemplateProvider(SendGridProvider):
    """The same with a template kept there: several messages per request."""

    mailing = 'text: "{{Null_Name}} {{Null_Nr}}"\nsendgrid_template: Einladung\n'
    most_in_doubt = BATCH
    one_call = BATCH
    middle_call = 2


# By the word that selects them: `make faults FAULTS="-k smtp"`.
PROVIDERS: dict[str, type[Provider]] = {
    "null": NullProvider,
    "smtp": SmtpProvider,
    "letter": LetterProvider,
    "askable": AskableProvider,
    "binder": BinderProvider,
    "team": TeamProvider,
    "teamsmtp": TeamSmtpProvider,
    "teamletter": TeamLetterProvider,
    "smscreator": SmsCreatorProvider,
    "sendgrid": SendGridProvider,
    "sendgridtemplate": SendGridTemplateProvider,
}
