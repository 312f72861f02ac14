"""The demo's servers alone, kept running while a person tries things by hand."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from serienpost import (
    SerienpostError,
    Text,
    Texts,
    is_loopback,
    private_folder,
    write_private,
)
from serienpost_demo.catcher import Catcher
from serienpost_demo.folder import DEMO_GRID_PORT, DEMO_PORT, DEMO_SMS_PORT
from serienpost_demo.grid_walk import TEMPLATE, new_sendgrid
from serienpost_demo.sms_walk import new_gateway
from serienpost_demo.smscreator import FakeSmsCreator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost_demo.command_line import Say
    from serienpost_demo.sendgrid import FakeSendGrid
    from serienpost_demo.smscreator.gateway import Gateway

_ = Texts(__name__)

# Seconds between two looks at what has arrived.
_LOOK = 0.2
_CREDITS = 100_000.0
_PORTS = {"smtp": DEMO_PORT, "smscreator": DEMO_SMS_PORT, "sendgrid": DEMO_GRID_PORT}

_OTHER_PORTS = _(
    "end what listens there, or write other ports into a practice's accounts and name its folder: "
    "serienpost demo --serve DIR"
)

# Channel, what listens, account and mailing.
_SERVERS = (
    ("smtp", _("mail server"), "mail", "information"),
    ("smscreator", _("made-up smsCreator"), "sms", "kurznachricht"),
    ("sendgrid", _("made-up SendGrid"), "grid", "sprechzeiten"),
)


def serve(practice: Path | None, inbox: Path, say: Say) -> None:
    """Run mail server, smsCreator and SendGrid until Ctrl-C or SIGTERM.

    Args:
        practice: on the ports of this practice's accounts; None for those of every new one.
        inbox: a folder for what arrives, made with the first message.
        say: prints a line.

    Raises:
        SerienpostError: a port is taken, or the practice's accounts are not on this machine.
    """
    ports = _PORTS if practice is None else _ports_of(practice)
    with ExitStack() as running, _asked_to_stop() as stop:
        try:
            catcher = running.enter_context(Catcher(inbox, ports["smtp"]))
            sms = running.enter_context(FakeSmsCreator(new_gateway(_CREDITS), ports["smscreator"]))
            grid = running.enter_context(new_sendgrid(ports["sendgrid"]))
        except SerienpostError as error:
            raise SerienpostError(error.problems[0].message, hint=_OTHER_PORTS) from error
        for told in _started(ports, inbox, practice):
            say(told)
        arrivals = _Arrivals(inbox, catcher, sms.gateway, grid)
        while not stop.wait(_LOOK):
            if arrivals.look():
                say(arrivals.counts())
        arrivals.look()
    say(_("Ended. {arrived}", arrived=arrivals.counts()))


def _started(ports: dict[str, int], inbox: Path, practice: Path | None) -> Iterator[str]:
    """What listens where, and what to do with it."""
    yield _("Listening on this machine; nothing leaves it:")
    lines = [
        (
            f"127.0.0.1:{ports[channel]}",
            what,
            _("account {name}", name=account),
            _("mailing {name}", name=mailing),
        )
        for channel, what, account, mailing in _SERVERS
    ]
    widths = [max(len(f"{cell}") for cell in column) for column in zip(*lines, strict=True)]
    for cells in lines:
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()
    yield _(
        "The account {name} needs no server: its letters are written to the practice's folder"
        " {folder}.",
        name="brief",
        folder="briefe",
    )
    yield _(
        "SendGrid keeps the template {template}; `send` asks for its disclaimer"
        " (--accept-disclaimer).",
        template=TEMPLATE,
    )
    yield _(
        "Logins stand in the demo practice's Systemkürzel. What arrives is kept in {folder}.",
        folder=str(inbox),
    )
    yield ""
    command = f"serienpost -C {practice or 'DIR'} prepare information"
    yield _("In another terminal: {command}", command=command)
    yield _("Ctrl-C ends it.")


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set by Ctrl-C and SIGTERM, which end the process no more."""
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in signals}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _ports_of(practice: Path) -> dict[str, int]:
    """The ports that the accounts of a practice name, by channel.

    Raises:
        SerienpostError: there is no practice, or an account hands over to another machine.
    """
    from serienpost import open_practice

    ports = dict(_PORTS)
    with open_practice(practice, actor="demo") as opened:
        for name, account in opened.context.config.accounts.items():
            if account.channel not in ports:
                continue
            server = f"smtp://{getattr(account, 'host', '')}:{getattr(account, 'port', '')}"
            place = urlsplit(getattr(account, "base_url", server))
            if place.port is None or not is_loopback(place.hostname or ""):
                raise SerienpostError(
                    _("the account {name} does not hand over to a port of this machine", name=name),
                    hint=_("--serve is for a practice that `serienpost init DIR --demo` made"),
                )
            ports[account.channel] = place.port
    return ports


@dataclass
class _Arrivals:
    """Writes down what the made-up providers took; the mail server does that itself."""

    inbox: Path
    catcher: Catcher
    gateway: Gateway
    grid: FakeSendGrid
    _sms: set[int] = field(default_factory=set)
    _seen: tuple[int, int, int] = (0, 0, 0)

    def look(self) -> bool:
        """Keep what is new; whether anything is."""
        for job in self.gateway.sent():
            if job.id not in self._sms:
                self._sms.add(job.id)
                self._keep(f"sms-{len(self._sms):06d}.txt", f"{job.number}\n\n{job.text}\n")
        mails = list(self.grid.mails)
        for number, mail in enumerate(mails[self._seen[2] :], self._seen[2] + 1):
            head = f"{mail.sender} -> {mail.to}\n{mail.subject}\n\n"
            self._keep(f"grid-{number:06d}.txt", f"{head}{mail.text}\n")
            self._keep(f"grid-{number:06d}.html", mail.html)
        seen = (len(self.catcher.messages), len(self._sms), len(mails))
        is_new, self._seen = seen != self._seen, seen
        return is_new

    def counts(self) -> Text:
        """How many there are so far."""
        mails, sms, grid = self._seen
        return _(
            "Arrived: {mails} e-mails, {sms} SMS, {grid} e-mails by SendGrid.",
            mails=mails,
            sms=sms,
            grid=grid,
        )

    def _keep(self, name: str, text: str) -> None:
        write_private(private_folder(self.inbox) / name, text.encode("utf-8", "replace"))
