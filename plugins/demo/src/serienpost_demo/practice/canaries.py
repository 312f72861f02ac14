"""Canaries: words that occur nowhere else, planted where no message may ever take data from.

A privacy test makes a practice with canaries, runs everything, and looks for the words in logs,
files, databases and on the wire. Dates and yes/no columns keep their values: they cannot carry a
word. Everybody lives in Germany and can be reached by every kind of message.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from serienpost_demo.practice.drawing import Record

_CONTACT: Final = ("strasse", "plz", "ort", "telefon", "mobil", "email")

# Contact, protected and medical columns that can carry a word.
CANARY_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "patient": (
        *_CONTACT,
        *("adresszusatz", "postfach", "beruf", "versicherungsnummer", "krankenkasse"),
    ),
    "interessent": (*_CONTACT, "anliegen", "quelle", "status"),
    "behandlung": ("anamnese", "diagnose", "therapie", "behandlung"),
    "einwilligung": ("wortlaut", "dokument"),
}


def canary(table: str, column: str, row_id: int) -> str:
    """What this column of this row holds in a practice with canaries.

    Addresses and numbers stay valid. `plz` repeats after 90,000 rows, all others are unique.
    """
    if column == "mobil":
        return f"0176 0{row_id:07d}" if table == "patient" else f"0176 0{5_000_000 + row_id:07d}"
    if column == "telefon":
        return f"030 23125{0 if table == 'patient' else 1}{row_id:07d}"
    if column == "plz":
        return f"{10_000 + row_id % 90_000}"
    word = "kanari" + blake2b(f"{table}.{column}.{row_id}".encode(), digest_size=6).hexdigest()
    if column == "email":
        return f"{word}@example.org"
    return f"{word} 1" if column == "strasse" else word


def planted(table: str, rows: Iterable[Record]) -> Iterator[Record]:
    """Yield the rows with all canaries of this table, also where a column was empty."""
    columns = CANARY_COLUMNS[table]
    home: Record = {"land": "Deutschland"} if "strasse" in columns else {}
    for row in rows:
        number = int(row["id"] or 0)
        yield row | home | {column: canary(table, column, number) for column in columns}
