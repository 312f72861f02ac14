"""The text part that SendGrid writes from a version's HTML when the version is saved.

Its documents say when (`generate_plain_content`), not how. How is read off texts that it generated:
tags of Handlebars stay as they are, a link becomes `text ( address )`, bold `*text*`, an item
`* text`, headings get lines of signs, paragraphs an empty line between them, breaks a line.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_HIDDEN = frozenset({"head", "style", "script", "title"})
_PARAGRAPHS = frozenset({"p", "ul", "ol", "table", "blockquote", "h4", "h5", "h6"})
_LINES = frozenset({"div", "tr", "center", "section"})
_HEADINGS = {"h1": "*", "h2": "-", "h3": "-"}
_BOLD = frozenset({"b", "strong"})
_TRAILING = re.compile(r"[ \t]*\n[ \t]*")


def plain_text(html: str) -> str:
    """The generated text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = _TRAILING.sub("\n", "".join(reader.out))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._hidden = 0
        self._links: list[str] = []
        self._headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self.out.append("\n")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")
        elif tag == "img" and self._links:
            self.out.append(dict(attrs).get("alt") or "")
        elif tag == "li":
            self.out.append("\n* ")
        elif tag in _BOLD:
            self.out.append("*")
        elif tag in _HEADINGS:
            self.out.append("\n\n")
            self._headings.append(len(self.out))
        elif tag in _PARAGRAPHS or tag in _LINES:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a" and self._links:
            address = self._links.pop().removeprefix("mailto:")
            if address and not address.startswith("#"):
                self.out.append(f" ( {address} )")
        elif tag in _BOLD:
            self.out.append("*")
        elif tag in _HEADINGS and self._headings:
            self._underline(tag, self._headings.pop())
        elif tag in ("td", "th"):
            self.out.append(" ")
        elif tag in _PARAGRAPHS or tag in _LINES:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.out.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        self.out.append("\n\n" if tag in _PARAGRAPHS else "\n")

    def _underline(self, tag: str, begin: int) -> None:
        text = "".join(self.out[begin:]).strip()
        line = _HEADINGS[tag] * max(map(len, text.splitlines() or [""]))
        above = "" if tag == "h3" else f"{line}\n"
        self.out[begin:] = [f"{above}{text}\n{line}\n\n"]
