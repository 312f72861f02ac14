"""What a worker process is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Problem
    from serienpost_channel_letter.engine import Defect
    from serienpost_channel_letter.style import Letter, Style


# A worker's first word.
READY = "ready"

# What the forkserver is asked for a new worker, whose connection comes along; it answers with the
# worker's process id. Asked with a process id, it ends that worker.
SPAWN = 0

_WIDTH = 8


@dataclass(frozen=True, slots=True)
class Job:
    """Letters of one style to be laid out and checked.

    Args:
        style: how they look.
        letters: in the order of the file.
        write: whether a PDF is wanted, not only the number of pages.
        proof: with a watermark.
    """

    style: Style
    letters: Sequence[Letter]
    write: bool = True
    proof: bool = False


@dataclass(frozen=True, slots=True)
class LetterDone:
    """One letter is laid out: its pages, or why it is not in the file."""

    result: int | Defect


@dataclass(frozen=True, slots=True)
class JobDone:
    """All letters are; `pdf` is empty where none was wanted or no letter was good."""

    pdf: bytes


@dataclass(frozen=True, slots=True)
class JobFailed:
    """Nothing of the job can be done: the style is broken, or the frame does not fit."""

    problems: Sequence[Problem]


@dataclass(slots=True)
class JobResult:
    """What became of a job: per letter its pages or a defect, and the file of the good ones."""

    results: list[int | Defect] = field(default_factory=list)
    pdf: bytes = b""


def packed(number: int) -> bytes:
    """What is asked of the forkserver or answered by it, as bytes."""
    return number.to_bytes(_WIDTH)


def unpacked(data: bytes) -> int:
    """From `packed`."""
    return int.from_bytes(data)
