"""What a channel says that it carries is what leaves at most."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.errors import ConfigError, LedgerError
from serienpost.run.prepare.marks import change_marks
from serienpost.run.prepare.renderer import load_renderer

if TYPE_CHECKING:
    Office = Any


@pytest.fixture
def short(office: Office) -> Office:
    """A channel whose messages have at most 12 characters."""
    office.pigeon.capabilities = replace(office.pigeon.capabilities, longest_text=12)
    return office


@pytest.mark.parametrize(
    ("text", "length"), [("Hallo Freunde", 13), ("Hallo {{Vorname}}!", 12), ("Hi {{Vorname}}", 8)]
)
def test_a_text_that_is_too_long_for_the_channel_is_a_problem_at_check(
    short: Office, text: str, length: int
) -> None:
    if length <= 12:
        short.renderer(text=text)
        return
    with pytest.raises(ConfigError) as caught:
        short.renderer(text=text)
    (problem,) = caught.value.problems
    assert problem.message == (
        f"the text has {length} characters, more than the 12 that pigeon carries"
    )
    assert (problem.file, problem.line) == ("einladung.yaml", 1)


def test_a_text_that_values_make_too_long_is_not_sent(short: Office) -> None:
    short.add("Ada", "Maximilian", "Kim")
    run = short.prepare()
    assert short.unmarked(run) == {
        "patient:1": None,
        "patient:2": "value_refused",
        "patient:3": None,
    }
    row = short.message(run, "patient:2")
    assert row.text == "the text has 17 characters, more than the 12 that pigeon carries"
    assert row.macro_values is None
    renderer = load_renderer(short.context, short.ledger, run)
    with pytest.raises(LedgerError, match="patient:2 cannot be included"):
        change_marks(renderer, short.ledger, run, "user", include=["patient:2"])


def test_a_channel_without_a_limit_carries_any_text(office: Office) -> None:
    office.renderer(text="x" * 100_000)
