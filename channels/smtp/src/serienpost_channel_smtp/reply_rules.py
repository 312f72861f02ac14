"""What a reply means, by stage, code, enhanced code and text.

Codes: RFC 5321, 3463, 4954. Providers report a used-up allowance with 4xx and with 5xx and often
only in words, so texts (English and German, as seen from the providers named in the tests) are
asked before the code's class.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from serienpost import (
    AccountProblem,
    Deferred,
    Outcome,
    QuotaReached,
    Rejected,
    Texts,
    Unknown,
    is_address_fault,
    redact,
    telling_status,
)

if TYPE_CHECKING:
    from serienpost import Fault

_ = Texts(__name__)

# What was under way: `data` until the server asks for the message, `dot` from its first octet;
# `report` for a reply that another server got and a bounce tells of.
Stage: TypeAlias = Literal[
    "connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot", "report"
]

# `address`: it definitely reaches nobody; `recipient`: that side refuses, for whatever reason;
# `full`, `unreachable`: at another time it might arrive.
Meaning: TypeAlias = Literal[
    "busy",
    "greylisted",
    "later",
    "quota",
    "account",
    "address",
    "recipient",
    "full",
    "unreachable",
    "message",
]

# What is at fault for each meaning.
FAULTS: dict[Meaning, Fault] = {
    "busy": "time",
    "greylisted": "time",
    "later": "time",
    "full": "time",
    "unreachable": "time",
    "quota": "account",
    "account": "account",
    "address": "address",
    "recipient": "message",
    "message": "message",
}

SESSION: frozenset[str] = frozenset({"connect", "ehlo", "starttls", "auth"})
_REPORT = frozenset({"report"})
_ADDRESSED: frozenset[str] = frozenset({"rcpt", "data", "dot", "report"})
_LIVE_TRANSACTION: frozenset[str] = frozenset({"mail", "rcpt", "data", "dot"})
_TRANSACTION = _LIVE_TRANSACTION | _REPORT
_ANY = SESSION | _TRANSACTION
# Seconds to wait where the reply does not say, None = the core's backoff.
_WAITS = {"busy": 60.0, "greylisted": 300.0, "later": None}
_LONGEST_READ = 2000
_URL = re.compile(r"\bhttps?:\S+|\bwww\.\S+")


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """If stage, code, enhanced code and text all fit, the reply means this.

    Args:
        meaning: what it means.
        stages: what was answered.
        code: a pattern of the three digits.
        status: subjects and details of enhanced codes, one of which the reply has; `""` stands for
            a reply without one. Any, where there are none here.
        text: a pattern of the words in lower case.
        unless: a pattern of words that speak against it; addresses of pages do not count.
    """

    meaning: Meaning
    stages: frozenset[str]
    code: str = ""
    status: frozenset[str] = frozenset()
    text: str = ""
    unless: str = ""

    def fits(self, stage: Stage, code: str, status: str, text: str) -> bool:
        """Whether a reply is one of these."""
        return (
            stage in self.stages
            and re.match(self.code, code) is not None
            and (not self.status or status in self.status)
            and re.search(self.text, text) is not None
            and not (self.unless and re.search(self.unless, _URL.sub(" ", text)))
        )


@dataclass(frozen=True, slots=True)
class AddressRule(ReplyRule):
    """As `ReplyRule`, for what is a definite fault of the address by the rule of all channels."""

    def fits(self, stage: Stage, code: str, status: str, text: str) -> bool:
        """Whether a reply is one of these."""
        return ReplyRule.fits(self, stage, code, status, text) and is_address_fault("", text)


def _any_of(*patterns: str) -> str:
    return "|".join(patterns)


def _status(*names: str) -> frozenset[str]:
    return frozenset(names)


_TOO_MANY_CONNECTIONS = _any_of(
    r"too many (?:\w+ ){0,2}(?:connections|sessions|logins?|auth\w*)",
    r"concurrent connections|connection (?:rate )?limit|connections? from your",
    r"per (?:session|connection)\b",
    r"zu viele (?:\w+ ){0,2}(?:verbindungen|anmeldungen|sitzungen)",
)
_ALLOWANCE = _any_of(
    r"\b(?:daily|hourly|weekly|monthly|send|sending|submission|outgoing|outbound|relay|rate|mails?"
    r"|e-?mails?|messages?|recipients?|hour|day|address)\W+(?:(?!size|length)\w+\W+){0,3}?"
    r"(?:limits?|quota)\b",
    r"(?:limit|quota) (?:for|of|on) (?:the number of )?(?:allowed )?(?:outgoing|outbound|sent|send"
    r"|sending|messages|mails|e-?mails)",
    r"(?:messages?|e-?mails?|mails?|recipients?|failures|defers) (?:\w+ )?(?:per|this|an?) "
    r"(?:minute|hour|day)",
    r"too many (?:\w+ )?(?:messages|mails|e-?mails|recipients|requests)"
    r"|too much mail|per time unit",
    r"(?:unusual|excessive|suspicious) (?:\w+ ){0,3}(?:activity|volume|amount|number|rate)",
    r"throttl|submission\W?quota|refuse\W?quota|rate[- ]?limit|sender\b.{0,30}over quota"
    r"|frequency limit|\bflood",
    r"(?:allowed|permitted|maximum) (?:number of )?(?:outgoing|outbound|sending)"
    r"|number of (?:\w+ )?(?:outgoing|outbound)",
    r"(?:versand|sende|tages|stunden|monats|mail|empfänger)-?(?:limit|kontingent|quota|grenze)",
    r"zu viele (?:\w+ ){0,2}(?:e-?mails|mails|nachrichten|empfänger)",
    r"(?:limit|kontingent)\b.{0,30}(?:erreicht|überschritten|erschöpft|ausgeschöpft)",
    r"maximale (?:anzahl|zahl)\b.{0,60}(?:erreicht|überschritten)",
)
_GENERAL_ALLOWANCE = _any_of(
    r"quota (?:has been |was |is )?(?:exceeded|reached)|exceeded\b.{0,40}\b(?:quota|limit)",
    r"limit (?:has been |was |is )?(?:exceeded|reached)",
    r"(?:allowed|maximum) number of (?:messages|recipients|mails|e-?mails)",
)
_MAILBOX_FULL = _any_of(
    r"(?:mailbox|inbox|user|recipient|account|\w*postfach|boite\b.{0,20}) (?:is |has |was )?"
    r"(?:\w+ )?(?:full|pleine|over(?: its| the| his)? ?(?:\w+ )?quota|exceeded (?:its|the|their|his"
    r"|storage|disk))",
    r"(?:mailbox|user) (?:\w+ )?(?:quota|limit) exceeded|over ?quota|disk quota"
    r"|storage (?:quota|limit|alloc\w*)|(?:extended|user) quota (?:violation|exceeded)",
    r"tried to reach is over|out of storage|insufficient (?:disk|mailbox) space|speicherplatz",
    r"(?:postfach|mailbox|briefkasten)\b.{0,40}\b(?:voll|überfüllt|erschöpft)",
)
# Of the recipient's side: too much comes in there.
_RECIPIENT_BUSY = _any_of(
    r"(?:receiving|received) (?:mail|messages|too)|user you are trying to contact",
    r"recipient has exceeded|quota violation|can receive|recipients?'?s? domain",
    r"domains? (?:hourly|daily) quota",
    r"(?:temporar\w+|vorübergehend) (?:locked|suspended|disabled|unavailable|gesperrt)",
)
_UNREACHABLE = _any_of(
    r"message expired|delivery time expired|time(?:d)?[- ]?out|unable to deliver in|not reachable",
    r"too many hops|hop count|(?:routing|mail) ?loop|(?:did not|not) accept(?:ing)? (?:our requests"
    r"|network|connections\b.{0,20}now)|connection refused|no answer|host is down",
    r"(?:dns|name ?server|lookup)\b.{0,30}(?:fail|error|malformed|timeout)|mailer error",
    r"malformed or unexpected name server|trouble in home|temporar(?:y|ily) (?:fail|unavail|error)",
    r"zustellversuche|nicht erreichbar|zeitüberschreitung",
)
_TOO_BIG = _any_of(
    r"size (?:limit|exceed)|(?:maximum|fixed|allowed) (?:message |mail )?size",
    r"(?:message|mail|file|line|header)s? (?:\w+ ){0,3}too (?:large|big|long)",
    r"exceeds? (?:\w+ ){0,4}(?:size|length)|nachricht\b.{0,40}zu gro(?:ß|ss)",
    r"(?:nachrichten|mail)größe",
)
_GREYLIST = r"gr[ea]y-? ?list|postgrey"
_RELAY = _any_of(
    r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|not allowed|prohibited|disallowed)",
    r"unable to relay|not permitted to relay|(?:not|isn't) in my list of allowed rcpthosts",
    r"relay(?:ing)?\b.{0,20}(?:nicht erlaubt|nicht gestattet|abgelehnt|verboten)",
    r"(?:do(?:es)? not|not configured to|insecure|open)\W+(?:\w+ )?relay|as a relay",
)
_LISTED = _any_of(
    r"(?:client |sending |source )?(?:host|server|network)\b.{0,60}(?:\bblock|rejected|denied"
    r"|\blisted|not allowed|bloquee|gesperrt)",
    r"(?:^|\W)(?:your|this|sending|source|our) (?:mail ?server|ip|ips)\b",
    r"\bips?\b.{0,60}(?:block|black|listed|reputation|denied|banned|gesperrt|bloquee)"
    r"|(?:block|bann|reject)\w*\b.{0,30}\bip\b",
    r"client \[?\S+\]? (?:is |was )?blocked|blocked (?:using|by|for the day)|on (?:our|the) block",
    r"spamhaus|spamcop|sorbs|barracudacentral|senderscore|\b\w*bl\.\w+\.(?:org|net|com)\b|dnsbl",
    r"\b(?:rbl|dnsbl|blacklisted by|blocklisted|block ?list)\b",
    r"reputation|reverse (?:dns|hostname)|\bptr\b|\brdns\b|smtp server of your",
)
_UNPROVED_SENDER = _any_of(
    r"\b(?:spf|dkim|dmarc)\b|unauthenticated (?:\w+ )?(?:mail|email|sender)",
    r"sender is unauthenticated|purported responsible|mismatches client|does not pass",
    r"sending domain|authentication level|address is not verified|envelope sender",
)
_NOT_ALLOWED_TO_SEND = _any_of(
    r"not authenticated|must (?:first )?(?:authenticate|issue a)|(?:smtp )?authentication (?:is )?"
    r"required (?:for|to|before)|^[\d. ]*authentication (?:is )?required|please (?:turn on|use) "
    r"(?:smtp )?auth",
    r"anmeldung (?:\w+ )?(?:erforderlich|notwendig)|authentifizierung (?:\w+ )?erforderlich",
    r"sender(?: address| domain)? (?:\w+ )?(?:rejected|denied|refused|not allowed|unknown"
    r"|invalid)",
    r"(?:unrout\w+|bad|invalid|unknown) (?:outbound )?sender|sender verify fail|sender not"
    r"|not owned"
    r"|bad outbound|send(?:ing)? as (?:this )?|sendas|as this sender",
    r"send on behalf|from address\b.{0,40}not|not allowed to (?:send|use)|unauthori[sz]ed sender",
    r"outbound\W?spam|spam sender|spam abuse|originating from your|sender has exceeded",
    r"absender(?:adresse)?\b.{0,60}(?:nicht|abgelehnt|ungültig|gesperrt|unzulässig)",
    r"your (?:\w+ )?(?:account|mailbox|access|domain)\b.{0,60}"
    r"(?:block|disabled|suspend|locked|restrict|rejected)",
    r"(?:ihr|dein) (?:\w+ )?(?:konto|account|postfach)\b.{0,60}(?:gesperrt|deaktiviert|blockiert)",
    r"(?:e-?mail-?)?versand\b.{0,40}(?:gesperrt|deaktiviert|blockiert)",
)
_CONTENT = _any_of(
    r"spam|virus|malware|phish|content|message (?:was )?(?:rejected|refused|blocked)|unsolicited",
    r"attachment|(?:nachricht|inhalt|e-?mail)\b.{0,40}(?:abgelehnt|blockiert|abgewiesen)",
    r"headers?\b|\b(?:urls?|links?)\b|rfc ?5322",
)
_LINKS = r"\b(?:urls?|links?|domains?) in (?:the |an? |this )?(?:body|message|mail|email)"
_UNWANTED = r"by (?:this|the) recipients?\b|delivery restrict|restricted to|preferences"

# Asked from the top; the first that fits decides. Every reply 400-599 fits one.
RULES: tuple[ReplyRule, ...] = (
    ReplyRule("account", _ANY - _REPORT, r"53[0458]"),
    ReplyRule("account", frozenset({"auth"}), r"432", _status("7.12")),
    ReplyRule("busy", _ANY, text=_TOO_MANY_CONNECTIONS),
    ReplyRule("busy", SESSION | _LIVE_TRANSACTION, r"432"),
    ReplyRule("later", _ADDRESSED, text=_RECIPIENT_BUSY),
    ReplyRule("message", _TRANSACTION, r"5", _status("3.4", "2.3")),
    ReplyRule("message", _TRANSACTION, r"5", text=_TOO_BIG),
    ReplyRule("later", frozenset({"rcpt"}), r"552", _status("2.2")),
    ReplyRule("full", _ADDRESSED, r"5", _status("2.2"), text=_MAILBOX_FULL),
    ReplyRule("quota", _ANY, r"[45]", _status("4.5", "7.28"), unless=r"per session|disk|space"),
    ReplyRule("quota", _ADDRESSED, r"[45]", _status("5.3")),
    ReplyRule("quota", _ANY, text=_ALLOWANCE),
    ReplyRule("busy", SESSION | _LIVE_TRANSACTION, r"454", _status("", "7.0")),
    ReplyRule("later", frozenset({"rcpt"}), r"552", _status(""), unless="not found"),
    ReplyRule("later", _ADDRESSED, r"4", _status("2.2")),
    ReplyRule("full", _ADDRESSED, r"5", _status("2.2")),
    ReplyRule("later", _ADDRESSED, r"4", text=_MAILBOX_FULL),
    ReplyRule("full", _ADDRESSED, r"5", text=_MAILBOX_FULL),
    ReplyRule("full", _REPORT, r"[45]", text=r"quota"),
    ReplyRule("quota", _ANY, text=_GENERAL_ALLOWANCE),
    ReplyRule("greylisted", _TRANSACTION, r"4", text=_GREYLIST),
    ReplyRule("account", _TRANSACTION, text=_RELAY),
    ReplyRule("account", _REPORT, r"4", text=_any_of(_LISTED, _UNPROVED_SENDER)),
    ReplyRule("busy", _ANY, r"421"),
    ReplyRule("later", _TRANSACTION, r"4"),
    ReplyRule("busy", SESSION, r"4"),
    ReplyRule("account", _TRANSACTION, r"5", _status("1.7", "1.8", "7.10", "7.11", "7.14")),
    ReplyRule("account", _TRANSACTION, r"5", _status(*(f"7.{detail}" for detail in range(20, 31)))),
    ReplyRule("message", _ADDRESSED, r"5", text=_LINKS),
    ReplyRule("recipient", _ADDRESSED, r"5", text=_UNWANTED, unless=r"\bips?\b"),
    ReplyRule("account", _TRANSACTION, r"5", text=_NOT_ALLOWED_TO_SEND),
    ReplyRule("account", _TRANSACTION, r"5", text=_UNPROVED_SENDER),
    ReplyRule("account", _TRANSACTION, r"5", text=_LISTED, unless=r"\burls?\b|\blinks?\b"),
    AddressRule("address", _ADDRESSED, r"5"),
    ReplyRule("unreachable", _ADDRESSED, r"5", text=_UNREACHABLE),
    ReplyRule(
        "unreachable",
        _REPORT,
        r"5",
        _status("3.1", "3.2", "3.5", "4.2", "4.3", "4.6", "4.7", "7.15"),
    ),
    ReplyRule("message", _TRANSACTION, r"5", _status(*(f"6.{detail}" for detail in range(11)))),
    ReplyRule("message", _ADDRESSED, r"5", text=_CONTENT),
    ReplyRule("account", _LIVE_TRANSACTION, r"50[0234]"),
    ReplyRule("account", SESSION | {"mail"}, r"5"),
    ReplyRule("recipient", frozenset({"rcpt"}), r"5"),
    ReplyRule("message", frozenset({"data", "dot", "report"}), r"5"),
)

_UNITS = {"s": 1, "m": 60, "h": 3600}
_WAIT = re.compile(
    r"(?:again|retry|wait|try|after|for|later|versuchen|warten|wieder|erneut)\b[^.;\d]{0,40}"
    r"(?P<number>\d{1,5}) ?(?P<unit>s(?:ec|ek)?\w*|m(?:in)?\w*|h(?:our)?\w*|stunden?)\b"
)
_GERMAN_WAIT = re.compile(
    r"\bin (?P<number>\d{1,5}) (?P<unit>sek\w*|min\w*|stunden?|sec\w*|hours?)\b"
)
_DAY = re.compile(
    r"\b(?:daily|days?|24 ?h(?:ours?)?|today|tomorrow|pro tag|tage\w*|täglich\w*|heute|morgen"
    r"|24 stunden)\b"
)
_HOUR = re.compile(r"\b(?:hourly|hours?|stunden?|stunden-?\w+|stündlich\w*)\b")
_MINUTE = re.compile(r"\b(?:minutes?|minuten?)\b")
_LONGEST = 86400.0


def classify(stage: Stage, code: int, text: str, *, now: datetime, address: str = "") -> Outcome:
    """What a reply that is not the hoped-for one means for the message.

    Args:
        stage: what the reply answers.
        code: the three digits.
        text: the rest, as read; octets that are not UTF-8 as surrogates.
        now: aware, in the practice's zone: "per day" ends with its day.
        address: the recipient, to be masked in the text.
    """
    said = readable(text)
    shown = redact(said, address)
    if not 400 <= code <= 599:
        if stage == "dot":
            return Unknown("reply", shown)
        wait = None if stage in SESSION else _WAITS["busy"]
        return Deferred("reply", _("the server's reply is not SMTP"), wait, connection=True)
    words = " ".join(said.lower().split())
    meaning = meaning_of(stage, code, words)
    return _outcome(meaning, stage, code=str(code), shown=shown, words=words, now=now)


def meaning_of(stage: Stage, code: int, text: str) -> Meaning:
    """What a reply of 400-599 means.

    Args:
        stage: what the reply answers.
        code: the three digits.
        text: the rest, readable.
    """
    words = " ".join(text.lower().split())
    found = telling_status(words, code // 100)
    status = f"{found.subject}.{found.detail}" if found else ""
    return next(rule.meaning for rule in RULES if rule.fits(stage, str(code), status, words))


def _outcome(
    meaning: Meaning, stage: Stage, *, code: str, shown: str, words: str, now: datetime
) -> Outcome:
    if meaning == "quota":
        return QuotaReached(code, shown, quota_until(words, now))
    if meaning == "account":
        return AccountProblem(code, shown)
    if meaning == "address":
        return Rejected(code, shown, "address")
    if meaning in {"recipient", "full", "unreachable"}:
        return Rejected(code, shown, "recipient")
    if meaning == "message":
        return Rejected(code, shown, "message")
    is_connection = meaning == "busy" or stage in SESSION
    return Deferred(code, shown, wait_seconds(words) or _WAITS[meaning], is_connection)


def readable(text: str) -> str:
    """A reply's first 2000 characters; what is not UTF-8 is Latin-1, as old servers mean it."""
    octets = text[:_LONGEST_READ].encode("utf-8", "surrogateescape")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def wait_seconds(words: str) -> float | None:
    """The wait that a reply asks for (`try again in 5 minutes`), at most a day."""
    found = _WAIT.search(words) or _GERMAN_WAIT.search(words)
    if found is None:
        return None
    unit = found["unit"]
    factor = 3600 if unit.startswith("stunde") else _UNITS[unit[0]]
    return min(int(found["number"]) * factor, _LONGEST) or None


def quota_until(words: str, now: datetime) -> datetime | None:
    """When an allowance begins anew, as far as the reply says so.

    Args:
        words: the reply in lower case.
        now: aware, in the zone whose midnight ends the day.
    """
    wait = wait_seconds(words)
    if wait is not None:
        return (now + timedelta(seconds=wait)).astimezone(UTC)
    if _DAY.search(words):
        tomorrow = now.date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), now.tzinfo).astimezone(UTC)
    if _HOUR.search(words):
        return (now + timedelta(hours=1)).astimezone(UTC)
    if _MINUTE.search(words):
        return (now + timedelta(minutes=1)).astimezone(UTC)
    return None
