"""The fake itself: keys, mail send, templates, suppressions, rate; what it takes it renders and
keeps."""

from __future__ import annotations

import json
import threading
import time
import uuid
from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serienpost_demo.sendgrid import schema
from serienpost_demo.sendgrid.mails import Mail, document_answer, parts, refusal
from serienpost_demo.sendgrid.script import Script, error_document, limits
from serienpost_demo.sendgrid.templates import page
from serienpost_demo.webserver import Answer, WebServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from serienpost_demo.sendgrid.templates import Template
    from serienpost_demo.webserver import Request

LISTS = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")
_MOST_TEMPLATES = 200


@dataclass
class FakeSendGrid:
    """A running SendGrid on 127.0.0.1; use it in a `with` statement.

    Args:
        keys: API keys -> what they may do (`mail.send`, `templates.read`, `suppression.read`).
        senders: verified addresses; None for every address.
        templates: what is kept.
        rate: requests per second that mail send takes; None for any number.
        keep_requests: whether every request is kept as it came, for tests.

    Attributes:
        mails: what was taken, rendered.
        requests: what came, if kept.
        refused: errors of requests that did not pass the schema.
        suppressions: list -> entries; mails to their addresses are taken and dropped.
        script: how to misbehave.
    """

    keys: dict[str, frozenset[str]] = field(
        default_factory=lambda: {
            "SG.fake": frozenset({"mail.send", "templates.read", "suppression.read"})
        }
    )
    senders: frozenset[str] | None = None
    templates: list[Template] = field(default_factory=list)
    rate: int | None = None
    keep_requests: bool = False
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    suppressions: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in LISTS}
    )
    script: Script = field(default_factory=Script)
    taken: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self._server: WebServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; after `stop` at the same port."""
        self._server = WebServer(self.answer, self.port).__enter__()
        self.port = self._server.port

    def stop(self) -> None:
        """Be unreachable."""
        if self._server:
            self._server.__exit__(None, None, None)
            self._server = None

    @property
    def url(self) -> str:
        """For `base_url`."""
        return f"http://127.0.0.1:{self.port}"

    def suppress(
        self,
        address: str,
        *,
        on: str = "bounces",
        created: int | None = None,
        status: str = "5.1.1",
        reason: str = "unknown",
    ) -> None:
        """Put an address on one of the lists; later mails to it are taken and dropped."""
        entry = {
            "created": int(time.time()) if created is None else created,
            "email": address,
            "reason": f"550 {status} <{address}> {reason}",
            "status": status,
        }
        with self._lock:
            self.suppressions[on].append(entry)

    def answer(self, request: Request) -> Answer:
        """The answer to one request."""
        if self.keep_requests:
            with self._lock:
                self.requests.append(request)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        rights = self.keys.get(key) if scheme == "Bearer" else None
        if rights is None:
            return refusal(401, "The provided authorization grant is invalid")
        path = request.path
        if path == "/v3/mail/send":
            return self._guarded("mail.send", rights, lambda: self._send(request))
        if request.method == "GET" and path.startswith("/v3/templates"):
            return self._guarded("templates.read", rights, lambda: self._template(request))
        if request.method == "GET" and path.startswith("/v3/suppression/"):
            return self._guarded("suppression.read", rights, lambda: self._suppressed(request))
        return refusal(404, "not found")

    def _guarded(self, right: str, rights: frozenset[str], answer: Callable[[], Answer]) -> Answer:
        return answer() if right in rights else refusal(403, "access forbidden")

    def _send(self, request: Request) -> Answer:
        if request.method != "POST":
            return refusal(405, "method not allowed")
        if len(request.body) > schema.LARGEST_REQUEST:
            return refusal(413, "the request is too large")
        try:
            mail, errors = schema.read(json.loads(request.body))
        except ValueError:
            mail, errors = None, [("Bad Request", "")]
        if mail is None:
            with self._lock:
                self.refused += errors
            return Answer(400, error_document(errors[:20]))
        return self._sent(mail)

    def _sent(self, mail: schema.MailSend) -> Answer:
        if self.senders is not None and mail.from_.email not in self.senders:
            return refusal(403, "The from address does not match a verified Sender", "from")
        template = next((t for t in self.templates if t.id == mail.template_id), None)
        if mail.template_id and (template is None or template.current is None):
            return refusal(400, "The template_id must be a valid GUID", "template_id")
        return self._scripted(mail, template)

    def _scripted(self, mail: schema.MailSend, template: Template | None) -> Answer:
        with self._lock:
            limited = self._limited()
            if limited:
                return limited
            fault = self.script.take([one.to[0].email for one in mail.personalizations])
            sandbox = mail.mail_settings.sandbox_mode.enable
            answer = Answer(200 if sandbox else 202, b"", {"X-Message-Id": uuid.uuid4().hex[:22]})
            if not sandbox and (fault is None or fault.keeps):
                self._take(mail, template)
        return fault.answer(answer) if fault else answer

    def _limited(self) -> Answer | None:
        if self.rate is None:
            return None
        now = time.time()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) < self.rate:
            self._recent.append(now)
            return None
        headers = limits(0, self._recent[0] + 1, self.rate)
        return Answer(429, error_document([("too many requests", None)]), headers)

    def _take(self, mail: schema.MailSend, template: Template | None) -> None:
        gone = {
            entry["email"].casefold() for entries in self.suppressions.values() for entry in entries
        }
        for one in mail.personalizations:
            address = one.to[0].email
            if address.casefold() in gone:
                self.dropped.append(address)
                continue
            subject, text, html = parts(mail, one, template)
            self.mails.append(
                Mail(
                    address,
                    mail.from_.email,
                    subject,
                    text,
                    html,
                    (one.custom_args or {}).get("ref"),
                    self.taken,
                    tuple((a.filename, b64decode(a.content)) for a in mail.attachments),
                )
            )
        self.taken += 1

    def _template(self, request: Request) -> Answer:
        query, rest = request.query, request.path.removeprefix("/v3/templates").strip("/")
        if not rest:
            size = query.get("page_size", "")
            if not size.isdecimal() or not 1 <= int(size) <= _MOST_TEMPLATES:
                return refusal(400, "page_size must be between 1 and 200", "page_size")
            wanted = query.get("generations", "legacy").split(",")
            shown = [each for each in self.templates if each.generation in wanted]
            return document_answer(page(shown, self.url, int(size), query.get("page_token", "")))
        template_id, _, version_id = rest.partition("/versions/")
        found = next((each for each in self.templates if each.id == template_id), None)
        if found is None:
            return refusal(404, "template not found")
        if not version_id:
            return document_answer(found.plain(whole=False))
        version = next((each for each in found.versions if each.id == version_id), None)
        return (
            document_answer(found.version(version, whole=True)) if version else refusal(404, "gone")
        )

    def _suppressed(self, request: Request) -> Answer:
        entries = self.suppressions.get(request.path.rpartition("/")[2])
        if entries is None:
            return refusal(404, "not found")
        since, limit, offset = (
            int(request.query.get(name, default))
            for name, default in (("start_time", 0), ("limit", 500), ("offset", 0))
        )
        found = [entry for entry in entries if entry["created"] >= since]
        return document_answer(found[offset : offset + limit])
