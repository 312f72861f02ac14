"""Runs mailings of a demo practice through the real command line and checks what arrived."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serienpost import Exit, Problem, Text, Texts, run_state
from serienpost_demo.command_line import CommandLine, counts_in_words
from serienpost_demo.folder import INBOX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from serienpost import Reply
    from serienpost_demo.catcher import Caught
    from serienpost_demo.command_line import Say

_ = Texts(__name__)

_MAILING = "information"
_TEST_ADDRESS = "praxis@example.org"
_ARRIVED = ("accepted", "delivered", "bounced", "complained")


def walk_through(folder: Path, patients: int, seed: int, say: Say) -> Reply:
    """Make a demo practice, send a mailing to a catcher, compare record and arrivals.

    Raises:
        StepFailedError: a command failed.
        SerienpostError: the folder cannot be used.
    """
    from serienpost_demo import grid_walk, letter_walk, sms_walk
    from serienpost_demo.catcher import Catcher
    from serienpost_demo.folder import made_in_words, write_folder
    from serienpost_demo.smscreator import FakeSmsCreator

    with (
        Catcher(folder / INBOX) as catcher,
        FakeSmsCreator(sms_walk.new_gateway()) as fake,
        grid_walk.new_sendgrid() as grid,
    ):
        say(_listening(catcher.port, fake.port, grid.port))
        write_folder(folder, patients, seed, catcher.port, fake.port, grid.port)
        say(f"{made_in_words(patients, folder)}\n")
        line = CommandLine(folder, say)
        run = _prepare_and_send(line, folder, catcher.messages)
        arrived = catcher.messages[run.tests :]
        say(_("The same by SMS, scheduled for tomorrow:") + "\n")
        sms, sms_problems = sms_walk.walk_sms(line, fake.gateway)
        say(_("The same by letter, to a few patients:") + "\n")
        letters, letter_problems = letter_walk.walk_letters(line, folder)
        say(_("E-mail once more, by SendGrid and a template kept there:") + "\n")
        sendgrid, grid_problems = grid_walk.walk_sendgrid(line, grid)
    others = {"sms": sms, "letters": letters, "sendgrid": sendgrid}
    problems = (*sms_problems, *letter_problems, *grid_problems)
    return _reply(folder, run, arrived, others, problems)


def _listening(mail: int, sms: int, grid: int) -> Text:
    return _(
        "A mail server listens on 127.0.0.1:{mail}, an SMS provider on {sms}, a SendGrid on {grid};"
        " nothing leaves this machine.",
        mail=mail,
        sms=sms,
        grid=grid,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    id: str
    tests: int
    counts: dict[str, int]
    messages: list[dict[str, Any]]


def _prepare_and_send(line: CommandLine, folder: Path, inbox: Sequence[Caught]) -> _Run:
    line.show("check", _MAILING)
    prepared = line.ask("prepare", _MAILING, "--summary")
    run = prepared["run"]
    selected = _("run {run}: {counts}", run=run, counts=counts_in_words(prepared["counts"]))
    line.say(f"  {selected}\n")
    line.show("review", run)
    line.show("preview", run, "--out", str(folder / "vorschau"))
    line.show("test", run, "--to", _TEST_ADDRESS)
    tests = len(inbox)
    open_codes = (Exit.SOME_FAILED, Exit.SOME_IN_DOUBT, Exit.OPEN)
    sent = line.ask("send", run, "--plan", prepared["plan_hash"], "--yes", also=open_codes)
    state = run_state(sent["state"])
    line.say(f"  {state}: {counts_in_words(sent['counts'])}\n")
    shown = line.ask("show", run)
    recipients = _.ngettext(
        "{n} recipient, with outcome and reason",
        "{n} recipients, each with outcome and reason",
        len(shown["messages"]),
    )
    line.say(f"  {recipients}\n")
    line.show("report", run, "--html", str(folder / "bericht.html"))
    return _Run(run, tests, shown["counts"], shown["messages"])


def _reply(
    folder: Path,
    run: _Run,
    arrived: Sequence[Caught],
    others: dict[str, dict[str, Any]],
    other_problems: Sequence[Problem],
) -> Reply:
    from serienpost import Reply

    letters = others["letters"]
    accepted = [message["message_id"] for message in run.messages if message["state"] in _ARRIVED]
    mail_problems = tuple(_differences(accepted, [_message_id(caught) for caught in arrived]))
    problems = (*mail_problems, *other_problems)

    def text() -> None:
        import click

        from serienpost_demo.command_line import folded

        for told in _told(run, len(accepted), len(arrived), others, is_same=not mail_problems):
            click.echo(folded(told))
        click.echo(folded("\n" + _("Where to look:")))
        places = [(f"{name}:", place) for name, place in _places(folder, letters["file"])]
        width = max(len(name) for name, _place in places) + 1
        for name, place in places:
            click.echo(folded(f"  {name:<{width}}{place}"))
        command = f"{_program()} demo --serve {folder}"
        click.echo(folded("\n" + _("Open the desk on it: {command}", command=command)))

    return Reply(
        data={
            "folder": str(folder),
            "run": run.id,
            "accepted": len(accepted),
            "arrived": len(arrived),
            "tests": run.tests,
            "counts": run.counts,
            **others,
        },
        text=text,
        exit=Exit.BUG if problems else Exit.DONE,
        problems=problems,
    )


def _told(
    run: _Run, accepted: int, arrived: int, others: dict[str, dict[str, Any]], *, is_same: bool
) -> Iterator[Text]:
    """What came out, a sentence for each kind."""
    sms, letters, grid = others["sms"], others["letters"], others["sendgrid"]
    if is_same:
        yield _(
            "{accepted} messages accepted, {arrived} arrived: exactly those.",
            accepted=accepted,
            arrived=arrived,
        )
    else:
        yield _(
            "{accepted} messages accepted, {arrived} arrived: not the same.",
            accepted=accepted,
            arrived=arrived,
        )
    yield _.ngettext(
        "{n} test message arrived before.", "{n} test messages arrived before.", run.tests
    )
    yield _(
        "{accepted} SMS accepted, {arrived} arrived, {credits} credits charged.",
        accepted=sms["accepted"],
        arrived=sms["arrived"],
        credits=sms["credits"],
    )
    yield _(
        "{accepted} letters accepted, {printed} in the file on {pages} pages, {stored} in the"
        " patients' records.",
        accepted=letters["accepted"],
        printed=letters["printed"],
        pages=letters["pages"],
        stored=letters["stored"],
    )
    yield _(
        "{accepted} e-mails accepted by the made-up SendGrid, {arrived} arrived; requests:"
        " {requests}.",
        accepted=grid["accepted"],
        arrived=grid["arrived"],
        requests=grid["requests"],
    )


def _places(folder: Path, letters: str) -> list[tuple[str, str]]:
    return [
        (_("configuration"), str(folder / "serienpost.yaml")),
        (_("e-mails that arrived"), str(folder / INBOX)),
        (_("preview"), str(folder / "vorschau")),
        (_("report"), str(folder / "bericht.html")),
        (_("letters to print"), letters),
        (_("ledger"), str(folder / "versandbuch.db")),
    ]


def _differences(accepted: Sequence[str], arrived: Sequence[str]) -> Iterable[Problem]:
    recorded, caught = Counter(accepted), Counter(arrived)
    missing, surplus = recorded - caught, caught - recorded
    if not accepted:
        yield Problem(_("no message was accepted"), hint=_("`review` says why"))
    if missing:
        yield Problem(_("accepted but not arrived: {names}", names=_some(missing)))
    if surplus:
        yield Problem(_("arrived but not accepted, or twice: {names}", names=_some(surplus)))


def _some(ids: Counter[str]) -> str:
    names = sorted(ids.elements())
    shown = ", ".join(names[:5])
    more = len(names) - 5
    return shown if more <= 0 else _("{names} and {more} more", names=shown, more=more)


def _message_id(caught: Caught) -> str:
    return str(message_from_bytes(caught.data, policy=policy.default)["Message-ID"])


def _program() -> str:
    """How the command line is called from here; `make demo` runs it from an environment that is
    not active."""
    if shutil.which("serienpost"):
        return "serienpost"
    called = Path(sys.argv[0])
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_relative_to(here) else called)
