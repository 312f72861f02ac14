"""Runs mailings of a demo practice through the real command line and checks what arrived."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serienpost import Exit, Problem
from serienpost_demo.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serienpost import Reply
    from serienpost_demo.catcher import Caught
    from serienpost_demo.command_line import Say

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
    from serienpost_demo.folder import write_folder
    from serienpost_demo.smscreator import FakeSmsCreator

    with (
        Catcher(folder / "eingang") as catcher,
        FakeSmsCreator(sms_walk.new_gateway()) as fake,
        grid_walk.new_sendgrid() as grid,
    ):
        say(f"A mail server listens on 127.0.0.1:{catcher.port}, an SMS provider on {fake.port},")
        say(f"a SendGrid on {grid.port}; nothing leaves this machine.")
        write_folder(folder, patients, seed, catcher.port, fake.port, grid.port)
        say(f"Made a practice with {patients} made-up patients in {folder}.\n")
        line = CommandLine(folder, say)
        run = _prepare_and_send(line, folder, catcher.messages)
        arrived = catcher.messages[run.tests :]
        say("The same by SMS, scheduled for tomorrow:\n")
        sms, sms_problems = sms_walk.walk_sms(line, fake.gateway)
        say("The same by letter, to a few patients:\n")
        letters, letter_problems = letter_walk.walk_letters(line, folder)
        say("E-mail once more, by SendGrid and a template kept there:\n")
        sendgrid, grid_problems = grid_walk.walk_sendgrid(line, grid)
    others = {"sms": sms, "letters": letters, "sendgrid": sendgrid}
    problems = (*sms_problems, *letter_problems, *grid_problems)
    return _reply(folder, run, arrived, others, problems)


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
    line.say(f"  run {run}: {_listed(prepared['counts'])}\n")
    line.show("review", run)
    line.show("preview", run, "--out", str(folder / "vorschau"))
    line.show("test", run, "--to", _TEST_ADDRESS)
    tests = len(inbox)
    open_codes = (Exit.SOME_FAILED, Exit.SOME_IN_DOUBT, Exit.OPEN)
    sent = line.ask("send", run, "--plan", prepared["plan_hash"], "--yes", also=open_codes)
    line.say(f"  {sent['state']}: {_listed(sent['counts'])}\n")
    shown = line.ask("show", run)
    line.say(f"  {len(shown['messages'])} recipients, each with outcome and reason\n")
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

    sms, letters, grid = others["sms"], others["letters"], others["sendgrid"]
    accepted = [message["message_id"] for message in run.messages if message["state"] in _ARRIVED]
    mail_problems = tuple(_differences(accepted, [_message_id(caught) for caught in arrived]))
    problems = (*mail_problems, *other_problems)
    places = {
        "configuration": folder / "serienpost.yaml",
        "mail that arrived": folder / "eingang",
        "preview": folder / "vorschau",
        "report": folder / "bericht.html",
        "letters to print": letters["file"],
        "record": folder / "versandbuch.db",
    }

    def text() -> None:
        import click

        from serienpost_demo.command_line import folded

        def tell(line: str) -> None:
            click.echo(folded(line))

        verdict = "exactly those" if not mail_problems else "not the same"
        tell(f"{len(accepted)} messages accepted, {len(arrived)} arrived: {verdict}.")
        tell(f"{run.tests} test message arrived before.")
        tell(
            f"{sms['accepted']} SMS accepted, {sms['arrived']} arrived, "
            f"{sms['credits']:g} credits charged."
        )
        tell(
            f"{letters['accepted']} letters accepted, {letters['printed']} in the file on "
            f"{letters['pages']} pages, {letters['stored']} in the patients' records."
        )
        tell(
            f"{grid['accepted']} e-mails accepted by the made-up SendGrid, {grid['arrived']} "
            f"arrived; requests: {grid['requests']}."
        )
        click.echo("\nWhere to look:")
        for name, place in places.items():
            tell(f"  {name + ':':<19}{place}")
        tell(f"\nGo on: {_program()} -C {folder} show {run.id}")

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


def _differences(accepted: Sequence[str], arrived: Sequence[str]) -> Iterable[Problem]:
    recorded, caught = Counter(accepted), Counter(arrived)
    missing, surplus = recorded - caught, caught - recorded
    if not accepted:
        yield Problem("no message was accepted", hint="`review` says why")
    if missing:
        yield Problem(f"accepted but not arrived: {_some(missing)}")
    if surplus:
        yield Problem(f"arrived but not accepted, or twice: {_some(surplus)}")


def _some(ids: Counter[str]) -> str:
    names = sorted(ids.elements())
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _message_id(caught: Caught) -> str:
    return str(message_from_bytes(caught.data, policy=policy.default)["Message-ID"])


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items() if number)


def _program() -> str:
    """How the command line is called from here; `make demo` runs it from an environment that is
    not active."""
    if shutil.which("serienpost"):
        return "serienpost"
    called = Path(sys.argv[0])
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_relative_to(here) else called)
