"""Pages from their templates, escaped, in the present language."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost import Texts, present_language
from serienpost.service import SHORTEST_PASSWORD, page_environment, page_style, run_part
from serienpost_web import wording
from serienpost_web.segments import segment_of
from serienpost_web.table import new_form_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment
    from markupsafe import Markup

    from serienpost_web.sessions import Visitor
    from serienpost_web.table import Asked, Route, Shown

_ = Texts(__name__)

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Renders the templates of this package."""

    def __init__(self) -> None:
        self._environment = _environment()

    def render(
        self,
        shown: Shown,
        visitor: Visitor | None,
        asked: Asked | None,
        routes: Sequence[Route],
    ) -> str:
        """The page as HTML.

        Args:
            shown: which template, with which values.
            visitor: who is logged in.
            asked: what was asked; None for pages that stand for any.
            routes: those with a tab make the navigation.
        """
        template = self._environment.get_template(f"{shown.template}.html.jinja")
        said = asked.query.values.get("said", ("",))[0] if asked else ""
        may_look = visitor is not None and not visitor.is_locked
        return template.render(
            shown.values,
            visitor=visitor,
            asked=asked,
            here=asked.path if asked else "",
            practice_name=asked.practice.context.practice.name if asked else "",
            tabs=[
                one for one in routes if one.tab and may_look and visitor and visitor.may(one.needs)
            ],
            said=wording.SAID.get(said),
            language=present_language(),
            new_form_key=new_form_key,
        )


def _environment() -> Environment:
    made = page_environment(_TEMPLATES, _)
    made.globals.update(wording=wording, run_part=run_part, asset=asset, segment=segment_of)
    made.globals["shortest_password"] = SHORTEST_PASSWORD
    made.filters["lines"] = lines
    made.filters["address"] = address
    made.filters["rate"] = wording.rate
    return made


def lines(text: str | None) -> str:
    """A text of several lines in one."""
    return ", ".join(part.strip() for part in str(text or "").splitlines() if part.strip())


def address(text: str | None) -> Markup:
    """An address in one line, which a narrow column breaks at its signs alone."""
    from markupsafe import Markup, escape

    written = escape(lines(text))
    if "@" not in written:
        return written
    return Markup(re.sub(r"(?<=@)|(?=\.)", "<wbr>", str(written)))  # noqa: S704  # escaped above


@cache
def static(name: str) -> bytes | None:
    """A file of `static/`, the stylesheet behind that of every page; None where there is none."""
    path = STATIC / name
    if path.parent != STATIC or not path.is_file():
        return None
    before = page_style().encode() if name == "desk.css" else b""
    return before + path.read_bytes()


@cache
def asset(name: str) -> Markup:
    """The address of a file of `static/`, another one when it changes."""
    from markupsafe import Markup

    digest = hashlib.sha256(static(name) or b"").hexdigest()[:12]
    return Markup("/static/{}?{}").format(name, digest)
