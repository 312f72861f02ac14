"""What a person must look at of what ran unattended: causes, each with what to do about it.

A cause is told by ids, codes, counts and our own words alone. What a source, a check or a provider
said stays in the ledger: its text may name a person.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from serienpost import words
from serienpost.errors import (
    ConfigError,
    Exit,
    LedgerError,
    LedgerUnavailableError,
    PluginError,
    SecretError,
    SerienpostError,
    TemplateError,
    UnavailableError,
)
from serienpost.ledger.due import find_due
from serienpost.ledger.runs import count_states, find_run
from serienpost.ledger.states import BY_PERSON, ENDED
from serienpost.plugin_attribution import plugin_behind
from serienpost.run.report.pauses import pause_end
from serienpost.service.unattended import PutOffError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.ledger.store import Tx
    from serienpost.run.send.stop import Stop

_ = Texts(__name__)

# A person who pauses a run knows of it.
_NEEDS_A_PERSON = BY_PERSON - {"person"}
# Description once, though they stand for longer.
ONCE = ("finished", "put_off")


class Cause(NamedTuple):
    """One thing to be told.

    Args:
        code: `paused`, `finished`, `withdraw` and `stuck` of a run; `put_off`, `given_up`,
            `refused` and `unanswered` of a due date; `configuration` and `schedule` of a mailing;
            `chore`; `bug`.
        about: the run, the mailing, the chore as its command is typed, or in whose code a bug is.
        detail: the due date, the reason of a pause, the class of a bug's error.
    """

    code: str
    about: str
    detail: str = ""


class Description(NamedTuple):
    """A cause in words: what is the matter, how many messages are in which state, what to do."""

    what: str
    counts: str | None
    remedy: str


@dataclass
class Failures:
    """Gathers the causes of one round.

    Args:
        stop: once it asks to stop, what is refused is no failure.
        causes: what is known to be one.
        runs: that were continued; how they stand says whether they are one.
    """

    stop: Stop
    causes: set[Cause] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)

    def add(self, code: str, about: str, detail: str = "") -> None:
        """Note a cause."""
        self.causes.add(Cause(code, about, detail))

    def add_error(self, error: SerienpostError, mailing: str, due: str) -> None:
        """Note what kept a due date of a mailing from being sent, unless that ends by itself."""
        if isinstance(error, PutOffError):
            self.add("put_off", error.mailing, due)
        elif isinstance(error, (ConfigError, TemplateError, PluginError)):
            self.add("configuration", mailing)
        elif not (self.stop.requests or _goes_on(error)):
            self.add("refused", mailing, due)

    def add_refused(self, about: str, error: SerienpostError, code: str = "stuck") -> None:
        """Note that a run could not be continued, or a chore not be done, unless that ends by
        itself."""
        if not (isinstance(error, (UnavailableError, SecretError)) or _goes_on(error)):
            self.add(code, about)

    @contextmanager
    def of_refusals(self, about: str, code: str = "stuck") -> Iterator[None]:
        """Note what is raised within, as `add_refused` does, and hand it on."""
        try:
            yield
        except SerienpostError as error:
            self.add_refused(about, error, code)
            raise

    def add_bug(self, error: Exception) -> None:
        """Note a bug by whose it is and its class."""
        self.add("bug", plugin_behind(error) or "serienpost", type(error).__name__)

    def found(self, tx: Tx) -> Iterator[Cause]:
        """All causes, those of the runs as they stand now."""
        yield from self.causes
        for run_id in self.runs:
            row, counts = find_run(tx, run_id), count_states(tx, run_id)
            if row.state == "paused" and row.reason in _NEEDS_A_PERSON:
                yield Cause("paused", run_id, row.reason or "")
            elif row.state in ENDED and (counts.get("failed") or counts.get("in_doubt")):
                yield Cause("finished", run_id)


def _goes_on(error: SerienpostError) -> bool:
    """Whether a later call ends it without a person."""
    return error.exit_code == Exit.OPEN or isinstance(error, LedgerUnavailableError)


def described(tx: Tx, cause: Cause) -> Description | None:
    """The cause in words; None where it does not stand any more."""
    try:
        if cause.code in _OF_A_RUN:
            return _of_a_run(tx, cause)
    except LedgerError:  # the run is not there any more
        return None
    if cause.code in ("put_off", "given_up"):
        return _of_a_due_date(tx, cause)
    return _of_a_chore(cause) if cause.code == "chore" else _of_a_mailing(cause)


_OF_A_RUN = ("paused", "finished", "withdraw", "stuck")


def _of_a_run(tx: Tx, cause: Cause) -> Description | None:
    row, numbers = find_run(tx, cause.about), count_states(tx, cause.about)
    run, mailing, counts = row.id, row.mailing, words.counts(numbers)
    if cause.code == "paused":
        end = pause_end(row)
        if end is None or row.reason != cause.detail:
            return None
        reason = words.reason(row.reason)
        what = _(
            "run {run} of {mailing} is paused: {reason}", run=run, mailing=mailing, reason=reason
        )
        return Description(what, counts, end.how)
    if cause.code == "finished":
        what = _(
            "not everybody got the message of run {run} of {mailing}", run=run, mailing=mailing
        )
        if numbers.get("in_doubt"):
            remedy = _("find out, then serienpost resolve {run} --recipient ROW --as ...", run=run)
        elif numbers.get("failed"):
            remedy = _("serienpost report {run} says why", run=run)
        else:
            return None
        return Description(what, counts, remedy)
    if cause.code == "withdraw":
        what = _(
            "run {run} of {mailing}: orders lie with the provider that must not go out",
            run=run,
            mailing=mailing,
        )
        return Description(what, None, _("serienpost resume --due lists them"))
    what = _("run {run} of {mailing} cannot go on", run=run, mailing=mailing)
    return Description(what, counts, _("serienpost resume {run} says why", run=run))


def _of_a_due_date(tx: Tx, cause: Cause) -> Description | None:
    mailing, due = cause.about, cause.detail
    row = find_due(tx, mailing, due)
    if row is None or row.state != ("open" if cause.code == "put_off" else "given_up"):
        return None
    on = date.fromisoformat(due)
    if cause.code == "put_off":
        return Description(
            _("{mailing} for {due} cannot be prepared now", mailing=mailing, due=on),
            None,
            _(
                "serienpost runs says why; serienpost resume --due prepares it again until {until}",
                until=row.until,
            ),
        )
    return Description(
        _("{mailing} for {due} was not sent and is given up", mailing=mailing, due=on),
        None,
        _(
            "serienpost runs says why; then serienpost cancel {mailing} --due {due}",
            mailing=mailing,
            due=due,
        ),
    )


def _of_a_chore(cause: Cause) -> Description:
    what = _("what is done each day was refused: {chore}", chore=cause.about)
    return Description(what, None, _("serienpost {chore} says why", chore=cause.about))


def _of_a_mailing(cause: Cause) -> Description:
    mailing, due = cause.about, cause.detail
    check = _("serienpost check {mailing} says why", mailing=mailing)
    if cause.code == "configuration":
        hint = _(
            "serienpost check {mailing} says why, or serienpost run {mailing}, typed at a terminal",
            mailing=mailing,
        )
        return Description(
            _("{mailing} cannot be sent as its files are", mailing=mailing), None, hint
        )
    if cause.code == "schedule":
        return Description(
            _("the schedule of {mailing} cannot be kept", mailing=mailing), None, check
        )
    if cause.code == "bug":
        what = _("a bug in {culprit}: {kind}", culprit=mailing, kind=due)
        return Description(what, None, _("serienpost.log in the practice folder says where"))
    on = date.fromisoformat(due)
    by_hand = _(
        "serienpost run {mailing} --for {due}, typed at a terminal, says why",
        mailing=mailing,
        due=due,
    )
    if cause.code == "unanswered":
        what = _(
            "{mailing} for {due} was not sent: nobody was there to answer a question",
            mailing=mailing,
            due=on,
        )
        return Description(what, None, by_hand)
    what = _("{mailing} for {due} was refused; nothing was sent", mailing=mailing, due=on)
    return Description(what, None, by_hand)
