from __future__ import annotations

import threading

import pytest

from serienpost.timelimit import LateError, each_within, within
from serienpost.translation import speaking


def test_an_answer_in_time_is_returned() -> None:
    assert within(5, "check", lambda: 7) == 7
    assert within(5, "check", lambda: None) is None


def test_it_runs_in_a_thread_of_its_own_under_its_name() -> None:
    thread = within(5, "consent check club", threading.current_thread)
    assert thread is not threading.current_thread()
    assert (thread.name, thread.daemon) == ("consent check club", True)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt()])
def test_what_is_raised_is_raised_here(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        within(5, "check", fail)
    assert caught.value is error


def test_too_slow_is_an_error_that_names_it() -> None:
    late = threading.Event()
    with pytest.raises(TimeoutError, match=r"^check x did not answer within 0\.05 seconds$"):
        within(0.05, "check x", lambda: late.wait(10))
    late.set()


def test_each_has_its_own_limit_and_what_it_raises_is_its_own() -> None:
    late = threading.Event()
    asked: list[str] = []

    def slow() -> str:
        late.wait(10)
        return "too late"

    def fail() -> str:
        raise ValueError("x")

    def answer() -> str:
        asked.append(threading.current_thread().name)
        return "here"

    jobs = [("fail", fail), ("one", answer), ("slow", slow), ("two", answer), ("slower", slow)]
    outcomes = each_within(0.05, jobs)
    late.set()
    assert [outcome.result for outcome in outcomes] == [None, "here", None, "here", None]
    assert [type(outcome.error) for outcome in outcomes] == [
        ValueError,
        type(None),
        LateError,
        type(None),
        LateError,
    ]
    assert str(outcomes[2].error) == "slow did not answer within 0.05 seconds"
    assert asked == ["one", "two"]


def test_a_function_that_comes_back_too_late_is_followed_by_nothing() -> None:
    late = threading.Event()
    slow_one: list[threading.Thread] = []
    calls: list[threading.Thread] = []

    def slow() -> None:
        slow_one.append(threading.current_thread())
        late.wait(10)

    def note() -> None:
        calls.append(threading.current_thread())

    each_within(0.05, [("slow", slow), ("note", note)])
    late.set()
    slow_one[0].join(10)
    assert len(calls) == 1
    assert calls[0] is not slow_one[0]


def test_how_late_it_is_is_said_in_the_reader_s_language() -> None:
    left = threading.Event()
    with pytest.raises(LateError) as caught:
        within(0.05, "x", lambda: left.wait(10))
    left.set()
    with speaking("de"):
        assert str(caught.value.sentence) == "x hat nach 0.05 Sekunden nicht geantwortet"
