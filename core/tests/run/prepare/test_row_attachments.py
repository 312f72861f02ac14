"""Attachments of one row, found by a file name that its values make up."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost.config.mailing import Mailing
from serienpost.contracts.rows import Occasion
from serienpost.errors import ConfigError, LedgerError, UnavailableError
from serienpost.run.prepare.attachment_folder import LARGEST
from serienpost.run.prepare.check import check_mailing
from serienpost.run.prepare.freeze import prepare
from serienpost.run.prepare.marks import change_marks
from serienpost.run.send.approve import approve

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Office

    from serienpost.run.prepare.renderer import RunRenderer

PATTERN = "befunde/Befund {{Vorname}}.pdf"


def renderer(office: Office, *attachments: object) -> RunRenderer:
    made = Mailing(id="x", account="pigeons", purpose="event", attachments=list(attachments))
    mailing = office.mailing().model_copy(update={"attachments": made.attachments})
    return check_mailing(office.context, mailing, date(2026, 3, 2))


def prepared(office: Office, *attachments: object) -> str:
    return prepare(renderer(office, *attachments), office.ledger, "user")


def add_named(office: Office, name: str) -> None:
    """A person whose address does not follow from the name."""
    office.source.add("patient:1", name).fields["email"] = "ada@example.org"


@pytest.fixture
def folder(office: Office) -> Path:
    made = office.context.path("anhaenge/befunde")
    made.mkdir(parents=True)
    return made


def test_each_gets_the_file_of_that_name(office: Office, folder: Path) -> None:
    office.add("Ada", "Kim")
    for name in ("Ada", "Kim"):
        (folder / f"Befund {name}.pdf").write_bytes(name.encode())
    office.attach("plan.txt", b"plan")
    run = prepared(office, "plan.txt", PATTERN)
    approve(office.ledger, run, "user")
    assert office.send(run) == "finished"
    sent = [
        [(a.filename, a.media_type, a.data) for a in message.content.attachments]
        for message in office.loft.messages
    ]
    plan = ("plan.txt", "text/plain", b"plan")
    assert sorted(sent) == [
        [plan, ("Befund Ada.pdf", "application/pdf", b"Ada")],
        [plan, ("Befund Kim.pdf", "application/pdf", b"Kim")],
    ]


def _make(folder: Path, kind: str) -> None:
    path = folder / "Befund Ada.pdf"
    secret = folder.parent / "geheim.pdf"
    secret.write_bytes(b"secret")
    match kind:
        case "link out":
            path.symlink_to(secret)
        case "hidden link":
            path.symlink_to("../geheim.pdf")
        case "second name":
            path.hardlink_to(secret)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch()
        case "huge":
            with path.open("wb") as file:
                file.truncate(LARGEST + 1)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "is missing"),
        ("link out", "is a link"),
        ("hidden link", "is a link"),
        ("second name", "several names"),
        ("folder", "not a file"),
        ("pipe", "not a file"),
        ("empty", "is empty"),
        ("huge", "larger than 25 MB"),
    ],
)
def test_a_row_without_its_file_is_left_out(
    office: Office, folder: Path, kind: str, reason: str
) -> None:
    office.add("Ada", "Kim")
    (folder / "Befund Kim.pdf").write_bytes(b"Kim")
    _make(folder, kind)
    run = prepared(office, PATTERN)
    assert office.unmarked(run) == {"patient:1": "attachment", "patient:2": None}
    row = office.message(run, "patient:1")
    assert row.unmarked["reason"].startswith(f"attachment {PATTERN}: ")
    assert reason in row.unmarked["reason"]
    assert row.unmarked["includable"] is False
    assert "Ada" not in row.unmarked["reason"]


@pytest.mark.parametrize(
    "value",
    [
        "../geheim",
        "x/../../geheim",
        "/etc/passwd",
        "..\\geheim",
        "a\x00b",
        "a\nb",
        "c:geheim",
        "x" * 300,
        "🎂" * 60,
    ],
)
def test_a_value_never_becomes_a_path(office: Office, folder: Path, value: str) -> None:
    (folder.parent / "geheim.pdf").write_bytes(b"secret")
    (folder / "x").mkdir()
    add_named(office, value)
    run = prepared(office, "befunde/{{Vorname}}.pdf")
    assert set(office.unmarked(run).values()) <= {"attachment", "value_refused"}


@pytest.mark.parametrize("value", [".", "..", "...", ".geheim"])
def test_a_hidden_file_or_the_folder_itself_is_refused(
    office: Office, folder: Path, value: str
) -> None:
    (folder / ".geheim").write_bytes(b"secret")
    add_named(office, value)
    run = prepared(office, "befunde/{{Vorname}}")
    assert office.unmarked(run) == {"patient:1": "attachment"}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{{Vorname}}.pdf", "names no folder"),
        ("{{Vorname}}/befund.pdf", "depends on a value"),
        ("befunde/{{Vorname}}/x.pdf", "depends on a value"),
        ("anhaenge/{{Vorname}}.pdf", "names no folder"),
        ("fehlt/{{Vorname}}.pdf", "there is no folder anhaenge/fehlt"),
        ("../{{Vorname}}.pdf", "outside of anhaenge"),
        ("befunde/../{{Vorname}}.pdf", "outside of anhaenge"),
        ("/etc/{{Vorname}}.pdf", "outside of anhaenge"),
        ("verweis/{{Vorname}}.pdf", "there is no folder anhaenge/verweis"),
        ("befunde/{{Diagnose}}.pdf", "no macro Diagnose"),
        ("befunde/{{Vorname.x}}.pdf", "attachment befunde"),
    ],
)
def test_what_is_wrong_is_found_before_anybody_is_read(
    office: Office,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    pattern: str,
    message: str,
) -> None:
    (folder.parent / "verweis").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    office.source.failure = RuntimeError("nobody is read")
    with pytest.raises(Exception, match=message):
        renderer(office, pattern)


def test_a_folder_that_becomes_a_link_gives_nothing(
    office: Office, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    office.add("Ada")
    plan = renderer(office, PATTERN)
    outside = tmp_path_factory.mktemp("elsewhere")
    (outside / "Befund Ada.pdf").write_bytes(b"secret")
    folder.rmdir()
    folder.symlink_to(outside)
    with pytest.raises(UnavailableError, match="the folder of the attachment befunde"):
        prepare(plan, office.ledger, "user")


@pytest.mark.parametrize("data", [b"other", None])
def test_a_file_that_changes_after_the_review_stops_the_run(
    office: Office, folder: Path, data: bytes | None
) -> None:
    office.add("Ada")
    file = folder / "Befund Ada.pdf"
    file.write_bytes(b"Ada")
    run = prepared(office, PATTERN)
    approve(office.ledger, run, "user")
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)
    assert office.send(run) == "paused content_changed"
    assert office.loft.sent == []


def test_the_plan_covers_the_names_and_the_bytes(office: Office, folder: Path) -> None:
    office.add("Ada")
    (folder / "Befund Ada.pdf").write_bytes(b"Ada")
    plain, with_file = prepared(office), prepared(office, PATTERN)
    assert office.run(plain).plan_hash != office.run(with_file).plan_hash
    before = office.message(with_file, "patient:1").content_hash
    (folder / "Befund Ada.pdf").write_bytes(hashlib.sha256(b"").digest())
    assert office.message(prepared(office, PATTERN), "patient:1").content_hash != before


def test_two_files_of_one_name_are_refused(office: Office, folder: Path) -> None:
    for path in (folder / "plan.pdf", folder.parent / "plan.pdf"):
        path.write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"two attachments are called plan\.pdf"):
        renderer(office, "plan.pdf", "befunde/plan.pdf")


def _shared_file(office: Office, folder: Path) -> None:
    """Ada twice, and Kim."""
    office.add("Ada", "Ada", "Kim")
    for name in ("Ada", "Kim"):
        (folder / f"Befund {name}.pdf").write_bytes(name.encode())


def test_a_file_that_is_two_peoples_goes_to_neither(office: Office, folder: Path) -> None:
    _shared_file(office, folder)
    run = prepared(office, PATTERN)
    assert office.unmarked(run) == {
        "patient:1": "attachment",
        "patient:2": "attachment",
        "patient:3": None,
    }
    row = office.message(run, "patient:1")
    assert "to several people" in row.unmarked["reason"]
    assert "patient" not in row.text
    assert row.macro_values is None


def test_a_file_may_be_shared_where_the_mailing_says_so(office: Office, folder: Path) -> None:
    _shared_file(office, folder)
    run = prepared(office, {"file": PATTERN, "shared": True})
    assert set(office.unmarked(run).values()) == {None}


def test_a_person_with_two_rows_keeps_the_file(office: Office, folder: Path) -> None:
    (folder / "Befund Ada.pdf").write_bytes(b"Ada")
    for occasion in ("termin:1", "termin:2"):
        office.source.add("patient:1", "Ada", occasion=Occasion(occasion))
    run = prepared(office, PATTERN)
    assert list(office.unmarked(run).values()) == [None, None]


def test_a_row_that_would_share_a_file_cannot_be_marked_later(office: Office, folder: Path) -> None:
    _shared_file(office, folder)
    mailing = Mailing(
        id="x", account="pigeons", purpose="event", attachments=[PATTERN], exclude=["patient:2"]
    )
    changes = {"attachments": mailing.attachments, "exclude": mailing.exclude}
    made = office.mailing().model_copy(update=changes)
    plan = check_mailing(office.context, made, date(2026, 3, 2))
    run = prepare(plan, office.ledger, "user")
    assert office.unmarked(run)["patient:1"] is None
    before = office.run(run).plan_hash
    with pytest.raises(LedgerError, match=r"cannot be marked: .* to several people"):
        change_marks(plan, office.ledger, run, "user", include=["patient:2"])
    assert office.unmarked(run)["patient:1"] is None
    assert office.run(run).plan_hash == before


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("/etc/hostname", "lies outside of anhaenge .move the file to anhaenge/hostname"),
        ("../plan.pdf", "lies outside of anhaenge .move the file to anhaenge/plan.pdf"),
        ("anhaenge/../serienpost.yaml", "lies outside of anhaenge"),
        ("plan.pdf", "anhaenge/plan.pdf is not there .put the file there, or move plan.pdf there"),
        ("link.pdf", "anhaenge/link.pdf is a link"),
        ("fern/plan.pdf", "anhaenge/fern/plan.pdf is not there"),
        ("second.yaml", "anhaenge/second.yaml has several names"),
        ("kopie.db", "anhaenge/kopie.db is a database"),
        ("buch.db", "anhaenge/buch.db is a database, or a file that serienpost works with"),
        ("befunde", "anhaenge/befunde is not a file"),
        ("leer.txt", "anhaenge/leer.txt is empty"),
        ("anhaenge", "lies outside of anhaenge"),
    ],
)
def test_files_come_from_their_folder_alone(
    office: Office, folder: Path, written: str, message: str
) -> None:
    home = folder.parent
    elsewhere = office.context.path("plan.pdf")
    elsewhere.write_bytes(b"plan")
    (home / "link.pdf").symlink_to(elsewhere)
    (home / "fern").symlink_to(office.context.folder)
    (home / "second.yaml").hardlink_to(elsewhere)
    (home / "kopie.db").write_bytes(b"SQLite format 3\0rows")
    (home / "buch.db").write_bytes(b"not what it seems")
    (home / "leer.txt").touch()
    config = office.context.config.model_copy(update={"ledger": "sqlite:///anhaenge/buch.db"})
    office.context.config = config
    with pytest.raises(ConfigError, match=message):
        renderer(office, written)


def test_the_folders_name_may_stand_in_front(office: Office) -> None:
    office.attach("plan.txt", b"plan")
    office.attach("anfahrt/weg.txt", b"weg")
    made = renderer(office, "anhaenge/plan.txt", "anfahrt/weg.txt")
    assert [each.filename for each in made.attachments] == ["plan.txt", "weg.txt"]
