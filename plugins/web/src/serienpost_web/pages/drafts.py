"""Drafts as a whole: begin one from a mailing, discard one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.service import Draft
from serienpost_web.table import BrokenFormError, Moved, Route, Shown

if TYPE_CHECKING:
    from serienpost_web.table import Answer, Asked


def begin(asked: Asked) -> Answer:
    """A draft that starts from a mailing of the practice's folder."""
    draft = asked.practice.new_draft(asked.form.some("mailing", 200))
    if not isinstance(draft, Draft):  # it starts from a mailing, so nothing is asked
        raise BrokenFormError
    return Moved(f"/entwurf/{draft.id}", said="begun")


def discard_page(asked: Asked) -> Answer:
    """The step before it."""
    draft = asked.draft()
    return Shown("discard", {"draft": draft, "line": draft.line(), "files": draft.files()})


def discard(asked: Asked) -> Answer:
    """The draft as it was looked at; one that somebody saved meanwhile stays."""
    draft = asked.practice.draft(asked.draft().id, asked.form.number("version", 0))
    draft.discard()
    return Moved("/", said="discarded")


ROUTES = (
    Route("/entwurf", begin, "prepare", "POST", back="/"),
    Route("/entwurf/{draft}/verwerfen", discard_page, "prepare"),
    Route(
        "/entwurf/{draft}/verwerfen", discard, "prepare", "POST", back="/entwurf/{draft}/verwerfen"
    ),
)
