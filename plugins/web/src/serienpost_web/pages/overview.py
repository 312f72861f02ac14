"""What needs somebody, what is under way, what comes, what was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost.service import AskBalances, mailings
from serienpost_web.pages.blocked import obstacle_of
from serienpost_web.table import Moved, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.service import RunLine
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# The newest runs that are looked at; what waits for somebody is not left for long.
_LOOKED_AT = 200
# Runs that are over, on one page.
_SHOWN = 15
_DAYS = 14


def overview(asked: Asked) -> Answer:
    """The first page: sorted by what a person has to do."""
    may_write = asked.user.may("prepare")
    drafts = [one for one in asked.practice.drafts() if not one.is_done]
    runs = asked.practice.runs(_LOOKED_AT)
    planned = asked.practice.planned(_DAYS)
    known = mailings(asked.practice)
    waiting = [one for one in runs if one.state == "prepared"]
    moving = [one for one in runs if one.state in ("approved", "sending")]
    over = [one for one in runs if one.state in ("finished", "cancelled")]
    return Shown(
        "overview",
        {
            "drafts": drafts if may_write else (),
            "mailings": known if may_write else (),
            "titles": {one.name: one.title for one in known},
            "waiting": waiting,
            "prepared": {one.run: asked.practice.run(one.run).counts() for one in waiting},
            "blocked": {one.run: obstacle_of(asked.practice.run(one.run)) for one in waiting},
            "nobody_sends": moving and not any(one.serves for one in asked.practice.workers()),
            "stopped": [one for one in runs if _needs_somebody(one)],
            "doubtful": [one for one in runs if one.counts.get("in_doubt")],
            "under_way": [one for one in runs if _is_under_way(one)],
            "scheduled": [one for one in runs if _is_scheduled(one)],
            "balances": asked.practice.balances(),
            "due": [one for one in asked.practice.due_dates() if one.state != "done"],
            "planned": planned.planned,
            "over": over[:_SHOWN],
        },
    )


def ask_balances(asked: Asked) -> Answer:
    """Let a worker ask what the accounts hold; the page shows what it heard."""
    asked.practice.ask(AskBalances(), token=asked.form.some("form", 50))
    return Moved("/", said="balances")


def balances_live(asked: Asked) -> Answer:
    """The part of the page that changes while a worker asks."""
    return Shown("balances", {"balances": asked.practice.balances()})


def _is_scheduled(run: RunLine) -> bool:
    return run.scheduled_for is not None and run.state in ("approved", "paused")


def _needs_somebody(run: RunLine) -> bool:
    return run.state == "paused" and run.ends is not None and run.ends.by == "person"


def _is_under_way(run: RunLine) -> bool:
    is_released = run.state in ("approved", "sending", "paused")
    return is_released and not _needs_somebody(run) and not _is_scheduled(run)


ROUTES: Sequence[Route] = (
    Route("/", overview, "read", tab=_("Overview")),
    Route("/guthaben/live", balances_live, "read", is_polled=True),
    Route("/guthaben", ask_balances, "prepare", "POST", back="/"),
)
