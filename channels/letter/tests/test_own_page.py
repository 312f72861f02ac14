"""A template with `letter.html` and `letter.css`, through the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pdfplumber
import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
practice: {name: "Praxis Dr. Sonnenschein", street: "Lindenallee 5", postal_code: "01067",
           city: Dresden, timezone: Europe/Berlin}
ledger: sqlite:///versandbuch.db
plugins: [serienpost-testkit, serienpost-channel-letter, serienpost-macros-practice]
accounts: {brief: {channel: letter, processes: 1}}
signatures: {sonja: {name: "Dr. Sonja Sonnenschein"}}
"""
MAILING = """\
source: "null"
select: {count: 2}
account: brief
purpose: information
template: eigen
signature: sonja
"""
TEXT = """\
---
subject: Vorsorge
---
{{Briefanrede}} Signatur folgt.
"""
PAGE = """\
<style>.kasten { border: 1mm solid black; margin-left: 40mm }</style>
<div class="kasten">Eigenes Blatt für {{Nachname}}</div>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    template = tmp_path / "templates" / "eigen"
    template.mkdir(parents=True)
    (tmp_path / "mailings").mkdir()
    (tmp_path / "serienpost.yaml").write_text(CONFIG, "utf-8")
    (tmp_path / "mailings" / "alle.yaml").write_text(MAILING, "utf-8")
    (template / "letter.md").write_text(TEXT, "utf-8")
    (template / "letter.html").write_text(PAGE, "utf-8")
    (template / "letter.css").write_text(".kasten { padding: 5mm }\n", "utf-8")
    return tmp_path


def cli(folder: Path, *words: str, code: int = 0) -> dict[str, Any]:
    command = [sys.executable, "-m", "serienpost", "-C", str(folder), *words, "--json"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_page_replaces_the_text_and_is_frozen_with_the_run(folder: Path) -> None:
    run = cli(folder, "prepare", "alle")["run"]
    shutil.rmtree(folder / "templates")
    cli(folder, "send", run, "--yes")
    with pdfplumber.open(folder / "briefe" / f"{run}.pdf") as pdf:
        assert len(pdf.pages) == 2
        page = pdf.pages[0]
        text = page.extract_text()
        (word,) = (word for word in page.extract_words() if word["text"] == "Eigenes")
    assert word["x0"] / 72 * 25.4 == pytest.approx(25 + 40 + 1 + 5, abs=0.5)
    for once in ("Eigenes Blatt für", "Sehr geehrte", "Dr. Sonja Sonnenschein", "Vorsorge"):
        assert text.count(once) == 1
    assert "Signatur folgt" not in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("letter.html", '<p>a</p>\n<img src="http://127.0.0.1:9/x.png">\n'),
        ("letter.html", '<p>a</p>\n<a rel="attachment" href="file:///etc/passwd">x</a>\n'),
        ("letter.html", "<p>a</p>\n<p>{{Diagnose}}</p>\n"),
        ("letter.html", "<p>a</p>\n{% for x in y %}\n"),
        ("letter.css", "p { margin: 0 }\n@import 'http://127.0.0.1:9/x.css';\n"),
        ("letter.css", "p { margin: 0 }\n@font-face { font-family: x; src: url(x) }\n"),
    ],
)
def test_mistakes_are_told_with_file_and_line(folder: Path, name: str, content: str) -> None:
    (folder / "templates" / "eigen" / name).write_text(content, "utf-8")
    problems = cli(folder, "check", "alle", code=3)["problems"]
    assert {(p["file"], p["line"]) for p in problems} == {(f"templates/eigen/{name}", 2)}


def test_a_page_that_the_print_check_refuses_fails_the_check(folder: Path) -> None:
    page = '<p>a</p><div class="anschrift">{{Nachname}}</div>'
    (folder / "templates" / "eigen" / "letter.html").write_text(page, "utf-8")
    (problem,) = cli(folder, "check", "alle", code=3)["problems"]
    assert problem["file"] == "templates/eigen/letter.html"
    assert problem["message"] == "the postal address is not all in the window"
