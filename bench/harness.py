"""Compare alternatives fairly: alternating rounds, medians, and what they were measured on."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RESULTS = Path(__file__).resolve().parent / "results"


def machine_facts() -> dict[str, str | int]:
    """The facts that a time depends on; nothing that names the machine."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }


@dataclass(frozen=True)
class Report:
    """Seconds per round and alternative; the first alternative is ours, the second the baseline.

    `versions` and `sizes` say what was compared and on how much; `target` is the greatest ratio of
    medians (ours to baseline) that counts as met, None if there is none.
    """

    name: str
    seconds: Mapping[str, list[float]]
    versions: Mapping[str, str]
    sizes: Mapping[str, int]
    target: float | None = None
    machine: Mapping[str, str | int] = field(default_factory=machine_facts)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def ratio(self) -> float:
        """Median of ours over median of the baseline."""
        ours, baseline = (statistics.median(rounds) for rounds in list(self.seconds.values())[:2])
        return ours / baseline

    @property
    def met(self) -> bool:
        return self.target is None or self.ratio <= self.target

    def table(self) -> str:
        rows = [f"{self.name} ({self._described(self.sizes)})"]
        rows.append(f"{'':24}{'median s':>10}{'min s':>10}{'rounds':>8}")
        for label, rounds in self.seconds.items():
            median, least = statistics.median(rounds), min(rounds)
            rows.append(f"{label:24}{median:10.3f}{least:10.3f}{len(rounds):8}")
        wanted = "" if self.target is None else f", target <= {self.target:g}: "
        verdict = "" if self.target is None else ("met" if self.met else "MISSED")
        rows.append(f"ratio of medians {self.ratio:.3f}{wanted}{verdict}")
        rows.append(f"on {self._described(self.machine)}; {self._described(self.versions)}")
        return "\n".join(rows)

    def write(self, folder: Path) -> Path:
        """Store the report as JSON, one file per benchmark and time."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}-{self.at.replace(':', '')}.json"
        facts = asdict(self) | {"ratio": self.ratio, "met": self.met}
        file.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        return file

    @staticmethod
    def _described(facts: Mapping[str, str | int] | Mapping[str, str] | Mapping[str, int]) -> str:
        return ", ".join(f"{key} {value}" for key, value in facts.items())


def alternate(
    alternatives: Mapping[str, Callable[[], object]], rounds: int, warmups: int = 1
) -> dict[str, list[float]]:
    """Run the alternatives in turn (A B A B ...) and return the seconds of each round.

    Slow drifts of the machine then hit all alternatives alike. Warm-up rounds are not counted.
    """
    seconds: dict[str, list[float]] = {label: [] for label in alternatives}
    for number in range(-warmups, rounds):
        for label, run in alternatives.items():
            start = time.perf_counter()
            run()
            elapsed = time.perf_counter() - start
            if number >= 0:
                seconds[label].append(elapsed)
    return seconds


def finish(report: Report, folder: Path = RESULTS) -> None:
    """Print and store the report; a missed target ends the process with status 1."""
    print(report.table())
    print(f"written to {report.write(folder)}")
    if not report.met:
        sys.exit(1)
