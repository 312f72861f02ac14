"""What people are shown is what SendGrid makes; the demo's fake is a second opinion."""

import pytest

from serienpost import Content, FilledTemplate, Message
from serienpost_channel_sendgrid.account import SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_channel_sendgrid.handlebars import Reading
from serienpost_channel_sendgrid.rendering import render
from serienpost_demo.sendgrid import handlebars as fake

SOURCES = [
    "{{X}} {{{X}}} {{& X}} {{ Y }}{{Leer}}{{Fehlt}}",
    "{{#if X}}a{{#if Leer}}b{{else}}{{X}}{{/if}}{{/if}}",
    "{{#if Leer}}a{{else if X}}b{{else}}c{{/if}}",
    "{{#if Leer}}a{{else if Fehlt}}b{{else}}c{{/if}}",
    "{{#if X}}a{{else if Y}}b{{else}}c{{/if}}",
    "{{#unless X}}a{{else}}b{{/unless}}{{#unless Leer}}c{{/unless}}",
    "{{#and X Y}}a{{/and}}{{#and X Leer}}b{{else}}c{{/and}}{{#or Leer Y}}d{{/or}}",
    "{{#equals Y 'zwei Worte'}}a{{else}}b{{/equals}}{{#notEquals X Y}}c{{/notEquals}}",
    "{{#greaterThan Zahl 3}}a{{/greaterThan}}{{#lessThan Zahl 3.5}}b{{else}}c{{/lessThan}}",
    "{{#greaterThan X 3}}a{{else}}b{{/greaterThan}}",
    '{{insert Leer "default=alle"}} {{insert X "default=alle"}} {{insert Fehlt}}',
    "{{#if (length Leer)}}a{{else}}b{{/if}}{{#greaterThan (length X) 2}}c{{/greaterThan}}",
    "{{@root.X}}",
    "a{{! {{X}} }}b{{!-- {{X}} --}}c",
    "{{#if Leer}}{{#if X}}a{{else}}b{{/if}}c{{else}}{{#equals X X}}d{{/equals}}{{/if}}",
]
DATA = {"X": '<b>O\'Neill & "S" `=`</b>', "Y": "zwei Worte", "Zahl": "4", "Leer": ""}


@pytest.mark.parametrize("source", SOURCES)
def test_it_reads_as_the_fake_renders_it(source: str) -> None:
    reading = Reading()
    reading.add("text", source)
    assert reading.problems == []
    assert render(source, DATA) == fake.render(source, DATA)


def test_braces_that_stand_for_themselves_stay() -> None:
    assert render(r"\{{X}} {{X}}", {"X": "a"}) == "{{X}} a"


def views(account: SendGridAccount, content: Content) -> dict[str, str]:
    message = Message("0" * 12, "run-1", 1, content)
    channel = SendGridChannel()
    files = channel.preview(account, message)
    return {name: data.decode() for name, data in channel.views(account, message, files).items()}


def test_a_template_is_shown_filled_in_and_loads_nothing(account: SendGridAccount) -> None:
    sources = {
        "subject": "{{{X}}}",
        "html": "<!DOCTYPE html><p>{{X}}</p><img src='https://cdn.example.org/logo.png'>",
        "text": "Guten Tag {{{X}}}",
    }
    filled = FilledTemplate("d-1", "v-1", {"X": "<b>Ada"}, sources)
    shown = views(
        account, Content("email", "a@example.org", "b@example.org", "", "", template=filled)
    )
    assert shown[".txt"] == "Guten Tag <b>Ada"
    assert shown[".html"].startswith("<!DOCTYPE html><meta ")
    assert "<p>&lt;b&gt;Ada</p>" in shown[".html"]
    assert "default-src 'none'; img-src data:;" in shown[".html"]


def test_a_run_from_before_its_parts_were_kept_shows_the_request_alone(
    account: SendGridAccount,
) -> None:
    filled = FilledTemplate("d-1", "v-1", {"X": "Ada"})
    content = Content("email", "a@example.org", "b@example.org", "", "", template=filled)
    assert views(account, content) == {}


def test_a_text_rendered_here_is_shown_too(account: SendGridAccount) -> None:
    content = Content("email", "a@example.org", "b@example.org", "S", "Text", "<p>Text</p>")
    shown = views(account, content)
    assert (shown[".txt"], shown[".html"][-11:]) == ("Text", "<p>Text</p>")
