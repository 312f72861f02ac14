"""Files that are given to drafts: closed, measured, attached, gone with the draft."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from opened_practice import OTHER
from written_drafts import begun, folder_of, given, lying, rows, run_of, saved

from serienpost import ConfigError, SerienpostError
from serienpost.errors import LedgerError
from serienpost.ledger.schema import run
from serienpost.run.prepare import uploaded_files
from serienpost.run.prepare.uploaded_files import shown_name
from serienpost.service import Answers
from serienpost.service.draft import MOST_FILES

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice
    from serienpost.service import Draft

LIST = "id,email\n,erika@example.org\n"


@pytest.fixture
def draft(practice: Practice) -> Draft:
    """A draft that was begun from a mailing."""
    return begun(practice)


def test_a_file_is_attached_under_the_name_that_it_was_given(
    practice: Practice, draft: Draft
) -> None:
    file = given(draft, b"%PDF-1.4 plan", "C:\\Praxis\\An\u202efahrt  Plan.pdf")
    assert (file.name, file.size, file.kind) == ("Anfahrt Plan.pdf", 13, "attachment")
    (path,) = folder_of(practice).iterdir()
    assert (path.name, path.read_bytes()) == (file.id, b"%PDF-1.4 plan")
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder_of(practice).stat().st_mode & 0o777 == 0o700
    made = run_of(saved(draft, attachments=[file.reference]))
    (header,) = (row["header"] for row in rows(practice, run))
    assert [name for name in header["assets"] if name.endswith("/Anfahrt Plan.pdf")]
    practice.draft(draft.id).remove_file(file.id)
    made.approve(Answers(release=True))
    assert made.deliver().state == "finished"


def test_two_files_of_one_name_are_told(draft: Draft) -> None:
    references = [given(draft).reference for _ in range(2)]
    with pytest.raises(ConfigError, match="two attachments are called plan"):
        saved(draft, attachments=references).check()


def test_what_another_draft_was_given_is_not_attached(practice: Practice, draft: Draft) -> None:
    file = given(begun(practice))
    with pytest.raises(ConfigError, match="no such file was given"):
        saved(draft, attachments=[file.reference]).check()


@pytest.mark.parametrize("written", ["../eingang/{id}", "eingang/{id}", "{id}", "upload:{id}"])
def test_a_mailing_file_does_not_attach_what_was_given_to_a_draft(
    practices: Practices, practice: Practice, draft: Draft, written: str
) -> None:
    file = given(draft)
    (practices.folder / "anhaenge").mkdir()
    (practices.folder / "anhaenge" / "link").symlink_to(practices.folder / "eingang")
    text = (practices.folder / "mailings/einladung.yaml").read_text("utf-8")
    for name in (written.format(id=file.id), f"link/{file.id}"):
        practices.write("mailings/einladung.yaml", f"{text}attachments: ['{name}']\n")
        opened = practices.open()
        with pytest.raises(SerienpostError):
            opened.check("einladung")


def test_links_in_the_folder_are_not_followed(practice: Practice, draft: Draft) -> None:
    file = given(draft)
    stored = folder_of(practice) / file.id
    secret = practice.context.folder / "geheim.txt"
    secret.write_text("CANARY")
    stored.unlink()
    stored.symlink_to(secret)
    with pytest.raises(ConfigError, match="is a link"):
        saved(draft, attachments=[file.reference]).check()
    practice.draft(draft.id).discard()
    assert secret.read_text() == "CANARY"


def test_a_folder_that_is_a_link_takes_nothing(practice: Practice, draft: Draft) -> None:
    elsewhere = practice.context.folder / "woanders"
    elsewhere.mkdir()
    folder_of(practice).symlink_to(elsewhere)
    with pytest.raises(SerienpostError, match="a folder of its own"):
        given(draft)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..", "datei"),
        ("", "datei"),
        (".htaccess", "htaccess"),
        ("a\r\nBcc: x@example.org", "a Bcc_ x@example.org"),
        ("rechnung\u202efdp.exe", "rechnungfdp.exe"),
        ("Mu\u0308ller.pdf", "M\u00fcller.pdf"),
        ("{{Name}}.pdf", "__Name__.pdf"),
        ("x" * 300 + ".pdf", "x" * 117 + ".pdf"),
        ("a." + "b" * 300, "a." + "b" * 118),
        ("con\x00.pdf", "con.pdf"),
        ("a\u200bb\ufeff.pdf", "ab.pdf"),
        ("half\ud800.pdf", "half.pdf"),
    ],
)
def test_names_are_made_safe(given_name: str, shown: str) -> None:
    assert shown_name(given_name) == shown


class Endless(io.RawIOBase):
    """Gives octets for ever, and counts them."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= 2**20, "the whole file is asked for at once"
        self.given += size
        return b"x" * size


def test_a_file_that_is_too_large_is_not_held_and_leaves_nothing(
    practice: Practice, draft: Draft
) -> None:
    endless = Endless()
    with pytest.raises(SerienpostError, match="larger than 20 MB"):
        draft.add_file("gross.pdf", endless)  # type: ignore[arg-type]
    assert uploaded_files.LARGEST < endless.given < uploaded_files.LARGEST + 2**20
    assert (lying(practice), draft.files()) == (set(), [])


def test_a_stream_that_breaks_off_leaves_nothing(practice: Practice, draft: Draft) -> None:
    class Broken(Endless):
        def read(self, size: int = -1) -> bytes:
            if self.given:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        draft.add_file("plan.pdf", Broken())  # type: ignore[arg-type]
    assert (lying(practice), draft.files()) == (set(), [])


def test_an_empty_file_is_refused(draft: Draft) -> None:
    with pytest.raises(SerienpostError, match="is empty"):
        given(draft, b"")


def workbook(sizes: list[int]) -> bytes:
    """An archive whose parts unpack to these sizes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, size in enumerate(sizes):
            archive.writestr(f"xl/part{number}.xml", b" " * size)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["attachment", "list"])
def test_a_workbook_that_unpacks_to_too_much_is_refused(
    practice: Practice,
    draft: Draft,
    kind: Any,  # noqa: ANN401
) -> None:
    data = workbook([60_000_000] * 4)
    assert len(data) < 1_000_000
    with pytest.raises(SerienpostError, match="unpacks to more than 200 MB"):
        draft.add_file("liste.xlsx", io.BytesIO(data), kind)
    assert lying(practice) == set()
    assert draft.add_file("liste.xlsx", io.BytesIO(workbook([1000, 1000])), kind).size


def test_a_workbook_that_lies_about_its_size_is_refused(practice: Practice, draft: Draft) -> None:
    size, lie = 60_000_000, 1000
    data = workbook([size] * 4)
    wrong = data.replace(size.to_bytes(4, "little"), lie.to_bytes(4, "little"))
    assert wrong != data
    with pytest.raises(SerienpostError, match="is damaged"):
        draft.add_file("liste.xlsx", io.BytesIO(wrong), "list")
    assert lying(practice) == set()


def test_a_workbook_of_very_many_parts_is_refused_before_it_is_opened(draft: Draft) -> None:
    with pytest.raises(SerienpostError, match="too many parts"):
        draft.add_file("liste.xlsx", io.BytesIO(workbook([0] * 10_001)), "list")


@pytest.mark.parametrize("name", ["liste.sql", "liste", "liste.pdf", "eingang.db"])
def test_only_tables_are_lists(draft: Draft, name: str) -> None:
    with pytest.raises(SerienpostError, match=r"neither \.csv nor \.xlsx"):
        draft.add_file(name, io.BytesIO(LIST.encode()), "list")


def test_a_draft_has_only_so_many_files(practice: Practice, draft: Draft) -> None:
    for number in range(MOST_FILES):
        given(draft, b"%d" % number)
    with pytest.raises(SerienpostError, match="which is the most"):
        given(draft)
    assert lying(practice) == {file.id for file in draft.files()}
    draft.remove_file(draft.files()[0].id)
    assert given(draft).name == "plan.pdf"


def test_the_same_file_is_there_once(practice: Practice, draft: Draft) -> None:
    """Whoever heard no answer gives it again; another one may have the same name."""
    first = given(draft)
    assert given(draft) == first
    other = given(draft, b"another plan")
    assert other.name == first.name
    assert lying(practice) == {file.id for file in draft.files()} == {first.id, other.id}


def test_a_file_is_not_given_to_a_draft_that_is_gone(practice: Practice, draft: Draft) -> None:
    practice.draft(draft.id).discard()
    with pytest.raises(LedgerError, match="there is no draft"):
        given(draft)
    assert lying(practice) == set()


def test_only_a_file_of_the_draft_is_removed(practice: Practice, draft: Draft) -> None:
    other = begun(practice)
    file = given(other)
    with pytest.raises(LedgerError, match="has no such file"):
        draft.remove_file(file.id)
    assert lying(practice) == {file.id}


# Left by the dead


def test_what_no_draft_knows_is_told_and_removed(practice: Practice, draft: Draft) -> None:
    file = given(draft)
    lost = folder_of(practice) / "0123456789abcdefghjk"
    lost.write_bytes(b"CANARY")
    link = folder_of(practice) / "abcdefghjk0123456789"
    link.symlink_to(practice.context.folder / "serienpost.yaml")
    (folder_of(practice) / "eigenes").mkdir()
    (folder_of(practice) / "000001.eml").write_text("of the demo's mail server", "utf-8")
    told = [one for one in practice.doctor() if one.name == "eingang/"]
    assert [(one.ok, one.text) for one in told] == [(False, "holds 2 files that no draft knows")]
    practice.purge()
    assert lying(practice) == {file.id, "eigenes", "000001.eml"}
    assert (practice.context.folder / "serienpost.yaml").exists()
    assert [one for one in practice.doctor() if one.name == "eingang/"] == []


def test_a_file_that_is_just_received_is_nobodys_to_remove(
    practices: Practices, practice: Practice, draft: Draft
) -> None:
    other = practices.open(OTHER)

    class Slow(Endless):
        def read(self, size: int = -1) -> bytes:
            other.purge()
            return super().read(size) if self.given < 2**18 else b""

    assert draft.add_file("plan.pdf", Slow()).size == 2**18  # type: ignore[arg-type]
    assert lying(practice) == {file.id for file in draft.files()}
