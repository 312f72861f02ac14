"""`doctor`: finds what is wrong with a practice's set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, print_table, say
from serienpost.cli.practice import named_folder
from serienpost.cli.reply import Reply
from serienpost.errors import Exit
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from serienpost.service.finding import Finding
    from serienpost.translation import Text

_ = Texts(__name__)


@click.command(name="doctor")
@json_option
def doctor_command() -> Reply:
    """Find what is wrong with this practice's set-up."""
    from serienpost.service.doctor import examine

    findings = list(examine(named_folder()))
    causes = [finding for finding in findings if finding.because is None]
    wrong = [finding for finding in causes if not finding.ok]
    checks = [
        {
            "name": _code(f.name),
            "ok": f.ok,
            "text": f.text,
            "remedy": f.remedy,
            "because": f.because and _code(f.because),
        }
        for f in findings
    ]

    def text() -> None:
        print_table([_("check"), "", _("found")], map(_row, causes))
        missing = sum(finding.is_missing for finding in causes)
        say(_summary(len(wrong), missing))

    return Reply(
        {"checks": checks},
        text,
        Exit.REFUSED if wrong else Exit.DONE,
        tuple(finding.as_problem() for finding in wrong),
    )


def _code(name: str) -> str:
    """The name of a check as the JSON document has it, in every language the same."""
    return str.__str__(name)


def _summary(wrong: int, missing: int) -> Text:
    if wrong and missing:
        return _("{wrong} to mend, {missing} not there yet", wrong=wrong, missing=missing)
    if wrong:
        return _("{wrong} to mend", wrong=wrong)
    if missing:
        return _("nothing is wrong, {missing} not there yet", missing=missing)
    return _("nothing is wrong")


def _row(finding: Finding) -> tuple[str, Cell, str]:
    """A finding with what there is to do, and with the names of what hangs on it."""
    mark = Cell(_("ok"), "green") if finding.ok else Cell(_("WRONG"), "bold red")
    found = finding.text
    if finding.is_missing:
        mark = Cell(_("missing"), "yellow")
        found = joined("; ", [each for each in (found, finding.remedy) if each])
    if finding.keeps_back:
        names = list(finding.keeps_back)
        found = _("{found}. This also affects: {names}", found=found, names=names)
    return finding.name, mark, found
