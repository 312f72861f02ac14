"""A day at a real desk: `serve` over HTTP, the worker that it starts, and somebody in a browser who
does the last thing again whenever the desk was gone."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import httpx  # noqa: TID253  # a test
import pytest
from command_line import KILLED, wait_until
from fault_harness.practice import ROWS

from serienpost import open_practice
from serienpost.service import ensure_worker
from serienpost.service.desk_worker import LOG, WorkerPost, start_worker

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from browsing import Browser, Page
    from command_line import Done
    from fault_harness.practice import Practice

USER, PASSWORD = "Ada", "vier lange Worte hier"
LEFT_OUT = ("patient:3", "patient:7")
FILE = ("plan.pdf", b"%PDF-1.7 " + bytes(range(256)) * 200)
# Seconds between two kills at random moments.
_MOMENTS = (0.2, 4.0)

_WORKER = b"serienpost.cli.desk_worker"
_FAULT = "SERIENPOST_FAULT"


class ServedDesk:
    """The processes of a desk, of which each may die at points that are given, or be killed.

    Args:
        web: where the web process dies, one point after the other, each in a process of its own.
        worker: the same of the worker.
    """

    def __init__(
        self, practice: Practice, web: Iterable[str] = (), worker: Iterable[str] = ()
    ) -> None:
        self.practice = practice
        self.left: dict[Literal["web", "worker"], list[str]] = {
            "web": [*web],
            "worker": [*worker],
        }
        self.deaths = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._web: subprocess.Popen[str] | None = None
        self._fault: str | None = None
        self._post: WorkerPost | None = None
        self._workers: dict[int, str | None] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        file = self.practice.folder / "serienpost.yaml"
        plugins = "plugins: [serienpost-web, "
        file.write_text(file.read_text("utf-8").replace("plugins: [", plugins), "utf-8")
        self.add_user()
        if self.left["worker"]:
            # The web process, too, starts a worker where the post is free: one without a fault,
            # which would do all that is left before it comes to the points at which others die.
            self._post = WorkerPost(self.folder)
            assert self._post.take()
        self.go_on()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._count_dead()
            web, self._web = self._web, None
            if web is not None:
                web.send_signal(signal.SIGTERM)
                done = self._finish(web)
                assert kind or done.code == 0, done.err
        finally:
            for process in self._living():
                os.kill(process, signal.SIGTERM)
            wait_until(lambda: not self._living())
            if self._post is not None:
                self._post.close()

    @property
    def folder(self) -> Path:
        """Of the practice, as its processes call it."""
        return self.practice.folder

    def add_user(self) -> None:
        """Somebody who may write and release."""
        with open_practice(self.practice.folder, actor="os:test") as opened:
            opened.add_user(USER, PASSWORD, ("prepare", "approve"))

    def go_on(self) -> None:
        """See that both processes are there, as whoever looks after the desk would."""
        with self._lock:
            self._count_dead()
            if not self._living():
                self._start_worker()
            if self._web is None:
                self._start_web()

    def kill(self, which: Literal["web", "worker"]) -> None:
        """Kill a process, if it is there."""
        with self._lock:
            if which == "web" and self._web is not None:
                self._web.kill()
            for process in self._living() if which == "worker" else ():
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def _count_dead(self) -> None:
        living = self._living()
        for process in self._workers.keys() - living:
            fault = self._workers.pop(process)
            said = (self.folder / LOG).read_text("utf-8")
            assert f"process {process} has ended" not in said, said
            self._dead("worker", fault)
            self.practice.deaths += 1
        if self._web is not None and self._web.poll() is not None:
            web, self._web = self._web, None
            done = self._finish(web)
            assert done.code == KILLED, done.err
            self._dead("web", self._fault)
        self._workers |= dict.fromkeys(living - self._workers.keys())

    def _finish(self, web: subprocess.Popen[str]) -> Done:
        """Wait for a web process, which came upon no bug."""
        done = self.practice.finish(web, "serve")
        assert " failed (" not in done.err, done.err
        return done

    def _dead(self, which: Literal["web", "worker"], fault: str | None) -> None:
        self.deaths += 1
        if fault and self.left[which][:1] == [fault]:
            self.left[which].pop(0)

    def _start_worker(self) -> None:
        fault = next(iter(self.left["worker"]), None)
        with pytest.MonkeyPatch.context() as patch:
            if fault:
                patch.setenv(_FAULT, fault)
            if self._post is None:
                started = ensure_worker(self.folder)
            else:
                started = start_worker(self.folder, self._post)
        if started is not None:
            self._workers[started] = fault

    def _start_web(self) -> None:
        self._fault = next(iter(self.left["web"]), None)
        args = ("serve", "--port", str(self.port))
        self._web = web = self.practice.start(*args, fault=self._fault)
        wait_until(lambda: web.poll() is not None or self._listens())
        assert web.poll() is None, web.communicate()[1]

    def _listens(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def _living(self) -> set[int]:
        """The processes that serve this practice folder as a desk's worker."""
        mine = os.fsencode(self.folder)
        found = set()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                said = path.read_bytes().split(b"\0")
                if _WORKER in said and mine in said:
                    found.add(int(path.parent.name))
        return found


class Killer:
    """Kills the processes of a desk at random moments, for as long as the block runs.

    Args:
        chance: the seed.
        most: kills at most.
    """

    def __init__(self, desk: ServedDesk, chance: str, most: int) -> None:
        self._desk, self._chance, self._most = desk, random.Random(chance), most
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._kill)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _kill(self) -> None:
        for _ in range(self._most):
            if self._is_over.wait(self._chance.uniform(*_MOMENTS)):
                return
            which = self._chance.choice(("web", "worker"))
            self._desk.kill("web" if which == "web" else "worker")


@dataclass
class Day:
    """Somebody at the desk, from the login to the last message.

    Attributes:
        title: of the draft, as the desk answered last that it is saved.
        run: that was prepared.
        resent: how often messages in doubt were sent once more.
    """

    desk: ServedDesk
    browser: Browser
    title: str = ""
    selection: str = ""
    draft: str = ""
    run: str = ""
    resent: int = 0
    runs_before: frozenset[str] = field(default=frozenset())

    def log_in(self) -> None:
        """With a password that is right."""
        page = self._send(self._open("/login"), name=USER, password=PASSWORD)
        assert (page.path, page.status) == ("/", 200), page.text

    def choose(self) -> None:
        """Look for people, let all of them be checked, leave two out."""
        page = self._open("/auswahl?tab=null")
        page = self._send(page, count=str(ROWS))
        assert page.path.startswith("/auswahl/"), page.text
        page = self._wait(page.path, lambda one: 'name="look"' in one.text)
        hits = page.path.partition("?")[0]
        self.selection = hits.removesuffix("/treffer")
        self._send(page, hits, do="all")
        page = self._send(
            self._open(f"{self.selection}/aktion"),
            f"{self.selection}/aktion",
            account="mail",
            purpose="event",
        )
        page = self._wait(page.path, lambda one: 'name="look"' in one.text)
        assert page.path.partition("?")[0] == self.selection
        kept = [one for one in page.form(self.selection).fields["row"] if one not in LEFT_OUT]
        assert len(kept) == ROWS - len(LEFT_OUT)
        page = self._send(page, self.selection, do="save", row=kept)
        marked = page.form(self.selection).fields["row"]
        assert marked == kept

    def write(self) -> None:
        """Take the people over, write, save several times, give a file."""
        page = self._send(self._open(self.selection), self.selection, do="take")
        assert page.path.startswith("/entwurf/"), page.text
        self.draft = page.path.partition("?")[0]
        own = {"account": "mail", "purpose": "event", "how": "own", "subject": "Einladung"}
        for number in range(3):
            title, text = f"Text {number}", f"Guten Tag {{{{Null_Name}}}}, Text {number}."
            self._save(title, text=text, **own)
        self._save("Mit Plan", FILE)
        page = self._open(self.draft)
        assert page.text.count('name="remove"') == 1

    def _save(self, title: str, file: tuple[str, bytes] | None = None, **said: str) -> None:
        """Save the draft; what stands in it is what was saved last."""
        page = self._open(self.draft)
        form = page.form(self.draft)
        assert not self.title or form.fields["title"] == [self.title]
        page = self._do(lambda: self.browser.send(form, file, title=title, then="save", **said))
        assert page.status == 200, page.text
        self.title = title

    def prepare(self) -> None:
        """Ask for the run and wait for it."""
        page = self._open(f"{self.draft}/vorbereiten")
        page = self._send(page)  # what is done already leads on at once
        page = self._wait(page.path, lambda one: one.path.startswith("/runs/"))
        assert page.status == 200, page.text
        self.run = page.path.split("/")[2]

    def release(self) -> None:
        """With the password once more; who hears that it is released already looks at the run."""
        page = self._send(self._open(f"/runs/{self.run}/release"), release="yes", password=PASSWORD)
        assert page.status in (200, 409), page.text
        assert self._open(f"/runs/{self.run}/release").path == f"/runs/{self.run}"

    def watch(self) -> None:
        """Until all is sent; what is in doubt is sent once more."""
        while True:
            self._wait(f"/runs/{self.run}/live", lambda _: self._is_finished())
            page = self._open(f"/runs/{self.run}/doubts")
            rows = re.findall(r'name="row" value="([^"]+)"', page.text)
            if not rows:
                return
            asked = "&".join(["as=resend", *(f"row={row}" for row in rows)])
            page = self._open(f"/runs/{self.run}/doubts/decide?{asked}")
            self._send(page, f"/runs/{self.run}/doubts")
            self.resent += len(rows)

    def _is_finished(self) -> bool:
        return self.desk.practice.state(self.run) == "finished"

    def _wait(self, path: str, condition: Callable[[Page], bool]) -> Page:
        """Look at a page until something is there."""
        while not condition(page := self._open(path)):
            assert "badge stop" not in page.text, page.text
            self.desk.go_on()
            time.sleep(0.1)
        return page

    def _open(self, path: str) -> Page:
        page = self._do(lambda: self.browser.open(path))
        assert page.status == 200, page.text
        return page

    def _send(self, page: Page, action: str = "", **said: str | list[str]) -> Page:
        form = page.form(action)
        return self._do(lambda: self.browser.send(form, **said))

    def _do(self, request: Callable[[], Page]) -> Page:
        """One request; whoever loses the connection does it again when the desk is back."""
        while True:
            try:
                return request()
            except httpx.TransportError:
                self.desk.go_on()
                request = self.browser.again
