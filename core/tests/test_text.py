from __future__ import annotations

import pytest

from serienpost.text import displayed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller", "Müller"),
        ("", ""),
        ("a\x00b\x1b[2J", "a\ufffdb\ufffd[2J"),
        ("a\udcff", "a\ufffd"),
        ("a\r\nb\u2028c", "a\ufffd\ufffdb\ufffdc"),
        ("a" * 200, "a" * 200),
        ("a" * 201, "a" * 199 + "…"),
    ],
)
def test_what_is_shown_can_be_stored_and_printed(text: str, shown: str) -> None:
    assert displayed(text) == shown
