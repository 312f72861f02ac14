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
        *(("en-150", "en"), ("pt-BR", "pt"), ("de_DE.utf8", "de"), ("tr-TR", "tr")),
        ("zh-TW", "zh"),
        *(("de-CH", "de"), ("en-IE", "en"), ("en_CA", "en"), ("sr-Latn", "sr"), ("ar-SY", "ar")),
        *(("en-de", None), ("DE_EN", None), ("en-tr", None), ("tr-de", None), ("de.en", None)),
        *(("en.de", None), ("en-deutsch", None), ("EN-german", None), ("de-russisch", None)),
        *(("en_tr_ar", None), ("en@deutsch", None), ("en-qqqq", None), ("en-zz", None)),
        *((7, None), (True, None)),
    ],
)  # fmt: skip
def test_only_what_is_certain_is_a_language(
    recorded: str | float | None, language: str | None
) -> None:
    assert recorded_language(recorded) == language


def test_the_language_of_a_tag() -> None:
    assert [primary(tag) for tag in ("en-GB", "de", "pt_BR")] == ["en", "de", "pt"]
