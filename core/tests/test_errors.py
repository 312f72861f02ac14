from __future__ import annotations

import pytest

from serienpost import errors
from serienpost.errors import ConfigError, Exit, Problem, SerienpostError


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("is wrong"), "is wrong"),
        (Problem("is wrong", "mend it"), "is wrong (mend it)"),
        (Problem("is wrong", file="a.yaml"), "a.yaml: is wrong"),
        (Problem("is wrong", "mend it", "a.yaml", 3), "a.yaml:3: is wrong (mend it)"),
        (Problem("is wrong", None, "a.yaml", 3, "x.y"), "a.yaml:3: x.y: is wrong"),
        (Problem("is wrong", key="x.y"), "x.y: is wrong"),
        (Problem("is wrong", line=3), "is wrong"),
    ],
)
def test_a_problem_is_one_line_that_says_where_and_what_to_do(problem: Problem, line: str) -> None:
    assert str(problem) == line


def test_an_error_holds_all_its_problems() -> None:
    error = ConfigError(Problem("one", file="a.yaml"), "two", hint="mend it")
    assert error.problems == (Problem("one", file="a.yaml"), Problem("two", "mend it"))
    assert str(error) == "a.yaml: one\ntwo (mend it)"


def test_every_expected_error_refuses() -> None:
    found = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, SerienpostError)
    ]
    assert len(found) >= 8
    codes = {error: error.exit_code for error in found}
    assert codes.pop(errors.StillOpenError) is Exit.OPEN
    assert set(codes.values()) == {Exit.REFUSED}


def test_the_exit_codes_are_those_of_the_manual() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "DONE": 0,
        "BUG": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "SOME_FAILED": 4,
        "SOME_IN_DOUBT": 5,
        "OPEN": 75,
    }
