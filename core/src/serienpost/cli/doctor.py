"""`doctor`: looks at everything a practice needs and goes on after each thing that is broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, clean, table
from serienpost.cli.practice import practice_folder
from serienpost.cli.reply import Reply
from serienpost.errors import Exit, Problem, SerienpostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from serienpost.config.accounts import AccountSettings
    from serienpost.context import Context
    from serienpost.contracts.consent import ConsentCheck
    from serienpost.contracts.rows import Source

PROBE_SECONDS = 60.0
"""How long one account, source or check may take to answer."""

FREE_BYTES = 200_000_000
"""Below this much free space beside the ledger a run is at risk."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is in order, what was found, what to do."""

    name: str
    ok: bool
    text: str
    remedy: str | None = None
    problem: Problem | None = None

    @classmethod
    def of(cls, name: str, problem: Problem) -> Finding:
        """A finding that is not in order."""
        return cls(name, False, str(replace(problem, hint=None)), problem.hint, problem)

    def as_problem(self) -> Problem:
        """The same for the list of problems."""
        return self.problem or Problem(self.text, self.remedy, key=self.name)


@click.command(name="doctor")
@json_option
def doctor_command(as_json: bool) -> Reply:
    """Find what is wrong with this practice's set-up."""
    findings = [*_system(), *_practice(practice_folder())]
    wrong = [finding for finding in findings if not finding.ok]
    checks = [{"name": f.name, "ok": f.ok, "text": f.text, "remedy": f.remedy} for f in findings]

    def text() -> None:
        table(["check", "", "found"], (_row(finding) for finding in findings))
        for finding in wrong:
            click.echo(f"{clean(finding.name)}: {clean(finding.remedy or finding.text)}")
        click.echo(f"{len(wrong)} to mend" if wrong else "nothing is wrong")

    return Reply(
        {"checks": checks},
        text,
        Exit.REFUSED if wrong else Exit.DONE,
        tuple(finding.as_problem() for finding in wrong) if as_json else (),
    )


def _row(finding: Finding) -> tuple[str, Cell, str]:
    mark = Cell("ok", "green") if finding.ok else Cell("WRONG", "bold red")
    return finding.name, mark, finding.text


def _system() -> Iterator[Finding]:
    import platform
    import sqlite3

    from serienpost import __version__

    yield Finding("serienpost", True, __version__)
    yield Finding("python", True, platform.python_version())
    yield Finding("sqlite", True, sqlite3.sqlite_version)


def _practice(folder: Path) -> Iterator[Finding]:
    from serienpost.config.loading import open_practice

    plugins = _guarded("plugins", lambda: _plugins(folder))
    yield from plugins
    known = {finding.problem.message for finding in plugins if finding.problem}
    try:
        context = open_practice(folder)
    except SerienpostError as error:
        for problem in error.problems:
            if problem.message not in known:
                yield Finding.of("config", problem)
        yield Finding(
            "ledger, sources, accounts, mailings",
            False,
            "not looked at",
            "mend the configuration first, then run doctor again",
        )
        return
    with context:
        yield Finding("config", True, "serienpost.yaml is valid")
        yield from _guarded("ledger", lambda: _ledger(context))
        for source in context.registry.sources.values():
            yield from _guarded(f"source {source.name}", lambda s=source: _source(context, s))  # type: ignore[misc]
        yield from _consent(context)
        for name, account in context.config.accounts.items():
            yield from _guarded(
                f"account {name}",
                lambda n=name, a=account: _account(context, n, a),  # type: ignore[misc]
            )
        yield from _mailings(context)


def _guarded(name: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What was found; whatever goes wrong is a finding too. A bug's own text is not shown."""
    findings: list[Finding] = []
    try:
        findings.extend(look())
    except SerienpostError as error:
        findings += [Finding.of(name, problem) for problem in error.problems]
    except TimeoutError:
        findings.append(Finding(name, False, "does not answer", "look whether its server runs"))
    except Exception as error:  # noqa: BLE001  # doctor outlives every broken thing
        findings.append(
            Finding(name, False, f"fails with {type(error).__name__}", "tell who maintains it")
        )
    return findings
