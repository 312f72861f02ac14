"""`review`: look at a prepared run, change who is marked."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, facts, table
from serienpost.cli.practice import user_name, with_practice
from serienpost.cli.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serienpost.context import PracticeContext

_MOST_ROWS = 200


@click.command(name="review")
@click.argument("run")
@click.option("--drop-not-allowed", is_flag=True, help="Take all overrides back.")
@click.option("--exclude", metavar="ROW", multiple=True, help="Unmark this row or person.")
@click.option("--include", metavar="ROW", multiple=True, help="Mark this row or person again.")
@click.option("--override", metavar="ROW", multiple=True, help="Mark although not allowed.")
@click.option("--reason", metavar="TEXT", help="Why, for --override; recorded.")
@click.option("--explain", metavar="ROW", help="Say which check decided what, and the remedy.")
@click.option("--history", is_flag=True, help="Say who changed the marks, when and why.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column; -COLUMN: in reverse.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write the rows to a file.")
@click.option("--summary", is_flag=True, help="Leave the rows out.")
@json_option
@with_practice
def review_command(
    context: PracticeContext,
    run: str,
    drop_not_allowed: bool,
    exclude: tuple[str, ...],
    include: tuple[str, ...],
    override: tuple[str, ...],
    reason: str | None,
    explain: str | None,
    history: bool,
    sort: str | None,
    csv_file: str | None,
    summary: bool,
) -> Reply:
    """Show or change who is marked in a prepared run."""
    from serienpost.cli.explain import changes, explanation
    from serienpost.ledger.store import open_ledger
    from serienpost.run.prepare.marks import change_marks
    from serienpost.run.prepare.renderer import load_renderer
    from serienpost.run.report.recipients import recipients

    ledger = open_ledger(context)
    if exclude or include or override or drop_not_allowed:
        change_marks(
            load_renderer(context, ledger, run),
            ledger,
            run,
            user_name(),
            exclude=exclude,
            include=include,
            override=override,
            reason=reason,
            drop_not_allowed=drop_not_allowed,
        )
    if explain:
        return explanation(context, ledger, run, explain)
    if history:
        return changes(context, ledger, run)
    if csv_file:
        _write_csv(Path(csv_file), recipients(ledger, run, sort))
    return review_reply(context, run, rows=not summary, sort=sort)


def review_reply(
    context: PracticeContext, run: str, *, rows: bool, sort: str | None = None
) -> Reply:
    """The review of a run, for people and as JSON."""
    from serienpost.cli.balance import known_balance
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.estimate import duration, earlier_runs
    from serienpost.run.report.recipients import costly_signs, reasons, recipients, sheets, summary

    ledger = open_ledger(context)
    head = summary(ledger, run)
    account = context.config.accounts.get(head["account"])
    seconds = duration(account.rate, head["counts"]["marked"]) if account else 0.0
    head |= {
        "seconds": seconds,
        "earlier": earlier_runs(context, ledger, run),
        "costly_signs": costly_signs(ledger, run),
    }
    if head["cost"]["unit"] == "credits":
        head["cost"]["balance"] = known_balance(context, ledger, head["account"])

    def text() -> None:
        if rows:
            _show_rows(recipients(ledger, run, sort), head)
        _show_head(head, reasons(ledger, run), sheets(ledger, run))

    stream = ("recipients", recipients(ledger, run, sort)) if rows else None
    return Reply(head, text, stream=stream)


def _show_rows(rows: Iterable[dict[str, Any]], head: dict[str, Any]) -> None:
    selected = head["counts"]["selected"]
    with_cost = head["cost"]["unit"] != "messages"
    shown: list[Sequence[object]] = []
    for row in rows:
        if len(shown) == _MOST_ROWS:
            click.echo(f"The first {_MOST_ROWS} of {selected} rows; --csv FILE writes all.")
            break
        shown.append(_line(row, with_cost=with_cost))
    columns = ["row", "number", "name", "address", "reachable", "erlaubt", "marked"]
    columns += ["cost"] if with_cost else []
    table([*columns, "why not"], shown)


def _line(row: dict[str, Any], *, with_cost: bool) -> Sequence[object]:
    from serienpost.run.prepare.review import denial

    why = ""
    if not row["reachable"]:
        why = row["unreachable_reason"]
    elif not row["allowed"]:
        why = denial(row["consent"])
    elif row["unmarked"]:
        why = row["unmarked"]["reason"]
    style = "" if row["reachable"] else "red"
    allowed = Cell("JA", "green") if row["allowed"] else Cell("NEIN", "red")
    return (
        Cell(row["row"], style),
        Cell(row["number"], style),
        Cell(row["name"], style),
        Cell((row["address"] or "").replace("\n", ", "), style),
        Cell(row["reachable"], style),
        allowed if row["reachable"] else Cell("-", "red"),
        "x" if row["marked"] else "",
        *([_cost(row["cost"])] if with_cost else []),
        Cell(why, style),
    )


def _cost(cost: dict[str, Any] | None) -> str:
    """`2 SMS UCS-2: 2` credits, `3 pages`, `1 page`; nothing where a message is a message."""
    if not cost:
        return ""
    if "credits" in cost:
        what = f"{cost['segments']} SMS {cost['encoding']}: " if "segments" in cost else ""
        return f"{what}{cost['credits']:g}"
    return "1 page" if cost["pages"] == 1 else f"{cost['pages']} pages"


def _show_head(head: dict[str, Any], reasons: list[tuple[str, int]], sheets: int | None) -> None:
    from serienpost.cli.balance import too_little

    counts, cost = head["counts"], head["cost"]
    paper = f" on {sheets} sheets" if sheets else ""
    facts(
        [
            ("run", head["run"]),
            ("mailing", f"{head['mailing']} by {head['kind']} from account {head['account']}"),
            ("selected", counts["selected"]),
            ("reachable", counts["reachable"]),
            ("allowed", counts["allowed"]),
            ("marked", counts["marked"]),
            ("cost", f"{cost['total']:g} {cost['unit']}{paper}"),
            *([("balance", f"{cost['balance']:g}")] if cost["balance"] is not None else []),
            ("takes", _span(head["seconds"])),
            ("plan", head["plan_hash"]),
        ]
    )
    problem = too_little(cost["total"], cost["balance"])
    if problem:
        click.echo(f"{problem}: send will refuse it.")
    if head["costly_signs"]:
        named = ", ".join(f"{one['sign']} in {one['messages']}" for one in head["costly_signs"])
        click.echo(f"Signs outside of GSM 03.38, which leave 70 instead of 160 signs: {named}")
    for one in head["earlier"]:
        click.echo(
            f"You already sent this mailing to {one['people']} of these people on {one['on']} "
            f"(run {one['run']})."
        )
    if reasons:
        table(["rows", "not marked because"], [(n, reason) for reason, n in reasons])


def _span(seconds: float) -> str:
    if seconds < 60:
        return "no longer than the server needs"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"at least {hours} h {minutes:02} min at the account's rate"


def _write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    from serienpost.files import private_file, spreadsheet_cell
    from serienpost.run.prepare.review import denial

    names = ["row", "number", "name", "address", "reachable", "allowed", "marked", "reason"]
    with private_file(path) as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(names)
        for row in rows:
            why = row["unreachable_reason"] or (row["unmarked"] or {}).get("reason", "")
            if row["reachable"] and not row["allowed"]:
                why = denial(row["consent"])
            known = {**row, "reason": why}
            writer.writerow([spreadsheet_cell(known[name]) for name in names])
