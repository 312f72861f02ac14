"""How fast messages are rendered: subject, text and HTML, against bare Jinja2 on the same source.

The baseline gets the very source that serienpost compiles, with the values as finished text, and
neither checks values nor formats dates.
"""

from __future__ import annotations

from datetime import date, time
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from harness import Report, alternate, finish

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = 5_000
ROUNDS = 9
NAME = "terminerinnerung"


def row(number: int) -> dict[str, object]:
    return {
        "Briefanrede": f"Sehr geehrte Frau Müller-{number},",
        "Kind_Vorname": "",
        "Termin_Datum": date(2026, 11, 1 + number % 28),
        "Termin_Wochentag": "Dienstag",
        "Termin_Uhrzeit": time(8 + number % 9, 30),
        "Praxis": "Praxis Dr. Sonnenschein",
        "Praxis_Anschrift": "Praxis Dr. Sonnenschein\nLindenallee 5\n01067 Dresden",
        "Praxis_Telefon": "0351 1234567",
    }


def ours(rows: list[dict[str, object]]) -> Callable[[], None]:
    from serienpost.templates.compiled import CompiledTemplate
    from serienpost.templates.folder import load_template
    from serienpost_templates import serienpost_templates

    files = load_template(NAME, "email.md", [serienpost_templates()[0].folder])
    template = CompiledTemplate(files, "email", html=True, zone=ZoneInfo("Europe/Berlin"))

    def render() -> None:
        for values in rows:
            template.render(values)  # type: ignore[arg-type]

    return render


def bare(rows: list[dict[str, object]]) -> Callable[[], None]:
    from jinja2 import Environment

    from serienpost.templates.building import build
    from serienpost.templates.folder import load_template
    from serienpost_templates import serienpost_templates

    files = load_template(NAME, "email.md", [serienpost_templates()[0].folder])
    sources = build(files, "email", None, html=True).sources
    sides = {False: Environment(autoescape=False), True: Environment(autoescape=True)}
    templates = [sides[part == "html"].from_string(source) for part, source in sources.items()]
    texts = [{name: str(value) for name, value in values.items()} for values in rows]

    def render() -> None:
        for values in texts:
            for template in templates:
                template.render(values)

    return render


def main() -> None:
    from importlib.metadata import version

    rows = [row(number) for number in range(MESSAGES)]
    runs = {"serienpost": partial(ours(rows)), "bare Jinja2": partial(bare(rows))}
    versions = {"serienpost": version("serienpost"), "jinja2": version("jinja2")}
    seconds = alternate(runs, ROUNDS, warmups=2)
    finish(Report("rendering", seconds, versions, {"messages": MESSAGES}, target=2.0))


if __name__ == "__main__":
    main()
