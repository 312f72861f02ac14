"""The desk of a demo practice: a user of its own, a worker, the web server."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from serienpost import open_practice
from serienpost_demo.command_line import own_environment, own_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Nobody's name, so that nobody is taken for who tried something.
USER = "demo"
_RIGHTS = ("prepare", "approve", "administer")
_WORKER_LOG = "serienpost-worker.log"

_CONSONANTS, _VOWELS = "bdfgklmnprstw", "aeiou"


def new_password() -> str:
    """A password that can be typed from a screen: eight syllables, 48 bits."""
    syllables = [secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(8)]
    return "-".join("".join(syllables[one : one + 2]) for one in range(0, len(syllables), 2))


def give_password(practice: Path) -> str:
    """Make the demo's user who may do everything, or give that user another password.

    Returns:
        The password, which stands nowhere else.

    Raises:
        SerienpostError: the practice cannot be opened.
    """
    password = new_password()
    with open_practice(practice, actor="demo") as opened:
        if any(one.name == USER for one in opened.users()):
            opened.change_user(USER, rights=_RIGHTS, password=password)
        else:
            opened.add_user(USER, password, _RIGHTS)
    return password


@dataclass(frozen=True, slots=True)
class Desk:
    """The processes of a desk.

    Args:
        address: that browsers open; None where it did not start, for which it has told the reason.
    """

    address: str | None
    server: subprocess.Popen[str]

    @property
    def exit_code(self) -> int | None:
        """Of the web server; None while it runs."""
        return self.server.poll()


@contextmanager
def open_desk(practice: Path, port: int) -> Iterator[Desk]:
    """A worker and the web server of a practice, ended in this order at the end of the block.

    Args:
        practice: its folder.
        port: of the desk; 0 takes a free one.
    """
    log = os.open(practice / _WORKER_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        worker = _started(practice, "worker", errors=log)
    finally:
        os.close(log)
    try:
        server = _started(practice, "serve", "--port", str(port), errors=subprocess.PIPE)
        try:
            assert server.stderr is not None  # noqa: S101  # a pipe
            address = _address(server.stderr)
            threading.Thread(target=_pass_on, args=(server.stderr,), daemon=True).start()
            yield Desk(address, server)
        finally:
            _end(server)
    finally:
        _end(worker)


def _started(practice: Path, *args: str, errors: int) -> subprocess.Popen[str]:
    """A command in a group of its own, so that Ctrl-C reaches it once: from here."""
    return subprocess.Popen(  # noqa: S603  our own program and our own arguments
        own_program(practice, *args),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        encoding="utf-8",
        env=own_environment(),
        process_group=0,
    )


def _address(said: IO[str]) -> str | None:
    """The address that the web server tells once it is open; other lines are passed on."""
    for line in said:
        address = line.split()[-1]
        if address.startswith("http://"):
            return address
        sys.stderr.write(line)
    return None


def _pass_on(said: IO[str]) -> None:
    for line in said:
        sys.stderr.write(line)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
    process.wait()
