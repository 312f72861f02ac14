"""What letters of a run have in common is laid out once and drawn on each as one object.

A letter is cut into its blocks. Those that are the same in all letters are laid out once, with gaps
for the others; a letter is laid out with gaps for what is the same. Whatever then stands elsewhere
than in the first letter, which was laid out whole, is laid out whole too: with or without a
shared layer a letter looks the same. No text of one letter can reach another: a layer holds only
blocks that stand word for word in both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from serienpost_channel_letter.style import Letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from weasyprint import Document

_BLOCKS = frozenset(
    {"p", "div", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote"}
)
_VOID = frozenset({"br", "img", "hr", "wbr", "col"})
# Tags so plain that every parser reads them alike; of a letter with another `<` nothing is shared.
_TAG = re.compile(
    r"""<(/?)([a-z][a-z0-9]*)(?:\s+[a-z][a-z0-9-]*(?:="[^"<]*")?)*\s*(/?)>""", re.IGNORECASE
)
_OWN_LOOKS = re.compile(r"<!--|\bstyle\s*=|<style\b", re.IGNORECASE)
_PLAIN = re.compile(r"(?P<begin><(?P<name>p|h[1-6])\b[^<>]*>)[^<>]*[^<>\s][^<>]*</(?P=name)>\Z")
_ADDRESS = 'class="anschrift"'
# Links belong to a page, the address to one person.
_ALWAYS_OWN = re.compile(rf"<a\b|{_ADDRESS}", re.IGNORECASE)

NOBODY = Letter(ref="", address="", title="", html="")

# CSS pixels: less than can be seen or is lost by rounding.
_CLOSE = 0.01

# So many letters more that do not fit the layer than do, and it is given up.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class BlockBox:
    """A block of the first letter as it was laid out, in CSS pixels from the page's top."""

    top: float
    height: float
    above: float
    below: float
    flows: bool


@dataclass(frozen=True, slots=True)
class SharedLayer:
    """Blocks that are the same in all letters.

    Args:
        document: one page with them alone.
        own: numbers of the blocks that each letter has of its own.
    """

    document: Document
    own: frozenset[int]


class SharedLayers:
    """Makes shared layers for the letters of one style, and lays out letters with them.

    Args:
        lay_out: lays out a letter whole.
    """

    def __init__(self, lay_out: Callable[[Letter], Document]) -> None:
        self._lay_out = lay_out
        self._first: tuple[str, ...] = ()
        self._blocks: tuple[BlockBox, ...] = ()
        self._own: frozenset[int] = frozenset()
        self._layer: SharedLayer | None = None
        self._fitted = False
        self._missed = 0

    def learn(self, letter: Letter, document: Document) -> None:
        """Take a letter that was laid out whole for the first one, unless one has proved good."""
        texts = blocks_of(letter.html)
        if self._fitted or not texts or len(document.pages) > 1:
            return
        boxes = _boxes(document)
        flow = [box.flows or _ADDRESS in text for box, text in zip(boxes, texts, strict=False)]
        if len(boxes) != len(texts) or not all(flow):
            return
        self._first, self._blocks, self._layer = texts, tuple(boxes), None
        self._own = frozenset(n for n, text in enumerate(texts) if _ALWAYS_OWN.search(text))

    def lay_out(self, letter: Letter) -> tuple[Document, SharedLayer] | None:
        """A letter without what its layer draws; None where it must be laid out whole."""
        texts = blocks_of(letter.html) if self._first and self._missed < _PATIENCE else None
        if texts is None or len(texts) != len(self._first):
            return None
        pairs = zip(texts, self._first, strict=True)
        own = {number for number, (one, first) in enumerate(pairs) if one != first}
        layer = self._for(self._own | own)
        document = self._placed(texts, layer.own, letter) if layer else None
        if document is None or layer is None:
            self._missed += 1
            return None
        self._missed, self._fitted = max(0, self._missed - 1), True
        return document, layer

    def _for(self, own: frozenset[int]) -> SharedLayer | None:
        if self._layer is None or own != self._layer.own:
            self._own, self._layer = own, None
            shared = frozenset(range(len(self._first))) - own
            document = self._placed(self._first, shared, NOBODY) if shared else None
            if document is not None:
                self._layer = SharedLayer(document, own)
        return self._layer

    def _placed(
        self, texts: Sequence[str], kept: frozenset[int], letter: Letter
    ) -> Document | None:
        """A page with some blocks of a letter, if all of it stands where it does in the first."""
        parts = list(self._parts(texts, kept))
        document = self._lay_out(replace(letter, html="".join(text for text, _, _ in parts)))
        boxes = [box for box in _boxes(document) if box.flows]
        wanted = [(top, height) for _, top, height in parts if height is not None]
        same = len(document.pages) == 1 and len(boxes) == len(wanted)
        return document if same and all(map(_fits, boxes, wanted)) else None

    def _parts(
        self, texts: Sequence[str], kept: frozenset[int]
    ) -> Iterator[tuple[str, float, float | None]]:
        """Blocks and gaps: the HTML of each, and where it must come to stand.

        A gap after the last block tells whether what follows it would stand elsewhere; where that
        block is plain text as in the first letter, nothing but its height could tell it.
        """
        end = max(kept, default=len(texts) - 1)
        upto = end + 1 if _is_alike(texts[end], self._first[end]) else len(texts)
        for is_kept, numbers in groupby(range(upto), key=kept.__contains__):
            group = list(numbers)
            blocks = [self._blocks[number] for number in group]
            if is_kept:
                for number, block in zip(group, blocks, strict=True):
                    yield texts[number], block.top, block.height if block.flows else None
            elif flowing := [block for block in blocks if block.flows]:
                first, last = flowing[0], flowing[-1]
                height = last.top + last.height - first.top
                margins = f"{first.above!r}px 0 {last.below!r}px 0"
                yield f'<div style="height:{height!r}px;margin:{margins}"></div>', first.top, height


def blocks_of(html: str) -> tuple[str, ...] | None:
    """The blocks of a letter one after the other; None where it is not simply that."""
    if _OWN_LOOKS.search(html):
        return None
    found: list[str] = []
    depth = start = end = 0
    tags = list(_TAG.finditer(html))
    if len(tags) != html.count("<"):
        return None
    for tag in tags:
        closing, name, empty = tag[1], tag[2].lower(), tag[3]
        if depth == 0:
            if closing or name not in _BLOCKS or html[end : tag.start()].strip():
                return None
            start = tag.start()
        if empty or name in _VOID:
            continue
        depth += -1 if closing else 1
        if depth == 0:
            end = tag.end()
            found.append(html[start:end])
    return None if depth or html[end:].strip() else tuple(found)


def _is_alike(block: str, first: str) -> bool:
    """Whether both are text without elements, in elements of the same look."""
    one, other = _PLAIN.match(block), _PLAIN.match(first)
    return one is not None and other is not None and one["begin"] == other["begin"]


def _boxes(document: Document) -> list[BlockBox]:
    root = document.pages[0]._page_box.children[0]  # no public way
    return [_block(box) for body in root.children[:1] for box in body.children]


def _block(box: Any) -> BlockBox:  # noqa: ANN401
    return BlockBox(
        box.border_box_y(),
        box.border_height(),
        box.margin_top,
        box.margin_bottom,
        box.is_in_normal_flow(),
    )


def _fits(box: BlockBox, wanted: tuple[float, float]) -> bool:
    top, height = wanted
    return abs(box.top - top) < _CLOSE and abs(box.height - height) < _CLOSE
