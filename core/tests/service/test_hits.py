"""People who are found before anybody says how and why they are written to, and judged then."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from chosen_people import DENIED, Watched, codes, marked, rows_of
from opened_practice import ROWS, prepared

from serienpost.errors import ConfigError, LedgerError, StillOpenError
from serienpost.ledger.schema import journal, selected, selection

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice
    from serienpost.service import Selection

MANY = 10_000


def found(practice: Practice, count: int = ROWS) -> Selection:
    hits = practice.find_people([{"source": "null", "count": count}])
    hits.read()
    return hits


def test_who_is_found_is_number_and_name_alone(practice: Practice, source: Watched) -> None:
    hits = found(practice)
    status = hits.status()
    assert (status.state, status.kind, status.account, status.purpose) == ("found", *(None,) * 3)
    assert (status.counts, status.hits) == ((ROWS, ROWS, 0, 0), status.counts)
    (request,) = source.requests
    assert request.fields <= {
        "nummer", "titel", "vorsatzwort", "vorname", "nachname", "namenszusatz",
    }  # fmt: skip
    for row in rows_of(practice):
        unknown = ("address", "address_hash", "consent", "unreachable", "because", "consenting")
        assert [row[name] for name in unknown] == [None] * len(unknown)
        assert not row["allowed"]
    page = hits.page(size=2)
    assert (page.total, [one.number for one in page.recipients]) == (ROWS, ["1", "2"])
    assert [one.name for one in page.recipients] == ["Erika Muster 1", "Erika Muster 2"] or all(
        one.name for one in page.recipients
    )
    assert (hits.reasons(), hits.shared()) == ((), ())


def test_hits_are_marked_by_a_person_alone(practice: Practice) -> None:
    hits = found(practice)
    assert marked(hits) == []
    with pytest.raises(LedgerError, match="nobody is marked"):
        hits.check(account="mail", purpose="event")
    assert hits.mark(["patient:1", "patient:3"]) == 2
    assert hits.mark_all() == ROWS - 2
    assert hits.unmark(["patient:2"]) == 1
    assert hits.drop_not_allowed() == 0
    assert len(marked(hits)) == ROWS - 1
    with pytest.raises(LedgerError, match="has no such row"):
        hits.mark(["patient:99"])


def test_the_marked_ones_are_judged_as_if_they_were_chosen_at_once(
    practices: Practices, practice: Practice, source: Watched
) -> None:
    practices.write("consent.jsonl", DENIED)
    source.unreachable = {"patient:4"}
    hits = found(practice)
    hits.mark(["patient:1", "patient:2", "patient:4", "patient:5"])
    status = hits.check(account="mail", purpose="event", kind="email")
    assert (status.state, status.kind, status.purpose) == ("ready", "email", "event")
    assert (status.counts, status.vanished) == ((4, 3, 2, 2), 0)
    once = practice.select([{"source": "null"}], account="mail", purpose="event")
    same = {one.row: one for one in once.recipients()}
    assert list(hits.recipients()) == [same[one.row] for one in hits.recipients()]
    assert marked(hits) == ["1", "5"]
    with pytest.raises(LedgerError, match="is not allowed"):
        hits.mark(["patient:2"])


def test_one_comes_back_to_the_hits_and_chooses_another_kind(practice: Practice) -> None:
    hits = found(practice)
    hits.mark(["patient:1", "patient:3"])
    hits.check(account="mail", purpose="event")
    with pytest.raises(LedgerError, match="are checked already"):
        hits.check(account="kurz", purpose="event")
    hits.unmark(["patient:3"])
    assert hits.back().state == "found"
    assert marked(hits) == ["1", "3"]
    kept = json.dumps(rows_of(practice), default=str)
    assert "example.org" not in kept
    assert hits.check(account="kurz", purpose="recall").kind == "sms"
    assert marked(hits) == ["1", "3"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"account": "mial"}, "account: there is no account 'mial'"),
        ({"purpose": "evnt"}, "purpose: there is no purpose 'evnt'"),
        ({"kind": "sms"}, "account: account mail sends e-mail, not SMS"),
    ],
)
def test_what_is_wrong_with_kind_and_purpose_is_said_and_nothing_changes(
    practice: Practice, how: dict[str, str], said: str
) -> None:
    hits = found(practice)
    hits.mark_all()
    with pytest.raises(ConfigError, match=re.escape(said)):
        hits.check(**{"account": "mail", "purpose": "event", **how})
    assert hits.status().state == "found"


def test_found_again_who_was_marked_stays_so(practice: Practice, source: Watched) -> None:
    hits = found(practice)
    hits.mark(["patient:1", "patient:3", "patient:5"])
    source.missing = {"patient:3"}
    assert hits.again().state == "found"
    assert marked(hits) == ["1", "5"]
    source.missing = {"patient:5"}
    status = hits.check(account="mail", purpose="event")
    assert (status.counts.selected, status.vanished) == (1, 1)
    source.missing = set()
    assert hits.again().counts.selected == 2


def test_a_run_is_for_the_marked_hits_and_names_who_is_new(
    practice: Practice, source: Watched
) -> None:
    source.missing = {"patient:6"}
    hits = found(practice)
    with pytest.raises(LedgerError, match="are not checked yet"):
        practice.prepare("einladung", selection=hits.id)
    hits.mark(["patient:1", "patient:2"])
    hits.check(account="mail", purpose="event")
    hits.unmark(["patient:2"])
    source.missing = set()
    run = prepared(practice, selection=hits.id)
    assert [one.row for one in run.recipients()] == ["patient:1", "patient:2", "patient:6"]
    assert codes(run) == {"2": "unmarked_in_selection", "6": "not_in_selection"}


def test_a_check_that_fails_or_is_broken_off_keeps_the_hits(
    practice: Practice, source: Watched
) -> None:
    hits = found(practice)
    hits.mark(["patient:1"])
    source.failure = RuntimeError("Erika Muster is unreadable")
    with pytest.raises(RuntimeError):
        hits.check(account="mail", purpose="event")
    status = hits.status()
    assert (status.state, status.counts.selected) == ("failed", 0)
    assert "Muster" not in (status.reason or "")
    assert hits.back().state == "found"
    source.failure, source.while_reading = None, hits.back
    with pytest.raises(StillOpenError):
        hits.check(account="mail", purpose="event")
    source.while_reading = lambda: None
    assert hits.status().state == "found"
    assert marked(hits) == ["1"]
    assert {row["selection"] for row in rows_of(practice)} == {f"{hits.id}~"}


def test_what_a_draft_writes_to_stays(practice: Practice) -> None:
    hits = found(practice)
    hits.mark_all()
    hits.check(account="mail", purpose="event")
    draft = practice.new_draft("einladung", selection=hits.id)
    for refused in (hits.back, hits.discard):
        with pytest.raises(LedgerError, match="writes to these people"):
            refused()
    assert [one.id for one in hits.drafts()] == [draft.id]
    saved = draft.save(draft.keys, draft.version, selection=False)
    assert saved.selection is None
    assert hits.drafts() == []
    with pytest.raises(LedgerError, match="there is no selection"):
        saved.save(saved.keys, saved.version, selection="s20260101-zzzzzz")
    assert saved.save(saved.keys, saved.version, selection=hits.id).selection == hits.id


def test_who_is_only_found_is_exported_erased_and_discarded(practice: Practice) -> None:
    hits = found(practice)
    hits.mark(["patient:2", "patient:5"])
    hits.check(account="mail", purpose="event")
    told = practice.export_person("patient:5").selections
    assert [(one.selection, one.kind, one.allowed) for one in told] == [
        (hits.id, "email", True),
        (hits.id, None, None),
    ]
    practice.erase_person("patient:5")
    everything = json.dumps(
        [rows_of(practice, t) for t in (selected, selection, journal)], default=str
    )
    assert "patient:5" not in everything
    hits.discard()
    assert rows_of(practice) == rows_of(practice, selection) == []


def test_of_ten_thousand_hits_a_page_reads_what_it_shows(
    practice: Practice, source: Watched
) -> None:
    hits = found(practice, MANY)
    assert hits.status().counts.selected == MANY
    page = hits.page(101, size=99)
    assert (page.pages, page.total, len(page.recipients)) == (102, MANY, 99)
    assert hits.mark_all() == MANY
    assert hits.unmark([f"patient:{no}" for no in range(4, MANY + 1)]) == MANY - 3
    batches = len(source.requests)
    status = hits.check(account="mail", purpose="event")
    assert (status.counts.selected, status.counts.marked, status.hits) == (
        3, 3, (MANY, MANY, 0, 3),
    )  # fmt: skip
    assert len(source.requests) == batches + 1
    hits.back()
    hits.mark_all()
    assert hits.check(account="mail", purpose="event").counts.marked == MANY
    kept = {f"{hits.id}~": MANY, hits.id: MANY}
    counted: dict[str, int] = {}
    for row in rows_of(practice):
        counted[row["selection"]] = counted.get(row["selection"], 0) + 1
    assert counted == kept
