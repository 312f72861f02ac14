"""Release: what one looks at before a run leaves, the questions, and the password once more."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, cast

from serienpost import Answers, SerienpostError, Texts
from serienpost.service import Confirmation, words
from serienpost_web.field_names import field_name
from serienpost_web.pages.blocked import obstacle_of
from serienpost_web.pages.entrance import proved
from serienpost_web.table import BrokenFormError, Moved, Route, Shown

if TYPE_CHECKING:
    from serienpost import Text
    from serienpost.service import Run
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

_DAY = timedelta(days=1)


def release_page(asked: Asked) -> Answer:
    """Counts by reason, forecast, what leaves, the plan, and the form."""
    run = asked.run()
    if run.status().state != "prepared":
        return Moved(f"/runs/{run.id}")
    return _page(asked, run, {})


def _page(asked: Asked, run: Run, problems: dict[str, str]) -> Shown:
    """The page; what was typed stays, but for the password. What no answer lets leave has no form:
    there is what goes on instead."""
    found = obstacle_of(run)
    if found and not found.why.can_wait:
        only = {"run": run.status(), "blocked": found, "problems": {}, "question": None}
        return Shown("release", only)
    is_sent = asked.route.method == "POST"
    manifest = run.manifest()
    values = {
        "run": run.status(),
        "blocked": found,
        "summary": run.summary(),
        "fields": [(field_name(one.name), one) for one in manifest.once if one.people],
        "manifest": manifest,
        "question": run.ask_before_release(),
        "problems": problems,
        "at": asked.form.one("at") if is_sent else "",
        "when": asked.form.one("when") if is_sent else asked.query.one("when", 20),
        "archive": asked.form.one("archive") if is_sent else "",
        **_days(asked, run),
    }
    return Shown("release", values, 422 if problems else 200)


def _days(asked: Asked, run: Run) -> dict[str, object]:
    """The day on which alone the run may leave, and a time that may be typed; none is left late in
    the evening of that day."""
    only, today = run.only_day(), asked.practice.today()
    if only != today:
        return {"only_day": only, "example": datetime.combine(only or today + _DAY, time(9))}
    now = asked.practice.ledger.clock().astimezone(asked.practice.context.zone)
    soon = now.replace(minute=0, tzinfo=None) + timedelta(hours=2)
    return {"only_day": only, "example": soon if soon.date() == today else None}


def release(asked: Asked) -> Answer:
    """Release exactly what was looked at."""
    run = asked.run()
    problems: dict[str, str] = {}
    at = _time(asked, problems)
    answers = _answers(asked)
    plan = asked.form.some("plan", 200)
    if not problems and (elsewhere := proved(asked, problems)) is not None:
        return elsewhere
    if not problems:
        try:
            found = run.approve(answers, plan=plan, at=at)
        except SerienpostError as error:
            return _refused(asked, run, at, error)
        if not isinstance(found, Confirmation):
            if at is None:
                run.wake()
            return Moved(f"/runs/{run.id}", said="scheduled" if at else "released")
        problems |= {name: _UNANSWERED[name] for name in found.open}
    return _page(asked, run, problems)


def _refused(asked: Asked, run: Run, at: datetime | None, error: SerienpostError) -> Answer:
    """The page again: with what became of the run meanwhile, or with what is wrong with the time.

    Raises:
        SerienpostError: neither of them.
    """
    blocked = run.obstacle()
    if blocked and not blocked.can_wait:
        return _page(asked, run, {})
    if at is None and blocked is None:
        raise error
    text = error.problems[0].message
    return _page(asked, run, {"at": words.without_commands(text) or text})


_UNANSWERED: dict[str, Text] = {
    "release": _("Say that it may be sent."),
    "balance": _("Say whether it is sent although the account holds too little."),
    "archive": _("Choose what goes into the records."),
    "disclaimer": _("Accept the terms, or nothing can be sent this way."),
}


def _answers(asked: Asked) -> Answers:
    archive = asked.form.one("archive")
    if archive not in ("", "entry", "pdf"):
        raise BrokenFormError
    return Answers(
        release=asked.form.one("release") == "yes",
        ignore_balance=asked.form.one("balance") == "yes",
        archive=cast('Literal["entry", "pdf"] | None', archive or None),
        accept_disclaimer=asked.form.one("disclaimer") == "yes",
    )


def _time(asked: Asked, problems: dict[str, str]) -> datetime | None:
    """When it is to leave; None for at once. What is no time becomes a problem of its field."""
    written = asked.form.one("at", 100).strip()
    if asked.form.one("when") != "later":
        if written:
            problems["at"] = _("A time stands here. Choose “later” above, or leave this empty.")
        return None
    if not written:
        problems["at"] = _("Say when, such as tomorrow 9:00.")
        return None
    try:
        return asked.practice.time(written)
    except SerienpostError as error:
        problems["at"] = error.problems[0].message
        return None


ROUTES = (
    Route("/runs/{run}/release", release_page, "approve"),
    Route("/runs/{run}/release", release, "approve", "POST", back="/runs/{run}/release"),
)
