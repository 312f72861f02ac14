"""The made-up provider's web server: the HTTP-POST form binding of an ASP.NET service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from serienpost_demo.smscreator import answers
from serienpost_demo.smscreator.failures import Failures
from serienpost_demo.smscreator.gateway import CODES, TYPES, ZONE, Gateway
from serienpost_demo.webserver import HOST, Answer, WebServer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from serienpost_demo.smscreator.failures import Failure
    from serienpost_demo.webserver import Request

_LOGIN = ("User", "Password")
_ORDER = (*_LOGIN, "Caption", "Sender", "Recipient", "SMSText")
# Service -> operation -> parameters that must be there, in any order.
OPERATIONS = {
    "send": {
        "SendSimpleSMS": (*_ORDER, "SmsTyp", "SendDate"),
        "SendSMS": (*_ORDER, "SmsTyp", "SendDate"),
        "SendMobileOrFixlineSMS": (*_ORDER, "SendDate"),
    },
    "information": {
        "QueryAccountBalance": _LOGIN,
        "QueryReceivedNewDLR": _LOGIN,
        "QueryReceivedDLR": (*_LOGIN, "StartDate", "Limit"),
        "QueryJobInfoByJobCaption": (*_LOGIN, "Caption"),
    },
}

_SINGLE = ("Flash", "Standard", "StandardDeliveryNotification", "HighQuality")
_DAYS_BACK = 7


class FakeSmsCreator:
    """A running server; use it in a `with` statement.

    Args:
        gateway: the provider's state; a new one without accounts by default.
        port: 0 takes a free one.
        root: name of the answers' root element, which the real service does not document.

    Raises:
        SerienpostError: the port is taken.

    Attributes:
        failures: how to misbehave.
        web: the web server below, to make it unreachable.
        requests: method, path and query of everything that was asked.
    """

    def __init__(
        self, gateway: Gateway | None = None, port: int = 0, root: str = "GatewayResult"
    ) -> None:
        self.gateway = gateway or Gateway()
        self.failures = Failures()
        self.root = root
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.web = WebServer(self._answer, port)

    def __enter__(self) -> Self:
        self.web.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.web.__exit__(kind, error, trace)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.web.port

    @property
    def base_url(self) -> str:
        """What stands under `base_url` in an account."""
        return f"http://{HOST}:{self.web.port}/gateway"

    def _answer(self, request: Request) -> Answer:
        self.requests.append((request.method, request.path, dict(request.query)))
        service, _, operation = request.path.removeprefix("/gateway/").partition(".asmx/")
        wanted = OPERATIONS.get(service.lower(), {}).get(operation)
        if request.method != "POST" or wanted is None:
            ending = f"/{operation}" if operation else request.path
            text = f"Request format is unrecognized for URL unexpectedly ending in '{ending}'."
            return _plain(500, text)
        form = parse_qsl(request.body.decode(), keep_blank_values=True)
        given = dict(form)
        missing = [name for name in wanted if name not in given]
        if missing:
            return _plain(500, f"Missing parameter: {missing[0]}.")
        failure = self.failures.take(operation, given.get("Recipient", ""))
        if failure and failure.kind == "http":
            return _plain(failure.code, failure.text, failure.headers)
        if failure and failure.kind == "drop_before":
            return Answer(lost=True)
        recipients = [value for name, value in form if name == "Recipient"]
        try:
            body = self._call(operation, given, recipients, failure)
        except _ConversionError as error:
            return _plain(500, str(error))
        return self._spoilt(failure, body)

    def _spoilt(self, failure: Failure | None, body: bytes) -> Answer:
        kind = failure.kind if failure else None
        if kind == "hang_after":
            self.web.stopped.wait()
        if kind in ("drop_after", "hang_after"):
            return Answer(lost=True)
        if failure and kind == "garbled_after":
            body = failure.text.encode()
        return Answer(200, body, {"Content-Type": "text/xml; charset=utf-8"})

    def _call(
        self, operation: str, given: dict[str, str], recipients: list[str], failure: Failure | None
    ) -> bytes:
        gateway, user = self.gateway, given["User"]
        code = gateway.sign_in(user, given["Password"], HOST)
        if failure and failure.kind == "status":
            code = failure.text
        if code != "Ok":
            return answers.result(self.root, code)
        if operation.startswith("Send"):
            status = failure.text if failure and failure.kind == "order_status" else None
            value = answers.order(status or self._order(given, recipients))
        elif operation == "QueryAccountBalance":
            value = f"{gateway.balance(user):.4f}"
        elif operation == "QueryReceivedNewDLR":
            value = answers.reports(gateway.new_reports(user, _integer(given.get("Limit", "0"))))
        elif operation == "QueryReceivedDLR":
            start, limit = _time(given["StartDate"]), _integer(given["Limit"])
            found = [one for one in gateway.reports(user) if one.job.send_at >= start]
            value = answers.reports(found[:limit])
        else:
            start = gateway.now() - timedelta(days=_DAYS_BACK)
            if given.get("StartDate"):
                start = _time(given["StartDate"])
            value = answers.jobs(gateway.jobs_named(user, given["Caption"], start))
        return answers.result(self.root, code, value)

    def _order(self, given: dict[str, str], recipients: list[str]) -> str:
        from serienpost import measure_sms

        name = given.get("SmsTyp", given.get("MobileSMSType", "HighQuality"))
        type_ = CODES.get(name, name)
        if type_ not in TYPES:
            raise _ConversionError(name, "SmsTyp")
        send_at = _time(given["SendDate"]) if given["SendDate"] else None
        if not given["SMSText"]:
            return "NoTextFound"
        if not all(_is_number(recipient) for recipient in recipients):
            return "NoRecipientFound"
        if type_ in _SINGLE and measure_sms(given["SMSText"]).segments > 1:
            return "SMSTypeError"
        for recipient in recipients:
            self.gateway.take(
                given["User"],
                given["Caption"],
                given["Sender"],
                recipient,
                given["SMSText"],
                type_,
                send_at,
            )
        return "Ok"


class _ConversionError(Exception):
    """A value that the service's runtime cannot read."""

    def __init__(self, value: str, name: str) -> None:
        super().__init__(f"Cannot convert {value} to {name}.\r\nParameter name: {name}")


def _is_number(recipient: str) -> bool:
    digits = recipient.removeprefix("+")
    return digits.isascii() and digits.isdecimal() and len(digits) > 6


def _time(text: str) -> datetime:
    """A time as an en-US server reads it: without an offset it is local."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise _ConversionError(text, "System.DateTime") from None
    return (read if read.tzinfo else read.replace(tzinfo=ZONE)).astimezone(UTC)


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _ConversionError(text, "System.Int32") from None


def _plain(status: int, text: str, headers: dict[str, str] | None = None) -> Answer:
    kind = {"Content-Type": "text/plain; charset=utf-8"}
    return Answer(status, text.encode(), {**kind, **(headers or {})})
