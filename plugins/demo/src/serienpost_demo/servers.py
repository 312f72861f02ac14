"""The demo by hand: a practice, servers that play its providers, and its desk, until Ctrl-C."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
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
from serienpost_demo.desk import USER, give_password, open_desk
from serienpost_demo.folder import CONFIGURATION, INBOX, fresh_folder, made_in_words, write_folder
from serienpost_demo.grid_walk import new_sendgrid
from serienpost_demo.sms_walk import new_gateway
from serienpost_demo.smscreator import FakeSmsCreator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost_demo.command_line import Say
    from serienpost_demo.sendgrid import FakeSendGrid
    from serienpost_demo.smscreator.gateway import Gateway

_ = Texts(__name__)

# An address that belongs to nobody (RFC 2606, section 3).
_RESERVED = re.compile(r"@example\.(?:com|net|org)\Z")
# Seconds between two looks at what has arrived.
_LOOK = 0.2
_CREDITS = 100_000.0

_OTHER_PORTS = _("end what listens there, or write other ports into the practice's accounts")

# Channel: what listens, account and mailing.
_SERVERS = {
    "smtp": (_("mail server"), "mail", "information"),
    "smscreator": (_("made-up smsCreator"), "sms", "kurznachricht"),
    "sendgrid": (_("made-up SendGrid"), "grid", "sprechzeiten"),
}


class Size(NamedTuple):
    """How a practice is made: how many patients, and which."""

    patients: int
    seed: int


def serve(practice: Path, made: Size, port: int, say: Say) -> int:
    """Run mail server, smsCreator, SendGrid and the desk until Ctrl-C or SIGTERM.

    Args:
        practice: on the ports of this practice's accounts; made on free ones where it is none.
        made: how, where it is made.
        port: of the desk; 0 takes a free one.
        say: prints a line.

    Returns:
        The exit code of the desk where that ended by itself, else 0.

    Raises:
        SerienpostError: a port is taken, the practice's accounts are not on this machine, or it
            cannot be made.
    """
    is_new = not (practice / CONFIGURATION).exists()
    ports = dict.fromkeys(_SERVERS, 0) if is_new else _ports_of(practice)
    inbox = fresh_folder(practice / INBOX)
    with ExitStack() as running, _asked_to_stop() as stop:
        try:
            catcher = running.enter_context(Catcher(inbox, ports["smtp"]))
            sms = running.enter_context(FakeSmsCreator(new_gateway(_CREDITS), ports["smscreator"]))
            grid = running.enter_context(new_sendgrid(ports["sendgrid"]))
        except SerienpostError as error:
            raise SerienpostError(error.problems[0].message, hint=_OTHER_PORTS) from error
        if is_new:
            write_folder(practice, *made, catcher.port, sms.port, grid.port)
            say(made_in_words(made.patients, practice))
        ports = {"smtp": catcher.port, "smscreator": sms.port, "sendgrid": grid.port}
        for told in _started(ports, inbox):
            say(told)
        arrivals = _Arrivals(inbox, catcher, sms.gateway, grid)
        code = _desk_until(stop, practice, port, arrivals, say)
        arrivals.look()
    say(_("Ended. {arrived}", arrived=arrivals.counts()))
    return code


def _desk_until(
    stop: threading.Event, practice: Path, port: int, arrivals: _Arrivals, say: Say
) -> int:
    """Keep the desk open until it is asked to stop, or ends by itself; its exit code then."""
    password = give_password(practice)
    with open_desk(practice, port) as desk:
        if desk.address is not None:
            say(_("Log in at the desk as a user of this demo alone:"))
            for what, value in ((_("name"), USER), (_("password"), password)):
                say(f"  {what}: {value}")
            say(_("The desk is open, until Ctrl-C: {address}", address=desk.address))
        while desk.exit_code is None and not stop.wait(_LOOK):
            if arrivals.look():
                say(arrivals.counts())
        return 0 if stop.is_set() else desk.server.wait()


def _started(ports: dict[str, int], inbox: Path) -> Iterator[str]:
    """What listens where, and what becomes of it."""
    yield _("Listening on this machine; nothing leaves it:")
    lines = [
        (
            f"127.0.0.1:{ports[channel]}",
            what,
            _("account {name}", name=account),
            _("mailing {name}", name=mailing),
        )
        for channel, (what, account, mailing) in _SERVERS.items()
    ]
    widths = [max(len(f"{cell}") for cell in column) for column in zip(*lines, strict=True)]
    for cells in lines:
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()
    yield _(
        "What arrives is kept in {folder}; letters are written to the practice's folder {letters}.",
        folder=str(inbox),
        letters="briefe",
    )
    yield ""


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set by Ctrl-C, SIGTERM and the end of the terminal, which end the process no more."""
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in signals}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _ports_of(practice: Path) -> dict[str, int]:
    """The ports that the accounts of a demo practice name, by channel; 0 where none does.

    Raises:
        SerienpostError: it is no demo practice: its own address is somebody's, or an account hands
            over to another machine.
    """
    from serienpost import open_practice

    ports = dict.fromkeys(_SERVERS, 0)
    with open_practice(practice, actor="demo") as opened:
        if not _RESERVED.search(opened.context.practice.email or ""):
            raise _no_demo(_("{folder} is no demo practice", folder=str(practice)))
        for name, account in opened.context.config.accounts.items():
            if account.channel not in ports:
                continue
            server = f"smtp://{getattr(account, 'host', '')}:{getattr(account, 'port', '')}"
            place = urlsplit(getattr(account, "base_url", server))
            if place.port is None or not is_loopback(place.hostname or ""):
                raise _no_demo(
                    _("the account {name} does not hand over to a port of this machine", name=name)
                )
            ports[account.channel] = place.port
    return ports


def _no_demo(why: Text) -> SerienpostError:
    return SerienpostError(
        why,
        hint=_(
            "--serve is for a practice that `serienpost init DIR --demo` made, or for a new one"
        ),
    )


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
