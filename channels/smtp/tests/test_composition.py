"""Headers that an account adds: where answers go, how to unsubscribe, who wrote."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from serienpost import (
    PLACEHOLDER,
    Content,
    Context,
    Draft,
    Message,
    PracticeInfo,
    with_reference,
)
from serienpost_channel_smtp.channel import SmtpChannel

LINKED = f"Guten Tag,\nabmelden: https://example.org/ab?nr={PLACEHOLDER}\n"
DRAFT = Draft("email", "de", "erika@example.net", "Grüße", LINKED, None, {})
REF = "0123456789AB"


def composed(context: Context, draft: Draft = DRAFT, **changes: object) -> Content:
    channel = SmtpChannel()
    values = {"channel": "smtp", "host": "smtp.example.org", "sender": "P <p@example.org>"}
    content = channel.compose(context, channel.account.model_validate(values | changes), draft)
    assert isinstance(content, Content)
    return content


def mail(context: Context, content: Content) -> dict[str, str]:
    channel = SmtpChannel()
    account = channel.account.model_validate(
        {"channel": "smtp", "host": "smtp.example.org", "sender": "P <p@example.org>"}
    )
    message = Message(REF, "run", 1, with_reference(content, REF))
    raw = channel.preview(account, message)[".eml"]
    return dict(message_from_bytes(raw, policy=default).items())


@pytest.fixture
def page(context: Context) -> str:
    info = PracticeInfo(name="Praxis", unsubscribe_url="https://example.org/ab?nr=")
    context.config = context.config.model_copy(update={"practice": info})
    return str(info.unsubscribe_url)


def test_without_a_web_page_one_unsubscribes_by_mail(context: Context) -> None:
    headers = mail(context, composed(context, reply_to="Empfang <empfang@example.org>"))
    assert headers["List-Unsubscribe"] == f"<mailto:empfang@example.org?subject=Abmeldung%20{REF}>"
    assert "List-Unsubscribe-Post" not in headers
    assert headers["Reply-To"] == "Empfang <empfang@example.org>"


def test_an_https_page_takes_one_click(context: Context, page: str) -> None:
    headers = mail(context, composed(context, replace(DRAFT, language="en-GB")))
    assert headers["List-Unsubscribe"].strip() == (
        f"<{page}{REF}>, <mailto:p@example.org?subject=Unsubscribe%20{REF}>"
    )
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_an_http_page_takes_no_single_click(context: Context) -> None:
    info = PracticeInfo(name="Praxis", unsubscribe_url="http://example.org/ab?nr=")
    context.config = context.config.model_copy(update={"practice": info})
    headers = mail(context, composed(context))
    assert f"<http://example.org/ab?nr={REF}>" in headers["List-Unsubscribe"]
    assert "List-Unsubscribe-Post" not in headers


@pytest.mark.parametrize(
    ("setting", "linked", "expected"),
    [
        ("when_linked", True, True),
        ("when_linked", False, False),
        ("always", False, True),
        ("never", True, False),
    ],
)
def test_when_there_is_such_a_header(
    context: Context, page: str, setting: str, linked: bool, expected: bool
) -> None:
    draft = DRAFT if linked else replace(DRAFT, text="Guten Tag")
    headers = mail(context, composed(context, draft, list_unsubscribe=setting))
    assert ("List-Unsubscribe" in headers) is expected
    assert ("List-Unsubscribe-Post" in headers) is expected


def test_marked_as_sent_by_a_program(context: Context) -> None:
    assert "Auto-Submitted" not in mail(context, composed(context))
    headers = mail(context, composed(context, auto_submitted=True))
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "OOF, AutoReply"


@pytest.mark.parametrize(
    "change",
    [{"reply_to": "a@example.org"}, {"auto_submitted": True}, {"list_unsubscribe": "never"}],
)
def test_a_changed_header_is_another_content(context: Context, change: dict[str, object]) -> None:
    assert composed(context, **change).digest() != composed(context).digest()
