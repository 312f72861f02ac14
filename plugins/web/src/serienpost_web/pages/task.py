"""From a draft to a run: the day, the task that a worker does, what it asks, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts
from serienpost.service import Prepare
from serienpost_web.table import BrokenFormError, Moved, NotFoundError, Route, Shown

if TYPE_CHECKING:
    from datetime import date

    from serienpost.service import Draft, Task
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)


def prepare_page(asked: Asked) -> Answer:
    """For which day, and whom to leave out."""
    return _prepare_page(asked, asked.practice.today().isoformat())


def _prepare_page(asked: Asked, due: str, problem: object = None) -> Shown:
    draft = asked.draft()
    values = {"draft": draft, "line": draft.line(), "due": due, "problem": problem}
    return Shown("prepare", values, 422 if problem else 200)


def prepare(asked: Asked) -> Answer:
    """Ask a worker to prepare the draft as it was looked at."""
    written = asked.form.one("due", 100).strip()
    try:
        due = asked.practice.day(written)
    except SerienpostError as error:
        return _prepare_page(asked, written, error.problems[0].message)
    return _ask(asked, asked.draft(), asked.form.number("version", 0), due)


def _ask(
    asked: Asked, draft: Draft, version: int, due: date, *, rewrite_signs: bool | None = None
) -> Answer:
    wish = Prepare(
        draft=draft.id,
        version=version,
        due=due,
        rewrite_signs=rewrite_signs,
        exclude_already_sent=asked.form.one("again") == "no",
    )
    task = asked.practice.ask(wish, token=asked.form.some("form", 50))
    return Moved(f"/aufgabe/{task.id}")


def task_page(asked: Asked) -> Answer:
    """How the task stands; one that is done leads to its run."""
    status = _task(asked).status()
    if status.run:
        return Moved(f"/runs/{status.run}/preview", said="prepared")
    return Shown("task", {"task": status})


def task_live(asked: Asked) -> Answer:
    """The part of the page that changes."""
    return Shown("task_live", {"task": _task(asked).status()})


def answer(asked: Asked) -> Answer:
    """Cancel the task, or answer what it asked: then it is asked for anew."""
    task, said = _task(asked), asked.form.one("answer")
    if said == "cancel":
        task.cancel()
        return Moved(f"/aufgabe/{task.id}")
    if said not in ("yes", "no"):
        raise BrokenFormError
    again = task.answered(rewrite_signs=said == "yes", token=asked.form.some("form", 50))
    return Moved(f"/aufgabe/{again.id}")


def _task(asked: Asked) -> Task:
    try:
        return asked.practice.task(asked.parts["task"])
    except SerienpostError as error:
        raise NotFoundError from error


ROUTES = (
    Route("/entwurf/{draft}/vorbereiten", prepare_page, "prepare"),
    Route(
        "/entwurf/{draft}/vorbereiten",
        prepare,
        "prepare",
        "POST",
        back="/entwurf/{draft}/vorbereiten",
    ),
    Route("/aufgabe/{task}", task_page, "prepare"),
    Route("/aufgabe/{task}/live", task_live, "prepare", is_polled=True),
    Route("/aufgabe/{task}", answer, "prepare", "POST", back="/aufgabe/{task}"),
)
