from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Abstain, ConfigError, Deny, Occasion, SourceError
from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.schema import asset, message, run
from serienpost.run.prepare.check import check_mailing
from serienpost.run.prepare.freeze import discard_dead
from serienpost.run.prepare.plan import from_json
from serienpost.run.send.approve import approve

if TYPE_CHECKING:
    from pathlib import Path

    Office = Any

TERMIN = Occasion(
    "termin:9",
    datetime(2026, 3, 3, 8, tzinfo=UTC),
    datetime(2026, 3, 3, 8, tzinfo=UTC),
)


def test_a_run_is_frozen_with_every_row(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe", "Eva")
    prepared = office.prepare()
    row = office.run(prepared)
    assert (row.state, row.owner, row.mailing, row.due) == (
        "prepared",
        None,
        "einladung",
        "2026-03-02",
    )
    assert len(row.plan_hash) == 64
    rows = office.messages(prepared)
    assert [(r.no, r.row_id, r.state, r.marked) for r in rows] == [
        (no, f"patient:{no}", "planned", True) for no in (1, 2, 3, 4)
    ]
    first = rows[0]
    assert (first.name, first.number, first.address) == ("Ada Muster", "1", "ada@example.org")
    assert from_json(first.macro_values) == {"Vorname": "Ada"}
    assert first.message_id == f"<{first.ref}@example.org>"
    assert first.evidence == ["club: patient:1 club"]
    assert len({r.ref for r in rows} | {r.content_hash for r in rows}) == 8
    assert {a.run for a in office.rows(asset)} == {prepared}


def test_a_source_is_asked_only_for_what_is_needed(office: Office) -> None:
    office.add("Ada")
    renderer = office.renderer(text="Hallo!")
    wanted = renderer.request(renderer.blocks[0]).fields
    assert wanted == {"nummer", "vorname", "nachname", "email"}
    again = renderer.address_request(renderer.blocks[0], office.clock())
    assert again.fields == {"email"}


def test_each_row_that_does_not_go_out_says_why(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe", "Eva", "Ole", "Ida", "Jan")
    people, club = office.source.people, office.club
    people["patient:2"][0].fields["email"] = "kein"
    people["patient:3"][0].fields["vorname"] = None
    club.verdicts["patient:4"] = Deny("no", "will nicht", "fragen")
    club.verdicts["patient:5"] = Abstain()
    office.pigeon.refused = "Ida"
    prepared = office.prepare(exclude=["patient:7"])
    assert office.unmarked(prepared) == {
        "patient:1": None,
        "patient:2": "unreachable",
        "patient:3": "missing_value",
        "patient:4": "denied",
        "patient:5": "denied",
        "patient:6": "value_refused",
        "patient:7": "excluded",
    }
    assert office.message(prepared, "patient:3").unmarked["reason"] == "the macro Vorname is empty"
    assert not office.message(prepared, "patient:5").allowed
    assert office.message(prepared, "patient:2").unreachable[0] == "invalid"


def test_denied_and_unreachable_rows_get_no_values(office: Office) -> None:
    office.add("Ada", "Kim")
    office.club.verdicts["patient:1"] = Deny("no", "will nicht", "fragen")
    office.source.people["patient:2"][0].fields["email"] = None
    prepared = office.prepare()
    for row in office.messages(prepared):
        assert (row.macro_values, row.content_hash, row.evidence) == (None, None, None)
    assert [q.person_id for q in office.club.asked] == ["patient:1"]


def test_only_the_named_rows_and_the_included_ones_are_marked(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe")
    prepared = office.prepare(rows=["patient:1"], include=["patient:3"])
    assert office.unmarked(prepared) == {
        "patient:1": None,
        "patient:2": "not_in_rows",
        "patient:3": None,
    }


@pytest.mark.parametrize(("limit", "rows"), [(1, 1), (3, 3), (5, 5), (99, 7)])
def test_a_limit_ends_the_selection(office: Office, limit: int, rows: int) -> None:
    office.add("Ada", "Kim", "Uwe", "Eva", "Ole", "Ida", "Jan")
    assert len(office.messages(office.prepare(limit=limit))) == rows


def test_a_row_of_several_blocks_is_there_once(office: Office) -> None:
    office.add("Ada", "Kim")
    office.other.add("patient:2", "Kim")
    office.other.add("patient:3", "Uwe")
    rows = office.messages(office.prepare(sources=["people", "others"]))
    assert [(r.no, r.row_id, r.block) for r in rows] == [
        (1, "patient:1", 0),
        (2, "patient:2", 0),
        (3, "patient:3", 1),
    ]
    limited = office.messages(office.prepare(sources=["people", "others"], limit=3))
    assert [r.row_id for r in limited] == ["patient:1", "patient:2", "patient:3"]


def test_a_person_with_two_occasions_has_two_rows(office: Office) -> None:
    office.source.add("patient:1", "Ada", occasion=TERMIN)
    office.source.add("patient:1", "Ada", occasion=Occasion("termin:10"))
    rows = office.messages(office.prepare(once_per="occasion"))
    assert [r.row_id for r in rows] == ["patient:1/termin:9", "patient:1/termin:10"]
    assert rows[0].once_key != rows[1].once_key
    assert (rows[0].occasion_at, rows[0].expires_at) == (TERMIN.starts_at, TERMIN.expires_at)


def test_the_key_of_once_is_person_or_occasion_and_its_start(office: Office) -> None:
    office.source.add("patient:1", "Ada", occasion=TERMIN)

    def key(**changes: object) -> str | None:
        (row,) = office.messages(office.prepare(**changes))
        return row.once_key  # type: ignore[no-any-return]

    occasion = key(once_per="occasion")
    assert occasion == key(once_per="occasion", text="Anders, {{Vorname}}", due="2026-03-09")
    assert len({occasion, key(once_per="recipient"), key(once_per="occasion", id="andere")}) == 3
    assert key(once_per="none") is None
    moved = Occasion("termin:9", datetime(2026, 3, 4, 8, tzinfo=UTC))
    office.source.people["patient:1"][0].occasion = moved
    assert key(once_per="occasion") != occasion


def test_people_who_share_an_address_get_one_message_where_wanted(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe")
    office.source.people["patient:3"][0].fields["email"] = "ada@example.org"
    assert set(office.unmarked(office.prepare()).values()) == {None}
    one = office.prepare(same_address="one")
    assert office.unmarked(one) == {
        "patient:1": None,
        "patient:2": None,
        "patient:3": "same_address",
    }
    assert office.message(one, "patient:3").unmarked == {
        "code": "same_address",
        "reason": "same address as patient:1",
        "includable": False,
    }
    assert office.message(one, "patient:3").macro_values is None


def test_who_is_not_marked_gives_the_address_free(office: Office) -> None:
    office.add("Ada", "Kim")
    office.source.people["patient:2"][0].fields["email"] = "ada@example.org"
    prepared = office.prepare(same_address="one", exclude=["patient:1"])
    assert office.unmarked(prepared) == {"patient:1": "excluded", "patient:2": None}


def test_who_has_it_already_can_be_left_out_from_the_start(office: Office) -> None:
    office.add("Ada")
    approve(office.ledger, office.prepare(once_per="recipient"), "user")
    office.add("Kim")
    again = office.prepare(once_per="recipient", exclude_already_sent=True)
    assert office.unmarked(again) == {"patient:1": "already_sent", "patient:2": None}


@pytest.mark.parametrize("failure", [SourceError("the database is away"), RuntimeError("bug")])
def test_a_source_that_fails_leaves_no_run(office: Office, failure: Exception) -> None:
    office.add("Ada", "Kim", "Uwe", "Eva")
    office.source.failure = failure
    with pytest.raises(type(failure)):
        office.prepare()
    assert (office.rows(run), office.rows(message), office.rows(asset)) == ([], [], [])


def test_a_source_that_repeats_a_row_is_refused(office: Office) -> None:
    office.add("Ada")
    office.source.add("patient:1", "Ada")
    with pytest.raises(LedgerError):
        office.prepare()
    assert office.rows(run) == []


def test_all_that_is_wrong_is_found_before_anybody_is_read(office: Office) -> None:
    office.source.failure = RuntimeError("nobody is read")
    with pytest.raises(SerienpostError, match="Vorname") as caught:
        office.prepare(text="Hallo {{Vornahme}} und {{Diagnose}}")
    assert len(caught.value.problems) == 2


def test_an_attachment_that_is_not_there_is_found_before_anybody_is_read(office: Office) -> None:
    mailing = office.mailing(files={"plan.pdf": b"plan"})
    office.context.path("anhaenge/plan.pdf").unlink()
    with pytest.raises(ConfigError, match=r"attachment anhaenge/plan\.pdf is not there"):
        check_mailing(office.context, mailing, date(2026, 3, 2))


_DIE = """
import os, sys
from pathlib import Path
from serienpost.ledger.engine import open_engine
from serienpost.ledger.owners import ownership
from serienpost.ledger.store import Ledger
ledger = Ledger(open_engine("sqlite:///versandbuch.db", Path(sys.argv[1])), "sonnenschein")
with ownership(ledger) as owner:
    print(owner, flush=True)
    sys.stdin.readline()
"""


def test_a_run_whose_process_died_is_removed_and_never_sent(office: Office, tmp_path: Path) -> None:
    office.add("Ada")
    dying = office.prepare()
    with subprocess.Popen(
        [sys.executable, "-c", _DIE, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        owner = process.stdout.readline().strip()
        with office.ledger.begin() as tx:
            tx.execute(tx.update(run).values(state="preparing", owner=owner))
        assert discard_dead(office.ledger) == 0
        with pytest.raises(LedgerError, match="is being prepared, not prepared"):
            approve(office.ledger, dying, "user")
        with pytest.raises(LedgerError):
            office.send(dying)
        os.kill(process.pid, signal.SIGKILL)
    assert discard_dead(office.ledger) == 1
    assert (office.rows(run), office.rows(message), office.rows(asset)) == ([], [], [])
    assert office.loft.sent == []


def test_run_ids_are_the_due_date_and_four_characters(office: Office) -> None:
    office.add("Ada")
    runs = {office.prepare(due="2026-12-24") for _ in range(3)}
    assert len(runs) == 3
    assert all(name.startswith("20261224-") and len(name) == 13 for name in runs)
