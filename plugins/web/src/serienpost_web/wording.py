"""Sentences that several pages say: what was done, what to do now, what a right is."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from serienpost import Texts
from serienpost.service import words
from serienpost_web.table import path_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from serienpost import Problem, Text
    from serienpost.service import MessageStory, NamedMessage, Recipient, RunLine, RunStatus
    from serienpost_web.table import Asked

_ = Texts(__name__)

# What was done, said on the page that one is led to.
SAID: Mapping[str, Text] = {
    "released": _("Released. Below stands how far it is; nobody has to wait here."),
    "scheduled": _("Released. It is sent by itself at its time."),
    "paused": _("Paused. What was on its way already still goes out."),
    "cancelled": _("Cancelled. What was not sent yet is not sent any more."),
    "going_on": _("It goes on."),
    "still_paused": _("It does not go on yet; below stands why."),
    "retried": _("The failed messages are tried again."),
    "resolved": _("Your decision is recorded."),
    "balances": _("The providers are asked; the answers are here within a minute."),
    "begun": _("The draft is begun. Nothing is sent before somebody releases it."),
    "saved": _("Saved."),
    "discarded": _("The draft is discarded."),
    "run_discarded": _("These messages are discarded. Nothing of them was sent."),
    "prepared": _("Prepared. Look at the messages; nothing is sent before somebody releases it."),
    "logged_out": _("You are logged out."),
    "suppressed": _("The address is on the suppression list. Nothing is sent to it any more."),
    "suppressed_before": _("The address was on the suppression list already."),
    "lifted": _("The suppression is lifted. Whether the person may be written to, the check says."),
    "purging": _("A worker removes it; you need not wait here."),
    "erased": _("The person is erased. What stays names nobody."),
    "accounts_asked": _("A worker looks at the accounts; you need not wait here."),
    "template_copied": _("Copied. What you change here counts for the practice from now on."),
    "template_saved": _("Saved. Messages that are made from now on have this text."),
    "template_restored": _("The earlier text counts again. The other is kept below."),
    "own_password": _("You have a new password. You are logged out everywhere but here."),
    "user_added": _("The user is added and can log in."),
    "user_changed": _("The rights are changed. They count from the next log-in."),
    "user_password": _("The user has a new password. Hand it over in person."),
    "user_removed": _("The user is removed and can no longer log in."),
    "marks_kept": _("The marks are kept."),
    "all_marked": _("Everybody among the hits who may get it is marked."),
    "hits_marked": _("All hits are marked."),
    "none_marked": _("Nobody among the hits is marked any more."),
    "check_left": _("The check is broken off. The hits stand here as they were marked."),
    "selection_discarded": _("This choice of people is discarded."),
}

# What each right is for, for somebody who lacks it.
RIGHTS: Mapping[str, Text] = {
    "read": _("look at runs and reports"),
    "prepare": _("choose recipients and write"),
    "approve": _("release, stop and continue what is sent"),
    "administer": _("manage users and settings"),
}

# What a kind of message is done by, as the button of the practice program says it.
ACTIONS: Mapping[str, Text] = {
    "email": _("Send e-mail"),
    "sms": _("Send SMS"),
    "letter": _("Letter"),
}

# What is pressed to go on to the release.
_SENDS: Mapping[str, Text] = {
    "sms": _("Send SMS …"),
    "letter": _("Print …"),
}

# How an SMS is written down -> what it is called.
_ALPHABETS: Mapping[str, Text] = {
    "GSM-7": _("usual alphabet (GSM-7)"),
    "UCS-2": _("large alphabet (UCS-2)"),
}

# Why a run is paused -> what to do about it, here; any other reason ends by itself.
_WHAT_TO_DO: Mapping[str, Text] = {
    "account": _("Put the account right, then press Continue."),
    "content_changed": _(
        "Something that belongs to the message was changed after it was released. Put it back, then"
        " press Continue; or cancel the run and prepare it again."
    ),
    "template_changed": _(
        "The template at the provider was changed after the release. Put it back, then press"
        " Continue; or cancel the run and prepare it again."
    ),
    "policy_changed": _(
        "The practice's rules were changed after the release. Set them back, then press Continue;"
        " or cancel the run and prepare it again."
    ),
    "stale": _("Check whether this message should still go out, then press Continue."),
    "restored": _(
        "The records were put back from a backup. Ask the provider what was sent since then before"
        " you press Continue: else somebody may get a message twice."
    ),
    "another_day": _(
        "It was made for another day. Check whether it should still go out, then press Continue."
    ),
    "person": _("Press Continue when it should go on."),
    "refused": _(
        "Several people in a row were refused for the same reason. It is tried again by"
        " itself; better look at the reason before."
    ),
    "connection": _("It is tried again by itself. Press Continue to try at once."),
}
_BY_ITSELF = _("It goes on by itself; there is nothing to do.")

# Pauses whose end is a decision that is recorded by name.
CONFIRMED = frozenset({"stale", "restored", "another_day"})

# How drafts stand -> what it is called, and the look of its badge.
_DRAFTS: Mapping[str, tuple[Text, str]] = {
    "unprepared": (_("not prepared yet"), "ask"),
    "prepared": (_("prepared"), "busy"),
    "changed": (_("changed since it was prepared"), "ask"),
}

# What the purposes of the core are called; a practice's own go by their name.
_PURPOSES: Mapping[str, Text] = {
    "appointment": _.pgettext("purpose", "Appointment"),
    "recall": _.pgettext("purpose", "Recall"),
    "birthday": _.pgettext("purpose", "Birthday"),
    "event": _.pgettext("purpose", "Event"),
    "information": _.pgettext("purpose", "Information"),
    "survey": _.pgettext("purpose", "Survey"),
    "marketing": _.pgettext("purpose", "Advertising"),
}

# Fields of a draft that choose or are empty -> what to do where one is not right.
_AT_FIELDS: Mapping[str, Text] = {
    "account": _("Choose a sender from the list."),
    "signature": _("Choose a signature from the list, or none."),
    "purpose": _("Choose another purpose, or another template."),
    "template": _("Choose another template from the list, or write a text of your own."),
    "subject": _("Write a subject."),
    "text": _("Write a text, or choose a template."),
    "attachments": _("Remove this file here, and add the right one."),
}
# Of a row that nobody can write to as it is.
_CORRECT = _(
    "Put it right where it is kept: in the practice program, or in the list that you chose."
)
# Of a check that denies and says no more.
_FIXED = _("Nothing that can be done here changes this.")
# A hint of the core that names the command which lists macros.
_MACROS = "serienpost macros"


# Evidence of the checks that come with serienpost.
_SIGNED = re.compile(r"\berteilt_am=(\d{4}-\d\d-\d\d)")
_LISTED = re.compile(r"\bfile \w+ row (\d+)")
_FLAG = re.compile(r"\bkontakt_\w+=ja\b")


# Pages of a list: so many rows at once.
SIZES = (25, 50, 100)


def size_of(asked: Asked) -> int:
    """How many rows a page of a list holds, as the address says."""
    found = asked.query.number("size", SIZES[0])
    return found if found in SIZES else SIZES[0]


def draft_state(state: str) -> Text:
    """How a draft stands."""
    return _DRAFTS[state][0]


def draft_look(state: str) -> str:
    """How the badge of a draft looks."""
    return _DRAFTS[state][1]


def purpose(name: str) -> Text | str:
    """What a purpose is called."""
    return _PURPOSES.get(name, name)


def rate(written: str) -> Text | str:
    """How much a provider permits, of `250/hour`."""
    count, _slash, unit = written.partition("/")
    known = {
        "second": _("{n} a second", n=count),
        "minute": _("{n} a minute", n=count),
        "hour": _("{n} an hour", n=count),
        "day": _("{n} a day", n=count),
    }
    return known.get(unit, written)


def size(octets: int) -> str:
    """How large a file is."""
    if octets < 1_000_000:
        return f"{max(1, round(octets / 1000))} kB"
    return str(_("{n} MB", n=round(octets / 1_000_000, 1)))


def what_to_do(run: RunLine | RunStatus) -> Text | None:
    """What ends the pause of a run; None where there is none."""
    if run.state != "paused" or run.reason is None:
        return None
    return _WHAT_TO_DO.get(run.reason, _BY_ITSELF)


def at_field(problem: Problem) -> str | None:
    """What to do about what is wrong with a field: there, and not in a file."""
    if problem.line is None and (said := _AT_FIELDS.get(problem.key or "")):
        return str(said)
    if problem.hint and _MACROS in problem.hint:
        return str(_("Below stands which ones may be used."))
    return words.without_commands(problem.hint)


def sentence(problem: Problem) -> str:
    """What is wrong, as a sentence of its own, without commands."""
    said = str(words.without_commands(problem.message) or problem.message)
    return f"{said[:1].upper()}{said[1:]}."


def as_sentence(reason: str) -> str:
    """A reason as it stands alone: it begins with a capital and ends with a full stop; a reason
    that begins with a sign or a number begins as it is."""
    said = str(reason)  # in the present language
    said = f"{said[:1].upper()}{said[1:]}"
    return said if not said or said.endswith((".", "!", "?", "…")) else f"{said}."


def span(seconds: float) -> Text:
    """About how long something takes, in words."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 120:
        return _.ngettext("about {n} minute", "about {n} minutes", minutes)
    return _.ngettext("about {n} hour", "about {n} hours", round(minutes / 60))


def lasting(period: timedelta) -> Text:
    """How long something is kept, in the largest unit of which it is a whole number."""
    days, rest = divmod(period, timedelta(days=1))
    if rest:
        hours = round(period / timedelta(hours=1))
        return _.ngettext("{n} hour", "{n} hours", hours)
    if days % 365 == 0:
        return _.ngettext("{n} year", "{n} years", days // 365)
    return _.ngettext("{n} day", "{n} days", days)


def decision(code: str) -> Text:
    """What a person may decide about a message in doubt."""
    return {
        "accepted": _("It arrived"),
        "resend": _("Send it again"),
        "failed": _("It did not arrive"),
    }[code]


def action(kind: str) -> Text | str:
    """What is done to send a kind of message."""
    return ACTIONS.get(kind) or words.kind(kind)


def send(kind: str) -> Text:
    """What is pressed to go on to the release of a kind of message."""
    return _SENDS.get(kind) or _("Send …")


def alphabet(encoding: str) -> Text | str:
    """How an SMS is written down."""
    return _ALPHABETS.get(encoding, encoding)


def sheets(number: float) -> Text:
    """How much paper is printed on."""
    return _.ngettext("{n} sheet", "{n} sheets", int(number))


def sign(written: str) -> str:
    """A sign that may not be seen, by its number then."""
    is_seen = written.isprintable() and not written.isspace()
    return written if is_seen else f"U+{ord(written):04X}"


def occasion(row: Recipient | NamedMessage, zone: ZoneInfo) -> Text | str:
    """What a row is about, as a person knows it; a dash for nothing. What no time is known of goes
    by its number."""
    kind, _sign, number = (row.occasion or "").partition(":")
    if row.occasion_at is not None:
        when = row.occasion_at.astimezone(zone)
        is_usual = kind == "termin"
        return _("Appointment on {when}", when=when) if is_usual else _("On {when}", when=when)
    known = {
        "termin": _("Appointment {number}", number=number),
        "geburtstag": _("Birthday in {year}", year=number),
        "zeile": _("Row {number} of the list", number=number),
    }
    return known.get(kind, row.occasion or "–")


def name_of(row: Recipient | NamedMessage) -> str:
    """Who is meant by a row; of whom no name is known, by what kind of person and which number."""
    return row.name or words.person(row.id)


def remedy(row: Recipient) -> str | None:
    """What would change that a row is not reachable or not allowed; None for one that is both."""
    if not row.reachable:
        return str(_CORRECT)
    denials = [one for one in row.consent if one["verdict"] == "deny"]
    if row.allowed or not denials:
        return None
    return remedy_of(denials[0])


def to_do(story: MessageStory, person: Recipient, advice: Callable[..., str | None]) -> str | None:
    """What a person can do about a message that did not arrive; None where nothing needs to be."""
    said = advice(story.state, story.code, story.text)
    if said:
        return words.without_commands(said)
    return str(_CORRECT) if not person.reachable else None


def evidence(record: str) -> Text | str:
    """What a check that allows looked at, which it names as the ledger keeps it; what no check of
    ours wrote stands as it is."""
    if found := _SIGNED.search(record):
        return _("consent of {day}", day=date.fromisoformat(found[1]))
    if found := _LISTED.search(record):
        return _("the list says yes (row {number})", number=found[1])
    if record.startswith("override "):
        return _("somebody has answered for it; above stands who, and why")
    return _("the master data say yes") if _FLAG.search(record) else record


def remedy_of(answer: Mapping[str, str]) -> str:
    """What would change the answer of a check that denies."""
    return words.without_commands(answer["remedy"]) or str(_FIXED)


def day(written: str) -> date:
    """A day of the ledger."""
    return date.fromisoformat(written)


def page_of(asked: Asked) -> str:
    """The page that a form stands on."""
    return path_to(asked.route.back or "/", asked.parts)
