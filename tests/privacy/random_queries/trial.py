"""A practice on one of the databases, asked many random queries."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from random import Random
from typing import TYPE_CHECKING

from random_queries.databases import mariadb, postgresql, write_canaries
from random_queries.door import Door
from random_queries.generator import Generator

from serienpost.config.loading import load_practice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Null", phone: "0351 1234567"}}
database: "{url}"
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-query, serienpost-consent-flags,
          serienpost-macros-practice, serienpost-channel-smtp]
query_tables: [behandlung, harmlos, notiz]
consent: {{flags_purposes: [information]}}
accounts:
  mail: {{channel: smtp, host: 127.0.0.1, port: {port}, security: none,
         sender: "Praxis Null <praxis@example.org>"}}
"""
SERVERS = {
    "sqlite": lambda file: nullcontext(f"sqlite:///{file}"),
    "postgresql": postgresql,
    "mysql": mariadb,
}


@contextmanager
def opened(folder: Path, database: str) -> Iterator[Door]:
    """The practice full of canaries, opened, with what it knows of everybody."""
    file = folder / "praxis.db"
    write_canaries(file)
    with SERVERS[database](file) as url:
        (folder / "serienpost.yaml").write_text(CONFIG.format(url=url, port=2525), "utf-8")
        with load_practice(folder) as context:
            yield Door(context)


def ask(door: Door, database: str, seed: int, queries: int) -> None:
    """Ask so many random queries; each that tells more than it may fails."""
    generator = Generator(Random(seed), database)
    for _ in range(queries):
        door.through(generator.selection())
