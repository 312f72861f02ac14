"""What a model refuses is said in our words, in the reader's language."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from serienpost.config.problems import Collector, explain
from serienpost.contracts.strict import StrictModel
from serienpost.translation import speaking


class Filters(StrictModel):
    name: Annotated[str, Field(min_length=1, max_length=3)] = "a"
    code: Annotated[str, Field(pattern="^A")] = "A"
    ids: list[str] = Field(default=["a", "b"], min_length=2, max_length=3)
    age: Annotated[int, Field(ge=1, le=100)] = 1
    least: Annotated[float, Field(gt=0.5)] = 1
    step: Annotated[int, Field(multiple_of=5)] = 5
    order: Literal["up", "down", "none"] = "up"
    only: Literal["up"] = "up"
    day: date = date(2026, 11, 30)
    limit: Literal["all"] | int = "all"


@pytest.mark.parametrize(
    ("key", "value", "english", "german"),
    [
        ("name", "", "must not be empty", "darf nicht leer sein"),
        ("name", "abcd", "must have at most 3 characters", "darf höchstens 3 Zeichen haben"),
        ("name", 5, "must be text", "muss Text sein"),
        ("code", "B", "must be of the form ^A", "muss die Form ^A haben"),
        ("ids", ["a"], "must have at least 2 entries", "muss mindestens 2 Einträge haben"),
        ("ids", list("abcd"), "must have at most 3 entries", "darf höchstens 3 Einträge haben"),
        ("age", 0, "must be between 1 and 100", "muss zwischen 1 und 100 liegen"),
        ("age", 1.5, "must be a whole number", "muss eine ganze Zahl sein"),
        ("least", 0.5, "must be more than 0.5", "muss größer als 0.5 sein"),
        ("step", 3, "must be a multiple of 5", "muss ein Vielfaches von 5 sein"),
        (
            "order",
            "x",
            "must be 'up', 'down' or 'none'",
            "muss 'up', 'down' oder 'none' sein",
        ),
        ("only", "x", "must be 'up'", "muss 'up' sein"),
        ("day", "x", "must be a day, as in 2026-11-30", "muss ein Tag sein, etwa 2026-11-30"),
        (
            "limit",
            [],
            "must be 'all' or must be a whole number",
            "muss 'all' sein oder muss eine ganze Zahl sein",
        ),
        ("nmae", 1, "unknown key", "unbekannter Schlüssel"),
    ],
)
def test_what_a_model_refuses(key: str, value: object, english: str, german: str) -> None:
    given: dict[str, Any] = {key: value}
    with pytest.raises(ValidationError) as caught:
        Filters.model_validate(given)
    [(_loc, message, _hint)] = explain(caught.value, Filters, given)
    assert message == english
    with speaking("de"):
        assert str(message) == german


def test_a_secret_is_kept_out_in_every_language() -> None:
    collector = Collector(lambda _loc: ("m.yaml", 3))
    collector.hide("hunter2")
    collector.unknown_keys({"hunter2x": 1, "hunter2": 1}, ["hunter2y"])
    assert len(collector.problems) == 2
    with speaking("de"):
        said = [str(problem) for problem in collector.problems]
    assert all("unbekannter Schlüssel (war „***" in one for one in said)
