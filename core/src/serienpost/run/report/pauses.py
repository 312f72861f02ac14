"""What ends a pause, said so that a person can do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from serienpost.ledger.states import PAUSE_REASONS
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.ledger.rows import RunRow
    from serienpost.translation import Text

_ = Texts(__name__)


class PauseEnd(NamedTuple):
    """What ends a pause: `by` time alone or a person, and `how`, one sentence with the command."""

    by: Literal["time", "person"]
    how: str


def _ways(run: str) -> dict[str, Text]:
    """What ends a pause: one that `time` ends in general, and by the words of `PAUSE_REASONS` where
    that is not all there is to say."""
    waits = _(
        "time alone ends it: serienpost resume {run} waits for it, resume --due goes on then",
        run=run,
    )
    confirm = _("look at it, then serienpost resume {run} --confirm", run=run)
    return {
        "time": _(
            "it ends by itself: serienpost resume --due goes on, resume {run} tries at once",
            run=run,
        ),
        "person": _("serienpost resume {run} goes on", run=run),
        "schedule": _(
            "serienpost resume --due sends it then, from cron or by hand, not resume {run}, which"
            " sends nothing before",
            run=run,
        ),
        "quiet": _(
            "their end alone ends it, not resume {run}: then serienpost resume --due goes on",
            run=run,
        ),
        "quota": _(
            "time alone ends it, not resume {run}: then serienpost resume --due goes on", run=run
        ),
        "rate": waits,
        "deferral": waits,
        "connection": _(
            "serienpost resume --due tries again by itself, resume {run} at once", run=run
        ),
        "account": _("mend the account, then serienpost resume {run}", run=run),
        "content_changed": _(
            "put back what was changed, then serienpost resume {run}; else serienpost cancel {run}"
            " and prepare it again",
            run=run,
        ),
        "template_changed": _(
            "put the template back, then serienpost resume {run}; else serienpost cancel {run} and"
            " prepare it again",
            run=run,
        ),
        "policy_changed": _(
            "set the rules back, then serienpost resume {run}; else serienpost cancel {run} and"
            " prepare it again",
            run=run,
        ),
        "stale": confirm,
        "restored": _(
            "ask the provider what was sent, then serienpost resume {run} --confirm", run=run
        ),
        "another_day": confirm,
    }


def pause_end(row: RunRow) -> PauseEnd | None:
    """What ends the pause of this run; None where it has none."""
    if row.state != "paused" or row.reason is None:
        return None
    ways = _ways(row.id)
    by = PAUSE_REASONS[row.reason]
    has_no_time = row.reason == "quota" and row.until is None
    known = ways.get("time" if has_no_time else row.reason)
    look = _("look at it, then serienpost resume {run}", run=row.id)
    return PauseEnd(by, known or (ways["time"] if by == "time" else look))
