"""Pages and sheets of letters, found by laying them out; nothing of it is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from serienpost import Cost, Refused
from serienpost_channel_letter.engine import Defect
from serienpost_channel_letter.jobs import Job
from serienpost_channel_letter.style import Letter, Style, by_style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from serienpost import Content
    from serienpost_channel_letter.account import LetterAccount
    from serienpost_channel_letter.pool import Pool

_PLACEHOLDER = "0" * 12


def costs_of(
    contents: Sequence[Content],
    pool: Pool,
    account: LetterAccount,
    chunk: int,
) -> list[Cost | Refused]:
    """The cost of each letter, or why it would not be printed.

    Args:
        contents: letters.
        pool: the worker processes; closed where this is interrupted.
        account: whether both sides of a sheet are printed.
        chunk: letters of a job.
    """
    groups = by_style(contents)
    jobs = [job for group in groups for job in _jobs([contents[at] for at in group], chunk)]
    with ThreadPoolExecutor(max(1, min(64, len(jobs)))) as threads:
        try:
            done = list(threads.map(pool.do, jobs))
        except KeyboardInterrupt:
            pool.close()
            raise
    costs = [_cost(result, account) for one in done for result in one.results]
    positions = [position for group in groups for position in group]
    by_position = dict(zip(positions, costs, strict=True))
    return [by_position[position] for position in range(len(contents))]


def _jobs(alike: Sequence[Content], chunk: int) -> Iterator[Job]:
    style = Style.of(alike[0])
    letters = [_letter(content) for content in alike]
    for first in range(0, len(letters), chunk):
        yield Job(style, letters[first : first + chunk], write=False)


def _letter(content: Content) -> Letter:
    window = dict(content.layout)["window"]
    return Letter(_PLACEHOLDER, window, content.subject or "Brief", content.html or "")


def _cost(result: int | Defect, account: LetterAccount) -> Cost | Refused:
    if isinstance(result, Defect):
        return Refused(result.code, result.text)
    sheets = -(-result // 2) if account.duplex else result
    return Cost("pages", result, {"sheets": sheets})
