"""Sent messages reach the persons' records once, and only sent ones."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Accepted, Cost, Rejected
from serienpost.errors import LedgerError
from serienpost.ledger.schema import archive
from serienpost.registry import Provider
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report.erasure import erase_person
from serienpost.run.report.preview import preview
from serienpost.run.send.approve import approve
from serienpost.run.send.archive import archive_counts, queue_entries, store_entries, waiting_runs
from serienpost.run.send.trial import send_test

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from serienpost import ArchiveEntry, Context, Message

    Office = Any

pytestmark = pytest.mark.timeout(30)


class Shelf:
    """Keeps what it is given; patient:2 has no place in it."""

    name = "shelf"
    kinds = frozenset({"email"})

    def __init__(self) -> None:
        self.entries: list[ArchiveEntry] = []
        self.failure: Exception | None = None
        self.short = 0

    def store(self, context: Context, entries: Sequence[ArchiveEntry]) -> Sequence[str | None]:
        self.entries += entries
        if self.failure:
            raise self.failure
        answers = ["no place" if one.person_id == "patient:2" else None for one in entries]
        return answers[: len(entries) - self.short]

    @property
    def people(self) -> list[str]:
        return [entry.person_id for entry in self.entries]


@pytest.fixture
def shelf(office: Office) -> Shelf:
    made = Shelf()
    office.registry.add("archives", made.name, made, Provider("serienpost-toys", "1.0"))
    office.add("Ada", "Bea", "Cid")
    return made


def queued(office: Office) -> dict[int, str]:
    return {row.no: row.state for row in office.rows(archive)}


def test_who_was_sent_to_is_stored_once(office: Office, shelf: Shelf) -> None:
    office.loft.answers["cid"] = [Rejected("550", "no", "recipient")]
    run = office.approved()
    assert office.send(run) == "finished"
    assert shelf.people == ["patient:1", "patient:2"]
    (first, _) = shelf.entries
    ref = office.message(run, "patient:1").ref
    assert (first.message, first.run, first.subject) == (f"sonnenschein:{ref}", run, "Einladung")
    assert first.content == "Hallo Ada!"
    assert first.pdf is None
    assert first.sent_at == office.clock.now
    assert archive_counts(office.ledger, run) == {"stored": 1, "no_record": 1}
    assert [row.text for row in office.rows(archive)] == [None, "no place"]
    office.send(run)
    store_entries(load_renderer(office.context, office.ledger, run), office.ledger, run)
    assert len(shelf.entries) == 2


@pytest.fixture
def pages(office: Office) -> None:
    """Letters in parts of two, of three pages each; records and files tell both."""
    pigeon = office.pigeon

    def told(account: object, message: Message) -> str:
        return f"{message.ref}: part {message.part}, {message.cost} pages"

    pigeon.part_size = lambda account: 2
    pigeon.finish = lambda context, account, generation: []
    pigeon.cost = lambda account, content: Cost("pages", 3)
    pigeon.record = told
    pigeon.print_records = lambda records: b""
    pigeon.preview = lambda account, message: {".pdf": told(account, message).encode()}
    office.loft.batch = 2


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("when", ["when it is finished", "later"])
@pytest.mark.parametrize("kept", ["entry", "pdf"])
def test_a_letter_keeps_its_part_and_its_pages(
    office: Office, shelf: Shelf, when: str, kept: str
) -> None:
    run = office.prepare()
    approve(office.ledger, run, "user", archive=kept)
    shelf.failure = OSError("away") if when == "later" else None
    assert office.send(run) == "finished"
    if when == "later":
        shelf.failure = None
        shelf.entries.clear()
        store_entries(load_renderer(office.context, office.ledger, run), office.ledger, run)
    told = [f"{row.ref}: part {row.part}, 3 pages" for row in office.messages(run)]
    assert [row.part for row in office.messages(run)] == [1, 1, 2]
    assert [entry.content for entry in shelf.entries] == told
    pdf = [text.encode() for text in told]
    assert [entry.pdf for entry in shelf.entries] == (pdf if kept == "pdf" else [None] * 3)
    renderer = load_renderer(office.context, office.ledger, run)
    seen = preview(renderer, office.ledger, run, None, every=True)
    assert [files[".pdf"] for _, files in seen] == pdf


@pytest.mark.usefixtures("pages")
def test_a_test_of_a_letter_has_its_pages_and_no_part(office: Office, tmp_path: Path) -> None:
    office.add("Ada")
    office.pigeon.repeatable = True
    run = office.approved()
    renderer = load_renderer(office.context, office.ledger, run)
    send_test(
        renderer, office.ledger, run, str(tmp_path / "made.pdf"), None, "user", lambda _: None
    )
    assert (tmp_path / "made.pdf").read_text("ascii").endswith("part None, None pages")
    send_test(
        renderer,
        office.ledger,
        run,
        str(tmp_path / "probe.pdf"),
        "patient:1",
        "user",
        lambda _: None,
    )
    assert (tmp_path / "probe.pdf").read_text("ascii").endswith("part None, 3 pages")


def test_queued_twice_is_queued_once(office: Office, shelf: Shelf) -> None:
    run = office.approved()
    office.send(run)
    before = office.rows(archive)
    with office.ledger.begin("finish") as tx:
        queue_entries(office.context, tx, office.run(run))
    assert office.rows(archive) == before
    exists = pytest.raises(LedgerError, match="exists already")
    with exists, office.ledger.begin("finish") as tx:
        tx.execute(archive.insert().values(dict(before[0]._mapping)))


@pytest.mark.parametrize("trouble", ["raises", "answers too little"])
def test_entries_wait_for_an_archive_that_fails(office: Office, shelf: Shelf, trouble: str) -> None:
    shelf.failure = OSError("away") if trouble == "raises" else None
    shelf.short = 1
    run = office.approved()
    assert office.send(run) == "finished", "the run does not depend on the records"
    assert set(queued(office).values()) == {"waiting"}
    with office.ledger.read() as tx:
        assert waiting_runs(tx) == {run}
    shelf.failure, shelf.short = None, 0
    office.send(run)
    assert archive_counts(office.ledger, run) == {"stored": 2, "no_record": 1}
    assert set(Counter(entry.message for entry in shelf.entries).values()) == {2}
    with office.ledger.read() as tx:
        assert waiting_runs(tx) == set()


def test_previews_and_tests_are_no_entries(office: Office, shelf: Shelf) -> None:
    run = office.prepare()
    renderer = load_renderer(office.context, office.ledger, run)
    assert len(list(preview(renderer, office.ledger, run, None, every=True))) == 3
    send_test(renderer, office.ledger, run, "own@example.org", None, "user", lambda _: None)
    assert (shelf.entries, office.rows(archive)) == ([], [])
    office.clock.forward(1)
    approve(office.ledger, run, "user")
    office.send(run)
    assert shelf.people == ["patient:1", "patient:2", "patient:3"]


def test_other_kinds_are_no_entries(office: Office, shelf: Shelf) -> None:
    shelf.kinds = frozenset({"letter"})
    run = office.approved()
    office.send(run)
    assert (shelf.entries, office.rows(archive)) == ([], [])


def test_a_retry_adds_what_was_missing(office: Office, shelf: Shelf) -> None:
    from serienpost.run.send.doubts import retry_failed

    office.loft.answers["cid"] = [Rejected("550", "no", "recipient"), Accepted("q")]
    run = office.approved()
    office.send(run)
    retry_failed(office.ledger, run, "user")
    office.send(run)
    assert shelf.people == ["patient:1", "patient:2", "patient:3"]


def test_an_erased_person_waits_no_more(office: Office, shelf: Shelf) -> None:
    shelf.failure = OSError("away")
    run = office.approved()
    office.send(run)
    erase_person(office.context, office.ledger, "patient:1", "user")
    shelf.failure = None
    shelf.entries.clear()
    office.send(run)
    assert shelf.people == ["patient:2", "patient:3"]
    assert queued(office) == {2: "no_record", 3: "stored"}


def test_what_would_read_differently_now_is_not_stored(office: Office, shelf: Shelf) -> None:
    shelf.failure = OSError("away")
    run = office.approved()
    office.send(run)
    shelf.failure = None
    shelf.entries.clear()
    office.pigeon.addition = " "
    office.send(run)
    assert shelf.entries == []
    assert set(queued(office).values()) == {"waiting"}
    office.pigeon.addition = ""
    office.send(run)
    assert len(shelf.entries) == 3
