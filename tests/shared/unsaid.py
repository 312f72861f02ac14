"""What a command shows outside of the brackets of `qps`, the language of tests: data, names and
documented words, or else something that was said without being a text."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
WORD = re.compile(r"[^\W\d_]{2,}")
PHRASE = re.compile(r"[^\W\d_]{2,}(?: [^\W\d_]{2,})+")
OPTION = re.compile(r"--[a-z][a-z-]*")
BRACKETED = re.compile("⟦[^⟦⟧]*⟧")
# What servers and the operating system answer in tests, names of third parties, and people that
# tests and the null source make up.
OF_OTHERS = (
    *("The allotment of your tariff", "sent too many messages this hour", "mailbox full"),
    *("Access denied", "delivery time expired", "blocked using", "could not be delivered"),
    *("No such file or directory", "no such user", "Twilio Inc", "Liberation Sans"),
    *("Bülent Böhm", "Chloé Çelik", "Eva von Beispiel", "von Beispiel"),
    "Eva von Beispiel Musterweg",
)
# What a practice's own plugins write: reasons as texts, whose English would hide what is no text.
WRITTEN_BY_US = re.compile(r"versandbuch|serienpost\.log|\.tsv$|\.jsonl$")


def unsaid(shown: str, args: Sequence[str], folder: Path) -> list[str]:
    """Phrases of two and more words that stand outside of all brackets and are neither data of the
    practice, nor typed, nor documented as `code`."""
    bare = OPTION.sub("--", unbracketed(shown))
    known = documented() | frozenset(WORD.findall(" ".join([*args, str(folder)])))
    phrases = dict.fromkeys(found for line in bare.splitlines() for found in PHRASE.findall(line))
    unknown = [one for one in phrases if one not in OF_OTHERS and not _is_known(one, known)]
    if not unknown:
        return []
    data = words_of(folder)
    return [one for one in unknown if not _is_known(one, known | data)]


def _is_known(phrase: str, known: frozenset[str]) -> bool:
    """Capitals alone are placeholders of help: FILE."""
    return all(word in known or word.isupper() for word in phrase.split())


def unbracketed(shown: str) -> str:
    """What is left when each text, with those within it, is taken out."""
    while (less := BRACKETED.sub("\0", shown)) != shown:
        shown = less
    return shown


@cache
def documented() -> frozenset[str]:
    """The words that the documentation names as what is typed or shown."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/*/README.md")]
    code = (found for page in pages for found in re.findall("`([^`\n]+)`", page.read_text("utf-8")))
    return frozenset(word for one in code for word in WORD.findall(one))


def words_of(folder: Path) -> frozenset[str]:
    """All words in the files of a practice, but for what serienpost wrote."""
    return frozenset(word for path in _files(folder) for word in _words(path, *_state(path)))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not WRITTEN_BY_US.search(path.name):
            yield path


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=256)
def _words(path: Path, _changed: int, _size: int) -> frozenset[str]:
    data = path.read_bytes()
    if data.startswith(b"SQLite format 3"):  # whose values stand next to each other without a sign
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return frozenset(WORD.findall("\n".join(db.iterdump())))
    return frozenset(WORD.findall(data.decode("utf-8", errors="ignore")))
