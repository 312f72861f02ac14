"""`letters`: list what is in the records, and print it again."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from serienpost import Reply, SerienpostError, Texts, json_option, print_table, with_practice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy import Row

    from serienpost import Context, HasRecord, Practice

_ = Texts(__name__)

_MOST_ROWS = 50


@click.group(name="letters")
def letters() -> None:
    """List and print the letters in the patients' records."""


@letters.command(name="list")
@click.option("--run", metavar="RUN", help=_("Letters of this run."))
@click.option("--person", metavar="ID", help=_("Letters to this person, as in patient:17."))
@json_option
@with_practice
def list_command(practice: Practice, run: str | None, person: str | None) -> Reply:
    """List letters that were stored."""
    zone = practice.context.zone
    rows = [_plain(row, zone) for row in _found(practice, run, person, ())]

    def text() -> None:
        columns = {
            "id": _("letter"),
            "person": _("person"),
            "created_at": _("stored at"),
            "subject": _("subject"),
            "run": _("run"),
        }
        print_table(
            [*columns.values(), "PDF"],
            [
                [*(str(row[name] or "") for name in columns), _("yes") if row["pdf"] else _("no")]
                for row in rows[:_MOST_ROWS]
            ],
        )
        if len(rows) > _MOST_ROWS:
            first = _(
                "The first {shown} of {count} letters; --json shows all.",
                shown=_MOST_ROWS,
                count=len(rows),
            )
            click.echo(str(first))
        if not rows:
            click.echo(str(_("No letters.")))

    return Reply({"letters": rows}, text)


@letters.command(name="print")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--run", metavar="RUN", help=_("Letters of this run."))
@click.option("--person", metavar="ID", help=_("Letters to this person, as in patient:17."))
@click.option("--out", metavar="FILE", required=True, help=_("The PDF to write."))
@json_option
@with_practice
def print_command(
    practice: Practice, ids: tuple[int, ...], run: str | None, person: str | None, out: str
) -> Reply:
    """Print stored letters again, as one PDF."""
    from serienpost import refuse_other, write_private
    from serienpost_karteikarte.table import Records

    if not (ids or run or person):
        raise SerienpostError(_("nothing is named to print"), hint=_("add ids, --run or --person"))
    context = practice.context
    numbers = [row.id for row in _found(practice, run, person, ids)]
    missing = sorted(set(ids) - set(numbers))
    if missing or not numbers:
        raise SerienpostError(
            _("there is no letter {ids}", ids=missing)
            if missing
            else _("there is no letter of {name}", name=run or person or ""),
            hint=_("see serienpost letters list"),
        )
    pdf = _channel(context).print_records(Records.of(context).contents(numbers))
    refuse_other(Path(out), b"%PDF-")
    write_private(Path(out), pdf)
    said = _.ngettext("{n} letter in {file}", "{n} letters in {file}", len(numbers), file=out)
    return Reply({"file": out, "letters": len(numbers)}, lambda: click.echo(str(said)))


def _found(
    practice: Practice, run: str | None, person: str | None, ids: Sequence[int]
) -> list[Row[Any]]:
    """The letters.

    Raises:
        SerienpostError: the run is unknown, or the records cannot be read.
    """
    from serienpost_karteikarte.table import Records

    found = Records.of(practice.context).find(run=run, person=person, ids=ids)
    if run and not found:
        practice.run(run)
    return found


def _channel(context: Context) -> HasRecord[Any]:
    """The practice's channel that can print letters.

    Raises:
        SerienpostError: no plugin brings one.
    """
    from serienpost import HasRecord

    for channel in context.channels():
        if isinstance(channel, HasRecord) and getattr(channel, "kind", None) == "letter":
            return channel
    raise SerienpostError(
        _("no channel of this practice prints letters"),
        hint=_("add serienpost-channel-letter under plugins:"),
    )


def _plain(row: Row[Any], zone: ZoneInfo) -> dict[str, Any]:
    created = row.erstellt_am.replace(tzinfo=UTC).astimezone(zone)
    return {
        "id": row.id,
        "person": f"patient:{row.patient_id}",
        "created_at": f"{created:%Y-%m-%d %H:%M:%S}",
        "subject": row.betreff,
        "run": row.run,
        "message": row.message,
        "status": row.status,
        "pdf": bool(row.has_pdf),
    }
