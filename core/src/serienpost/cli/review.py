"""`review`: look at a prepared run, change who is marked, ask why."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, print_facts, print_table, print_text, say
from serienpost.cli.practice import with_practice
from serienpost.cli.questions import too_little
from serienpost.cli.reply import Reply
from serienpost.cli.runs import purged
from serienpost.text import counted, day, day_and_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from serienpost.service import Practice, Run
    from serienpost.service.answers import Explanation, Recipient, ReviewSummary, SharedRows

_MOST_ROWS = 200


@click.command(name="review")
@click.argument("run")
@click.option("--drop-not-allowed", is_flag=True, help="Take all overrides back.")
@click.option("--only", metavar="ROW,...", multiple=True, help="Mark these rows, no others.")
@click.option("--exclude", metavar="ROW,...", multiple=True, help="Unmark these rows or people.")
@click.option("--include", metavar="ROW,...", multiple=True, help="Mark them again.")
@click.option(
    "--override", metavar="ID,...", multiple=True, help="Mark although not allowed; whole ids."
)
@click.option("--reason", metavar="TEXT", help="Why, for --override; recorded.")
@click.option("--explain", metavar="ROW", help="Say which check decided what, and the remedy.")
@click.option("--history", is_flag=True, help="Say who changed the marks, when and why.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column; -COLUMN: in reverse.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write the rows to a file.")
@click.option("--summary", is_flag=True, help="Leave the rows out.")
@json_option
@with_practice
def review_command(
    practice: Practice,
    run: str,
    drop_not_allowed: bool,
    only: tuple[str, ...],
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
    """Show or change who is marked in a prepared run.

    ROW is an id of the first column, a person's number, or the beginning of an id that no other
    has.
    """
    found = practice.run(run)
    if only or exclude or include or override or drop_not_allowed:
        found.mark(
            only=only,
            exclude=exclude,
            include=include,
            override=override,
            reason=reason,
            drop_not_allowed=drop_not_allowed,
        )
    if explain:
        return _explanation(found.explain(explain))
    if history:
        return _history(found)
    if csv_file:
        _write_csv(Path(csv_file), found.recipients(sort))
    return review_reply(found, rows=not summary, sort=sort)


def review_reply(run: Run, *, rows: bool, sort: str | None = None) -> Reply:
    """The review of a run, for people and as JSON."""
    head = run.summary()

    def text() -> None:
        if rows:
            _show_rows(run.recipients(sort), head)
        _show_head(head)

    stream = ("recipients", run.recipients(sort)) if rows else None
    return Reply(head.document(), text, stream=stream)


def _show_rows(rows: Iterable[Recipient], head: ReviewSummary) -> None:
    with_cost = head.cost.unit != "messages"
    shown: list[Sequence[object]] = []
    for row in rows:
        if len(shown) == _MOST_ROWS:
            selected = head.counts.selected
            print_text(f"The first {_MOST_ROWS} of {selected} rows; --csv FILE writes all.")
            break
        shown.append(_line(row, with_cost=with_cost))
    columns = ["row", "number", "name", "address", "reachable", "erlaubt", "marked"]
    columns += ["cost"] if with_cost else []
    print_table([*columns, "why not"], shown)


def _line(row: Recipient, *, with_cost: bool) -> Sequence[object]:
    style = "" if row.reachable else "red"
    allowed = Cell("JA", "green") if row.allowed else Cell("NEIN", "red")
    return (
        Cell(row.row, style),
        Cell(row.number, style),
        Cell(row.name, style),
        Cell((row.address or "").replace("\n", ", "), style),
        Cell(row.reachable, style),
        allowed if row.reachable else Cell("-", "red"),
        "x" if row.marked else "",
        *([_cost(row.cost)] if with_cost else []),
        Cell(row.why_not, style),
    )


def _cost(cost: Mapping[str, Any] | None) -> str:
    """`2 SMS UCS-2: 2` credits, `3 pages`, `1 page`; nothing where a message is a message."""
    if not cost:
        return ""
    if "credits" in cost:
        what = f"{cost['segments']} SMS {cost['encoding']}: " if "segments" in cost else ""
        return f"{what}{cost['credits']:g}"
    return counted(cost["pages"], "pages")


def _show_head(head: ReviewSummary) -> None:
    counts, cost = head.counts, head.cost
    paper = f" on {counted(head.sheets, 'sheets')}" if head.sheets else ""
    print_facts(
        [
            ("run", head.run),
            ("mailing", f"{head.mailing} by {head.kind} from account {head.account}"),
            *zip(counts._fields, counts, strict=True),
            ("cost", f"{counted(cost.total, cost.unit)}{paper}"),
            *([("balance", f"{cost.balance:g}")] if cost.balance is not None else []),
            ("takes", _span(head.seconds)),
            ("plan", head.plan_hash),
            *purged(head.purged_at),
        ]
    )
    if head.searched:
        _tell_nobody(head)
    for note in head.read:
        print_text(note)
    if head.unstable_ids:
        print_text(
            "These people are known by their place in this file alone: when it changes, nobody "
            f"knows who had this mailing. Where they have a number, {head.unstable_ids}."
        )
    if cost.lacking:
        print_text(f"{too_little(cost.total, cost.balance)}: send will refuse it.")
    if head.costly_signs:
        named = ", ".join(f"{one.sign} in {one.messages}" for one in head.costly_signs)
        print_text(f"Signs outside of GSM 03.38, which leave 70 instead of 160 signs: {named}")
    for name, rows in head.unknown_values.items():
        print_text(
            f"Values under {name} that are not understood: {rows}. These people are addressed as if"
            " nothing stood there; correct the data, then prepare again."
        )
    for one in head.earlier:
        print_text(
            f"You already sent this mailing to {one.people} of these people on {day(one.on)} "
            f"(run {one.run})."
        )
    for group in head.shared:
        print_text(_together(group, head.run))
    if head.reasons:
        print_table(["rows", "not marked because"], [(n, reason) for reason, n in head.reasons])


def _tell_nobody(head: ReviewSummary) -> None:
    """That nobody was selected, by which filters, and what to do."""
    for source, filters in head.searched:
        how = f"with {filters}" if filters else "at all"
        print_text(f"Nobody was selected: the source {source} has nobody {how}.")
        print_text(
            f"Change select: in the mailing {head.mailing}, then prepare it again; serienpost "
            f"sources {source} explains the filters."
        )


def _together(group: SharedRows, run: str) -> str:
    """The sentence about rows that belong together."""
    first = ", ".join(group.examples[0])
    if group.what == "left_out":
        rows = ", ".join(row for rows in group.examples for row in rows)
        more = ", ..." if group.groups > len(group.examples) else ""
        left_out = counted(group.groups, "appointments")
        return (
            f"same_address: one leaves out {left_out}, of which nobody hears: "
            f"{rows}{more}; serienpost review {run} --explain ROW says whose"
        )
    if group.what == "address":
        shared = counted(group.groups, "addresses", "belongs", "belong")
        return f"{shared} to several people, who each get a message: {first}"
    who = counted(group.groups, "people", "gets", "get")
    return f"{who} several messages, one for each appointment: {first}"


def _span(seconds: float) -> str:
    if seconds < 60:
        return "no longer than the server needs"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"at least {hours} h {minutes:02} min at the account's rate"


def _write_csv(path: Path, rows: Iterable[Recipient]) -> None:
    from serienpost.files import private_file, spreadsheet_cell

    names = ["row", "number", "name", "address", "reachable", "allowed", "marked"]
    with private_file(path) as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow([*names, "reason"])
        for row in rows:
            cells = (*(getattr(row, name) for name in names), row.why_not)
            writer.writerow(map(spreadsheet_cell, cells))


def _explanation(found: Explanation) -> Reply:
    def text() -> None:
        for row in found.recipients:
            _explain(row, found)

    return Reply(found.document(), text)


def _explain(row: Recipient, found: Explanation) -> None:
    say(f"{row.row}: {'goes out' if row.marked else 'does not go out'}")
    if not row.reachable:
        print_text(f"not reachable: {row.unreachable_reason}", "  ")
        print_text(
            "what would change it: a correct address in the master data; prepare again", "  "
        )
        return
    if row.unmarked:
        print_text(f"not marked: {row.unmarked['reason']}", "  ")
        way = "--include" if row.unmarked["includable"] else "the reason; then prepare again"
        print_text(f"what would change it: {way}", "  ")
    by = found.overrides.get(row.row)
    if by:
        covered = ", ".join(f"{check}.{code}" for check, code in by["codes"])
        at = day_and_time(by["at"])
        print_text(
            f"override {by['id']} of {covered} by {by['user']} at {at}: {by['reason']}", "  "
        )
    asked = day_and_time(found.asked_at) if found.asked_at else "-"
    print_text(f"consent, asked {asked}:", "  ")
    print_table(
        ["check", "verdict", "code", "reason or evidence", "what would change it"],
        [
            [answer["check"], answer["verdict"], answer["code"], answer["reason"], answer["remedy"]]
            for answer in row.consent
        ],
    )


def _history(run: Run) -> Reply:
    found = run.mark_changes()

    def text() -> None:
        print_table(
            ["at", "by", "change", "row", "detail"],
            [
                [
                    day_and_time(one.at),
                    one.user,
                    one.action,
                    one.row,
                    _detail(one.detail),
                ]
                for one in found
            ],
        )

    return Reply({"run": run.id, "changes": [one.document() for one in found]}, text)


def _detail(detail: Mapping[str, Any] | None) -> str:
    known = detail or {}
    return str(known.get("reason") or known.get("kept") or known.get("plan") or "")
