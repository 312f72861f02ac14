"""A selection that a run keeps is the same when it is read again, whatever names its model has."""

from __future__ import annotations

import json

import pytest
from pydantic import AliasChoices, Field, field_serializer

from serienpost import PluginError, StrictModel
from serienpost.run.prepare.plan import plain_selection, read_selection


class Named(StrictModel):
    """Names for reading and for writing, as models of third parties have them."""

    both: int | None = Field(default=None, alias="class")
    reading: int | None = Field(default=None, validation_alias="klasse")
    either: int | None = Field(default=None, validation_alias=AliasChoices("art", "kind"))
    writing: int | None = Field(default=None, serialization_alias="wert")


class Nested(StrictModel):
    inner: dict[str, Named] = Field(default={}, alias="from")


@pytest.mark.parametrize(
    "written",
    [
        {},
        *({name: 1} for name in ("class", "klasse", "art", "kind", "writing")),
        {"class": 1, "klasse": 2, "kind": 3, "writing": 4},
    ],
)
def test_a_selection_is_read_again_whatever_its_names(written: dict[str, int]) -> None:
    for selection in (
        Named.model_validate(written),
        Nested.model_validate({"from": {"a": written}}),
    ):
        plain = json.loads(json.dumps(plain_selection(selection)))
        assert read_selection(type(selection), plain) == selection


def test_a_selection_is_kept_by_the_names_that_users_write() -> None:
    assert plain_selection(Named.model_validate({"class": 1})) == {"class": 1}


def test_a_model_that_does_not_read_what_it_writes_is_named() -> None:
    class Forgetful(StrictModel):
        a: int = 0

        @field_serializer("a")
        def _lost(self, _: int) -> str:
            return "lost"

    with pytest.raises(PluginError, match="Forgetful"):
        plain_selection(Forgetful(a=1))
