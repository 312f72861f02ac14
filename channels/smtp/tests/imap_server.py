"""A small IMAP server that keeps what it was asked (RFC 3501)."""

from __future__ import annotations

import re
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ImapServer(socketserver.ThreadingTCPServer):
    """One folder INBOX; the login is praxis and geheim. `asked` are the commands without tags."""

    daemon_threads = True

    def __init__(self, *mails: str, sizes: dict[int, int] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mails = [mail.replace("\n", "\r\n").encode() for mail in mails]
        self.sizes = sizes or {}
        self.asked: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: ImapServer

    def handle(self) -> None:
        self.say("* OK ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.server.asked.append(command)
            self.say(f"{tag} {self.answer(command)}")
            if command.upper() == "LOGOUT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def answer(self, command: str) -> str:
        words = command.upper().split()
        match words[0]:
            case "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1")
            case "LOGIN" if command.split()[1:] != ['"praxis"', '"geheim"']:
                return "NO wrong login"
            case "EXAMINE" if words[1] != '"INBOX"':
                return "NO no such folder"
            case "STATUS":
                self.say(f'* STATUS "INBOX" (MESSAGES {len(self.server.mails)} UNSEEN 1)')
            case "UID" if words[1] == "SEARCH":
                one = re.search(r"UID (\d+):", command.partition("SEARCH")[2])
                all_of_them = range(1, len(self.server.mails) + 1)
                self.say(f"* SEARCH {one[1] if one else ' '.join(map(str, all_of_them))}")
            case "UID" if words[1] == "FETCH":
                self.fetch(command)
            case "LOGOUT":
                self.say("* BYE")
        return "OK done"

    def fetch(self, command: str) -> None:
        first, _, last = command.split()[2].partition(":")
        wanted = command.split()[2].split(",") if not last else range(int(first), int(last) + 1)
        for uid in map(int, wanted):
            mail = self.server.mails[uid - 1]
            octets = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in command else mail
            size = self.server.sizes.get(uid, len(mail))
            section = re.search(r"BODY\.PEEK(\[\w*\])", command)
            name = section[1] if section else "[]"
            self.wfile.write(
                f"* {uid} FETCH (UID {uid} RFC822.SIZE {size} FLAGS () BODY{name}"
                f" {{{len(octets)}}}\r\n".encode()
            )
            self.wfile.write(octets + b")\r\n")


@contextmanager
def serving(server: ImapServer) -> Iterator[ImapServer]:
    """A server that listens for as long as the block runs."""
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
