"""The channel `letter` as the core sees it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from serienpost import Capabilities, Cost, Refused, Texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from pathlib import Path

    from serienpost import (
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
    from serienpost_channel_letter.pool import Pool

_ = Texts(__name__)

# A part is watched letter by letter by its sender; this only bounds the whole.
_LONGEST_CALL = 3600.0

# Letters that a worker lays out at a stretch for the forecast.
_CHUNK = 50


class LetterChannel:
    """Letters as one PDF, ready to print; nothing leaves the machine."""

    name = "letter"
    title = _("letter (PDF)")
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

    def part_size(self, account: LetterAccount) -> int:
        return account.part

    @property
    def layout_macros(self) -> frozenset[str]:
        from serienpost_channel_letter.composition import LAYOUT_MACROS

        return LAYOUT_MACROS

    def processor(self, account: LetterAccount) -> Processor | None:  # noqa: ARG002
        return None

    def files(self, context: Context, account: LetterAccount) -> Mapping[str, bytes]:
        """Letterhead and background.

        Raises:
            ConfigError: one is missing or no file of its kind.
        """
        from serienpost_channel_letter.files import account_files

        return account_files(context, account)

    def compose(self, context: Context, account: LetterAccount, draft: Draft) -> Content | Refused:
        from serienpost_channel_letter.composition import compose

        files = self._style_files(context, account, draft)
        return compose(account, context.practice, draft, files)

    def cost(self, account: LetterAccount, content: Content) -> Cost | None:
        """Pages and sheets; lays the letter out. For many letters `forecast` is meant."""
        (answer,) = self._costs(account, [content])
        return answer if isinstance(answer, Cost) else None

    def forecast(
        self,
        context: Context,  # noqa: ARG002
        account: LetterAccount,
        contents: Sequence[Content],
    ) -> Sequence[Cost | Refused]:
        """Pages and sheets of each letter, or what the print check says against it.

        Raises:
            LayoutError: no letter of this style can be laid out.
        """
        return self._costs(account, contents)

    def preview(self, account: LetterAccount, message: Message) -> Mapping[str, bytes]:
        """The letter as it would be printed; a test bears a watermark.

        Raises:
            LayoutError: it cannot be laid out, or fails the print check.
        """
        from serienpost_channel_letter.engine import Defect, LayoutError
        from serienpost_channel_letter.jobs import Job
        from serienpost_channel_letter.sender import letter_of
        from serienpost_channel_letter.style import Style

        letter, style = letter_of(message), Style.of(message.content)
        made = _standing_pool(account).do(Job(style, [letter], proof=message.is_test))
        (result,) = made.results
        if isinstance(result, Defect):
            raise LayoutError(_("letter {ref}: {why}", ref=message.ref, why=result.text))
        return {".pdf": made.pdf}

    def views(
        self,
        account: LetterAccount,  # noqa: ARG002
        message: Message,  # noqa: ARG002
        files: Mapping[str, bytes],
    ) -> Mapping[str, bytes]:
        """Each page as an image."""
        from serienpost_channel_letter.page_images import page_images

        return {f".{n}.png": image for n, image in enumerate(page_images(files[".pdf"]), 1)}

    @contextlib.asynccontextmanager
    async def open(self, context: Context, account: LetterAccount) -> AsyncIterator[Sender]:
        """Workers are spawned with the first calls; what they need is read in the meantime."""
        from serienpost_channel_letter.sender import LetterSender

        with _pool(account) as pool:
            pool.start()
            yield LetterSender(pool, context.folder, context.path(account.folder), account.part)

    def finish(
        self, context: Context, account: LetterAccount, generation: Generation
    ) -> Sequence[Path]:
        """One PDF of all letters of the generation, and its index.

        Raises:
            SerienpostError: a letter is in no part, or the files cannot be written.
        """
        from serienpost_channel_letter.parts import finish

        return finish(context.folder, context.path(account.folder), account, generation)

    def record(self, account: LetterAccount, message: Message) -> str:
        from serienpost_channel_letter.records import LetterRecord
        from serienpost_channel_letter.sender import letter_of
        from serienpost_channel_letter.style import Style

        style = Style.of(message.content)
        return LetterRecord(letter_of(message), style, account.duplex).to_text()

    def print_records(self, records: Sequence[str]) -> bytes:
        """One PDF of the letters in these records.

        Raises:
            LayoutError: one is no record of a letter, or cannot be laid out.
        """
        from serienpost_channel_letter.records import print_records

        return print_records(records)

    async def probe(self, context: Context, account: LetterAccount) -> Sequence[ProbeResult]:
        """Are libraries and font there, can the folder be written, can a page be laid out?"""
        import asyncio

        from serienpost_channel_letter.probe import probe

        return await asyncio.to_thread(probe, context, account)

    def _style_files(
        self, context: Context, account: LetterAccount, draft: Draft
    ) -> tuple[Attachment, ...]:
        """The same objects for all letters of a run."""
        from serienpost_channel_letter.composition import style_files, style_key

        practice = context.practice
        key = (id(account), id(practice), *style_key(draft))
        if key not in self._styles:
            if len(self._styles) > 16:
                self._styles.clear()
            held = (account, practice, draft.files)
            self._styles[key] = (held, style_files(account, practice, draft))
        return self._styles[key][1]

    def _costs(
        self, account: LetterAccount, contents: Sequence[Content]
    ) -> Sequence[Cost | Refused]:
        from serienpost_channel_letter.costs import costs_of

        return costs_of(contents, _standing_pool(account), account, _CHUNK)


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
