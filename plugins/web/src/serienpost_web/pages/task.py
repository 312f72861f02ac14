"""From a draft to a run: the day, the task that a worker does, what it asks, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from serienpost import SerienpostError
from serienpost.service import PrepareDraft
from serienpost_web.table import BrokenFormError, Moved, NotFoundError, Route, Shown

if TYPE_CHECKING:
    from serienpost import Text
    from serienpost.service import Task
    from serienpost_web.table import Answer, Asked


def prepare_page(asked: Asked) -> Answer:
    """For which day, and whom to leave out."""
    return _prepare_page(asked, asked.practice.today().isoformat())


def _prepare_page(asked: Asked, due: str, problem: object = None) -> Shown:
    draft = asked.draft()
    values = {"draft": draft, "line": draft.line(), "due": due, "problem": problem}
    return Shown("prepare", values, 422 if problem else 200)


def prepare(asked: Asked) -> Answer:
    """Ask a worker to prepare the draft as it was looked at."""
    draft, written = asked.draft(), asked.form.one("due", 100).strip()
    try:
        return _ask(asked, draft.id, asked.form.number("version", 1), written)
    except NoDayError as error:
        return _prepare_page(asked, written, error.problem)


class NoDayError(Exception):
    """What was written is no day; `problem` says why."""

    def __init__(self, problem: Text | str) -> None:
        super().__init__()
        self.problem = problem


def _ask(
    asked: Asked, draft: str, version: int, written: str, *, rewrite_signs: bool | None = None
) -> Answer:
    """Ask for a draft to be prepared; the address keeps what must be asked for again after a
    question.

    Raises:
        NoDayError: what was written is no day.
    """
    leave_out = asked.form.one("again") == "no"
    try:
        due = asked.practice.day(written) if written else None
    except SerienpostError as error:
        raise NoDayError(error.problems[0].message) from error
    wish = PrepareDraft(draft, version, due, rewrite_signs, leave_out)
    task = asked.practice.ask(wish, token=asked.form.some("form", 50))
    kept = {"due": due.isoformat() if due else "", "again": "no" if leave_out else ""}
    return Moved(f"/aufgabe/{task.id}?{urlencode(kept)}")


def task_page(asked: Asked) -> Answer:
    """How the task stands; one that is done leads to its run."""
    status = _task(asked).status()
    if status.run:
        return Moved(f"/runs/{status.run}/preview", said="prepared")
    kept = {name: asked.query.one(name, 100) for name in ("due", "again")}
    return Shown("task", {"task": status, "kept": kept})


def task_live(asked: Asked) -> Answer:
    """The part of the page that changes."""
    return Shown("task_live", {"task": _task(asked).status()})


def answer(asked: Asked) -> Answer:
    """Cancel the task, or answer what it asked: then it is asked for anew."""
    task, said = _task(asked), asked.form.one("answer")
    if said == "cancel":
        task.cancel()
        return Moved(f"/aufgabe/{task.id}")
    status = task.status()
    if said not in ("yes", "no") or status.draft is None:
        raise BrokenFormError
    due = asked.form.one("due", 100)
    try:
        again = status.draft, status.version or 1, due
        return _ask(asked, *again, rewrite_signs=said == "yes")
    except NoDayError as error:
        raise BrokenFormError from error


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
