"""Makes one file of each part."""

from __future__ import annotations

import asyncio
import io
from contextlib import ExitStack
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from serienpost import Accepted, AccountProblem, NotStarted, QuotaReached, Rejected, SerienpostError
from serienpost_channel_letter.engine import Defect, LayoutError
from serienpost_channel_letter.jobs import Job
from serienpost_channel_letter.parts import (
    RunFiles,
    give_name,
    is_full,
    saved,
    with_index,
    write_nameless,
)
from serienpost_channel_letter.style import Letter, Style, by_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from serienpost import Go, Message, Outcome
    from serienpost_channel_letter.pool import Pool


class LetterSender:
    """Lays parts out in worker processes and writes each as one file.

    Args:
        pool: the worker processes.
        home: the practice folder.
        folder: the account's folder.
        batch: letters of a part at most.
    """

    def __init__(self, pool: Pool, home: Path, folder: Path, batch: int) -> None:
        self.batch = batch
        self._pool = pool
        self._home = home
        self._folder = folder
        self.slots = pool.size

    def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        """One call for each part."""
        for _, part in groupby(messages, key=lambda message: (message.run, message.part)):
            of_part = list(part)
            for first in range(0, len(of_part), self.batch):
                yield of_part[first : first + self.batch]

    async def ready(self, slot: int) -> None:
        """Nothing: the worker processes start with the account."""

    async def send(
        self,
        call: Sequence[Message],
        slot: int,  # noqa: ARG002
        go: Go,
    ) -> Sequence[Outcome]:
        """Lay out a part, check it, write its file, which gets its name if it may still leave. A
        letter that fails is not in it."""
        part = call[0].part or call[0].position
        files = RunFiles(self._folder, call[0].run)
        groups = by_style([message.content for message in call])
        try:
            made = await asyncio.to_thread(self._laid_out, call, groups)
            if not await _written(made, files.part(part), go):
                return [NotStarted()] * len(call)
        except LayoutError as error:
            return [AccountProblem("layout", error.sentence)] * len(call)
        except SerienpostError as error:
            if is_full(error):
                return [QuotaReached("disk", error.sentence)] * len(call)
            return [AccountProblem("disk", error.sentence)] * len(call)
        where = files.reference(part, self._home)
        return [
            Rejected(result.code, result.text, "message")
            if isinstance(result, Defect)
            else Accepted(where)
            for result in made.results
        ]

    def _laid_out(self, call: Sequence[Message], groups: Sequence[Sequence[int]]) -> _Part:
        """The letters of a part, those of each style behind one another in its file."""
        results: dict[int, int | Defect] = {}
        good, pdfs = [], []
        for group in groups:
            letters = [letter_of(call[position]) for position in group]
            made = self._pool.do(Job(Style.of(call[group[0]].content), letters))
            results |= zip(group, made.results, strict=True)
            good += [
                (letter.ref, result, letter.address)
                for letter, result in zip(letters, made.results, strict=True)
                if not isinstance(result, Defect)
            ]
            pdfs += [made.pdf] if made.pdf else []
        return _Part([results[position] for position in range(len(call))], good, _joined(pdfs))


class _Part(NamedTuple):
    """What became of each letter of a part, and the file of the good ones in its own order:
    reference, pages and address."""

    results: Sequence[int | Defect]
    good: Sequence[tuple[str, int, str]]
    pdf: bytes


def _joined(pdfs: Sequence[bytes]) -> bytes:
    if len(pdfs) < 2:
        return pdfs[0] if pdfs else b""
    import pikepdf

    with ExitStack() as opened, pikepdf.new() as whole:
        for pdf in pdfs:
            whole.pages.extend(opened.enter_context(pikepdf.open(io.BytesIO(pdf))).pages)
        return saved(whole)


async def _written(made: _Part, path: Path, go: Go) -> bool:
    """Write what was laid out; whether it might leave. Nothing is written where nothing is good."""
    if not made.good:
        return True
    # Asked before too, so that a run that is over meanwhile finds no folder made anew.
    if not await go():
        return False
    half = await asyncio.to_thread(_nameless_part, path, made.pdf, made.good)
    if not await go():
        half.unlink(missing_ok=True)
        return False
    await asyncio.to_thread(give_name, half, path)
    return True


def _nameless_part(path: Path, pdf: bytes, letters: Sequence[tuple[str, int, str]]) -> Path:
    return write_nameless(path, with_index(pdf, letters))


def letter_of(message: Message) -> Letter:
    """What is laid out for a message."""
    content = message.content
    return Letter(
        ref=message.ref,
        address=dict(content.layout)["window"],
        title=content.subject or "Brief",
        html=content.html or "",
        pages=None if message.cost is None else int(message.cost),
    )
