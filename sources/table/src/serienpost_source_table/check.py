"""The consent check `column`: people of a file who said yes in one of its columns."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from serienpost import CORE_KINDS, Abstain, Allow, Deny, Texts, Unreadable, read_value
from serienpost_source_table.files import KIND, TableFile

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from serienpost import ConsentQuestion, Context, Verdict
    from serienpost_source_table.selection import TableSelection
    from serienpost_source_table.table import Line

_ = Texts(__name__)

_CHANGED = Deny(
    "file_changed",
    _("The file was changed or removed after the rows were chosen."),
    _("Prepare the mailing again with the new file."),
)
_NO = Deny(
    "column_not_yes",
    _("The column for the consent holds no yes."),
    _("Obtain the consent and enter it into the file."),
)
_NO_COLUMN = Deny(
    "no_consent_column",
    _("consent_column is missing: the column of the list that holds the consent."),
    _(
        "Add the line consent_column: HEADER under select: in the file of the mailing and prepare "
        "it again."
    ),
)
_OTHER_PURPOSE = Deny(
    "column_purpose",
    _("The consent of the list does not cover this purpose."),
    _(
        "If the people agreed to just that, name the purpose under column_purposes and prepare "
        "the mailing again."
    ),
)


class ColumnCheck:
    """Answers for people who are only in a file, for e-mail, SMS and letter; else it abstains.

    A yes allows the purposes that the selection names, and says nothing to others; a no and an
    empty cell deny every purpose, and so does what is neither yes nor no. The evidence is the
    file's hash and the number of the row.
    """

    name = "column"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Read the rows again."""
        ids = {q.consenting_id for q in questions if q.consenting_id.startswith(f"{KIND}:")}
        found: dict[str, list[_Entry]] = {id_: [] for id_ in ids}
        for selected in list(_selections(context).values()) if ids else ():
            digest, lines = TableFile.of(context, selected).find(ids)
            for id_, same in lines.items():
                found[id_] += [_entry(context, digest, selected, line) for line in same]
        return [
            _strictest(found[question.consenting_id], question.purpose)
            if question.consenting_id in ids and question.kind in CORE_KINDS
            else Abstain()
            for question in questions
        ]


def remember(context: Context, selected: TableSelection) -> None:
    """Let the check know a selection; a question names a row by hash and number alone."""
    _selections(context)[selected.model_dump_json()] = selected


def _selections(context: Context) -> dict[str, TableSelection]:
    return context.shared("serienpost-source-table", lambda: nullcontext({}))


class _Entry(NamedTuple):
    """What a row says, and for which purposes a yes of it counts."""

    verdict: Verdict
    purposes: Collection[str] = ()


def _strictest(entries: Sequence[_Entry], purpose: str) -> Verdict:
    """What holds where several selections name one file, each with a column of its own, or several
    rows are of one person."""
    verdicts = [
        Abstain(_OTHER_PURPOSE)
        if isinstance(verdict, Allow) and purpose not in purposes
        else verdict
        for verdict, purposes in entries
    ]
    denied = next((verdict for verdict in verdicts if isinstance(verdict, Deny)), None)
    silent = next((verdict for verdict in verdicts if isinstance(verdict, Abstain)), None)
    return denied or silent or (verdicts[0] if verdicts else _CHANGED)


def _entry(context: Context, digest: str, selected: TableSelection, line: Line) -> _Entry:
    column = selected.consent_column
    if column is None:
        return _Entry(Abstain(_NO_COLUMN))
    cell = line.values.get(column)
    if cell is None:
        return _Entry(_CHANGED)
    given = cell.value if isinstance(cell.value, bool) else cell.text
    if cell.fault:
        return _Entry(_unclear(column, line, cell.fault))
    answer = read_value("boolean", given, context.zone)
    if isinstance(answer, Unreadable):
        return _Entry(_unclear(column, line, answer.found))
    if answer:
        return _Entry(Allow(f"file {digest} row {line.number}"), selected.column_purposes)
    return _Entry(_NO)


def _unclear(column: str, line: Line, found: str) -> Deny:
    return Deny(
        "column_unclear",
        _(
            "The column “{column}” holds {found} (row {row}).",
            column=column,
            found=found,
            row=line.number,
        ),
        _("Write yes or no into the cell and prepare the mailing again."),
    )
