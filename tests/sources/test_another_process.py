"""A run that one process selected and another one rechecks and sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from serienpost_testkit.suites.command_line import CommandLine

if TYPE_CHECKING:
    from pathlib import Path

TABLE = {
    "source": "table",
    "columns": {"Name": "nachname", "Mail": "email"},
    "consent_column": "Ja",
}


def _written(folder: Path) -> CommandLine:
    keys: dict[str, Any] = {
        "practice": {"name": "Praxis"},
        "plugins": ["serienpost-testkit", "serienpost-source-table"],
        "quiet": {},
        "accounts": {"null": {"channel": "null-email", "oracle": "oracle.tsv"}},
    }
    mailing = {
        "select": [{**TABLE, "file": "eins.csv"}, {**TABLE, "file": "zwei.csv"}],
        "account": "null",
        "purpose": "event",
        "subject": "Sommerfest",
        "text": "Guten Tag aus der Praxis",
    }
    (folder / "mailings").mkdir()
    (folder / "serienpost.yaml").write_text(json.dumps(keys), "utf-8")
    (folder / "mailings" / "fest.yaml").write_text(json.dumps(mailing), "utf-8")
    for file, people in (("eins.csv", "abc"), ("zwei.csv", "de")):
        lines = "".join(f"{name};{name}@example.org;ja\n" for name in people)
        (folder / file).write_text(f"Name;Mail;Ja\n{lines}", "utf-8")
    return CommandLine(folder)


def test_rows_of_two_files_are_found_each_in_its_own(practice_folder: Path) -> None:
    practice = _written(practice_folder)
    run = json.loads(practice("prepare", "fest", "--json").stdout)["run"]
    practice("send", run, "--yes")
    counts = json.loads(practice("show", run, "--json").stdout)["counts"]
    assert counts["accepted"] == 5


def test_only_rows_of_a_changed_file_are_gone(practice_folder: Path) -> None:
    practice = _written(practice_folder)
    run = json.loads(practice("prepare", "fest", "--json").stdout)["run"]
    with (practice_folder / "zwei.csv").open("a", encoding="utf-8") as file:
        file.write("f;f@example.org;ja\n")
    practice("send", run, "--yes", code=None)
    shown = json.loads(practice("show", run, "--json").stdout)
    assert (shown["counts"]["accepted"], shown["counts"]["suppressed"]) == (3, 2)
    reasons = {each["code"] for each in shown["messages"] if each["state"] == "suppressed"}
    assert reasons == {"file_changed"}
