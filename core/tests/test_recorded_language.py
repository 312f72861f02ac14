"""Which language is meant by what a practice recorded; never a guess."""

from __future__ import annotations

import pytest

from serienpost.recorded_language import primary, recorded_language


@pytest.mark.parametrize(
    ("recorded", "language"),
    [
        *(("en", "en"), ("EN", "en"), (" en ", "en"), ("en-GB", "en"), ("en_US.UTF-8", "en")),
        *(("de-AT", "de"), ("zh-Hant-TW", "zh"), ("eng", "en"), ("deu", "de"), ("ger", "de")),
        *(("TUR", "tr"), ("Englisch", "en"), ("ENGLISH", "en"), ("Deutsch", "de")),
        *(("german", "de"), ("Türkisch", "tr"), ("Turkish", "tr"), ("Tu\u0308rkisch", "tr")),
        *((None, ""), ("", ""), ("  ", "")),
        *(("englisch, deutsch", None), ("en/de", None), ("GB", None), ("E", None)),
        *(("kein Deutsch", None), ("Englisch?", None), ("qq", None), ("unbekannt", None)),
        *((7, None), (True, None)),
    ],
)  # fmt: skip
def test_only_what_is_certain_is_a_language(
    recorded: str | float | None, language: str | None
) -> None:
    assert recorded_language(recorded) == language


def test_the_language_of_a_tag() -> None:
    assert [primary(tag) for tag in ("en-GB", "de", "pt_BR")] == ["en", "de", "pt"]
