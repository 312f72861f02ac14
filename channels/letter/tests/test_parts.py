"""Parts become one file: every letter once, in order, with its index, and nothing half done."""

from __future__ import annotations

import asyncio
import csv
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pdfplumber
import pikepdf
import pytest

from serienpost import Accepted, Generation, Message, Rejected, Sent, SerienpostError
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conftest import Writer

    from serienpost import Outcome

RUN = "20260302-abcd"
TOWNS = ("50667 Köln", "01067 Dresden", "1010 WIEN", "20095 Hamburg", "04109 Leipzig")


def _messages(writer: Writer, towns: Sequence[str] = TOWNS, part: int = 2) -> list[Message]:
    made = []
    for number, town in enumerate(towns, start=1):
        values = {**writer.draft().values, "Anschrift": f"Frau\nEva Muster{number}\nWeg 1\n{town}"}
        html = writer.pages if number == 2 else f"<p>Text {number}</p>"
        content = writer.content(values=values, html=html)
        cost = 2 if number == 2 else 1
        made.append(
            Message(
                f"R{number:011}", RUN, number, content, part=(number - 1) // part + 1, cost=cost
            )
        )
    return made


def _send(writer: Writer, messages: Sequence[Message]) -> list[Outcome]:
    async def deliver() -> list[Outcome]:
        async with writer.channel.open(writer.context, writer.account) as sender:
            return [o for call in sender.calls(messages) for o in await sender.send(call, 0, yes)]

    return asyncio.run(deliver())


def _generation(messages: Sequence[Message], number: int = 0) -> Generation:
    sent = [
        Sent(m.ref, m.position, m.part or 0, f"patient:{m.position}", None, "=Eva")
        for m in messages
    ]
    return Generation(RUN, number, "Vorsorge", "de", sent)


def _names(path: Path) -> list[str]:
    with pdfplumber.open(path) as pdf:
        words = [page.extract_text() for page in pdf.pages]
    return [next((w for w in text.split() if w.startswith("Muster")), "") for text in words]


def test_one_file_in_the_order_of_the_review(writer: Writer) -> None:
    messages = _messages(writer)
    assert {type(outcome) for outcome in _send(writer, messages)} == {Accepted}
    pdf, index = writer.channel.finish(writer.context, writer.account, _generation(messages))
    assert _names(pdf) == ["Muster1", "Muster2", "", "Muster3", "Muster4", "Muster5"]
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [(r["first_page"], r["pages"], r["sheets"]) for r in rows] == [
        ("1", "1", "1"),
        ("2", "2", "2"),
        *((str(n), "1", "1") for n in (4, 5, 6)),
    ]
    assert rows[0]["name"] == "'=Eva"
    assert sorted(p.name for p in pdf.parent.iterdir()) == [f"{RUN}.csv", f"{RUN}.pdf"]


def test_by_postcode_on_whole_sheets(writer_of: Callable[..., Writer]) -> None:
    writer = writer_of(order="postcode", duplex=True)
    messages = _messages(writer)
    _send(writer, messages)
    pdf, _ = writer.channel.finish(writer.context, writer.account, _generation(messages))
    order = ["Muster2", "", "Muster5", "", "Muster4", "", "Muster1", "", "Muster3", ""]
    assert _names(pdf) == order


def test_fonts_are_there_once_and_the_file_is_sound(writer: Writer) -> None:
    messages = _messages(writer, TOWNS * 4, part=4)
    _send(writer, messages)
    pdf, _ = writer.channel.finish(writer.context, writer.account, _generation(messages))
    with pikepdf.open(pdf) as opened:
        fonts = {font.objgen for page in opened.pages for font in page.obj.Resources.Font.values()}
        assert len(fonts) == 2
        assert (str(opened.docinfo["/Title"]), str(opened.Root.Lang)) == ("Vorsorge", "de")
        assert opened.check_pdf_syntax() == []
    for tool in (["qpdf", "--check"], ["pdfinfo"]):
        if shutil.which(tool[0]):
            done = subprocess.run([*tool, pdf], capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, b"")


def test_done_again_changes_nothing(writer: Writer) -> None:
    messages = _messages(writer)
    _send(writer, messages)
    first = writer.channel.finish(writer.context, writer.account, _generation(messages))
    before = [path.read_bytes() for path in first]
    again = writer.channel.finish(writer.context, writer.account, _generation(messages))
    assert (again, [path.read_bytes() for path in again]) == (first, before)


def test_a_part_made_again_replaces_the_first(writer: Writer) -> None:
    messages = _messages(writer)
    _send(writer, messages)
    _send(writer, messages[:2])
    pdf, _ = writer.channel.finish(writer.context, writer.account, _generation(messages))
    assert sorted(filter(None, _names(pdf))) == [f"Muster{n}" for n in range(1, 6)]


def test_who_was_not_accepted_is_not_in_the_file(writer: Writer) -> None:
    messages = _messages(writer)
    _send(writer, messages)
    pdf, _ = writer.channel.finish(writer.context, writer.account, _generation(messages[2:]))
    assert _names(pdf) == ["Muster3", "Muster4", "Muster5"]


def test_a_failing_letter_is_rejected_and_a_retry_makes_a_supplement(writer: Writer) -> None:
    messages = _messages(writer)
    wrong = [replace(messages[0], cost=7), *messages[1:]]
    outcomes = _send(writer, wrong)
    assert isinstance(outcomes[0], Rejected)
    assert outcomes[0].code == "page_count"
    pdf, _ = writer.channel.finish(writer.context, writer.account, _generation(messages[1:]))
    assert "Muster1" not in _names(pdf)
    again = replace(messages[0], part=4)
    _send(writer, [again])
    more, _ = writer.channel.finish(writer.context, writer.account, _generation([again], 1))
    assert more.name == f"{RUN}-nachtrag-1.pdf"
    assert _names(more) == ["Muster1"]


def test_a_lost_part_is_told(writer: Writer) -> None:
    messages = _messages(writer)
    _send(writer, messages[:2])
    with pytest.raises(SerienpostError, match="in none of the parts in"):
        writer.channel.finish(writer.context, writer.account, _generation(messages))
    assert not list(writer.context.path("briefe").glob("*.pdf"))


def test_nothing_sent_leaves_no_file(writer: Writer) -> None:
    assert list(writer.channel.finish(writer.context, writer.account, _generation([]))) == []


def test_a_damaged_part_is_told(writer: Writer) -> None:
    messages = _messages(writer)
    _send(writer, messages)
    part = writer.context.path("briefe") / ".teile" / RUN / "teil-00002.pdf"
    part.write_bytes(part.read_bytes()[:900])
    with pytest.raises(SerienpostError, match="is damaged"):
        writer.channel.finish(writer.context, writer.account, _generation(messages))
    assert list(writer.context.path("briefe").glob("*.pdf")) == []


def test_what_a_row_lacks_is_empty_in_the_index(writer: Writer) -> None:
    messages = _messages(writer)[:1]
    _send(writer, messages)
    generation = _generation(messages)
    nameless = replace(generation, sent=[replace(generation.sent[0], name=None)])
    _, index = writer.channel.finish(writer.context, writer.account, nameless)
    assert index.read_text().splitlines()[1] == "patient:1;;;1;1;1"
