"""Retention at the desk: how long what is kept, and a worker that removes it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from running_desk import PASSWORD, Desk, serving

from serienpost import open_practice
from serienpost.service import Run
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "/verwaltung/aufbewahrung"
QUESTION = f"{PAGE}/loeschen"
DAY = 24 * 3600 * 1_000_000


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a run that nobody released, made eight days ago."""
    folder = tmp_path / "praxis"
    write_folder(folder, 12, 1, port=1)
    with open_practice(folder, actor="Ira") as practice:
        practice.add_user("Ira", PASSWORD, ["administer"])
        run = practice.prepare("information")
        assert isinstance(run, Run)
    with closing(sqlite3.connect(folder / "versandbuch.db")) as ledger, ledger:
        ledger.execute("UPDATE run SET created_at = created_at - ?", (8 * DAY,))
    with serving(folder) as url:
        yield Desk(url, folder, None, {"old": run.id}, {}, "", "")  # type: ignore[arg-type]  # nothing is sent


def counts(page: str) -> list[str]:
    return re.findall(r'class="number" data-label="[^"]+">([\d.]+)<', page)


def test_what_is_over_its_time_is_shown_and_removed_by_a_worker(old: Desk) -> None:
    with Browser(old.url) as ira:
        ira.log_in("Ira", PASSWORD)
        page = ira.open(PAGE)
        assert counts(page.text) == ["0", "0", "1", "0", "0", "0"]
        assert re.findall("90 Tage|3 Jahre|7 Tage", page.text) == [
            *("90 Tage", "3 Jahre", "7 Tage", "7 Tage", "7 Tage", "90 Tage")
        ]
        assert "Noch wurde nichts gelöscht" in page.text
        question = ira.open(QUESTION)
        assert "1 – Läufe, die niemand freigegeben hat" in question.text
        page = ira.send(question.form())
        assert page.path == f"{PAGE}?said=purging"
        assert "badge busy" in page.text
        assert f'href="{QUESTION}"' not in page.text
        assert ira.send(question.form()).path == page.path
        assert len(old.tasks()) == 1
        old.work()
        page = ira.open(PAGE)
        assert "Ira" in page.text.partition("Zuletzt gelöscht")[2].partition("</p>")[0]
        assert counts(page.text) == ["0"] * 6
        assert ira.open(f"/runs/{old.runs['old']}").status == 404
        assert "Gerade ist nichts abgelaufen" in ira.open(QUESTION).text


def test_who_may_only_look_is_not_offered_to_remove(desk: Desk) -> None:
    before = desk.states()
    with Browser(desk.url) as lea:
        lea.log_in("Lea", PASSWORD)
        page = lea.open(PAGE)
        assert (page.status, QUESTION in page.text) == (200, False)
        assert lea.open(QUESTION).status == 403
    assert desk.states() == before
