"""Files that go with a message: kept under their names, PDFs as images of their pages."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from running_desk import begun

from serienpost import SerienpostError, UnavailableError, open_practice
from serienpost.service import Run
from serienpost_web import pdf_page
from serienpost_web.doors import FILE_POLICY
from serienpost_web.pdf_page import draw_page

if TYPE_CHECKING:
    import httpx
    from running_desk import Desk

A4 = (595, 842)


def pdf(*sizes: tuple[float, float], content: bytes = b"") -> bytes:
    """A PDF with pages of these sizes; on page n stand n black bars, or what is given."""
    pages = range(len(sizes))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = b" ".join(b"%d 0 R" % (3 + 2 * n) for n in pages)
    objects.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(sizes)))
    for n, (width, height) in enumerate(sizes):
        bars = b" ".join(b"50 %d 400 20 re" % (100 + 60 * bar) for bar in range(n + 1)) + b" f"
        drawn = content or bars
        box = f"[0 0 {width} {height}]".encode()
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents %d 0 R >>" % (box, 4 + 2 * n),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        ]
    body = bytearray(b"%PDF-1.7\n")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(body) + head + table + tail % (len(objects) + 1, len(body))


FILES = {
    "Merkblatt Grün.pdf": pdf(A4, A4, A4),
    "kaputt.pdf": b"%PDF-1.7\nno more than a beginning",
    "notiz.txt": "Grüße".encode(),
}


@pytest.fixture(scope="module")
def run(desk: Desk) -> str:
    """A run whose messages take these files along."""
    with open_practice(desk.folder, actor="Eva") as practice:
        draft = begun(practice, "information", limit=2)
        names = [draft.add_file(name, io.BytesIO(data)).reference for name, data in FILES.items()]
        draft.save({**draft.keys, "attachments": names}, draft.version)
        made = practice.draft(draft.id).prepare()
        assert isinstance(made, Run)
        return made.id


def links(page: httpx.Response, within: str) -> list[str]:
    found = map(html.unescape, re.findall(r'(?:href|src)="([^"]+)"', page.text))
    return [one for one in found if within in one]


def ink(png: bytes) -> int:
    """How many rows of the image have something dark."""
    image = Image.open(io.BytesIO(png)).convert("L")
    rows = (image.crop((0, y, image.width, y + 1)).getextrema() for y in range(image.height))
    return sum(darkest < 50 for darkest, _lightest in rows)  # type: ignore[operator]


def test_each_file_is_kept_under_its_name(desk: Desk, run: str) -> None:
    client = desk.client("Lea")
    page = client.get(f"/runs/{run}/preview")
    kept = [client.get(one) for one in links(page, "/preview/file?")]
    assert [one.content for one in kept] == list(FILES.values())
    for one in kept:
        assert one.headers["content-security-policy"] == FILE_POLICY
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["x-content-type-options"] == "nosniff"
    kinds = [one.headers["content-type"] for one in kept]
    assert kinds == ["application/pdf", "application/pdf", "application/octet-stream"]
    assert kept[0].headers["content-disposition"] == (
        "attachment; filename=\"Merkblatt Gr_n.pdf\"; filename*=UTF-8''Merkblatt%20Gr%C3%BCn.pdf"
    )
    beyond = links(page, "/preview/file?")[0].replace("file=1", "file=4")
    assert client.get(beyond).status_code == 404
    text = beyond.replace("preview/file", "preview/page.png").replace("file=4", "file=3")
    assert client.get(text).status_code == 404


def test_pages_are_looked_at_one_by_one(desk: Desk, run: str) -> None:
    client = desk.client("Lea")
    address = f"/runs/{run}/preview"
    bars = []
    for number in (1, 2, 3):
        page = client.get(address)
        assert f'alt="Seite {number} von 3 von Merkblatt Grün.pdf"' in page.text
        (source,) = links(page, "page.png")
        found = client.get(source)
        assert found.headers["content-type"] == "image/png"
        assert found.headers["cache-control"] == "no-store"
        bars.append(ink(found.content))
        onward = links(page, f"file=1&leaf={number + 1}#leaf")
        assert bool(onward) == (number < 3)
        address = onward[0] if onward else address
    assert bars[0] > 0
    assert bars == pytest.approx([bars[0], 2 * bars[0], 3 * bars[0]], abs=6)
    beyond = client.get(f"/runs/{run}/preview?leaf=99")
    assert "Seite 3 von 3 von" in beyond.text


def test_a_broken_file_says_so_and_can_be_kept(desk: Desk, run: str) -> None:
    client = desk.client("Lea")
    page = client.get(f"/runs/{run}/preview?file=2")
    assert page.status_code == 200
    assert "lassen sich hier nicht zeigen" in page.text
    assert not links(page, "page.png")
    assert len(links(page, "/preview/file?")) == len(FILES)
    (source,) = links(client.get(f"/runs/{run}/preview"), "page.png")
    assert client.get(source.replace("file=1", "file=2")).status_code == 409


SIZES = [(14_400, 14_400), (10, 14_400), (10**6, 10**6), (10**38, 10**38), (1, 1)]


@pytest.mark.parametrize("size", SIZES)
def test_a_page_of_any_size_is_an_image_of_some_size(size: tuple[float, float]) -> None:
    page = draw_page(pdf(size), 1)
    assert page.png.startswith(b"\x89PNG")
    assert 0 < page.width * page.height < 5_000_000
    assert max(page.width, page.height) <= 8_001


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        pdf(),
        # Works on and on: more than any page needs.
        pdf(A4, content=b"q 1 0 0 1 .1 .1 cm 0 0 500 700 re 5 5 400 600 re f* Q\n" * 200_000),
    ],
    ids=["nothing", "no PDF", "no page", "slow"],
)
def test_what_cannot_be_drawn_is_refused(data: bytes) -> None:
    with pytest.raises(SerienpostError, match="cannot be shown"):
        draw_page(data, 1)


def test_many_pages_cost_no_more_than_one() -> None:
    page = draw_page(pdf(*[A4] * 2000, content=b"50 100 400 20 re f"), 1500)
    assert (page.number, page.pages) == (1500, 2000)


def test_only_some_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_page, "_WAIT_SECONDS", 0.01)
    with pdf_page._a_place(), pdf_page._a_place(), pytest.raises(UnavailableError):
        draw_page(pdf(A4), 1)
    assert draw_page(pdf(A4), 1).pages == 1
