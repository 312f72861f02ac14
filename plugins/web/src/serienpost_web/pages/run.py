"""A run: how it stands and how it went, the decisions that a person may take about it, its CSV."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

from serienpost import Texts
from serienpost.service import MISSED
from serienpost_web import wording
from serienpost_web.table import Asked, BrokenFormError, Moved, NotFoundError, Route, Sent, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serienpost import Text
    from serienpost.service import Report, RowNames, Run, RunStatus
    from serienpost_web.table import Answer

_ = Texts(__name__)

# Rows of one page.
SIZE = 100
# So many people of a state are named on the run's own page.
_NAMED = 10

_RELEASED = ("approved", "sending", "paused")


def run_page(asked: Asked) -> Answer:
    """How the run stands, how it went so far, and what can be done about it."""
    return Shown("run", _standing(asked))


def live(asked: Asked) -> Answer:
    """The part of the page that changes while a run is delivered."""
    return Shown("run_live", _standing(asked))


def _standing(asked: Asked) -> dict[str, object]:
    run = asked.run()
    status = run.status()
    in_doubt = status.counts["in_doubt"]
    report = run.report()
    return {
        "run": status,
        "report": report,
        "names": _named_in(run, report),
        "draft": run.draft() if asked.user.may("prepare") else None,
        "deeds": [one for one in DEEDS.values() if one.fits(status)],
        "doubts": run.message_page(1, "in_doubt", size=_NAMED) if in_doubt else None,
    }


def _named_in(run: Run, report: Report) -> RowNames:
    """Whom the report names by their rows."""
    rows = [row for one in report.reasons for row in one.rows]
    tests = [one.row for one in report.tests if one.row]
    return run.names([*rows, *tests], [one.text for one in report.reasons])


@dataclass(frozen=True, slots=True)
class Deed:
    """A decision about a whole run, taken on a page of its own.

    Args:
        name: in the address.
        button: what the button says.
        question: what is decided.
        effect: what happens then.
        fits: whether it can be decided as the run stands.
        does: decides it; returns what is said afterwards.
        is_danger: nothing brings it back.
    """

    name: str
    button: Text
    question: Text
    effect: Text
    fits: Callable[[RunStatus], bool]
    does: Callable[[Run, RunStatus], str]
    is_danger: bool = False


def _pause(run: Run, _status: RunStatus) -> str:
    run.pause()
    return "paused"


def _cancel(run: Run, _status: RunStatus) -> str:
    run.cancel()
    return "cancelled"


def _go_on(run: Run, status: RunStatus) -> str:
    after = run.go_on(confirm=status.reason in wording.CONFIRMED)
    return "going_on" if after.state == "sending" else "still_paused"


def _retry(run: Run, _status: RunStatus) -> str:
    run.retry()
    run.wake()
    return "retried"


DEEDS: Mapping[str, Deed] = {
    one.name: one
    for one in (
        Deed(
            "continue",
            _("Continue"),
            _("Continue this run?"),
            _("What is still open is sent from now on."),
            lambda status: status.state == "paused" and not status.is_scheduled,
            _go_on,
        ),
        Deed(
            "pause",
            _("Pause"),
            _("Pause this run?"),
            _("Nothing more is sent until somebody continues it. What is on its way stays so."),
            lambda status: status.is_released and status.reason != "person",
            _pause,
        ),
        Deed(
            "retry",
            _("Try the failed ones again"),
            _("Try the failed messages again?"),
            _("Each failed message is sent once more; all others stay as they are."),
            lambda status: (
                status.state in ("sending", "paused", "finished") and bool(status.counts["failed"])
            ),
            _retry,
        ),
        Deed(
            "cancel",
            _("Cancel"),
            _("Cancel this run for good?"),
            _("What is not sent yet will never be sent by this run. This cannot be taken back."),
            lambda status: status.state in ("prepared", *_RELEASED),
            _cancel,
            is_danger=True,
        ),
    )
}


def deed_page(asked: Asked) -> Answer:
    """The step before a decision: what it is, what it does."""
    status = asked.run().status()
    deed = _deed(asked)
    if not deed.fits(status):
        return Moved(f"/runs/{status.run}")
    return Shown("deed", {"run": status, "deed": deed})


def do_deed(asked: Asked) -> Answer:
    """The decision; the service refuses what does not fit any more."""
    run = asked.run()
    said = _deed(asked).does(run, run.status())
    return Moved(f"/runs/{run.id}", said=said)


def _deed(asked: Asked) -> Deed:
    found = DEEDS.get(asked.parts["deed"])
    if found is None:
        raise NotFoundError
    return found


def doubts_page(asked: Asked) -> Answer:
    """The messages of which nobody knows whether they arrived."""
    run = asked.run()
    page = run.message_page(asked.query.number("page", 1), "in_doubt", size=SIZE)
    return Shown("doubts", {"run": run.status(), "page": page, "problem": None})


def decide_page(asked: Asked) -> Answer:
    """The step before a decision about doubts: which messages, what happens."""
    run, rows = asked.run(), asked.query.all("row")
    decision = _decision(asked.query.one("as"))
    if not rows:
        page = run.message_page(1, "in_doubt", size=SIZE)
        problem = _("Mark at least one message first.")
        return Shown("doubts", {"run": run.status(), "page": page, "problem": problem}, 422)
    return Shown("decide", {"run": run.status(), "rows": rows, "decision": decision})


def decide(asked: Asked) -> Answer:
    """The decision about messages in doubt."""
    run, decision = asked.run(), _decision(asked.form.one("as"))
    run.resolve(asked.form.all("row"), decision)
    if decision == "resend":
        run.wake()
    return Moved(f"/runs/{run.id}", said="resolved")


def _decision(said: str) -> Literal["accepted", "resend", "failed"]:
    if said not in ("accepted", "resend", "failed"):
        raise BrokenFormError
    return cast('Literal["accepted", "resend", "failed"]', said)


def messages_page(asked: Asked) -> Answer:
    """What became of each message, by name."""
    run, state = asked.run(), asked.query.one("state")
    status = run.status()
    if state and state not in (*status.counts, MISSED):
        raise NotFoundError
    page = run.message_page(asked.query.number("page", 1), state or None, size=SIZE)
    names = run.names([one.row for one in page.messages], [one.text for one in page.messages])
    page = replace(page, messages=names.named(page.messages))
    return Shown(
        "messages",
        {
            "run": status,
            "page": page,
            "state": state,
            "names": names,
            "missed": MISSED,
            "has_occasions": any(one.occasion for one in page.messages),
            "zone": asked.practice.context.zone,
        },
    )


def story_page(asked: Asked) -> Answer:
    """What one person got in this run, when, why, released by whom; and in others."""
    run, row = asked.run(), asked.query.one("row")
    explained = run.explain(row)
    stories = {one.row: one for one in run.story(row)}
    names = run.names(stories, [one.text for one in stories.values()])
    people = [one for one in names.named(explained.recipients) if one.row in stories]
    return Shown(
        "story",
        {
            "run": run.status(),
            "found": [(one, stories[one.row], run.place(one.row)) for one in people],
            "names": names,
            "zone": asked.practice.context.zone,
            "asked_at": explained.asked_at,
            "others": run.other_messages(row),
        },
    )


def failures(asked: Asked) -> Answer:
    """CSV of everybody who did not get the message."""
    run = asked.run()
    with io.StringIO(newline="") as file:
        run.write_failures(file)
        text = file.getvalue()
    return Sent(text.encode("utf-8-sig"), "text/csv", f"{run.id}.csv")


def report_file(asked: Asked) -> Answer:
    """The report as one page to keep, that needs nothing else."""
    run = asked.run()
    page = run.report_page(run.report())
    return Sent(page.encode(), "text/html", f"{run.id}.html")


ROUTES = (
    Route("/runs/{run}", run_page, "read"),
    Route("/runs/{run}/live", live, "read", is_polled=True),
    Route("/runs/{run}/messages", messages_page, "read"),
    Route("/runs/{run}/person", story_page, "read"),
    Route("/runs/{run}/failures.csv", failures, "read"),
    Route("/runs/{run}/report.html", report_file, "read"),
    Route("/runs/{run}/doubts", doubts_page, "read"),
    Route("/runs/{run}/doubts/decide", decide_page, "approve"),
    Route("/runs/{run}/doubts", decide, "approve", "POST", back="/runs/{run}/doubts"),
    Route("/runs/{run}/do/{deed}", deed_page, "approve"),
    Route("/runs/{run}/do/{deed}", do_deed, "approve", "POST", back="/runs/{run}"),
)
