"""What whoever checks a mailing should know about the wording of its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serienpost.run.prepare.renderer import RunRenderer


def text_notes(renderer: RunRenderer) -> list[str]:
    """Where a mark was taken as text."""
    return [
        f"{file}:{lines[0]}: {found.mark} is text here{_further(lines[1:])}; {found.instead}"
        for file, lines, found in renderer.template.unread_marks()
    ]


def _further(lines: list[int]) -> str:
    return f", also in line {', '.join(map(str, lines))}" if lines else ""
