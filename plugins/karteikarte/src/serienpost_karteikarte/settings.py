"""The key `karteikarte` of `serienpost.yaml`."""

from __future__ import annotations

from pydantic import Field

from serienpost import StrictModel
from serienpost_practice_db.settings import Url  # noqa: TC001  # a field's type


class KarteikarteSettings(StrictModel):
    """Where letters are kept in the patients' records."""

    database: Url = Field(
        description="URL of the database with the table `brief`; letters are written to it.",
        examples=["postgresql://brief:${secret:BRIEF_PASSWORD}@host/praxis"],
    )
