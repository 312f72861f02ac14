"""The practice of commit 7d463c1 as `write_fixtures.py` left it, on either ledger."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from fault_harness.server import Server
from old_practice import (
    SQLITE,
    UPGRADE,
    Expected,
    Practice,
    Providers,
    restore,
    restore_postgresql,
)

from serienpost_demo.catcher import Catcher
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, started when the first test needs it."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def restored(server: Server) -> str:
    """A database with the old ledger, to be copied."""
    return restore_postgresql(server, UPGRADE / "ledgers" / "ledger-postgresql.sql")


@pytest.fixture
def providers() -> Iterator[Providers]:
    """Providers that take whatever they get."""
    version = Version("Zeiten", "<p>{{Nachname}}</p>", "{{{Nachname}}} {{{Praxis}}}")
    templates = [Template("Neue Zeiten", [version])]
    with ExitStack() as stack:
        yield Providers(
            stack.enter_context(Catcher()),
            stack.enter_context(FakeSendGrid(templates=templates)),
            stack.enter_context(FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim")}))),
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def practice(request: pytest.FixtureRequest, tmp_path: Path, providers: Providers) -> Practice:
    """The old practice on either ledger, with accounts at the providers here."""
    folder = tmp_path / "praxis"
    shutil.copytree(UPGRADE / "ledgers" / "praxis", folder)
    for path in folder.rglob("*.base64"):
        path.with_suffix("").write_bytes(b64decode(path.read_text("ascii")))
        path.unlink()
    restore(folder / "praxis.db", UPGRADE / "ledgers" / "praxis.sql")
    url = SQLITE
    if request.param == "sqlite":
        restore(folder / "versandbuch.db", UPGRADE / "ledgers" / "ledger-sqlite.sql")
    else:
        server: Server = request.getfixturevalue("server")
        url = server.url(server.database(request.getfixturevalue("restored")))
    text = (UPGRADE / "expected" / f"{request.param}.json").read_text("utf-8")
    made = Practice(folder, url, Expected(**json.loads(text)))
    made.connect(providers)
    return made
