"""Collects what is wrong with a file and says it in plain sentences."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from serienpost import words
from serienpost.config.document import ABSENT, dotted, step_into
from serienpost.config.shapes import field_at, keys_of, model_at
from serienpost.errors import ConfigError, Problem
from serienpost.text import nearest
from serienpost.translation import Texts, mapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pydantic_core import ErrorDetails

    from serienpost.config.document import Loc

_ = Texts(__name__)

M = TypeVar("M", bound=BaseModel)

_TEXT = _("must be text")
_WHOLE = _("must be a whole number")
_NUMBER = _("must be a number")
_BOOL = _("must be true or false")
_LIST = _("must be a list")
_MAP = _("must be a map")
_DAY = _("must be a day, as in 2026-11-30")
_TIME = _("must be a time, as in 20:00")
_MOMENT = _("must be a day and time, as in 2026-11-30T20:00")
_URL = _("must be a web address, as in https://example.org/")
# What a model refuses, by pydantic's names of it.
_SENTENCES = {
    "missing": _("is missing"),
    "extra_forbidden": _("unknown key"),
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "path_type": _TEXT,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "bool_type": _BOOL,
    "bool_parsing": _BOOL,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _MAP,
    "mapping_type": _MAP,
    "model_type": _MAP,
    "model_attributes_type": _MAP,
    "dataclass_type": _MAP,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "url_type": _URL,
    "url_parsing": _URL,
    "url_scheme": _URL,
    "none_required": _("must be null"),
}
_WRITE_MAP = _("write {key: value}")
_TYPE_HINTS = {"list_type": _("write [a, b]"), "dict_type": _WRITE_MAP, "model_type": _WRITE_MAP}
# Shorter ones would be found within words.
_SHORTEST_HIDDEN = 4


def did_you_mean(name: object, known: Iterable[str]) -> str | None:
    """The hint with the nearest known name, None where none is near."""
    near = nearest(str(name), known)
    return _("did you mean '{name}'?", name=near) if near else None


def listed(names: Iterable[str]) -> str | None:
    """The hint that names what there is, None where there is nothing."""
    found = sorted(names)
    return _("there is: {names}", names=found) if found else None


class Collector:
    """Everything that is wrong, each with its place.

    Args:
        where: file and line of the way to a value.
        problems: what is known to be wrong already.
    """

    def __init__(
        self,
        where: Callable[[Loc], tuple[str | None, int | None]],
        problems: Iterable[Problem] = (),
    ) -> None:
        self._where = where
        self.problems = list(problems)
        self._hidden: set[str] = set()

    def hide(self, text: str) -> None:
        """Keep a text, a secret in the wrong place, out of what is said from now on."""
        if len(text) >= _SHORTEST_HIDDEN:
            self._hidden.add(text)

    def add(self, loc: Loc, message: str, hint: str | None = None) -> None:
        """Note a problem at the way to a value."""
        file, line = self._where(loc)
        message = mapped(message, self._masked)
        hint = hint and mapped(hint, self._masked)
        problem = Problem(message, hint, file, line, dotted(loc) or None)
        if problem not in self.problems:
            self.problems.append(problem)

    def _masked(self, text: str) -> str:
        for hidden in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(hidden, "***")
        return text

    def unknown(
        self, loc: Loc, message: str, name: str, known: Iterable[str], hint: str = ""
    ) -> None:
        """Note that a value names something that is not there, as `message` says, with the nearest
        name."""
        names = list(known)
        nearest = did_you_mean(name, names) or hint or listed(names)
        self.add(loc, message, nearest)

    def unknown_keys(self, data: dict[str, Any], known: Sequence[str], loc: Loc = ()) -> None:
        """Note every key that is not known, with the nearest known one."""
        for key in data:
            if key not in known:
                self.add((*loc, key), _("unknown key"), did_you_mean(key, known))

    def validate(self, model: type[M], value: object, loc: Loc = ()) -> M | None:
        """Check a value by a model; None, and problems noted, where it does not fit.

        A model that would pass over unknown keys is made to refuse them: a filter that is
        misspelt must not select everybody.
        """
        before = len(self.problems)
        if isinstance(value, dict) and model.model_config.get("extra", "ignore") == "ignore":
            known = [*model.model_fields, *keys_of(model)]
            if not issubclass(model, RootModel):
                self.unknown_keys(value, known, loc)
        try:
            checked = model.model_validate(value)
        except ValidationError as error:
            for place, message, hint in explain(error, model, value):
                self.add((*loc, *place), message, hint)
            return None
        return checked if len(self.problems) == before else None

    def raise_if_any(self) -> None:
        """
        Raises:
            ConfigError: with all problems, in the order of files and lines.
        """
        if self.problems:
            raise ConfigError(*sorted(self.problems, key=lambda p: (p.file or "", p.line or 0)))


def explain(
    error: ValidationError, model: type[BaseModel], value: object
) -> list[tuple[Loc, str, str | None]]:
    """Plain sentences for what a model refuses: way, message, hint.

    Where a value may take several forms, the complaints about each are joined into one, unless
    one form fits so far that the mistake lies inside it.
    """
    found: dict[Loc, list[tuple[str, str | None]]] = {}
    choices: set[Loc] = set()
    for detail in error.errors(include_url=False):
        loc, is_choice = _real_way(detail, value)
        if is_choice:
            choices.add(loc)
        sentence = (_message(detail, model, loc), _hint(detail, model, loc))
        if sentence not in found.setdefault(loc, []):
            found[loc].append(sentence)
    shallow = {a for a in choices for b in choices if a != b and a == b[: len(a)]}
    return [
        (
            loc,
            reduce(words.either, [m for m, _hint in said]),
            next((h for _m, h in said if h), None),
        )
        for loc, said in found.items()
        if loc not in shallow
    ]


def _real_way(detail: ErrorDetails, value: object) -> tuple[Loc, bool]:
    """The way without the names that pydantic inserts for the members of a union."""
    steps = detail["loc"]
    loc: list[str | int] = []
    is_choice = False
    for position, step in enumerate(steps):
        inner = step_into(value, step)
        is_missing_key = detail["type"] == "missing" and position == len(steps) - 1
        if inner is ABSENT and not is_missing_key:
            is_choice = is_choice or step != "[key]"
            continue
        value = inner
        loc.append(step)
    return tuple(loc), is_choice


def _message(detail: ErrorDetails, model: type[BaseModel], loc: Loc) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    if kind in {"value_error", "assertion_error"}:
        said: str = context["error"].args[0]
        return said
    if kind in {"literal_error", "enum"}:
        return _("must be {what}", what=_one_of(str(context["expected"])))
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        names = context.get("expected_tags") or context.get("discriminator")
        return _("must be {what}", what=_one_of(str(names)))
    if kind in {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}:
        return _bounds(context, model, loc)
    return _size(kind, context) or _("does not fit: {why}", why=_lowered(detail["msg"]))


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _quoted(expected: str) -> list[str]:
    return expected.split("'")[1::2]


def _one_of(expected: str) -> str:
    """`'a', 'b' or 'c'`, as pydantic says it, in the reader's language."""
    names = [f"'{name}'" for name in _quoted(expected)]
    if len(names) < 2:
        return expected
    return words.either(", ".join(names[:-1]), names[-1])


def _size(kind: str, context: dict[str, Any]) -> str | None:
    """What is said of a value that is too short or long, or not of a form."""
    least, most = context.get("min_length"), context.get("max_length")
    if kind in {"string_too_short", "too_short"} and least == 1:
        return _("must not be empty")
    n = int(least or most or 0)
    said = {
        "string_too_short": _.ngettext(
            "must have at least {n} character", "must have at least {n} characters", n
        ),
        "string_too_long": _.ngettext(
            "must have at most {n} character", "must have at most {n} characters", n
        ),
        "too_short": _.ngettext(
            "must have at least {n} entry", "must have at least {n} entries", n
        ),
        "too_long": _.ngettext("must have at most {n} entry", "must have at most {n} entries", n),
        "string_pattern_mismatch": _(
            "must be of the form {pattern}", pattern=str(context.get("pattern"))
        ),
        "multiple_of": _("must be a multiple of {number}", number=str(context.get("multiple_of"))),
    }
    return said.get(kind)


def _bounds(context: dict[str, Any], model: type[BaseModel], loc: Loc) -> str:
    limits = dict(context)
    field = field_at(model, loc)
    for rule in field.metadata if field else []:
        limits.update({n: getattr(rule, n) for n in ("ge", "le", "gt", "lt") if hasattr(rule, n)})
    # As they are typed: a point stays a point.
    low, high = str(limits.get("ge", limits.get("gt"))), str(limits.get("le", limits.get("lt")))
    said = {
        ("ge", "le"): _("must be between {low} and {high}", low=low, high=high),
        ("ge", "lt"): _("must be at least {low} and less than {high}", low=low, high=high),
        ("gt", "le"): _("must be more than {low} and at most {high}", low=low, high=high),
        ("gt", "lt"): _("must be more than {low} and less than {high}", low=low, high=high),
        ("ge", ""): _("must be at least {low}", low=low),
        ("gt", ""): _("must be more than {low}", low=low),
        ("", "le"): _("must be at most {high}", high=high),
        ("", "lt"): _("must be less than {high}", high=high),
    }
    lower = next((name for name in ("ge", "gt") if name in limits), "")
    return said[lower, next((name for name in ("le", "lt") if name in limits), "")]


def _hint(detail: ErrorDetails, model: type[BaseModel], loc: Loc) -> str | None:
    kind, value = detail["type"], detail["input"]
    if kind == "string_type" and isinstance(value, bool | int | float | dict | list):
        return _("write it in quotes")
    if kind in {"int_type", "float_type"} and isinstance(value, str) and value.isdecimal():
        return _("write it without quotes")
    if kind == "extra_forbidden":
        parent = model_at(model, loc[:-1])
        near = did_you_mean(loc[-1], keys_of(parent)) if parent else None
        # `{name: Praxis Müller, Kardiologie}` has a key Kardiologie, without a value.
        return near or (_("a text with a comma stands in quotes") if value is None else None)
    if kind == "literal_error" and isinstance(value, str):
        return did_you_mean(value, _quoted(str(detail["ctx"]["expected"])))
    return _TYPE_HINTS.get(kind)
