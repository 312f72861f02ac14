"""`doctor`: finds what is wrong with a practice's set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, print_table
from serienpost.cli.practice import named_folder
from serienpost.cli.reply import Reply
from serienpost.errors import Exit
from serienpost.translation import joined

if TYPE_CHECKING:
    from serienpost.service.finding import Finding


@click.command(name="doctor")
@json_option
def doctor_command() -> Reply:
    """Find what is wrong with this practice's set-up."""
    from serienpost.service.doctor import examine

    findings = list(examine(named_folder()))
    causes = [finding for finding in findings if finding.because is None]
    wrong = [finding for finding in causes if not finding.ok]
    checks = [
        {"name": f.name, "ok": f.ok, "text": f.text, "remedy": f.remedy, "because": f.because}
        for f in findings
    ]

    def text() -> None:
        print_table(["check", "", "found"], map(_row, causes))
        missing = sum(finding.is_missing for finding in causes)
        rest = f", {missing} not there yet" if missing else ""
        click.echo((f"{len(wrong)} to mend" if wrong else "nothing is wrong") + rest)

    return Reply(
        {"checks": checks},
        text,
        Exit.REFUSED if wrong else Exit.DONE,
        tuple(finding.as_problem() for finding in wrong),
    )


def _row(finding: Finding) -> tuple[str, Cell, str]:
    """A finding with what there is to do, and with the names of what hangs on it."""
    mark = Cell("ok", "green") if finding.ok else Cell("WRONG", "bold red")
    found = finding.text
    if finding.is_missing:
        mark = Cell("missing", "yellow")
        found = joined("; ", [each for each in (found, finding.remedy) if each])
    bound = ", ".join(finding.keeps_back)
    named = f". The same keeps back: {bound}" if bound else ""
    return finding.name, mark, f"{found}{named}"
