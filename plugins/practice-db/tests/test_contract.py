"""The contract of the check `status`, and its rules."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

import pytest

from serienpost import Abstain, AddressOwner, ConsentQuestion, Deny
from serienpost_practice_db.status import StatusCheck
from serienpost_testkit.suites import AddressOwnersSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import ConsentCheck, Context


def question(person: str, consenting: str | None = None) -> ConsentQuestion:
    address = "lena.kanarie@example.org"
    return ConsentQuestion(person, consenting or person, "email", "appointment", address)


class TestStatus(AddressOwnersSuite):
    owned: ClassVar = {
        "ada@example.org": [AddressOwner("patient:1", "patient:1")],
        "kim@example.org": [
            AddressOwner("patient:2", "patient:2"), AddressOwner("interessent:1", "interessent:1")
        ],
    }  # fmt: skip
    comes_of_age = "ben@example.org", AddressOwner("patient:5", "patient:2"), date(2030, 3, 2)
    questions = (
        question("patient:1"),
        question("patient:2"),
        question("patient:3"),
        question("patient:4", "patient:2"),
        question("interessent:1"),
    )

    @pytest.fixture
    def consent_check(self) -> ConsentCheck:
        return StatusCheck()

    @pytest.fixture
    def context(self, context: Context, add: Callable[..., None]) -> Context:
        add("patient", id=1, email="Ada@Example.org")
        add("patient", id=2, verstorben=1, email="kim@example.org")
        add("patient", id=3, gesperrt=1)
        add("patient", id=4)
        add("patient", id=5, email="ben@example.org", geburtsdatum="2012-03-02", vertreter_id=2)
        add("interessent", id=1, gesperrt=1, email=" kim@example.org")
        return context


@pytest.mark.parametrize(
    ("verstorben", "gesperrt", "code"),
    [
        (None, None, None),
        (0, 0, None),
        ("", "nein", None),
        ("0", "Nein", None),
        (1, 0, "deceased"),
        ("2024-05-01", None, "deceased"),
        (0, "ja", "blocked"),
        (None, 1, "blocked"),
        (1, 1, "deceased"),
        (None, "x", "blocked"),
    ],
)
def test_entries(
    add: Callable[..., None], context: Context, verstorben: object, gesperrt: object, code: str
) -> None:
    add("patient", id=1, verstorben=verstorben, gesperrt=gesperrt)
    add("patient", id=2)
    own, of_child, unknown = StatusCheck().check(
        context, [question("patient:1"), question("patient:2", "patient:1"), question("patient:9")]
    )
    assert unknown == Abstain()
    if code is None:
        assert own == of_child == Abstain()
        return
    assert isinstance(own, Deny)
    assert isinstance(of_child, Deny)
    assert (own.code, own.overridable) == (code, False)
    assert (of_child.code, of_child.overridable) == (f"representative_{code}", False)
