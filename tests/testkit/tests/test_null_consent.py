"""What the null consent check is for: evidence that tests change during a run, and faults."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from serienpost import Abstain, Allow, ConsentQuestion, Deny, SerienpostError
from serienpost_testkit.null.consent import NullConsent
from serienpost_testkit.null.settings import NullSettings

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost_testkit.contexts import MakeContext

EMAIL = ConsentQuestion("patient:1", "patient:1", "email", "event", "null-1@example.org")
SMS = ConsentQuestion("patient:1", "patient:1", "sms", "recall", "+4915220000001")


def test_the_last_line_that_fits_decides_at_each_call(
    make_context: MakeContext, practice_folder: Path
) -> None:
    context = make_context(claimed={"null": NullSettings(consent="c.jsonl", default="abstain")})
    evidence = practice_folder / "c.jsonl"
    evidence.touch()

    def after(**line: str) -> list[type]:
        with evidence.open("a") as lines:
            lines.write(json.dumps({"id": "patient:1", **line}) + "\n")
        return [type(verdict) for verdict in NullConsent().check(context, [EMAIL, SMS])]

    assert after(kind="email", verdict="allow") == [Allow, Abstain]
    assert after(purpose="recall", verdict="allow") == [Allow, Allow]
    assert after(verdict="deny") == [Deny, Deny]
    assert after(kind="sms", purpose="recall", verdict="allow") == [Deny, Allow]


def test_a_withdrawal_in_sqlite_counts_at_once(
    make_context: MakeContext, practice_folder: Path
) -> None:
    context = make_context(claimed={"null": NullSettings(consent="c.sqlite", default="deny")})
    with closing(sqlite3.connect(practice_folder / "c.sqlite")) as database:
        database.execute("CREATE TABLE consent (id, kind, purpose, verdict)")
        database.execute("INSERT INTO consent VALUES ('patient:1', 'email', NULL, 'allow')")
        database.commit()
        allowed, unknown = NullConsent().check(context, [EMAIL, SMS])
        assert allowed == Allow("patient:1 null-consent line 1")
        assert isinstance(unknown, Deny)
        assert (unknown.code, unknown.overridable) == ("no_consent", True)
        database.execute("INSERT INTO consent VALUES ('patient:1', NULL, NULL, 'deny')")
        database.commit()
        withdrawn, _ = NullConsent().check(context, [EMAIL, SMS])
    assert isinstance(withdrawn, Deny)
    assert (withdrawn.code, withdrawn.overridable) == ("withdrawn", False)


@pytest.mark.parametrize(("default", "verdict"), [("allow", Allow), ("abstain", Abstain)])
def test_without_evidence_the_default_decides(
    make_context: MakeContext, default: str, verdict: type
) -> None:
    settings = NullSettings.model_validate({"default": default})
    (answer,) = NullConsent().check(make_context(claimed={"null": settings}), [EMAIL])
    assert type(answer) is verdict


def test_without_settings_everybody_is_allowed(make_context: MakeContext) -> None:
    (answer,) = NullConsent().check(make_context(), [EMAIL])
    assert type(answer) is Allow


def test_it_fails_in_three_ways_when_told_to(make_context: MakeContext) -> None:
    def told(default: str) -> list[object]:
        settings = NullSettings.model_validate({"default": default, "slow_seconds": 0.05})
        return list(NullConsent().check(make_context(claimed={"null": settings}), [EMAIL]))

    with pytest.raises(RuntimeError, match="told to raise"):
        told("raise")
    assert told("wrong") == ["allow"]
    started = time.monotonic()
    assert [type(verdict) for verdict in told("slow")] == [Allow]
    assert time.monotonic() - started >= 0.05


def test_a_wrong_verdict_is_named_by_file_and_line(
    make_context: MakeContext, practice_folder: Path
) -> None:
    (practice_folder / "c.jsonl").write_text('\n{"id": "patient:1", "verdict": "yes"}\n')
    context = make_context(claimed={"null": NullSettings(consent="c.jsonl")})
    with pytest.raises(SerienpostError, match=r"c\.jsonl:2: a verdict is"):
        NullConsent().check(context, [EMAIL])
