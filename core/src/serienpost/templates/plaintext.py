"""The text part of a Markdown source: the same words, without marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.tree import SyntaxTreeNode

RULE = "-" * 20


class _Line(NamedTuple):
    """A line of text, or block tags between lines."""

    text: str
    is_tag: bool = False


def plain_text(root: SyntaxTreeNode) -> str:
    """Readable text: links as `text (address)`, list marks kept, cells joined by ` | `."""
    return "".join(
        line.text if line.is_tag else f"{line.text}\n" for line in _blocks(root.children)
    )


def _blocks(nodes: Iterable[SyntaxTreeNode], *, tight: bool = False) -> list[_Line]:
    lines = []
    for node in nodes:
        if node.type == "block_tags":
            lines.append(_Line(node.content, is_tag=True))
            continue
        lines += _block(node)
        if not tight:
            lines.append(_Line(""))
    return lines


def _block(node: SyntaxTreeNode) -> list[_Line]:
    if node.type in ("bullet_list", "ordered_list"):
        return _list(node)
    if node.type == "blockquote":
        return [_prefixed(line, "> ") for line in _trimmed(_blocks(node.children))]
    if node.type == "table":
        return [_row(row) for part in node.children for row in part.children]
    if node.type == "hr":
        return [_Line(RULE)]
    return [_Line(line) for line in _inline(node).split("\n")]


def _row(row: SyntaxTreeNode) -> _Line:
    return _Line(" | ".join(_inline(cell).replace("\n", " ") for cell in row.children))


def _list(node: SyntaxTreeNode) -> list[_Line]:
    lines: list[_Line] = []
    number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    for item in node.children:
        if item.type == "block_tags":
            lines.append(_Line(item.content, is_tag=True))
            continue
        mark = "- " if number is None else f"{number}. "
        tight = all(child.hidden for child in item.children if child.type == "paragraph")
        inner = _blocks(item.children, tight=tight)
        first = next((at for at, line in enumerate(inner) if not line.is_tag), -1)
        for at, line in enumerate(inner):
            lines.append(_prefixed(line, mark if at == first else " " * len(mark)))
        number = None if number is None else number + 1
    return _trimmed(lines)


def _prefixed(line: _Line, prefix: str) -> _Line:
    return line if line.is_tag or not line.text else _Line(prefix + line.text)


def _trimmed(lines: list[_Line]) -> list[_Line]:
    end = len(lines)
    while end and lines[end - 1] == _Line(""):
        end -= 1
    return lines[:end]


def _inline(node: SyntaxTreeNode) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    if node.type in ("text", "code_inline"):
        return node.content
    inner = "".join(_inline(child) for child in node.children)
    if node.type == "link":
        return _link(inner, str(node.attrs["href"]))
    return inner


def _link(text: str, href: str) -> str:
    address = href.removeprefix("mailto:").removeprefix("tel:")
    return text if text in (address, href) else f"{text} ({address})"
