"""The forms in which people are looked for: a tab for each source, its filters as inputs.

Which filters there are says the selection of the source; here they get plain words and a shape.
What is typed is judged by the source alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from serienpost import Texts
from serienpost_web.table import BrokenFormError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serienpost import Practice, Text
    from serienpost_web.table import Field

_ = Texts(__name__)

# `days`: a word and, instead of it, a first and a last day; `pairs`: a line `name = value` each.
Shape: TypeAlias = Literal["text", "list", "number", "date", "days", "choice", "marks", "pairs"]

_MOST_SIGNS = 2_000
# Folders are looked through so deep for files to choose from, and so many are offered.
_DEEP = 3
_MOST_FILES = 200
# The folder of what people give; each file there is its draft's or its choice's alone.
_GIVEN = "eingang"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look for people.

    Args:
        name: in the address.
        source: of the practice; None for words looked for in several.
        only: the filters that it offers; all where it is empty.
    """

    name: str
    title: Text | str
    source: str | None
    only: tuple[str, ...] = ()
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One filter as it stands in a form.

    Args:
        takes_numbers: what consists of digits is sent as a number.
        is_yes_or_no: the choice is between the two.
        choices: what can be chosen, each with its words.
        values: what was typed or is chosen at first.
        rare: stands among those that are seldom needed.
    """

    name: str
    label: Text | str
    help: Text | str | None
    shape: Shape
    required: bool
    takes_numbers: bool = False
    is_yes_or_no: bool = False
    choices: tuple[tuple[str, Text | str], ...] = ()
    values: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    rare: bool = False

    @property
    def value(self) -> str:
        """What was typed, of an input that holds one thing."""
        return self.values[0] if self.values else ""


_PEOPLE = {"patients": _("Patients"), "interessenten": _("Interessenten")}

_TABS = (
    Tab("suche", _("Search"), None),
    Tab("terminliste", _("Appointments of a day"), "appointments", ("day", "practitioner")),
    Tab("patienten", _("Patients"), "patients"),
    Tab("interessenten", _("Interessenten"), "interessenten"),
    Tab("termine", _("Appointments, list"), "appointments"),
    Tab("abfrage-patienten", _("Database query, patients"), "query", person="patient"),
    Tab("abfrage-interessenten", _("Database query, Interessenten"), "query", person="interessent"),
    Tab("datei", _("File"), "table"),
)

_ANY = ("", _("any"))
_RELATIVE_DAYS = (
    ("tomorrow", _("tomorrow")),
    ("today", _("today")),
    ("next workday", _("next working day")),
    ("+1..+7", _("the next 7 days")),
    ("+1..+14", _("the next 14 days")),
)
_BIRTHDAYS = (
    _ANY,
    ("today", _("today")),
    ("tomorrow", _("tomorrow")),
    ("this_month", _("this month")),
)
# Filters that are a word or days, with the words.
_DAYS: Mapping[str, tuple[tuple[str, Text], ...]] = {"day": _RELATIVE_DAYS, "birthday": _BIRTHDAYS}
_DATES = ("last_visit_before", "last_visit_after")
_RARE = (
    "ids", "seconds", "column_purposes", "id", "key", "sheet", "header_row", "encoding",
    "separator",
)  # fmt: skip

_LABELS: Mapping[str, Text] = {
    "search": _("Search words"),
    "last_name": _("Last name begins with"),
    "first_name": _("First name begins with"),
    "postal_code": _("Postal code"),
    "city": _("City"),
    "ids": _("Only these numbers of the practice program"),
    "birthday": _("Birthday"),
    "practitioner": _("Practitioner"),
    "last_visit_before": _("Last visit before"),
    "last_visit_after": _("Last visit after"),
    "language": _("Language"),
    "status": _("State"),
    "concern": _("Asked for"),
    "origin": _("Knows the practice from"),
    "day": _("Day"),
    "type": _("Type of appointment"),
    "room": _("Room"),
    "person": _("Whose"),
    "query": _("Saved query"),
    "parameters": _("Values for the query"),
    "seconds": _("Stop after so many seconds"),
    "file": _("File"),
    "columns": _("What the columns hold"),
    "consent_column": _("Column that says yes or no to being written to"),
    "column_purposes": _("Purposes that a yes in it allows"),
    "id": _("Column with the numbers of the practice program"),
    "key": _("Column with the list's own numbers"),
    "sheet": _("Sheet of the workbook"),
    "header_row": _("Row with the headings"),
    "encoding": _("Encoding of the text"),
    "separator": _("Sign between the columns"),
}
_HELP: Mapping[str, Text] = {
    "search": _("Name, number, telephone, e-mail or city. Every word must be found."),
    "postal_code": _("One, or the first and the last: 01000-01999"),
    "city": _("The whole name of the city"),
    "practitioner": _("Last name, or first and last name"),
    "parameters": _("A line for each: name = value"),
    "columns": _("A line for each column: heading = field, such as E-Mail = email"),
    "ids": _("Separated by commas"),
    "status": _("Several separated by commas"),
    "origin": _("Several separated by commas"),
    "type": _("Several separated by commas"),
    "room": _("Several separated by commas"),
    "column_purposes": _("Several separated by commas"),
    "language": _("As it was entered, such as de"),
}
_CHOICES: Mapping[str, Text] = {
    "geplant": _("planned"),
    "bestaetigt": _("confirmed"),
    "erschienen": _("came"),
    "nicht_erschienen": _("did not come"),
    "patient": _("Patients"),
    "interessent": _("Interessenten"),
    "appointment": _("Appointments"),
}
_YES_OR_NO: Mapping[str, Text] = {"yes": _("yes"), "no": _("no")}


def tabs(practice: Practice) -> list[Tab]:
    """Those that the practice's plugins make possible; a source that we have no words for has its
    own title."""
    known = practice.context.registry.sources
    found = [
        one
        for one in _TABS
        if (one.source in known if one.source else any(name in known for name in _PEOPLE))
    ]
    ours = {one.source for one in _TABS}
    return found + [Tab(name, one.title, name) for name, one in known.items() if name not in ours]


def word_blocks(practice: Practice, words: str) -> list[dict[str, Any]]:
    """What a mailing would write under `select:` to look for words wherever people are."""
    known = practice.context.registry.sources
    return [{"source": name, "search": words} for name in _PEOPLE if name in known]


def inputs(practice: Practice, tab: Tab, *, may_write_sql: bool) -> list[Input]:
    """The filters of a tab, with nothing typed yet."""
    if tab.source is None:
        searched = [name for name in _PEOPLE if name in practice.context.registry.sources]
        words = Input("search", _LABELS["search"], _HELP["search"], "text", required=True)
        among = tuple((name, _PEOPLE[name]) for name in searched)
        where = Input(
            "among", _("Among"), None, "marks", required=True, choices=among, values=tuple(searched)
        )
        return [words, where]
    model = practice.context.registry.sources[tab.source].selection
    schema = model.model_json_schema()
    found = []
    for name, part in schema["properties"].items():
        if (tab.only and name not in tab.only) or (tab.person and name == "person"):
            continue
        described = model.model_fields.get(name)
        about = described.description if described else None
        found.append(_input(name, part, name in schema.get("required", ()), about))
    if tab.source == "query":
        found = _with_files(practice, found, "query", (".sql",))
        if may_write_sql:
            label, about = _("Query of your own"), _("One SELECT that returns the column id alone")
            found.insert(1, Input("sql", label, about, "pairs", required=False))
            found[0] = replace(found[0], required=False)
    if tab.source == "table":
        found = [
            replace(one, label=_("or a file of the practice folder"), required=False)
            if one.name == "file"
            else one
            for one in _with_files(practice, found, "file", (".csv", ".xlsx"))
        ]
    return found


def _input(name: str, schema: Mapping[str, Any], required: bool, about: str | None) -> Input:
    kinds = [one for one in schema.get("anyOf", (schema,)) if one.get("type") != "null"]
    types = {one.get("type") for one in kinds}
    items: Mapping[str, Any] = next((one["items"] for one in kinds if "items" in one), {})
    inner = {one.get("type") for one in items.get("anyOf", (items,))}
    shape: Shape = "text"
    words = items.get("enum") or next((one["enum"] for one in kinds if "enum" in one), ())
    choices = tuple((word, _CHOICES.get(word, word)) for word in words)
    is_yes_or_no = types == {"boolean"}
    if name in _DAYS:
        shape, choices = "days", _DAYS[name]
    elif is_yes_or_no:
        shape, choices = "choice", tuple(_YES_OR_NO.items())
    elif words:
        shape = "marks" if items else "choice"
    elif name in _DATES:
        shape = "date"
    elif "array" in types:
        shape = "list"
    elif "object" in types:
        shape = "pairs"
    elif types == {"integer"}:
        shape = "number"
    default = schema.get("default")
    chosen = default if isinstance(default, list) else [] if default in (None, {}) else [default]
    typed = tuple("yes" if one is True else "no" if one is False else str(one) for one in chosen)
    return Input(
        name,
        _LABELS.get(name, name),
        _help(name, about, is_choice=bool(words)),
        shape,
        required,
        takes_numbers="integer" in types | inner,
        is_yes_or_no=is_yes_or_no,
        choices=choices,
        values=(", ".join(typed),) if shape == "list" and typed else typed,
        rare=name in _RARE,
    )


def _help(name: str, about: str | None, *, is_choice: bool) -> Text | str | None:
    """What stands below an input: our own words where we know the filter, else the source's."""
    if name not in _LABELS:
        return about
    return None if is_choice else _HELP.get(name)


def _with_files(
    practice: Practice, those: list[Input], name: str, suffixes: tuple[str, ...]
) -> list[Input]:
    """The input of that name as a choice among the files of the practice folder."""
    files = sorted(_files(practice, suffixes))[:_MOST_FILES]
    choices = tuple((one, one) for one in files)
    return [
        replace(one, shape="choice", choices=choices) if one.name == name else one for one in those
    ]


def _files(practice: Practice, suffixes: tuple[str, ...]) -> Iterator[str]:
    folder = practice.context.folder
    for depth in range(_DEEP):
        for path in folder.glob("*/" * depth + "*"):
            name = path.relative_to(folder)
            is_shown = name.parts[0] != _GIVEN
            is_shown &= not any(part.startswith(".") for part in name.parts)
            if is_shown and path.suffix.lower() in suffixes and path.is_file():
                yield name.as_posix()


def filled(those: Sequence[Input], form: Field) -> list[Input]:
    """The inputs with what was typed."""
    return [
        replace(
            one,
            values=tuple(form.all(one.name)),
            first=form.one(f"{one.name}_first", 20),
            last=form.one(f"{one.name}_last", 20),
        )
        for one in those
    ]


def without_file(those: Sequence[Input]) -> list[Input]:
    """The inputs where the file comes with the form, and none of the practice is meant."""
    return [one for one in those if one.name != "file"]


def blocks(tab: Tab, those: Sequence[Input]) -> list[dict[str, Any]]:
    """What a mailing would write under `select:` for what was typed.

    Raises:
        BrokenFormError: something was chosen that no page of ours offers.
    """
    found = {one.name: value for one in those if (value := _value(one)) is not None}
    if tab.source is None:
        among = found.pop("among", [])
        return [{"source": name, **found} for name in among]
    if written := found.pop("sql", None):
        found["query"] = written
    if tab.person:
        found["person"] = tab.person
    return [{"source": tab.source, **found}]


def _value(one: Input) -> Any:  # noqa: ANN401
    """What was typed into an input, as a mailing writes it; None for nothing."""
    if any(len(typed) > _MOST_SIGNS for typed in one.values):
        raise BrokenFormError
    if one.shape in ("choice", "marks", "days"):
        offered = {word for word, _words in one.choices} | {""}
        if not offered.issuperset(one.values):
            raise BrokenFormError
    if one.shape == "marks":
        return list(one.values) or None
    typed = one.value.strip()
    if one.is_yes_or_no:
        return typed == "yes" if typed else None
    if one.shape == "days":
        return _days(one) or typed or None
    return _of_text(one, typed) if typed else None


def _of_text(one: Input, typed: str) -> Any:  # noqa: ANN401
    if one.shape == "list":
        parts = [part.strip() for part in typed.split(",") if part.strip()]
        return [_number(part) if one.takes_numbers else part for part in parts]
    if one.shape == "pairs" and one.name != "sql":
        pairs = (line.partition("=") for line in typed.splitlines() if line.strip())
        return {name.strip(): value.strip() for name, _sign, value in pairs}
    return _number(typed) if one.takes_numbers else typed


def _days(one: Input) -> str | None:
    """The days that were chosen in a calendar; a birthday has no year."""
    chosen = [day for day in (one.first or one.last, one.last or one.first) if day]
    if not chosen:
        return None
    if not all(_DAY.fullmatch(day) for day in chosen):
        raise BrokenFormError
    return "..".join(day[5:] if one.name == "birthday" else day for day in chosen)


def _number(typed: str) -> int | str:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else typed
