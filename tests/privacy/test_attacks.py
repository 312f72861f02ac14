"""Texts and values made to break out: each ends in a clear refusal or as harmless text.

Every attack goes through every channel, up to the bytes that would leave; of a letter up to the
page that is laid out.
"""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from attack_corpus.arrivals import tags
from attack_corpus.attacks import MAIL_ONLY, TEMPLATES, VALUES

from serienpost import Draft, Message, Refused, TemplateError, with_reference
from serienpost.templates.compiled import CompiledTemplate, ValueRefused
from serienpost.templates.folder import from_text
from serienpost_channel_letter.account import LetterAccount
from serienpost_channel_letter.channel import LetterChannel
from serienpost_channel_letter.sender import letter_of
from serienpost_channel_sendgrid.account import SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_channel_smscreator.account import SmsCreatorAccount
from serienpost_channel_smscreator.channel import SmsCreatorChannel
from serienpost_channel_smtp.account import SmtpAccount
from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_channel_smtp.message import UnsafeMessageError
from serienpost_testkit.contexts import MakeContext

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import AccountSettings, Channel

KINDS = ("email", "sms", "letter")
ADDRESS = {
    **dict.fromkeys(("email", "grid"), "erika@example.org"),
    "sms": "+4915228817386",
    "letter": "Weg 1\n01067 Dresden",
}
CHANNELS: dict[str, tuple[Channel, AccountSettings]] = {
    "email": (
        SmtpChannel(),
        SmtpAccount(
            channel="smtp", host="127.0.0.1", security="none", sender="Praxis <p@example.org>"
        ),
    ),
    "grid": (
        SendGridChannel(),
        SendGridAccount.model_validate(
            {"channel": "sendgrid", "sender": "Praxis <p@example.org>", "api_key": "secret:A"}
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
    "letter": (LetterChannel(), LetterAccount(channel="letter", folder="briefe")),
}

assert len(TEMPLATES) + len(VALUES) >= 60


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
@pytest.mark.parametrize("way", CHANNELS)
def test_a_value_is_refused_or_plain_text(
    tmp_path: Path, way: str, in_subject: bool, value: str
) -> None:
    sent = leave(tmp_path, way, value, in_subject)
    if sent is None:
        return
    head, text, page = sent
    benign = leave(tmp_path, way, "Müller", in_subject)
    assert benign
    assert head == benign[0]
    assert "49" not in text.replace(ADDRESS["sms"], "")
    assert tags(page) == tags(benign[2])


def leave(
    folder: Path, way: str, value: str, in_subject: bool
) -> tuple[list[str], str, str] | None:
    """Headers, text and page as a recipient's program reads them; None where it was refused."""
    channel, account = CHANNELS[way]
    kind = "email" if way == "grid" else way
    made = template(kind, "Guten Tag {{X}}, bis bald.", "An {{X}}" if in_subject else "Gruß")
    try:
        rendered = made.render({"X": value})
    except ValueRefused:
        return None
    draft = Draft(
        kind,
        "de",
        ADDRESS[way],
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
    return READ[way](channel, account, message)


def read_mail(
    channel: Channel, account: AccountSettings, message: Message
) -> tuple[list[str], str, str] | None:
    try:
        (data,) = channel.preview(account, message).values()
    except UnsafeMessageError:
        return None
    mail = message_from_bytes(data, policy=policy.default)
    assert [str(mail["To"]), mail["Bcc"], mail["Cc"]] == [ADDRESS["email"], None, None]
    plain, page = (mail.get_body((form,)) for form in ("plain", "html"))  # type: ignore[attr-defined]
    return mail.keys(), plain.get_content(), page.get_content()


def read_request(
    channel: Channel, account: AccountSettings, message: Message
) -> tuple[list[str], str, str]:
    (data,) = channel.preview(account, message).values()
    request = json.loads(data)
    (one,) = request["personalizations"]
    assert one == {"to": [{"email": ADDRESS["grid"]}], "custom_args": {"ref": message.ref}}
    assert not set("\r\n\0") & set(request["subject"])
    plain, page = (part["value"] for part in request["content"])
    return list(request), plain, page


def read_sms(
    channel: Channel, account: AccountSettings, message: Message
) -> tuple[list[str], str, str]:
    (data,) = channel.preview(account, message).values()
    text = data.decode()
    return [text.split("\n\n", 1)[0]], text, ""


def read_page(
    _channel: Channel, _account: AccountSettings, message: Message
) -> tuple[list[str], str, str]:
    letter = letter_of(message)
    return [letter.address], message.content.text, letter.html


READ = {"email": read_mail, "grid": read_request, "sms": read_sms, "letter": read_page}
