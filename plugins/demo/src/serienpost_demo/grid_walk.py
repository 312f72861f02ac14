"""The demo's run by SendGrid: a template kept there, data of few people, a bounce afterwards."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from serienpost import Problem
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version

if TYPE_CHECKING:
    from serienpost_demo.command_line import CommandLine

MAILING, TEMPLATE = "sprechzeiten", "Neue Sprechzeiten"
# Stands in the demo practice's Systemkürzel.
KEY = "SG.nur-fuer-die-vorfuehrung"

_MAILING = """\
# Set by SendGrid's own template; the text names what may be sent for it.
source: patients
select: {}
limit: 20
account: grid
purpose: information
sendgrid_template: Neue Sprechzeiten
text: "{{Briefanrede}} {{Nachname}} {{Praxis_Telefon}} {{Praxis}}"
"""
_VERSION = Version(
    "Neue Sprechzeiten der {{{Praxis}}}",
    "<p>{{Briefanrede}},</p><p>wir haben neue Sprechzeiten.</p><p>{{Praxis}}</p>",
    "{{{Briefanrede}}},\n\nwir haben neue Sprechzeiten.\n\n{{{Praxis}}}\n",
)
_TURNED_ON = re.compile(
    r"^(  )# ((?:- serienpost-(?:channel-sendgrid|systemkuerzel)\b|grid:|  \w+: ).*)$", re.MULTILINE
)


def new_sendgrid() -> FakeSendGrid:
    """A SendGrid with one customer and one template."""
    rights = frozenset({"mail.send", "templates.read", "suppression.read"})
    return FakeSendGrid({KEY: rights}, templates=[Template(TEMPLATE, [_VERSION])])


def walk_sendgrid(
    line: CommandLine, fake: FakeSendGrid
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Turn on the account, send by a template of SendGrid's, fetch what bounced.

    Returns:
        What `demo --json` says of it, and what did not come out as recorded.

    Raises:
        StepFailedError: a command failed.
    """
    _turn_on(line)
    line.show("sendgrid", "templates", "grid")
    line.show("check", MAILING)
    prepared = line.ask("prepare", MAILING, "--summary")
    run = prepared["run"]
    line.say(f"  run {run}: {prepared['counts']['marked']} marked\n")
    line.show("send", run, "--plan", prepared["plan_hash"], "--yes", "--accept-disclaimer")
    line.show("show", run, "--manifest")
    if fake.mails:
        fake.suppress(fake.mails[0].to)
        line.say("  One of them comes back to SendGrid.")
    line.show("events", "grid")
    shown = line.ask("show", run)
    counts = {state: number for state, number in shown["counts"].items() if number}
    line.say(f"  {', '.join(f'{state} {number}' for state, number in counts.items())}\n")
    accepted = [one["ref"] for one in shown["messages"] if one["attempts"]]
    arrived = [str(mail.ref) for mail in fake.mails]
    data = {"run": run, "accepted": len(accepted), "arrived": len(arrived), "counts": counts}
    return {**data, "requests": fake.taken}, _differences(accepted, arrived, counts)


def _turn_on(line: CommandLine) -> None:
    """Do what a practice does: take the signs of comment away, name the store, write a mailing."""
    file = line.folder / "serienpost.yaml"
    text = _TURNED_ON.sub(r"\1\2", file.read_text("utf-8"))
    file.write_text(text.replace("secrets: [env,", "secrets: [systemkuerzel, env,"), "utf-8")
    mailing = line.folder / "mailings" / f"{MAILING}.yaml"
    mailing.touch(0o600)
    mailing.write_text(_MAILING, "utf-8")
    line.say(f"Turned on the account grid in {file} and wrote mailings/{MAILING}.yaml.\n")


def _differences(
    accepted: list[str], arrived: list[str], counts: dict[str, int]
) -> tuple[Problem, ...]:
    problems = []
    if not accepted or Counter(accepted) != Counter(arrived):
        text = f"SendGrid took {len(arrived)} e-mails, {len(accepted)} were accepted: not the same"
        problems.append(Problem(text))
    if not counts.get("bounced"):
        problems.append(Problem("the e-mail that came back is not recorded as bounced"))
    return tuple(problems)
