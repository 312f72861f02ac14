"""Words for what records name by a code: states, reasons, kinds, amounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost.rights import Right
from serienpost.translation import PSEUDO_LANGUAGE, Texts, joined, present_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from serienpost.translation import Text

_ = Texts(__name__)

# Parts of a sentence, each of which can be done alone.
_PARTS = re.compile(r";\s+")

# What can follow `serienpost` on a command line; any other word goes on with the sentence.
COMMANDS = frozenset(
    (
        *("cancel", "check", "config", "demo", "doctor", "erase-person", "events"),
        *("export-person", "init", "letters", "macros", "new-plugin", "pause", "plugins"),
        *("prepare", "preview", "purge", "report", "resolve", "resume", "retry", "review", "run"),
        *("runs", "send", "sendgrid", "serve", "show", "sources", "suppress", "templates", "test"),
        *("users", "worker"),
    )
)
_COMMAND = re.compile(rf"\bserienpost ({'|'.join(COMMANDS)})\b(?![.:])|(?<!\w)--[a-z]")

# The number of a row at the end of its id, where its list names no key.
_KEY_OF_ROW = re.compile(r"[0-9a-f]+-(\d+)")

_COMMANDS = {
    "review": _.pgettext("command", "review"),
    "preview": _.pgettext("command", "preview"),
    "test": _.pgettext("command", "test"),
    "send": _.pgettext("command", "send"),
    "resume": _.pgettext("command", "resume"),
    "pause": _.pgettext("command", "pause"),
    "cancel": _.pgettext("command", "cancel"),
    "retry": _.pgettext("command", "retry"),
    "resolve": _.pgettext("command", "resolve"),
}
_CLASSES = {
    "medical": _.pgettext("class", "medical"),
    "protected": _.pgettext("class", "protected"),
    "contact": _.pgettext("class", "contact"),
    "appointment": _.pgettext("class", "appointment"),
}
_MESSAGE_STATES = {
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
    "unsubscribed": _.pgettext("state", "unsubscribed"),
    "suppressed": _.pgettext("state", "left out"),
    "cancelled": _.pgettext("state", "cancelled"),
}

_RUN_STATES = {
    "preparing": _.pgettext("run", "being prepared"),
    "prepared": _.pgettext("run", "prepared"),
    "approved": _.pgettext("run", "approved"),
    "sending": _.pgettext("run", "being sent"),
    "paused": _.pgettext("run", "paused"),
    "finished": _.pgettext("run", "finished"),
    "cancelled": _.pgettext("run", "cancelled"),
}

_RIGHTS = {
    Right.READ: _.pgettext("right", "read"),
    Right.PREPARE: _.pgettext("right", "prepare"),
    Right.APPROVE: _.pgettext("right", "approve"),
    Right.ADMINISTER: _.pgettext("right", "administer"),
}

# Of a mailing's due date that could not be prepared.
_DUE_STATES = {
    "open": _.pgettext("due date", "open"),
    "done": _.pgettext("due date", "done"),
    "given_up": _.pgettext("due date", "given up"),
    "removed": _.pgettext("due date", "taken off"),
}

# Why a run does not go on.
_REASONS = {
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

# Checks of consent that come with serienpost, as people call what they look at.
_CHECKS = {
    "flags": _("master data: contact allowed"),
    "register": _("recorded consents"),
    "status": _("master data: deceased or blocked"),
    "suppression": _("suppression list"),
    "column": _("column of the list"),
}

_VERDICTS = {
    "allow": _.pgettext("check", "allows"),
    "deny": _.pgettext("check", "denies"),
    "abstain": _.pgettext("check", "has no say"),
}

# What became of a call to the provider.
_OUTCOMES = {
    "accepted": _.pgettext("outcome", "accepted"),
    "rejected": _.pgettext("outcome", "rejected"),
    "deferred": _.pgettext("outcome", "put off"),
    "unknown": _.pgettext("outcome", "in doubt"),
    "account_problem": _.pgettext("outcome", "account refused"),
    "accountproblem": _.pgettext("outcome", "account refused"),
    "quota": _.pgettext("outcome", "limit reached"),
    "quotareached": _.pgettext("outcome", "limit reached"),
    "suppressed": _.pgettext("outcome", "left out"),
}

# Where certainty ended, or whom a refusal is about.
_STAGES = {
    "data": _.pgettext("stage", "before the reply"),
    "reply": _.pgettext("stage", "no clear reply"),
    "lookup": _.pgettext("stage", "not found at the provider"),
    "channel": _.pgettext("stage", "the channel failed"),
    "crash": _.pgettext("stage", "the program broke off"),
    "address": _.pgettext("stage", "the address"),
    "recipient": _.pgettext("stage", "the recipient"),
    "message": _.pgettext("stage", "the message"),
}

# Lines of the journal.
_ACTIONS = {
    "prepare": _.pgettext("journal", "prepare"),
    "review": _.pgettext("journal", "review"),
    "exclude": _.pgettext("journal", "exclude"),
    "only": _.pgettext("journal", "only"),
    "include": _.pgettext("journal", "include"),
    "override": _.pgettext("journal", "override"),
    "drop override": _.pgettext("journal", "drop override"),
    "same address": _.pgettext("journal", "same address"),
    "next at the address": _.pgettext("journal", "next at the address"),
    "not sendable": _.pgettext("journal", "not sendable"),
    "file of several": _.pgettext("journal", "file of several"),
    "approve": _.pgettext("journal", "approve"),
    "confirm": _.pgettext("journal", "confirm"),
    "confirm ledger": _.pgettext("journal", "confirm ledger"),
    "hand over": _.pgettext("journal", "hand over"),
    "test": _.pgettext("journal", "test"),
    "pause": _.pgettext("journal", "pause"),
    "cancel": _.pgettext("journal", "cancel"),
    "retry": _.pgettext("journal", "retry"),
    "leave refused": _.pgettext("journal", "leave refused"),
    "resolve accepted": _.pgettext("journal", "resolve: accepted"),
    "resolve resend": _.pgettext("journal", "resolve: send again"),
    "resolve failed": _.pgettext("journal", "resolve: failed"),
    "log in": _.pgettext("journal", "logs in"),
    "add user": _.pgettext("journal", "adds"),
    "change user": _.pgettext("journal", "changes"),
    "remove user": _.pgettext("journal", "removes"),
    "select": _.pgettext("journal", "looked for people"),
    "select again": _.pgettext("journal", "looked for people again"),
    "check selection": _.pgettext("journal", "had people checked"),
    "back to hits": _.pgettext("journal", "back to the hits"),
    "discard selection": _.pgettext("journal", "people discarded"),
    "mark": _.pgettext("journal", "marked"),
    "unmark": _.pgettext("journal", "unmarked"),
    "mark all": _.pgettext("journal", "all marked"),
    "unmark all": _.pgettext("journal", "all unmarked"),
    "suppress add": _.pgettext("journal", "address suppressed"),
    "suppress remove": _.pgettext("journal", "suppression lifted"),
    "purge": _.pgettext("journal", "removed what is over its time"),
    "erase": _.pgettext("journal", "person erased"),
    "begin schedule": _.pgettext("journal", "schedule begun"),
    "change schedule": _.pgettext("journal", "schedule changed"),
    "set schedule back": _.pgettext("journal", "schedule set back"),
    "miss schedule": _.pgettext("journal", "mailing of the schedule is gone"),
    "find schedule": _.pgettext("journal", "mailing of the schedule is there again"),
    "forget schedule": _.pgettext("journal", "schedule ended"),
    "due": _.pgettext("journal", "due by its schedule"),
    "put off": _.pgettext("journal", "put off"),
    "take off": _.pgettext("journal", "taken off"),
}

# Who acts where no person does; no user can have these names.
_NO_PERSON = {
    "serienpost": _.pgettext("actor", "serienpost"),
    "rule": _.pgettext("actor", "the mailing's rule"),
    "lookup": _.pgettext("actor", "look-up at the provider"),
    "report": _.pgettext("actor", "report of the provider"),
    "breaker": _.pgettext("actor", "serienpost, by itself"),
}

# Why an address is on the suppression list.
_SUPPRESSED = {
    "bounce": _("the address takes no messages"),
    "complaint": _("complaint about an earlier message"),
    "unsubscribe": _("unsubscribed"),
    "manual": _("blocked by the practice"),
}


def message_state(code: str) -> str:
    """The state of a message, or what an event says of it; also the key of its count."""
    return _MESSAGE_STATES.get(code, code)


def accepted_means(kind: str) -> Text | None:
    """What it says of a message that it is accepted; None for a kind that is printed."""
    return {
        "email": _(
            "“Accepted” means: the mail server took the message. Whether it lies in the person's"
            " mailbox no server says."
        ),
        "sms": _(
            "“Accepted” means: the provider took the message. Whether it arrived on the phone is"
            " not known by that."
        ),
    }.get(kind)


def run_state(standing: str) -> str:
    """How a run stands: its state in words, or what is said already."""
    return _RUN_STATES.get(standing, standing)


def rights(those: Iterable[Right]) -> Text:
    """What a user may do."""
    return joined(", ", [_RIGHTS[right] for right in those])


def due_state(code: str) -> str:
    """The state of a due date that could not be prepared."""
    return _DUE_STATES.get(code, code)


def reason(code: str | None, text: str | None = None) -> str:
    """Why a run does not go on: the reason in words, and what was said of it."""
    return reason_and_text(_REASONS.get(code or "", code or ""), text)


def reason_and_text(reason: str, text: str | None) -> str:
    """A reason in words, and what was said of it."""
    return joined(": ", (reason, text)) if text else reason


def language(code: str) -> str:
    """`Englisch` for `en`, in the language of whoever reads; without a name the code."""
    from babel import Locale

    present = present_language()
    known = Locale.parse("en" if present == PSEUDO_LANGUAGE else present).languages
    return str(known.get(code, code))


def command(name: str) -> str:
    """What is done with a run, as a sentence names it."""
    return _COMMANDS.get(name, name)


def sensitivity(label: str) -> str:
    """A class of data, as a sentence names it."""
    return _CLASSES.get(label, label)


def kind(name: str) -> str:
    """A kind of message; of a plugin's own the name."""
    return _KINDS.get(name, name)


def check(name: str) -> str:
    """What a check of consent looks at; of a plugin's own the name."""
    return _CHECKS.get(name, name)


def verdict(code: str) -> str:
    """What a check says."""
    return _VERDICTS.get(code, code)


def outcome(code: str) -> str:
    """What became of a call to the provider."""
    return _OUTCOMES.get(code, code)


def stage(code: str) -> str:
    """Where certainty about a call ended, or whom its refusal is about."""
    return _STAGES.get(code, code)


def action(code: str) -> str:
    """What somebody did, as the journal has it."""
    return _ACTIONS.get(code, code)


def why_suppressed(code: str) -> str:
    """Why an address is on the suppression list."""
    return _SUPPRESSED.get(code, code)


def person(person_id: str) -> str:
    """Who is meant by the id of a person, or of a person's row, whose name nobody knows."""
    kind, _colon, key = person_id.partition("/")[0].partition(":")
    of_list = _KEY_OF_ROW.fullmatch(key)
    if kind == "table":
        row = _("row {number} of the list", number=of_list[1]) if of_list else None
        return row or _("somebody of the list")
    known = {
        "patient": _("Patient {number}", number=key),
        "interessent": _("Interessent {number}", number=key),
        "erased": _("erased person"),
    }
    return known.get(kind) or f"{kind} {key}".strip()


def who(actor: str | None) -> str:
    """Who did something, as the ledger records it, in words."""
    if actor in _NO_PERSON:
        return _NO_PERSON[actor]
    kind_of, is_kind, name = (actor or "").partition(":")
    if is_kind and kind_of == "os":
        return _("{name} (command line)", name=name)
    if is_kind and kind_of == "schedule":
        return _("schedule of {name}", name=name)
    return actor or "–"


def without_commands(text: str | None) -> str | None:
    """A sentence, such as what to do about something, without those of its parts that name a
    command, for those who have no command line; None where nothing is left."""
    parts = _PARTS.split(str(text)) if text else ()
    kept = "; ".join(part for part in parts if not _COMMAND.search(part))
    return kept.strip(" ;") or None


def providers_code(state: str, code: str | None, text: str | None) -> str:
    """The code that stands beside a text: a provider's, which people ask it about. What is left out
    says its reason in words."""
    return "" if text and state in ("suppressed", "cancelled") else code or ""


def either(one: str, other: str) -> Text:
    """`a date or a text`."""
    return _("{one} or {other}", one=one, other=other)


def counts(numbers: Mapping[str, int]) -> Text:
    """`12 accepted, 3 left out`."""
    parts = [_("{number} {state}", number=n, state=message_state(s)) for s, n in numbers.items()]
    return joined(", ", parts)


def amount(number: float, unit: str) -> Text:
    """`1 message`, `2 messages`, `2.5 credits`."""
    if number != int(number):
        return _("{number} credits", number=number)
    n = int(number)
    if unit == "credits":
        return _.ngettext("{n} credit", "{n} credits", n)
    return pages(n) if unit == "pages" else messages(n)


def messages(number: int, kind: str | None = None) -> Text:
    """`6 messages`; of a kind `6 e-mails`."""
    if kind is None:
        return _.ngettext("{n} message", "{n} messages", number)
    if kind == "email":
        return _.ngettext("{n} e-mail", "{n} e-mails", number)
    if kind == "sms":
        return _.ngettext("{n} SMS", "{n} SMS", number)
    if kind == "letter":
        return _.ngettext("{n} letter", "{n} letters", number)
    return _.ngettext("{n} {kind} message", "{n} {kind} messages", number, kind=kind)


def pages(number: int) -> Text:
    """`1 page`, `2 pages`."""
    return _.ngettext("{n} page", "{n} pages", number)


def run_count(number: int) -> Text:
    """`1 run`, `2 runs`."""
    return _.ngettext("{n} run", "{n} runs", number)


def sent_by(mailing: str, kind_name: str, account: str) -> Text:
    """A mailing with the way it goes."""
    return _(
        "{mailing} by {kind} from account {account}",
        mailing=mailing,
        kind=kind(kind_name),
        account=account,
    )
