"""What stands in a letter, and what the text sets itself."""

from __future__ import annotations

import io
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pdfplumber
import pikepdf
import pytest
from PIL import Image

from serienpost import Attachment, ConfigError, Cost
from serienpost_channel_letter.account import LetterAccount
from serienpost_channel_letter.images import MOST_SCANS
from serienpost_channel_letter.page_sizes import page_sizes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Writer


def _text(data: bytes) -> str:
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        return "\n".join(page.extract_text() for page in pdf.pages)


def _png(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(out, "PNG")
    return out.getvalue()


def test_the_layout_sets_what_the_text_does_not_name(writer: Writer) -> None:
    text = _text(writer.pdf(writer.content()))
    for once in ("Sehr geehrte Frau Dr. Mustermann,", "2. März 2026", "Mit freundlichen Grüßen"):
        assert text.count(once) == 1
    assert "Dr. Sonja Sonnenschein\nFachärztin" in text


def test_what_the_text_names_is_not_set_again(writer: Writer) -> None:
    named = frozenset({"Briefanrede", "Signatur", "Heute"})
    text = _text(writer.pdf(writer.content(named=named)))
    for once in ("Sehr geehrte", "2. März 2026", "freundlichen"):
        assert once not in text


def test_values_are_no_markup(writer: Writer) -> None:
    values = {"Anschrift": "Frau\n<b>Eva</b> & {{x}}\nWeg 1\n01067 Dresden"}
    assert "<b>Eva</b> & {{x}}" in _text(writer.pdf(writer.content(values=values)))


def test_signature_image_letterhead_and_background(writer_of: Callable[..., Writer]) -> None:
    writer = writer_of(letterhead="kopf.png")
    files = {"signature.png": _png(), "briefkopf.png": _png("blue")}
    with pdfplumber.open(io.BytesIO(writer.pdf(writer.content(files=files)))) as pdf:
        assert len(pdf.pages[0].images) == 2


def test_background_lies_under_every_page(writer_of: Callable[..., Writer]) -> None:
    plain = writer_of()
    paper = plain.pdf(plain.content(html="<p>Briefpapier</p>", subject=""))
    writer = writer_of(background="papier.pdf")
    data = writer.pdf(writer.content(files={"briefpapier.pdf": paper}, html=writer.pages))
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        assert ["Briefpapier" in page.extract_text() for page in pdf.pages] == [True] * len(
            pdf.pages
        )


def test_files_of_the_account_are_checked(writer_of: Callable[..., Writer], tmp_path: Path) -> None:
    writer = writer_of(letterhead="kopf.png")
    with pytest.raises(ConfigError, match="cannot be read"):
        writer.channel.files(writer.context, writer.account)
    (tmp_path / "kopf.png").write_bytes(b"no image")
    with pytest.raises(ConfigError, match="no PNG file"):
        writer.channel.files(writer.context, writer.account)
    (tmp_path / "kopf.png").write_bytes(_png())
    assert list(writer.channel.files(writer.context, writer.account)) == ["briefkopf.png"]


def test_own_style_sheet_comes_last(writer: Writer) -> None:
    wide = writer.content(files={"letter.css": b"p { margin-bottom: 300mm }"})
    (plain, own) = writer.forecast(writer.content(), wide)
    assert plain.amount == 1
    assert own.amount >= 3


def test_rules_of_the_own_page_come_last_and_are_no_text(writer: Writer) -> None:
    html = "<style>p { margin-bottom: 300mm }</style><p>Eigenes Blatt</p>"
    wide = writer.content(files={"letter.css": b"p { margin-bottom: 0 }"}, html=html)
    assert "<style>" not in (wide.html or "")
    (cost,) = writer.forecast(wide)
    assert cost.amount >= 3


def test_an_own_page_may_set_the_address_itself(writer: Writer) -> None:
    address = writer.address.replace("\n", "<br>\n")
    html = f'<p>Eigenes Blatt</p><div class="anschrift">{address}</div>'
    text = _text(writer.pdf(writer.content(html=html)))
    assert text.count("Dr. Erika Mustermann") == 1
    assert "Sehr geehrte Frau Dr. Mustermann," in text
    moved = writer.content(html=html, files={"letter.css": b".anschrift { top: 0 }"})
    (answer,) = writer.forecast(moved)
    assert answer.code == "window"


def test_a_test_letter_bears_a_watermark(writer: Writer) -> None:
    content = writer.content()
    plain, proof = (pikepdf.open(io.BytesIO(writer.pdf(content, is_test=t))) for t in (False, True))
    assert "/SpProbe0" in proof.pages[0].obj.Resources.XObject
    assert "/SpProbe0" not in plain.pages[0].obj.Resources.XObject


def test_cost_in_pages_and_sheets(writer_of: Callable[..., Writer]) -> None:
    for duplex, sheets in ((False, 3), (True, 2)):
        writer = writer_of(duplex=duplex)
        assert writer.forecast(writer.content(html=writer.pages * 2)) == [
            Cost("pages", 3, {"sheets": sheets})
        ]


def test_english_letters(writer: Writer) -> None:
    text = _text(writer.pdf(writer.content(language="en", html=writer.pages)))
    assert "Page 2 of 2" in text
    assert "Phone" in text


def test_refusals(writer: Writer) -> None:
    seven = {"Anschrift": "\n".join("1234567")}
    assert writer.refused(values=seven).code == "address_lines"
    attachment = Attachment("a.pdf", "application/pdf", b"%PDF")
    assert writer.refused(attachments=(attachment,)).code == "attachments"


def test_account_refuses_what_is_no_colour_and_rates() -> None:
    for wrong in (
        {"variables": {"akzent": "red; } body { color: blue"}},
        {"variables": {"akzent": "url(http://example.org)"}},
        {"rate": ["10/minute"]},
        {"font": "x\"; } @import 'y'"},
    ):
        with pytest.raises(ValueError, match="valid"):
            LetterAccount.model_validate({"channel": "letter", **wrong})


def test_same_draft_same_digest(writer: Writer) -> None:
    assert writer.content().digest() == writer.content().digest()
    other = replace(writer.draft(), values={**writer.draft().values, "Datum_lang": "3. März 2026"})
    assert writer.content(values=other.values).digest() != writer.content().digest()


def test_pages_of_english_letters_are_numbered_in_english(writer: Writer) -> None:
    content = writer.content(html=writer.pages, language="en-GB")
    assert "Page 2 of 2" in _text(writer.pdf(content))


def test_an_image_that_cannot_be_read_is_told(writer: Writer) -> None:
    broken = writer.content(html='<img src="asset:f.png">', files={"f.png": b"nope"})
    cut = writer.content(html='<img src="asset:f.png">', files={"f.png": _png()[:60]})
    whole = writer.content(html='<img src="asset:f.png">', files={"f.png": _png()})
    defects = [getattr(answer, "code", None) for answer in writer.forecast(broken, whole, cut)]
    assert defects == ["image", None, "image"]


def _bomb(megabytes: int) -> bytes:
    """A PDF whose table of objects unpacks to so much (ISO 32000-1, 7.5.8)."""
    packer = zlib.compressobj(9)
    table = b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    begin = b"%PDF-1.5\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    head = (
        b"2 0 obj\n<</Type/XRef/Size %d/W[1 2 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>stream\n"
    )
    head %= (megabytes << 18, len(table))
    end = b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % len(begin)
    return begin + head + table + end


def _many_scans() -> bytes:
    """A small JPEG of many passes over all of its pixels."""
    file = io.BytesIO()
    Image.new("L", (2000, 2000), 128).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[last:end] * MOST_SCANS + data[end:]


def test_an_image_is_what_it_is_called_and_takes_no_hour(writer: Writer) -> None:
    """EPS is a program; each scan of a JPEG costs a pass over the whole image."""
    program = io.BytesIO()
    Image.new("L", (10, 10)).save(program, "EPS")
    files = {"a.png": program.getvalue(), "b.jpg": _many_scans()}
    contents = [writer.content(html=f'<img src="asset:{name}">', files=files) for name in files]
    assert [getattr(one, "code", None) for one in writer.forecast(*contents)] == ["image"] * 2


def test_what_is_wrong_with_the_accounts_papers(
    writer_of: Callable[..., Writer], tmp_path: Path
) -> None:
    def refusal(**settings: object) -> str:
        writer = writer_of(**settings)
        with pytest.raises(ConfigError) as caught:
            writer.channel.files(writer.context, writer.account)
        return str(caught.value)

    (tmp_path / "kopf.png").write_bytes(_png()[:60])
    assert "damaged" in refusal(letterhead="kopf.png")
    for name, size in (("quer", (842, 595)), ("a5", (420, 595))):
        with pikepdf.new() as pdf:
            pdf.add_blank_page(page_size=size)
            pdf.save(tmp_path / f"{name}.pdf")
        assert f"page 1 of {name}.pdf is not upright A4" in refusal(background=f"{name}.pdf")
    Image.new("1", (7000, 7000)).save(tmp_path / "gross.png")
    assert "more than 40,000,000 pixels" in refusal(letterhead="gross.png")
    (tmp_path / "bombe.pdf").write_bytes(_bomb(1500))
    assert (tmp_path / "bombe.pdf").stat().st_size < 2_000_000
    assert "within 512 MB and 10 seconds" in refusal(background="bombe.pdf")
    with pikepdf.new() as pdf:
        for _ in range(3):
            pdf.add_blank_page(page_size=(595, 842))
        pdf.save(tmp_path / "drei.pdf")
    assert "more than two pages" in refusal(background="drei.pdf")
    (tmp_path / "datei").write_text("")
    assert "no folder that can be written" in refusal(folder="datei/briefe")
    for wrong in ({"letterhead": "a.png", "background": "b.pdf"}, {"folder": ""}):
        with pytest.raises(ValueError, match=r"exclude|at least 1"):
            LetterAccount.model_validate({"channel": "letter", **wrong})


@pytest.mark.parametrize(
    ("name", "is_legible"), [("\U0010fffd", False), ("Ždanov Ωμέγα Юлия", True)]
)
def test_signs_that_no_font_has_are_told(writer: Writer, name: str, is_legible: bool) -> None:
    values = {**writer.draft().values, "Anschrift": f"Frau\n{name}\nWeg 1\n01067 Dresden"}
    (answer,) = writer.forecast(writer.content(values=values))
    assert getattr(answer, "code", None) == (None if is_legible else "glyph")


def test_no_module_of_the_current_folder_reads_a_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A practice's folder holds files that others may have put there."""
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.save(tmp_path / "papier.pdf")
    monkeypatch.chdir(tmp_path)
    ((width, height),) = page_sizes((tmp_path / "papier.pdf").read_bytes())
    assert (round(width), round(height)) == (210, 297)
