"""From a draft to a run: the day, the task that a worker does, what it asks, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from serienpost import SerienpostError
from serienpost.service import PrepareDraft
from serienpost_web.table import BrokenFormError, Moved, Route, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from serienpost.service import Prepare, Task
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
        due = asked.practice.day(written) if written else None
    except SerienpostError as error:
        return _prepare_page(asked, written, error.problems[0].message)
    return ask_to_prepare(asked, draft.id, asked.form.number("version", 1), due)


# What comes after a draft is prepared, by the button that was pressed -> the page of the run.
NEXT: Mapping[str, str] = {
    "look": "preview",
    "test": "test",
    "send": "release",
    "later": "release?when=later",
}
_OF_RELEASE = ("send", "later")


def after(to: str, run: str, asked: Asked) -> str:
    """The page that a button leads to; who may not release looks at the messages."""
    may_go = to not in _OF_RELEASE or asked.user.may("approve")
    return f"/runs/{run}/{NEXT.get(to, 'preview') if may_go else 'preview'}"


def ask_to_prepare(
    asked: Asked,
    draft: str,
    version: int,
    due: date | None,
    *,
    to: str = "",
) -> Answer:
    """Ask for a draft to be prepared; the address keeps which page comes then."""
    leave_out = asked.form.one("again") == "no"
    return asked_for(asked, PrepareDraft(draft, version, due, None, leave_out), to)


def asked_for(asked: Asked, wish: Prepare | PrepareDraft, to: str = "") -> Answer:
    """Ask a worker for a run."""
    return _to_task(asked.practice.ask(wish, token=asked.form.some("form", 50)), to)


def _to_task(task: Task, to: str) -> Moved:
    return Moved(f"/aufgabe/{task.id}" + (f"?{urlencode({'to': to})}" if to else ""))


def task_page(asked: Asked) -> Answer:
    """How the task stands; one that is done leads to its run."""
    status = _task(asked).status()
    if status.what == "test":
        return Moved(f"/runs/{status.run}/test/{status.task}")
    if status.run:
        return Moved(after(asked.query.one("to", 20), status.run, asked), said="prepared")
    return Shown("task", {"task": status, "to": asked.query.one("to", 20)})


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
    anew = task.again(rewrite_signs=said == "yes", token=asked.form.some("form", 50))
    return _to_task(anew, asked.form.one("to", 20))


def _task(asked: Asked) -> Task:
    return asked.found(asked.practice.task, "task")


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
