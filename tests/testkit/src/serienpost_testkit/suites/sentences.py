"""Whether what a plugin says to people can be said in the reader's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import Text
from serienpost_testkit.catalogues import has_texts, untranslated

if TYPE_CHECKING:
    from collections.abc import Iterable

_SENTENCE = re.compile(r"[^\W\d_]{2,} +[^\W\d_]{2,}")


def unsayable(subject: object, said: Iterable[str | None]) -> list[str]:
    """What keeps sentences of a plugin from being said in each language of its package, a line
    each. A package without any text speaks one language, and its sentences are passed over.

    Args:
        subject: the object under test.
        said: reasons, remedies and other sentences; plain words, such as names, may be among them.
    """
    sentences = [one for one in said if one]
    plain = [one for one in sentences if not isinstance(one, Text) and _SENTENCE.search(one)]
    if plain and not has_texts(package_of(subject)):
        plain = []
    return [f"is not made by `_`, or is no longer: {one!r}" for one in plain] + untranslated(
        sentences
    )


def package_of(subject: object) -> str:
    """The package that brings the object under test."""
    owner = subject if isinstance(subject, type) else type(subject)
    return owner.__module__.partition(".")[0]
