"""Withdrawals that are written while `send` runs: none from before the consent read gets out."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from serienpost import open_practice
from serienpost.ledger.schema import attempt, message
from serienpost.service import Answers, Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import Practice

    from serienpost import ConsentCheck, ConsentQuestion, Context, Verdict

TRIGGERS = """
CREATE TABLE protokoll (person INTEGER NOT NULL, zeit REAL NOT NULL);
CREATE TRIGGER nein AFTER UPDATE OF kontakt_email ON patient WHEN NEW.kontakt_email = 'nein'
BEGIN INSERT INTO protokoll VALUES (NEW.id, (julianday('now') - 2440587.5) * 86400); END;
CREATE TRIGGER widerruf AFTER UPDATE OF widerrufen_am ON einwilligung
BEGIN INSERT INTO protokoll VALUES (NEW.person_id, (julianday('now') - 2440587.5) * 86400); END;
"""
PEOPLE = range(60, 260)


class Watched:
    """The real check, and when it began to read whom for the last time."""

    def __init__(self, check: ConsentCheck, read_at: dict[str, list[float]]) -> None:
        self._check = check
        self._read_at = read_at
        self.name = check.name

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        now = time.time()
        for question in questions:
            self._read_at.setdefault(question.person_id, []).append(now)
        return self._check.check(context, questions)


def agree(database: Path) -> None:
    """Everybody is an adult with an own address who agrees, every second by signature too."""
    with closing(sqlite3.connect(database)) as db, db:
        db.executescript(TRIGGERS)
        db.execute("UPDATE patient SET kontakt_email = 'ja', email = 'p' || id || '@example.org',"
                   " geburtsdatum = '1970-01-01', verstorben = 0, gesperrt = 0")  # fmt: skip
        db.execute("DELETE FROM einwilligung")
        db.execute("DELETE FROM protokoll")
        db.execute("INSERT INTO einwilligung (person_typ, person_id, kontaktart, zweck,"
                   " erteilt_am) SELECT 'patient', id, 'email', 'information', '2020-01-01'"
                   " FROM patient WHERE id % 2")  # fmt: skip


def withdraw(database: Path, people: Sequence[int], done: threading.Event) -> dict[int, float]:
    """Withdraw one consent after the other; returns when each commit was over."""
    committed = {}
    with closing(sqlite3.connect(database, timeout=30)) as db:
        for person in people:
            if done.is_set():
                break
            change = (
                "UPDATE einwilligung SET widerrufen_am = date('now') WHERE person_id = ?"
                if person % 2
                else "UPDATE patient SET kontakt_email = 'nein' WHERE id = ?"
            )
            with db:
                db.execute(change, (person,))
            committed[person] = time.time()
            time.sleep(0.01)
    return committed


def test_no_withdrawal_from_before_the_read_is_on_the_wire(demo: Practice) -> None:
    database = demo.folder / "praxis.db"
    agree(database)
    demo.edit("serienpost.yaml", "  - serienpost-consent-flags ",
              "  - serienpost-consent-register\n  - serienpost-testkit\n"
              "  - serienpost-consent-flags ")  # fmt: skip
    demo.edit("serienpost.yaml", "accounts:\n", '"null": {default: abstain}\naccounts:\n'
              "  null: {channel: null-email, oracle: oracle.tsv, slots: 2, delay_ms: 30}\n"
              .replace("null: {", "langsam: {"))  # fmt: skip
    demo.edit("mailings/information.yaml", "account: mail", "account: langsam")
    demo.edit("mailings/information.yaml", "select: {}",
              f"select: {{ids: [{', '.join(map(str, PEOPLE))}]}}")  # fmt: skip
    people = list(PEOPLE)
    random.Random(5).shuffle(people)
    read_at: dict[str, list[float]] = {}
    with open_practice(demo.folder, actor="test") as practice:
        run = practice.prepare("information")
        assert isinstance(run, Run)
        run.approve(Answers(release=True))
        checks = practice.context.registry.consent_checks
        checks.update({name: Watched(check, read_at) for name, check in checks.items()})
        done, committed = threading.Event(), {}
        writer = threading.Thread(
            target=lambda: committed.update(withdraw(database, people, done)), daemon=True
        )
        writer.start()
        run.deliver()
        done.set()
        writer.join()
        with practice.ledger.read() as tx:
            rows = tx.all(tx.select(message).where(message.c.run == run.id))
            begun = {
                row.no: row.started_at.timestamp()
                for row in tx.all(tx.select(attempt).where(attempt.c.run == run.id))
            }
    lines = (demo.folder / "oracle.tsv").read_text("ascii").splitlines()
    on_wire = {line.split("\t")[0]: float(line.split("\t")[3]) for line in lines}
    assert len(on_wire) == len(lines)
    with closing(sqlite3.connect(database)) as db:
        logged = dict(db.execute("SELECT person, zeit FROM protokoll"))
    assert logged.keys() == committed.keys()

    stopped = late = 0
    for row in rows:
        number = int(row.person.removeprefix("patient:"))
        if row.ref not in on_wire:
            assert row.state == "suppressed"
            assert row.code in {"flags.flag_no", "register.withdrawn"}
            assert logged[number] <= max(read_at[row.person]) + 2
            stopped += 1
            continue
        last_read = max(at for at in read_at[row.person] if at <= on_wire[row.ref])
        assert begun[row.no] - last_read <= 2
        assert row.evidence
        if number in committed:
            assert committed[number] >= last_read
            late += 1
    assert len(rows) == len(PEOPLE)
    assert stopped > 10
    assert len(on_wire) > 10
