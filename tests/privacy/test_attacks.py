"""Texts and values made to break out: each ends in a clear refusal or as harmless text.

Every attack goes through every kind of message that there is a channel for, up to the bytes that
would leave.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from attack_corpus.attacks import MAIL_ONLY, TEMPLATES, VALUES

from serienpost.contracts.channels import Draft, Message, Refused
from serienpost.errors import TemplateError
from serienpost.reference import with_reference
from serienpost.templates.compiled import CompiledTemplate, ValueRefused
from serienpost.templates.folder import from_text
from serienpost_channel_smscreator.account import SmsCreatorAccount
from serienpost_channel_smscreator.channel import SmsCreatorChannel
from serienpost_channel_smtp.account import SmtpAccount
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_channel_smtp.message import UnsafeMessageError
from serienpost_testkit.contexts import MakeContext
from serienpost_testkit.null.accounts import NullAccount
from serienpost_testkit.null.channels import null_letter

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost.config.accounts import AccountSettings
    from serienpost.contracts.channels import Channel

KINDS = ("email", "sms", "letter")
ADDRESS = {"email": "erika@example.org", "sms": "+4915228817386", "letter": "Weg 1\n01067 Dresden"}
CHANNELS: dict[str, tuple[Channel, AccountSettings]] = {
    "email": (
        SmtpChannel(),
        SmtpAccount(
            channel="smtp", host="127.0.0.1", security="none", sender="Praxis <p@example.org>"
        ),
    ),
    "sms": (
        SmsCreatorChannel(),
        SmsCreatorAccount.model_validate(
            {
                "channel": "smscreator",
                "user": "secret:A",
                "password": "secret:B",
                "recipient_format": "+49",
            }
        ),
    ),
    "letter": (null_letter(), NullAccount(channel="null-letter", sender="Praxis")),
}

assert len(TEMPLATES) + len(VALUES) >= 60


class _Names(HTMLParser):
    """The tags of a page and all of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.seen.append((tag, tuple(attrs)))


def template(kind: str, text: str, subject: str | None = None) -> CompiledTemplate:
    files = from_text(None if kind == "sms" else subject, text, "m.yaml")
    return CompiledTemplate(files, kind, html=kind != "sms", zone=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize("text", TEMPLATES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_does_more_than_a_text_is_refused_with_its_line(kind: str, text: str) -> None:
    if kind == "sms" and text.startswith("["):
        assert template(kind, text).render({"X": "a"}).text == text.replace("{{X}}", "a")
        return
    with pytest.raises(TemplateError) as caught:
        template(kind, f"Guten Tag,\n\n{text}")
    assert all(problem.file == "m.yaml" and problem.line for problem in caught.value.problems)
    if kind != "sms" and not text.startswith("["):
        with pytest.raises(TemplateError):
            template(kind, "Guten Tag", subject=text)


@pytest.mark.parametrize("text", MAIL_ONLY)
def test_a_link_or_image_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        template("email", text)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:40]))
@pytest.mark.parametrize("in_subject", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_refused_or_plain_text(
    tmp_path: Path, kind: str, in_subject: bool, value: str
) -> None:
    sent = leave(tmp_path, kind, value, in_subject)
    if sent is None:
        return
    head, text, page = sent
    benign = leave(tmp_path, kind, "Müller", in_subject)
    assert benign
    assert head.keys() == benign[0].keys()
    assert "49" not in text.replace(ADDRESS["sms"], "")
    if page is not None:
        assert benign[2]
        assert _Names(page).seen == _Names(benign[2]).seen


def leave(
    folder: Path, kind: str, value: str, in_subject: bool
) -> tuple[dict[str, str], str, str | None] | None:
    """Headers, text and page as a recipient's program reads them; None where it was refused."""
    channel, account = CHANNELS[kind]
    made = template(kind, "Guten Tag {{X}}, bis bald.", "An {{X}}" if in_subject else "Gruß")
    try:
        rendered = made.render({"X": value})
    except ValueRefused:
        return None
    draft = Draft(
        kind,
        "de",
        ADDRESS[kind],
        rendered.subject,
        rendered.text,
        rendered.html,
        made.shown({"X": value}),
    )
    with MakeContext(folder) as make:
        content = channel.compose(make(), account, draft)
    if isinstance(content, Refused):
        return None
    message = Message("0123456789AB", "run", 1, with_reference(content, "0123456789AB"))
    try:
        (data,) = channel.preview(account, message).values()
    except UnsafeMessageError:
        return None
    if kind != "email":
        text = data.decode()
        head = text.split("\n\n", 1)[0] if kind == "sms" else ADDRESS[kind]
        return {head: ""}, text, rendered.html
    mail = message_from_bytes(data, policy=policy.default)
    assert [str(mail["To"]), mail["Bcc"], mail["Cc"]] == [ADDRESS[kind], None, None]
    plain, page = (mail.get_body((form,)) for form in ("plain", "html"))  # type: ignore[attr-defined]
    return dict(mail.items()), plain.get_content(), page.get_content()
