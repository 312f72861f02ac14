"""The text part of a Markdown source: as typed, without the marks that only change the look."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.tree import SyntaxTreeNode


class _Line(NamedTuple):
    """A line of text, or block tags between lines."""

    text: str
    is_tag: bool = False


_BLANK = _Line("")


def plain_text(root: SyntaxTreeNode, source: str) -> str:
    """As typed: bullets keep their `- `, links read `text (address)`, cells are joined by ` | `;
    the marks of bold, italic and headings are left out."""
    lines = _blocks(root.children, source.split("\n"))
    return "".join(line.text if line.is_tag else f"{line.text}\n" for line in lines)


def _blocks(
    nodes: Sequence[SyntaxTreeNode], source: list[str], *, tight: bool = False
) -> list[_Line]:
    lines = []
    for node, following in zip_longest(nodes, nodes[1:]):
        if node.type == "block_tags":
            lines.append(_Line(node.content, is_tag=True))
            continue
        lines += _block(node, source)
        if not tight and not _adjoins(following, source):
            lines.append(_BLANK)
    return lines


def _adjoins(node: SyntaxTreeNode | None, source: list[str]) -> bool:
    """Whether a block was typed on the line right behind another."""
    if node is None or node.type == "block_tags" or not node.map:
        return False
    return bool(source[node.map[0] - 1].strip())


def _block(node: SyntaxTreeNode, source: list[str]) -> list[_Line]:
    if node.type == "bullet_list":
        return _list(node, source)
    if node.type == "table":
        return [_row(row) for part in node.children for row in part.children]
    return [_Line(line) for line in _inline(node).split("\n")]


def _row(row: SyntaxTreeNode) -> _Line:
    return _Line(" | ".join(_inline(cell).replace("\n", " ") for cell in row.children))


def _list(node: SyntaxTreeNode, source: list[str]) -> list[_Line]:
    lines: list[_Line] = []
    for item, following in zip_longest(node.children, node.children[1:]):
        if item.type == "block_tags":
            lines.append(_Line(item.content, is_tag=True))
            continue
        tight = all(child.hidden for child in item.children if child.type == "paragraph")
        inner = _trimmed(_blocks(item.children, source, tight=tight))
        first = next((at for at, line in enumerate(inner) if not line.is_tag), -1)
        for at, line in enumerate(inner):
            lines.append(_prefixed(line, "- " if at == first else "  "))
        if not tight and not _adjoins(following, source):
            lines.append(_BLANK)
    return _trimmed(lines)


def _prefixed(line: _Line, prefix: str) -> _Line:
    return line if line.is_tag or not line.text else _Line(prefix + line.text)


def _trimmed(lines: list[_Line]) -> list[_Line]:
    end = len(lines)
    while end and lines[end - 1] == _BLANK:
        end -= 1
    return lines[:end]


def _inline(node: SyntaxTreeNode) -> str:
    if node.type == "softbreak":
        return "\n"
    if node.type == "text":
        return node.content
    inner = "".join(_inline(child) for child in node.children)
    if node.type == "link":
        return _link(inner, str(node.attrs["href"]))
    return inner


def _link(text: str, href: str) -> str:
    address = href.removeprefix("mailto:").removeprefix("tel:")
    return text if text in (address, href) else f"{text} ({address})"
