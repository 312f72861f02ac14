"""What would leave (or left), as files; and how it looks."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, func, select

from serienpost.contracts.channels import HasViews
from serienpost.contracts.content import Content, Message, Refused
from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.rows import OUTGOING, Outgoing
from serienpost.ledger.runs import allow_command, find_rows, find_run
from serienpost.ledger.schema import attempt, message
from serienpost.ledger.states import LEFT
from serienpost.ledger.store import utc_now
from serienpost.run.prepare.check import EXAMPLE_ADDRESS
from serienpost.run.prepare.plan import from_json
from serienpost.run.prepare.renderer import message_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# The folder in the practice folder for the files that people look at.
PREVIEWS = "vorschau"

# Of so many messages at once pages are drawn as images, which takes longer than all else of them.
MOST_DRAWN = 20

# What separates the parts of a name, or is more than a sign in one.
_UNSAFE = re.compile(r"[^\w-]|_")


def file_name(row_id: str) -> str:
    """How the files of a row are called, before the point of their suffix: `patient-17_termin-99`.
    Other rows have other names, whatever signs the keys of the practice hold."""
    parts = (part.split(":", maxsplit=1) for part in row_id.split("/"))
    return "_".join("-".join(map(_quoted, part)) for part in parts)


def remove_previews(context: PracticeContext, run_id: str) -> None:
    """Remove the files that were written for whoever looks at a run."""
    shutil.rmtree(context.path(PREVIEWS) / run_id, ignore_errors=True)


def _quoted(text: str) -> str:
    return _UNSAFE.sub(
        lambda found: "".join(f"%{one:02X}" for one in found[0].encode("utf-8", "surrogatepass")),
        text,
    )


class Shown(NamedTuple):
    """A message to be looked at: its row, what would leave, further files that show it, what they
    are made of, and when it left; None for one that did not."""

    row: str
    files: dict[str, bytes]
    views: dict[str, bytes]
    content: Content
    left_at: datetime | None


def preview(
    renderer: RunRenderer, ledger: Ledger, run_id: str, row_id: str | None, *, every: bool
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """What would leave (or left): row id and files by suffix; see `show`."""
    for shown in show(renderer, ledger, run_id, row_id, every=every, views=False):
        yield shown.row, shown.files


def show(
    renderer: RunRenderer,
    ledger: Ledger,
    run_id: str,
    row_id: str | None,
    *,
    every: bool,
    views: bool = True,
) -> Iterator[Shown]:
    """What would leave (or left), and how it looks. Writes nothing to the ledger.

    Args:
        renderer: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: the run.
        row_id: one row or person; None for the first marked row, with `every` for all.
        every: all marked rows.
        views: whether the files to look at are made too; images of pages only of the first
            `MOST_DRAWN` messages with `every`.

    Raises:
        LedgerError: there is no such row, or it has no content.
    """
    c = message.c
    with ledger.read() as tx:
        allow_command(find_run(tx, run_id), "preview")
        columns = *OUTGOING, _left_at().label("left_at")
        marked = tx.select(message, *columns).where(c.run == run_id, c.macro_values.is_not(None))
        marked = marked.order_by(c.no)
        if row_id:
            marked = marked.where(c.no.in_([row.no for row in find_rows(tx, run_id, row_id)]))
        elif not every:
            marked = marked.limit(1)
        is_empty, drawn = True, 0
        for row in tx.stream(marked):
            is_empty = False
            views = views and (drawn < MOST_DRAWN or not every)
            left_at = row.left_at and row.left_at.astimezone(renderer.context.zone)
            left = _message(renderer, Outgoing._make(row[:-1]), left_at)
            files = dict(renderer.channel.preview(renderer.account, left))
            seen = _views(renderer, left, files) if views else {}
            shown = Shown(row.row_id, files, seen, left.content, left_at)
            drawn += any(suffix.endswith(".png") for suffix in shown.views)
            yield shown
        if row_id and is_empty:
            raise LedgerError(_("{row} is not marked; there is nothing to preview", row=row_id))


def _left_at() -> ColumnElement[datetime | None]:
    """When a message was handed over, as the ledger knows it; null for one that did not leave."""
    c, a = message.c, attempt.c
    mine = a.practice == c.practice, a.run == c.run, a.no == c.no
    tried = select(func.max(a.started_at)).where(*mine).correlate(message).scalar_subquery()
    return case((c.state.in_(LEFT), func.coalesce(tried, c.sent_at)))


def _message(renderer: RunRenderer, row: Outgoing, left_at: datetime | None) -> Message:
    content = renderer.content(from_json(row.macro_values), row.address)
    if isinstance(content, Refused) or not renderer.is_same(content, row.content_hash):
        raise SerienpostError(
            _("row {row} would now read differently than reviewed", row=row.row_id),
            hint=_("prepare the mailing again"),
        )
    return _seen(renderer, message_of(row, content), left_at)


def _seen(renderer: RunRenderer, left: Message, left_at: datetime | None = None) -> Message:
    return replace(left, seen_at=left_at or utc_now().astimezone(renderer.context.zone))


def _views(renderer: RunRenderer, left: Message, files: Mapping[str, bytes]) -> dict[str, bytes]:
    channel = renderer.channel
    if not isinstance(channel, HasViews):
        return {}
    return dict(channel.views(renderer.account, left, files))


def text_part(renderer: RunRenderer) -> list[str]:
    """How the text part of a provider's template reads with made-up values: a note for whoever
    checks the mailing; none where the text is rendered here or the channel does not show it."""
    if renderer.header.provider_template is None:
        return []
    address = EXAMPLE_ADDRESS.get(renderer.kind.name, "example")
    content = renderer.content(renderer.example_values(), address, examples=True)
    if isinstance(content, Refused):
        return []
    made_up = _seen(renderer, Message("0" * 12, "", 1, content, is_test=True))
    files = renderer.channel.preview(renderer.account, made_up)
    text = _views(renderer, made_up, files).get(".txt", b"").decode().strip()
    return [_("the text part, with made-up values:\n{text}", text=text)] if text else []
