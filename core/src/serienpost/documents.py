"""Frozen records as the documents that `--json` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

# What is JSON already.
Plain = dict[str, Any]

# Metadata of a field that faces show and the document leaves out. `{"json": NAME}` writes a field
# under another name than a Python record can have, as in `class`.
FOR_FACES: Mapping[str, Any] = {"json": None}


def document(value: Any) -> Any:  # noqa: ANN401  # JSON
    """A record as plain JSON values, times in ISO 8601 to the second, texts in the language of
    whoever reads them."""
    if isinstance(value, Record):
        named = ((one.metadata.get("json", one.name), one.name) for one in fields(value))
        return {name: document(getattr(value, own)) for name, own in named if name}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: document(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {name: document(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [document(each) for each in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Record:
    """The base of the frozen dataclasses that `document` knows how to write."""

    def document(self) -> Plain:
        """The record as `--json` writes it."""
        plain: Plain = document(self)
        return plain
