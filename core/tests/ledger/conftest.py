"""A real SQLite ledger under a clock that the test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from ledger_clock import Clock
from sqlalchemy import select  # noqa: TID253

from serienpost.ledger.engine import open_engine
from serienpost.ledger.schema import message as message_table
from serienpost.ledger.schema import metadata, once
from serienpost.ledger.schema import run as run_table
from serienpost.ledger.store import Ledger, new_ref
from serienpost.run.prepare.changes import RENDERING_EDITION
from serienpost.run.prepare.plan import Header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine, Table

HEADER = Header(
    mailing="m",
    title="",
    template="t",
    kind="email",
    channel="pigeon",
    account="post",
    sender="",
    reply_to=None,
    purpose="event",
    language="de",
    due="2026-03-02",
    signature=None,
    blocks=(),
    assets={},
    versions={},
    once_per="recipient",
    on_doubt="hold",
    same_address="separate",
    max_attempts=3,
    stale_after=21600,
    rendering=RENDERING_EDITION,
)


@dataclass
class Desk:
    """One practice's ledger, and short ways to fill it and look into it."""

    ledger: Ledger
    clock: Clock = field(default_factory=Clock)
    header: Header = HEADER

    def __post_init__(self) -> None:
        self.ledger.clock = self.clock

    def add_run(self, run: str, state: str = "sending", **values: object) -> str:
        plain = self.header.to_json()
        row = {
            **{
                name: plain[name]
                for name in ["mailing", "title", "kind", "channel", "account", "purpose", "due"]
            },
            "header": plain,
            "created_at": self.clock(),
        }
        with self.ledger.begin() as tx:
            tx.insert(run_table, [{**row, "id": run, "state": state, **values}])
        return run

    def add_messages(self, run: str, count: int, state: str = "pending", **values: object) -> None:
        rows = [
            {
                "run": run,
                "no": no,
                "row_id": f"patient:{no}",
                "block": 0,
                "person": f"patient:{no}",
                "allowed": True,
                "marked": True,
                "ref": new_ref(),
                "state": state,
                "once_key": f"key-{no}",
                "fence": 0,
                "attempts": 0,
                "attempts_before": 0,
                **values,
            }
            for no in range(1, count + 1)
        ]
        with self.ledger.begin() as tx:
            tx.insert(message_table, rows)

    def hold_once(self, run: str, *numbers: int) -> None:
        with self.ledger.begin() as tx:
            tx.insert(
                once,
                [{"key": f"key-{n}", "run": run, "no": n, "since": tx.now} for n in numbers],
            )

    def rows(self, table: Table, **equal: object) -> list[dict[str, Any]]:
        """This practice's rows of a table, in the order of its key."""
        with self.ledger.read() as tx:
            statement = tx.select(table).filter_by(**equal).order_by(*table.primary_key)
            return [dict(row._mapping) for row in tx.all(statement)]

    def messages(self, run: str) -> list[dict[str, Any]]:
        return self.rows(message_table, run=run)

    def states(self, run: str) -> list[str]:
        return [row["state"] for row in self.messages(run)]

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of this practice in all tables, past every filter of the code under test."""
        with self.ledger.engine.connect() as connection:
            return {
                name: [
                    tuple(row)
                    for row in connection.execute(
                        select(table)
                        .where(table.c.practice == self.ledger.practice)
                        .order_by(*table.primary_key)
                    )
                ]
                for name, table in metadata.tables.items()
            }


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    """Engines that are closed after the test."""
    opened: list[Engine] = []
    yield opened
    for engine in opened:
        engine.dispose()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of an empty ledger, so that not every test migrates one."""
    folder = tmp_path_factory.mktemp("migrated")
    open_engine("sqlite:///ledger.db", folder).dispose()
    return (folder / "ledger.db").read_bytes()


@pytest.fixture
def engine(tmp_path: Path, engines: list[Engine], migrated: bytes) -> Engine:
    (tmp_path / "ledger.db").write_bytes(migrated)
    (tmp_path / "ledger.db").chmod(0o600)
    engines.append(open_engine("sqlite:///ledger.db", tmp_path))
    return engines[-1]


@pytest.fixture
def desk_of(engine: Engine) -> Callable[[str], Desk]:
    """The desk of a practice in the shared ledger."""
    return lambda practice: Desk(Ledger(engine, practice))


@pytest.fixture
def desk(desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of("sonnenschein")
