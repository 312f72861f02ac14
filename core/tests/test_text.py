from __future__ import annotations

import pytest

from serienpost.text import displayed, without_stray_ends


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Müller", "Müller"),
        ("a\u2069b", "ab"),
        ("\u2067a\u2069b\u2069", "\u2067a\u2069b"),
        ("\u2066\u2068a\u2069\u2069\u202e", "\u2066\u2068a\u2069\u2069\u202e"),
        ("\u2067a", "\u2067a"),
    ],
)
def test_no_text_ends_the_isolate_that_it_stands_in(text: str, kept: str) -> None:
    assert without_stray_ends(text) == kept
