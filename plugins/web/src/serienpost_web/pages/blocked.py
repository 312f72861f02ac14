"""Messages that nobody can release any more: why, made anew, or discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from serienpost.service import ReadSelection, find_again, made_anew
from serienpost_web.pages.task import asked_for
from serienpost_web.table import Moved, Route, Shown

if TYPE_CHECKING:
    from serienpost.service import Anew, Obstacle, Run
    from serienpost_web.table import Answer, Asked


class Blocked(NamedTuple):
    """What stands against the release of a run, and how its messages are made anew; None where what
    they were made of is gone."""

    why: Obstacle
    anew: Anew | None


def obstacle_of(run: Run) -> Blocked | None:
    """What stands against the release of a run; None where nothing does."""
    why = run.obstacle()
    return Blocked(why, made_anew(run)) if why else None


def make_anew(asked: Asked) -> Answer:
    """Ask a worker for the messages; those that there are go when the new ones are there."""
    run = asked.run()
    found = made_anew(run)
    if found is None or found.wish is None:
        return Moved(f"/runs/{run.id}/preview")
    return asked_for(asked, found.wish)


def look_again(asked: Asked) -> Answer:
    """Look for the people of a draft as of today; its text stays."""
    found = find_again(asked.draft())
    asked.practice.ask(ReadSelection(found.id), token=asked.form.some("form", 50))
    return Moved(f"/auswahl/{found.id}")


def discard_page(asked: Asked) -> Answer:
    """The step before it."""
    run = asked.run()
    status = run.status()
    if status.state != "prepared":
        return Moved(f"/runs/{run.id}")
    return Shown("discard_run", {"run": status, "anew": made_anew(run)})


def discard(asked: Asked) -> Answer:
    """The messages; the draft that they were made of stays."""
    run = asked.run()
    run.discard()
    return Moved("/", said="run_discarded")


ROUTES = (
    Route("/runs/{run}/anew", make_anew, "prepare", "POST", back="/runs/{run}/preview"),
    Route("/runs/{run}/discard", discard_page, "prepare"),
    Route("/runs/{run}/discard", discard, "prepare", "POST", back="/runs/{run}/discard"),
    Route("/entwurf/{draft}/empfaenger", look_again, "prepare", "POST", back="/entwurf/{draft}"),
)
