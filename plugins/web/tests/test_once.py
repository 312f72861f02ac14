"""A form that comes twice, and practices that are opened for several at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from serienpost import SerienpostError
from serienpost_web import practices as practices_module
from serienpost_web.once import Once
from serienpost_web.practices import MOST_IDLE, Practices
from serienpost_web.table import Answer, Moved, Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running_desk import Desk


def test_what_led_somewhere_is_not_done_again() -> None:
    once, done = Once(), []

    def does() -> Answer:
        done.append(1)
        return Moved("/there")

    assert [once.answer("key", does) for _ in range(3)] == [Moved("/there")] * 3
    assert len(done) == 1
    once.answer("other", does)
    assert len(done) == 2


def test_what_led_nowhere_may_be_sent_again() -> None:
    once = Once()

    def fails() -> Answer:
        raise SerienpostError("x")

    assert once.answer("key", lambda: Shown("page")) == Shown("page")
    with pytest.raises(SerienpostError):
        once.answer("key", fails)
    assert once.answer("key", lambda: Moved("/there")) == Moved("/there")


def test_the_second_waits_for_the_first() -> None:
    once, begun, go, done = Once(), threading.Event(), threading.Event(), []

    def slow() -> Answer:
        done.append("slow")
        begun.set()
        go.wait()
        return Moved("/there")

    def again() -> Answer:
        done.append("again")
        return Moved("/elsewhere")

    found: list[Answer] = []
    first = threading.Thread(target=lambda: found.append(once.answer("key", slow)))
    first.start()
    begun.wait()
    second = threading.Thread(target=lambda: found.append(once.answer("key", again)))
    second.start()
    go.set()
    first.join()
    second.join()
    assert found == [Moved("/there")] * 2
    assert done == ["slow"]


def test_only_so_many_are_remembered() -> None:
    once, done = Once(most=2), []
    for key in (1, 2, 3, 3, 2, 1):
        once.answer(key, lambda: done.append(1) or Moved("/"))  # type: ignore[func-returns-value]
    assert len(done) == 4


@pytest.fixture
def opened(desk: Desk) -> Iterator[Practices]:
    made = Practices(desk.folder)
    yield made
    made.close()


def test_a_practice_is_kept_for_who_acts(opened: Practices) -> None:
    with opened.acting("Ada") as first:
        assert first.actor == "Ada"
        with opened.acting("Ada") as second:
            assert second is not first
        with opened.acting("Eva") as other:
            assert other.actor == "Eva"
    with opened.acting("Eva") as again:
        assert again is other


def test_a_practice_is_opened_anew_when_its_file_changed(desk: Desk, opened: Practices) -> None:
    with opened.acting("Ada") as before:
        pass
    file = desk.folder / "serienpost.yaml"
    text = file.read_text("utf-8")
    file.write_text(f"{text}\n# changed\n", "utf-8")
    try:
        with opened.acting("Ada") as after:
            assert after is not before
    finally:
        file.write_text(text, "utf-8")


def test_a_practice_is_opened_anew_after_a_while(
    opened: Practices, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened.acting("Ada") as before:
        pass
    monkeypatch.setattr(practices_module, "KEPT_SECONDS", 0.0)
    with opened.acting("Ada") as after:
        assert after is not before


def test_what_went_wrong_is_not_used_again(opened: Practices) -> None:
    with pytest.raises(RuntimeError), opened.acting("Ada") as broken:
        raise RuntimeError
    with opened.acting("Ada") as after:
        assert after is not broken


def test_not_too_many_are_kept(opened: Practices) -> None:
    for number in range(MOST_IDLE + 3):
        with opened.acting(f"user{number}"):
            pass
    assert len(opened._idle) == MOST_IDLE
    opened.close()
    assert opened._idle == []
    with opened.acting("Ada"):  # for who is still at work
        pass
    assert opened._idle == []
