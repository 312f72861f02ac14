"""Nothing is loaded, nothing hangs: attacks on the layout itself, past all checks of templates."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from serienpost import Cost, Refused
from serienpost_channel_letter.engine import LayoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Writer


@pytest.fixture
def bait() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and the connections that were made to it."""
    caught: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, peer = server.accept()
                except OSError:
                    return
                caught.append(peer)
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], caught
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


SVG = '<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}" width="9" height="9"/></svg>'
ATTACKS = {
    "img": '<img src="{url}">',
    "link": '<link rel="stylesheet" href="{url}">',
    "import": "<p>x</p><style>@import url({url});</style>",
    "font-face": "<p>x</p><style>@font-face {{ font-family: x; src: url({url}) }}"
    "p {{ font-family: x }}</style><p>x</p>",
    "background": '<p style="background: url({url})">x</p>',
    "content": "<p>x</p><style>p::before {{ content: url({url}) }}</style><p>x</p>",
    "list-style": '<ul style="list-style: url({url})"><li>x</ul>',
    "svg": SVG,
    "object": '<object data="{url}" type="image/png"></object>',
    "embed": '<embed src="{url}">',
    "attachment": '<a rel="attachment" href="{url}">x</a>',
    "link attachment": '<link rel="attachment" href="{url}">',
}


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_nothing_is_loaded(
    writer: Writer, bait: tuple[int, list[object]], tmp_path: Path, scheme: str
) -> None:
    port, caught = bait
    secret = tmp_path / "geheim.png"
    secret.write_bytes(b"GEHEIMNIS")
    url = f"http://127.0.0.1:{port}/x.png" if scheme == "http" else secret.as_uri()
    contents = [writer.content(html=html.format(url=url)) for html in ATTACKS.values()]
    answers = dict(zip(ATTACKS, writer.forecast(*contents), strict=True))
    assert {name: getattr(answer, "code", None) for name, answer in answers.items()} == (
        dict.fromkeys(ATTACKS, "blocked")
    )
    assert caught == []


def test_the_refusal_names_what_was_blocked(writer: Writer) -> None:
    (answer,) = writer.forecast(writer.content(html='<img src="http://127.0.0.1/x.png">'))
    assert answer == Refused("blocked", "the letter must not load http://127.0.0.1/x.png")


def test_images_inside_images_are_not_loaded(
    writer: Writer, bait: tuple[int, list[object]]
) -> None:
    port, caught = bait
    svg = SVG.format(url=f"http://127.0.0.1:{port}/x.png").encode()
    uri = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    (answer,) = writer.forecast(writer.content(html=f'<img src="{uri}">'))
    assert isinstance(answer, Refused)
    assert caught == []


# Each takes minutes or gigabytes by itself.
POISON = {
    "pages": "<div style='break-before: page'>x</div>" * 3000,
    "columns": '<table><tr><td colspan="30000000">x</td></tr></table>',
    "depth": "<div>" * 3000 + "x" + "</div>" * 3000,
    "length": "<p>" + "x " * 3_000_000 + "</p>",
}


@pytest.mark.parametrize("kind", POISON)
def test_one_poisoned_letter_is_left_out(writer_of: Callable[..., Writer], kind: str) -> None:
    writer = writer_of(letter_seconds=0.5, memory=1024)
    poison = writer.content(html=POISON[kind])
    answers = writer.forecast(writer.content(), poison, writer.content())
    assert [type(answer) for answer in answers] == [Cost, Refused, Cost]
    assert answers[1].code == "layout_limit"


def test_a_poisoned_template_stops_with_a_clear_error(writer_of: Callable[..., Writer]) -> None:
    writer = writer_of(letter_seconds=0.2, memory=1024)
    with pytest.raises(LayoutError, match="too much time or memory"):
        writer.forecast(*[writer.content(html=POISON["pages"])] * 4)


def test_a_broken_letterhead_is_told(writer_of: Callable[..., Writer]) -> None:
    writer = writer_of(background="papier.pdf")
    content = writer.content(files={"briefpapier.pdf": b"%PDF-1.7 broken"})
    with pytest.raises(LayoutError, match="cannot be laid out"):
        writer.pdf(content)


def test_a_worker_that_does_not_start_is_told(
    writer_of: Callable[..., Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    writer = writer_of(memory=1111)
    with pytest.raises(LayoutError, match="does not start"):
        writer.forecast(writer.content())
