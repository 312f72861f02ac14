"""What the desk stands on goes away while somebody works: one plain page, nothing lost, and on."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from fault_harness.desk_day import PASSWORD, USER, Day, ServedDesk
from fault_harness.practice import Practice
from fault_harness.providers import NullProvider, SmtpProvider
from fault_harness.server import Server
from fault_harness.small_disk import NoNamespacesError, SmallDisk, SmallDiskPractice

from serienpost.ledger.schema import draft, uploaded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browsing import Page

pytestmark = pytest.mark.usefixtures("thorough")

# 600 kB, of which none is left in memory where there is no room.
FILE = ("plan.pdf", b"%PDF-1.7 " + b"x" * 600_000)
OWN = {"account": "mail", "purpose": "event", "how": "own", "subject": "Einladung"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with SmallDisk(tmp_path / "disk") as made:
            yield made
    except NoNamespacesError as error:
        pytest.skip(f"no disk can be mounted here: {error}")


class SmallDiskDesk(ServedDesk):
    """A desk whose practice folder lies on a small disk."""

    practice: SmallDiskPractice

    @property
    def folder(self) -> Path:
        """As it is called where the disk is."""
        return self.practice._inside

    def add_user(self) -> None:
        """By the command, which sees the disk."""
        command = [sys.executable, "-m", "serienpost", "-C", str(self.practice._inside)]
        rights = ["--right", "prepare", "--right", "approve"]
        subprocess.run(
            [*self.practice.disk.enter, *command, "users", "add", USER, *rights],
            input=PASSWORD,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": f"{self.practice._inside}/site"},
        )

    def _start_worker(self) -> None:
        """The desk does that itself, where the disk is."""


def said(page: Page) -> str:
    """What a page that is not what somebody asked for says."""
    assert page.status in (409, 422, 503), page.text
    assert "Traceback" not in page.text
    assert "sqlalchemy" not in page.text.lower()
    return page.text


def test_the_disk_is_full_while_a_draft_is_written(tmp_path: Path, disk: SmallDisk) -> None:
    provider = NullProvider(tmp_path / "oracle.tsv")
    practice = SmallDiskPractice(
        disk.seen / "praxis", "sqlite:///versandbuch.db", provider, disk=disk
    )
    practice.set_up()
    with SmallDiskDesk(practice) as desk, Browser(desk.url) as browser:
        day = Day(desk, browser)
        day.log_in()
        page = browser.send(browser.open("/").form("/entwurf"), mailing="einladung")
        address = page.path.partition("?")[0]
        written = browser.send(page.form(), title="Vorher", text="Vorher", **OWN)
        assert written.status == 200
        disk.fill(free=100)
        page = browser.send(written.form(), FILE, title="Mit Datei", text="Lang " * 40)
        assert "der Datenträger ist voll" in said(page)
        assert page.form(address).fields["title"] == ["Mit Datei"]
        assert not list((practice.folder / "eingang").iterdir())
        disk.make_room()
        disk.fill()
        page = browser.send(page.form(address), text="Lang " * 40_000)
        assert "der Datenträger ist voll" in said(page)
        disk.make_room()
        page = browser.send(page.form(address), FILE, text="Danach")
        assert page.status == 200
        assert browser.open(address).form().fields["text"] == ["Danach"]
    (row,) = practice.rows(draft)
    assert (row["title"], row["keys"]["text"]) == ("Mit Datei", "Danach")
    (file,) = practice.rows(uploaded)
    assert [one.name for one in (practice.folder / "eingang").iterdir()] == [file["id"]]


def test_postgresql_is_killed_and_started_under_the_desk(tmp_path: Path) -> None:
    with Server() as server, SmtpProvider() as provider:
        url = server.url(server.database())
        practice = Practice.make(tmp_path / "own" / "praxis", url, provider)
        practice.prepare()
        with ServedDesk(practice) as desk, Browser(desk.url) as browser:
            day = Day(desk, browser)
            day.log_in()
            day.choose()
            day.write()
            page = browser.open(day.draft)
            form = page.form()
            server.kill()
            for _ in range(2):
                said(browser.send(form, title="Anders"))
                said(browser.open("/"))
            server.start()
            assert browser.send(form, title="Anders").status == 200
            assert browser.open(day.draft).form().fields["title"] == ["Anders"]
            day.title = "Anders"
            day.prepare()
            practice.run = day.run
            day.release()
            day.watch()
        assert set(practice.oracle().values()) == {1}
