"""The consent check `column`: people of a file who said yes in one of its columns."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from serienpost import CORE_KINDS, Abstain, Allow, Deny
from serienpost_source_table.files import KIND, TableFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import ConsentQuestion, Context, Verdict
    from serienpost_source_table.selection import TableSelection
    from serienpost_source_table.table import Line

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
_NO_COLUMN = Deny(
    "no_consent_column",
    "Es fehlt consent_column: die Spalte der Liste, in der die Einwilligung steht.",
    "In der Datei des Serienversands unter select: die Zeile consent_column: ÜBERSCHRIFT ergänzen "
    "und neu vorbereiten.",
)


class ColumnCheck:
    """Answers for people who are only in a file, for e-mail, SMS and letter; else it abstains.

    The evidence is the file's hash and the number of the row.
    """

    name = "column"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Read the rows again."""
        ids = {q.consenting_id for q in questions if q.consenting_id.startswith(f"{KIND}:")}
        found: dict[str, list[Verdict]] = {id_: [] for id_ in ids}
        for selected in list(_selections(context).values()) if ids else ():
            digest, lines = TableFile.of(context, selected).find(ids)
            for id_, line in lines.items():
                found[id_].append(_verdict(digest, selected, line))
        return [
            _strictest(found[question.consenting_id])
            if question.consenting_id in ids and question.kind in CORE_KINDS
            else Abstain()
            for question in questions
        ]


def remember(context: Context, selected: TableSelection) -> None:
    """Let the check know a selection; a question names a row by hash and number alone."""
    _selections(context)[selected.model_dump_json()] = selected


def _selections(context: Context) -> dict[str, TableSelection]:
    return context.shared("serienpost-source-table", lambda: nullcontext({}))


def _strictest(verdicts: Sequence[Verdict]) -> Verdict:
    """What holds where several selections name one file, each with a column of its own."""
    silent = next((verdict for verdict in verdicts if isinstance(verdict, Abstain)), None)
    if _NO in verdicts or not verdicts:
        return _NO if verdicts else _CHANGED
    return silent or verdicts[0]


def _verdict(digest: str, selected: TableSelection, line: Line) -> Verdict:
    if selected.consent_column is None:
        return Abstain(_NO_COLUMN)
    cell = line.values[selected.consent_column]
    if cell.fault is None and cell.text.lower() in _YES:
        return Allow(f"file {digest} row {line.number}")
    return _NO
