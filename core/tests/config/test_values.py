from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serienpost import AccountSettings, SecretRef
from serienpost.contracts.accounts import Rate
from serienpost.contracts.durations import duration_text, parse_duration


class Account(AccountSettings):
    password: SecretRef | None = None


@pytest.mark.parametrize(
    ("text", "count", "seconds"),
    [("10/minute", 10, 60), ("250/hour", 250, 3600), ("1/second", 1, 1), ("9 / day", 9, 86400)],
)
def test_rates(text: str, count: int, seconds: int) -> None:
    rate = Account.model_validate({"channel": "x", "rate": [text]}).rate[0]
    assert rate == Rate(count, seconds)
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize("text", ["0/minute", "10", "10/week", "-1/day", "1.5/hour", "", 10, None])
def test_refuses_other_rates(text: object) -> None:
    with pytest.raises(ValidationError, match="as in 10/minute"):
        Account.model_validate({"channel": "x", "rate": [text]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6 h", timedelta(hours=6)),
        ("90 days", timedelta(days=90)),
        ("3 years", timedelta(days=1095)),
        ("1 day", timedelta(days=1)),
        ("2 weeks", timedelta(days=14)),
        ("30min", timedelta(minutes=30)),
        ("2 months", timedelta(days=60)),
        ("45 s", timedelta(seconds=45)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["0 days", "h", "6", 6, "six h", "-1 h", "1 jahr", "200 years", ""]
)
def test_refuses_other_durations(text: object) -> None:
    with pytest.raises(ValueError, match=r"as in 6 h|hundred years"):
        parse_duration(text)


@given(st.integers(1, 10_000_000))
def test_durations_come_back(seconds: int) -> None:
    value = timedelta(seconds=seconds)
    text = duration_text(value)
    if len(text.split()[0]) <= 6:
        assert parse_duration(text) == value


def test_a_secret_is_a_reference() -> None:
    account = Account.model_validate({"channel": "x", "password": "secret:MAIL_PASSWORD"})
    assert isinstance(account.password, SecretRef)
    assert account.password.name == "MAIL_PASSWORD"
    assert "secret:MAIL_PASSWORD" in repr(account)
    assert account.model_dump(mode="json")["password"] == "secret:MAIL_PASSWORD"


@pytest.mark.parametrize("value", ["hunter2", "secret:", "secret:a b", "secret:1X", 5, ["x"]])
def test_a_literal_secret_is_refused_and_not_repeated(value: object) -> None:
    with pytest.raises(ValidationError, match="write secret:NAME") as caught:
        Account.model_validate({"channel": "x", "password": value})
    assert "hunter2" not in str(caught.value)
