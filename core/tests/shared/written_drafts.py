"""Short ways to write drafts, and to look at what is kept of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from serienpost.service import Draft, Run

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table

    from serienpost import Practice
    from serienpost.service.given_files import UploadedFile


def begun(practice: Practice, **how: Any) -> Draft:  # noqa: ANN401
    made = practice.new_draft("einladung", **how)
    assert isinstance(made, Draft)
    return made


def saved(draft: Draft, **keys: object) -> Draft:
    """The draft with some keys changed."""
    done = draft.save({**draft.keys, **keys}, draft.version)
    assert isinstance(done, Draft)
    return done


def run_of(draft: Draft) -> Run:
    made = draft.prepare()
    assert isinstance(made, Run)
    return made


def given(draft: Draft, data: bytes = b"%PDF-1.4", name: str = "plan.pdf") -> UploadedFile:
    return draft.add_file(name, io.BytesIO(data))


def folder_of(practice: Practice) -> Path:
    return practice.context.folder / "eingang"


def lying(practice: Practice) -> set[str]:
    """The names of all files that were given to drafts."""
    folder = folder_of(practice)
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def rows(practice: Practice, table: Table) -> list[dict[str, Any]]:
    with practice.ledger.read() as tx:
        return [dict(row._mapping) for row in tx.all(tx.select(table))]
