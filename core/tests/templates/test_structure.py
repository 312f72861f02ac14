"""No value changes the structure of the HTML, leaves its place, or becomes part of the text."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serienpost.templates.compiled import CompiledTemplate, Rendered, ValueRefused

TEXT = """{{A}}

# Titel {{B}}

Text **{{A}}** und `{{B}}` mit [Link {{A}}]({{L}}).
{{B}}

- {{A}}
- {% if C %}{{C}}{% endif %}

| a | b |
|---|---|
| {{A}} | {{B}} |

> {{A}}
"""
PAGE = '<div><p>{{A}}</p><a href="{{L}}">{{B}}</a>{% if C %}<b>{{C}}</b>{% endif %}</div>'
PIECES = [
    "{{", "}}", "{%", "%}", "{{A}}", "{% if A %}", "<", ">", "</p>", "<script>", "<!--", "-->", "&",
    "&lt;", "'", '"', "`", "*", "_", "#", "- ", "1. ", "|", "[a](b)", "![", "\n", "\n\n", "\t",
    "\\", "=?utf-8?q?a?=", "http://", "javascript:", "ä", "\ue000o0\ue001", "\ue000b1\ue001",
    "]]>",
]  # fmt: skip
values = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), min_size=1, max_size=6).map(
    "".join
)
links = st.text(max_size=12).map("https://a.de/".__add__)


class Tags(HTMLParser):
    """The tags of a page with their attributes' names, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.tags.append((tag, [name for name, _ in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(tag)

    def handle_comment(self, data: str) -> None:
        self.tags.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.tags.append("declaration")

    def unknown_decl(self, data: str) -> None:
        self.tags.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.tags.append("instruction")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def render(template: CompiledTemplate, **filled: str) -> Rendered | None:
    try:
        return template.render(filled)
    except ValueRefused:
        return None


@pytest.fixture(scope="module")
def templates() -> list[CompiledTemplate]:
    from zoneinfo import ZoneInfo

    from serienpost.templates.folder import TemplateFiles, TextFile

    zone = ZoneInfo("Europe/Berlin")
    source = TextFile(TEXT, "t/email.md")
    return [
        CompiledTemplate(
            TemplateFiles("t", "email.md", "de", (), TextFile("{{A}}", "t"), source, files),
            kind,
            html=True,
            zone=zone,
        )
        for kind, files in (("email", {}), ("letter", {}), ("email", {"email.html": PAGE.encode()}))
    ]


@settings(deadline=None, derandomize=True, max_examples=150)
@given(a=values, b=values, c=values, link=links)
@example(a="{{B}}", b="</p><script>x</script>", c="<b", link="https://a.de/%22><b>")
@example(a="a", b="\ue000o0\ue001", c="\n\n# x", link="https://a.de/{{A}}")
def test_values_never_change_the_structure(
    templates: list[CompiledTemplate], a: str, b: str, c: str, link: str
) -> None:
    for template in templates:
        rendered = render(template, A=a, B=b, C=c, L=link)
        if rendered is None:
            continue
        plain = render(template, A="x", B="x", C="x" * bool(c.strip()), L="https://a.de")
        assert plain
        assert rendered.html
        assert plain.html
        assert Tags(rendered.html).tags == Tags(plain.html).tags
        assert a in rendered.subject
        assert all(value in rendered.text for value in (a.strip("\n"), b))
        written = "".join(Tags(rendered.html.replace("<br>\n", "\n")).words)
        assert b in written


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    source=st.lists(st.sampled_from([*PIECES, "{% endif %}", "{% else %}"]) | st.text(max_size=5))
)
def test_any_text_becomes_well_formed_html_or_refused(source: list[str]) -> None:
    from zoneinfo import ZoneInfo

    from serienpost.errors import TemplateError
    from serienpost.templates.folder import from_text

    text = "".join(source)
    try:
        template = CompiledTemplate(
            from_text(None, text, "m.yaml"), "email", html=True, zone=ZoneInfo("UTC")
        )
    except TemplateError:
        return
    rendered = template.render(dict.fromkeys(template.names, "x"))
    assert rendered.html
    assert_well_formed(rendered.html)


def assert_well_formed(html: str) -> None:
    """Every tag is closed in its own order."""
    opened: list[str] = []
    for tag in Tags(html).tags:
        if isinstance(tag, tuple):
            if tag[0] not in ("meta", "hr", "img"):
                opened.append(tag[0])
        elif tag not in ("declaration", "hr", "br", "img"):
            assert opened.pop() == tag
    assert not opened


Compile = Callable[..., CompiledTemplate]


@pytest.mark.parametrize("x", ["", "w"])
@pytest.mark.parametrize("y", ["", "w"])
def test_every_branch_gives_well_formed_html(mail: Compile, x: str, y: str) -> None:
    text = """
{% if X %}
# a
{% if Y %}
- b
- {% if X %}c{% endif %}
{% else %}
> d {% if Y %}*e*{% elif X %}f{% else %}g{% endif %}
{% endif %}
{% elif Y %}
| h |
|---|
| {% if X %}i{% endif %} |
{% endif %}
j
"""
    html = mail(text).render({"X": x, "Y": y}).html
    assert html
    assert_well_formed(html)
    assert "<p></p>" not in html
