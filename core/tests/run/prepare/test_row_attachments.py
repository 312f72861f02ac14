"""Attachments of one row, found by a file name that its values make up."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost.errors import ConfigError
from serienpost.run.prepare.check import check_mailing
from serienpost.run.prepare.freeze import prepare
from serienpost.run.prepare.row_attachments import LARGEST
from serienpost.run.send.approve import approve

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Office

    from serienpost.run.prepare.renderer import RunRenderer

PATTERN = "befunde/Befund {{Vorname}}.pdf"


def renderer(office: Office, *attachments: str) -> RunRenderer:
    mailing = office.mailing().model_copy(update={"attachments": list(attachments)})
    return check_mailing(office.context, mailing, date(2026, 3, 2))


def prepared(office: Office, *attachments: str) -> str:
    return prepare(renderer(office, *attachments), office.ledger, "user")


def add_named(office: Office, name: str) -> None:
    """A person whose address does not follow from the name."""
    office.source.add("patient:1", name).fields["email"] = "ada@example.org"


@pytest.fixture
def folder(office: Office) -> Path:
    made = office.context.path("befunde")
    made.mkdir()
    return made


def test_each_gets_the_file_of_that_name(office: Office, folder: Path) -> None:
    office.add("Ada", "Kim")
    for name in ("Ada", "Kim"):
        (folder / f"Befund {name}.pdf").write_bytes(name.encode())
    (office.context.folder / "plan.txt").write_bytes(b"plan")
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
        ("missing", "fehlt"),
        ("link out", "nicht lesbar"),
        ("hidden link", "nicht lesbar"),
        ("folder", "keine Datei"),
        ("pipe", "keine Datei"),
        ("empty", "leer"),
        ("huge", "größer als 25 MB"),
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
    assert row.unmarked["reason"].startswith(f"Anhang {PATTERN}: ")
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
    (office.context.folder / "geheim.pdf").write_bytes(b"secret")
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
        ("fehlt/{{Vorname}}.pdf", "is not in the practice folder"),
        ("../{{Vorname}}.pdf", "is not in the practice folder"),
        ("befunde/../{{Vorname}}.pdf", "is not in the practice folder"),
        ("/etc/{{Vorname}}.pdf", "is not in the practice folder"),
        ("verweis/{{Vorname}}.pdf", "is not in the practice folder"),
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
    (office.context.folder / "verweis").symlink_to(tmp_path_factory.mktemp("elsewhere"))
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
    run = prepare(plan, office.ledger, "user")
    assert office.unmarked(run) == {"patient:1": "attachment"}


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
    for path in (folder / "plan.pdf", office.context.folder / "plan.pdf"):
        path.write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"two attachments are called plan\.pdf"):
        renderer(office, "plan.pdf", "befunde/plan.pdf")
