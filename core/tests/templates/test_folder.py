from pathlib import Path

import pytest

from serienpost.errors import TemplateError
from serienpost.templates.folder import (
    LARGEST,
    TemplateFiles,
    from_text,
    load_template,
    template_names,
)

MAIL = """---
subject: "Hallo: {{X}}"
purposes: [recall, information]
language: en
---
Zeile sechs
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "templates", tmp_path / "pack"]
    for folder in found:
        write(folder / "gruss" / "email.md", MAIL)
    return found


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_template_with_all_its_files(folders: list[Path]) -> None:
    home = folders[0] / "gruss"
    for name in (
        "logo.png",
        "FOTO.JPG",
        "email.html",
        "email.css",
        "letter.css",
        "sms.txt",
        "a.py",
    ):
        write(home / name, name)
    files = load_template("gruss", "email.md", folders)
    assert sorted(files.files) == ["FOTO.JPG", "email.css", "email.html", "logo.png"]
    assert files.images == {"logo.png", "FOTO.JPG"}
    assert (files.name, files.body, files.language) == ("gruss", "email.md", "en")
    assert files.purposes == ("recall", "information")
    assert files.subject
    assert (files.subject.text, files.subject.line) == ("Hallo: {{X}}", 2)
    assert (files.text.text, files.text.line) == ("Zeile sechs\n", 6)
    assert files.text.file == "templates/gruss/email.md"


def test_the_first_folder_with_the_file_wins(folders: list[Path]) -> None:
    write(folders[0] / "gruss" / "email.md", "eigen")
    write(folders[1] / "gruss" / "sms.txt", "aus dem Paket")
    assert load_template("gruss", "email.md", folders).text.text == "eigen"
    assert load_template("gruss", "sms.txt", folders).text.text == "aus dem Paket"
    assert load_template("gruss", "email.md", folders[::-1]).language == "en"


@pytest.mark.parametrize(
    "files",
    [
        from_text("Betreff", "Text\n", "m.yaml", subject_line=3, text_line=4),
        from_text(None, "", "m.yaml"),
    ],
)
def test_the_copy_in_the_ledger_is_complete(files: TemplateFiles) -> None:
    assert TemplateFiles.from_assets(files.to_assets()) == files


def test_the_copy_of_a_folder_is_complete_and_stable(folders: list[Path]) -> None:
    write(folders[0] / "gruss" / "logo.png", b"\x89PNG\x00\xff")
    files = load_template("gruss", "email.md", folders)
    assert TemplateFiles.from_assets(files.to_assets()) == files
    assert files.to_assets() == load_template("gruss", "email.md", folders).to_assets()
    assert all(isinstance(data, bytes) for data in files.to_assets().values())
    assert files.to_assets()["logo.png"] == b"\x89PNG\x00\xff"
    edited = files.with_text("Neu", "anders", "bearbeitet")
    assert edited.files == files.files
    assert edited.to_assets() != files.to_assets()


@pytest.mark.parametrize(
    "name", ["../gruss", "a/b", "/etc", "..", ".", "", "a\\b", "gruss\n", ".gruss", "c:x", "a\0"]
)
def test_a_name_is_no_path(folders: list[Path], name: str) -> None:
    with pytest.raises(TemplateError, match="not the name"):
        load_template(name, "email.md", folders)


def test_links_out_of_the_folder_are_refused(folders: list[Path], tmp_path: Path) -> None:
    write(tmp_path / "geheim.png", "geheim")
    (folders[0] / "gruss" / "logo.png").symlink_to(tmp_path / "geheim.png")
    with pytest.raises(TemplateError, match=r"gruss/logo\.png: the file is a link"):
        load_template("gruss", "email.md", folders)


def test_a_missing_template_is_named_with_the_nearest_and_no_folder(folders: list[Path]) -> None:
    with pytest.raises(TemplateError) as caught:
        load_template("grus", "email.md", folders)
    assert not any(str(folder) in str(caught.value) for folder in folders)
    assert "did you mean gruss?" in str(caught.value)


def test_a_missing_file_is_named(folders: list[Path]) -> None:
    with pytest.raises(TemplateError, match=r"gruss has no file letter\.md"):
        load_template("gruss", "letter.md", folders)


def test_files_have_a_largest_size(folders: list[Path]) -> None:
    write(folders[0] / "gruss" / "logo.png", b"a" * (LARGEST + 1))
    with pytest.raises(TemplateError, match="larger than"):
        load_template("gruss", "email.md", folders)


def test_names_are_listed_once_and_sorted(folders: list[Path]) -> None:
    write(folders[1] / "abschied" / "sms.txt", "")
    write(folders[1] / ".git" / "x", "")
    assert template_names([*folders, Path("gibt-es-nicht")]) == ["abschied", "gruss"]


@pytest.mark.parametrize(
    ("source", "lines", "message"),
    [
        ("---\nsubjekt: a\n---\n", [2], "did you mean subject"),
        ("---\nfarbe: a\n---\n", [2], "the keys are"),
        ("---\nsubject: a\nsubject: b\n---\n", [3], "stands twice"),
        ("---\nsubject: a\npurposes: {a: b}\n---\n", [3], "must be a text"),
        ("---\nsubject: [a]\n---\n", [2], "must be a text"),
        ("---\nsubject: ''\n---\n", [2], "must be a text"),
        ("---\npurposes: [[a]]\n---\n", [2], "list of purposes"),
        ("---\nlanguage: klingonisch\n---\n", [2], "is no language"),
        ("---\nlanguage: xx\nfarbe: a\n---\n", [2, 3], "is no language"),
        ("---\nsubject: a: b\n---\n", [2], "not YAML"),
        ("---\nsubject: {{X}}\n---\n", [2], "must be a text"),
        ("---\nsubject: {{X}} und\n---\n", [2], "not YAML"),
        ("---\nsubject: !!python/object:os.system a\n---\n", [], ""),
        ("---\n- a\n---\n", [2], "no list of keys"),
        ("---\nsubject: a\n", [1], "has no end"),
        ("---\nsubject: \x01\n---\n", [1], "not YAML"),
    ],
)
def test_front_matter_is_strict(
    folders: list[Path], source: str, lines: list[int], message: str
) -> None:
    write(folders[0] / "gruss" / "email.md", source)
    if not lines:
        files = load_template("gruss", "email.md", folders)
        assert files.subject
        assert files.subject.text == "a"
        return
    with pytest.raises(TemplateError, match=message) as caught:
        load_template("gruss", "email.md", folders)
    assert [p.line for p in caught.value.problems] == lines
    assert {p.file for p in caught.value.problems} == {"templates/gruss/email.md"}


@pytest.mark.parametrize("value", ["20:00", "yes", "01067", "2026-01-01", "null", "1e3"])
def test_a_subject_is_text_as_written(folders: list[Path], value: str) -> None:
    write(folders[0] / "gruss" / "email.md", f"---\nsubject: {value}\n---\n")
    subject = load_template("gruss", "email.md", folders).subject
    assert subject
    assert subject.text == value


def test_windows_files_and_other_encodings(folders: list[Path]) -> None:
    write(folders[0] / "gruss" / "email.md", b"\xef\xbb\xbf---\r\nsubject: a\r\n---\r\nb\r\nc")
    files = load_template("gruss", "email.md", folders)
    assert (files.text.text, files.text.line) == ("b\nc", 4)
    write(folders[0] / "gruss" / "email.md", "a\nGrüße".encode("latin-1"))
    with pytest.raises(TemplateError, match=r"email\.md:2: the file is not UTF-8"):
        load_template("gruss", "email.md", folders)
