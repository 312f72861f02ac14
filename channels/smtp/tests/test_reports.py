"""Incoming mails as mail servers write them, and what they say about a message of ours."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from serienpost import Event
from serienpost_channel_smtp.reports import may_be_report, parse, read_report

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
REF = "7K3MPXQ2ABCD"
ID = f"<{REF}@example.org>"
COPY = f"""From: Praxis <praxis@example.org>
To: erika.canary@example.net
Subject: Ihr Termin
Date: Mon, 23 Nov 2026 10:00:00 +0100
Message-ID: {ID}
"""


def dsn(
    fields: str, *, words: str = "I'm sorry to have to inform you", part: str = "message/rfc822"
) -> str:
    return f"""From: MAILER-DAEMON@mail.example.net (Mail Delivery System)
To: praxis@example.org
Subject: Undelivered Mail Returned to Sender
Date: Mon, 23 Nov 2026 10:00:05 +0100
Message-ID: <20261123090005.ABC@mail.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

{words}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.net
X-Postfix-Queue-ID: 4F2A1B

Final-Recipient: rfc822; erika.canary@example.net
{fields}
--b
Content-Type: {part}

{COPY}
Guten Tag
--b--
"""


def plain(sender: str, subject: str, body: str, more: str = "") -> str:
    return f"""From: {sender}
To: praxis@example.org
Subject: {subject}
Date: Mon, 23 Nov 2026 10:00:05 +0100
Message-ID: <1@mail.example.net>
{more}Content-Type: text/plain; charset=utf-8

{body}
"""


UNKNOWN = (
    "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <erika.canary@example.net>:"
)
POSTFIX = dsn(f"{UNKNOWN} Recipient address rejected: User unknown")
HEADERS_ONLY = dsn(f"{UNKNOWN} User unknown", part="text/rfc822-headers")
EXCHANGE = dsn(
    "Action: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10"
    " RESOLVER.ADR.RecipientNotFound; Recipient erika.canary@example.net not found"
)
FULL = dsn("Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full")
SPAM = dsn("Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 554 5.7.1 rejected as spam")
EXPIRED = dsn("Action: failed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect: timed out")
DELAYED = dsn("Action: delayed\nStatus: 4.4.1\nWill-Retry-Until: Fri, 27 Nov 2026 10:00:05 +0100")
DELIVERED = dsn("Action: delivered\nStatus: 2.0.0")
RELAYED = dsn("Action: relayed\nStatus: 2.0.0")
NO_DIAGNOSIS = dsn("Action: failed\nStatus: 5.4.4")
EXIM = plain(
    "Mail Delivery System <Mailer-Daemon@example.net>",
    "Mail delivery failed: returning message to sender",
    f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its recipients.
  erika.canary@example.net
    host mx.example.net [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<erika.canary@example.net>:
    550 5.1.1 <erika.canary@example.net> User unknown

------ This is a copy of the message, including all the headers. ------

{COPY}
Guten Tag""",
    "X-Failed-Recipients: erika.canary@example.net\n",
)
QMAIL = plain(
    "MAILER-DAEMON@example.net",
    "failure notice",
    f"""Hi. This is the qmail-send program at example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<erika.canary@example.net>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{COPY}
Guten Tag""",
)
SENDMAIL = plain(
    "Mail Delivery Subsystem <MAILER-DAEMON@example.net>",
    "Returned mail: see transcript for details",
    f"""   ----- The following addresses had permanent fatal errors -----
<erika.canary@example.net>
   ----- Transcript of session follows -----
... while talking to mx.example.net.:
>>> RCPT To:<erika.canary@example.net>
<<< 550 5.7.1 <erika.canary@example.net>... Mailbox disabled

{COPY}""",
)
GERMAN = plain(
    "postmaster@example.net",
    "Nachricht nicht zugestellt",
    f"""Ihre Nachricht konnte nicht zugestellt werden.

Empfänger: erika.canary@example.net
Grund: 550 Empfänger unbekannt

> {COPY.replace(chr(10), chr(10) + "> ")}""",
)
GERMAN_WORDS = plain(
    "Mailer-Daemon@example.net",
    "Unzustellbar: Ihr Termin",
    f"Das Postfach des Empfängers existiert nicht.\n\n{COPY}",
)
HTML = plain(
    "postmaster@example.net",
    "Undeliverable: Ihr Termin",
    f"<p>The email address wasn't found: 550 5.1.10 recipient not found</p><pre>{COPY}</pre>",
).replace("text/plain", "text/html")
WARNING = plain(
    "Mailer-Daemon@example.net",
    "Warning: message delayed 24 hours",
    f"The following message has not been delivered yet; it is still being retried.\n\n{COPY}",
)
QUIET_WARNING = plain(
    "Mailer-Daemon@example.net",
    "Delivery Status Notification",
    f"Delivery is delayed, we are still trying. It will be retried for 4 days.\n\n{COPY}",
)
COMPLAINT = f"""From: feedback@example.net
To: praxis@example.org
Subject: complaint
Date: Mon, 23 Nov 2026 10:00:05 +0100
Message-ID: <2@example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x/1.0
Version: 1
--b
Content-Type: message/rfc822

{COPY}
Guten Tag
--b--
"""
ABSENT = plain(
    "Erika Canary <erika.canary@example.net>",
    "Abwesenheit: Ihr Termin",
    "Ich bin bis zum 1.12. nicht da. 550 Grüße",
    f"In-Reply-To: {ID}\nAuto-Submitted: auto-replied\n",
)
ANSWER = plain(
    "Erika Canary <erika.canary@example.net>", "Re: Ihr Termin", f"550 5.1.1 user unknown\n{COPY}"
)
OTHER_DOMAIN = POSTFIX.replace(f"{REF}@example.org", f"{REF}@elsewhere.example")
NO_REFERENCE = POSTFIX.replace(ID, "<other@example.org>")


def parsed(raw: str) -> EmailMessage:
    return parse(raw.encode())


def read(raw: str) -> Event | None:
    return read_report(parsed(raw), "example.org", NOW)


@pytest.mark.parametrize(
    ("raw", "code", "permanent"),
    [
        (POSTFIX, "550", True),
        (HEADERS_ONLY, "550", True),
        (EXCHANGE, "550", True),
        (FULL, "552", False),
        (SPAM, "554", False),
        (EXPIRED, "450", False),
        (NO_DIAGNOSIS, "550", False),
        (EXIM, "550", True),
        (QMAIL, "550", True),
        (SENDMAIL, "550", True),
        (GERMAN, "550", True),
        (GERMAN_WORDS, "", True),
        (HTML, "550", True),
    ],
    ids=[
        "postfix", "headers only", "exchange", "full", "spam", "expired", "no diagnosis", "exim",
        "qmail", "sendmail", "german", "german words", "html",
    ],
)  # fmt: skip
def test_a_bounce(raw: str, code: str, permanent: bool) -> None:
    event = read(raw)
    assert event is not None
    assert (event.kind, event.ref, event.code) == ("bounced", REF, code)
    assert event.permanent is permanent
    assert event.at == datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)
    assert event.text
    assert may_be_report(parsed(raw))


@pytest.mark.parametrize("named", ["iso-8859-1", "utf-8", "unknown-8bit", "nonsense"])
def test_a_bounce_in_another_charset(named: str) -> None:
    octets = GERMAN_WORDS.encode("iso-8859-1").replace(
        b"charset=utf-8", f"charset={named}".encode()
    )
    event = read_report(parse(octets), "example.org", NOW)
    assert event is not None
    assert (event.kind, event.permanent) == ("bounced", True)


@pytest.mark.parametrize(
    "raw",
    [DELAYED, RELAYED, WARNING, QUIET_WARNING, ABSENT, ANSWER, OTHER_DOMAIN, NO_REFERENCE],
    ids=["delayed", "relayed", "warning", "quiet warning", "absent", "answer", "domain", "no ref"],
)
def test_what_is_no_bounce(raw: str) -> None:
    assert read(raw) is None


def test_a_report_of_delivery() -> None:
    event = read(DELIVERED)
    assert event is not None
    assert (event.kind, event.ref, event.permanent) == ("delivered", REF, False)


def test_a_complaint() -> None:
    event = read(COMPLAINT)
    assert event is not None
    assert (event.kind, event.ref) == ("complained", REF)


@pytest.mark.parametrize(
    "subject",
    [
        f"Abmeldung {REF}",
        f"Unsubscribe {REF}",
        f"AW: Abmeldung {REF.lower()}",
        f"Re: abmeldung  {REF} ",
    ],
)
def test_a_wish_to_unsubscribe(subject: str) -> None:
    raw = plain("erika.canary@example.net", subject, "")
    assert may_be_report(parsed(raw))
    event = read(raw)
    assert event is not None
    assert (event.kind, event.ref) == ("unsubscribed", REF)


@pytest.mark.parametrize("raw", [ABSENT, ANSWER, plain("e@example.net", "Abmeldung", "bitte")])
def test_other_mail_is_not_read(raw: str) -> None:
    assert not may_be_report(parsed(raw))


@pytest.mark.parametrize("raw", [POSTFIX, EXIM, QMAIL, SENDMAIL, GERMAN, COMPLAINT])
def test_an_event_holds_no_personal_data_and_no_address(raw: str) -> None:
    event = read(raw)
    assert event is not None
    assert event.address is None
    assert "canary" not in repr(event)
    assert "example.net" not in event.id


def test_the_same_mail_is_the_same_event_and_another_is_not() -> None:
    first, again, other = read(POSTFIX), read(POSTFIX), read(POSTFIX.replace(".ABC@", ".XYZ@"))
    assert first
    assert again
    assert other
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("Mon, 23 Nov 2099 10:00:05 +0100", NOW),
        ("no date", NOW),
        ("Sun, 22 Nov 2026 10:00:05 -0000", datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)),
    ],
)
def test_a_date_from_the_future_would_hide_all_that_come_later(date: str, at: datetime) -> None:
    event = read(POSTFIX.replace("Mon, 23 Nov 2026 10:00:05 +0100", date, 1))
    assert event is not None
    assert abs((event.at - at).total_seconds()) < 86400
    assert event.at <= NOW


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "raw",
    [
        "",
        "no mail at all",
        "Content-Type: multipart/report; report-type=delivery-status\n\nx",
        "Subject: Undelivered\nContent-Type: text/plain; charset=nonsense\n\n" + "5" * 500_000,
        plain("mailer-daemon@x", "failure notice", "<" * 200_000 + ID),
        dsn("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: " + "550 " * 50_000),
        dsn("Action: failed\nStatus: nonsense"),
        "Content-Type: multipart/report; boundary=b\n\n--b\n" * 50,
        plain("mailer-daemon@x", "failure notice " * 20_000, "550 no " * 20_000 + ID),
        plain("mailer-daemon@x" + ",a@x" * 20_000, "failure notice", "550 no " + ID),
    ],
    ids=[
        "empty",
        "text",
        "no parts",
        "charset",
        "brackets",
        "long",
        "status",
        "nested",
        "subject",
        "from",
    ],
)
def test_a_strange_mail_does_no_harm(raw: str) -> None:
    may_be_report(parsed(raw))
    event = read(raw)
    assert event is None or len(event.text) <= 200
