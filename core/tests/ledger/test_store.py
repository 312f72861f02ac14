from __future__ import annotations

import hmac
import re
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text  # noqa: TID253

from serienpost.config.models import PracticeConfig
from serienpost.context import PracticeContext
from serienpost.contracts.practice import PracticeInfo
from serienpost.errors import LedgerError
from serienpost.ledger.schema import journal, message, run
from serienpost.ledger.store import keyed, new_ref, open_ledger
from serienpost.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Desk = Any


def test_references_are_random_crockford_base32() -> None:
    refs = {new_ref() for _ in range(500)}
    assert len(refs) == 500
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{12}", ref) for ref in refs)
    assert len(new_ref(4)) == 4


def test_times_come_back_exact_in_utc(desk: Desk) -> None:
    at = datetime(2026, 3, 29, 3, 30, 0, 123457, tzinfo=UTC) + timedelta(hours=2)
    desk.add_run("r", send_at=at.astimezone(UTC))
    (row,) = desk.rows(run)
    assert row["send_at"] == at
    assert row["send_at"].tzinfo is UTC


def test_a_time_without_zone_is_refused(desk: Desk) -> None:
    with pytest.raises(LedgerError, match="TypeError"):
        desk.add_run("r", send_at=datetime(2026, 3, 2, 9))  # noqa: DTZ001


def test_hashes_are_stable_within_a_practice_and_differ_between_practices(
    desk_of: Callable[[str], Desk],
) -> None:
    one, again, other = desk_of("one").ledger, desk_of("one").ledger, desk_of("other").ledger
    assert one.keyed_hash("address", "email", "a@example.org") == again.keyed_hash(
        "address", "email", "a@example.org"
    )
    assert one.keyed_hash("address", "a@example.org") != other.keyed_hash(
        "address", "a@example.org"
    )
    assert re.fullmatch("[0-9a-f]{64}", one.keyed_hash("x"))


def test_the_parts_of_a_hash_do_not_run_together(desk: Desk) -> None:
    keyed = desk.ledger.keyed_hash
    assert keyed("ab", "c") != keyed("a", "bc")
    assert keyed("a", None) != keyed("a")
    assert keyed("a", "\udcff") != keyed("a", "")


def test_a_refused_row_says_nothing_about_the_person(desk: Desk) -> None:
    desk.add_run("r")
    desk.add_messages("r", 1, name="Ada Geheim", address="ada@example.org")
    with pytest.raises(LedgerError) as caught:
        desk.add_messages("r", 1, name="Ada Geheim", address="ada@example.org")
    assert str(caught.value) == "the ledger refused a row that exists already"


def test_a_missing_value_says_nothing_about_the_person(desk: Desk) -> None:
    desk.add_run("r")
    with pytest.raises(LedgerError) as caught:
        desk.add_messages("r", 1, name="Ada Geheim", ref=None)
    assert "Ada" not in str(caught.value)


def test_a_failing_statement_is_one_line_without_its_values(desk: Desk) -> None:
    with pytest.raises(LedgerError) as caught, desk.ledger.begin() as tx:
        tx.connection.execute(text("SELECT * FROM nowhere WHERE name = :n"), {"n": "Ada Geheim"})
    assert str(caught.value) == "the ledger failed: OperationalError no such table: nowhere"


def test_a_transaction_that_raises_leaves_nothing(desk: Desk) -> None:
    with suppress(ZeroDivisionError), desk.ledger.begin() as tx:
        tx.note("user", "prepare")
        raise ZeroDivisionError
    assert desk.rows(journal) == []


def test_a_read_sees_one_snapshot(desk: Desk) -> None:
    desk.add_run("r")
    with desk.ledger.read() as tx:
        before = tx.scalar(tx.select(run, run.c.state))
        with desk.ledger.begin() as writing:
            writing.execute(writing.update(run).values(state="paused"))
        assert (before, tx.scalar(tx.select(run, run.c.state))) == ("sending", "sending")
    assert desk.rows(run)[0]["state"] == "paused"


def test_inserting_what_exists_changes_nothing(desk: Desk) -> None:
    desk.add_run("r")
    desk.hold_once("r", 1)
    before = desk.everything()
    with desk.ledger.begin() as tx:
        from serienpost.ledger.schema import once

        entry = {"key": "key-1", "run": "other", "no": 9, "since": tx.now}
        tx.insert_new(once, [entry])
        tx.insert_new(once, [])
        tx.insert(once, [])
    assert desk.everything() == before


def test_large_results_are_read_as_they_are_used(desk: Desk) -> None:
    desk.add_run("r")
    desk.add_messages("r", 25)
    with desk.ledger.read() as tx:
        rows = tx.stream(tx.select(message).order_by(message.c.no), batch=10)
        assert [row.no for row in rows] == list(range(1, 26))


def test_a_context_opens_its_ledger_once(tmp_path: Path) -> None:
    config = PracticeConfig(
        practice=PracticeInfo(id="mond", name="Praxis"), ledger="sqlite:///buch.db"
    )
    with closing(PracticeContext(tmp_path, config, Registry())) as context:
        ledger = open_ledger(context)
        assert open_ledger(context) is ledger
        assert ledger.practice == "mond"
    assert (tmp_path / "buch.db").is_file()


@pytest.mark.parametrize("key", [b"", b"k" * 32, b"k" * 64, b"k" * 65, b"k" * 200])
@pytest.mark.parametrize("data", [b"", b"a", "Ä".encode() * 300])
def test_the_keyed_hash_is_hmac_sha_256(key: bytes, data: bytes) -> None:
    assert keyed(key)(data) == hmac.digest(key, data, "sha256").hex()
