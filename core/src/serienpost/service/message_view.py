"""One message of a run to be looked at on a page: nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serienpost.documents import FOR_FACES, Record
from serienpost.run.prepare.renderer import load_renderer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from serienpost.service.run import Run


@dataclass(frozen=True, slots=True)
class ShownFile(Record):
    """A file that goes with a message.

    Args:
        size: in bytes.
        data: what is in it.
    """

    name: str
    media_type: str
    size: int
    data: bytes = field(repr=False, metadata=FOR_FACES)


@dataclass(frozen=True, slots=True)
class ShownMessage(Record):
    """A message as it would leave (or left), and how it looks.

    Args:
        left_at: when it was handed over, in practice time; None for one that did not leave.
        subject: empty where the kind has none, or where the provider writes it.
        attachments: without the images within the formatted part.
        files: what would leave, by suffix.
        views: further files that show it, by suffix; `.html` loads nothing from elsewhere.
    """

    row: str
    sender: str
    address: str
    left_at: datetime | None
    subject: str
    text: str
    attachments: tuple[ShownFile, ...]
    files: Mapping[str, bytes] = field(metadata=FOR_FACES)
    views: Mapping[str, bytes] = field(metadata=FOR_FACES)


def shown_message(run: Run, row: str) -> ShownMessage:
    """The message of one marked row.

    Args:
        run: the run.
        row: id of the row.

    Raises:
        SerienpostError: there is no such row, it has no content, or would read differently now.
    """
    from serienpost.run.report.preview import show

    practice = run.practice
    renderer = load_renderer(practice.context, practice.ledger, run.id)
    shown = next(iter(show(renderer, practice.ledger, run.id, row, every=False)))
    content = shown.content
    return ShownMessage(
        row=shown.row,
        sender=content.sender,
        address=content.address,
        left_at=shown.left_at,
        subject=content.subject,
        text=content.text,
        attachments=tuple(
            ShownFile(one.filename, one.media_type, len(one.data), one.data)
            for one in content.attachments
            if one.content_id is None
        ),
        files=shown.files,
        views=shown.views,
    )
