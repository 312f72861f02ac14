"""Secrets that stand in a file themselves, where only their names may: found by the names of keys,
by what a model says of its fields, and within texts such as `host=h password=...`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from pydantic import SecretBytes, SecretStr

from serienpost.config.shapes import field_at
from serienpost.contracts.accounts import LITERAL_REFUSED
from serienpost.redaction import (
    SECRET_WITHIN,
    has_password,
    is_secret_name,
    without_passwords,
)
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from serienpost.config.document import Loc
    from serienpost.config.problems import Collector

_ = Texts(__name__)

_HIDDEN = "***"
# What may stand in place of a secret: its name, in a text with braces, after the scheme of a login.
_REFERENCE = re.compile(
    r"(?:secret:[A-Za-z_]\w*|(?:(?:Bearer|Basic|Token) )?(?:\$\{secret:[A-Za-z_]\w*\})+)\Z",
    re.IGNORECASE | re.ASCII,
)
# `name=value` anywhere; `name: value` where a header or a map begins.
_PAIR = re.compile(
    r"(?:(?P<name>[\w.-]+)[\"']?\s*=|(?:\A|[{,;])\s*[\"']?(?P<header>[\w.-]+)[\"']?\s*:)"
    r"\s*[\"']?(?P<value>[^\s\"';&,]+)"
)
# The core's list of stores, also misspelt, which is refused as an unknown key; the description of
# tables, where a key is a field and a value a column.
_NOT_SECRET = (("secrets",), ("secret",), ("schema",))


def refuse_literals(value: object, collector: Collector, loc: Loc = ()) -> None:
    """Note every secret that stands in the file, whoever the key belongs to. Its text is kept out
    of all that the collector says."""
    for place, found in _literals(value, loc):
        _hide(found, collector)
        if isinstance(found, str) and has_password(found):
            hint = _("write ${secret:NAME} in its place")
            collector.add(place, _("a password does not stand in a URL"), hint)
        else:
            collector.add(place, LITERAL_REFUSED)


def refuse_marked(model: type[BaseModel], value: object, collector: Collector, loc: Loc) -> None:
    """Note every literal in a field that its model marks as secret: of the type `SecretStr` or
    `SecretBytes`, or with `writeOnly` in its JSON schema."""
    for below, found in _scalars(value):
        fields = (field_at(model, below[:end]) for end in range(1, len(below) + 1))
        if _is_literal(found) and any(field and _is_marked(field) for field in fields):
            _hide(found, collector)
            collector.add((*loc, *below), LITERAL_REFUSED)


def masked(value: Any, loc: Loc = ()) -> Any:  # noqa: ANN401
    """The value without secrets: under keys that are called so, in URLs and in texts."""
    if loc in _NOT_SECRET:
        return value
    if isinstance(value, dict):
        named = _named_value(value)
        return {
            key: _all_masked(inner)
            if key == named or (is_secret_name(key) and (*loc, key) not in _NOT_SECRET)
            else masked(inner, (*loc, key))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner, (*loc, index)) for index, inner in enumerate(value)]
    if isinstance(value, str):
        return _HIDDEN if _holds_pair(value) else without_passwords(value)
    return value


def _all_masked(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _all_masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_all_masked(inner) for inner in value]
    return _HIDDEN if _is_literal(value) else value


def _literals(value: object, loc: Loc) -> Iterator[tuple[Loc, object]]:
    """Ways to literal secrets and their values."""
    if loc in _NOT_SECRET:
        return
    if isinstance(value, dict):
        named = _named_value(value)
        for key, inner in value.items():
            place = (*loc, key)
            if isinstance(key, str) and has_password(key):
                yield place, key
            if place not in _NOT_SECRET and (key == named or is_secret_name(key)):
                yield from _under_secret(inner, place)
            else:
                yield from _literals(inner, place)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _literals(inner, (*loc, index))
    elif isinstance(value, str) and (has_password(value) or _holds_pair(value)):
        yield loc, value


def _under_secret(value: object, loc: Loc) -> Iterator[tuple[Loc, object]]:
    """What stands under a key that is called like a secret: a map there may describe where it is
    kept, so its keys are judged by their own names."""
    if isinstance(value, dict):
        yield from _literals(value, loc)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _under_secret(inner, (*loc, index))
    elif _is_literal(value):
        yield loc, value


def _scalars(value: object, loc: Loc = ()) -> Iterator[tuple[Loc, object]]:
    if isinstance(value, dict | list):
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in steps:
            yield from _scalars(inner, (*loc, step))
    else:
        yield loc, value


def _named_value(value: dict[Any, Any]) -> object:
    """The key beside a name that is a secret's, as in `{name: password, value: ...}`."""
    named = any(key in ("name", "key") and is_secret_name(value[key]) for key in value)
    return "value" if named else None


def _is_literal(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return False
    return not isinstance(value, str) or (value != "" and not _REFERENCE.match(value))


def _holds_pair(text: str) -> bool:
    """Whether a text gives a secret a value, as connection strings and headers do."""
    if _REFERENCE.match(text):
        return False
    # A reference holds a colon itself: `${secret:NAME}` is no value of a key `secret`.
    return any(
        is_secret_name(found["name"] or found["header"]) and found["value"].strip("\0")
        for found in _PAIR.finditer(SECRET_WITHIN.sub("\0", text))
    )


def _is_marked(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return (isinstance(extra, dict) and extra.get("writeOnly") is True) or _is_secret(
        field.annotation
    )


def _is_secret(annotation: Any) -> bool:  # noqa: ANN401  # a type form
    return annotation in (SecretStr, SecretBytes) or any(map(_is_secret, get_args(annotation)))


def _hide(value: object, collector: Collector) -> None:
    text = str(value)
    for part in (text, *(found["value"] for found in _PAIR.finditer(text))):
        collector.hide(part)
