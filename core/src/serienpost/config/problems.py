"""Collects what is wrong with a file and says it in plain sentences."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

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

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "dict_type": "must be a map",
    "model_type": "must be a map",
    "model_attributes_type": "must be a map",
    "none_required": "must be null",
}
_TYPE_HINTS = {
    "list_type": "write [a, b]",
    "dict_type": "write {key: value}",
    "model_type": "write {key: value}",
}
# Shorter ones would be found within words.
_SHORTEST_HIDDEN = 4


def did_you_mean(name: object, known: Iterable[str]) -> str | None:
    """The hint with the nearest known name, None where none is near."""
    near = nearest(str(name), known)
    return f"did you mean {near!r}?" if near else None


def listed(names: Iterable[str]) -> str | None:
    """The hint that names what there is, None where there is nothing."""
    found = sorted(names)
    return f"there is: {', '.join(found)}" if found else None


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
        self, loc: Loc, thing: str, name: str, known: Iterable[str], hint: str = ""
    ) -> None:
        """Note that a value names something that is not there, with the nearest name."""
        names = list(known)
        nearest = did_you_mean(name, names) or hint or listed(names)
        self.add(loc, f"there is no {thing} {name!r}", nearest)

    def unknown_keys(self, data: dict[str, Any], known: Sequence[str], loc: Loc = ()) -> None:
        """Note every key that is not known, with the nearest known one."""
        for key in data:
            if key not in known:
                self.add((*loc, key), "unknown key", did_you_mean(key, known))

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
        (loc, reduce(_either, [m for m, _hint in said]), next((h for _m, h in said if h), None))
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


def _either(one: str, other: str) -> str:
    return _("{one} or {other}", one=one, other=other)


def _message(detail: ErrorDetails, model: type[BaseModel], loc: Loc) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    if kind in {"value_error", "assertion_error"}:
        said: str = context["error"].args[0]
        return said
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind in {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}:
        return _bounds(context, model, loc)
    if kind in {"string_too_short", "too_short"} and context.get("min_length") == 1:
        return "must not be empty"
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _bounds(context: dict[str, Any], model: type[BaseModel], loc: Loc) -> str:
    limits = dict(context)
    field = field_at(model, loc)
    for rule in field.metadata if field else []:
        limits.update({n: getattr(rule, n) for n in ("ge", "le", "gt", "lt") if hasattr(rule, n)})
    if "ge" in limits and "le" in limits:
        return f"must be between {limits['ge']} and {limits['le']}"
    words = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}
    return "must be " + " and ".join(f"{words[n]} {v}" for n, v in limits.items() if n in words)


def _hint(detail: ErrorDetails, model: type[BaseModel], loc: Loc) -> str | None:
    kind, value = detail["type"], detail["input"]
    if kind == "string_type" and isinstance(value, bool | int | float | dict | list):
        return "write it in quotes"
    if kind in {"int_type", "float_type"} and isinstance(value, str) and value.isdecimal():
        return "write it without quotes"
    if kind == "extra_forbidden":
        parent = model_at(model, loc[:-1])
        near = did_you_mean(loc[-1], keys_of(parent)) if parent else None
        # `{name: Praxis Müller, Kardiologie}` has a key Kardiologie, without a value.
        return near or ("a text with a comma stands in quotes" if value is None else None)
    if kind == "literal_error" and isinstance(value, str):
        return did_you_mean(value, str(detail["ctx"]["expected"]).split("'")[1::2])
    return _TYPE_HINTS.get(kind)
