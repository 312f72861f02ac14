"""Pages from their templates, escaped, in the present language."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serienpost import Text, Texts, message_state, present_language, run_state
from serienpost.service import words
from serienpost_web import wording
from serienpost_web.chart import chart
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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: "" if value is None else value,
    )
    made.globals.update(
        _=_,
        ngettext=_.ngettext,
        pgettext=_.pgettext,
        words=words,
        message_state=message_state,
        run_state=run_state,
        wording=wording,
        chart=chart,
        asset=asset,
    )
    made.filters["value"] = said
    made.filters["lines"] = lines
    made.filters["rate"] = wording.rate
    return made


def said(value: Any) -> str:  # noqa: ANN401  # a day, a time, a number
    """A day, a moment or a number as the language writes it; a dash for nothing."""
    return str(Text("", "{value}", {"value": value})) if value is not None else "–"


def lines(text: str | None) -> str:
    """A text of several lines in one."""
    return ", ".join(part.strip() for part in str(text or "").splitlines() if part.strip())


@cache
def asset(name: str) -> Markup:
    """The address of a file of `static/`, another one when it changes."""
    from markupsafe import Markup

    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return Markup("/static/{}?{}").format(name, digest)
