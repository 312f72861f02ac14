"""This checkout against another one: the same commands on the same practices, in turns.

Both checkouts are set up (`make setup`); each prepares runs of its own, since a run is sent only by
the edition that prepared it. Needs Debian's postfix for its smtp-sink.

    python bench/against.py OTHER_CHECKOUT [ROUNDS [CASE]...]
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import null_practice
import review
import sendgrid
import smtp
from harness import RESULTS, Report
from null_practice import HERE, output_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from null_practice import Spent

# Greatest ratio of the medians of processor time.
LIMIT = 1.05

ROUNDS = 5


@dataclass
class Checkout:
    """One of the two, with a folder for its practices."""

    program: Path
    folder: Path

    def command(self, practice: Path, *arguments: str) -> Spent:
        return output_of([str(self.program), "-C", str(practice), *arguments])[1]

    def prepared(self, practice: Path, mailing: str) -> str:
        """The run that this checkout prepares; again the same if it has one."""
        noted = practice / "run"
        if not noted.exists():
            arguments = ["prepare", mailing, "--summary", "--json"]
            reply, _ = null_practice.measured([str(self.program), "-C", str(practice), *arguments])
            noted.write_text(str(reply["run"]))
        return noted.read_text()

    def fresh(self, practice: Path) -> Path:
        """A copy that nothing was sent from."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        return Path(shutil.copytree(practice, copy))

    def sends(self, practice: Path) -> Spent:
        run = self.prepared(practice, "alle")
        return self.command(self.fresh(practice), "send", run, "--yes", "--json")


def start_up(of: Checkout) -> Spent:
    spent = [of.command(of.folder, "--help") for _ in range(5)]
    return min(spent, key=lambda one: one.cpu)


def ledger(of: Checkout) -> Spent:
    practice = of.folder / "ledger"
    if not practice.exists():
        null_practice.make_practice(practice, 10_000, 4)
    return of.sends(practice)


def prepares(of: Checkout) -> Spent:
    practice = of.folder / "prepare"
    if not practice.exists():
        practice.mkdir()
        review.make_practice(practice, 10_000)
    return of.command(of.fresh(practice), "prepare", "neues", "--summary", "--json")


def reviews(of: Checkout) -> Spent:
    practice = of.folder / "review"
    if not practice.exists():
        practice.mkdir()
        review.make_practice(practice, 10_000)
    return of.command(practice, "review", of.prepared(practice, "neues"), "--json")


def mails(port: int) -> Callable[[Checkout], Spent]:
    def run(of: Checkout) -> Spent:
        practice = of.folder / "mail"
        if not practice.exists():
            smtp.make_practice(practice, port, 3_000, 20, html=False)
        return of.command(of.fresh(practice), "run", "alle", "--yes", "--json")

    return run


def by_sendgrid(port: int, how: str, count: int) -> Callable[[Checkout], Spent]:
    def run(of: Checkout) -> Spent:
        practice = of.folder / f"sendgrid-{how}"
        if not practice.exists():
            sendgrid.write_practice(practice, port, count, how)
        return of.sends(practice)

    return run


def compare(
    name: str, case: Callable[[Checkout], Spent], pair: list[Checkout], rounds: int
) -> bool:
    """Measure one case in turns and tell; whether its limit holds."""
    found: list[list[Spent]] = [[], []]
    for number in range(-1, rounds):
        for of, measured in zip(pair, found, strict=True):
            spent = case(of)
            if number >= 0:
                measured.append(spent)
    met = True
    for clock in ("wall", "cpu"):
        ours, other = ([getattr(spent, clock) for spent in one] for one in found)
        limit = LIMIT if clock == "cpu" else None
        report = Report(
            f"against-{name}-{clock}", {"ours": ours, "the other": other}, {}, {}, limit
        )
        pairs = statistics.median(a / b for a, b in zip(ours, other, strict=True))
        print(report.table(), f"median of the pairs {pairs:.3f}", sep="\n")
        report.write(RESULTS)
        met = met and report.met
    print(f"load {os.getloadavg()[0]:.1f}\n", flush=True)
    return met


def main() -> None:
    other = Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    os.environ["BENCH_KEY"] = "SG.bench"
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serienpost-against-")))
        pair = []
        for label, root in (("ours", HERE.parent), ("other", other)):
            (work / label).mkdir()
            pair.append(Checkout(root / ".venv/bin/serienpost", work / label))
        port = stack.enter_context(sendgrid.only_answers())
        cases: dict[str, Callable[[Checkout], Spent]] = {
            "start-up": start_up,
            "ledger": ledger,
            "prepare": prepares,
            "review": reviews,
            "mail": mails(stack.enter_context(smtp.smtp_sink())),
            "sendgrid-template": by_sendgrid(port, "template", 30_000),
            "sendgrid-rendered": by_sendgrid(port, "rendered", 3_000),
        }
        chosen = sys.argv[3:] or list(cases)
        missed = [name for name in chosen if not compare(name, cases[name], pair, rounds)]
    if missed:
        sys.exit(f"slower than the other: {', '.join(missed)}")


if __name__ == "__main__":
    main()
