"""Fifty thousand mails in one run: memory stays flat, and every one is accounted for.

The server is this process. It keeps the reference of each message whose final dot it answered,
refuses one recipient in a hundred and closes each connection after 500 messages. Afterwards the
ledger must know each message exactly as the server does.

    python bench/load.py [RECIPIENTS] [CONNECTIONS]
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from null_practice import PROGRAM
from smtp import make_practice
from watched_send import deliver

REFUSED = re.compile(rb"RCPT TO:<null-\d*00@", re.IGNORECASE)
MESSAGE_ID = re.compile(rb"^Message-ID: <([0-9A-Z]{12})@", re.MULTILINE)
MESSAGES_PER_CONNECTION = 500
# The exit code of a run in which recipients were refused.
SOME_FAILED = 4

# MiB that memory may grow between a tenth of the way and its end.
FLAT = 40.0


@dataclass
class Kept:
    """What the server knows: how often it kept each reference, and how many it refused."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: int = 0


KEPT = Kept()


class Connection(asyncio.Protocol):
    """One connection to a server that offers PIPELINING."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        self.in_data = self.has_recipient = False
        self.count = 0
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self._one():
            continue

    def _one(self) -> bool:
        end = b"\r\n.\r\n" if self.in_data else b"\r\n"
        head, found, rest = self.buffer.partition(end)
        if not found:
            return False
        self.buffer = rest
        self.transport.write(self._body(head) if self.in_data else self._command(head))
        return True

    def _body(self, body: bytes) -> bytes:
        self.in_data = self.has_recipient = False
        self.count += 1
        (ref,) = MESSAGE_ID.findall(body)
        KEPT.accepted[ref.decode()] += 1
        return b"250 2.0.0 kept\r\n"

    def _command(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"EHLO":
                return b"250-sink\r\n250 PIPELINING\r\n"
            case b"MAIL" if self.count >= MESSAGES_PER_CONNECTION:
                self.transport.close()
                return b"421 4.7.0 too many messages\r\n"
            case b"RCPT" if REFUSED.match(line):
                KEPT.refused += 1
                return b"550 5.1.1 User unknown\r\n"
            case b"RCPT":
                self.has_recipient = True
            case b"DATA":
                self.in_data = self.has_recipient
                return b"354 go on\r\n" if self.in_data else b"554 5.5.1 no valid recipients\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
        return b"250 2.0.0 fine\r\n"


def serve() -> int:
    """Start the server in a thread; its port."""
    ready: list[int] = []
    started = threading.Event()

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
        ready.append(server.sockets[0].getsockname()[1])
        started.set()
        await server.serve_forever()

    threading.Thread(target=asyncio.run, args=(run(),), daemon=True).start()
    started.wait()
    return ready[0]


def ask(folder: Path, *arguments: str) -> dict[str, object]:
    command = [str(PROGRAM), "-C", str(folder), *arguments, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    count, connections = (*given, *(50_000, 20)[len(given) :])
    with tempfile.TemporaryDirectory(prefix="serienpost-load-") as name:
        folder = Path(name) / "praxis"
        make_practice(folder, serve(), count, connections, html=False)
        run = str(ask(folder, "prepare", "alle", "--summary")["run"])
        sent = deliver(folder, run, SOME_FAILED)
        messages = ask(folder, "show", run)["messages"]
    assert isinstance(messages, list)
    states = Counter(message["state"] for message in messages)
    known = {message["ref"] for message in messages if message["state"] == "accepted"}
    twice = sum(number > 1 for number in KEPT.accepted.values())
    grown = sent.memory[-1].alone - sent.early.alone
    print(f"{count} mails over {connections} connections in {sent.seconds:.1f} s")
    print(f"memory: {sent.early.alone:.0f} MiB early, {sent.most.alone:.0f} at most")
    print(f"ledger: {dict(states)}; server: {len(KEPT.accepted)} kept, {KEPT.refused} refused")
    print(f"kept but not accepted {len(set(KEPT.accepted) - known)}, accepted but not kept"
          f" {len(known - set(KEPT.accepted))}, kept twice {twice}")  # fmt: skip
    is_accounted = known == set(KEPT.accepted) and not twice and len(messages) == count
    is_accounted = is_accounted and states["failed"] == KEPT.refused == count // 100
    if not is_accounted or grown > FLAT:
        sys.exit(
            "MISSED: not every mail is accounted for" if not is_accounted else "MISSED: memory"
        )


if __name__ == "__main__":
    main()
