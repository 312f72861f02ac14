"""What letters have in common is drawn from one object: nobody can tell from the page."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pdfplumber
import pikepdf
import pytest

from serienpost_channel_letter.check import check
from serienpost_channel_letter.engine import Defect
from serienpost_channel_letter.shared_layer import blocks_of
from serienpost_channel_letter.style import Letter, Style
from serienpost_channel_letter.weasy import WeasyEngine, WeasyLaid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Writer

NAMES = ("Anna", "Berta", "Cäsar", "Dora")
LONG = "Sehr geehrte " + "Frau Doktorin " * 12


def _letters(writer: Writer, htmls: Sequence[str], salutation: str = "Guten Tag") -> list[Letter]:
    made = []
    for number, (name, html) in enumerate(zip(NAMES, htmls, strict=True)):
        values = {
            "Anschrift": f"{name} Muster\nWeg {number}\n01067 Dresden",
            "Briefanrede": f"{salutation} {name},",
            "Datum_lang": "2. März 2026",
        }
        content = writer.content(html=html, values=values)
        window = dict(content.layout)["window"]
        made.append(Letter(f"R{number:011}", window, "Brief", content.html or ""))
    return made


def _laid(engine: WeasyEngine, letters: Sequence[Letter]) -> list[tuple[Letter, WeasyLaid]]:
    found = []
    for letter in letters:
        laid = engine.lay_out(letter)
        assert not isinstance(laid, Defect)
        found.append((letter, laid))
    return found


def _alone(style: Style, letter: Letter) -> tuple[bytes, WeasyLaid]:
    """A letter by an engine that knows no other: its file, and how it is laid out."""
    engine = WeasyEngine(style)
    laid = _laid(engine, [letter])
    return engine.write(laid), laid[0][1]


def _words(pdf: bytes) -> list[list[tuple[str, float, float]]]:
    with pdfplumber.open(io.BytesIO(pdf)) as opened:
        return [
            sorted((w["text"], round(w["x0"], 2), round(w["top"], 2)) for w in page.extract_words())
            for page in opened.pages
        ]


def _same(writer: Writer, letters: Sequence[Letter]) -> list[bool]:
    """Which letters had a shared layer; asserts that with one and without they look the same."""
    style = Style.of(writer.content())
    engine = WeasyEngine(style)
    laid = _laid(engine, letters)
    apart = [_alone(style, letter) for letter in letters]
    assert _words(engine.write(laid)) == [page for pdf, _ in apart for page in _words(pdf)]
    for (_, one), (_, other) in zip(laid, apart, strict=True):
        for mine, theirs in zip(one.pages, other.pages, strict=True):
            assert mine.markers == theirs.markers
            assert {run.text for run in mine.runs} == {run.text for run in theirs.runs}
    return [one.layer is not None for _, one in laid]


def test_letters_look_the_same_with_a_layer(writer: Writer) -> None:
    table = "<table><tbody><tr><td>8 Uhr</td><td>Blut</td></tr></tbody></table><ul><li>a</li></ul>"
    htmls = [f"<p>{writer.sentence}</p>{table}<p>Bis bald, {n}!</p><p>Ende</p>" for n in NAMES]
    assert _same(writer, _letters(writer, htmls)) == [False, True, True, True]


def test_a_layer_holds_nothing_of_one_letter(writer: Writer) -> None:
    htmls = [f"<p>Nur für {name}</p><p>{writer.sentence}</p>" for name in NAMES]
    engine = WeasyEngine(Style.of(writer.content()))
    laid = _laid(engine, _letters(writer, htmls))
    with pikepdf.open(io.BytesIO(engine.write(laid))) as pdf:
        names = {name for page in pdf.pages for name in page.obj.Resources.XObject}
        forms = [name for name in names if name.startswith("/SpText")]
        assert len(forms) == 1
        with pikepdf.new() as alone:
            alone.add_blank_page(page_size=(596, 842))
            form = alone.copy_foreign(pdf.pages[0].obj.Resources.XObject[forms[0]])
            alone.pages[0].obj.Resources = pikepdf.Dictionary(XObject={"/X": form})
            alone.pages[0].contents_add(b"/X Do")
            out = io.BytesIO()
            alone.save(out)
    with pdfplumber.open(out) as opened:
        text = opened.pages[0].extract_text()
    assert "Gesundheit" in text
    assert [name for name in (*NAMES, "Muster", "Weg") if name in text] == []


def test_what_takes_another_place_is_laid_out_whole(writer: Writer) -> None:
    htmls = [f"<p>{writer.sentence}</p>"] * 4
    letters = _letters(writer, htmls)
    letters[2] = _letters(writer, htmls, LONG)[2]
    assert _same(writer, letters) == [False, True, False, True]


def test_a_first_letter_unlike_all_others_does_not_last(writer: Writer) -> None:
    htmls = [f"<p>{writer.sentence}</p>"] * 4
    letters = [_letters(writer, htmls, LONG)[0], *_letters(writer, htmls)[1:]]
    assert _same(writer, letters) == [False, False, True, True]


def test_another_number_of_paragraphs_and_of_pages(writer: Writer) -> None:
    one, more = f"<p>{writer.sentence}</p>", f"<p>{writer.sentence}</p><p>Dazu</p>"
    assert _same(writer, _letters(writer, [one, one, more, one])) == [False, True, False, True]
    assert _same(writer, _letters(writer, [writer.pages] * 4)) == [False] * 4


def test_links_stay_links(writer: Writer) -> None:
    html = f'<p>{writer.sentence}</p><p><a href="https://example.org/">hier</a></p>'
    engine = WeasyEngine(Style.of(writer.content()))
    laid = _laid(engine, _letters(writer, [html] * 4))
    assert laid[3][1].layer is not None
    with pikepdf.open(io.BytesIO(engine.write(laid))) as pdf:
        links = [[str(link.A.URI) for link in page.obj.Annots] for page in pdf.pages]
    assert links == [["https://example.org/"]] * 4


def test_own_rules_are_laid_out_whole(writer: Writer) -> None:
    rules = {"letter.css": b"p + p { color: red }"}
    engine = WeasyEngine(Style.of(writer.content(files=rules)))
    laid = _laid(engine, _letters(writer, [f"<p>{writer.sentence}</p>"] * 4))
    assert [one.layer for _, one in laid] == [None] * 4


def test_the_print_check_sees_what_the_layer_draws(writer_of: Callable[..., Writer]) -> None:
    writer = writer_of()
    word = "Vorsorge" * 60
    contents = [writer.content(html=f"<p>{n}</p><p>{word}</p>") for n in NAMES]
    assert [answer.code for answer in writer.forecast(*contents)] == ["overflow"] * 4


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ("<p>a</p>\n<div><p>b</p></div>", 2),
        ("<p>a<br />b<br></p>", 1),
        ('<p title="a>b">c</p>', 1),
        ("<p>a</p> b", None),
        ("<p>a", None),
        ("a</p>", None),
        ("<span>a</span>", None),
        ("<p>a</p><!-- <p> -->", None),
        ('<p style="float: left">a</p>', None),
        ("<div><style>p { color: red }</style></div>", None),
    ],
)
def test_blocks(html: str, count: int | None) -> None:
    blocks = blocks_of(html)
    assert (blocks and len(blocks)) == count
    assert blocks is None or "".join(blocks) == html.replace("\n", "")


def test_the_title_stays(writer: Writer) -> None:
    engine = WeasyEngine(Style.of(writer.content()))
    letters = [replace(one, title=one.ref) for one in _letters(writer, ["<p>a</p>"] * 4)]
    laid = _laid(engine, letters)
    with pikepdf.open(io.BytesIO(engine.write(laid[2:]))) as pdf:
        assert str(pdf.docinfo["/Title"]) == letters[2].ref


@pytest.mark.parametrize(
    "other",
    [
        "<div>Ihre Nummer: 3</div>",
        "<pre>Ihre Nummer: 3</pre>",
        "<div><p>Ihre Nummer: 3</p></div>",
        "<p></p>",
        "<P>Ihre Nummer <B>3</P>",
    ],
)
def test_what_follows_an_own_block_of_another_kind(writer: Writer, other: str) -> None:
    own = ["<p>Ihre Nummer: 1</p>", "<p>Ihre Nummer: 2</p>", other, "<p>Ihre Nummer: 4</p>"]
    htmls = [f"<p>{writer.sentence}</p>{one}<p>Bitte kommen Sie.</p>" for one in own]
    assert _same(writer, _letters(writer, htmls))[0::3] == [False, True]


def test_what_the_layer_bears_is_checked_for_each_letter(writer: Writer) -> None:
    engine = WeasyEngine(Style.of(writer.content()))
    attached = '<p>x</p><p><link rel="attachment" href="asset:x.png"/></p>'
    defects = [engine.lay_out(letter) for letter in _letters(writer, [attached] * 4)]
    assert [one.code for one in defects if isinstance(one, Defect)] == ["blocked"] * 4
    foreign = '<p>x</p><p id="brief-R99999999999">y</p>'
    letters = _letters(writer, [foreign] * 4)
    found = [check(letter, "B", laid.pages) for letter, laid in _laid(engine, letters)]
    assert [one and one.code for one in found] == ["foreign_text"] * 4


def test_no_letter_has_bookmarks(writer: Writer) -> None:
    engine = WeasyEngine(Style.of(writer.content()))
    laid = _laid(engine, _letters(writer, ["<h2>Termine</h2><p>x</p>"] * 4))
    with pikepdf.open(io.BytesIO(engine.write(laid))) as pdf, pdf.open_outline() as outline:
        assert list(outline.root) == []
