"""Any text without one of the documented marks arrives as typed, in both parts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from serienpost.templates.compiled import CompiledTemplate
from serienpost.templates.folder import from_text

SIGNS = [
    *(
        "\n",
        "\n",
        "\n\n",
        " ",
        " ",
        "  ",
        "    ",
        "\t",
        "Wort",
        "Praxis",
        "a",
        "7",
        "24.",
        "1)",
        "ä",
    ),
    *(
        "*",
        "**",
        "***",
        "_",
        "__",
        "-",
        "--",
        "---",
        "- -",
        "#",
        "##",
        "+",
        ">",
        "<",
        "=",
        "===",
        "~~",
    ),
    *(
        "|",
        "|---|",
        "[",
        "]",
        "(",
        ")",
        "[x]",
        "!",
        "`",
        "```",
        "\\",
        "\\\\",
        "&",
        "&amp;",
        "&#65;",
    ),
    *(
        "<b>",
        "</b>",
        "<br>",
        "<!--",
        "-->",
        "https://example.org",
        "<a@b.de>",
        "www.b.de",
        ":",
        ";",
    ),
    *(
        "„",
        "“",
        "»",
        "«",
        "€",
        "§",
        "…",
        "½",
        "{",
        "}",
        "%",
        "$",
        "@",
        "^",
        "'",
        '"',
        "/",
        "\u00a0",
    ),
]
# As docs/templates.md has them; rather too much than too little.
MARKS = re.compile(
    r"""
    ^[ \t]*(?:-|\#{1,6})[ \t]+\S          # a bullet, a heading
    | (?<![\w*])\*\*(?![\s*]) | (?<![\w_])_(?![\s_])  # where bold or italic may begin
    | \]\(                                # a link
    | ^[ \t]*[|:-][|:\- \t]*$             # the second line of a table
    | \{[{%\#] | \{\Z                     # a tag
    """,
    re.MULTILINE | re.VERBOSE,
)


class Shown(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page.partition("<body>")[2].partition("</body>")[0])

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in ("p", "br"), tag
        assert not attrs
        self.text += "\n"

    def handle_data(self, data: str) -> None:
        self.text += data


def lines(text: str) -> list[str]:
    return [line.rstrip(" \t") for line in text.split("\n") if line.strip(" \t")]


@given(st.lists(st.sampled_from(SIGNS), min_size=1, max_size=20).map("".join))
def test_what_holds_no_mark(text: str) -> None:
    if MARKS.search(text) or not text.strip():
        return
    check(text)


@given(
    st.lists(st.sampled_from(["Patient", "5", "ä", "a b"]), min_size=2, max_size=8),
    st.lists(st.sampled_from(["*", "**", "_", "__", " * ", " ** ", " _ ", "***"]), min_size=8),
)
def test_signs_inside_words_and_alone_are_no_marks(words: list[str], signs: list[str]) -> None:
    pairs = zip(words, signs, strict=False)
    check("".join(word + sign for word, sign in pairs) + "innen")


def check(text: str) -> None:
    rendered = compiled(text).render({})
    assert rendered.html
    assert lines(rendered.text) == lines(text)
    shown = Shown(rendered.html).text
    assert [line.strip(" \t") for line in lines(shown)] == [
        line.strip(" \t") for line in lines(text)
    ]


def compiled(text: str) -> CompiledTemplate:
    made = from_text(None, text, "m.yaml")
    return CompiledTemplate(made, "email", html=True, zone=ZoneInfo("Europe/Berlin"))
