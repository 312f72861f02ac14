"""Replies as real servers give them, labelled by hand."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from serienpost import AccountProblem, Deferred, Outcome, QuotaReached, Rejected, Unknown
from serienpost_channel_smtp.reply_rules import Stage, classify

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=ZoneInfo("Europe/Berlin"))


def _labelled() -> list[tuple[Stage, int, str, str]]:
    lines = Path(__file__).with_name("replies.txt").read_text("utf-8").splitlines()
    rows = [line.split(maxsplit=3) for line in lines if not line.startswith("#")]
    return [(row[0], int(row[1]), row[3].replace("\\n", "\n"), row[2]) for row in rows]  # type: ignore[misc]


REPLIES = _labelled()


def label(outcome: Outcome) -> str:
    if isinstance(outcome, Deferred):
        waiting = "grey" if outcome.retry_after == 300 else "later"
        return "busy" if outcome.connection else waiting
    if isinstance(outcome, Rejected):
        return outcome.scope
    return {QuotaReached: "quota", AccountProblem: "account"}[type(outcome)]


@pytest.mark.parametrize(("stage", "code", "text", "meaning"), REPLIES)
def test_labelled_reply(stage: Stage, code: int, text: str, meaning: str) -> None:
    assert label(classify(stage, code, text, now=NOW)) == meaning


def test_there_are_enough_labels() -> None:
    assert len(REPLIES) >= 200
    assert len(set(REPLIES)) == len(REPLIES)


@pytest.mark.parametrize("stage", get_args(Stage))
def test_every_code_has_a_meaning(stage: Stage) -> None:
    for code in range(400, 600):
        for text in ("", "x", f"{code // 100}.9.999 ?"):
            outcome = classify(stage, code, text, now=NOW)
            if code < 500 or (code == 552 and stage == "rcpt" and "9" not in text):
                assert isinstance(outcome, Deferred)
            else:
                assert isinstance(outcome, Rejected | AccountProblem)


@pytest.mark.parametrize("code", [-1, 0, 12, 199, 354, 600, 999])
def test_no_reply_at_all_after_the_message_is_doubt(code: int) -> None:
    assert classify("dot", code, "?", now=NOW) == Unknown("reply", "?")


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data"])
def test_no_reply_before_the_message_is_definite(stage: Stage) -> None:
    outcome = classify(stage, -1, "patient erika", now=NOW)
    wait = None if stage == "connect" else 60.0
    assert outcome == Deferred("reply", "the server's reply is not SMTP", wait, connection=True)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("Daily user sending limit exceeded", "2026-11-23T23:00:00+00:00"),
        ("Tageslimit erreicht", "2026-11-23T23:00:00+00:00"),
        ("limit of 500 messages per hour reached", "2026-11-23T16:30:00+00:00"),
        ("Zu viele Mails pro Stunde", "2026-11-23T16:30:00+00:00"),
        ("too many messages per minute", "2026-11-23T15:31:00+00:00"),
        ("sending limit exceeded, try again in 20 minutes", "2026-11-23T15:50:00+00:00"),
        ("Send quota exceeded", None),
    ],
)
def test_quota_says_until_when(text: str, until: str | None) -> None:
    outcome = classify("rcpt", 550, text, now=NOW)
    assert isinstance(outcome, QuotaReached)
    assert (outcome.until and outcome.until.isoformat()) == until
    assert outcome.until is None or outcome.until.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4.7.1 Greylisted", 300),
        ("greylisted for 120 seconds", 120),
        ("greylisted, please try again in 10 minutes", 600),
        ("Greylisting: bitte in 15 Minuten erneut versuchen", 900),
        ("greylisted, retry after 99999 hours", 86400),
    ],
)
def test_greylisting_waits(text: str, seconds: float) -> None:
    outcome = classify("rcpt", 450, text, now=NOW)
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == seconds


def test_latin_1_reply_is_understood() -> None:
    text = "Das Postfach des Empf\udce4ngers ist \udcfcberf\udcfcllt"
    outcome = classify("rcpt", 550, text, now=NOW)
    assert outcome == Rejected("550", "Das Postfach des Empfängers ist überfüllt", "recipient")


def test_texts_hold_no_personal_data() -> None:
    text = "5.1.1 <erika.canary@example.org> ERIKA.CANARY +49 351 1234567 canary@x.de unknown"
    shown = classify("rcpt", 550, text, now=NOW, address="erika.canary@example.org").text
    assert shown == "5.1.1 … … … … unknown"
    assert len(classify("rcpt", 550, "word " * 99, now=NOW).text) == 200


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", ["x" * 30_000, "<" * 30_000, "1(" * 15_000, "mail " * 6_000])
def test_a_huge_reply_costs_no_time(text: str) -> None:
    outcome = classify("rcpt", 550, text, now=NOW, address="e@example.net")
    assert isinstance(outcome, Rejected)
    assert len(outcome.text) <= 200
