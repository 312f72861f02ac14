"""How fast a review decides: reachable, allowed by flags and register, against bare SQL.

The baseline reads the same rows and the same evidence from the same file with `sqlite3` alone, in
batches of the same size, and decides nothing. Memory is what the process had at most while it
reviewed all rows, compared with a tenth of them. `review.py ROWS ROUNDS` measures fewer.
"""

from __future__ import annotations

import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from harness import Report, alternate, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.context import PracticeContext

ROWS = 1_000_000
ROUNDS = 3
BATCH = 1000
# Memory at the end over memory after a tenth of the rows that still counts as flat.
GROWTH = 1.1

CONFIG = """\
practice: {name: "Praxis Dr. Sonnenschein"}
database: sqlite:///praxis.db
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-consent-register, serienpost-channel-smtp]
accounts:
  mail: {channel: smtp, host: 127.0.0.1, port: 2525, security: none, sender: "a@example.org"}
"""
MAILING = """\
source: patients
account: mail
purpose: information
subject: Neues
text: Guten Tag aus der Praxis Dr. Sonnenschein.
"""
PEOPLE = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO patient (id, nummer, vorname, nachname, geburtsdatum, email, kontakt_email)
SELECT i, 'P' || i, 'Ada', 'Muster', '1970-01-01',
  CASE WHEN i % 10 THEN 'ada.muster' || i || '@example.org' END,
  CASE i % 5 WHEN 0 THEN 'nein' WHEN 1 THEN NULL ELSE 'ja' END
FROM n
"""
SIGNED = """
INSERT INTO einwilligung (person_typ, person_id, kontaktart, zweck, erteilt_am, widerrufen_am)
SELECT 'patient', id, 'email', CASE WHEN id % 3 THEN 'information' ELSE 'marketing' END,
  '2020-01-01', CASE WHEN id % 20 = 4 THEN '2024-01-01' END
FROM patient WHERE id % 2 = 0
"""

CONSENTS = """
SELECT id, person_id, kontaktart, zweck, adresse, wortlaut, erteilt_am, widerrufen_am, dokument
FROM einwilligung WHERE person_typ = 'patient'
"""


def make_practice(folder: Path, rows: int) -> None:
    from serienpost_demo.practice.schema import INDEXES, TABLES

    (folder / "serienpost.yaml").write_text(CONFIG, "utf-8")
    (folder / "mailings").mkdir()
    (folder / "mailings" / "neues.yaml").write_text(MAILING, "utf-8")
    with closing(sqlite3.connect(folder / "praxis.db")) as db, db:
        db.executescript(TABLES)
        db.execute(PEOPLE, (rows,))
        db.execute(SIGNED)
        db.executescript(INDEXES)


def review(context: PracticeContext, expected: int) -> float:
    """Review all rows and keep none; returns how much more memory the last nine tenths took."""
    from datetime import date

    from serienpost.gc_tuning import seldom_collected
    from serienpost.run.prepare.review import decide_rows
    from serienpost.service.mailing import checked

    renderer = checked(context, "neues", date(2026, 3, 2))
    (block,) = renderer.blocks
    request = renderer.request(block)
    seen = allowed = 0
    early = None
    with seldom_collected():
        for rows in block.source.rows(context, block.selection, request):
            allowed += sum(one.marked for one in decide_rows(renderer, rows, 0, request.judged_on))
            seen += len(rows)
            if early is None and seen * 10 >= expected:
                early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert seen == expected
    assert 0 < allowed < expected
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (early or 1)


def read_bare(database: Path, expected: int) -> None:
    """The same rows, flags, states and consents, batch by batch."""
    with closing(sqlite3.connect(database)) as rows_from, closing(sqlite3.connect(database)) as db:
        rows = rows_from.execute(
            "SELECT p.id, p.nummer, p.titel, p.vorsatzwort, p.vorname, p.nachname, p.email,"
            " g.id, g.email, p.geburtsdatum >= '2008-03-03'"
            " FROM patient p LEFT JOIN patient g ON p.geburtsdatum >= '2008-03-03'"
            " AND g.id = p.vertreter_id ORDER BY p.id"
        )
        seen = 0
        while batch := rows.fetchmany(BATCH):
            ids = [row[0] for row in batch if row[6]]
            marks = ",".join("?" * len(ids))
            for what in (
                f"SELECT id, verstorben, gesperrt FROM patient WHERE id IN ({marks})",
                f"SELECT id, kontakt_email FROM patient WHERE id IN ({marks})",
                f"{CONSENTS} AND person_id IN ({marks})",
            ):
                db.execute(what, ids).fetchall()
            seen += len(batch)
    assert seen == expected


def metered(spent: list[float], run: Callable[[], object]) -> None:
    """Run it and note the seconds of processor time, which say more on a busy machine."""
    before = time.process_time()
    run()
    spent.append(time.process_time() - before)


def main() -> None:
    from serienpost.config.loading import load_practice

    count, rounds = map(int, sys.argv[1:]) if len(sys.argv) > 1 else (ROWS, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "praxis.db"
        make_practice(folder, count)
        with closing(load_practice(folder)) as context:
            growth = review(context, count)
            print(f"memory after all rows: {growth:.2f} of that after a tenth")
            alternatives: dict[str, Callable[[], object]] = {
                "review": partial(review, context, count),
                "bare SQL": partial(read_bare, database, count),
            }
            spent: dict[str, list[float]] = {label: [] for label in alternatives}
            seconds = alternate(
                {label: partial(metered, spent[label], run) for label, run in alternatives.items()},
                rounds,
                warmups=0,
            )
    processor = [statistics.median(noted) for noted in spent.values()]
    share = processor[1] / processor[0]
    print("processor s: review {:.2f}, bare SQL {:.2f}".format(*processor), f"({share:.1%})")
    versions = {"serienpost": version("serienpost"), "sqlite": sqlite3.sqlite_version}
    finish(Report("review", seconds, versions, {"rows": count}, target=1 / 0.3))
    if growth > GROWTH:
        sys.exit("memory grows with the rows")


if __name__ == "__main__":
    main()
