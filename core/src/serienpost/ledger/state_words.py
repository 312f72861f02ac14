"""What people call the states of runs and messages."""

from __future__ import annotations

from types import MappingProxyType

from serienpost.translation import Texts

_ = Texts(__name__)

_WORDS = MappingProxyType(
    {
        "planned": _.pgettext("state", "planned"),
        "pending": _.pgettext("state", "waiting"),
        "claimed": _.pgettext("state", "about to be sent"),
        "accepted": _.pgettext("state", "accepted"),
        "delivered": _.pgettext("state", "delivered"),
        "in_doubt": _.pgettext("state", "in doubt"),
        "failed": _.pgettext("state", "failed"),
        "bounced": _.pgettext("state", "returned"),
        "complained": _.pgettext("state", "complained about"),
        "suppressed": _.pgettext("state", "not sent"),
        "preparing": _.pgettext("state", "being prepared"),
        "prepared": _.pgettext("state", "prepared"),
        "approved": _.pgettext("state", "approved"),
        "sending": _.pgettext("state", "being sent"),
        "paused": _.pgettext("state", "paused"),
        "finished": _.pgettext("state", "finished"),
        "cancelled": _.pgettext("state", "cancelled"),
    }
)


def state_word(state: str) -> str:
    """What people call a state of a run or of a message, as in "the run is paused"."""
    return _WORDS[state]
