"""The one way in: everything that a person or a program does with a practice.

Start at `open_practice`. What comes back are frozen records; what a person must decide comes back
as a typed question, never as a prompt. Faces (the command line, pages, workers, programs of
vendors) stand on this and hold no rule of their own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from serienpost.service.practice import Practice, open_practice

if TYPE_CHECKING:
    from serienpost.service.decided import Answers
    from serienpost.service.mailing import EditedText, Transliteration
    from serienpost.service.notices import Notice
    from serienpost.service.release import Confirmation
    from serienpost.service.run import Progress, Run, Stop
    from serienpost.service.selection import Selection

__all__ = [
    "Answers",
    "Confirmation",
    "EditedText",
    "Notice",
    "Practice",
    "Progress",
    "Run",
    "Selection",
    "Stop",
    "Transliteration",
    "open_practice",
]

# Modules that stand on the ledger are imported when one of their names is used.
_HOME = {
    "Answers": "decided",
    "Confirmation": "release",
    "EditedText": "mailing",
    "Notice": "notices",
    "Progress": "run",
    "Run": "run",
    "Selection": "selection",
    "Stop": "run",
    "Transliteration": "mailing",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"serienpost.service.{_HOME[name]}"), name)
