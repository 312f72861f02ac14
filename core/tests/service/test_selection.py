"""People chosen before there is a text: asked for, read, judged, marked, checked again."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from chosen_people import DENIED, Watched, chosen, codes, marked, rows_of
from opened_practice import ACTOR, OTHER, ROWS, prepared, released

from serienpost import SerienpostError
from serienpost.errors import LedgerError, StillOpenError
from serienpost.ledger.schema import SpokenJson, journal, selected, selection

if TYPE_CHECKING:
    from opened_practice import Practices
    from sqlalchemy.engine import Dialect

    from serienpost import Practice
    from serienpost.service import Selection


# Ask and read


def test_people_are_judged_as_in_the_review_of_a_mailing(
    practices: Practices, practice: Practice, source: Watched
) -> None:
    practices.write("consent.jsonl", DENIED)
    source.unreachable = {"patient:4"}
    found = chosen(practice)
    status = found.status()
    assert (status.state, status.kind, status.purpose) == ("ready", "email", "event")
    assert (status.created_by, status.counts) == (ACTOR, (ROWS, 5, 4, 4))
    assert status.searched == (("null", f"count: {ROWS}"),)
    run = prepared(practice)
    same = [row._replace(cost=None) for row in run.recipients()]
    assert list(found.recipients()) == same
    assert found.page(size=4).recipients == tuple(same[:4])
    assert found.explain("patient:2").recipients == (same[1],)
    assert found.explain("patient:2").asked_at == status.read_at


@pytest.mark.parametrize(
    ("account", "address"),
    [("mail", {"email"}), ("kurz", {"mobil"}), ("brief", {"strasse", "plz", "ort"})],
)
def test_sources_are_asked_for_the_address_the_name_and_the_number_alone(
    practice: Practice, source: Watched, account: str, address: set[str]
) -> None:
    found = chosen(practice, account=account)
    assert found.status().counts.marked == ROWS
    (request,) = source.requests
    name = {"nummer", "titel", "vorsatzwort", "vorname", "nachname", "namenszusatz"}
    assert address <= request.fields
    further = request.fields - name - practice.context.registry.kinds()[found.status().kind].fields
    assert further <= {"land"}
    kept = json.dumps(rows_of(practice), default=str)
    values = {"email": "null-3@", "mobil": "+4915220", "strasse": "Nullstra"}
    there = {field for field, value in values.items() if value in kept}
    assert there == address & values.keys()


def test_what_was_asked_is_read_in_another_process(practices: Practices) -> None:
    practice, other = practices.open(), practices.open(OTHER)
    counted: list[int] = []
    asked = practice.new_selection(
        [{"source": "null", "count": 3}, {"source": "null", "start": 2, "count": 1500}],
        account="mail",
        purpose="event",
        kind="email",
        order_by=["-nummer"],
        limit=1200,
    )
    status = asked.status()
    assert (status.state, status.is_begun, status.counts.selected) == ("reading", False, 0)
    with pytest.raises(StillOpenError, match="is being read"):
        asked.unmark_all()
    with pytest.raises(StillOpenError, match="is being read"):
        practice.prepare("einladung", selection=asked.id)
    read = other.selection(asked.id).read(counted.append)
    assert (read.state, read.is_begun, read.counts.selected) == ("ready", True, 1200)
    assert counted == [3, 1003, 1200]
    assert [row.row for row in asked.page(size=2).recipients] == ["patient:3", "patient:2"]
    with pytest.raises(LedgerError, match="was read already"):
        asked.read()
    assert [one.selection for one in practice.selections()] == [asked.id]


@pytest.mark.parametrize(
    ("blocks", "how", "said"),
    [
        ([{"source": "nul"}], {}, r"select\.0\.source: there is no source 'nul'.*'null'"),
        ([{"count": 3}], {}, "source: is missing"),
        ([{"source": "null", "cuont": 3}], {}, r"select\.0\.cuont: unknown key.*'count'"),
        ([{"source": "null", "count": "x"}], {}, r"select\.0\.count: must be a whole number"),
        ([], {}, "select: must be a map of filters"),
        ([{"source": "null"}], {"account": "mial"}, "account: there is no account 'mial'.*'mail'"),
        ([{"source": "null"}], {"purpose": "evnt"}, "purpose: there is no purpose 'evnt'"),
        ([{"source": "null"}], {"kind": "sms"}, "account: account mail sends e-mail, not SMS"),
        ([{"source": "null"}], {"order_by": ["nam"]}, "order_by: rows cannot be ordered by nam"),
        ([{"source": "null"}], {"limit": -1}, "limit: "),
    ],
)
def test_what_is_wrong_is_said_as_of_a_mailing(
    practice: Practice, blocks: list[dict[str, Any]], how: dict[str, Any], said: str
) -> None:
    with pytest.raises(SerienpostError, match=said):
        practice.select(blocks, **{"account": "mail", "purpose": "event", **how})
    assert rows_of(practice, selection) == []


def test_a_source_that_fails_leaves_a_selection_that_has_failed(
    practice: Practice, source: Watched
) -> None:
    source.failure = RuntimeError("Erika Muster is unreadable")
    with pytest.raises(RuntimeError):
        chosen(practice)
    (status,) = practice.selections()
    assert (status.state, status.counts.selected) == ("failed", 0)
    assert "Erika" not in json.dumps(status.document())
    found = practice.selection(status.selection)
    for refused in (found.read, found.unmark_all, lambda: found.mark(["patient:1"])):
        with pytest.raises(LedgerError, match=r"could not be read: .*check it again"):
            refused()
    source.failure = None
    assert found.again().counts.marked == ROWS
    assert found.status().reason is None


def test_a_selection_that_is_not_there_is_refused(practice: Practice) -> None:
    with pytest.raises(LedgerError, match="there is no selection s1"):
        practice.selection("s1")
    found = chosen(practice)
    found.discard()
    assert (rows_of(practice), rows_of(practice, selection), practice.selections()) == ([], [], [])
    for refused in (found.status, found.reasons, found.unmark_all, found.again, found.discard):
        with pytest.raises(LedgerError, match="there is no selection"):
            refused()


def test_who_reads_what_is_discarded_meanwhile_stops(practice: Practice, source: Watched) -> None:
    asked = practice.new_selection([{"source": "null"}], account="mail", purpose="event")
    source.while_reading = asked.discard
    with pytest.raises(LedgerError, match="there is no selection"):
        asked.read()
    assert (rows_of(practice), rows_of(practice, selection)) == ([], [])


def test_nobody_else_reads_what_is_being_read(practice: Practice, source: Watched) -> None:
    found = chosen(practice)
    refused: list[str] = []

    def look() -> None:
        assert found.status().state == "reading"
        for call in (found.read, found.again, lambda: found.unmark(["patient:1"])):
            with pytest.raises(StillOpenError) as error:
                call()
            refused.append(str(error.value))

    source.while_reading = look
    found.again()
    assert len(refused) == 3
    assert found.status().counts.marked == ROWS


# Look at it


def test_pages_are_sorted_and_filtered(practices: Practices, practice: Practice) -> None:
    practices.write("consent.jsonl", DENIED)
    found = chosen(practice, {"count": ROWS, "occasion": True})
    found.unmark(["patient:5/termin:5"])

    def ids(**how: object) -> list[str]:
        page = found.page(**how)  # type: ignore[arg-type]
        return [row.id.removeprefix("patient:") for row in page.recipients]

    assert ids(sort="-occasion") == ["6", "5", "4", "3", "2", "1"]
    assert ids(sort="occasion", size=2, page=2) == ["3", "4"]
    assert ids(sort="-number", filter="marked") == ["6", "4", "3", "1"]
    assert ids(filter="not_allowed") == ["2"]
    assert ids(filter="unmarked") == ["2", "5"]
    assert ids(filter="unreachable") == []
    with pytest.raises(SerienpostError, match="sorted by colour"):
        found.page(sort="colour")
    with pytest.raises(SerienpostError, match="filtered by all"):
        found.page(filter="all")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="numbers from 1"):
        found.page(0)


def test_reasons_are_counted_and_each_shows_its_rows(
    practices: Practices, practice: Practice, source: Watched
) -> None:
    practices.write("consent.jsonl", DENIED)
    source.unreachable = {"patient:4", "patient:6"}
    found = chosen(practice)
    found.unmark(["patient:5"])
    reasons = found.reasons()
    assert [one.rows for one in reasons] == [2, 1, 1]
    assert reasons[0].reason == "nobody knows where"
    assert "withdrawn" in reasons[1].reason
    shown = [[r.id for r in found.page(reason=one.key).recipients] for one in reasons]
    assert shown == [["patient:4", "patient:6"], ["patient:2"], ["patient:5"]]
    assert found.page(reason="nothing").total == 0
    assert found.unmark_all(reason=reasons[0].key) == 0
    assert found.mark_all(reason=reasons[2].key) == 1
    assert marked(found) == ["1", "3", "5"]


def test_people_at_one_address_are_pointed_out(practices: Practices) -> None:
    practices.edit("serienpost.yaml", "gone: gone.json", "gone: gone.json, fields: {email: a@b.de}")
    practice = practices.open()
    found = chosen(practice, {"count": 3})
    (shared,) = found.shared()
    assert (shared.what, shared.groups) == ("address", 1)
    assert shared.examples[0] == ("patient:1", "patient:2", "patient:3")
    found.unmark(["patient:1", "patient:2"])
    assert found.shared() == ()


def test_a_page_reads_no_more_rows_than_it_shows(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = chosen(practice, {"count": 3000})
    found.unmark_all()
    read: list[object] = []
    original = SpokenJson.process_result_value

    def counting(self: SpokenJson, value: object, dialect: Dialect) -> object:
        read.append(value)
        return original(self, value, dialect)

    monkeypatch.setattr(SpokenJson, "process_result_value", counting)
    for sort in ("-row", "name", "-address", "number", "occasion", "reachable", "allowed"):
        read.clear()
        assert len(found.page(sort=sort, filter="unmarked", size=100).recipients) == 100
        assert len(read) == 3 * 100
    read.clear()
    assert found.reasons()[0].rows == 3000
    assert found.status().counts.selected == 3000
    assert len(read) < 10


# Mark


def test_marks_are_changed_one_by_one_and_all_at_once(
    practices: Practices, practice: Practice
) -> None:
    practices.write("consent.jsonl", DENIED)
    found = chosen(practice)
    assert found.unmark(["patient:1", "patient:3", "patient:1"]) == 2
    assert found.unmark(["patient:1"]) == 0
    assert marked(found) == ["4", "5", "6"]
    (row,) = found.page(size=1).recipients
    assert (row.unmarked or {})["code"] == "excluded"
    assert found.mark(["patient:3", "patient:4"]) == 1
    assert found.unmark_all(filter="marked") == 4
    assert marked(found) == []
    assert found.mark_all() == 5
    assert marked(found) == ["1", "3", "4", "5", "6"]
    assert found.drop_not_allowed() == 1
    assert marked(found) == ["1", "3", "4", "5", "6"]


def test_a_mark_from_elsewhere_on_who_is_not_allowed_is_dropped(
    practices: Practices, practice: Practice
) -> None:
    practices.write("consent.jsonl", DENIED)
    found = chosen(practice)
    with practice.ledger.begin() as tx:
        tx.execute(tx.update(selected).where(selected.c.no == 2).values(marked=True))
    assert found.drop_not_allowed() == 1
    assert "2" not in marked(found)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("patient:2", r"patient:2 is not allowed: .*withdrawn.*check again"),
        ("patient:4", r"patient:4 is not reachable: nobody knows where \(row 7\)"),
        ("patient:99", "has no such row"),
    ],
)
def test_who_cannot_be_written_to_is_not_marked_and_nothing_changes(
    practices: Practices, practice: Practice, source: Watched, row: str, said: str
) -> None:
    practices.write("consent.jsonl", DENIED)
    source.unreachable = {"patient:4"}
    found = chosen(practice)
    found.unmark(["patient:1"])
    with pytest.raises(LedgerError, match=said):
        found.mark(["patient:1", row])
    assert marked(found) == ["3", "5", "6"]


def test_people_who_mark_at_once_lose_nothing(practices: Practices) -> None:
    practice, other = practices.open(), practices.open(OTHER)
    found = chosen(practice, {"count": 40})
    failed: list[BaseException] = []

    def unmark(one: Selection, numbers: range) -> None:
        try:
            for number in numbers:
                one.unmark([f"patient:{number}"])
        except BaseException as error:  # noqa: BLE001  # a thread's error is seen by nobody
            failed.append(error)

    theirs = other.selection(found.id)
    threads = [
        threading.Thread(target=unmark, args=(one, range(first, 41, 2)))
        for one, first in ((found, 1), (theirs, 2))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, marked(found)) == ([], [])


def test_who_changed_what_is_recorded_by_ids(practices: Practices) -> None:
    practice, other = practices.open(), practices.open(OTHER)
    found = chosen(practice, {"count": 3})
    other.selection(found.id).unmark(["patient:1", "patient:2"])
    found.mark_all(filter="unmarked")
    found.again()
    lines = sorted(rows_of(practice, journal), key=lambda one: one["at"])
    mine = [(line["user"], line["action"], line["detail"]) for line in lines]
    assert {line["run"] for line in lines} == {found.id}
    assert sorted(mine, key=str) == sorted(
        [
            (ACTOR, "select", None),
            (OTHER, "unmark", {"rows": "patient:1, patient:2"}),
            (ACTOR, "mark all", {"filter": "unmarked", "reason": None, "count": 2}),
            (ACTOR, "select again", None),
        ],
        key=str,
    )


# Check again


def test_checking_again_keeps_who_was_unmarked_by_hand(
    practices: Practices, practice: Practice, source: Watched
) -> None:
    practices.write("consent.jsonl", DENIED)
    source.missing = {"patient:6"}
    source.unreachable = {"patient:4"}
    found = chosen(practice)
    found.unmark(["patient:1"])
    assert marked(found) == ["3", "5"]
    practices.write("consent.jsonl", '{"id": "patient:3", "verdict": "deny"}\n')
    source.missing, source.unreachable = {"patient:5"}, set()
    status = found.again()
    assert status.counts == (5, 5, 4, 3)
    assert marked(found) == ["2", "4", "6"]
    assert [one.rows for one in found.reasons()] == [1, 1]
    assert found.mark(["patient:1"]) == 1


def test_a_selection_that_cannot_be_read_again_keeps_its_rows(
    practice: Practice, source: Watched
) -> None:
    found = chosen(practice)
    found.unmark(["patient:1"])
    before = rows_of(practice)
    source.failure = SerienpostError("the database is away")
    with pytest.raises(SerienpostError, match="the database is away"):
        found.again()
    status = found.status()
    assert (status.state, status.reason) == ("failed", "the database is away")
    assert rows_of(practice) == before
    source.failure = None
    found.again()
    assert marked(found) == ["2", "3", "4", "5", "6"]


# Prepare


def test_a_run_takes_over_people_and_marks(
    practices: Practices, practice: Practice, source: Watched
) -> None:
    practices.write("consent.jsonl", DENIED)
    source.missing = {"patient:6"}
    found = chosen(practice)
    found.unmark(["patient:1"])
    practices.write("consent.jsonl", '{"id": "patient:3", "verdict": "deny"}\n')
    source.missing = {"patient:5"}
    practices.edit("mailings/einladung.yaml", f"count: {ROWS}", "count: 1")
    run = prepared(practice, selection=found.id)
    assert [row.id for row in run.recipients() if row.marked] == ["patient:4"]
    assert codes(run) == {
        "1": "unmarked_in_selection",
        "2": "unmarked_in_selection",
        "3": None,
        "6": "not_in_selection",
    }
    whys = {row.row: row.why_not for row in run.recipients()}
    assert whys["patient:1"] == "unmarked by hand in the selection"
    assert whys["patient:2"] == "not marked in the selection"
    taken = run.summary().taken_over
    assert taken == (found.id, 1, ("patient:5",))
    run.mark(include=["patient:1", "patient:6"])
    assert [row.id for row in run.recipients() if row.marked] == [
        "patient:1",
        "patient:4",
        "patient:6",
    ]
    released(run)
    run.deliver()
    assert practices.accepted() == 3


def test_the_plan_is_that_of_the_same_people_marked_by_hand(practice: Practice) -> None:
    by_file = prepared(practice)
    found = chosen(practice)
    taken = prepared(practice, selection=found.id)
    assert by_file.summary().taken_over is None
    assert taken.summary().plan_hash == by_file.summary().plan_hash
    found.unmark(["patient:3"])
    by_file.mark(exclude=["patient:3"])
    taken = prepared(practice, selection=found.id)
    assert taken.summary().plan_hash == by_file.summary().plan_hash


def test_who_is_unmarked_while_the_run_is_prepared_is_not_written_to(
    practice: Practice, source: Watched
) -> None:
    found = chosen(practice, {"count": 1500})

    def unmark() -> None:
        found.unmark(["patient:7"])

    source.while_reading = unmark
    run = prepared(practice, selection=found.id)
    assert codes(run) == {"7": "unmarked_in_selection"}


@pytest.mark.parametrize("change", ["again", "discard"])
def test_a_selection_that_changes_while_the_run_is_prepared_makes_no_run(
    practices: Practices, practice: Practice, source: Watched, change: str
) -> None:
    found = chosen(practice)
    practices.clock.forward(1)
    changes = [getattr(found, change)]
    source.while_reading = lambda: changes.pop()() if changes else None
    with pytest.raises(LedgerError, match=r"checked again meanwhile|there is no selection"):
        practice.prepare("einladung", selection=found.id)
    assert practice.runs() == []


def test_kind_purpose_and_day_must_agree(practice: Practice) -> None:
    sms = chosen(practice, account="kurz", purpose="recall")
    with pytest.raises(SerienpostError) as error:
        practice.prepare("einladung", selection=sms.id)
    kind, purpose = map(str, error.value.problems)
    assert "the account mail sends e-mail" in kind
    assert f"selection {sms.id} were checked for SMS" in kind
    assert "is for the purpose event" in purpose
    assert "checked for recall" in purpose
    tomorrow = practice.day("morgen")
    dated = chosen(practice, {"count": 2, "occasion": True}, due=tomorrow)
    with pytest.raises(SerienpostError, match=r"were chosen for .*, not for"):
        practice.prepare("einladung", selection=dated.id, due=practice.today())
    prepared(practice, selection=dated.id)
    assert practice.runs()[0].due == tomorrow.isoformat()
    undated = chosen(practice, due=tomorrow)
    prepared(practice, selection=undated.id)
    assert practice.runs()[0].due == practice.today().isoformat()
