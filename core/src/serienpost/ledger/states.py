"""The states of runs and messages, and which change may follow which."""

from __future__ import annotations

from typing import Literal

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

# States of messages that reached somebody, may have, or are on their way; not of those that came
# back, so that these people can be written to by another kind of message.
REACHED = ("pending", "claimed", "sending", "in_doubt", "accepted", "delivered", "complained")

# States of messages that may lie with a provider which holds them until their time.
HELD = ("sending", "accepted", "in_doubt")

# States of messages that somebody has, as far as is known.
ARRIVED = ("accepted", "delivered")

# States of messages that did not reach anybody, as far as is known.
NOT_SENT = ("failed", "suppressed", "cancelled", "in_doubt", "bounced", "complained")

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

# What may follow which. A message becomes `accepted` by its outcome (`run/send/outcomes.py`,
# written by `ledger/delivery.py`, late ones too), by who decides a doubt (`run/send/doubts.py`),
# or by a report about one in doubt (`run/send/events.py`).
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

# Due dates that are prepared again: `open` until they are, until time runs out, or until a person
# takes them off. One that is over is opened again by the next outage on its date.
DUE_MOVES: dict[str, frozenset[str]] = {
    "open": frozenset({"done", "given_up", "removed"}),
    "done": frozenset({"open"}),
    "given_up": frozenset({"open", "removed"}),
    "removed": frozenset({"open"}),
}

# What a worker is asked to do: `waiting` again where the worker was asked to stop, `working` again
# where its process died.
TASK_MOVES: dict[str, frozenset[str]] = {
    "waiting": frozenset({"working", "cancelled"}),
    "working": frozenset({"waiting", "done", "failed", "cancelled"}),
    "done": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}

# States of tasks that are not over.
OPEN_TASK = ("waiting", "working")

# Selections: `reading` from the moment they are asked for; one whose reader died has `failed`, and
# any may be read again. Those whose people nobody has judged yet are `found`; others come back to
# that where people were found before they were judged.
SELECTION_MOVES: dict[str, frozenset[str]] = {
    "reading": frozenset({"found", "ready", "failed"}),
    "found": frozenset({"reading"}),
    "ready": frozenset({"reading", "found"}),
    "failed": frozenset({"reading", "found"}),
}

# States of runs that a person released and that are not over.
RELEASED = ("approved", "sending", "paused")

# States of runs that are over.
ENDED = ("finished", "cancelled")

# States of runs in which something may follow the last message.
FINISHING = ("sending", "cancelled")

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

# Why a run is paused, and what ends the pause: time alone, or a person with `resume`.
PAUSE_REASONS: dict[str, Literal["time", "person"]] = {
    "schedule": "time",
    "quiet": "time",
    "rate": "time",
    "quota": "time",
    "deferral": "time",
    "check_unavailable": "time",
    "connection": "time",
    "refused": "time",
    "crash": "time",
    "interrupted": "time",
    "account": "person",
    "content_changed": "person",
    "template_changed": "person",
    "stale": "person",
    "restored": "person",
    "another_day": "person",
    "policy_changed": "person",
    "person": "person",
}
BY_PERSON = frozenset(reason for reason, ends in PAUSE_REASONS.items() if ends == "person")
