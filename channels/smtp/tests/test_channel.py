"""What the channel says of itself, and what it refuses to carry."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from serienpost import (
    Attachment,
    Content,
    Context,
    Draft,
    HasProbe,
    Processor,
    Refused,
    redact,
)
from serienpost_channel_smtp import serienpost_channels
from serienpost_channel_smtp.account import SmtpAccount
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_channel_smtp.connection_settings import FINAL_TIMEOUT
from serienpost_channel_smtp.sender import BEFORE_DOT

DRAFT = Draft("email", "de", "erika@example.net", "Grüße", "Guten Tag", "<p>Guten Tag</p>", {})
ACCOUNT = SmtpAccount.model_validate(
    {"channel": "smtp", "host": "smtp.example.org", "sender": "Praxis <praxis@example.org>"}
)
PDF = Attachment("plan.pdf", "application/pdf", b"%PDF")


def test_content_is_the_draft_with_the_account_s_sender(context: Context) -> None:
    draft = replace(DRAFT, attachments=(PDF,))
    content = SmtpChannel().compose(context, ACCOUNT, draft)
    assert content == Content(
        "email", ACCOUNT.sender, draft.address, draft.subject, draft.text, draft.html, (PDF,)
    )


def test_an_account_may_send_the_text_alone(context: Context) -> None:
    logo = Attachment("logo.png", "image/png", b"x", content_id="logo.png")
    account = ACCOUNT.model_copy(update={"html": False})
    content = SmtpChannel().compose(context, account, replace(DRAFT, attachments=(PDF, logo)))
    assert isinstance(content, Content)
    assert (content.html, content.attachments) == (None, (PDF,))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "sms"}, "wrong_kind"),
        ({"address": "erika@"}, "address"),
        ({"address": "erika müller@example.net"}, "address"),
        ({"subject": " "}, "no_subject"),
        ({"subject": "x" * 1000}, "long_subject"),
        ({"subject": "a\r\nBcc: x@example.org"}, "unsafe_subject"),
        ({"subject": "=?utf-8?q?a=0D=0ABcc:_x@example.org?="}, "unsafe_subject"),
        ({"text": " \n"}, "no_text"),
        ({"text": "a\ud800"}, "text"),
        ({"html": "a\ud800"}, "text"),
        ({"attachments": (replace(PDF, filename="a\r\nb"),)}, "attachment"),
        ({"attachments": (replace(PDF, filename=""),)}, "attachment"),
        ({"attachments": (replace(PDF, media_type="pdf"),)}, "attachment"),
        ({"attachments": (replace(PDF, content_id="x"),), "html": None}, "attachment"),
    ],
)
def test_refused_drafts(context: Context, changes: dict[str, object], code: str) -> None:
    answer = SmtpChannel().compose(context, ACCOUNT, replace(DRAFT, **changes))
    assert isinstance(answer, Refused)
    assert answer.code == code


def test_processor_is_the_provider_unless_it_is_this_machine() -> None:
    channel = SmtpChannel()
    assert channel.processor(ACCOUNT) == Processor("smtp.example.org", "unknown")
    german = ACCOUNT.model_copy(update={"region": "DE"})
    assert channel.processor(german) == Processor("smtp.example.org", "DE")
    assert channel.processor(ACCOUNT.model_copy(update={"host": "127.0.0.1"})) is None


def test_a_call_is_over_before_the_lease() -> None:
    assert SmtpChannel().longest_call > BEFORE_DOT + FINAL_TIMEOUT
    assert FINAL_TIMEOUT == 600


def test_registers_one_channel_that_can_be_probed() -> None:
    (channel,) = serienpost_channels()
    assert channel.name == "smtp"
    assert isinstance(channel, HasProbe)


def test_registering_is_cheap() -> None:
    program = (
        "import json, sys; from serienpost_channel_smtp import serienpost_channels as hook;"
        "hook(); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    modules = set(json.loads(done.stdout))
    assert modules & {"aiosmtplib", "email.message", "pydantic", "ssl", "asyncio"} == set()


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("5.1.1 <a@b.de> unknown", "", "5.1.1 … unknown"),
        ("a.b+c@d.example.org is full", "", "… is full"),
        ("user erika.muster: no; Muster", "erika.muster@x.de", "user …: no; …"),
        ("call +49 351 / 123-4567 now", "", "call … now"),
        ("5.7.515 denied", "", "5.7.515 denied"),
        ("a\n  b\tc", "", "a b c"),
        ("Client host [192.0.2.100] blocked", "", "Client host […] blocked"),
    ],
)
def test_redaction(text: str, address: str, shown: str) -> None:
    assert redact(text, address) == shown
