"""The words that people read for what the ledger has a code for."""

from __future__ import annotations

from serienpost.translation import Text, Texts

_ = Texts(__name__)

_MESSAGES = {
    "planned": _.pgettext("message", "planned"),
    "pending": _.pgettext("message", "waiting"),
    "claimed": _.pgettext("message", "about to be sent"),
    "sending": _.pgettext("message", "being sent"),
    "accepted": _.pgettext("message", "accepted"),
    "delivered": _.pgettext("message", "delivered"),
    "in_doubt": _.pgettext("message", "in doubt"),
    "failed": _.pgettext("message", "failed"),
    "bounced": _.pgettext("message", "returned"),
    "complained": _.pgettext("message", "complained about"),
    "suppressed": _.pgettext("message", "left out"),
    "cancelled": _.pgettext("message", "cancelled"),
}
_RUNS = {
    "preparing": _.pgettext("run", "preparing"),
    "prepared": _.pgettext("run", "prepared"),
    "approved": _.pgettext("run", "approved"),
    "sending": _.pgettext("run", "sending"),
    "paused": _.pgettext("run", "paused"),
    "finished": _.pgettext("run", "finished"),
    "cancelled": _.pgettext("run", "cancelled"),
}
_PAUSES = {
    "schedule": _.pgettext("pause", "its time lies ahead"),
    "quiet": _.pgettext("pause", "quiet hours"),
    "rate": _.pgettext("pause", "rate used up"),
    "quota": _.pgettext("pause", "quota used up"),
    "deferral": _.pgettext("pause", "put off by the other side"),
    "check_unavailable": _.pgettext("pause", "something that must be asked cannot answer"),
    "connection": _.pgettext("pause", "no connection"),
    "refused": _.pgettext("pause", "refused"),
    "crash": _.pgettext("pause", "its process ended"),
    "interrupted": _.pgettext("pause", "interrupted"),
    "account": _.pgettext("pause", "trouble with the account"),
    "content_changed": _.pgettext("pause", "reads differently than reviewed"),
    "template_changed": _.pgettext("pause", "template changed"),
    "stale": _.pgettext("pause", "stood still for too long"),
    "restored": _.pgettext("pause", "ledger put back from a copy"),
    "another_day": _.pgettext("pause", "another day than planned"),
    "policy_changed": _.pgettext("pause", "rules changed"),
    "person": _.pgettext("pause", "paused by a person"),
}


def message_state(state: str) -> str:
    """The word for a state of messages."""
    return _MESSAGES.get(state, state)


def run_state(state: str) -> str:
    """The word for a state of runs."""
    return _RUNS.get(state, state)


def messages_of(kind: str, number: int) -> Text:
    """So many messages of a kind: `2 e-mails`."""
    if kind == "email":
        return _.ngettext("{n} e-mail", "{n} e-mails", number)
    if kind == "sms":
        return _.ngettext("{n} SMS", "{n} SMS", number)
    if kind == "letter":
        return _.ngettext("{n} letter", "{n} letters", number)
    return _.ngettext("{n} {kind} message", "{n} {kind} messages", number, kind=kind)


def pause_reason(code: str) -> str:
    """A few words for why a run is paused."""
    return _PAUSES.get(code, code)
