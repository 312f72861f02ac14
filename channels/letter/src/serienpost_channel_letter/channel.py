"""The channel `letter` as the core sees it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from serienpost import Capabilities, Cost, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from pathlib import Path

    from serienpost import (
        AccountSettings,
        Attachment,
        Content,
        Context,
        Draft,
        Generation,
        Message,
        ProbeResult,
        Processor,
        Sender,
    )
    from serienpost_channel_letter.account import LetterAccount
    from serienpost_channel_letter.jobs import Job, Sheets
    from serienpost_channel_letter.pool import Pool

_LONGEST_CALL = 3600.0
"""A part is watched letter by letter by its sender; this only bounds the whole."""

_CHUNK = 50
"""Letters that a worker lays out at a stretch for the forecast."""


class LetterChannel:
    """Letters as one PDF, ready to print; nothing leaves the machine."""

    name = "letter"
    title = "Brief (PDF)"
    kind = "letter"
    capabilities = Capabilities(subject=True, html=True)
    repeatable = True
    longest_call = _LONGEST_CALL

    def __init__(self) -> None:
        self._styles: dict[tuple[object, ...], tuple[object, tuple[Attachment, ...]]] = {}

    @property
    def account(self) -> type[LetterAccount]:
        from serienpost_channel_letter.account import LetterAccount

        return LetterAccount

    def part_size(self, account: AccountSettings) -> int:
        return self._own(account).part

    @property
    def layout_macros(self) -> frozenset[str]:
        from serienpost_channel_letter.compose import LAYOUT_MACROS

        return LAYOUT_MACROS

    def processor(self, account: AccountSettings) -> Processor | None:  # noqa: ARG002
        return None

    def files(self, context: Context, account: AccountSettings) -> Mapping[str, bytes]:
        """Letterhead and background.

        Raises:
            ConfigError: one is missing or no file of its kind.
        """
        from serienpost_channel_letter.files import account_files

        return account_files(context, self._own(account))

    def compose(
        self, context: Context, account: AccountSettings, draft: Draft
    ) -> Content | Refused:
        from serienpost_channel_letter.compose import compose

        own, practice = self._own(account), context.config.practice
        return compose(own, practice, draft, self._style_files(context, own, draft))

    def cost(self, account: AccountSettings, content: Content) -> Cost | None:
        """Pages and sheets; lays the letter out. For many letters `forecast` is meant."""
        (answer,) = self._forecast(self._own(account), [content])
        return answer if isinstance(answer, Cost) else None

    def forecast(
        self,
        context: Context,  # noqa: ARG002
        account: AccountSettings,
        contents: Sequence[Content],
    ) -> Sequence[Cost | Refused]:
        """Pages and sheets of each letter, or what the print check says against it.

        Raises:
            LayoutError: no letter of this style can be laid out.
        """
        return self._forecast(self._own(account), contents)

    def preview(self, account: AccountSettings, message: Message) -> Mapping[str, bytes]:
        """The letter as it would be printed; a test bears a watermark.

        Raises:
            LayoutError: it cannot be laid out, or fails the print check.
        """
        from serienpost_channel_letter.engine import Fault, LayoutError
        from serienpost_channel_letter.jobs import Job
        from serienpost_channel_letter.sender import letter_of
        from serienpost_channel_letter.style import Style

        letter, style = letter_of(message), Style.of(message.content)
        sheets = self._do(self._own(account), Job(style, [letter], proof=message.is_test))
        (result,) = sheets.results
        if isinstance(result, Fault):
            raise LayoutError(f"{message.ref}: {result.text}")
        return {".pdf": sheets.pdf}

    @contextlib.asynccontextmanager
    async def open(self, context: Context, account: AccountSettings) -> AsyncIterator[Sender]:
        """Workers are born with the first calls; what they need is read in the meantime."""
        from serienpost_channel_letter.sender import LetterSender

        own = self._own(account)
        with _pool(own) as pool:
            pool.start()
            yield LetterSender(pool, context.path(own.folder), own.part)

    def finish(
        self, context: Context, account: AccountSettings, generation: Generation
    ) -> Sequence[Path]:
        """One PDF of all letters of the generation, and its index.

        Raises:
            SerienpostError: a letter is in no part, or the files cannot be written.
        """
        from serienpost_channel_letter.parts import finish

        own = self._own(account)
        return finish(context.path(own.folder), own, generation)

    def record(self, account: AccountSettings, message: Message) -> str:
        from serienpost_channel_letter.sender import letter_of
        from serienpost_channel_letter.style import Record, Style

        style, duplex = Style.of(message.content), self._own(account).duplex
        return Record(letter_of(message), style, duplex).to_text()

    def print_records(self, records: Sequence[str]) -> bytes:
        """One PDF of the letters in these records.

        Raises:
            LayoutError: one is no record of a letter, or cannot be laid out.
        """
        from serienpost_channel_letter.reprint import print_records

        return print_records(records)

    async def probe(self, context: Context, account: AccountSettings) -> Sequence[ProbeResult]:
        """Are libraries and font there, can the folder be written, can a page be laid out?"""
        import asyncio

        from serienpost_channel_letter.probe import probe

        return await asyncio.to_thread(probe, context, self._own(account))

    def _style_files(
        self, context: Context, account: LetterAccount, draft: Draft
    ) -> tuple[Attachment, ...]:
        """The same objects for all letters of a run."""
        from serienpost_channel_letter.compose import style_files, style_key

        practice = context.config.practice
        key = (id(account), id(practice), *style_key(draft))
        if key not in self._styles:
            if len(self._styles) > 16:
                self._styles.clear()
            held = (account, practice, draft.files)
            self._styles[key] = (held, style_files(account, practice, draft))
        return self._styles[key][1]

    def _forecast(
        self, account: LetterAccount, contents: Sequence[Content]
    ) -> Sequence[Cost | Refused]:
        from serienpost_channel_letter.forecast import forecast

        return forecast(contents, _standing_pool(account), account, _CHUNK)

    def _do(self, account: LetterAccount, job: Job) -> Sheets:
        return _standing_pool(account).do(job)

    def _own(self, account: AccountSettings) -> LetterAccount:
        if not isinstance(account, self.account):
            raise TypeError("not an account of the channel letter")
        return account


@contextlib.contextmanager
def _pool(account: LetterAccount) -> Iterator[Pool]:
    from serienpost_channel_letter.pool import Pool, processors

    size = account.processes or processors()
    with Pool(size, account.memory, account.letter_seconds) as pool:
        yield pool


_standing: dict[tuple[int, int, float], Pool] = {}


def _standing_pool(account: LetterAccount) -> Pool:
    """Worker processes for forecasts and previews, kept until this process ends."""
    import atexit

    from serienpost_channel_letter.pool import Pool, processors

    key = (account.processes or processors(), account.memory, account.letter_seconds)
    if key not in _standing or _standing[key].closed:
        _standing[key] = Pool(*key)
        atexit.register(_standing[key].close)
    return _standing[key]
