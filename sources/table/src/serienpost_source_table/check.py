"""The consent check `column`: people of a file who said yes in one of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import CORE_KINDS, Abstain, Allow, Deny
from serienpost_source_table.known import KIND, Known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import ConsentQuestion, Context, Verdict
    from serienpost_source_table.files import Line
    from serienpost_source_table.selection import TableSelection

_YES = {"ja", "j", "yes", "y", "x", "1", "true", "wahr"}
_CHANGED = Deny(
    "file_changed",
    "Die Datei wurde seit der Auswahl geändert oder entfernt.",
    "Den Serienversand mit der neuen Datei neu vorbereiten.",
)
_NO = Deny(
    "column_not_yes",
    "In der Spalte für die Einwilligung steht kein Ja.",
    "Die Einwilligung einholen und in der Datei eintragen.",
)


class ColumnCheck:
    """Answers for people who are only in a file, for e-mail, SMS and letter; else it abstains.

    The evidence is the file's hash and the number of the row.
    """

    name = "column"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Read the rows again."""
        ids = {q.consenting_id for q in questions if q.consenting_id.startswith(f"{KIND}:")}
        found = Known.of(context).lines(context, ids) if ids else {}
        return [
            _verdict(found.get(question.consenting_id))
            if question.consenting_id in ids and question.kind in CORE_KINDS
            else Abstain()
            for question in questions
        ]


def _verdict(found: tuple[str, TableSelection, Line] | None) -> Verdict:
    if found is None:
        return _CHANGED
    digest, selected, line = found
    if selected.consent_column is None:
        return Abstain()
    if line.values.get(selected.consent_column, "").lower() in _YES:
        return Allow(f"file {digest} row {line.number}")
    return _NO
