"""Which refusals are alike, and when they are too many."""

from __future__ import annotations

import pytest

from serienpost.run.send.breaker import AT_THE_END, IN_A_ROW, Breaker, Refusal, alike

LIMIT = ("554", "5.7.0 The allotment of your tariff is gone", "")


def refusal(number: int, *, person: int | None = None, text: str = LIMIT[1]) -> Refusal:
    who = number if person is None else person
    return Refusal(number, f"patient:{who}", f"hash {who}", alike("554", text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5.7.0 limit of a@example.org reached", "5.7.0 limit of b.c@example.com reached"),
        ("limit reached, try at 10:45:12", "limit reached, try at 9:05:59"),
        ("limit reached on Mon, 23 Nov 2026", "limit reached on Tue, 1 Dec 2026"),
        ("limit (100/100) id=1rX001-0004Ab-Cd", "limit (101/100) id=1rY777-0004Ab-Xy"),
        ("limit reached mx1.example.org", "limit reached mx-out.example.net"),
        ("limit reached QxvBhTyRfg - gsmtp", "limit reached KlmNopQrs - gsmtp"),
        ("Limit  Reached!", "limit reached"),
        ("job 4711 refused: tariff", "job 815 refused: tariff"),
        ("word " * 60 + "a1", "word " * 60 + "bbbb22"),
    ],
)
def test_what_differs_by_message_does_not_count(one: str, other: str) -> None:
    assert alike("554", one) == alike("554", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("554", "limit"), ("550", "limit")),
        (("554", "5.7.0 refused"), ("554", "5.7.1 refused")),
        (("554", "refused as spam"), ("554", "refused for its size")),
    ],
)
def test_other_codes_and_words_are_another_cause(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert alike(*one) != alike(*other)


def test_the_recipients_own_name_does_not_count() -> None:
    one = alike("550", "mail for erika refused", "erika@example.org")
    assert one == alike("550", "mail for hannes refused", "hannes@example.org")


def test_so_many_different_people_open_it() -> None:
    breaker = Breaker()
    for number in range(IN_A_ROW - 1):
        breaker.refused(refusal(number))
    assert not breaker.is_open()
    assert breaker.is_open(ends=True)
    breaker.refused(refusal(99, person=0))
    assert not breaker.is_open()
    breaker.refused(refusal(100))
    assert breaker.is_open()


def test_one_address_of_many_people_counts_once() -> None:
    breaker = Breaker()
    for number in range(9):
        breaker.refused(Refusal(number, f"patient:{number}", "one address", alike("550", "no")))
    assert breaker.people == 1


def test_an_acceptance_or_another_cause_begins_anew() -> None:
    breaker = Breaker()
    for number in range(AT_THE_END):
        breaker.refused(refusal(number))
    breaker.accepted()
    assert breaker.people == 0
    for number in range(AT_THE_END):
        breaker.refused(refusal(number))
    breaker.refused(refusal(9, text="quite another thing"))
    assert breaker.people == 1
