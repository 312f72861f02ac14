"""The states of runs and messages, and which change may follow which."""

from __future__ import annotations

MESSAGE_STATES = (
    "planned",
    "pending",
    "claimed",
    "sending",
    "accepted",
    "delivered",
    "in_doubt",
    "failed",
    "bounced",
    "complained",
    "suppressed",
    "cancelled",
)

# States of messages that a run still has to deal with.
OPEN = ("planned", "pending", "claimed", "sending")

# States of messages that a process has in its hands; it owns them under a lease.
OWNED = ("claimed", "sending")

# States of messages whose data left, or may have left.
LEFT = ("accepted", "delivered", "bounced", "complained", "in_doubt", "sending")

# States in which a message keeps its place in the table of "once".
HOLDS_ONCE = (
    "pending",
    "claimed",
    "sending",
    "in_doubt",
    "accepted",
    "delivered",
    "bounced",
    "complained",
)

MESSAGE_MOVES: dict[str, frozenset[str]] = {
    "planned": frozenset({"pending", "suppressed", "cancelled"}),
    "pending": frozenset({"claimed", "cancelled"}),
    "claimed": frozenset({"pending", "sending", "suppressed", "failed", "cancelled"}),
    "sending": frozenset({"accepted", "failed", "pending", "in_doubt"}),
    "in_doubt": frozenset({"accepted", "pending", "failed"}),
    "failed": frozenset({"pending", "suppressed"}),
    "accepted": frozenset({"delivered", "bounced", "complained"}),
    "delivered": frozenset({"bounced", "complained"}),
    "bounced": frozenset(),
    "complained": frozenset(),
    "suppressed": frozenset(),
    "cancelled": frozenset(),
}

# `finished -> sending` only by `retry` and `resolve --as resend`.
RUN_MOVES: dict[str, frozenset[str]] = {
    "preparing": frozenset({"prepared", "cancelled"}),
    "prepared": frozenset({"approved", "cancelled"}),
    "approved": frozenset({"sending", "paused", "cancelled"}),
    "sending": frozenset({"paused", "finished", "cancelled"}),
    "paused": frozenset({"sending", "finished", "cancelled"}),
    "finished": frozenset({"sending"}),
    "cancelled": frozenset(),
}

# States of runs that a person released and that are not over.
RELEASED = ("approved", "sending", "paused")

# Which command may do something in which state of the run; elsewhere it is refused.
COMMANDS: dict[str, frozenset[str]] = {
    "review": frozenset({"prepared"}),
    "preview": frozenset({"prepared", "approved", "sending", "paused", "finished"}),
    "test": frozenset({"prepared", "approved", "sending", "paused", "finished"}),
    "send": frozenset({"prepared", "approved", "sending", "paused", "finished"}),
    "resume": frozenset({"approved", "sending", "paused", "finished"}),
    "pause": frozenset({"approved", "sending", "paused"}),
    "cancel": frozenset({"preparing", "prepared", "approved", "sending", "paused", "cancelled"}),
    "retry": frozenset({"sending", "paused", "finished"}),
    "resolve": frozenset({"sending", "paused", "finished", "cancelled"}),
}

# Reasons of a pause that a person must end with `resume`.
BY_PERSON = frozenset({"account", "content_changed", "template_changed", "stale", "person"})
