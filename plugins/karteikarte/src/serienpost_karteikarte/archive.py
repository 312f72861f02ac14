"""The archive `karteikarte` as the core sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import ArchiveEntry, Context


class Karteikarte:
    """Stores letters in the table `brief`, each message once."""

    name = "karteikarte"
    kinds = frozenset({"letter"})

    def store(self, context: Context, entries: Sequence[ArchiveEntry]) -> Sequence[str | None]:
        """Store each letter; a person without a record gets the reason instead.

        Raises:
            RecordError: the database fails; nothing was stored.
        """
        from serienpost_karteikarte.table import Records

        return Records.of(context).store(entries)
