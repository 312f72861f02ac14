from __future__ import annotations

import threading

import pytest

from serienpost.timelimit import within


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
