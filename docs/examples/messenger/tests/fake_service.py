"""A service in memory that Apprise reaches by `json://`, and that fails when told to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


class FakeService:
    """Listens on loopback; `messages` are (recipient, title, text) of what it accepted."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, str]] = []
        self.fault: str | None = None
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                _answer(fake, self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self._server.server_port}/{{to}}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def play(self, fault: str | None) -> None:
        """Fail from now on in this way."""
        self.fault = fault

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


def _answer(fake: FakeService, request: BaseHTTPRequestHandler) -> None:
    body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    recipient = unquote(request.path.removeprefix("/"))
    if fake.fault in {"refused", "lost_request"}:
        request.close_connection = True
        if fake.fault == "refused":
            request.send_error(403, recipient)
        return
    fake.messages.append((recipient, body["title"], body["message"]))
    if fake.fault == "lost_answer":
        request.close_connection = True
        return
    if fake.fault == "garbled_answer":
        request.wfile.write(b"what?\r\n\r\n")
        request.close_connection = True
        return
    request.send_response(200)
    request.send_header("Content-Length", "0")
    request.end_headers()
