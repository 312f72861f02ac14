"""What the provider gets: names and fields exactly, texts as written, nothing in a URL or a log."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from serienpost import Accepted, Content, Cost, Draft, Message, Refused, SerienpostError, Unknown
from serienpost_channel_smscreator.channel import SmsCreatorChannel
from serienpost_channel_smscreator.composition import order, recipient
from serienpost_channel_smscreator.outcomes import without
from serienpost_demo.smscreator.server import OPERATIONS
from serienpost_testkit.contexts import MakeContext
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from serienpost import Context, Event, Outcome
    from serienpost_demo.smscreator import FakeSmsCreator, Job
    from serienpost_demo.webserver import Answer, Request

Make = Any
Settings = Any
NUMBER = "+4915228817386"
REF = "0123456789AB"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with MakeContext(tmp_path) as make:
        yield make()


def message(
    text: str, number: str = NUMBER, ref: str = REF, send_at: datetime | None = None
) -> Message:
    return Message(ref, "r", 1, Content("sms", "03511234567", number, "", text), send_at)


def send(context: Context, account: Settings, *messages: Message) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with SmsCreatorChannel().open(context, account) as sender:
            return [(await sender.send([each], 0, yes))[0] for each in messages]

    return asyncio.run(run())


def form(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.body.decode(), keep_blank_values=True)


TEXTS = [
    "Grüße: ÄÖÜ äöü ß § € {[~]}",
    "Müller & Söhne <b>fett</b> > < \"'",
    "a=b&c=d%20+e?f#g;h",
    "Emoji 😀 und 👨‍👩‍👧",
    "„Anführung“ – …",
    "Zeile 1\nZeile 2",
    "x" * 306,
    "ü" * 306,
    "€" * 153,
    "]]> <!-- & &amp; &#65;",
    "+49 100 % sicher",
    " vorn und hinten ",
]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_text_arrives_as_written(
    context: Context, fake: FakeSmsCreator, account: Make, text: str
) -> None:
    assert send(context, account(), message(text)) == [Accepted(REF)]
    assert [job.text for job in fake.gateway.jobs] == [text]


def test_names_and_fields(
    context: Context, fake: FakeSmsCreator, account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Request] = []
    answer = fake._answer

    def listen(request: Request) -> Answer:
        seen.append(request)
        return answer(request)

    monkeypatch.setattr(fake.web, "_answer", listen)
    fake.web.close()
    fake.web.listen_again()
    at = datetime(2027, 1, 7, 8, 30, tzinfo=UTC)
    send(context, account(), message("Hallo"), message("Hallo", send_at=at))
    (now, later) = seen
    assert (now.method, now.path, now.query) == ("POST", "/gateway/Send.asmx/SendSimpleSMS", {})
    assert now.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(now) == [
        ("User", "praxis-sonnenschein"),
        ("Password", "kanarien-kennwort-123"),
        ("Caption", REF),
        ("Sender", "03511234567"),
        ("Recipient", "004915228817386"),
        ("SMSText", "Hallo"),
        ("SmsTyp", "HighQualityLong"),
        ("SendDate", ""),
    ]
    assert dict(form(later))["SendDate"] == "2027-01-07T09:30:00"
    assert [name for name, _ in form(now)] == list(OPERATIONS["send"]["SendSimpleSMS"])


def test_nothing_personal_in_url_or_log(
    context: Context, fake: FakeSmsCreator, account: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = account(caption_lookup=True)
    channel = SmsCreatorChannel()
    sent = message("Kanarienvogel")
    fake.failures.http(500, f"{NUMBER} Kanarienvogel", times=1)
    fake.failures.drop(when="before", times=1)
    send(context, settings, sent, sent, sent)
    asyncio.run(channel.lookup(context, settings, [sent]))
    asyncio.run(channel.balance(context, settings))
    _events(context, settings)
    assert len(fake.requests) == 6
    assert [one for one in fake.requests if one[0] != "POST" or one[2]] == []
    secret = ("Kanarien", "8817386", "praxis-sonnenschein", "kanarien-kennwort", REF)
    assert caplog.records
    logged = "\n".join(record.getMessage() for record in caplog.records)
    told = logged + "".join(path for _, path, _ in fake.requests)
    assert [word for word in secret if word in told] == []


@pytest.mark.parametrize(
    ("written", "number", "expected"),
    [
        ("0049", "+4915228817386", "004915228817386"),
        ("0", "+4915228817386", "015228817386"),
        ("+49", "+4915228817386", "+4915228817386"),
        ("0049", "+436641234567", "00436641234567"),
        ("0", "+436641234567", "00436641234567"),
        ("+49", "+436641234567", "+436641234567"),
    ],
)
def test_how_a_number_is_written(
    context: Context, fake: FakeSmsCreator, account: Make, written: str, number: str, expected: str
) -> None:
    settings = account(recipient_format=written)
    assert recipient(settings, number) == expected
    send(context, settings, message("Hallo", number))
    assert [(job.recipient, job.number) for job in fake.gateway.jobs] == [(expected, number)]


@pytest.mark.parametrize(
    ("zone", "at", "written"),
    [
        ("Europe/Berlin", "2027-01-07T08:30:00+00:00", "2027-01-07T09:30:00"),
        ("Europe/Berlin", "2027-07-07T08:30:00+00:00", "2027-07-07T10:30:00"),
        ("UTC", "2027-07-07T08:30:00+00:00", "2027-07-07T08:30:00"),
    ],
)
def test_how_a_time_is_written(account: Make, zone: str, at: str, written: str) -> None:
    fields = order(account(time_zone=zone), message("x", send_at=datetime.fromisoformat(at)))
    assert fields["SendDate"] == written


def test_a_scheduled_order_is_charged_when_it_is_sent(
    context: Context, fake: FakeSmsCreator, account: Make
) -> None:
    channel, settings = SmsCreatorChannel(), account()
    at = datetime.now(UTC) + timedelta(hours=2)
    send(context, settings, message("x" * 161, send_at=at))
    assert [job.caption for job in fake.gateway.queued()] == [REF]
    assert asyncio.run(channel.balance(context, settings)) == 1000
    fake.gateway.forward(timedelta(hours=3))
    assert asyncio.run(channel.balance(context, settings)) == 998
    assert fake.gateway.queued() == []


# composing and cost


def compose(context: Context, account: Settings, text: str) -> Content | Refused:
    return SmsCreatorChannel().compose(
        context, account, Draft("sms", "de", NUMBER, "", text, None, {})
    )


@pytest.mark.parametrize("sms_type", ["HighQuality", "Standard", "Flash"])
def test_a_type_of_one_sms_refuses_two(context: Context, account: Make, sms_type: str) -> None:
    settings = account(sms_type=sms_type, sender="03511234567" if sms_type == "HighQuality" else "")
    assert isinstance(compose(context, settings, "a" * 160), Content)
    refused = compose(context, settings, "a" * 161)
    assert isinstance(refused, Refused)
    assert refused.reason == f"the text takes 2 SMS (GSM-7); {sms_type} carries one SMS"


def test_the_sign_that_makes_it_longer_is_named(context: Context, account: Make) -> None:
    refused = compose(context, account(sms_type="HighQuality"), "a" * 80 + "–")
    assert isinstance(refused, Refused)
    assert 'because of "–" U+2013 EN DASH' in refused.reason


@pytest.mark.parametrize("text", ["", "  \n ", "a\x00b", "a\x1bb", "a\x0cb", "a\ud800b", "a\rb"])
def test_what_is_no_text_is_refused(context: Context, account: Make, text: str) -> None:
    assert isinstance(compose(context, account(), text), Refused)


@pytest.mark.parametrize(
    ("text", "price", "expected"),
    [
        ("a" * 160, 1, Cost("credits", 1, {"segments": 1, "encoding": "GSM-7"})),
        ("a" * 161, 1.3, Cost("credits", 2.6, {"segments": 2, "encoding": "GSM-7"})),
        ("ž", 1, Cost("credits", 1, {"segments": 1, "encoding": "UCS-2", "because": "ž"})),
        (
            "😀" * 36,
            0.1,
            Cost("credits", 0.2, {"segments": 2, "encoding": "UCS-2", "because": "😀"}),
        ),
    ],
)
def test_cost(account: Make, text: str, price: float, expected: Cost) -> None:
    settings = account(credits_per_segment=price)
    assert SmsCreatorChannel().cost(settings, message(text).content) == expected


def test_a_preview_shows_the_order_without_the_login(account: Make) -> None:
    (shown,) = SmsCreatorChannel().preview(account(), message("Grüße\nIhre Praxis")).values()
    assert shown.decode() == (
        f"Caption: {REF}\nSender: 03511234567\nRecipient: 004915228817386\n"
        "SmsTyp: HighQualityLong\nSendDate:\n\nGrüße\nIhre Praxis"
    )


# reports, lookups, balance, probe


def _events(context: Context, account: Settings, since: datetime | None = None) -> list[Event]:
    async def run() -> list[Event]:
        return [e async for e in SmsCreatorChannel().events(context, account, since)]

    return asyncio.run(run())


def test_reports(context: Context, fake: FakeSmsCreator, account: Make) -> None:
    settings = account(delivered_status=["DELIVRD"], failed_status=["UNDELIV"])
    numbers = [f"+491522881730{n}" for n in range(4)]
    fake.gateway.report_states.update(
        {"*1": "UNDELIV", "*2": "Schwebend 01522 8817302", "*3": None}
    )
    refs = [f"REF00000000{n}" for n in range(4)]
    send(context, settings, *(message("x", *each) for each in zip(numbers, refs, strict=True)))
    events = _events(context, settings)
    assert [(e.ref, e.kind, e.code, e.permanent) for e in events] == [
        (refs[0], "delivered", "DELIVRD", False),
        (refs[1], "bounced", "UNDELIV", False),
        (refs[2], "other", "Schwebend …", False),
    ]
    assert all(abs(e.at - datetime.now(UTC)) < timedelta(minutes=1) for e in events)
    assert [e.id for e in _events(context, settings)] == [e.id for e in events]
    known = {e.id for e in events}
    settled = _events(context, account(delivered_status=["Schwebend 01522 8817302"]))
    assert [e.kind for e in settled if e.id not in known] == ["other", "delivered"]


def test_reports_are_read_again_from_some_days_before(
    context: Context, fake: FakeSmsCreator, account: Make
) -> None:
    settings = account(report_days=3)
    send(context, settings, message("x"))
    now = datetime.now(UTC)
    assert len(_events(context, settings, now + timedelta(days=2))) == 1
    assert len(_events(context, settings, now + timedelta(days=30))) == 1
    send(context, settings, message("y"))
    fake.gateway.jobs[-1] = _moved(fake.gateway.jobs[-1], now - timedelta(days=10))
    assert len(_events(context, settings, now)) == 1
    assert len(_events(context, settings)) == 2


def test_more_reports_than_one_answer_holds(
    context: Context, fake: FakeSmsCreator, account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serienpost_channel_smscreator.queries.MOST_REPORTS", 2)
    settings = account()
    now = datetime.now(UTC).replace(microsecond=0)
    for hour in range(-5, 0):
        at = now + timedelta(hours=hour)
        fake.gateway.take("praxis-sonnenschein", f"REF{hour:+09}", "", "00491", "x", "Flash", None)
        fake.gateway.jobs[-1] = _moved(fake.gateway.jobs[-1], at)
    assert len({e.id for e in _events(context, settings)}) == 5


def test_more_reports_of_one_moment_than_an_answer_holds_are_an_error(
    context: Context, fake: FakeSmsCreator, account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serienpost_channel_smscreator.queries.MOST_REPORTS", 2)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    for _ in range(3):
        fake.gateway.take("praxis-sonnenschein", REF, "", "00491", "x", "Flash", None)
        fake.gateway.jobs[-1] = _moved(fake.gateway.jobs[-1], at)
    with pytest.raises(SerienpostError, match="more than 2 reports"):
        _events(context, account())


def _moved(job: Job, at: datetime) -> Job:
    return replace(job, created=at, send_at=at)


def lookup(context: Context, account: Settings, *messages: Message) -> Sequence[object]:
    return asyncio.run(SmsCreatorChannel().lookup(context, account, messages))


def test_lookup_is_off_until_it_is_known_to_work(
    context: Context, fake: FakeSmsCreator, account: Make
) -> None:
    send(context, account(), message("x"))
    asked = len(fake.requests)
    assert lookup(context, account(), message("x")) == [Unknown("lookup", "caption_lookup is off")]
    assert len(fake.requests) == asked


def test_lookup_finds_orders_and_excludes_none(
    context: Context, fake: FakeSmsCreator, account: Make
) -> None:
    settings = account(caption_lookup=True)
    fake.failures.drop(when="after")
    assert isinstance(send(context, settings, message("x"))[0], Unknown)
    found = lookup(context, settings, message("x"), message("x", ref="ANOTHERREF00"))
    assert found == [Accepted(REF), Unknown("lookup", "no order of this name")]


def test_a_shorter_name_is_kept_for_reports(
    context: Context, fake: FakeSmsCreator, account: Make
) -> None:
    settings = account(caption_length=10, caption_lookup=True)
    assert send(context, settings, message("x")) == [Accepted("0123456789")]
    assert lookup(context, settings, message("x")) == [Accepted("0123456789")]
    assert [e.provider_ref for e in _events(context, settings)] == ["0123456789"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: f.failures.status("InvalidUser"), "InvalidUser: user or password is wrong"),
        (lambda f: f.failures.http(500, NUMBER, operation="*"), "HTTP 500"),
        (lambda f: f.web.close(), "does not answer: connect"),
        (lambda f: f.failures.drop(when="before", operation="*"), "does not answer: the server"),
    ],
)
def test_a_question_without_an_answer(
    context: Context,
    fake: FakeSmsCreator,
    account: Make,
    spoil: Callable[[FakeSmsCreator], object],
    said: str,
) -> None:
    spoil(fake)
    settings = account(caption_lookup=True)
    for ask in (
        lambda: asyncio.run(SmsCreatorChannel().balance(context, settings)),
        lambda: _events(context, settings),
        lambda: lookup(context, settings, message("x")),
    ):
        with pytest.raises(SerienpostError, match=said):
            ask()
    (failed,) = asyncio.run(SmsCreatorChannel().probe(context, settings))
    assert not failed.ok
    assert failed.remedy


def test_probe_warns_of_a_low_balance_and_names_what_is_assumed(
    context: Context, fake: FakeSmsCreator, account: Make
) -> None:
    results = asyncio.run(SmsCreatorChannel().probe(context, account(balance_warning=2000)))
    assert [each.ok for each in results] == [True, False, True]
    assert "1,000 credits are left" in results[1].text
    assert "the price of one SMS" in results[2].text
    known = account(
        balance_warning=10,
        credits_per_segment=1.5,
        unicode="send",
        delivered_status=["a"],
        failed_status=["b"],
    )
    results = asyncio.run(SmsCreatorChannel().probe(context, known))
    assert [each.text for each in results] == ["login accepted"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("an 004915228817386 (um 12)", "an … (um 12)"),
        ("a  b\nc", "a b c"),
        ("Termin & mehr praxis@example.org", "… …"),
        ("<?xml version='1.0'?><R a='1'><StatusCode>Ok</StatusCode></R>", "R: StatusCode: Ok"),
        ("z" * 300, "z" * 199 + "…"),
    ],
)
def test_what_is_kept_of_words(text: str, shown: str) -> None:
    assert without(("Termin & mehr", "b"), text) == shown
