"""The demo's run by SendGrid: a template kept there, data of few people, a bounce afterwards."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from serienpost import Problem, Texts
from serienpost_demo.command_line import counts_in_words
from serienpost_demo.practice.records import SENDGRID_KEY
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version

if TYPE_CHECKING:
    from serienpost_demo.command_line import CommandLine

_ = Texts(__name__)

MAILING, TEMPLATE = "sprechzeiten", "Neue Sprechzeiten"

# Its text part is generated from the HTML, as SendGrid does where nobody turned that off.
_VERSION = Version(
    "Neue Sprechzeiten der {{{Praxis}}}",
    "<p>{{Briefanrede}}</p><p>wir haben neue Sprechzeiten.</p><p>{{{Signatur}}}</p>",
)


def new_sendgrid(port: int = 0) -> FakeSendGrid:
    """A SendGrid with one customer and one template; port 0 takes a free one."""
    rights = frozenset({"mail.send", "templates.read", "suppression.read"})
    return FakeSendGrid(
        {SENDGRID_KEY: rights}, templates=[Template(TEMPLATE, [_VERSION])], port=port
    )


def walk_sendgrid(
    line: CommandLine, fake: FakeSendGrid
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Send by a template of SendGrid's, fetch what bounced.

    Returns:
        What `demo --json` says of it, and what did not come out as recorded.

    Raises:
        StepFailedError: a command failed.
    """
    line.show("sendgrid", "templates", "grid")
    line.show("check", MAILING)
    prepared = line.ask("prepare", MAILING, "--summary")
    run = prepared["run"]
    marked = _("run {run}: {marked} marked", run=run, marked=prepared["counts"]["marked"])
    line.say(f"  {marked}\n")
    line.show("send", run, "--plan", prepared["plan_hash"], "--yes", "--accept-disclaimer")
    line.show("show", run, "--manifest")
    if fake.mails:
        fake.suppress(fake.mails[0].to)
        line.say("  " + _("One of them comes back to SendGrid."))
    line.show("events", "grid")
    shown = line.ask("show", run)
    counts = {state: number for state, number in shown["counts"].items() if number}
    line.say(f"  {counts_in_words(counts)}\n")
    accepted = [one["ref"] for one in shown["messages"] if one["attempts"]]
    arrived = [str(mail.ref) for mail in fake.mails]
    data = {"run": run, "accepted": len(accepted), "arrived": len(arrived), "counts": counts}
    return {**data, "requests": fake.taken}, _differences(accepted, arrived, counts)


def _differences(
    accepted: list[str], arrived: list[str], counts: dict[str, int]
) -> tuple[Problem, ...]:
    problems = []
    if not accepted or Counter(accepted) != Counter(arrived):
        said = _(
            "SendGrid took {arrived} e-mails, {accepted} were accepted: not the same",
            arrived=len(arrived),
            accepted=len(accepted),
        )
        problems.append(Problem(said))
    if not counts.get("bounced"):
        problems.append(Problem(_("the e-mail that came back is not recorded as returned")))
    return tuple(problems)
