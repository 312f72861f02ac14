"""The made-up SendGrid: what it takes, what it refuses and by which field, what it renders."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from serienpost_demo.sendgrid import FakeSendGrid, Fault, Template, Version
from serienpost_demo.sendgrid.handlebars import HandlebarsError, render
from serienpost_demo.webserver import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = Version("Für {{{Name}}}", "<p>{{Name}}</p>{{{Gruss}}}", "{{{Name}}}")
TEMPLATE = Template("Einladung", [VERSION])
RENDERED: dict[str, Any] = {
    "personalizations": [{"to": [{"email": "ada@example.org"}], "custom_args": {"ref": "A1"}}],
    "from": {"email": "praxis@example.org", "name": "Praxis"},
    "reply_to": {"email": "antwort@example.org"},
    "subject": "Gruß",
    "content": [
        {"type": "text/plain", "value": "Guten Tag"},
        {"type": "text/html", "value": "<p>Guten Tag</p>"},
    ],
    "attachments": [{"content": b64encode(b"%PDF").decode(), "filename": "a.pdf"}],
    "categories": ["praxis"],
    "mail_settings": {"sandbox_mode": {"enable": False}},
    "tracking_settings": {"click_tracking": {"enable": False, "enable_text": False}},
}
BATCH: dict[str, Any] = {
    "personalizations": [
        {
            "to": [{"email": f"{name}@example.org"}],
            "custom_args": {"ref": name},
            "dynamic_template_data": {"Name": name, "Gruss": "Grüße<br>Praxis"},
        }
        for name in ("ada", "uwe")
    ],
    "from": {"email": "praxis@example.org"},
    "template_id": TEMPLATE.id,
}


@pytest.fixture
def fake() -> FakeSendGrid:
    return FakeSendGrid(templates=[TEMPLATE])


def ask(
    fake: FakeSendGrid, path: str, body: object = None, key: str = "SG.fake", **query: str
) -> Answer:
    method = "GET" if body is None else "POST"
    octets = b"" if body is None else json.dumps(body).encode()
    return fake.answer(Request(method, path, query, {"authorization": f"Bearer {key}"}, octets))


def send(fake: FakeSendGrid, body: object, key: str = "SG.fake") -> tuple[int, str]:
    """Status, and the field of the first error."""
    answer = ask(fake, "/v3/mail/send", body, key)
    errors = json.loads(answer.body or b"{}").get("errors", [{}])
    return answer.status, str(errors[0].get("field") or "")


@pytest.mark.parametrize("body", [RENDERED, BATCH], ids=["rendered", "batch"])
def test_a_good_request_is_taken_and_rendered(fake: FakeSendGrid, body: dict[str, Any]) -> None:
    assert send(fake, body) == (202, "")
    first = fake.mails[0]
    assert [mail.ref for mail in fake.mails] == [
        one["custom_args"]["ref"] for one in body["personalizations"]
    ]
    if body is BATCH:
        assert (first.subject, first.text) == ("Für ada", "ada")
        assert first.html == "<p>ada</p>Grüße<br>Praxis"
    else:
        assert (first.subject, first.html) == ("Gruß", "<p>Guten Tag</p>")
        assert first.attachments == (("a.pdf", b"%PDF"),)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, the document itself first."""
    yield path
    inner = value.items() if isinstance(value, dict) else ()
    for name, each in enumerate(value) if isinstance(value, list) else inner:
        yield from places(each, (*path, name))


def changed(body: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    made = deepcopy(body)
    at: Any = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return made


def mutations(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each value replaced by null or one of another type, each object with a key it has not."""
    for path in places(body):
        free = "dynamic_template_data" in path
        at: Any = body
        for name in path:
            at = at[name]
        where = ".".join(map(str, path))
        if path and not (free and path[-1] != "dynamic_template_data"):
            wrong = "x" if isinstance(at, (bool, dict, list)) else 7
            yield f"{where} = null", changed(body, path, None)
            yield f"{where} = {wrong}", changed(body, path, wrong)
        if isinstance(at, dict) and not free and "custom_args" not in path:
            more = changed(body, path, {**at, "unbekannt": "x"}) if path else {**body, "x": "x"}
            yield f"{where} + key", more


@pytest.mark.parametrize("body", [RENDERED, BATCH], ids=["rendered", "batch"])
def test_every_mutation_of_a_request_is_refused(fake: FakeSendGrid, body: dict[str, Any]) -> None:
    made = dict(mutations(body))
    assert len(made) > 30
    assert [name for name, mutant in made.items() if send(fake, mutant)[0] != 400] == []
    assert fake.mails == []
    assert len(fake.refused) >= len(made)


PERSON = BATCH["personalizations"][0]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({**RENDERED, "personalizations": []}, "personalizations"),
    ({**RENDERED, "personalizations": [{"custom_args": {"a": "b"}}]}, "personalizations.0.to"),
    ({**BATCH, "personalizations": [PERSON, PERSON]}, "personalizations.1.to"),
    ({**RENDERED, "personalizations": [PERSON]}, "personalizations.0.dynamic_template_data"),
    ({**BATCH, "template_id": "13b8f94f-bcae-4ec6-b752-70d6cb59f932"},
     "personalizations.0.dynamic_template_data"),
    ({**BATCH, "template_id": "d-gibtesnicht"}, "template_id"),
    ({k: v for k, v in RENDERED.items() if k != "subject"}, "personalizations.0.subject"),
    ({k: v for k, v in RENDERED.items() if k != "content"}, "content"),
    ({k: v for k, v in RENDERED.items() if k != "from"}, "from"),
    ({**RENDERED, "content": RENDERED["content"][::-1]}, "content"),
    ({**RENDERED, "content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
    ({**RENDERED, "from": {"email": "praxis@example.org", "name": "A, B"}}, "from.name"),
    ({**RENDERED, "from": {"email": "keine Adresse"}}, "from.email"),
    ({**RENDERED, "reply_to_list": [{"email": "a@example.org"}]}, "reply_to"),
    ({**RENDERED, "categories": ["a", "a"]}, "categories"),
    ({**RENDERED, "categories": ["ä"]}, "categories.0"),
    ({**RENDERED, "categories": list("abcdefghijk")}, "categories"),
    ({**RENDERED, "headers": {"Bcc": "a@example.org"}}, "headers"),
    ({**RENDERED, "headers": {"X-A": "a\r\nBcc: a@example.org"}}, "headers"),
    ({**RENDERED, "custom_args": {"ref": "a" * 10_001}}, "custom_args"),
    ({**RENDERED, "attachments": [{"content": "?", "filename": "a"}]}, "attachments.0.content"),
    ({**RENDERED, "attachments": [{"content": "YQ=="}]}, "attachments.0.filename"),
    ({**RENDERED, "mail_settings": {"sandbox_mode": {"enable": "true"}}},
     "mail_settings.sandbox_mode.enable"),
    ({**BATCH, "personalizations": [{"to": [{"email": f"a{n}@example.org"}]} for n in range(1001)]},
     "personalizations"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), REFUSED, ids=lambda given: str(given)[:40])
def test_a_wrong_request_is_refused_with_its_field(
    fake: FakeSendGrid, body: dict[str, Any], field: str
) -> None:
    assert send(fake, body) == (400, field)
    assert fake.mails == []


def test_what_is_no_document_is_refused(fake: FakeSendGrid) -> None:
    request = Request("POST", "/v3/mail/send", {}, {"authorization": "Bearer SG.fake"}, b"{")
    assert fake.answer(request).status == 400
    assert ask(fake, "/v3/mail/send").status == 405
    huge = Request("POST", "/v3/mail/send", {}, request.headers, b" " * 30_000_001)
    assert fake.answer(huge).status == 413


def test_keys_open_what_they_may(fake: FakeSendGrid) -> None:
    fake.keys["SG.send"] = frozenset({"mail.send"})
    assert send(fake, RENDERED, "SG.falsch")[0] == 401
    assert send(fake, RENDERED, "SG.send")[0] == 202
    for path in (f"/v3/templates/{TEMPLATE.id}", "/v3/suppression/bounces"):
        assert ask(fake, path, key="SG.send").status == 403
        assert ask(fake, path).status == 200
    assert ask(fake, "/v3/marketing/contacts").status == 404


def test_a_sender_must_be_verified(fake: FakeSendGrid) -> None:
    fake.senders = frozenset({"andere@example.org"})
    assert send(fake, RENDERED) == (403, "from")
    fake.senders = frozenset({"praxis@example.org"})
    assert send(fake, RENDERED)[0] == 202


def test_templates_are_listed_by_generation_and_page(fake: FakeSendGrid) -> None:
    old = Template("Alt", [VERSION], id="13b8f94f-bcae-4ec6-b752-70d6cb59f932", generation="legacy")
    fake.templates += [old, Template("Neu", [VERSION])]
    assert ask(fake, "/v3/templates").status == 400

    def names(**query: str) -> list[str]:
        found = json.loads(ask(fake, "/v3/templates", **query).body)
        return [one["name"] for one in found["result"]]

    assert names(page_size="10") == ["Alt"]
    assert names(page_size="10", generations="dynamic") == ["Einladung", "Neu"]
    both = "legacy,dynamic"
    assert names(page_size="2", generations=both) == ["Einladung", "Alt"]
    assert names(page_size="2", generations=both, page_token="2") == ["Neu"]
    listed = json.loads(ask(fake, f"/v3/templates/{TEMPLATE.id}").body)
    assert "html_content" not in listed["versions"][0]
    path = f"/v3/templates/{TEMPLATE.id}/versions/{VERSION.id}"
    assert json.loads(ask(fake, path).body)["html_content"] == VERSION.html
    assert ask(fake, "/v3/templates/d-gibtesnicht").status == 404


def test_suppressed_addresses_are_taken_and_dropped(fake: FakeSendGrid) -> None:
    fake.suppress("Ada@example.org", created=1_700_000_000)
    assert send(fake, BATCH)[0] == 202
    assert [mail.to for mail in fake.mails] == ["uwe@example.org"]
    assert fake.dropped == ["ada@example.org"]
    for start, count in (("1700000000", 1), ("1700000001", 0)):
        listed = ask(fake, "/v3/suppression/bounces", start_time=start)
        assert len(json.loads(listed.body)) == count


def test_sandbox_checks_and_keeps_nothing(fake: FakeSendGrid) -> None:
    sandbox = {**RENDERED, "mail_settings": {"sandbox_mode": {"enable": True}}}
    assert send(fake, sandbox)[0] == 200
    assert fake.mails == []


def test_it_misbehaves_as_told(fake: FakeSendGrid) -> None:
    fake.script.refuse("uwe@*", times=1)
    fake.script.add(Fault(500, recipient="ada@*"), Fault(202, lost=True))
    assert send(fake, BATCH) == (400, "personalizations.1.to")
    assert send(fake, BATCH)[0] == 500
    assert fake.mails == []
    assert ask(fake, "/v3/mail/send", BATCH).lost
    assert len(fake.mails) == 2
    fake.rate = 1
    assert [send(fake, RENDERED)[0] for _ in range(2)] == [202, 429]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{a}}", "&lt;b&gt; &amp; &quot;{{x}}&quot; &#x27;"),
        ("{{{a}}}|{{& a}}", '<b> & "{{x}}" \'|<b> & "{{x}}" \''),
        ("{{fehlt}}{{o.p}}{{o.fehlt}}", "q"),
        ("{{#if leer}}ja{{else}}nein{{/if}}", "nein"),
        ("{{#if leer}}1{{else if a}}2{{else}}3{{/if}}", "2"),
        ("{{#unless leer}}ja{{/unless}}", "ja"),
        ("{{#equals n 3}}ja{{else}}nein{{/equals}}", "ja"),
        ('{{#notEquals o.p "q"}}ja{{else}}nein{{/notEquals}}', "nein"),
        ("{{#greaterThan n 2}}ja{{/greaterThan}}{{#lessThan n 2}}nein{{/lessThan}}", "ja"),
        ("{{#and a leer}}ja{{else}}nein{{/and}}{{#or a leer}}ja{{/or}}", "neinja"),
        ("{{#each l}}{{this}}{{@root.o.p}},{{/each}}", "1q,2q,"),
        ('{{insert fehlt "default=Gast"}} {{insert o.p "Gast"}}', "Gast q"),
        ("a{{! weg }}b{{!-- {{weg}} --}}c", "abc"),
    ],
)
def test_handlebars(source: str, text: str) -> None:
    data = {"a": '<b> & "{{x}}" \'', "leer": "", "n": "3", "o": {"p": "q"}, "l": [1, 2]}
    assert render(source, data) == text


@pytest.mark.parametrize(
    "source", ["{{#if a}}offen", "{{/if}}", "{{formt a}}", "{{#with a}}{{/with}}"]
)
def test_what_handlebars_cannot_render(source: str) -> None:
    with pytest.raises(HandlebarsError):
        render(source, {"a": "b"})


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>{{Name}},</p><p>{{{Signatur}}}</p>", "{{Name}},\n\n{{{Signatur}}}"),
        ("<b>Neu</b> &amp; <strong>wichtig</strong>", "*Neu* & *wichtig*"),
        ("<a href='https://example.org'>Termine</a>", "Termine ( https://example.org )"),
        ("<a href='mailto:a@example.org'><img alt='Post'></a>", "Post ( a@example.org )"),
        ("<ul><li>eins</li>\n<li>zwei</li></ul>", "* eins\n* zwei"),
        ("<h1>Zeiten</h1><p>ab\n  heute</p>", "******\nZeiten\n******\n\nab heute"),
        ("<div>a<br>b</div><div>c</div>", "a\nb\n\nc"),
        ("<head><title>t</title><style>p{}</style></head><!-- {{X}} --><p>a", "a"),
        ("<table><tr><td {{#if X}}class='a'{{/if}}>{{X}}</td></tr></table>", "{{X}}"),
        ("", ""),
    ],
)
def test_a_text_is_generated_from_the_html(html: str, text: str) -> None:
    version = Version("s", html)
    assert version.plain == text
    shown = Template("T", [version]).version(version, whole=True)
    assert (shown["generate_plain_content"], shown["plain_content"]) == (True, text)


def test_a_text_by_hand_stays() -> None:
    version = Version("s", "<p>{{{X}}}</p>", "{{{X}}}!")
    shown = Template("T", [version]).version(version, whole=True)
    assert (shown["generate_plain_content"], shown["plain_content"]) == (False, "{{{X}}}!")
