"""Turn a checked text into a function from values to text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from serienpost.templates.language import LINK
from serienpost.templates.syntax import FALLBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import TypeAlias

    from serienpost.templates.formats import Formats

    Renderer: TypeAlias = Callable[[dict[str, object]], str]

_URL_SAFE = ":/?#@!$&()*+,;=%~-._[]"


class _Lines(str):
    """Text of several lines that shall keep them in HTML."""

    __slots__ = ()

    def __html__(self) -> str:
        return escape(self).replace("\n", "<br>\n")


def environment(formats: Formats, *, html: bool) -> ImmutableSandboxedEnvironment:
    """Jinja2 with nothing but our filters; values are escaped for HTML or left as they are."""

    def text_of(value: Hashable) -> str:
        return value if type(value) is str else formats.plain(value)

    def html_of(value: Hashable) -> str:
        text = value if type(value) is str else formats.plain(value)
        return _Lines(text) if "\n" in text else text

    made = ImmutableSandboxedEnvironment(
        autoescape=html,
        undefined=StrictUndefined,
        finalize=html_of if html else text_of,
        keep_trailing_newline=True,
    )
    made.globals.clear()
    made.filters = {
        "datum": formats.datum,
        "uhrzeit": formats.uhrzeit,
        "wochentag": formats.wochentag,
        FALLBACK: _or_else,
        LINK: _link,
    }
    made.tests = {"defined": _is_defined}
    return made


def renderer(source: str, made: ImmutableSandboxedEnvironment) -> Renderer:
    """Compile Jinja2 source that `Program.restored` gave.

    Comparing values of types that have no order raises TypeError.
    """
    template = made.from_string(source)
    root, context = template.root_render_func, template.new_context

    def render(values: dict[str, object]) -> str:
        return "".join(root(context(values, shared=True)))

    return render


def _or_else(value: object, otherwise: str) -> object:
    return otherwise if value == "" else value


def _link(value: object) -> str:
    return quote(str(value), safe=_URL_SAFE)


def _is_defined(value: object) -> bool:
    return value != ""
