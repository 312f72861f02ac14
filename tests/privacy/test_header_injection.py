"""Values that try to become headers, on Pythons whose `email` package lets them.

Some builds write `=?utf-8?q?a=0D=0ABcc:_x@y.z?=` as two headers (CVE-2024-6923). Here the package
is brought to do so whatever this build does; what leaves must be the same.
"""

from __future__ import annotations

import email.generator
import json
import re
from email import message_from_bytes
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from attack_corpus.attacks import VALUES

from serienpost import Attachment, Draft, Message, Refused
from serienpost_channel_sendgrid.account import SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_channel_smtp import message as smtp_message
from serienpost_channel_smtp.account import SmtpAccount
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_channel_smtp.message import UnsafeMessageError
from serienpost_channel_smtp.mime_template import POLICY
from serienpost_testkit.contexts import MakeContext

if TYPE_CHECKING:
    from pathlib import Path

SENDER = "Praxis Null <praxis@example.org>"
SMTP: dict[str, Any] = {"channel": "smtp", "host": "127.0.0.1", "security": "none"}
GRID: dict[str, Any] = {"channel": "sendgrid", "api_key": "secret:A"}
EVIL = [
    *(value for value in VALUES if re.search(r"Bcc|=\?|[\r\n\x00\x0b\x0c\x85\u2028\u2029]", value)),
    "a =?utf-8?q?b=0D=0ABcc:_x@y.z=0D=0A=0D=0Atext?=",
    "=?utf-8?q?a?= =?utf-8?q?=0D=0ABcc:_x@y.z?=",
    "=?utf-8?b?YQ0KQmNjOiB4QHkueg0KDQp0ZXh0?=",
]
NAMES = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
         "Content-Transfer-Encoding", "Content-Disposition", "Reply-To",
         "X-Auto-Response-Suppress"}  # fmt: skip


@pytest.fixture(autouse=True)
def becomes_header(monkeypatch: pytest.MonkeyPatch) -> bool:
    """`email` as it was before it looked at what it writes; whether this build then makes a header
    of an encoded word (that of Python 3.11.2 and others does not)."""
    never = re.compile(r"(?!)")
    monkeypatch.setattr(email.generator, "NEWLINE_WITHOUT_FWSP", never, raising=False)
    mail = EmailMessage(policy=POLICY)
    mail["Subject"] = "a =?utf-8?q?b=0D=0ABcc:_c@example.org?="
    smtp_message.encoded_words_become_headers.cache_clear()
    smtp_message.self_test.cache_clear()
    return b"\nBcc:" in mail.as_bytes()


def draft(subject: str = "Gruß", filename: str = "", address: str = "ada@example.org") -> Draft:
    files = (Attachment(filename, "application/pdf", b"%PDF-"),) if filename else ()
    return Draft("email", "de", address, subject, "Text", "<p>Text</p>", {}, files)


def test_the_self_test_knows_and_sending_goes_on(becomes_header: bool) -> None:
    assert smtp_message.encoded_words_become_headers() is becomes_header
    smtp_message.self_test()


@pytest.mark.parametrize("value", EVIL, ids=ascii)
@pytest.mark.parametrize("place", ["subject", "filename", "address"])
def test_smtp_writes_the_headers_that_were_meant(tmp_path: Path, place: str, value: str) -> None:
    account = SmtpAccount.model_validate({**SMTP, "sender": SENDER})
    with MakeContext(tmp_path) as make:
        content = SmtpChannel().compose(make(), account, draft(**{place: value}))
    if isinstance(content, Refused):
        return
    try:
        (raw,) = SmtpChannel().preview(account, Message("0" * 12, "run", 1, content)).values()
    except UnsafeMessageError:
        return
    mail = message_from_bytes(raw)
    assert {name for part in mail.walk() for name in part.keys()} <= NAMES  # noqa: SIM118
    assert mail["To"] == "ada@example.org"
    assert b"x@y.z" not in raw.split(b"\r\n\r\n", 1)[0]


@pytest.mark.parametrize("value", EVIL, ids=ascii)
@pytest.mark.parametrize("place", ["subject", "filename", "address"])
def test_sendgrid_gets_no_header_in_a_value(tmp_path: Path, place: str, value: str) -> None:
    """SendGrid writes the message itself, by whatever it is made of: what it gets is plain."""
    account = SendGridAccount.model_validate({**GRID, "sender": SENDER})
    with MakeContext(tmp_path) as make:
        content = SendGridChannel().compose(make(), account, draft(**{place: value}))
    if isinstance(content, Refused):
        return
    (data,) = SendGridChannel().preview(account, Message("0" * 12, "run", 1, content)).values()
    request = json.loads(data)
    in_headers = [request["subject"], *(a["filename"] for a in request.get("attachments", []))]
    in_headers += [one["to"][0]["email"] for one in request["personalizations"]]
    for text in in_headers:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", text)
        assert not re.search(r"=\?.*\?=", text)


@pytest.mark.parametrize("value", EVIL, ids=ascii)
@pytest.mark.parametrize("key", ["sender", "reply_to"])
@pytest.mark.parametrize(("model", "given"), [(SmtpAccount, SMTP), (SendGridAccount, GRID)])
def test_accounts_take_no_such_name(
    model: type[SmtpAccount | SendGridAccount], given: dict[str, Any], key: str, value: str
) -> None:
    whole = {**given, "sender": SENDER, key: f"{value} <praxis@example.org>"}
    try:
        account = model.model_validate(whole)
    except ValueError:
        return
    kept = str(getattr(account, key))
    assert kept.isprintable()
    assert not re.search(r"=\?.*\?=", kept)
