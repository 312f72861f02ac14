"""What ends a pause, said so that a person can do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from serienpost.ledger.states import PAUSE_REASONS

if TYPE_CHECKING:
    from serienpost.ledger.rows import RunRow


class PauseEnd(NamedTuple):
    """What ends a pause: `by` time alone or a person, and `how`, one sentence with the command."""

    by: Literal["time", "person"]
    how: str


_BY = {
    "time": "it ends by itself: serienpost resume --due goes on, resume {run} tries at once",
    "person": "look at it, then serienpost resume {run}",
}
_WAITS = "time alone ends it: serienpost resume {run} waits for it, resume --due goes on then"
_CONFIRM = "look at it, then serienpost resume {run} --confirm"
_REVIEWED = "then serienpost resume {run}; else serienpost cancel {run} and prepare it again"

# Where the word of `PAUSE_REASONS` is not all there is to say.
_HOW = {
    "schedule": (
        "serienpost resume --due sends it then, from cron or by hand, not resume {run}, which "
        "sends nothing before"
    ),
    "quiet": "their end alone ends it, not resume {run}: then serienpost resume --due goes on",
    "quota": "time alone ends it, not resume {run}: then serienpost resume --due goes on",
    "rate": _WAITS,
    "deferral": _WAITS,
    "connection": "serienpost resume --due tries again by itself, resume {run} at once",
    "account": "mend the account, then serienpost resume {run}",
    "content_changed": f"put back what was changed, {_REVIEWED}",
    "template_changed": f"put the template back, {_REVIEWED}",
    "policy_changed": f"set the rules back, {_REVIEWED}",
    "stale": _CONFIRM,
    "restored": "ask the provider what was sent, then serienpost resume {run} --confirm",
    "another_day": _CONFIRM,
    "person": "serienpost resume {run} goes on",
}


def pause_end(row: RunRow) -> PauseEnd | None:
    """What ends the pause of this run; None where it has none."""
    if row.state != "paused" or row.reason is None:
        return None
    by = PAUSE_REASONS[row.reason]
    how = _BY[by] if row.reason == "quota" and row.until is None else _HOW.get(row.reason, _BY[by])
    return PauseEnd(by, how.format(run=row.id))
