"""Ten thousand letters in one run: memory stays flat, and the file holds each letter, whole, once.

The real command line prepares and sends them; every fifth has two pages. The file to print is then
read by Poppler and qpdf and held against what the made-up people are: whose address stands on which
page, in which order, with which page number and signature, and for some of them against their
`preview`. Needs Debian's qpdf and poppler-utils.

    python bench/letter_load.py [LETTERS]
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
from letters import CONFIG, MAILING, paragraphs
from null_practice import prepared, run
from watched_send import deliver

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTERS = 10_000
PREVIEWS = 20
# MiB that memory may grow between a tenth of the way and its end.
FLAT = 40.0

BEGIN = "  Ihre Nummer bei uns ist {{Null_Nr}}, {{Null_Name}}."
# Around what only some letters say, so that they have a second page.
MORE = ("  {% if Titel %}", "  {% endif %}")

STREET = re.compile(r"^Nullstraße (\d+)$", re.MULTILINE)
FOLLOWING = re.compile(r"^Seite (\d+) von (\d+)$", re.MULTILINE)
SIGNATURE = "Dr. med. Sonja Sonnenschein\nFachärztin für Allgemeinmedizin"


def make_practice(folder: Path, count: int, part: int = 100) -> None:
    """A practice whose mailing `alle` is a letter to so many people, laid out in such parts."""
    (folder / "mailings").mkdir(parents=True)
    config = CONFIG.replace("{channel: letter}", f"{{channel: letter, part: {part}}}")
    (folder / "serienpost.yaml").write_text(config, "utf-8")
    lines = [f"  {line}" for line in paragraphs()]
    text = "\n\n".join([BEGIN, *lines, MORE[0], *lines * 3, MORE[1]])
    mailing = MAILING.format(count=count, text=text)
    (folder / "mailings" / "alle.yaml").write_text(mailing, "utf-8")


def pages_of(path: Path) -> list[str]:
    """The text of each page, as Poppler reads it without a complaint."""
    return quiet("pdftotext", str(path), "-").split("\f")[:-1]


def quiet(*command: str) -> str:
    """What a program says that must not complain."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{command[0]}: {done.stderr[:500]}"
    return done.stdout


def font_bytes(path: Path) -> int:
    """Bytes of the embedded fonts, as they lie in the file."""
    with pikepdf.open(path) as pdf:
        return sum(
            len(one.read_raw_bytes())
            for one in pdf.objects
            if isinstance(one, pikepdf.Stream)
            and ("/Length1" in one or one.get("/Subtype") in ("/CIDFontType0C", "/OpenType"))
        )


def letters_in(pages: list[str]) -> Iterator[list[str]]:
    """The pages of each letter; a letter begins where an address stands."""
    letter: list[str] = []
    for page in pages:
        if STREET.search(page) and letter:
            yield letter
            letter = []
        letter.append(page)
    yield letter


def check(folder: Path, run_id: str, count: int, previews: int = PREVIEWS) -> None:
    """Hold the file and its index against the made-up people, and some letters against `preview`.

    Raises:
        AssertionError: it is not what it should be.
    """
    path = folder / "briefe" / f"{run_id}.pdf"
    pages = pages_of(path)
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file, delimiter=";"))
    letters = list(letters_in(pages))
    assert len(letters) == len(index) == count
    first = 1
    for number, (letter, line) in enumerate(zip(letters, index, strict=True), start=1):
        check_letter(letter, number)
        told = (line["row"], int(line["first_page"]), int(line["pages"]))
        assert told == (f"patient:{number}", first, len(letter)), f"index: {told}"
        first += len(letter)
    for number in range(1, count + 1, max(1, count // previews)):
        preview = preview_of(folder, run_id, f"patient:{number}")
        assert pages_of(preview) == letters[number - 1], f"letter {number}: not as previewed"


def preview_of(folder: Path, run_id: str, row: str) -> Path:
    """The file that `preview` makes for a recipient."""
    made, _ = run(folder, "preview", run_id, "--recipient", row)
    (found,) = made["files"]
    return Path(found["file"])


def check_letter(pages: list[str], number: int) -> None:
    """One letter: its own address and text, its page numbers, its signature at the end."""
    whole = "".join(pages)
    assert len(pages) == (1 if number % 5 else 2), f"letter {number}: {len(pages)} pages"
    assert STREET.findall(whole) == [str(number)], f"letter {number}: another address"
    assert f"Ihre Nummer bei uns ist {number}," in " ".join(pages[0].split())
    form, name = pages[0][: STREET.search(pages[0]).start()].splitlines()[-2:]  # type: ignore[union-attr]
    last = name.split()[-1]
    assert form == ("Herrn" if number % 2 else "Frau")
    salutation = "Sehr geehrter Herr" if number % 2 else "Sehr geehrte Frau"
    assert re.search(rf"^{salutation} (Dr\. )?{last},$", pages[0], re.MULTILINE), f"{number}"
    numbers = [FOLLOWING.findall(page) for page in pages]
    wanted = [[(str(n), str(len(pages)))] if n > 1 else [] for n in range(1, len(pages) + 1)]
    assert numbers == wanted, f"letter {number}: page numbers {numbers}"
    assert [SIGNATURE in page for page in pages] == [page is pages[-1] for page in pages]


def check_size(path: Path) -> tuple[int, int, int]:
    """Bytes of the file, of its text and of its fonts; qpdf and Poppler take it as it is.

    Raises:
        AssertionError: it is larger than twice the text and the fonts once, or not sound.
    """
    quiet("qpdf", "--check", str(path))
    quiet("pdfinfo", str(path))
    size, fonts = path.stat().st_size, font_bytes(path)
    text = len(quiet("pdftotext", str(path), "-").encode())
    assert size < 2 * text + fonts, f"{size:,} bytes; text {text:,}, fonts {fonts:,}"
    return size, text, fonts


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="serienpost-letters-") as name:
        folder = Path(name) / "praxis"
        make_practice(folder, count)
        run_id, preparing = prepared(folder)
        print(f"{count:,} letters: prepare {preparing.wall:.0f} s, {preparing.rss:.0f} MiB")
        sent = deliver(folder, run_id, 0)
        print(f"send {sent.seconds:.0f} s, {count / sent.seconds:.0f} letters/s")
        print(f"memory with workers: {sent.early.together:.0f} MiB early,"
              f" {sent.most.together:.0f} at most; the command alone"
              f" {sent.early.alone:.0f}, {sent.most.alone:.0f}")  # fmt: skip
        size, text, fonts = check_size(folder / "briefe" / f"{run_id}.pdf")
        print(f"file {size:,} bytes; its text {text:,}, its fonts {fonts:,}")
        check(folder, run_id, count)
        print("each letter is there once, in order, with its own pages, numbers and signature")
    if sent.most.together - sent.early.together > FLAT:
        sys.exit("MISSED: memory")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else LETTERS)
