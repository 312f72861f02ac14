"""A desk over a real practice: a real server on loopback, users, runs in every state."""

from __future__ import annotations

import io
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx  # noqa: TID253  # a test

from serienpost import open_practice
from serienpost.service import (
    Answers,
    Draft,
    PrepareDraft,
    Run,
    Stop,
    TemplateFile,
    save_template,
    template_file,
)
from serienpost.service.task_work import TaskLook, do_task
from serienpost_demo.catcher import Catcher
from serienpost_demo.folder import write_folder
from serienpost_web.doors import Entrance
from serienpost_web.server import listen, make_server
from serienpost_web.table import path_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost import Practice
    from serienpost_web.table import Route

PASSWORD = "vier lange Worte hier"
ALL = ("prepare", "approve", "administer")
# Name -> rights beside reading.
USERS = {
    "Ada": ALL,
    "Eva": ("prepare",),
    "Lea": (),
    "Udo": ("approve",),
    "Ira": ("administer",),
}

# What somebody may have typed as a name.
HOSTILE = {
    1: "<script>alert(1)</script>",
    2: "\u202egnortS",
    9: "Lang" * 100,
    10: "\"'><img src=x onerror=alert(1)>",
}


HOSTILE_FILE = "../\u202e<b onload=x>\x1b[31m\"';.pdf"
# A text of one's own that is nothing nice either.
OWN: dict[str, object] = {
    "template": None,
    "subject": "<script>alert(2)</script> \u202e{{Praxis}}",
    "text": "</textarea><script>alert(3)</script>\n\n{{Briefanrede}},\n\n<img src=x onerror=x>\n",
}


# Of the practice's own.
TEMPLATE = "neue-sprechzeiten"

# What a page asks for beside what its path names.
ROWS = {"row": "patient:2"}
# What a path names that belongs to one practice, and what another one might call its own.
FOREIGN = {
    "run": "20200101-zzzz",
    "draft": "zzzzzzzz",
    "task": "Z" * 24,
    "selection": "s20200101-zzzzzz",
    "user": "0" * 16,
    "template": "zzzzzzzz",
    "mailing": "zzzzzzzz",
    "text": "email.zz.md",
    "earlier": "20200101T000000000000Z",
}


@dataclass
class Desk:
    """A desk that runs."""

    url: str
    folder: Path
    catcher: Catcher
    runs: dict[str, str]
    drafts: dict[str, str]
    task: str
    selection: str
    user: str = ""
    entry: str = ""
    earlier: str = ""
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    def client(self, user: str = "") -> httpx.Client:
        """A browser of somebody who is logged in; of nobody in particular without a name."""
        if not user:
            return self.new_client()
        if user not in self._clients:
            self._clients[user] = log_in(self.new_client(), user)
        return self._clients[user]

    def new_client(self) -> httpx.Client:
        """A browser on a page of the desk."""
        headers = {"sec-fetch-site": "same-origin"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def prepare(self) -> str:
        """A run that waits for release."""
        with open_practice(self.folder, actor="Eva") as practice:
            run = practice.prepare("information")
            assert isinstance(run, Run)
            return run.id

    def begin(self, mailing: str = "information", user: str = "Eva", **keys: object) -> str:
        """A draft that somebody has begun."""
        with open_practice(self.folder, actor=user) as practice:
            return begun(practice, mailing, **keys).id

    def find(self, *blocks: dict[str, object], user: str = "Eva") -> str:
        """People whom somebody looked for, and who were found."""
        with open_practice(self.folder, actor=user) as practice:
            made = practice.find_people(blocks or [{"source": "patients"}])
            made.read()
            return made.id

    def work(self) -> None:
        """Do what is asked for, as a worker does, but for the task that nobody does."""
        # In a thread: an event loop may run in that of a browser.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(self._work).result()

    def _work(self) -> None:
        with open_practice(self.folder, actor="worker") as practice:
            for row in TaskLook().found(practice.ledger):
                if row.id != self.task:
                    with open_practice(self.folder, actor=row.asked_by) as acting:
                        assert do_task(acting, row, Stop()) is None

    def tasks(self) -> list[str]:
        """The tasks that there are."""
        with open_practice(self.folder, actor="worker") as practice:
            return [one.task for one in practice.tasks(500)]

    def parts(self, run: str = "") -> dict[str, str]:
        """A value for each part of a path."""
        return {
            "file": "desk.css",
            "deed": "cancel",
            "run": run or self.runs["prepared"],
            "draft": self.drafts["mail"],
            "task": self.task,
            "selection": self.selection,
            "user": self.user,
            "entry": self.entry,
            "template": TEMPLATE,
            "mailing": "information",
            "text": "email.md",
            "earlier": self.earlier,
        }

    def contents(self) -> dict[str, object]:
        """Every row of the ledger, and every file of the practice with its size and time."""
        with closing(sqlite3.connect(self.folder / "versandbuch.db")) as ledger:
            tables = ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found: dict[str, object] = {
                name: sorted(map(repr, ledger.execute(f'SELECT * FROM "{name}"')))
                for (name,) in tables.fetchall()
            }
        for path in self.folder.rglob("*"):
            if not path.name.startswith("versandbuch.db"):
                about = path.lstat()
                found[str(path)] = about.st_mode, about.st_size, about.st_mtime_ns
        return found

    def states(self) -> list[tuple[object, ...]]:
        """All that a desk could change: runs, messages, drafts, tasks, users, the journal."""
        with sqlite3.connect(self.folder / "versandbuch.db") as ledger:
            return [
                *ledger.execute("SELECT id, state, reason, plan_hash FROM run ORDER BY id"),
                *ledger.execute("SELECT run, no, state, marked FROM message ORDER BY run, no"),
                *ledger.execute("SELECT id, version, keys, title, run FROM draft ORDER BY id"),
                *ledger.execute("SELECT id, draft, name FROM uploaded ORDER BY id"),
                *ledger.execute("SELECT id, state FROM task ORDER BY id"),
                *ledger.execute('SELECT name, rights FROM "user" ORDER BY name'),
                *ledger.execute("SELECT id, state FROM selection ORDER BY id"),
                *ledger.execute("SELECT selection, no, marked FROM selected ORDER BY 1, 2"),
                *ledger.execute("SELECT id FROM journal WHERE action != 'log in' ORDER BY id"),
            ]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()


def send_to(
    client: httpx.Client, route: Route, parts: dict[str, str], **headers: str
) -> httpx.Response:
    """What a browser would send."""
    path = path_to(route.path, parts)
    if route.method == "GET":
        return client.get(path, params=ROWS, headers=headers)
    return client.post(path, data={"form": "k" * 16, **ROWS}, headers=headers)


def session_of(client: httpx.Client) -> tuple[str, str]:
    """Name and value of the cookie that keeps somebody logged in."""
    (found,) = [one for one in client.cookies.items() if one[0].startswith("desk-")]
    return found


def log_in(client: httpx.Client, user: str) -> httpx.Client:
    found = client.post("/login", data={"name": user, "password": PASSWORD, "next": "/"})
    assert found.status_code == 303, found.text
    return client


def begun(practice: Practice, mailing: str, **keys: object) -> Draft:
    draft = practice.new_draft(mailing, keys=keys)
    assert isinstance(draft, Draft)
    return draft


def make_drafts(folder: Path) -> dict[str, str]:
    """Drafts of each kind; what is written in the first one is nothing nice."""
    with open_practice(folder, actor="Eva") as practice:
        mail = begun(practice, "terminerinnerung", title=HOSTILE[1], **OWN)
        file = mail.add_file(HOSTILE_FILE, io.BytesIO(b"x"))
        mail.save({**mail.keys, "attachments": [file.reference]}, mail.version)
        return {
            "mail": mail.id,
            "sms": begun(practice, "kurznachricht").id,
            "grid": begun(practice, "sprechzeiten").id,
        }


def ask(folder: Path, draft: str) -> str:
    """A task that nobody does."""
    with open_practice(folder, actor="Eva") as practice:
        return practice.ask(PrepareDraft(draft, 2)).id


def make_runs(folder: Path, catcher: Catcher) -> dict[str, str]:
    """A run in each state: with doubts and failures, paused, prepared, cancelled."""
    found = {}
    catcher.script.refuse("*5@example.*", "550 5.1.1 unknown", times=2)
    catcher.script.disconnect("*@example.net", when="after_dot", times=2)
    with open_practice(folder, actor="Ada") as practice:
        for name in ("finished", "paused", "cancelled", "prepared"):
            run = practice.prepare("information")
            assert isinstance(run, Run)
            found[name] = run.id
            if name in ("finished", "paused"):
                run.approve(Answers(release=True, archive="entry"))
            if name == "finished":
                run.deliver(wait=False)
            elif name == "paused":
                run.pause()
            elif name == "cancelled":
                run.cancel()
    catcher.script.clear()
    return found


def make_earlier(practice: Practice) -> str:
    """A text of the practice that was another one before."""
    found = template_file(practice, TEMPLATE, "email.md")
    said = found.subject or "", f"{found.text}\nBis bald!\n", found.version
    saved = save_template(practice, TEMPLATE, "email.md", *said)
    assert isinstance(saved, TemplateFile)
    return saved.earlier[0].id


def make_selection(folder: Path, *blocks: dict[str, object], account: str = "mail") -> str:
    """People who were chosen and checked."""
    with open_practice(folder, actor="Eva") as practice:
        made = practice.new_selection(
            blocks or [{"source": "patients"}],
            account=account,
            purpose="information",
            due=practice.today(),
        )
        made.read()
        return made.id


@contextmanager
def serving(folder: Path, *, is_behind_proxy: bool = False) -> Iterator[str]:
    """A desk on a free port, without a worker; its address."""
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    entrance = Entrance((url,), is_behind_proxy=is_behind_proxy)
    server = make_server(folder, entrance, with_worker=False)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def made_desk(folder: Path) -> Iterator[Desk]:
    """A desk of its own, for tests after which its clock would stand elsewhere."""
    with Catcher() as catcher:
        write_folder(folder, 80, 1, port=catcher.port)
        with sqlite3.connect(folder / "praxis.db") as database:
            for number, name in HOSTILE.items():
                database.execute("UPDATE patient SET nachname = ? WHERE id = ?", (name, number))
        database.close()
        with open_practice(folder, actor="os:test") as practice:
            for name, rights in USERS.items():
                practice.add_user(name, PASSWORD, rights)
            user = next(one.id for one in practice.users() if one.name == "Lea")
            practice.suppress(["gesperrt@example.org"])
            entry = practice.suppression_id("gesperrt@example.org")
            earlier = make_earlier(practice)
        # In a thread: once the browser is open, an event loop runs in this one.
        with ThreadPoolExecutor(1) as thread:
            runs = thread.submit(make_runs, folder, catcher).result()
        drafts = make_drafts(folder)
        task = ask(folder, drafts["mail"])
        selection = make_selection(folder)
        with serving(folder) as url:
            made = Desk(url, folder, catcher, runs, drafts, task, selection, user, entry, earlier)
            yield made
            made.close()
