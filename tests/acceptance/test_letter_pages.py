"""What is printed is whole: the frame around a letter, the address in its window, every image.

Pages are made by the command line and looked at as pictures: the text of a PDF is also there where
nothing of it can be seen.
"""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pdfplumber
import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Practice

pytestmark = pytest.mark.timeout(900)
MM = 72 / 25.4
LONG_NAME = "Gemeinschaftspraxis für Innere Medizin Dr. Abendroth, Dr. Morgenstern und Kollegen"
HOURS = "Sprechzeiten nach Vereinbarung und am Empfang der Praxis"
LONG_MAIL = "gemeinschaftspraxis.sonnenschein.mondlicht@allgemeinmedizin.example"
CONFIG = """\
practice:
  id: probe
  name: "{name}"
  street: "{street}"
  postal_code: "01067"
  city: Dresden
  phone: "0351 1234567"
  email: {email}
ledger: sqlite:///versandbuch.db
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-letter]
accounts:
  brief:
    channel: letter
    folder: briefe
    processes: 1
{account}
signatures:
  sonne: {{name: "Dr. Sonja Sonne", image: {image}}}
"""
MAILING = """\
source: table
select:
  file: liste.csv
  consent_column: ok
  columns: {{Vorname: vorname, Nachname: nachname, Zusatz: adresszusatz, Strasse: strasse, PLZ: plz,
    Ort: ort, Land: land}}
account: brief
purpose: information
signature: sonne
{text}
"""
HEAD = "Vorname;Nachname;Zusatz;Strasse;PLZ;Ort;Land;ok"
EVA = ("Eva", "Müller", "", "Musterweg 1", "01067", "Dresden", "", "ja")


@dataclass
class Office:
    """A practice that writes letters to a list; `opened` closes what a test looks at."""

    practice: Practice
    settings: dict[str, str]
    opened: ExitStack

    def write(self, *rows: tuple[str, ...], account: str = "form: B", **changes: str) -> None:
        """Its files; `account` are further lines of the account."""
        values = {**self.settings, **changes}
        values["account"] = "\n".join(f"    {line}" for line in account.split("\n"))
        folder = self.practice.folder
        (folder / "mailings").mkdir(parents=True, exist_ok=True)
        (folder / "serienpost.yaml").write_text(CONFIG.format(**values), "utf-8")
        (folder / "mailings" / "a.yaml").write_text(MAILING.format(**values), "utf-8")
        lines = [HEAD, *(";".join(row) for row in rows or (EVA,))]
        (folder / "liste.csv").write_text("\n".join(lines), "utf-8")

    def refused(self, **changes: str) -> list[dict[str, Any]]:
        """What `check` says against these files."""
        self.write(**changes)
        return self.practice.refused("check", "a")

    def review(self) -> list[dict[str, Any]]:
        """Prepare a run; its rows."""
        answer = self.practice.json("prepare", "a")
        self.practice.run = answer["run"]
        rows: list[dict[str, Any]] = answer["recipients"]
        return rows

    def letters(self) -> list[pdfplumber.pdf.PDF]:
        """The letters of the run."""
        out = self.practice.folder / "vorschau"
        self.practice.json("preview", self.practice.run, "--all", "--out", str(out))
        found = sorted(out.glob("*.pdf"), key=lambda path: int(path.stem.rpartition("-")[2]))
        return [self.opened.enter_context(pdfplumber.open(path)) for path in found]

    def pages(self) -> list[pdfplumber.page.Page]:
        """The first page of each letter of the run."""
        return [letter.pages[0] for letter in self.letters()]


@pytest.fixture
def office(empty: Practice) -> Iterator[Office]:
    settings = {
        "name": "Praxis Dr. Sonne",
        "street": "Lindenallee 5",
        "email": "praxis@example.org",
        "image": "null",
        "text": 'subject: Probe\ntext: "wir schreiben Ihnen."',
    }
    with ExitStack() as opened:
        yield Office(empty, settings, opened)


def unseen(page: pdfplumber.page.Page) -> list[str]:
    """The words of a page of which nothing is printed, or not all of their width."""
    dots = 200 / 72
    picture = page.to_image(resolution=200).original.convert("L").point(lambda v: 255 * (v < 200))
    lost = []
    for word in page.extract_words():
        if not word["text"][0].isalnum():
            continue
        box = tuple(round(word[side] * dots) for side in ("x0", "top", "x1", "bottom"))
        ink = picture.crop(box).getbbox()
        if ink is None or ink[2] - ink[0] < (box[2] - box[0]) * 0.7:
            lost.append(word["text"])
    return lost


def words_in(page: pdfplumber.page.Page, *edges: float) -> str:
    """The text in a part of a page: left, top, right, bottom in millimetres."""
    left, top, right, bottom = (edge * MM for edge in edges)
    return str(page.crop((left, top, right, bottom)).extract_text())


@pytest.mark.parametrize(
    ("account", "changes"),
    [
        ("form: B", {"name": LONG_NAME, "street": "Bürgermeister-Schmidt-Straße 105"}),
        ("form: A", {"name": LONG_NAME, "street": "Bürgermeister-Schmidt-Straße 105"}),
        ("return_line: Praxis Sonne · 01067 Dresden", {"name": LONG_NAME * 2}),
        (
            "form: B",
            {"email": LONG_MAIL},
        ),
        ("information: [" + ", ".join(f"Zeile {n}" for n in range(9)) + "]", {}),
        (f"footer: {'Sprechzeiten nach Vereinbarung; ' * 11}", {}),
    ],
    ids=["long name", "form A", "short form", "e-mail", "many lines", "long foot"],
)
def test_the_frame_is_printed_whole(office: Office, account: str, changes: dict[str, str]) -> None:
    office.write(account=account, **changes)
    office.review()
    (page,) = office.pages()
    assert unseen(page) == []
    field = 27 if "form: A" in account else 45
    line = words_in(page, 20, field - 0.5, 106, field + 5.6)
    assert line.endswith("01067 Dresden"), line
    assert max(word["x1"] for word in page.extract_words()) <= 190.5 * MM
    assert min(char["size"] for char in page.chars) >= 6


@pytest.mark.parametrize(
    ("key", "says", "account", "changes"),
    [
        ("accounts.brief.return_line", "smallest type", "form: B", {"name": LONG_NAME * 2}),
        ("accounts.brief.return_line", "too long", f"return_line: {'Praxis' * 20}", {}),
        ("practice.name", "lines", "form: A\nreturn_line: Sonne", {"name": LONG_NAME * 2}),
        ("accounts.brief.information", "too long", f"information: [{'x' * 50}]", {}),
        (
            "accounts.brief.information",
            "lines",
            f"information: [{', '.join([HOURS] * 9)}]",
            {},
        ),
        ("accounts.brief.footer", "lines", f"footer: {'Sprechzeiten; ' * 60}", {}),
        ("accounts.brief.footer", "no installed font", 'footer: "\U0010fffd"', {}),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_at_check(
    office: Office, key: str, says: str, account: str, changes: dict[str, str]
) -> None:
    problems = office.refused(account=account, **changes)
    (problem,) = [one for one in problems if one["key"] == key]
    assert says in problem["message"]
    assert problem["hint"]
    assert Path(problem["file"]).name == "serienpost.yaml"
    assert problem["line"]
    assert not (office.practice.folder / "briefe").exists()


def test_rules_of_a_template_set_nothing_over_the_frame(office: Office) -> None:
    folder = office.practice.folder / "templates" / "eigen"
    folder.mkdir(parents=True)
    (folder / "letter.md").write_text("---\nsubject: Probe\n---\nwir schreiben Ihnen.\n", "utf-8")
    (folder / "letter.css").write_text(".betreff { margin: -46mm 0 0 100mm }", "utf-8")
    (problem,) = office.refused(text="template: eigen")
    assert "on the letterhead, the return line or the date" in problem["message"]


def test_a_letterhead_as_high_as_paper_is_made_smaller(office: Office) -> None:
    office.write(account="letterhead: kopf.png")
    Image.new("RGB", (400, 4000), "navy").save(office.practice.folder / "kopf.png")
    office.review()
    (page,) = office.pages()
    (image,) = page.images
    assert image["bottom"] <= 43.5 * MM
    width, height = image["x1"] - image["x0"], image["bottom"] - image["top"]
    assert width * 10 == pytest.approx(height, rel=0.01)


LINES = {
    ("Marie-Christine", "Freifrau von Schulthausen-Brandenburgsdorf zu Hohenstein"): [
        "Marie-Christine Freifrau",
        "von Schulthausen-Brandenburgsdorf",
        "zu Hohenstein",
    ],
    ("Eva", "Klein", "Station 3 B, Zimmer 12, Pflegeheim Haus Abendsonne am Park"): [
        "Eva Klein",
        "Station 3 B, Zimmer 12,",
        "Pflegeheim Haus Abendsonne am Park",
    ],
    ("Ida", "Groß", "Seniorenwohnanlage Sankt Elisabeth Haus Nummer 12 a im Hof"): [
        "Ida Groß",
        "Seniorenwohnanlage Sankt Elisabeth Haus",
        "Nummer 12 a im Hof",
    ],
    ("Ute", "Amsel", "", "Bürgermeister-Oberstudiendirektor-Schmidtbauer-Straße 105 a"): [
        "Ute Amsel",
        "Bürgermeister-Oberstudiendirektor-Schmidtbauer-",
        "Straße 105 a",
    ],
    ("Jo", "Fink", "c/o Dr. Hildegard Sommerfeld (Praxis für Physiotherapie)"): [
        "Jo Fink",
        "c/o Dr. Hildegard Sommerfeld",
        "(Praxis für Physiotherapie)",
    ],
    ("Al", "Specht", "", "", "8001", "Zürich", "Schweiz"): ["Al Specht", "Musterweg 1"],
}


def _or(given: str, usual: str) -> str:
    return given or usual


def test_address_lines_go_on_in_the_next_while_lines_are_free(office: Office) -> None:
    rows = [(*row, *EVA[len(row) :]) for row in LINES]
    office.write(*(tuple(map(_or, row, EVA)) for row in rows))
    assert all(row["marked"] for row in office.review())
    for page, lines in zip(office.pages(), LINES.values(), strict=True):
        window = words_in(page, 20, 62.2, 105.2, 90.5).split("\n")
        assert window[: len(lines)] == lines
        assert unseen(page) == []
        assert len(window) <= 6


def test_an_address_that_does_not_fit_is_told_with_what_to_do(office: Office) -> None:
    office.write(
        ("Eva", "Amsel", "W" * 60, *EVA[3:]),
        ("Ute", "W" * 60, *EVA[2:]),
        ("Ida", "Specht", "", "Weg 1", "01067", "D" * 50, "", "ja"),
        ("Jo", "Meise", *EVA[2:]),
    )
    *refused, good = office.review()
    assert good["marked"]
    for row, line in zip(refused, ("addition", "name", "last line"), strict=True):
        assert row["unmarked"]["code"] == "value_refused"
        assert line in row["unmarked"]["reason"]
        assert "in the master data" in row["unmarked"]["reason"]


def picture(mode: str = "RGB") -> Image.Image:
    """A picture whose corners, colours and greys all differ."""
    image = Image.new("RGB", (96, 60))
    image.putdata(
        [(x * 255 // 95, y * 255 // 59, 255 - x * 2) for y in range(60) for x in range(96)]
    )
    return image if mode == "RGB" else image.convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:  # noqa: ANN401
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


# Where each pass begins and how far apart its pixels are: left, top, across, down.
Passes: TypeAlias = tuple[tuple[int, int, int, int], ...]
WHOLE: Passes = ((0, 0, 1, 1),)
ADAM7: Passes = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def png(colour: int, pixel: Callable[[int, int], bytes], passes: Passes = WHOLE) -> bytes:
    """A PNG of 96 x 60 in 16 bits, as Pillow does not write it (PNG specification, 11.2.1)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    rows = [
        b"\0" + b"".join(pixel(x, y) for x in range(left, 96, across))
        for left, top, across, down in passes
        for y in range(top, 60, down)
    ]
    head = struct.pack(">IIBBBBB", 96, 60, 16, colour, 0, 0, len(passes) > 1)
    packed = zlib.compress(b"".join(rows))
    chunks = [chunk(b"IHDR", head), chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def grey_of(x: int, y: int) -> int:
    return (x * 500 + y * 300) % 65536


def colour_of(x: int, y: int) -> tuple[int, int, int]:
    return x * 255 // 95, y * 255 // 59, 255 - x * 2


def pale_of(x: int, y: int) -> int:
    value = PALE.getpixel((x, y))
    assert isinstance(value, int)
    return value


def turned(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture(), kind, exif=exif)


GREY = Image.new("L", (96, 60))
GREY.putdata([grey_of(x, y) >> 8 for y in range(60) for x in range(96)])
PALE = picture("L")
BIT = PALE.point(lambda value: 255 * (value > 128)).convert("1")
FADED = Image.merge("LA", (GREY, PALE))
LAB = ImageCms.profileToProfile(
    picture(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# By name of the file: its bytes, and the picture as every other program shows it.
IMAGES: dict[str, tuple[bytes, Image.Image]] = {
    "bit.png": (encoded(BIT), BIT),
    "grey.png": (encoded(picture("L")), picture("L")),
    "palette.png": (encoded(picture("P")), picture("P")),
    "rgba.png": (encoded(Image.merge("RGBA", (*picture().split(), picture("L")))),
                 Image.merge("RGBA", (*picture().split(), picture("L")))),
    "grey16.png": (png(0, lambda x, y: struct.pack(">H", grey_of(x, y))), GREY),
    "grey16lace.png": (png(0, lambda x, y: struct.pack(">H", grey_of(x, y)), ADAM7), GREY),
    "grey16alpha.png": (
        png(4, lambda x, y: struct.pack(
            ">HH", grey_of(x, y), pale_of(x, y) * 257)), FADED),
    "rgb16.png": (png(2, lambda x, y: struct.pack(
        ">HHH", *(value * 257 for value in colour_of(x, y)))), picture()),
    "icc.png": (encoded(picture(), icc_profile=SRGB), picture()),
    "cmyk.jpg": (encoded(picture("CMYK"), "JPEG", quality=98), picture("CMYK")),
    "ycbcr.jpg": (encoded(picture("YCbCr"), "JPEG", quality=98), picture()),
    "grey.jpg": (encoded(picture("L"), "JPEG", quality=98), picture("L")),
    "turned.jpg": (turned("JPEG"), picture().transpose(Image.Transpose.ROTATE_270)),
    "turned.png": (turned("PNG"), picture().transpose(Image.Transpose.ROTATE_270)),
    "palette.gif": (encoded(picture("P"), "GIF"), picture("P")),
    "webp.png": (encoded(picture(), "WEBP", lossless=True), picture()),
    "bmp.png": (encoded(picture(), "BMP"), picture()),
    "lab.png": (encoded(LAB, "TIFF"), picture()),
}  # fmt: skip
NO_IMAGES = {
    "float.png": encoded(picture("F"), "TIFF"),
    "cut.jpg": encoded(picture(), "JPEG", quality=98)[:-900],
    "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
}


def difference(page: pdfplumber.page.Page, box: dict[str, Any], shown: Image.Image) -> float:
    """How much a printed image differs from what it shows, on white, of 255 on average."""
    dots = 200 / 72
    printed = page.to_image(resolution=200).original.convert("RGB")
    printed = printed.crop(tuple(round(box[s] * dots) for s in ("x0", "top", "x1", "bottom")))
    shown = shown.convert("RGBA")
    wanted = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    printed = ImageOps.contain(printed, wanted.size).resize(wanted.size)
    return max(ImageStat.Stat(ImageChops.difference(printed, wanted)).mean)


def test_every_image_is_printed_as_it_is_shown(office: Office) -> None:
    """Those of a template, the signature and the letterhead alike."""
    folder = office.practice.folder / "templates" / "bilder"
    folder.mkdir(parents=True)
    for name, (data, _) in IMAGES.items():
        (folder / name).write_bytes(data)
    (office.practice.folder / "grau.png").write_bytes(IMAGES["grey16.png"][0])
    body = "\n\n".join(f"![Bild]({name})" for name in IMAGES)
    (folder / "letter.md").write_text(f"---\nsubject: Probe\n---\n{body}\n", "utf-8")
    office.write(account="letterhead: grau.png", image="grau.png", text="template: bilder")
    office.review()
    (letter,) = office.letters()
    found = [(page, image) for page in letter.pages for image in page.images]
    wanted = [("letterhead", GREY), *((name, shown) for name, (_, shown) in IMAGES.items())]
    wanted.append(("signature", GREY))
    off = {
        name: round(difference(page, image, shown), 1)
        for (name, shown), (page, image) in zip(wanted, in_order(found), strict=True)
    }
    assert {name: by for name, by in off.items() if by > 12} == {}


def in_order(found: list[tuple[Any, dict[str, Any]]]) -> list[tuple[Any, dict[str, Any]]]:
    return sorted(found, key=lambda one: (one[0].page_number, one[1]["top"]))


@pytest.mark.parametrize("name", NO_IMAGES)
def test_what_cannot_be_printed_is_refused_at_check(office: Office, name: str) -> None:
    folder = office.practice.folder / "templates" / "bilder"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(NO_IMAGES[name])
    (folder / "letter.md").write_text(f"---\nsubject: Probe\n---\n![Bild]({name})\n", "utf-8")
    (problem,) = office.refused(text="template: bilder")
    assert name in problem["message"]


def test_checks_make_no_folders(office: Office) -> None:
    office.write(account="form: B")
    office.practice.json("check", "a")
    office.practice("doctor", "--json")
    assert {path.name for path in office.practice.folder.iterdir() if path.is_dir()} <= {"mailings"}


def test_the_folder_may_lie_at_home(office: Office, tmp_path: Path) -> None:
    office.practice.env["HOME"] = str(tmp_path / "zuhause")
    (tmp_path / "zuhause").mkdir()
    office.write()
    office.practice.edit("serienpost.yaml", "folder: briefe", "folder: ~/Dokumente/briefe")
    office.review()
    office.practice.json("send", office.practice.run, "--yes")
    assert (tmp_path / "zuhause/Dokumente/briefe" / f"{office.practice.run}.pdf").is_file()
    assert not (office.practice.folder / "~").exists()


def test_what_does_not_change_the_pages_does_not_change_the_content(office: Office) -> None:
    hashes: set[str] = set()
    for account in ("form: B", "duplex: true\norder: postcode\npart: 7\nsender: anders"):
        office.write(account=account)
        office.practice.edit("serienpost.yaml", "folder: briefe", f"folder: briefe{len(hashes)}")
        office.review()
        hashes |= {one["content_hash"] for one in office.practice.messages().values()}
    assert len(hashes) == 1


def test_the_final_file_follows_a_folder_that_changed_meanwhile(office: Office) -> None:
    """Parts stay where they are; none is made again, none is left over."""
    office.write(*[(f"Eva{n}", *EVA[1:]) for n in range(6)], account="part: 1")
    office.review()
    practice = office.practice
    process = practice.start("send", practice.run, "--yes")
    practice.wait_until(lambda: practice.states()["accepted"] > 0)
    process.terminate()
    practice.finish(process)
    old, new = practice.folder / "briefe", practice.folder / "neu"
    made = {path: path.stat().st_mtime_ns for path in old.glob(".teile/*/*.pdf")}
    assert 0 < len(made) < 6
    practice.edit("serienpost.yaml", "folder: briefe", "folder: neu")
    practice("resume", practice.run, fault="finishing.after_commit")
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert practice.json("resume", practice.run)["state"] == "finished"
    assert practice.states() == {"accepted": 6}
    names = {f"{practice.run}.csv", f"{practice.run}.pdf"}
    assert {path.name for path in new.iterdir()} == names
    assert list(old.iterdir()) == []
    with pdfplumber.open(new / f"{practice.run}.pdf") as pdf:
        shown = [page.extract_text() for page in pdf.pages]
    assert [f"Eva{n} " in text for n, text in enumerate(shown)] == [True] * 6
