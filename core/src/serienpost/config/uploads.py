"""Files that were given to a draft, as its keys refer to them; files of `mailings/` do not."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from serienpost.errors import SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from serienpost.config.document import Document, Loc
    from serienpost.config.problems import Collector

    # From what is written in a file of the practice to the path that it means.
    Places: TypeAlias = Callable[[str], Path]

_ = Texts(__name__)

# The folder of the practice that they lie in.
UPLOADS = "eingang"

# How a key of a draft or a selection begins that means such a file: `upload:` and its id.
REFERENCE = "upload:"

# No path is longer (PATH_MAX of Linux).
_LONGEST_PATH = 4096

# `attachment`: goes with the messages; `list`: people are read from it.
UploadKind: TypeAlias = Literal["attachment", "list"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was given to a draft: its name in the folder, and what it was called."""

    id: str
    kind: UploadKind
    name: str

    @property
    def reference(self) -> str:
        """How a key of the draft means it."""
        return f"{REFERENCE}{self.id}"

    @property
    def path(self) -> str:
        """Where it lies, from the practice folder on."""
        return f"{UPLOADS}/{self.id}"


@contextmanager
def naming_uploads(files: Collection[Upload]) -> Iterator[None]:
    """Say of what is wrong in one of these files the name that it was given."""
    try:
        yield
    except SerienpostError as error:
        names = {one.path: one.name for one in files}
        known = [replace(one, file=names.get(one.file or "", one.file)) for one in error.problems]
        if known == list(error.problems):
            raise
        raise type(error)(*known) from error


def placed_uploads(
    path: Places, document: Document, uploads: Collection[Upload], collector: Collector
) -> dict[str, Any]:
    """The keys of a mailing with the path of each list in the place of its reference; `path` gives
    the path that a text of the mailing means.

    Noted as problems are references to what was not given to the draft, and paths that lead into
    the folder: a file there is its draft's alone.
    """
    data = dict(document.data)
    if not document.is_file:
        attached = {one.reference for one in uploads if one.kind == "attachment"}
        for loc, text in _texts(data.get("attachments"), ("attachments",)):
            if text.startswith(REFERENCE) and text not in attached:
                collector.add(loc, _GONE, _ADD)
    if "select" in data:
        lists = {one.reference: one.path for one in uploads if one.kind == "list"}
        data["select"] = _placed(
            path, data["select"], ("select",), None if document.is_file else lists, collector
        )
    return data


_GONE = _("no such file was given to the draft")
_ADD = _("add it again")


def _placed(
    path: Places,
    value: Any,  # noqa: ANN401  # JSON
    loc: Loc,
    lists: dict[str, str] | None,
    collector: Collector,
) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        inner = value.items()
        return {key: _placed(path, one, (*loc, key), lists, collector) for key, one in inner}
    if isinstance(value, list):
        numbered = enumerate(value)
        return [_placed(path, one, (*loc, no), lists, collector) for no, one in numbered]
    if not isinstance(value, str):
        return value
    if lists is not None and value.startswith(REFERENCE):
        if value not in lists:
            collector.add(loc, _GONE, _ADD)
        return lists.get(value, value)
    if _leads_into_uploads(path, value):
        text = _("the file lies in {folder}, which holds files of drafts", folder=f"{UPLOADS}/")
        collector.add(loc, text, _("put a copy of it elsewhere in the practice folder"))
    return value


def _texts(value: object, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*loc, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*loc, number))


def _leads_into_uploads(path: Places, text: str) -> bool:
    """Whether a text, taken for a path, names something in the folder, on whatever way."""
    if not 0 < len(text) < _LONGEST_PATH or "\0" in text:
        return False
    try:
        home = path(UPLOADS).stat()
        real = Path(os.path.realpath(path(text)))
        return any(os.path.samestat(one.stat(), home) for one in real.parents if one.is_dir())
    except (OSError, ValueError):  # there is no such folder, or the text is no path
        return False
