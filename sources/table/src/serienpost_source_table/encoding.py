"""In which encoding a text file is written: certain, or asked.

A mark at its beginning says it (Unicode 16, 23.8). UTF-8 tells by itself; whatever else is valid
by chance is not. What is left could be one of several tables of 256 signs. Windows-1252 is taken
only where it reads better than every other: by words with signs beyond ASCII, which are
impossible (`MŸller`), foreign (`Kšln`) or German (`Köln`).
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from serienpost import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

_ = Texts(__name__)

# Characters of a line at most that are read at all.
LONGEST_LINE = 10_000_000

UTF_8 = "utf-8-sig"
TWICE = "utf-8-twice"
_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TABLES = ("cp1252", "mac_roman", "cp850", "cp437", "cp1250", "cp1254", "iso8859-15")
NAMES = {
    "cp1252": "windows-1252",
    "mac_roman": "mac-roman",
    "cp850": "cp850",
    "cp437": "cp437",
    "cp1250": "windows-1250",
    "cp1254": "windows-1254",
    "iso8859-15": "iso-8859-15",
    UTF_8: "utf-8",
    "utf-8": "utf-8",
    TWICE: TWICE,
}

_WORD = re.compile(rb"[A-Za-z'\x80-\xff]+")
_WORD_OF_TEXT = re.compile(r"(?:[A-Za-z']|[^\x00-\x7f])+")
# Words with signs beyond ASCII that are remembered: many more than there are names.
_MOST_WORDS = 300_000
_LONGEST_WORD = 100
_SIGNS = re.compile(r"[^\x00-\x7f]+")
_MOST_SAMPLES = 8
_GERMAN = frozenset("äöüÄÖÜß")
_LATIN = re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]")
# Signs other than letters: within a word, before one, behind one, and with no letter beside them. A
# sign that is a letter somewhere else (`Zoë` in Mac Roman is `Zo‘`) counts as foreign where such a
# word could be meant.
_WITHIN = frozenset("’‘´–·\xa0")
_BEFORE = frozenset("„“‚‘«»‹›\xa0°½")
_CERTAIN_BEFORE = frozenset("°½")
_BEHIND = frozenset("“”’‘«»‹›–—…™´\xa0")
_CERTAIN_BEHIND = frozenset("°®€")
_APART = frozenset("€§°²³½¼¾–—„“”‚‘’«»‹›•®©·×±´")
# Signs beside letters that somebody writes, though no table reads a word of a name so.
_USUAL = frozenset("€§µ²³×±")


_SEVERAL = _("could be written in several ways")
_TOO_LONG = _("the line is too long")


class EncodingError(Exception):
    """It is not certain how the file is written.

    Args:
        line: where it shows; None where it is the whole file.
        samples: what each possible encoding makes of a line of the file: of each word the signs
            in question and a letter beside them, which tells the encoding and nobody's name.
    """

    def __init__(
        self, message: str, line: int | None = None, samples: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.message, self.line, self.samples = message, line, tuple(samples)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is written.

    Args:
        name: as Python's codecs name it, or `TWICE`.
        doubtful: words of it that another encoding reads better; their rows cannot be taken.
    """

    name: str
    doubtful: frozenset[str] = frozenset()

    def is_doubtful(self, text: str) -> bool:
        """Whether one of its words may have been written in another encoding than the rest."""
        return any(word in self.doubtful for word in _WORD_OF_TEXT.findall(text))


def named(name: str) -> str | None:
    """An encoding as codecs name it; None where there is none of this name."""
    if name.lower().replace("_", "-") == TWICE:
        return TWICE
    try:
        found = codecs.lookup(name)
        found.decode(b"", "strict")
        "".encode(found.name)
    except (LookupError, UnicodeError, TypeError, ValueError):
        return None
    return UTF_8 if found.name == "utf-8" else found.name


def mark_of(path: Path) -> str | None:
    """The encoding that the mark at the beginning says; None without one.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        begin = file.read(4)
    return next((name for mark, name in _MARKS if begin.startswith(mark)), None)


def encoding_of(path: Path, said: str | None = None) -> Encoding:
    """How a file is written.

    Args:
        path: the file.
        said: what the user says that it is, as `named` gives it.

    Raises:
        EncodingError: it is not certain, or it is not what is said.
        OSError: the file cannot be read.
    """
    mark = mark_of(path)
    if said is None and mark is None:
        return _guessed(path)
    if said is not None and mark is not None:
        family = mark.removesuffix("-sig")
        if not said.startswith(family):
            raise EncodingError(
                _(
                    "begins with the mark of {encoding}, which encoding: denies",
                    encoding=family.upper(),
                )
            )
        said = None
    name = said or mark or ""
    for number, line in enumerate(lines_of(path, name), start=1):
        if "\0" in line:
            raise EncodingError(
                _("is not written in {encoding}: it holds the sign NUL", encoding=name), number
            )
    return Encoding(name)


def lines_of(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a file, with their ends, `\\n`, `\\r\\n` or `\\r`, as they are.

    Raises:
        EncodingError: a line is not written so, or is too long.
        OSError: the file cannot be read.
    """
    if encoding == TWICE:
        yield from _lines_of_twice(path)
        return
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            while line := file.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    raise EncodingError(_TOO_LONG, number)
                yield line
    except UnicodeError:
        if encoding.startswith(("utf-16", "utf-32")):
            said = _("is not written in {encoding}", encoding=encoding)
            raise EncodingError(said, number + 1) from None
        at = _first_bad(path, encoding) or number + 1
        raise _line_not_in(NAMES.get(encoding, encoding), at) from None


def _line_not_in(encoding: str, line: int) -> EncodingError:
    return EncodingError(_("the line is not written in {encoding}", encoding=encoding), line)


def _byte_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file whose encoding contains ASCII, ended as in text."""
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            *whole, rest = re.split(rb"(?<=\n)|(?<=\r)(?!\n)(?=.)", rest + piece, flags=re.DOTALL)
            yield from whole
            if len(rest) >= LONGEST_LINE:
                yield rest[:LONGEST_LINE]
                return
    yield from ([rest] if rest else [])


def _first_bad(path: Path, encoding: str) -> int | None:
    for number, line in enumerate(_byte_lines(path), start=1):
        try:
            line.decode(encoding)
        except UnicodeError:
            return number
    return None


def _lines_of_twice(path: Path) -> Iterator[str]:
    for number, line in enumerate(lines_of(path, UTF_8), start=1):
        try:
            yield _undone(line)
        except UnicodeError:
            raise _line_not_in(TWICE, number) from None


def _undone(text: str) -> str:
    """UTF-8 that was taken for Windows-1252 and written as UTF-8 again, as it was.

    Raises:
        UnicodeError: it is none.
    """
    data = b"".join(
        bytes([ord(sign)]) if ord(sign) < 0xA0 else sign.encode("cp1252")
        if ord(sign) < 0x100 or sign in _OF_1252 else sign.encode("ascii")
        for sign in text
    )  # fmt: skip
    return data.decode("utf-8")


_OF_1252 = frozenset(bytes(range(0x80, 0xA0)).decode("cp1252", "ignore"))


@dataclass(slots=True)
class _Seen:
    """What one pass over the bytes of a file shows."""

    words: Counter[bytes]
    first: dict[bytes, int]
    valid: list[int]
    invalid: list[int]


def _guessed(path: Path) -> Encoding:
    seen = _look(path)
    if not seen.words and not seen.invalid:
        return Encoding(UTF_8)
    if not seen.invalid:
        return _utf_8(path, seen)
    if seen.valid:
        few = min(seen.valid, seen.invalid, key=len)
        if few is seen.valid:
            raise EncodingError(_("the line is UTF-8, others are not"), few[0])
        raise EncodingError(_("the line is not UTF-8 as others are"), few[0])
    return _one_of_tables(path, seen)


def _look(path: Path) -> _Seen:
    seen = _Seen(Counter(), {}, [], [])
    for number, line in enumerate(_byte_lines(path), start=1):
        if len(line) >= LONGEST_LINE:
            raise EncodingError(_TOO_LONG, number)
        if b"\0" in line:
            raise EncodingError(
                _("holds the sign NUL, as UTF-16 without a mark or a file that is no table does"),
                number,
                _read_by(line, ("utf-16-le", "utf-16-be")) if number == 1 else (),
            )
        if line.isascii():
            continue
        words = [word[:_LONGEST_WORD] for word in _WORD.findall(line) if not word.isascii()]
        seen.words.update(words)
        if len(seen.words) > _MOST_WORDS:
            most = Decimal(_MOST_WORDS)
            raise EncodingError(_("holds more than {most} words beyond ASCII", most=most), number)
        for word in words:
            seen.first.setdefault(word, number)
        try:
            line.decode("utf-8")
        except UnicodeError:
            seen.invalid.append(number)
        else:
            seen.valid.append(number)
    return seen


def _read_by(line: bytes, encodings: Iterable[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for encoding in encodings:
        text = line[: len(line) // 2 * 2].decode(encoding, "replace").strip()
        if text.isascii():
            found.append((encoding, _("plain letters")))
    return found


def _utf_8(path: Path, seen: _Seen) -> Encoding:
    """UTF-8, unless it is that by chance, or most of what is beyond ASCII was UTF-8 twice."""
    counts = list(seen.words.values())
    scores = {
        table: _score([word.decode(table, "replace") for word in seen.words], counts)
        for table in ("utf-8", "cp1252")
    }
    twice = [word for word in seen.words if _is_twice(word)]
    if 2 * sum(seen.words[word] for word in twice) > seen.words.total():
        at = seen.first[twice[0]]
        text = _line(path, at).decode("utf-8")
        samples = [("utf-8", _sample(text)), (TWICE, _sample(_undone(text)))]
    elif scores["cp1252"] < scores["utf-8"]:
        at = next(iter(seen.first.values()))
        line = _line(path, at)
        samples = [(NAMES[table], _sample(line.decode(table, "replace"))) for table in scores]
    else:
        return Encoding(UTF_8)
    raise EncodingError(_SEVERAL, at, samples)


def _is_twice(word: bytes) -> bool:
    text = word.decode("utf-8")
    try:
        undone = _undone(text)
    except UnicodeError:
        return False
    return undone != text and all(one < "\u0250" or one in "’‘“”„–—…€" for one in undone)


def _one_of_tables(path: Path, seen: _Seen) -> Encoding:
    """Windows-1252 where no other table reads as well."""
    texts = {table: [word.decode(table, "replace") for word in seen.words] for table in _TABLES}
    counts = list(seen.words.values())
    scores = {table: _score(words, counts) for table, words in texts.items()}
    own = texts["cp1252"]
    others = [table for table, words in texts.items() if words != own]
    if any(scores[table] <= scores["cp1252"] for table in others):
        raise _ambiguous(path, seen, texts, scores)
    if bad := _first_bad(path, "cp1252"):
        raise EncodingError(_("the line is not Windows-1252 as the others are"), bad)
    doubtful = frozenset(
        word
        for at, word in enumerate(own)
        if any(_is_better(texts[table][at], word) for table in others)
        or (_judged(word)[0] and _USUAL.isdisjoint(word))
    )
    shares = sum(count for word, count in zip(own, counts, strict=True) if word in doubtful)
    if 2 * shares > sum(counts):
        raise _ambiguous(path, seen, texts, scores)
    return Encoding("cp1252", doubtful)


def _is_better(text: str, taken: str) -> bool:
    """Whether a word reads better in another way than it was taken: as letters, or because it is
    impossible."""
    judged = _judged(taken)
    is_word = all(sign.isascii() or _LATIN.match(sign) for sign in text)
    return (is_word or judged[0] > 0) and _judged(text) < judged


def _ambiguous(
    path: Path, seen: _Seen, texts: dict[str, list[str]], scores: dict[str, tuple[int, int]]
) -> EncodingError:
    """What to ask: a line of the file in every encoding that is no worse than half impossible."""
    total = seen.words.total()
    possible = [table for table in texts if 2 * scores[table][0] <= total]
    possible.sort(key=scores.__getitem__)
    word = max(seen.words, key=lambda one: len({one.decode(t, "replace") for t in possible}))
    at = seen.first[word]
    line = _line(path, at)
    different: dict[str, str] = {}
    for table in possible:
        different.setdefault(_sample(line.decode(table, "replace")), table)
    if not different:
        return EncodingError(_("holds a byte that is neither UTF-8 nor Windows-1252"), at)
    samples = [(NAMES[table], text) for text, table in different.items()]
    message = _("holds a byte that is neither UTF-8 nor certainly Windows-1252")
    return EncodingError(message, at, samples)


def _sample(line: str) -> str:
    """The signs beyond ASCII of a line, with a letter beside them, never a whole word."""
    found = []
    for match in _SIGNS.finditer(line.strip()):
        begin, end = match.span()
        around = line.strip()[max(0, begin - 1) : end + 1].strip(';,|\t" ')
        found.append(around if len(around) < 4 else line.strip()[max(0, begin - 1) : end])
    return " ".join(found[:_MOST_SAMPLES])


def _line(path: Path, number: int) -> bytes:
    """A line of the file, numbered from 1."""
    return next(islice(_byte_lines(path), number - 1, None), b"")


def _score(words: Collection[str], counts: Collection[int]) -> tuple[int, int]:
    """How many words are impossible, how many signs are foreign; less is better."""
    impossible = foreign = 0
    for word, count in zip(words, counts, strict=True):
        is_impossible, strange = _judged(word)
        impossible += count * is_impossible
        foreign += count * strange
    return impossible, foreign


def _judged(word: str) -> tuple[int, int]:
    """Whether nobody writes such a word (1, else 0), and how many signs of it are not German."""
    impossible = foreign = 0
    for at, sign in enumerate(word):
        if sign.isascii():
            continue
        before = word[at - 1] if at else ""
        is_impossible, is_foreign = _sign(
            sign, before, word[at + 1 : at + 2], word[at + 2 : at + 3]
        )
        impossible |= is_impossible
        foreign += is_foreign
    return impossible, foreign


def _sign(sign: str, before: str, after: str, next_but_one: str) -> tuple[int, int]:
    left, right = bool(_LATIN.match(before)), bool(_LATIN.match(after))
    if _LATIN.match(sign):
        is_impossible = (
            (sign.isupper() and left and before.islower())
            or (sign.islower() and right and after.isupper())
            or (sign.isupper() and not left and after.isupper() and next_but_one.islower())
        )
        is_foreign = sign not in _GERMAN or not (left or right)
    elif sign == "\ufffd" or sign.isalpha() or not (sign.isprintable() or sign == "\xa0"):
        is_impossible = is_foreign = True
    elif left and right:
        is_impossible, is_foreign = sign not in _WITHIN, True
    elif right:
        is_impossible, is_foreign = sign not in _BEFORE, sign not in _CERTAIN_BEFORE
    elif left:
        is_known = sign in _CERTAIN_BEHIND or (sign in "²³" and before in "mM")
        is_impossible, is_foreign = not is_known and sign not in _BEHIND, not is_known
    else:
        is_impossible, is_foreign = False, sign not in _APART
    return int(is_impossible), int(is_foreign and not is_impossible)
