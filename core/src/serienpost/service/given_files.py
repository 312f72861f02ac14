"""Files that were given to a draft or a selection, as faces see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost.documents import Record
from serienpost.run.prepare.uploaded_files import as_uploads

if TYPE_CHECKING:
    from serienpost.config.uploads import UploadKind
    from serienpost.ledger.drafts import UploadRow


@dataclass(frozen=True, slots=True)
class UploadedFile(Record):
    """A file that was given to a draft, or a list that people are looked for in.

    Args:
        id: names it.
        kind: whether it is attached or read as a list.
        name: what recipients see of an attachment; it may be another than was given.
        size: in bytes.
        reference: how keys of the draft mean it: in `attachments`, or as the `file` of a list.
    """

    id: str
    kind: UploadKind
    name: str
    size: int
    reference: str


def uploaded_file(row: UploadRow) -> UploadedFile:
    """A file as the ledger knows it."""
    (file,) = as_uploads([row])
    return UploadedFile(row.id, row.kind, row.name, row.size, file.reference)
