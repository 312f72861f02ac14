"""Templates at SendGrid: found by id or name, refused with a clear reason, told apart."""

import asyncio

import pytest

from serienpost import Context, ProviderTemplate, SecretError, SerienpostError, TemplateError
from serienpost_channel_sendgrid.account import SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version


@pytest.fixture
def look_up(context: Context, account: SendGridAccount) -> object:
    def run(wanted: str, **changes: object) -> ProviderTemplate:
        own = account.model_copy(update=changes)
        return asyncio.run(SendGridChannel().provider_template(context, own, wanted))

    return run


def test_by_id_and_by_name(fake: FakeSendGrid, look_up: object) -> None:
    template = fake.templates[0]
    by_id, by_name = look_up(template.id), look_up("Einladung")
    assert by_id == by_name
    assert template.current
    assert (by_id.id, by_id.version, by_id.title) == (
        template.id,
        template.current.id,
        "Einladung",
    )
    assert [variable.name for variable in by_id.variables] == ["Vorname"]


def test_found_on_a_later_page(fake: FakeSendGrid, look_up: object) -> None:
    fake.templates = [Template(f"T{n}", [Version("s", "h")]) for n in range(450)]
    assert look_up("T449").title == "T449"


def test_another_version_or_an_edited_one_is_not_the_same(
    fake: FakeSendGrid, look_up: object
) -> None:
    template = fake.templates[0]
    before = look_up("Einladung")
    assert before.is_same(look_up("Einladung"))
    assert template.current
    template.current.html += " "
    edited = look_up("Einladung")
    assert edited.version == before.version
    assert not edited.is_same(before)
    template.change(html="<p>{{Vorname}}</p>")
    assert look_up("Einladung").version != before.version


def test_the_text_that_sendgrid_generates_is_told_from_one_by_hand(
    fake: FakeSendGrid, look_up: object
) -> None:
    page = "<p>{{{Signatur}}}</p>"
    fake.templates = [
        Template("Erzeugt", [Version("s", page)]),
        Template("Von Hand", [Version("s", page, "{{{Signatur}}}")]),
    ]
    (generated,) = look_up("Erzeugt").variables
    (by_hand,) = look_up("Von Hand").variables
    assert (generated.as_markup, generated.as_text) == (True, False)
    assert (by_hand.as_markup, by_hand.as_text) == (True, True)
    assert look_up("Erzeugt").sources == {"subject": "s", "html": page, "text": "{{{Signatur}}}"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("Nichts", "there is no template Nichts at SendGrid"),
        ("d-0123456789abcdef0123456789abcdef", "there is no template d-0123456789abcdef"),
        ("Alt", "the template Alt is a legacy template"),
        ("6d1a2f0c-8b7e-4c7a-9f63-1d2c3b4a5e6f", "is a legacy template"),
        ("Zweimal", "several templates are called Zweimal (write the id: d-"),
        ("Ruhend", "has no version in force"),
        ("Leer", "the template Leer: it has no text"),
        ("Werbung", "the template Werbung: html: {{{unsubscribe}}} belongs to marketing mail"),
    ],
)
def test_templates_that_cannot_be_used(
    fake: FakeSendGrid, look_up: object, wanted: str, message: str
) -> None:
    old = "6d1a2f0c-8b7e-4c7a-9f63-1d2c3b4a5e6f"
    fake.templates += [
        Template("Alt", [Version("s", "h")], id=old, generation="legacy"),
        Template("Zweimal", [Version("s", "h")]),
        Template("Zweimal", [Version("s", "h")]),
        Template("Ruhend", [Version("s", "h")], active=None),
        Template("Leer", [Version("s")]),
        Template("Werbung", [Version("s", "{{{unsubscribe}}}")]),
    ]
    with pytest.raises(TemplateError) as caught:
        look_up(wanted)
    assert message in str(caught.value)


def test_a_key_without_the_right_and_a_missing_one(
    fake: FakeSendGrid, look_up: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.keys["SG.sendet"] = frozenset({"mail.send"})
    monkeypatch.setenv("MAIL_SENDGRID_API", "SG.sendet")
    with pytest.raises(SerienpostError, match="refuses the API key") as caught:
        look_up("Einladung")
    assert not isinstance(caught.value, TemplateError)
    monkeypatch.delenv("MAIL_SENDGRID_API")
    with pytest.raises(SecretError, match="MAIL_SENDGRID_API"):
        look_up("Einladung")


def test_templates_may_be_read_elsewhere(fake: FakeSendGrid, look_up: object) -> None:
    with FakeSendGrid(templates=[Template("Anderswo", [Version("s", "h")])]) as other:
        assert look_up("Anderswo", templates_url=other.url).title == "Anderswo"
        assert fake.requests == []
