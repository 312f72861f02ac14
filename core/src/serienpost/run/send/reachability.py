"""An account whose provider does not answer: all messages wait together, for a moment, in the open.

That nobody answers says nothing about a message, so none is counted as tried for it
(`run/send/outcomes.py`). A server that restarts is back within seconds; so the account rests, a
little longer each time, then one message tries. After the last rest the run pauses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from serienpost.run.send.outcomes import StopReason, is_unanswered
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.contracts.outcomes import Outcome

_ = Texts(__name__)

# Seconds of each rest.
RESTS = (1.0, 2.0, 4.0, 8.0)
# Rests where nobody wants to wait: enough for one connection that was lost.
IMPATIENT_RESTS = 2
# All tries together; one alone may take a minute where nothing comes back at all.
PATIENCE = timedelta(seconds=30)
# After so long `resume --due` tries again.
PAUSE = timedelta(minutes=5)


@dataclass
class Reachability:
    """What is known of one account's provider while a run is delivered.

    Args:
        account: its name.
        wait: whether somebody wants to wait in this process.
        rests: how often it rested since the last answer.
        since: the first failure since then.
        until: the end of this rest.
        why: what the channel said.
    """

    account: str
    wait: bool
    rests: int = 0
    since: datetime | None = None
    until: datetime | None = None
    why: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody has answered since a failure: then one message is enough to try."""
        return self.rests > 0

    def heard(self, outcomes: Sequence[Outcome], now: datetime) -> StopReason | None:
        """What a call tells about the provider; why the run must pause, if it must."""
        unanswered = next((one for one in outcomes if is_unanswered(one)), None)
        if unanswered is None:
            self.rests, self.since, self.until = 0, None, None
            return None
        said = getattr(unanswered, "text", "")
        self.why = _("account {account}: {text}", account=self.account, text=said)
        if self.until and self.until > now:
            return None  # of the same round
        self.since = self.since or now
        most = len(RESTS) if self.wait else IMPATIENT_RESTS
        if self.rests >= most or now - self.since > PATIENCE:
            return StopReason("connection", self.why, now + PAUSE)
        self.until = now + timedelta(seconds=RESTS[self.rests])
        self.rests += 1
        return None
