"""What an incoming mail says about a message that was sent: bounce, complaint, unsubscription.

Bounces come as RFC 3464 reports and in many older forms. All are matched by our reference alone,
which only the recipient of that message knows: a forged report reaches no other message, and the
address in a report is never used.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from serienpost import Event, read_status_codes, redact
from serienpost_channel_smtp.reply_rules import meaning_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from email.message import Message

    from serienpost_channel_smtp.reply_rules import Meaning

_REF = r"[0-9A-HJKMNP-TV-Z]{12}"
_OUR_ID = re.compile(rf"<(?P<ref>{_REF})@(?P<domain>[A-Za-z0-9.-]+)>")
_OUR_ID_LINE = re.compile(rf"^[ >|]*message-id:\s*{_OUR_ID.pattern}", re.IGNORECASE | re.MULTILINE)
_UNSUBSCRIBE = re.compile(
    rf"(?:(?:re|aw|fwd?|wg):\s*)*(?:abmeldung|unsubscribe)\s+(?P<ref>{_REF})\W*", re.IGNORECASE
)
_DAEMON = re.compile(
    r"mailer-?daemon|postmaster|mail delivery|maildelivery|delivery subsystem|mail-?system",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|failure|has failed|failed|notification)|returned mail|"
    r"mail delivery failed|failure notice|non remis|unzustellbar|nicht zugestellt|"
    r"zustellung\w* (?:fehlgeschlagen|nicht)|fehler bei der zustellung|rückläufer",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delay|still being retried|will (?:be |keep )?(?:retried|trying)|warning: (?:could not send|"
    r"message)|noch nicht zugestellt|verzögert|weitere zustellversuche",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\d.])(?P<code>[45]\d\d)(?:[ -](?P<text>[^\r\n]{3,300}))")
_STATUS = re.compile(r"(?<![\d.])(?P<status>[45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_PARAGRAPH = re.compile(r"\r?\n[ \t>|]*\r?\n")
_LONGEST_TEXT = 64 * 1024
_LONGEST_HEADER = 2000
_LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: Literal["delivered", "bounced", "complained", "unsubscribed"]
    ref: str
    code: str = ""
    text: str = ""
    permanent: bool = False


class _Bounded(EmailPolicy):
    """Parses no header further than this: the package needs seconds for one of 200 kB."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return str(super().header_fetch_parse(name, value[:_LONGEST_HEADER]))


_POLICY = _Bounded()


def parse(octets: bytes) -> EmailMessage:
    """A mail as `read_report` takes it."""
    return message_from_bytes(octets, _class=EmailMessage, policy=_POLICY)  # type: ignore[arg-type]


def may_be_report(head: Message) -> bool:
    """Whether a mail's headers alone make it worth reading; nobody else's mail is."""
    kind = str(head.get("Content-Type", "")).lower()
    sender, subject = str(head.get("From", "")), str(head.get("Subject", ""))
    return (
        kind.startswith("multipart/report")
        or "X-Failed-Recipients" in head
        or _DAEMON.search(sender) is not None
        or _SUBJECT.search(subject) is not None
        or _UNSUBSCRIBE.fullmatch(subject.strip()) is not None
    )


def read_report(mail: EmailMessage, domain: str, now: datetime) -> Event | None:
    """What a mail says, None where it says nothing about a message of ours.

    Args:
        mail: of `parse`.
        domain: of our sender; our Message-IDs end with it.
        now: aware; a mail from the future is taken as one from now.
    """
    found = _finding(mail, domain.lower())
    if found is None:
        return None
    own_id = str(mail.get("Message-ID", "")) or _text(mail)
    mark = hashlib.sha256(f"{own_id}\n{found.kind}\n{found.ref}".encode("utf-8", "replace"))
    return Event(
        id=mark.hexdigest()[:32],
        kind=found.kind,
        at=min(_date(mail) or now, now),
        ref=found.ref,
        code=found.code,
        text=found.text,
        permanent=found.permanent,
    )


def _finding(mail: EmailMessage, domain: str) -> _Finding | None:
    wish = _UNSUBSCRIBE.fullmatch(str(mail.get("Subject", "")).strip())
    if wish:
        return _Finding("unsubscribed", wish["ref"].upper())
    ref = _reference(mail, domain)
    if ref is None:
        return None
    report_type = str(mail.get_param("report-type", "")).lower()
    if report_type == "feedback-report":
        return _Finding("complained", ref)
    statuses = list(_delivery_statuses(mail))
    if statuses:
        return _by_status(ref, statuses)
    return _by_text(mail, ref)


def _by_status(ref: str, statuses: list[Message]) -> _Finding | None:
    """RFC 3464: one message went to one recipient, so the first final word counts."""
    for fields in statuses:
        action = str(fields.get("Action", "")).strip().lower()
        if action == "delivered":
            return _Finding("delivered", ref)
        if action == "failed":
            status = _STATUS.search(str(fields.get("Status", "")))
            diagnostic = str(fields.get("Diagnostic-Code", "")).partition(";")[2].strip()
            address = str(fields.get("Final-Recipient", "")).partition(";")[2].strip()
            return _bounce(ref, diagnostic, status["status"] if status else "", address)
    return None


def _by_text(mail: EmailMessage, ref: str) -> _Finding | None:
    """Older forms say in words what happened, somewhere above the copy of the message."""
    head = f"{mail.get('From', '')} {mail.get('Subject', '')}"
    from_daemon = _DAEMON.search(head) or _SUBJECT.search(head) or "X-Failed-Recipients" in mail
    text = _OUR_ID_LINE.split(_text(mail))[0]
    if not from_daemon or _DELAYED.search(str(mail.get("Subject", ""))):
        return None
    said = _CODE.search(text)
    status = _STATUS.search(text)
    if said is None and status is None and _DELAYED.search(text):
        return None
    words = _PARAGRAPH.split(text[said.start() :])[0] if said else text
    words = " ".join(words.split())
    failed = str(mail.get("X-Failed-Recipients", ""))
    return _bounce(ref, words, status["status"] if status else "", failed)


def _bounce(ref: str, words: str, status: str, address: str) -> _Finding:
    """A final failure; permanent where it is the address that is wrong, not the message or the
    server: only then is nothing sent there again."""
    words = words[:_LONGEST_WORDS]
    code, text = _code_and_text(status, words)
    evident = _CODE.match(words) is not None or bool(status)
    if not text.strip(f"{status} "):
        text = " ".join(f"{one}: {one.name}" for one in read_status_codes(status))
    shown = redact(text, address.strip("<> "))
    is_gone = report_meaning(status, words) == "address"
    return _Finding("bounced", ref, str(code) if evident else "", shown, permanent=is_gone)


def report_meaning(status: str, words: str) -> Meaning:
    """What a final failure in a report means.

    Args:
        status: the report's own enhanced code, empty where it has none.
        words: the reply that the server got, or what the report says in words.
    """
    code, text = _code_and_text(status, words)
    return meaning_of("report", code, text)


def _code_and_text(status: str, words: str) -> tuple[int, str]:
    words = " ".join(words.split())
    said = _CODE.match(words)
    code = int(said["code"]) if said else (450 if status.startswith("4") else 550)
    text = said["text"] if said else words
    if status and status not in text:
        text = f"{status} {text}".strip()
    return code, text


def _reference(mail: EmailMessage, domain: str) -> str | None:
    """Our reference: in the returned message or its headers, else anywhere in the text."""
    for part in mail.walk():
        found = _OUR_ID.fullmatch(str(part.get("Message-ID", "")).strip())
        if part is not mail and found and found["domain"].lower() == domain:
            return found["ref"]
    for text in _texts(mail):
        for found in _OUR_ID.finditer(text):
            if found["domain"].lower() == domain:
                return found["ref"]
    for name in ("In-Reply-To", "References"):
        for found in _OUR_ID.finditer(str(mail.get(name, ""))):
            if found["domain"].lower() == domain:
                return found["ref"]
    return None


def _delivery_statuses(mail: EmailMessage) -> Iterator[Message]:
    """The blocks of all `message/delivery-status` parts; those about recipients name an action."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            if isinstance(blocks, list):
                yield from (block for block in blocks if "Action" in block)  # type: ignore[misc]


def _texts(mail: EmailMessage) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield _decoded(payload[:_LONGEST_TEXT], part.get_content_charset())


def _decoded(octets: bytes, charset: str | None) -> str:
    try:
        return octets.decode(charset or "utf-8")
    except (LookupError, ValueError):
        return octets.decode("latin-1")


def _text(mail: EmailMessage) -> str:
    return "\n".join(_texts(mail))


def _date(mail: EmailMessage) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(mail["Date"]))
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.astimezone()
