"""How fast `send` makes letters, against WeasyPrint used naively and LibreOffice's mail merge.

Every contender makes one PDF of the same one-page letters: `send` with all that belongs to it
(ledger, source, consent, print check, index), WeasyPrint with one document per letter whose PDFs
are merged, LibreOffice with a merged document that it lays out and exports. Rounds alternate.
Processor time stands beside the wall clock, for all processes of a contender. `prepare`, which lays
all letters out too, and typst are reported beside, without a target. `letters.py ROWS ROUNDS`
measures fewer. `make bench` installs Debian's libreoffice-writer where it may; PyPI's typst takes
part where it is installed. Who takes no part is said before the first letter.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from harness import Report, finish
from letter_rivals import libreoffice_document, typst_document
from null_practice import PROGRAM, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROWS = 1_000
ROUNDS = 3
OVER_NAIVE = 2.3
OVER_LIBREOFFICE = 0.7
HERE = Path(__file__).resolve().parent

CONFIG = """\
practice: {id: bench, name: "Praxis Dr. Sonnenschein", street: "Lindenallee 5",
           postal_code: "01067", city: Dresden, phone: "0351 1234567",
           email: praxis@example.org, timezone: Europe/Berlin}
ledger: sqlite:///versandbuch.db
plugins: [serienpost-testkit, serienpost-channel-letter, serienpost-macros-practice]
accounts:
  brief: {channel: letter}
signatures:
  sonnenschein: {name: "Dr. med. Sonja Sonnenschein", text: "Fachärztin für Allgemeinmedizin"}
"""
MAILING = """\
title: Vorsorge
source: "null"
select: {{count: {count}}}
account: brief
purpose: information
signature: sonnenschein
once_per: none
subject: Bitte vereinbaren Sie einen Termin
text: |
{text}
"""


def practice(folder: Path, count: int) -> None:
    """A practice whose mailing `alle` is a letter to so many people."""
    (folder / "mailings").mkdir(parents=True)
    (folder / "serienpost.yaml").write_text(CONFIG, "utf-8")
    text = "\n\n".join(f"  {line}" for line in paragraphs())
    (folder / "mailings" / "alle.yaml").write_text(MAILING.format(count=count, text=text), "utf-8")


def paragraphs() -> list[str]:
    """The text of the letter, the same for all contenders."""
    return (HERE / "letter.txt").read_text("utf-8").strip().split("\n\n")


def measured(command: list[str | Path]) -> tuple[float, float]:
    """Run a command; seconds of the wall clock, and of all its processes' processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def contenders(folder: Path, rows: int) -> Mapping[str, Callable[[], tuple[float, float]]]:
    """Each makes its PDF anew when called."""
    practice(folder / "praxis", rows)
    plans: list[float] = []

    def send() -> tuple[float, float]:
        run, spent = prepared(folder / "praxis")
        plans.append(spent.wall)
        print(f"  prepare {spent.wall:.2f} s wall, {rows / spent.wall:.0f} letters/s")
        return measured([PROGRAM, "-C", folder / "praxis", "send", run, "--yes"])

    rivals = HERE / "letter_rivals.py"
    made: dict[str, Callable[[], tuple[float, float]]] = {
        "send": send,
        "weasyprint naive": partial(
            measured, [sys.executable, rivals, "weasyprint", str(rows), folder / "naive.pdf"]
        ),
    }
    if office := shutil.which("soffice"):
        document = libreoffice_document(folder, rows, paragraphs())
        home = f"-env:UserInstallation=file://{folder / 'office'}"
        convert = ["--headless", "--convert-to", "pdf", "--outdir", str(folder), str(document)]
        made["libreoffice"] = partial(measured, [office, home, *convert])
    if find_spec("typst"):
        typst_document(folder, rows, paragraphs())
        made["typst"] = partial(
            measured, [sys.executable, rivals, "typst", folder / "letters.typ", folder / "t.pdf"]
        )
    return made


def absent() -> dict[str, str]:
    """The rivals that are not installed, each with how to install it."""
    found: dict[str, str] = {}
    if not shutil.which("soffice"):
        found["libreoffice"] = "apt-get install libreoffice-writer; its target counts as missed"
    if not find_spec("typst"):
        found["typst"] = "scripts/uv pip install typst; it has no target"
    return found


def main(rows: int, rounds: int) -> None:
    """Measure in turn, print wall and processor time, then hold against the targets."""
    for name, install in absent().items():
        print(f"{name} takes no part: {install}")
    walls: dict[str, list[float]] = {}
    processors: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(rounds):
            for name, make in contenders(Path(temporary) / str(number), rows).items():
                wall, cpu = make()
                walls.setdefault(name, []).append(wall)
                processors.setdefault(name, []).append(cpu)
                print(f"  {name:18}{wall:8.2f} s wall{cpu:8.2f} s cpu{rows / wall:8.0f} letters/s")
    versions = {"weasyprint": version("weasyprint")}
    if find_spec("typst"):
        versions["typst"] = version("typst")
    pairs = {"weasyprint naive": 1 / OVER_NAIVE, "libreoffice": 1 / OVER_LIBREOFFICE, "typst": None}
    sizes = {"letters": rows, "rounds": rounds}
    missed = False
    for rival, target in pairs.items():
        if rival not in walls:
            missed = missed or target is not None
            continue
        seconds = {"send": walls["send"], rival: walls[rival]}
        report = Report(f"letters-{rival.split()[0]}", seconds, versions, sizes, target)
        speed = statistics.median(walls[rival]) / statistics.median(walls["send"])
        work = statistics.median(processors[rival]) / statistics.median(processors["send"])
        print(f"send is {speed:.2f} x as fast as {rival}, {work:.2f} x by processor time")
        try:
            finish(report)
        except SystemExit:
            missed = True
    sys.exit(missed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else ROWS, int(sys.argv[2]) if sys.argv[2:] else ROUNDS)
