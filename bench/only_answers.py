"""A server on loopback that accepts every mail send request at once and looks at nothing.

Prints its port, then counts: a GET of `/count` tells how many requests it answered. Started by
`sendgrid.py`, in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import re

TEMPLATE = "d-00000000000000000000000000000001"
VERSION = {
    "id": "00000000-0000-4000-8000-000000000001",
    "template_id": TEMPLATE,
    "active": 1,
    "name": "erste",
    "subject": "Hinweis",
    "html_content": "<p>{{Null_Name}}</p>",
    "plain_content": "{{{Null_Nr}}}",
}
SHOWN = {"id": TEMPLATE, "name": "Hinweis", "generation": "dynamic", "versions": [VERSION]}
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: abc\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers, and counts what it accepted."""

    def __init__(self) -> None:
        self.accepted = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                return
            length = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(self.answer(*head.split()[:2]))

    def answer(self, method: str, path: str) -> bytes:
        if method == "POST":
            self.accepted += 1
            return ACCEPTED
        shown = VERSION if "/versions/" in path else SHOWN
        document = json.dumps({"count": self.accepted} if path == "/count" else shown).encode()
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(document)}\r\n\r\n".encode() + document


async def main() -> None:
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0, limit=1 << 26)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
