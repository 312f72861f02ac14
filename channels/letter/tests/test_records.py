"""Letters printed again from what a record holds."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pdfplumber
import pikepdf
import pytest
from PIL import Image

from serienpost import Message, SerienpostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Writer


def _text(data: bytes) -> str:
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        return "\n".join(page.extract_text() for page in pdf.pages)


def _record(writer: Writer, cost: float | None, **changes: object) -> str:
    content = writer.content(**changes)
    return writer.channel.record(
        writer.account, Message("T00000000001", "r", 1, content, cost=cost)
    )


def test_a_record_prints_the_same_letter(writer: Writer) -> None:
    image = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(image, "PNG")
    files = {"signature.png": image.getvalue()}
    content = writer.content(html=writer.pages, files=files)
    record = _record(writer, 2, html=writer.pages, files=files)
    assert writer.channel.print_records([record]) == writer.channel.print_records([record])
    printed = writer.channel.print_records([record, record])
    assert _text(printed) == "\n".join([_text(writer.pdf(content))] * 2)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"serienpost-letter": 2}'])
def test_what_is_no_record_is_refused(writer: Writer, text: str) -> None:
    with pytest.raises(SerienpostError, match="cannot be printed"):
        writer.channel.print_records([text])


def test_a_record_holds_the_pages_that_the_letter_has(writer: Writer) -> None:
    assert json.loads(_record(writer, 2.0, html=writer.pages))["pages"] == 2


def test_a_letter_that_would_have_other_pages_than_recorded_is_refused(writer: Writer) -> None:
    record = _record(writer, 3, html=writer.pages)
    with pytest.raises(SerienpostError, match="the letter has 2 pages, 3 were foretold"):
        writer.channel.print_records([record])


def test_an_old_record_without_pages_still_prints(writer: Writer) -> None:
    record = _record(writer, None, html=writer.pages)
    assert json.loads(record)["pages"] is None
    assert "Seite 2 von 2" in _text(writer.channel.print_records([record]))


def test_what_is_printed_again_fills_its_sheets(writer_of: Callable[..., Writer]) -> None:
    for duplex, pages in ((False, 2), (True, 4)):
        record = _record(writer_of(duplex=duplex), 1)
        printed = writer_of().channel.print_records([record] * 2)
        with pikepdf.open(io.BytesIO(printed)) as pdf:
            assert len(pdf.pages) == pages
