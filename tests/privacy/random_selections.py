"""Random SELECTs by the thousand on SQLite, PostgreSQL and MariaDB (`make queries`).

QUERIES says how many for each database, SEED from which number they are drawn. Needs Debian's
mariadb-server.
"""

from __future__ import annotations

import os
import sys
from random import SystemRandom
from typing import TYPE_CHECKING

import pytest
from random_queries.trial import SERVERS, ask, opened

if TYPE_CHECKING:
    from pathlib import Path

PARTS = 4
QUERIES = int(os.environ.get("QUERIES") or 20_000)
# The workers draw from one number, which the make target prints.
SEED = int(os.environ.get("SEED") or SystemRandom().randrange(10**9))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("database", SERVERS)
def test_no_query_supplies_anything(tmp_path: Path, database: str, part: int) -> None:
    with opened(tmp_path, database) as door:
        ask(door, database, SEED + part, QUERIES // PARTS)
    sys.stderr.write(f"{database} from {SEED + part}: {door.counts}\n")
    assert min(door.counts.values()) > 0
