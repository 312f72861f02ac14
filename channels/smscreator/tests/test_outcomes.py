"""Every status, every answer of the web server and every failure of the wire has its outcome."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import httpx  # noqa: TID253
import pytest

from serienpost import Accepted, Content, Deferred, Message, Rejected, SerienpostError, Unknown
from serienpost_channel_smscreator.gateway import LARGEST_ANSWER, Gateway, UnreadableError, parse
from serienpost_testkit.contexts import MakeContext
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serienpost import Outcome
    from serienpost_channel_smscreator.channel import SmsCreatorChannel
    from serienpost_demo.smscreator import FakeSmsCreator

Send = Any
NUMBER = "+4915228817386"
TEXT = "Kanarienvogel, Ihr Termin"


@pytest.fixture
def send(
    channel: SmsCreatorChannel, account: Callable[..., Any], tmp_path: Path
) -> Iterator[Callable[..., Outcome]]:
    with MakeContext(tmp_path) as make:
        context = make()

        def one(text: str = TEXT, **changes: object) -> Outcome:
            settings = account(**changes)
            content = Content("sms", settings.sender, NUMBER, "", text)

            async def run() -> Outcome:
                async with channel.open(context, settings) as sender:
                    message = Message("0123456789AB", "r", 1, content)
                    (outcome,) = await sender.send([message], 0, yes)
                    return outcome

            return asyncio.run(run())

        yield one


def name(outcome: Outcome) -> str:
    code = getattr(outcome, "code", getattr(outcome, "stage", ""))
    return f"{type(outcome).__name__} {code}".strip()


CALL_LEVEL = {
    "Ok": "Accepted",
    "InvalidUser": "AccountProblem InvalidUser",
    "AccountLocked": "AccountProblem AccountLocked",
    "IPLock": "AccountProblem IPLock",
    "DatabaseError": "Deferred DatabaseError",
    "None": "Rejected None",
    "Unerhoert": "Rejected Unerhoert",
    "": "Rejected empty",
}
ORDER_LEVEL = {
    "Ok": "Accepted",
    "NoRecipientFound": "Rejected NoRecipientFound",
    "NoTextFound": "Rejected NoTextFound",
    "NoDataFound": "Rejected NoDataFound",
    "NoUrlFound": "Rejected NoUrlFound",
    "SMSTypeError": "Rejected SMSTypeError",
    "None": "Rejected None",
    "TooFewCredits": "Rejected TooFewCredits",
}


@pytest.mark.parametrize("status", CALL_LEVEL)
def test_a_status_of_the_call(fake: FakeSmsCreator, send: Send, status: str) -> None:
    fake.failures.status(status)
    assert name(send()) == CALL_LEVEL[status]
    assert len(fake.gateway.jobs) == (status == "Ok")


@pytest.mark.parametrize("status", ORDER_LEVEL)
def test_a_status_of_the_order(fake: FakeSmsCreator, send: Send, status: str) -> None:
    if status != "Ok":
        fake.failures.order_status(status)
    outcome = send()
    assert name(outcome) == ORDER_LEVEL[status]
    if isinstance(outcome, Rejected):
        assert outcome.scope == ("address" if status == "NoRecipientFound" else "message")


def test_an_account_that_is_refused(fake: FakeSmsCreator, send: Send) -> None:
    (customer,) = fake.gateway.accounts.values()
    customer.addresses = frozenset({"10.0.0.1"})
    assert name(send()) == "AccountProblem IPLock"
    customer.locked = True
    assert name(send()) == "AccountProblem AccountLocked"
    customer.password = "anders"
    assert name(send()) == "AccountProblem InvalidUser"
    fake.gateway.accounts.clear()
    assert name(send()) == "AccountProblem InvalidUser"


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (500, "", "Deferred http_500"),
        (500, "Server Error in '/' Application.", "Deferred http_500"),
        (503, "busy", "Deferred http_503"),
        (429, "slower", "Deferred http_429"),
        (408, "", "Deferred http_408"),
        (502, "Bad Gateway", "Unknown reply"),
        (504, "Gateway Timeout", "Unknown reply"),
        (500, "Missing parameter: SmsTyp.", "AccountProblem interface"),
        (500, "Cannot convert Hoch to SmsTyp.\r\nParameter name: x", "AccountProblem interface"),
        (
            500,
            "Request format is unrecognized for URL unexpectedly ending in '/SendSimpleSMS'.",
            "AccountProblem interface",
        ),
        (413, "", "Rejected http_413"),
        (400, "Bad Request", "AccountProblem http_400"),
        (401, "", "AccountProblem http_401"),
        (403, "Forbidden", "AccountProblem http_403"),
        (404, "Not Found", "AccountProblem http_404"),
        (301, "", "AccountProblem http_301"),
        (302, "", "AccountProblem http_302"),
        (204, "", "AccountProblem http_204"),
    ],
)
def test_an_answer_of_the_web_server(
    fake: FakeSmsCreator, send: Send, status: int, text: str, expected: str
) -> None:
    fake.failures.http(status, text, headers={"Location": fake.base_url + "/elsewhere"})
    assert name(send()) == expected
    assert fake.gateway.jobs == []
    assert len(fake.requests) == 1


def test_how_long_to_wait_is_heeded(fake: FakeSmsCreator, send: Send) -> None:
    fake.failures.http(503, headers={"Retry-After": "17"}, times=1)
    assert send().retry_after == 17
    fake.failures.http(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert send().retry_after is None


GARBLED = {
    "nothing": "",
    "a page": "<html><body>Wartung</body>",
    "half an answer": '<?xml version="1.0"?><R><StatusCode>Ok</Sta',
    "no status": "<R><Value><Status>Ok</Status></Value></R>",
    "no order": "<R><StatusCode>Ok</StatusCode></R>",
    "no status of the order": "<R><StatusCode>Ok</StatusCode><Value><Id>1</Id></Value></R>",
    "an entity": (
        '<!DOCTYPE r [<!ENTITY a "Ok">]><R><StatusCode>&a;</StatusCode>'
        "<Value><Status>Ok</Status></Value></R>"
    ),
    "an outer entity": (
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><R><StatusCode>&a;</StatusCode></R>'
    ),
    "laughs": (
        '<!DOCTYPE r [<!ENTITY a "ha">'
        + "".join(f'<!ENTITY a{n} "{"&a;" * 9}">' for n in range(9))
        + "]><R><StatusCode>&a8;</StatusCode></R>"
    ),
    "too much": f"<R>{' ' * LARGEST_ANSWER}<StatusCode>Ok</StatusCode></R>",
    "an unknown encoding": '<?xml version="1.0" encoding="klingon"?><R/>',
}


@pytest.mark.parametrize("what", GARBLED)
def test_an_answer_that_cannot_be_read_decides_nothing(
    fake: FakeSmsCreator, send: Send, what: str
) -> None:
    fake.failures.garble(GARBLED[what])
    assert name(send()) == "Unknown reply"
    assert len(fake.gateway.jobs) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "<A><StatusCode>Ok</StatusCode><Value><Status>Ok</Status></Value></A>",
        (
            '<b:X xmlns:b="urn:b"><b:StatusCode>Ok</b:StatusCode><b:Value>'
            "<b:Status>Ok</b:Status></b:Value></b:X>"
        ),
        "<S><R><StatusCode> Ok </StatusCode><Value><Id>1</Id><Status> Ok </Status></Value></R></S>",
    ],
)
def test_the_root_and_the_namespace_do_not_matter(
    fake: FakeSmsCreator, send: Send, answer: str
) -> None:
    fake.failures.garble(answer)
    assert isinstance(send(), Accepted)


@pytest.mark.parametrize("root", ["SMSResult", "string", "GatewayResultOfSendResult"])
def test_any_root_of_the_service(fake: FakeSmsCreator, send: Send, root: str) -> None:
    fake.root = root
    assert send() == Accepted("0123456789AB")


def test_nobody_there(fake: FakeSmsCreator, send: Send) -> None:
    fake.web.close()
    outcome = send()
    assert isinstance(outcome, Deferred)
    assert outcome.connection


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_connection_is_in_doubt(fake: FakeSmsCreator, send: Send, when: str) -> None:
    fake.failures.drop(when=when)  # type: ignore[arg-type]
    assert name(send()) == "Unknown reply"
    assert len(fake.gateway.jobs) == (when == "after")


def test_a_missing_answer_is_in_doubt(fake: FakeSmsCreator, send: Send) -> None:
    fake.failures.hang()
    assert send() == Unknown("reply", "no answer in time")
    assert len(fake.gateway.jobs) == 1


class Failing(httpx.AsyncBaseTransport):
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self.error


def _untrusted() -> httpx.ConnectError:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "self-signed certificate"
    error = httpx.ConnectError("[SSL] 0049")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("x"), "Deferred connection"),
        (httpx.ConnectTimeout("x"), "Deferred connection"),
        (httpx.PoolTimeout("x"), "Deferred connection"),
        (httpx.ProxyError("x"), "Deferred connection"),
        (_untrusted(), "AccountProblem certificate"),
        (httpx.WriteError("x"), "Unknown request"),
        (httpx.WriteTimeout("x"), "Unknown request"),
        (httpx.ReadTimeout("x"), "Unknown reply"),
        (httpx.ReadError("x"), "Unknown reply"),
        (httpx.RemoteProtocolError("x"), "Unknown reply"),
        (httpx.CloseError("x"), "Unknown reply"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_a_failure_of_the_wire(
    send: Send, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str
) -> None:
    create = Gateway.__init__

    def failing(self: Any, *args: Any) -> None:  # noqa: ANN401
        create(self, *args)
        self._client._transport = Failing(error)
        self._client._mounts = {}

    monkeypatch.setattr(Gateway, "__init__", failing)
    assert name(send()) == expected


@pytest.mark.parametrize(
    ("changes", "text", "code"),
    [
        ({"sms_type": "HighQuality"}, "a" * 161, "too_long"),
        ({"max_segments": 2}, "a" * 307, "too_long"),
        ({"unicode": "refuse"}, "„", "unicode"),
    ],
)
def test_what_must_not_be_sent_is_not_sent(
    fake: FakeSmsCreator, send: Send, changes: dict[str, object], text: str, code: str
) -> None:
    assert name(send(text, **changes)) == f"Rejected {code}"
    assert fake.requests == []


@pytest.mark.parametrize(
    "status", [f"Empf {NUMBER}: {TEXT}", "0049 1522 8817386 praxis@example.org"]
)
def test_what_is_kept_of_an_answer_names_nobody(
    fake: FakeSmsCreator, send: Send, status: str
) -> None:
    fake.failures.order_status(status)
    said = str(send())
    assert [word for word in ("8817386", "Kanarien", "@example") if word in said] == []


def test_a_missing_secret_is_said_before_anything_is_sent(
    fake: FakeSmsCreator, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMS_PASSWORD")
    with pytest.raises(SerienpostError, match="SMS_PASSWORD"):
        send()
    assert fake.requests == []


def test_values_are_found_wherever_they_stand() -> None:
    answer = parse(b"<R><StatusCode>Ok</StatusCode><Value>12.5</Value></R>")
    assert answer.number == 12.5
    with pytest.raises(UnreadableError):
        _ = parse(b"<R><StatusCode>Ok</StatusCode><Value>viel</Value></R>").number
