"""What the null channels are for: an oracle that outlives a kill, and outcomes on demand."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from serienpost import (
    Accepted,
    AccountProblem,
    ConfigError,
    Content,
    Deferred,
    Message,
    QuotaReached,
    Rejected,
    Unknown,
)
from serienpost_testkit.null.accounts import NullAccount
from serienpost_testkit.null.channels import null_email, null_letter, null_sms
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context, Outcome

KILLED = """
import asyncio, sys
from pathlib import Path
from serienpost_testkit.contexts import MakeContext
from serienpost_testkit.null.accounts import NullAccount
from serienpost_testkit.null.channels import null_sms
from serienpost import Content, Message
from serienpost_testkit.suites.wire import yes

async def main(context):
    account = NullAccount(
        channel="null-sms", oracle="oracle.tsv", die_at=["before_wire:2", "after_wire:3"]
    )
    content = Content("sms", "", "+4915228817386", "", "Text")
    async with null_sms().open(context, account) as sender:
        for number in range(int(sys.argv[2]), 5):
            await sender.send([Message(f"REF{number:09}", "run", number, content)], 0, yes)

with MakeContext(Path(sys.argv[1])) as make:
    asyncio.run(main(make()))
"""


def _message(number: int) -> Message:
    content = Content("sms", "", f"+491522{number:07}", "", "Text")
    return Message(f"REF{number:09}", "run", number, content)


def _send(context: Context, account: NullAccount, *numbers: int) -> list[Outcome]:
    async def send() -> list[Outcome]:
        async with null_sms().open(context, account) as sender:
            calls = sender.calls([_message(number) for number in numbers])
            return [outcome for call in calls for outcome in await sender.send(call, 0, yes)]

    return asyncio.run(send())


def _account(**keys: object) -> NullAccount:
    return NullAccount.model_validate({"channel": "null-sms", "oracle": "oracle.tsv", **keys})


def _oracle(context: Context) -> list[int]:
    lines = context.path("oracle.tsv").read_text().splitlines()
    return [int(line.split("\t")[1]) for line in lines]


def test_each_acceptance_is_one_line_in_the_oracle(context: Context) -> None:
    outcomes = _send(context, _account(batch=2), 1, 2, 3)
    assert outcomes == [Accepted(f"null-REF{number:09}") for number in (1, 2, 3)]
    ref, position, hashed, stamp = context.path("oracle.tsv").read_text().splitlines()[0].split()
    assert (ref, position, len(hashed)) == ("REF000000001", "1", 16)
    assert abs(float(stamp) - datetime.now(UTC).timestamp()) < 60
    assert "+4915220000001" not in context.path("oracle.tsv").read_text()


def test_the_first_fitting_rule_decides(context: Context) -> None:
    rules = [
        {"position": 1, "outcome": "rejected", "code": "550", "scope": "message"},
        {"position": [2, 3], "outcome": "deferred", "retry_after": 2.5, "connection": True},
        {"position": 4, "outcome": "unknown"},
        {"position": 5, "outcome": "unknown", "wire": True},
        {"position": 6, "outcome": "account_problem"},
        {"position": 7, "outcome": "quota", "until": 60.0},
        {"position": 8, "outcome": "quota"},
        {"position": 1, "outcome": "accepted"},
    ]
    outcomes = _send(context, _account(outcomes=rules), *range(1, 10))
    assert [type(outcome) for outcome in outcomes] == [
        Rejected,
        Deferred,
        Deferred,
        Unknown,
        Unknown,
        AccountProblem,
        QuotaReached,
        QuotaReached,
        Accepted,
    ]
    rejected, deferred, *_, quota, endless, _ = outcomes
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.scope) == ("550", "message")
    assert isinstance(deferred, Deferred)
    assert (deferred.retry_after, deferred.connection) == (2.5, True)
    assert isinstance(quota, QuotaReached)
    assert isinstance(endless, QuotaReached)
    assert quota.until is not None
    assert abs(quota.until - datetime.now(UTC) - timedelta(seconds=60)) < timedelta(seconds=30)
    assert endless.until is None
    assert _oracle(context) == [5, 9]


def test_rules_may_stand_in_a_file_and_count_attempts_over_openings(context: Context) -> None:
    context.path("rules.json").write_text(json.dumps([{"attempt": 1, "outcome": "deferred"}]))
    account = _account(outcomes="rules.json")
    assert [type(outcome) for outcome in _send(context, account, 1, 2)] == [Deferred, Deferred]
    assert [type(outcome) for outcome in _send(context, account, 1)] == [Accepted]
    assert _oracle(context) == [1]


@pytest.mark.parametrize("rules", ["[{}]", "{", '[{"outcome": "lost"}]'])
def test_a_wrong_file_of_rules_is_named(context: Context, rules: str) -> None:
    context.path("rules.json").write_text(rules)
    with pytest.raises(ConfigError, match=r"rules\.json"):
        _send(context, _account(outcomes="rules.json"), 1)


@pytest.mark.parametrize(
    "keys", [{"die_at": ["after_wire:1"]}, {"outcomes": [{"attempt": 1, "outcome": "unknown"}]}]
)
def test_what_is_counted_needs_an_oracle(context: Context, keys: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="oracle"):
        _send(context, _account(oracle=None, **keys), 1)


@pytest.mark.parametrize("point", ["after_wire", "after_wire:0", "in_data:1"])
def test_a_misspelt_point_of_death_is_refused(point: str) -> None:
    with pytest.raises(ValidationError, match="before_wire:N"):
        _account(die_at=[point])


def test_each_point_of_death_is_passed_once_and_the_oracle_survives(
    context: Context, practice_folder: Path
) -> None:
    def start(first: int) -> int:
        command = [sys.executable, "-c", KILLED, str(practice_folder), str(first)]
        return subprocess.run(command, timeout=60, check=False).returncode

    assert start(0) == -signal.SIGKILL
    assert _oracle(context) == [0]
    assert start(1) == -signal.SIGKILL
    assert _oracle(context) == [0, 1]
    assert start(2) == 0
    assert _oracle(context) == [0, 1, 2, 3, 4]


def test_the_answer_comes_after_the_delay(context: Context) -> None:
    async def accepted_before_the_answer() -> list[int]:
        async with null_sms().open(context, _account(delay_ms=60_000.0)) as sender:
            under_way = asyncio.ensure_future(sender.send([_message(1)], 0, yes))  # type: ignore[arg-type]
            await asyncio.sleep(0)
            assert not under_way.done()
            under_way.cancel()
            await asyncio.wait([under_way])
        return _oracle(context)

    assert asyncio.run(accepted_before_the_answer()) == [1]


def test_the_three_channels_differ_as_the_kinds_do() -> None:
    email, sms, letter = null_email(), null_sms(), null_letter()
    assert [channel.kind for channel in (email, sms, letter)] == ["email", "sms", "letter"]
    assert email.account(channel="null-email").sender == "Null <null@example.org>"
    assert email.capabilities.attachments
    assert sms.capabilities.longest_text == 1530
    assert [channel.repeatable for channel in (email, sms, letter)] == [False, False, True]


def test_preview_is_the_text_with_its_head() -> None:
    content = Content("email", "Null <null@example.org>", "kim@example.org", "Grüße", "Text")
    account = null_email().account(channel="null-email")
    preview = null_email().preview(account, Message("REF000000001", "run", 1, content))
    assert preview[".txt"].decode().splitlines() == [
        "Null <null@example.org>",
        "kim@example.org",
        "Grüße",
        "",
        "Text",
    ]
