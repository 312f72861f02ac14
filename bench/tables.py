"""How fast, and in how much memory, a list of many rows is read, as CSV and as XLSX.

Compares many rows with few: time per row and peak memory must not grow. Each measurement is a
process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from harness import Report, finish

FEW = 10_000
MANY = 100_000
HEADER = ["Anrede", "Vorname", "Nachname", "Straße", "PLZ", "Ort", "E-Mail", "Kurs", "Ja", "Nr"]


def person(number: int) -> list[str | int]:
    return [
        "Frau" if number % 2 else "Herr", f"Änne {number}", f"Müller-{number}", "Größenweg 1",
        "01067", "Köln", f"p{number}@example.org", "Yoga", "ja", number,
    ]  # fmt: skip


def write(path: Path, rows: int) -> None:
    """Write a list of so many rows."""
    if path.suffix == ".csv":
        encoding = "cp1252" if path.stem == "cp1252" else "utf-8"
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(HEADER)
            writer.writerows(map(person, range(rows)))
        return
    import xlsxwriter  # type: ignore[import-untyped]

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for number in range(rows):
            sheet.write_row(number + 1, 0, person(number))


def read(path: Path) -> dict[str, float]:
    """Read a list as `prepare` does: its header, then its rows."""
    from serienpost_source_table.files import TableFile
    from serienpost_source_table.table import Reading

    wall, processor = time.monotonic(), time.process_time()
    file = TableFile(path, path.name, reading=Reading(wanted=frozenset(HEADER)))
    file.header()
    rows = sum(not cell.fault for line in file.lines() for cell in line.values.values())
    return {
        "rows": rows / len(HEADER),
        "seconds": time.monotonic() - wall,
        "processor": time.process_time() - processor,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(path: Path, rows: int) -> dict[str, float]:
    """Write a list and read it, each in a process of its own: what one takes is not the other's."""
    command = [sys.executable, __file__, "--file", str(path)]
    subprocess.run([*command, "--write", str(rows)], check=True)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    facts: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{path.name:12} {facts['rows']:>9.0f} rows {facts['seconds']:8.1f} s"
        f" {facts['processor']:8.1f} processor s {facts['mib']:6.0f} MiB"
    )
    return facts


def main() -> None:
    """Measure few and many rows of each kind of file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--write", type=int)
    options = parser.parse_args()
    if options.write:
        write(options.file, options.write)
        return
    if options.file:
        print(json.dumps(read(options.file)))
        return
    reports = []
    for name in ("utf-8.csv", "cp1252.csv", "liste.xlsx"):
        with tempfile.TemporaryDirectory() as folder:
            facts = []
            for rows in (options.many, FEW):
                path = Path(folder) / name
                facts.append(measured(path, rows))
                assert facts[-1]["rows"] == rows
            many, few = facts
        per_row = {"many": [many["processor"] / options.many], "few": [few["processor"] / FEW]}
        versions = {"serienpost-source-table": version("serienpost-source-table")}
        sizes = {"many": options.many, "few": FEW, "MiB more": round(many["mib"] - few["mib"])}
        reports.append(Report(f"tables-{path.stem}", per_row, versions, sizes, target=1.2))
    for report in reports:
        finish(report)


if __name__ == "__main__":
    main()
