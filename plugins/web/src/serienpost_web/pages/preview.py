"""What each person would read, one after the other; and one message to an own address."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from serienpost import Answers, SerienpostError, Text, Texts
from serienpost.service import SendTest, accounts, shown_message
from serienpost_web.doors import PREVIEW
from serienpost_web.pages.blocked import obstacle_of
from serienpost_web.pages.enclosed import PDF, shown_pdf
from serienpost_web.table import BrokenFormError, Moved, NotFoundError, Route, Sent, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Problem
    from serienpost.service import Confirmation, Run, ShownMessage, TaskStatus
    from serienpost_web.table import Answer, Asked

_ = Texts(__name__)

# What those headers are called that everybody knows.
_KNOWN: Mapping[str, Text] = {
    "from": _("From"),
    "to": _("To"),
    "subject": _("Subject"),
    "date": _("Date"),
    "reply-to": _("Answers go to"),
}
# Headers for programs: nobody who looks at a message needs them.
_TECHNICAL = ("content-type", "content-transfer-encoding", "mime-version", "message-id")


def preview_page(asked: Asked) -> Answer:
    """The message of one person who gets it; `page` counts them."""
    run = asked.run()
    page = run.review(asked.query.number("page", 1), None, "marked", size=1)
    if not page.recipients and page.total:  # beyond the last one
        page = run.review(page.pages, None, "marked", size=1)
    person = page.recipients[0] if page.recipients else None
    message = None
    refused: tuple[Problem, ...] = ()
    if person:
        try:
            message = shown_message(run, person.row)
        except SerienpostError as error:
            refused = error.problems
    return Shown(
        "preview",
        {
            "run": run.status(),
            "blocked": obstacle_of(run),
            "page": page,
            "person": person,
            "message": message,
            "headers": _headers(message) if message else [],
            "has_html": message is not None and ".html" in message.views,
            "pdf": shown_pdf(asked, message) if message else None,
            "PDF": PDF,
            "refused": refused,
            "summary": (summary := run.summary()),
            "ends": datetime.now(asked.practice.context.zone) + timedelta(seconds=summary.seconds),
            "draft": run.draft() if asked.user.may("prepare") else None,
            "rate": next((a.rate for a in accounts(asked.practice) if a.name == _account(run)), ()),
        },
    )


def _account(run: Run) -> str:
    return run.status().account


def _headers(message: ShownMessage) -> list[tuple[str, str]]:
    """The head of an e-mail as it leaves, or as it left: the date comes with the sending. Of other
    messages who writes to whom."""
    written = message.files.get(".eml")
    if written is None:
        said = ((_("From"), message.sender), (_("To"), message.address))
        return [(str(name), value) for name, value in said]
    head = message_from_bytes(written, policy=policy.default)
    left_at = str(Text("", "{at}", {"at": message.left_at})) if message.left_at else ""
    return [
        (str(_KNOWN.get(name.lower(), name)), left_at if name.lower() == "date" else str(value))
        for name, value in head.items()
        if name.lower() not in _TECHNICAL and (message.left_at or name.lower() != "date")
    ]


def formatted(asked: Asked) -> Answer:
    """The formatted part for a frame: a document without script, form or address of elsewhere."""
    try:
        message = shown_message(asked.run(), asked.query.some("row", 500))
    except SerienpostError as error:
        raise NotFoundError from error
    if ".html" not in message.views:
        raise NotFoundError
    return Sent(message.views[".html"], "text/html", headers=PREVIEW)


def test_page(asked: Asked) -> Answer:
    """The form for an own address."""
    return _test_page(asked, asked.run(), {})


def _test_page(
    asked: Asked,
    run: Run,
    problems: Mapping[str, Text | str],
    question: Confirmation | None = None,
) -> Shown:
    values = {
        "run": run.status(),
        "problems": problems,
        "question": question,
        "to": asked.form.one("to", 500),
        "row": asked.form.one("row", 500) or asked.query.one("row", 500),
        "is_real": asked.form.one("whose") == "real",
    }
    return Shown("test", values, 422 if problems or question else 200)


def send_test(asked: Asked) -> Answer:
    """Send one message to an own address. With a real person's data only who may release sends."""
    run, form = asked.run(), asked.form
    to, whose = form.one("to", 500).strip(), form.one("whose")
    if whose not in ("made_up", "real"):
        raise BrokenFormError
    row = form.some("row", 500) if whose == "real" else None
    if row and not asked.user.may("approve"):
        return _test_page(asked, run, {"whose": _("For this you need the right to release.")})
    if not to or run.status().kind == "letter":  # what is printed goes to no address
        return _test_page(asked, run, {"to": _("Write an address of your own.")})
    try:
        accepted = form.one("disclaimer") == "yes"
        question = run.ask_before_test(to, row, Answers(accept_disclaimer=accepted))
    except SerienpostError as error:
        return _test_page(asked, run, {"to": error.problems[0].message})
    if question:
        return _test_page(asked, run, {}, question)
    wish = SendTest(run.id, to, row, accepted)
    task = asked.practice.ask(wish, token=form.some("form", 50))
    return Moved(f"/runs/{run.id}/test/{task.id}")


def tested(asked: Asked) -> Answer:
    """Whether the test left, or why not."""
    return Shown("tested", {"run": asked.run().status(), "task": _test(asked)})


def tested_live(asked: Asked) -> Answer:
    """The part of the page that changes."""
    return Shown("tested_live", {"task": _test(asked)})


def _test(asked: Asked) -> TaskStatus:
    try:
        found = asked.practice.task(asked.parts["task"]).status()
    except SerienpostError as error:
        raise NotFoundError from error
    if found.what != "test" or found.run != asked.parts["run"]:
        raise NotFoundError
    return found


ROUTES = (
    Route("/runs/{run}/preview", preview_page, "read"),
    Route("/runs/{run}/preview/message.html", formatted, "read"),
    Route("/runs/{run}/test", test_page, "prepare"),
    Route("/runs/{run}/test", send_test, "prepare", "POST", back="/runs/{run}/test"),
    Route("/runs/{run}/test/{task}", tested, "prepare"),
    Route("/runs/{run}/test/{task}/live", tested_live, "prepare", is_polled=True),
)
