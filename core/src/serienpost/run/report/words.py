"""The words that people read for what the ledger has a code for."""

from __future__ import annotations

from serienpost.translation import Text, Texts

_ = Texts(__name__)

_MESSAGES = {
    "planned": _.pgettext("state", "planned"),
    "pending": _.pgettext("state", "waiting"),
    "claimed": _.pgettext("state", "about to be sent"),
    "sending": _.pgettext("state", "being sent"),
    "accepted": _.pgettext("state", "accepted"),
    "delivered": _.pgettext("state", "delivered"),
    "in_doubt": _.pgettext("state", "in doubt"),
    "failed": _.pgettext("state", "failed"),
    "bounced": _.pgettext("state", "returned"),
    "complained": _.pgettext("state", "complaint"),
    "suppressed": _.pgettext("state", "left out"),
    "cancelled": _.pgettext("state", "cancelled"),
}
_RUNS = {
    "preparing": _.pgettext("run", "being prepared"),
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
    "rate": _.pgettext("pause", "the account's rate"),
    "quota": _.pgettext("pause", "the provider's limit"),
    "deferral": _.pgettext("pause", "a temporary refusal"),
    "check_unavailable": _.pgettext("pause", "a check does not answer"),
    "connection": _.pgettext("pause", "nobody answers"),
    "refused": _.pgettext("pause", "refused several times in a row"),
    "crash": _.pgettext("pause", "the program broke off"),
    "interrupted": _.pgettext("pause", "interrupted"),
    "account": _.pgettext("pause", "the account"),
    "content_changed": _.pgettext("pause", "the content was changed"),
    "template_changed": _.pgettext("pause", "the template was changed"),
    "stale": _.pgettext("pause", "it stood still for long"),
    "restored": _.pgettext("pause", "the ledger is an older copy"),
    "another_day": _.pgettext("pause", "made for another day"),
    "policy_changed": _.pgettext("pause", "the rules were changed"),
    "person": _.pgettext("pause", "a person"),
}


_KINDS = {"email": _("e-mail"), "sms": _("SMS"), "letter": _("letter")}


def kind_of(name: str) -> str:
    """The word for a kind of message; of a plugin's own the name."""
    return _KINDS.get(name, name)


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
