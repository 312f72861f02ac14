"""A letter's own page and style sheet: what of them is printed, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost.errors import TemplateError
from serienpost.templates.letter_page import split_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.templates.compiled import CompiledTemplate

    Mail = Callable[..., CompiledTemplate]

PAGE = b"""\
<!DOCTYPE html>
<html lang="de">
<head>
  <meta charset="utf-8">
  <title>Vorlage</title>
  <style>p { color: #333 }</style>
</head>
<body class="x">
{% if X %}
<p>{{X}} &amp; <img src="asset:logo.png" alt=""></p>
{% endif %}
</body>
</html>
"""


def test_of_a_whole_page_the_body_and_the_rules_remain(mail: Mail) -> None:
    made = mail("egal", kind="letter", letter_html=PAGE, logo_png=b"")
    sheet, body = split_page(made.render({"X": "<b>\nzwei"}).html or "")
    assert sheet == "p { color: #333 }"
    assert " ".join(body.split()) == (
        '<p>&lt;b&gt;<br> zwei &amp; <img src="asset:logo.png" alt=""></p>'
    )
    assert "X" in made.used["html"]
    assert "X" not in made.used["text"]


def test_a_fragment_stays_as_it_is(mail: Mail) -> None:
    page = b"<table><tr><td>{{X}}</td></tr></table>\n<p>a <b>b</b>"
    made = mail("egal", kind="letter", letter_html=page)
    html = made.render({"X": "1"}).html
    assert html == page.decode().replace("{{X}}", "1")
    assert split_page(html or "") == ("", html)


def test_rules_may_stand_before_the_text_and_in_several_places(mail: Mail) -> None:
    page = b"<style>p { color: red }</style>\n<style></style><style>b { color: blue }</style><p>a"
    made = mail("egal", kind="letter", letter_html=page).render({})
    assert split_page(made.html or "") == ("p { color: red }\nb { color: blue }", "\n<p>a")


@pytest.mark.parametrize(
    "page",
    [
        "<title>{{X}}</title>",
        "<head>{% if X %}</head>{% endif %}<p>a",
        "<p>{{X}}</p><style>p { color: red }</style>",
        "{% if X %}<style>p { color: red }</style>{% endif %}",
    ],
)
def test_macros_in_what_is_not_printed_and_conditional_rules(mail: Mail, page: str) -> None:
    with pytest.raises(TemplateError) as caught:
        mail("egal", kind="letter", letter_html=f"\n\n{page}".encode())
    assert {(p.file, p.line) for p in caught.value.problems} == {("t/letter.html", 3)}


ATTACKS = [
    '<img src="{url}">',
    '<img src="cid:logo.png">',
    '<img src="logo.png">',
    '<img src="asset:../logo.png">',
    '<img srcset="{url} 2x">',
    '<link rel="stylesheet" href="{url}">',
    '<link rel="attachment" href="{url}">',
    '<a rel="attachment" href="{url}">x</a>',
    '<a rel="nofollow ATTACHMENT" href="https://example.org/a.pdf">x</a>',
    '<svg><image href="{url}"/></svg>',
    '<svg><use xlink:href="{url}"/></svg>',
    '<object data="{url}"></object>',
    '<embed src="{url}">',
    '<iframe src="{url}"></iframe>',
    '<base href="{url}">',
    '<p style="background: url({url})">x</p>',
    "<p style=\"background: image-set('{url}' 1x)\">x</p>",
    "<p style='content: u\\72l({url})'>x</p>",
]
SHEETS = [
    "@import '{url}';",
    "@import url({url});",
    "@IMPORT '{url}';",
    "@font-face {{ font-family: x; src: url({url}) }}",
    "@font-face {{ font-family: x; src: local(Arial) }}",
    "p {{ background: url({url}) }}",
    "p::before {{ content: URL( '{url}' ) }}",
    "p::before {{ content: image-set('{url}' 1x) }}",
    "p {{ background: u\\72l({url}) }}",
    "p {{ color: red }} </style><img src={url}>",
]
URLS = ["http://127.0.0.1:9/x.png", "file:///etc/passwd", "//example.org/x.png"]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_page_loads_nothing(mail: Mail, attack: str, url: str) -> None:
    page = f"<p>a</p>\n{attack.format(url=url)}"
    with pytest.raises(TemplateError) as caught:
        mail("egal", kind="letter", letter_html=page.encode(), logo_png=b"")
    assert {(p.file, p.line) for p in caught.value.problems} == {("t/letter.html", 2)}


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("own", [True, False])
def test_a_style_sheet_loads_nothing(mail: Mail, sheet: str, url: str, *, own: bool) -> None:
    rules = f"p {{ margin: 0 }}\n{sheet.format(url=url)}"
    page = {"letter_html": b"<p>a"} if own else {}
    with pytest.raises(TemplateError) as caught:
        mail("egal", kind="letter", letter_css=rules.encode(), **page)
    assert {(p.file, p.line) for p in caught.value.problems} == {("t/letter.css", 2)}
    with pytest.raises(TemplateError) as caught:
        mail("egal", kind="letter", letter_html=f"<style>{rules}</style>".encode())
    assert ("t/letter.html", 2) in {(p.file, p.line) for p in caught.value.problems}
