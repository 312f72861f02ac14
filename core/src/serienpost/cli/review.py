"""`review`: look at a prepared run, change who is marked, ask why."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from serienpost import words
from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, print_facts, print_table, print_text, say
from serienpost.cli.practice import with_practice
from serienpost.cli.questions import too_little
from serienpost.cli.reply import Reply
from serienpost.cli.review_languages import language_cell, told_languages
from serienpost.cli.runs import purged
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from serienpost.service import Practice, Run
    from serienpost.service.answers import (
        Explanation,
        Recipient,
        ReviewSummary,
        SharedRows,
        TakenSelection,
    )
    from serienpost.translation import Text

_ = Texts(__name__)

_MOST_ROWS = 200


@click.command(name="review")
@click.argument("run")
@click.option("--drop-not-allowed", is_flag=True, help=_("Take all overrides back."))
@click.option("--only", metavar="ROW,...", multiple=True, help=_("Mark these rows, no others."))
@click.option("--exclude", metavar="ROW,...", multiple=True, help=_("Unmark these rows or people."))
@click.option("--include", metavar="ROW,...", multiple=True, help=_("Mark them again."))
@click.option(
    "--override", metavar="ID,...", multiple=True, help=_("Mark although not allowed; whole ids.")
)
@click.option("--reason", metavar="TEXT", help=_("Why, for --override; recorded."))
@click.option("--explain", metavar="ROW", help=_("Say which check decided what, and the remedy."))
@click.option("--history", is_flag=True, help=_("Say who changed the marks, when and why."))
@click.option("--sort", metavar="COLUMN", help=_("Sort by this column; -COLUMN: in reverse."))
@click.option("--csv", "csv_file", metavar="FILE", help=_("Write the rows to a file."))
@click.option("--summary", is_flag=True, help=_("Leave the rows out."))
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
        languages = bool(found.summary().languages)
        _write_csv(Path(csv_file), found.recipients(sort), languages=languages)
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
            print_text(
                _(
                    "The first {number} of {rows} rows; --csv FILE writes all.",
                    number=_MOST_ROWS,
                    rows=selected,
                )
            )
            break
        shown.append(_line(row, head, with_cost=with_cost))
    columns = [_("row"), _.pgettext("column", "number"), _("name"), _("address")]
    columns += [
        _.pgettext("column", "reachable"),
        _.pgettext("column", "allowed"),
        _.pgettext("column", "marked"),
    ]
    columns += [_("cost")] if with_cost else []
    columns += [_("language")] if head.languages else []
    print_table([*columns, _("why not")], shown)


def _line(row: Recipient, head: ReviewSummary, *, with_cost: bool) -> Sequence[object]:
    style = "" if row.reachable else "red"
    language = row.language, row.language_because, row.language_recorded
    allowed = Cell(_("YES"), "green") if row.allowed else Cell(_("NO"), "red")
    return (
        Cell(row.row, style),
        Cell(row.number, style),
        Cell(row.name, style),
        Cell((row.address or "").replace("\n", ", "), style),
        Cell(row.reachable, style),
        allowed if row.reachable else Cell("-", "red"),
        "x" if row.marked else "",
        *([_cost(row.cost)] if with_cost else []),
        *([language_cell(*language)] if head.languages else []),
        Cell(row.why_not, style),
    )


def _cost(cost: Mapping[str, Any] | None) -> object:
    """`2 SMS UCS-2: 2` credits, `3 pages`, `1 page`; nothing where a message is a message."""
    if not cost:
        return ""
    if "credits" in cost:
        number = float(cost["credits"])
        if "segments" not in cost:
            return number
        return _(
            "{segments} SMS {encoding}: {number}",
            segments=cost["segments"],
            encoding=cost["encoding"],
            number=number,
        )
    return words.pages(int(cost["pages"]))


def _tell_vanished(taken: TakenSelection | None) -> None:
    if taken and taken.vanished:
        print_text(
            _.ngettext(
                "{n} person who was marked in the selection {selection} is no longer among those"
                " that the sources give: {rows}",
                "{n} people who were marked in the selection {selection} are no longer among those"
                " that the sources give: {rows}",
                taken.vanished,
                selection=taken.selection,
                rows=", ".join(taken.examples),
            )
        )


def _show_head(head: ReviewSummary) -> None:
    counts, cost = head.counts, head.cost
    print_facts(
        [
            (_("run"), head.run),
            (_("mailing"), words.sent_by(head.mailing, head.kind, head.account)),
            (_.pgettext("column", "selected"), counts.selected),
            (_.pgettext("column", "reachable"), counts.reachable),
            (_.pgettext("column", "allowed"), counts.allowed),
            (_.pgettext("column", "marked"), counts.marked),
            (_("cost"), _whole_cost(head)),
            *([(_("balance"), cost.balance)] if cost.balance is not None else []),
            (_.pgettext("column", "takes"), _span(head.seconds)),
            (_("plan"), head.plan_hash),
            *purged(head.purged_at),
        ]
    )
    if head.searched:
        _tell_nobody(head)
    for note in (*head.read, *told_languages(head)):
        print_text(note)
    if head.unstable_ids:
        print_text(
            _(
                "These people are known by their place in this file alone: when it changes, nobody "
                "knows who had this mailing. Where they have a number, {remedy}.",
                remedy=head.unstable_ids,
            )
        )
    _tell_vanished(head.taken_over)
    if cost.lacking:
        print_text(_("{why}: send will refuse it.", why=too_little(cost.total, cost.balance)))
    if head.costly_signs:
        named = [
            _("{sign} in {number}", sign=one.sign, number=one.messages) for one in head.costly_signs
        ]
        print_text(
            _(
                "Signs outside of GSM 03.38, which leave 70 instead of 160 signs: {named}",
                named=named,
            )
        )
    for name, rows in head.unknown_values.items():
        print_text(
            _(
                "Values under {name} that are not understood: {rows}. These people are addressed "
                "as if nothing stood there; correct the data, then prepare again.",
                name=name,
                rows=rows,
            )
        )
    for one in head.earlier:
        print_text(
            _.ngettext(
                "You already sent this mailing to {n} of these people on {day} (run {run}).",
                "You already sent this mailing to {n} of these people on {day} (run {run}).",
                one.people,
                day=one.on,
                run=one.run,
            )
        )
    for group in head.shared:
        print_text(_together(group, head.run))
    if head.reasons:
        print_table(
            [_("rows"), _("not marked because")], [(n, reason) for reason, n in head.reasons]
        )


def _tell_nobody(head: ReviewSummary) -> None:
    """That nobody was selected, by which filters, and what to do."""
    for source, filters in head.searched:
        if filters:
            nobody = _(
                "Nobody was selected: the source {source} has nobody with {filters}.",
                source=source,
                filters=filters,
            )
        else:
            nobody = _("Nobody was selected: the source {source} has nobody at all.", source=source)
        print_text(nobody)
        print_text(
            _(
                "Change select: in the mailing {mailing}, then prepare it again; serienpost "
                "sources {source} explains the filters.",
                mailing=head.mailing,
                source=source,
            )
        )


def _together(group: SharedRows, run: str) -> Text:
    """The sentence about rows that belong together."""
    first = ", ".join(group.examples[0])
    if group.what == "left_out":
        rows = [row for rows in group.examples for row in rows]
        return _.ngettext(
            "same_address: one leaves out {n} appointment, of which nobody hears: {rows}; "
            "serienpost review {run} --explain ROW says whose",
            "same_address: one leaves out {n} appointments, of which nobody hears: {rows}; "
            "serienpost review {run} --explain ROW says whose",
            group.groups,
            rows=[*rows, "..."] if group.groups > len(group.examples) else rows,
            run=run,
        )
    if group.what == "address":
        return _.ngettext(
            "{n} address belongs to several people, who each get a message: {rows}",
            "{n} addresses belong to several people, who each get a message: {rows}",
            group.groups,
            rows=first,
        )
    return _.ngettext(
        "{n} person gets several messages, one for each appointment: {rows}",
        "{n} people get several messages, one for each appointment: {rows}",
        group.groups,
        rows=first,
    )


def _whole_cost(head: ReviewSummary) -> Text:
    cost = words.amount(head.cost.total, head.cost.unit)
    if not head.sheets:
        return cost
    return _.ngettext("{cost} on {n} sheet", "{cost} on {n} sheets", head.sheets, cost=cost)


def _span(seconds: float) -> Text:
    if seconds < 60:
        return _("no longer than the server needs")
    hours, minutes = divmod(round(seconds / 60), 60)
    return _(
        "at least {hours} h {minutes} min at the account's rate",
        hours=hours,
        minutes=f"{minutes:02}",
    )


def _write_csv(path: Path, rows: Iterable[Recipient], *, languages: bool) -> None:
    from serienpost.files import private_file, spreadsheet_cell

    names = ["row", "number", "name", "address", "reachable", "allowed", "marked"]
    names += ["language", "language_because"] if languages else []
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
    goes = _("{row}: goes out", row=row.row)
    say(goes if row.marked else _("{row}: does not go out", row=row.row))
    for line in _why(row):
        print_text(line, "  ")
    if row.language:
        said = language_cell(row.language, row.language_because, row.language_recorded)
        print_text(_("language: {language}", language=said), "  ")
    if not row.reachable:
        return
    by = found.overrides.get(row.row)
    if by:
        overridden = _(
            "override {id} of {checks} by {user} at {moment}: {reason}",
            id=by["id"],
            checks=[f"{check}.{code}" for check, code in by["codes"]],
            user=by["user"],
            moment=by["at"],
            reason=by["reason"],
        )
        print_text(overridden, "  ")
    print_text(_("consent, asked {moment}:", moment=found.asked_at or "-"), "  ")
    print_table(
        [_("check"), _("verdict"), _("code"), _("reason or evidence"), _("what would change it")],
        [
            [
                answer["check"],
                words.verdict(answer["verdict"]),
                answer["code"],
                answer["reason"],
                answer["remedy"],
            ]
            for answer in row.consent
        ],
    )


def _why(row: Recipient) -> Iterable[Text]:
    """Why a row does not go out, and what would change that; what checks say is told apart."""
    if not row.reachable:
        yield _("not reachable: {reason}", reason=row.unreachable_reason or "")
        yield _("what would change it: a correct address in the master data; prepare again")
    elif row.unmarked:
        yield _("not marked: {reason}", reason=row.unmarked["reason"])
        if row.unmarked["includable"]:
            yield _("what would change it: --include")
        else:
            yield _("what would change it: to mend the reason, then prepare again")


def _history(run: Run) -> Reply:
    found = run.mark_changes()

    def text() -> None:
        print_table(
            [
                _.pgettext("column", "at"),
                _.pgettext("column", "by"),
                _.pgettext("column", "change"),
                _("row"),
                _("detail"),
            ],
            [
                [
                    one.at,
                    one.user,
                    words.action(one.action),
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
