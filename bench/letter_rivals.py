"""The same letters made by others: WeasyPrint one by one, LibreOffice, typst."""

from __future__ import annotations

import io
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PRACTICE = "Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden"
REACH = ("Telefon 0351 1234567", "praxis@example.org", "2. März 2026")
SUBJECT = "Bitte vereinbaren Sie einen Termin"
CLOSING = (
    "Mit freundlichen Grüßen",
    "Dr. med. Sonja Sonnenschein",
    "Fachärztin für Allgemeinmedizin",
)
CSS = """\
@page { size: A4; margin: 98.46mm 20mm 25mm 25mm }
body { font: 11pt/4.66mm "Liberation Sans", sans-serif; margin: 0 }
p { margin: 0 0 4.23mm } h1 { font-size: 11pt; margin: 0 0 8.46mm }
div { position: absolute } i { position: absolute; left: -20mm; width: 5mm; border-top: .2mm solid }
.a { top: -35.76mm; font-size: 10pt } .r { top: -53.46mm; font-size: 7pt }
.i { top: -48.46mm; left: 100mm; font-size: 9pt } .f { top: 180mm; font-size: 7.5pt }
"""


def people(count: int) -> Iterator[tuple[list[str], str]]:
    """Address and salutation of made-up people."""
    for number in range(1, count + 1):
        name = f"Muster{number}"
        lines = ["Frau", f"Ada {name}", f"Nullstraße {number}", f"{1067 + number:05d} Dresden"]
        yield lines, f"Sehr geehrte Frau {name},"


def html(lines: Sequence[str], salutation: str, paragraphs: Sequence[str]) -> str:
    """One letter as a document of its own."""
    body = "".join(f"<p>{escape(text)}</p>" for text in (salutation, *paragraphs, CLOSING[0]))
    marks = "".join(f'<i style="top:{top}mm"></i>' for top in (6.54, 50.04, 111.54))
    return (
        f'<!DOCTYPE html><html lang="de"><head><style>{CSS}</style></head><body>'
        f'<div class="r">{PRACTICE}</div><div class="a">{"<br>".join(lines)}</div>'
        f'<div class="i">{"<br>".join(REACH)}</div>{marks}<div class="f">{PRACTICE}</div>'
        f"<h1>{SUBJECT}</h1>{body}<p>{'<br>'.join(CLOSING[1:])}</p></body></html>"
    )


def weasyprint(count: int, out: Path) -> None:
    """One document and one PDF for each letter; then all are merged."""
    import pikepdf
    from weasyprint import HTML

    paragraphs = (Path(__file__).with_name("letter.txt")).read_text("utf-8").strip().split("\n\n")
    with pikepdf.new() as merged:
        for lines, salutation in people(count):
            data = HTML(string=html(lines, salutation, paragraphs)).write_pdf()
            with pikepdf.open(io.BytesIO(data)) as one:
                merged.pages.extend(one.pages)
        merged.save(out)


_FODT = """\
<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:automatic-styles>
<style:page-layout style:name="pm"><style:page-layout-properties fo:page-width="210mm"
 fo:page-height="297mm" fo:margin-top="45mm" fo:margin-bottom="20mm" fo:margin-left="25mm"
 fo:margin-right="20mm"/></style:page-layout>
<style:style style:name="N" style:family="paragraph"><style:paragraph-properties
 fo:margin-bottom="4.23mm"/><style:text-properties fo:font-family="Liberation Sans"
 fo:font-size="11pt" fo:language="de" fo:country="DE"/></style:style>
<style:style style:name="S" style:family="paragraph"><style:text-properties
 fo:font-family="Liberation Sans" fo:font-size="9pt"/></style:style>
<style:style style:name="B" style:family="paragraph"><style:paragraph-properties
 fo:break-before="page"/><style:text-properties fo:font-family="Liberation Sans"
 fo:font-size="7pt"/></style:style>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="pm"/>
</office:master-styles><office:body><office:text>
"""


def libreoffice_document(folder: Path, count: int, paragraphs: Sequence[str]) -> Path:
    """The document that a mail merge gives, ready to be laid out."""
    path = folder / "letters.fodt"
    with path.open("w", encoding="utf-8") as file:
        file.write(_FODT)
        for lines, salutation in people(count):
            small = [*lines, *REACH]
            file.write(f'<text:p text:style-name="B">{PRACTICE}</text:p>')
            file.writelines(f'<text:p text:style-name="S">{line}</text:p>' for line in small)
            body = (SUBJECT, salutation, *paragraphs, *CLOSING)
            file.writelines(f'<text:p text:style-name="N">{escape(t)}</text:p>' for t in body)
        file.write("</office:text></office:body></office:document>")
    return path


def typst_document(folder: Path, count: int, paragraphs: Sequence[str]) -> None:
    """All letters as one typst document."""
    head = (
        '#set page(paper: "a4", margin: (top: 45mm, bottom: 25mm, left: 25mm, right: 20mm))\n'
        '#set text(font: "Liberation Sans", size: 11pt, lang: "de")\n'
    )
    letters = []
    for lines, salutation in people(count):
        address = " \\\n".join([PRACTICE.replace("@", "\\@"), *lines])
        reach = " \\\n".join(line.replace("@", "\\@") for line in REACH)
        body = "\n\n".join((f"*{SUBJECT}*", salutation, *paragraphs, *CLOSING))
        letters.append(f"#grid(columns: 2, column-gutter: 2cm, [{address}], [{reach}])\n\n{body}\n")
    (folder / "letters.typ").write_text(head + "\n#pagebreak()\n".join(letters), "utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "weasyprint":
        weasyprint(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        import typst  # type: ignore[import-not-found]  # not among our dependencies

        typst.compile(sys.argv[2], output=sys.argv[3])
