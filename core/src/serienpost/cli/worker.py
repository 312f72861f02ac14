"""`worker`: serves the practice until it is asked to stop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from serienpost.cli.complaints import complain, log_bug
from serienpost.cli.group import json_option
from serienpost.cli.notices import tell
from serienpost.cli.output import say
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply
from serienpost.cli.send import stopping
from serienpost.errors import Exit, Problem
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.service import Practice
    from serienpost.service.desk_worker import WorkerPost
    from serienpost.service.serving import WorkerLine
    from serienpost.service.telling import Told

_ = Texts(__name__)


@click.command(name="worker")
@click.option(
    "--check",
    is_flag=True,
    help=_("Only say whether a worker serves this practice; exit 75 where none does."),
)
@json_option
@with_practice
def worker_command(practice: Practice, check: bool) -> Reply:
    """Serve this practice until it is asked to stop, instead of cron.

    Sends what was released and nobody delivers, at once; each minute does what `resume --due` does;
    each day asks providers for reports and purges.
    """
    if check:
        return _check(practice)
    from serienpost.service.desk_worker import WorkerPost

    return serve(practice, WorkerPost(practice.context.folder.absolute()))


def _check(practice: Practice) -> Reply:
    found = practice.workers()
    serving = [one for one in found if one.serves]
    data = {"serves": bool(serving), "workers": [one.document() for one in found]}

    def text() -> None:
        for one in serving:
            say(
                _(
                    "process {process} serves this practice since {since}, last seen {seen}",
                    process=one.process,
                    since=one.since,
                    seen=one.seen_at,
                )
            )

    if serving:
        return Reply(data, text)
    hint = _("serienpost worker, as a service; see workers.md")
    return Reply(data, text, Exit.OPEN, (Problem(_nobody(found), hint),))


def _nobody(found: list[WorkerLine]) -> str:
    if not found:
        return _("no worker serves this practice")
    return _(
        "no worker serves this practice; process {process} was last seen {seen}",
        process=found[0].process,
        seen=found[0].seen_at,
    )


def serve(practice: Practice, post: WorkerPost, *, for_desk: bool = False) -> Reply:
    """Serve a practice until asked to stop, or with `for_desk` until nobody needs it."""
    from serienpost.service.worker import Worker

    folder = practice.context.folder

    def hear(told: Told) -> None:
        found = told.problems
        if told.bug is not None:
            found = (log_bug(told.bug, folder, told.reference),)
        complain(told.exit, found)

    worker = Worker(folder, practice.actor, hear, tell, post=post, for_desk=for_desk)
    process, name = os.getpid(), practice.context.practice.id
    say(_("process {process} serves {practice}", process=process, practice=name), err=True)
    with stopping() as stop:
        worker.serve(stop)
    say(_("process {process} has ended", process=process), err=True)
    return Reply({"practice": name, "process": process})
