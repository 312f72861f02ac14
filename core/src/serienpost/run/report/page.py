"""A run as a page: `report --html` is all of it in one file, a desk puts its parts between its
buttons. One template and one stylesheet for both."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from markupsafe import Markup

from serienpost import words
from serienpost.run.report.advice import advice
from serienpost.run.report.chart import chart, moment, per
from serienpost.run.report.course import bar_seconds, has_course, per_minute
from serienpost.text import without_stray_ends
from serienpost.translation import Text, Texts, present_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment, Template

    from serienpost.run.report.live_names import RowNames
    from serienpost.run.report.summary import ReasonCount, Report

_ = Texts(__name__)

_FOLDER = Path(__file__).parent / "pages"

# `facts`: who released what; `standing`: how it stands, what changes while it is delivered;
# `outcome`: why people did not get it, tests.
Part: TypeAlias = Literal["facts", "standing", "outcome"]

# States of runs -> the look of their badge.
_RUN_LOOKS: Mapping[str, str] = {
    "prepared": "ask",
    "approved": "busy",
    "sending": "busy",
    "paused": "stop",
    "finished": "good",
    "cancelled": "off",
}
# States of messages -> the look of their badge.
_MESSAGE_LOOKS: Mapping[str, str] = {
    "accepted": "good",
    "delivered": "good",
    "in_doubt": "ask",
    "failed": "stop",
    "bounced": "stop",
    "complained": "stop",
    "suppressed": "off",
    "cancelled": "off",
}


def run_look(state: str) -> str:
    """How the badge of a run looks; the word in it says what it means."""
    return _RUN_LOOKS.get(state, "off")


def message_look(state: str) -> str:
    """How the badge of a message looks."""
    return _MESSAGE_LOOKS.get(state, "busy")


def page_style() -> str:
    """The stylesheet of every page: colours for both schemes, text, tables, badges, charts."""
    return (_FOLDER / "page.css").read_text("utf-8")


def page_environment(folder: Path, texts: Texts) -> Environment:
    """How pages are rendered: escaped, in the present language.

    Args:
        folder: of the templates.
        texts: of the package whose sentences stand in them.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_written,
    )
    made.globals.update(
        _=texts,
        ngettext=texts.ngettext,
        pgettext=texts.pgettext,
        words=words,
        advice=advice,
        run_look=run_look,
        message_look=message_look,
    )
    made.filters["value"] = said
    return made


def _written(value: Any) -> Any:  # noqa: ANN401  # whatever a template shows
    """What is shown of a value: nothing of None, of a text what stays within its `bdi`."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return without_stray_ends(str(value))
    return "" if value is None else value


def said(value: Any) -> str:  # noqa: ANN401  # a day, a time, a number
    """A day, a moment or a number as the language writes it; a dash for nothing."""
    return str(Text("", "{value}", {"value": value})) if value is not None else "–"


def run_part(
    part: Part,
    run: Report,
    *,
    address: str = "",
    to_do: str | None = None,
    names: RowNames | None = None,
) -> Markup:
    """A part of a run's page.

    Args:
        part: which.
        run: its report.
        address: of the run's page at a desk, which numbers lead from; empty for none.
        to_do: what ends the pause of the run, said beside its reason.
        names: whom it says by their names at a desk; a file keeps to their ids.
    """
    parts = _template("parts").module
    if part == "standing":
        return Markup(parts.standing(run, address, to_do))  # type: ignore[attr-defined]  # noqa: S704
    if part == "outcome":
        return Markup(parts.outcome(run, address, names))  # type: ignore[attr-defined]  # noqa: S704
    return Markup(parts.facts(run))  # type: ignore[attr-defined]  # noqa: S704  # escaped by the template


def report_page(run: Report) -> str:
    """One self-contained HTML page in the reader's language; no script, nothing from elsewhere."""
    style = Markup(page_style())  # noqa: S704  # our own file
    return _template("report").render(run=run, style=style, language=present_language())


@cache
def _template(name: str) -> Template:
    made = page_environment(_FOLDER, _)
    made.globals.update(
        bar_seconds=bar_seconds,
        chart=chart,
        has_course=has_course,
        moment=moment,
        per=per,
        per_minute=per_minute,
        asked_by=_providers_code,
    )
    return made.get_template(f"{name}.html.jinja")


def _providers_code(reason: ReasonCount) -> str | None:
    """The code that stands beside a text, by which one asks a provider; words of ours are none."""
    code = words.providers_code(reason.state, reason.code, reason.text)
    return code if any(sign.isdigit() for sign in code) else None
