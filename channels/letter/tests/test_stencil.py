"""What letters have in common is drawn from one object: nobody can tell from the page."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pdfplumber
import pikepdf
import pytest

from serienpost_channel_letter.check import check
from serienpost_channel_letter.engine import Fault
from serienpost_channel_letter.stencil import blocks_of
from serienpost_channel_letter.style import Letter, Style
from serienpost_channel_letter.weasy import WeasyEngine, WeasyLaid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Desk

NAMES = ("Anna", "Berta", "Cäsar", "Dora")
LONG = "Sehr geehrte " + "Frau Doktorin " * 12


def _letters(desk: Desk, htmls: Sequence[str], salutation: str = "Guten Tag") -> list[Letter]:
    made = []
    for number, (name, html) in enumerate(zip(NAMES, htmls, strict=True)):
        values = {
            "Anschrift": f"{name} Muster\nWeg {number}\n01067 Dresden",
            "Briefanrede": f"{salutation} {name},",
            "Datum_lang": "2. März 2026",
        }
        content = desk.content(html=html, values=values)
        window = dict(content.headers)["Window"]
        made.append(Letter(f"R{number:011}", window, "Brief", content.html or ""))
    return made


def _laid(engine: WeasyEngine, letters: Sequence[Letter]) -> list[tuple[Letter, WeasyLaid]]:
    found = []
    for letter in letters:
        laid = engine.lay_out(letter)
        assert not isinstance(laid, Fault)
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


def _same(desk: Desk, letters: Sequence[Letter]) -> list[bool]:
    """Which letters had a stencil; asserts that with one and without they look the same."""
    style = Style.of(desk.content())
    engine = WeasyEngine(style)
    laid = _laid(engine, letters)
    apart = [_alone(style, letter) for letter in letters]
    assert _words(engine.write(laid)) == [page for pdf, _ in apart for page in _words(pdf)]
    for (_, one), (_, other) in zip(laid, apart, strict=True):
        for mine, theirs in zip(one.pages, other.pages, strict=True):
            assert mine.markers == theirs.markers
            assert {run.text for run in mine.runs} == {run.text for run in theirs.runs}
    return [one.stencil is not None for _, one in laid]


def test_letters_look_the_same_with_a_stencil(desk: Desk) -> None:
    table = "<table><tbody><tr><td>8 Uhr</td><td>Blut</td></tr></tbody></table><ul><li>a</li></ul>"
    htmls = [f"<p>{desk.sentence}</p>{table}<p>Bis bald, {n}!</p><p>Ende</p>" for n in NAMES]
    assert _same(desk, _letters(desk, htmls)) == [False, True, True, True]


def test_a_stencil_holds_nothing_of_one_letter(desk: Desk) -> None:
    htmls = [f"<p>Nur für {name}</p><p>{desk.sentence}</p>" for name in NAMES]
    engine = WeasyEngine(Style.of(desk.content()))
    laid = _laid(engine, _letters(desk, htmls))
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


def test_what_takes_another_place_is_laid_out_whole(desk: Desk) -> None:
    htmls = [f"<p>{desk.sentence}</p>"] * 4
    letters = _letters(desk, htmls)
    letters[2] = _letters(desk, htmls, LONG)[2]
    assert _same(desk, letters) == [False, True, False, True]


def test_a_first_letter_unlike_all_others_does_not_last(desk: Desk) -> None:
    htmls = [f"<p>{desk.sentence}</p>"] * 4
    letters = [_letters(desk, htmls, LONG)[0], *_letters(desk, htmls)[1:]]
    assert _same(desk, letters) == [False, False, True, True]


def test_another_number_of_paragraphs_and_of_pages(desk: Desk) -> None:
    one, more = f"<p>{desk.sentence}</p>", f"<p>{desk.sentence}</p><p>Dazu</p>"
    assert _same(desk, _letters(desk, [one, one, more, one])) == [False, True, False, True]
    assert _same(desk, _letters(desk, [desk.pages] * 4)) == [False] * 4


def test_links_stay_links(desk: Desk) -> None:
    html = f'<p>{desk.sentence}</p><p><a href="https://example.org/">hier</a></p>'
    engine = WeasyEngine(Style.of(desk.content()))
    laid = _laid(engine, _letters(desk, [html] * 4))
    assert laid[3][1].stencil is not None
    with pikepdf.open(io.BytesIO(engine.write(laid))) as pdf:
        links = [[str(link.A.URI) for link in page.obj.Annots] for page in pdf.pages]
    assert links == [["https://example.org/"]] * 4


def test_own_rules_are_laid_out_whole(desk: Desk) -> None:
    rules = {"letter.css": b"p + p { color: red }"}
    engine = WeasyEngine(Style.of(desk.content(files=rules)))
    laid = _laid(engine, _letters(desk, [f"<p>{desk.sentence}</p>"] * 4))
    assert [one.stencil for _, one in laid] == [None] * 4


def test_the_print_check_sees_what_the_stencil_draws(desk_of: Callable[..., Desk]) -> None:
    desk = desk_of()
    word = "Vorsorge" * 60
    contents = [desk.content(html=f"<p>{n}</p><p>{word}</p>") for n in NAMES]
    assert [answer.code for answer in desk.forecast(*contents)] == ["overflow"] * 4


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


def test_the_title_stays(desk: Desk) -> None:
    engine = WeasyEngine(Style.of(desk.content()))
    letters = [replace(one, title=one.ref) for one in _letters(desk, ["<p>a</p>"] * 4)]
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
def test_what_follows_an_own_block_of_another_kind(desk: Desk, other: str) -> None:
    own = ["<p>Ihre Nummer: 1</p>", "<p>Ihre Nummer: 2</p>", other, "<p>Ihre Nummer: 4</p>"]
    htmls = [f"<p>{desk.sentence}</p>{one}<p>Bitte kommen Sie.</p>" for one in own]
    assert _same(desk, _letters(desk, htmls))[0::3] == [False, True]


def test_what_the_stencil_bears_is_checked_for_each_letter(desk: Desk) -> None:
    engine = WeasyEngine(Style.of(desk.content()))
    attached = '<p>x</p><p><link rel="attachment" href="asset:x.png"/></p>'
    faults = [engine.lay_out(letter) for letter in _letters(desk, [attached] * 4)]
    assert [one.code for one in faults if isinstance(one, Fault)] == ["blocked"] * 4
    foreign = '<p>x</p><p id="brief-R99999999999">y</p>'
    letters = _letters(desk, [foreign] * 4)
    found = [check(letter, "B", laid.pages) for letter, laid in _laid(engine, letters)]
    assert [one and one.code for one in found] == ["foreign_text"] * 4


def test_no_letter_has_bookmarks(desk: Desk) -> None:
    engine = WeasyEngine(Style.of(desk.content()))
    laid = _laid(engine, _letters(desk, ["<h2>Termine</h2><p>x</p>"] * 4))
    with pikepdf.open(io.BytesIO(engine.write(laid))) as pdf, pdf.open_outline() as outline:
        assert list(outline.root) == []
