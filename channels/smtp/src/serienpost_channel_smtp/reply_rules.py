"""What a reply means, by stage, code, enhanced code and text.

Codes: RFC 5321, 3463, 4954. Providers report a used-up allowance with 4xx and with 5xx and often
only in words, so texts (English and German, as seen from the providers named in the tests) are
asked before the code's class.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal, TypeAlias

from serienpost import AccountProblem, Deferred, Outcome, QuotaReached, Rejected, Unknown, redact

# What was under way: `data` until the server asks for the message, `dot` from its first octet.
Stage: TypeAlias = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot"]

Meaning: TypeAlias = Literal[
    "busy", "greylisted", "later", "quota", "account", "recipient", "full", "message"
]

SESSION: frozenset[str] = frozenset({"connect", "ehlo", "starttls", "auth"})
_TRANSACTION: frozenset[str] = frozenset({"mail", "rcpt", "data", "dot"})
_ADDRESSED: frozenset[str] = frozenset({"rcpt", "data", "dot"})
_ANY = SESSION | _TRANSACTION
# Seconds to wait where the reply does not say, None = the core's backoff.
_WAITS = {"busy": 60.0, "greylisted": 300.0, "later": None}
_LONGEST_READ = 2000
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """If stage, code with enhanced code (`550 5.1.1`) and text all fit, the reply means this."""

    meaning: Meaning
    stages: frozenset[str]
    code: str = ""
    text: str = ""

    def fits(self, stage: Stage, code: str, text: str) -> bool:
        return (
            stage in self.stages
            and re.match(self.code, code) is not None
            and re.search(self.text, text) is not None
        )


def _any_of(*patterns: str) -> str:
    return "|".join(patterns)


_TOO_MANY_CONNECTIONS = _any_of(
    r"too many (?:\w+ ){0,2}(?:connections|sessions|logins?|auth\w*)",
    r"concurrent connections|connection (?:rate )?limit|connections? from your",
    r"zu viele (?:\w+ ){0,2}(?:verbindungen|anmeldungen|sitzungen)",
)
_ALLOWANCE = _any_of(
    r"\b(?:daily|hourly|weekly|monthly|send|sending|submission|outgoing|outbound|relay|rate|mails?"
    r"|e-?mails?|messages?|recipients?)\W+(?:(?!size|length)\w+\W+){0,3}?(?:limit|quota)\b",
    r"(?:limit|quota) (?:for|of) (?:outgoing|sent|sending|messages|mails|e-?mails)",
    r"(?:messages?|e-?mails?|mails?|recipients?) (?:\w+ )?per (?:minute|hour|day)",
    r"too many (?:\w+ )?(?:messages|mails|e-?mails|recipients)|too much mail",
    r"throttl|submissionquota|rate[- ]?limit|sender\b.{0,30}over quota",
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
    r"(?:mailbox|inbox|user|recipient|account) (?:is |has |was )?(?:\w+ )?(?:full|over(?: its| the|"
    r" his)? (?:\w+ )?quota|exceeded (?:its|the|their|his|storage|disk))",
    r"mailbox (?:\w+ )?(?:quota|limit) exceeded|over ?quota|disk quota|storage (?:quota|limit)",
    r"tried to reach is over|out of storage|insufficient (?:disk|mailbox) space",
    r"(?:postfach|mailbox|briefkasten)\b.{0,40}\b(?:voll|überfüllt|erschöpft)",
    r"speicherplatz\b.{0,40}(?:voll|erschöpft|belegt|überschritten)",
)
_RECIPIENT_BUSY = r"(?:receiving|received) (?:mail|messages|too)|user you are trying to contact"
_TOO_BIG = _any_of(
    r"size (?:limit|exceed)|(?:maximum|fixed|allowed) (?:message |mail )?size",
    r"(?:message|mail|file|line|header)s? (?:\w+ ){0,3}too (?:large|big|long)",
    r"exceeds? (?:\w+ ){0,4}(?:size|length)|nachricht\b.{0,40}zu gro(?:ß|ss)",
    r"(?:nachrichten|mail)größe",
)
_GREYLIST = r"gr[ea]y-? ?list|postgrey"
_RELAY = _any_of(
    r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|not allowed|prohibited|verboten)",
    r"unable to relay|not permitted to relay|(?:not|isn't) in my list of allowed rcpthosts",
    r"relay(?:ing)?\b.{0,20}(?:nicht erlaubt|nicht gestattet|abgelehnt)|we do not relay",
)
_NOT_ALLOWED_TO_SEND = _any_of(
    r"authentication (?:is )?required|not authenticated|must (?:first )?(?:authenticate|issue a)",
    r"anmeldung (?:\w+ )?(?:erforderlich|notwendig)|authentifizierung (?:\w+ )?erforderlich",
    r"sender(?: address| domain)? (?:\w+ )?(?:rejected|denied|refused|not allowed|unknown)",
    r"sender verify fail|bad outbound sender|invalid sender|not owned by|send as this sender",
    r"send on behalf|from address\b.{0,40}not|not allowed to (?:send|use)|unauthori[sz]ed sender",
    r"absender(?:adresse)?\b.{0,60}(?:nicht|abgelehnt|ungültig|gesperrt|unzulässig)",
    r"(?:client )?host\b.{0,40}(?:blocked|rejected|denied|listed)",
    r"\bip\b.{0,60}(?:block|black|listed|reputation|denied|gesperrt)|spamhaus|spamcop|sorbs",
    r"\b(?:rbl|dnsbl|blacklisted|blocklisted|block list|blocklist)\b|reverse dns|\bptr\b",
    r"\b(?:spf|dkim|dmarc)\b|unauthenticated (?:mail|email)",
    r"your (?:\w+ )?(?:account|mailbox)\b.{0,40}(?:block|disabled|suspend|locked|restricted)",
    r"(?:ihr|dein) (?:\w+ )?(?:konto|account|postfach)\b.{0,60}(?:gesperrt|deaktiviert|blockiert)",
    r"(?:e-?mail-?)?versand\b.{0,40}(?:gesperrt|deaktiviert|blockiert)",
)
_NO_SUCH_RECIPIENT = _any_of(
    r"user (?:is )?unknown|user not (?:found|local)",
    r"unknown (?:user|recipient|mailbox|local|address)",
    r"no such (?:user|mailbox|recipient|address|person|domain)|no mailbox|does(?: not|n't) exist",
    r"mailbox (?:is )?(?:unavailable|not found|unknown|disabled|inactive|not available)",
    r"recipient (?:address )?(?:rejected|unknown|not found|refused|not ok)",
    r"(?:invalid|bad|unroutable|unrouteable) (?:recipient|mailbox|address)",
    r"(?:host|domain) (?:\w+ )?(?:unknown|not found)|tried to reach",
    r"empfänger(?:adresse)?\b.{0,40}(?:unbekannt|existiert|ungültig|abgelehnt|nicht)",
    r"(?:benutzer|postfach|mailbox|adresse)\b.{0,30}(?:unbekannt|existiert nicht|nicht gefunden)",
)
_CONTENT = _any_of(
    r"spam|virus|malware|phish|content|message (?:was )?(?:rejected|refused|blocked)|unsolicited",
    r"attachment|(?:nachricht|inhalt|e-?mail)\b.{0,40}(?:abgelehnt|blockiert|abgewiesen)",
)

# Asked from the top; the first that fits decides. Every reply 400-599 fits one.
RULES: tuple[ReplyRule, ...] = (
    ReplyRule("account", _ANY, r"53[0458]"),
    ReplyRule("account", frozenset({"auth"}), r"432 .*4\.7\.12"),
    ReplyRule("busy", _ANY, text=_TOO_MANY_CONNECTIONS),
    ReplyRule("busy", _ANY, r"(?:432|454 4\.7\.0|454 -)"),
    ReplyRule("later", _ADDRESSED, text=_RECIPIENT_BUSY),
    ReplyRule("message", _TRANSACTION, r"5\d\d 5\.(?:3\.4|2\.3)"),
    ReplyRule("message", _TRANSACTION, r"5", _TOO_BIG),
    ReplyRule("quota", _ANY, r"... [45]\.4\.5"),
    ReplyRule("quota", _ADDRESSED, r"... [45]\.5\.3"),
    ReplyRule("quota", _ANY, text=_ALLOWANCE),
    ReplyRule("later", frozenset({"rcpt"}), r"552 (?:-|5\.2\.2)"),
    ReplyRule("later", _ADDRESSED, r"4.. 4\.2\.2"),
    ReplyRule("full", _ADDRESSED, r"5.. 5\.2\.2"),
    ReplyRule("later", _ADDRESSED, r"4", _MAILBOX_FULL),
    ReplyRule("full", _ADDRESSED, r"5", _MAILBOX_FULL),
    ReplyRule("quota", _ANY, text=_GENERAL_ALLOWANCE),
    ReplyRule("greylisted", _TRANSACTION, r"4", _GREYLIST),
    ReplyRule("account", _TRANSACTION, text=_RELAY),
    ReplyRule("busy", _ANY, r"421"),
    ReplyRule("later", _TRANSACTION, r"4"),
    ReplyRule("busy", SESSION, r"4"),
    ReplyRule(
        "account", _TRANSACTION, r"5.. 5\.(?:1\.[78]|7\.(?:2[0-9]|30|5[0-9]|60|[45]\d\d|7\d\d))"
    ),
    ReplyRule(
        "message",
        _ADDRESSED,
        r"5",
        r"\b(?:urls?|links?|domains?) in (?:the )?(?:body|message|mail)",
    ),
    ReplyRule("account", _TRANSACTION, r"5", _NOT_ALLOWED_TO_SEND),
    ReplyRule("recipient", _ADDRESSED, r"5.. 5\.(?:1\.(?:[0-46]|10)|2\.1|4\.[14])(?!\d)"),
    ReplyRule("recipient", _ADDRESSED, r"5", _NO_SUCH_RECIPIENT),
    ReplyRule("message", _TRANSACTION, r"5.. 5\.6\.\d"),
    ReplyRule("message", _ADDRESSED, r"5", _CONTENT),
    ReplyRule("account", _TRANSACTION, r"50[0234]"),
    ReplyRule("account", SESSION | {"mail"}, r"5"),
    ReplyRule("recipient", frozenset({"rcpt"}), r"5"),
    ReplyRule("message", frozenset({"data", "dot"}), r"5"),
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
        return Deferred("reply", "the server's reply is not SMTP", connection=True)
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
    found = _ENHANCED.search(text)
    enhanced = found[1] if found and found[1][0] == str(code)[0] else "-"
    words = " ".join(text.lower().split())
    return next(rule.meaning for rule in RULES if rule.fits(stage, f"{code} {enhanced}", words))


def _outcome(
    meaning: Meaning, stage: Stage, *, code: str, shown: str, words: str, now: datetime
) -> Outcome:
    if meaning == "quota":
        return QuotaReached(code, shown, quota_until(words, now))
    if meaning == "account":
        return AccountProblem(code, shown)
    if meaning in {"recipient", "full"}:
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
