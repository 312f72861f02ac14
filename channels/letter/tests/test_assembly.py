"""Pages of many files in one: in order, each with its own, what is alike once."""

from __future__ import annotations

import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from serienpost import SerienpostError
from serienpost_channel_letter.assembly import Assembly


def _source(*texts: str, font: bytes = b"the font") -> pikepdf.Pdf:
    """A file of one page per text, with a font and a frame that the pages share."""
    pdf = pikepdf.new()
    file = pdf.make_stream(font, Length1=len(font))
    face = pdf.make_indirect(Dictionary(Type=Name.Font, FontFile2=file, Widths=[1, 2.5, True]))
    frame = pdf.make_stream(b"frame", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 1, 1])
    resources = pdf.make_indirect(
        Dictionary(Font=Dictionary(F0=face), XObject={"/Fr ame": frame}, Empty=None)
    )
    for text in texts:
        page = pdf.add_blank_page(page_size=(200, 300)).obj
        page.Resources = resources
        page.Contents = Array([pdf.make_stream(b"begin"), pdf.make_stream(text.encode())])
    return pdf


def _assembled(*sources: pikepdf.Pdf, title: str = "Vorsorge") -> pikepdf.Pdf:
    file = io.BytesIO()
    assembly = Assembly(file)
    for number, source in enumerate(sources):
        for page in source.pages:
            assembly.add(number, page.obj)
    assembly.close(title, "serienpost", "de")
    return pikepdf.open(io.BytesIO(file.getvalue()))


def _texts(pdf: pikepdf.Pdf) -> list[str]:
    return [page.obj.Contents[1].read_bytes().decode() for page in pdf.pages]


def test_pages_stand_in_order_whatever_their_number() -> None:
    texts = [f"text {number}" for number in range(200)]
    made = _assembled(_source(*texts[:70]), _source(*texts[70:]))
    assert _texts(made) == texts
    assert made.check_pdf_syntax() == []
    assert made.pages[0].mediabox == [0, 0, 200, 300]
    assert made.pages[0].obj.Resources.XObject["/Fr ame"].read_bytes() == b"frame"
    assert list(made.pages[0].obj.Resources.Font.F0.Widths)[2] is True


@pytest.mark.parametrize(
    ("pages", "nodes"), [(63, [63]), (64, [64]), (65, [64, 1]), (128, [64, 64])]
)
def test_no_node_above_the_pages_is_empty(pages: int, nodes: list[int]) -> None:
    made = _assembled(_source(*["text"] * pages))
    assert [int(node.Count) for node in made.Root.Pages.Kids] == nodes
    assert [len(node.Kids) for node in made.Root.Pages.Kids] == nodes
    assert len(made.pages) == made.Root.Pages.Count == pages


def test_what_is_alike_is_there_once() -> None:
    made = _assembled(_source("a", "b"), _source("c"), _source("d", font=b"another"))
    fonts = [page.obj.Resources.Font.F0.objgen for page in made.pages]
    assert fonts[0] == fonts[1] == fonts[2] != fonts[3]
    frames = {page.obj.Resources.XObject["/Fr ame"].objgen for page in made.pages}
    assert len(frames) == 1


def test_equal_texts_keep_pages_of_their_own() -> None:
    made = _assembled(_source("same", "same"))
    assert len({page.objgen for page in made.pages}) == 2


@pytest.mark.parametrize("title", ["Vorsorge", "Grüße (an) \\ alle", "Zażółć 🏥"])
def test_title_and_language_are_kept(title: str) -> None:
    made = _assembled(_source("a"), title=title)
    told = (str(made.docinfo["/Title"]), str(made.docinfo["/Producer"]), str(made.Root.Lang))
    assert told == (title, "serienpost", "de")


def test_a_blank_page_is_one() -> None:
    file = io.BytesIO()
    assembly = Assembly(file)
    assembly.add_blank(595.2756, 841.8898)
    assert assembly.page_count == 1
    assembly.close("", "serienpost", "de")
    with pikepdf.open(io.BytesIO(file.getvalue())) as made:
        assert [float(one) for one in made.pages[0].mediabox] == [0, 0, 595.2756, 841.8898]


def test_the_same_pages_make_the_same_file() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        assembly = Assembly(file)
        for page in _source("a", "b").pages:
            assembly.add(0, page.obj)
        assembly.close("Vorsorge", "serienpost", "de")
    assert files[0].getvalue() == files[1].getvalue()


def test_what_refers_to_itself_is_refused() -> None:
    pdf = _source("a")
    loop = pdf.make_indirect(Dictionary())
    loop.Again = loop
    pdf.pages[0].obj.Loop = loop
    with pytest.raises(SerienpostError, match="nested too deeply"):
        Assembly(io.BytesIO()).add(0, pdf.pages[0].obj)
