"""From drafts to contents; values read literally wherever SendGrid's template puts them."""

from dataclasses import replace

import pytest

from serienpost import Attachment, Content, Context, Draft, ProviderTemplate, Refused, Variable
from serienpost_channel_sendgrid.account import SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_channel_sendgrid.handlebars import Reading
from serienpost_demo.sendgrid.handlebars import render

HARD = [
    "<b>fett</b>",
    'O\'Neill & "Söhne"',
    "{{Vorname}} {{{x}}}",
    "a < b = `c`",
    "&amp; &lt;",
    "Zoë Müßiggang 👋",
]


def template(*variables: Variable) -> ProviderTemplate:
    return ProviderTemplate("d-1", "v-1", "digest", "Einladung", variables)


def composed(
    context: Context, account: SendGridAccount, draft: Draft, **changes: object
) -> Content | Refused:
    return SendGridChannel().compose(context, account, replace(draft, **changes))


def data(answer: Content | Refused) -> dict[str, str]:
    assert isinstance(answer, Content)
    assert answer.template
    return dict(answer.template.data)


@pytest.mark.parametrize("value", HARD)
@pytest.mark.parametrize(
    ("subject", "html", "text"),
    [
        ("{{{X}}}", "<p>{{X}}</p>", "{{{X}}}"),
        ("fest", "<p>{{{X}}}</p>", ""),
    ],
)
def test_hard_values_are_read_literally(
    context: Context,
    account: SendGridAccount,
    draft: Draft,
    value: str,
    subject: str,
    html: str,
    text: str,
) -> None:
    from html import unescape

    reading = Reading()
    for part, source in (("subject", subject), ("html", html), ("text", text)):
        reading.add(part, source)
    kept = template(*reading.variables())
    answer = composed(
        context, account, draft, subject="", text="", html=None, template=kept, values={"X": value}
    )
    sent = data(answer)
    if "X" in subject:
        assert render(subject, sent) == value
        assert render(text, sent) == value
    shown = render(html, sent)
    assert "<b>" not in shown
    assert unescape(shown) == f"<p>{value}</p>"


def test_used_both_ways_only_what_is_the_same_passes(
    context: Context, account: SendGridAccount, draft: Draft
) -> None:
    kept = template(Variable("X", ("html", "text"), as_markup=True, as_text=True))
    both = {"subject": "", "text": "", "html": None, "template": kept}
    assert data(composed(context, account, draft, **both, values={"X": "Zoë"})) == {"X": "Zoë"}
    for value in ("O'Neill", "a\nb", "<b>"):
        answer = composed(context, account, draft, **both, values={"X": value})
        assert isinstance(answer, Refused)
        assert (answer.code, value in answer.reason) == ("value_refused", False)


def test_lines_become_breaks_in_html(
    context: Context, account: SendGridAccount, draft: Draft
) -> None:
    kept = template(Variable("Signatur", ("html",), as_markup=True))
    answer = composed(
        context, account, draft, template=kept, values={"Signatur": "Grüße\nDr. <Sonne>"}
    )
    assert data(answer) == {"Signatur": "Grüße<br>Dr. &lt;Sonne&gt;"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (Variable("X", ("subject",), as_text=True), "a\nb"),
        (Variable("X", ("subject",), as_text=True), "=?utf-8?q?a?="),
        (Variable("X", ("html",), as_markup=True), "a\x00b"),
        (Variable("X", ("html",), as_text=True), "a\rb"),
        (Variable("X", ("html",), tested=True), "nein"),
        (Variable("X", ("html",), tested=True), "no"),
    ],
)
def test_values_that_do_not_pass(
    context: Context, account: SendGridAccount, draft: Draft, variable: Variable, value: str
) -> None:
    answer = composed(context, account, draft, template=template(variable), values={"X": value})
    assert isinstance(answer, Refused)
    assert answer.code == "value_refused"


def test_only_variables_of_the_template_are_sent(
    context: Context, account: SendGridAccount, draft: Draft
) -> None:
    kept = template(Variable("A", ("html",), as_text=True), Variable("B", ("html",), as_text=True))
    answer = composed(context, account, draft, template=kept, values={"A": "1", "C": "3"})
    assert data(answer) == {"A": "1"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "sms"}, "wrong_kind"),
        ({"subject": " "}, "no_subject"),
        ({"subject": "a\r\nBcc: x@example.org"}, "unsafe_subject"),
        ({"text": " \n"}, "no_text"),
        ({"html": "a\ud800"}, "text"),
        ({"attachments": (Attachment("a\r\nb", "a/b", b"x"),)}, "attachment"),
        ({"attachments": (Attachment("", "a/b", b"x"),)}, "attachment"),
        ({"attachments": (Attachment("a", "a/b; x", b"x"),)}, "attachment"),
        ({"attachments": (Attachment("a", "a/b", b""),)}, "attachment"),
        ({"attachments": (Attachment("a", "a/b", b"x", "cid"),), "html": None}, "attachment"),
        ({"attachments": (Attachment("a", "a/b", bytes(23_000_000)),)}, "too_large"),
    ],
)
def test_refused_drafts(
    context: Context,
    account: SendGridAccount,
    draft: Draft,
    changes: dict[str, object],
    code: str,
) -> None:
    answer = composed(context, account, draft, **changes)
    assert isinstance(answer, Refused)
    assert answer.code == code


def test_22_mb_of_attachments_fit(context: Context, account: SendGridAccount, draft: Draft) -> None:
    big = Attachment("a", "a/b", bytes(22_000_000))
    assert isinstance(composed(context, account, draft, attachments=(big,)), Content)
