"""The desk that all tests of this member use."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from browsing import Browser as FewMeans
from running_desk import (
    HOSTILE,
    PASSWORD,
    USERS,
    Desk,
    ask,
    make_drafts,
    make_earlier,
    make_runs,
    make_selection,
    serving,
)

from serienpost import open_practice
from serienpost_demo.catcher import Catcher
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk") / "praxis"
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from chromium import chromium

    with chromium() as found:
        yield found


@pytest.fixture
def ada(desk: Desk) -> Iterator[FewMeans]:
    """A browser of few means in which somebody is at work who has every right."""
    with FewMeans(desk.url) as browser:
        browser.log_in("Ada", PASSWORD)
        yield browser
