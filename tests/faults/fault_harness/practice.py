"""A practice folder on either ledger, driven by the real command line."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import command_line
from command_line import KILLED, Done, wait_until
from fault_harness import program
from sqlalchemy import create_engine, make_url, select, text  # noqa: TID253

from serienpost.ledger.schema import attempt, journal, message, metadata
from serienpost.ledger.schema import run as run_table

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

    from fault_harness.providers import Provider
    from sqlalchemy import Engine, Table

ROWS = 24
# Seconds after which a command is stuck.
LONGEST = 180.0

CONFIGURATION = """\
practice: {{id: {id}, name: "Praxis Null"}}
plugins: [serienpost-testkit, {plugins}]
ledger: {ledger}
accounts:
  mail: {{{account}}}
"null": {{consent: consent.jsonl, gone: gone.json}}
"""
MAILING = """\
source: "null"
select: {{count: {rows}}}
account: mail
purpose: event
once_per: recipient
{lines}"""


@dataclass
class Practice:
    """A practice folder; each command is a process of its own."""

    folder: Path
    url: str
    provider: Provider
    id: str = "sonnenschein"
    run: str = ""
    said: list[Done] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    deaths: int = 0

    @classmethod
    def make(
        cls, folder: Path, url: str, provider: Provider, name: str = "sonnenschein"
    ) -> Practice:
        """Write the folder; nothing is prepared yet."""
        practice = cls(folder, url, provider, name)
        practice.set_up()
        return practice

    def set_up(self) -> None:
        """Write the folder."""
        (self.folder / "mailings").mkdir(parents=True)
        lines = self.provider.mailing
        self.write("mailings/einladung.yaml", MAILING.format(rows=ROWS, lines=lines))
        self.write("consent.jsonl", "")
        self.write("gone.json", "{}")
        self.provider.install(self)
        self.configure()

    def copy(self, folder: Path, provider: Provider, url: str | None = None) -> Practice:
        """The same practice elsewhere; on SQLite with its ledger."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.owners"))
        made = Practice(folder, url or self.url, provider, self.id, self.run)
        made.configure()
        return made

    def configure(self, **settings: object) -> None:
        """Write `serienpost.yaml`; settings of the account beside those of the provider."""
        account = {**self.provider.account(), **settings}
        self.write(
            "serienpost.yaml",
            CONFIGURATION.format(
                id=self.id,
                ledger=self.url,
                plugins=", ".join(self.provider.plugins),
                account=", ".join(f"{key}: {value}" for key, value in account.items()),
            ),
        )

    def write(self, name: str, content: str) -> None:
        """Write a file of the folder."""
        (self.folder / name).write_text(content, "utf-8")

    def start(self, *args: str, fault: str | None = None) -> subprocess.Popen[str]:
        """Start a command and let it run."""
        path = [str(self.folder / "site")]
        is_program = args[0] in program.WORDS
        if is_program:
            path.append(str(Path(program.__file__).parents[1]))
        site = {"PYTHONPATH": os.pathsep.join(path)}
        module = program.__name__ if is_program else None
        return command_line.start(self.folder, args, {**site, **self.env}, fault, program=module)

    def wait_for(self, process: subprocess.Popen[str], count: int) -> None:
        """Wait until the provider accepted so many messages from a process that still runs."""

        def has_arrived() -> bool:
            if sum(self.oracle().values()) >= count:
                return True
            assert process.poll() is None, process.communicate()[1]
            return False

        wait_until(has_arrived)

    def finish(self, process: subprocess.Popen[str], *args: str) -> Done:
        """Wait for a command; what it said is kept for the search for patients' data."""
        self.said.append(command_line.finish(process, args, LONGEST))
        self.deaths += self.said[-1].code == KILLED
        return self.said[-1]

    def __call__(self, *args: str, fault: str | None = None) -> Done:
        """Run a command to its end."""
        return self.finish(self.start(*args, fault=fault), *args)

    def must(self, *args: str, codes: tuple[int, ...] = (0,)) -> Done:
        """Run a command that ends with one of these codes."""
        done = self(*args)
        assert done.code in codes, f"{args}: exit {done.code}\n{done.out[-800:]}{done.err[-1500:]}"
        return done

    def resume(self, *options: str) -> Done:
        """Resume until the run is over; a machine under load may pause a run for slow reads."""
        codes = (0, 4, 5)
        for _ in range(3):
            done = self.must("resume", self.run, *options, codes=(*codes, 75))
            if done.code in codes:
                return done
        raise AssertionError(f"the run does not end: {done.out[-800:]}{done.err[-800:]}")

    def prepare(self) -> str:
        """Prepare the mailing; the newest run is the practice's run from now on."""
        self.must("prepare", "einladung", "--summary")
        self.run = self.newest()
        return self.run

    def newest(self) -> str:
        """The run that was made last and is not half made."""
        found = [row for row in self.rows(run_table) if row["state"] != "preparing"]
        return str(max(found, key=lambda row: row["created_at"])["id"]) if found else ""

    def oracle(self) -> Counter[str]:
        """What the provider accepted: reference -> how often."""
        return self.provider.accepted(self)

    def engine(self) -> Engine:
        """A plain engine on the ledger, past all of the code under test."""
        where = make_url(self.url)
        if where.drivername == "postgresql":
            return create_engine(where.set(drivername="postgresql+psycopg"))
        return create_engine(where.set(database=str(self.folder / str(where.database))))

    def is_sound(self) -> bool:
        """Whether the database finds itself whole; PostgreSQL says so by itself."""
        if make_url(self.url).get_backend_name() != "sqlite":
            return True
        engine = self.engine()
        try:
            with engine.connect() as connection:
                return bool(connection.scalar(text("PRAGMA integrity_check")) == "ok")
        finally:
            engine.dispose()

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of all tables and practices."""
        engine = self.engine()
        try:
            with engine.connect() as connection:
                return {
                    name: [
                        dict(row._mapping)
                        for row in connection.execute(
                            select(table).order_by(*table.primary_key.columns)
                        )
                    ]
                    for name, table in metadata.tables.items()
                }
        finally:
            engine.dispose()

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """This practice's rows of a table."""
        return [row for row in self.tables()[table.name] if row["practice"] == self.id]

    def change(self, statement: str, **values: object) -> None:
        """Change the ledger behind the command line's back, to let time pass."""
        engine = self.engine()
        try:
            with engine.begin() as connection:
                connection.execute(text(statement), values)
        finally:
            engine.dispose()

    def messages(self, run: str | None = None) -> dict[str, dict[str, Any]]:
        """The messages of a run, by row."""
        wanted = run or self.run
        return {row["row_id"]: row for row in self.rows(message) if row["run"] == wanted}

    def attempts(self) -> list[dict[str, Any]]:
        """All attempts of the practice, in order."""
        return self.rows(attempt)

    def decisions(self) -> Iterator[Mapping[str, Any]]:
        """The journal's lines about single messages."""
        yield from (row for row in self.rows(journal) if row["no"] is not None)

    def states(self) -> Counter[str]:
        """How many messages of the run are in which state."""
        return Counter(row["state"] for row in self.messages().values())

    def state(self, run: str | None = None) -> str:
        """The state of a run."""
        wanted = run or self.run
        return next(str(row["state"]) for row in self.rows(run_table) if row["id"] == wanted)
