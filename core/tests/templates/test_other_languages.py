"""A template in other languages: which files belong to which, and how they are frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost.contracts.practice import Signature
from serienpost.errors import TemplateError
from serienpost.templates.compiled import CompiledTemplate
from serienpost.templates.folder import (
    TemplateFiles,
    from_text,
    load_template,
    other_languages,
    unread_files,
)

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "templates" / "x"
    home.mkdir(parents=True)
    for name in ("email.md", "email.en.md", "email.css", "logo.png", "sms.txt", "email.en-GB.md"):
        (home / name).write_text(f"{name} {{{{A}}}}", "utf-8")
    return home


def _others(folder: Path) -> tuple[dict[str, TemplateFiles], tuple[str, ...]]:
    folders = [folder.parent]
    return other_languages(load_template("x", "email.md", folders), folders)


def test_a_text_beside_the_template_is_another_language_of_it(folder: Path) -> None:
    found, strange = _others(folder)
    english = found["en"]
    assert list(found) == ["en"]
    assert strange == ("templates/x/email.en-GB.md",)
    assert (english.body, english.language) == ("email.md", "en-GB")
    assert english.text.file == "templates/x/email.en.md"
    assert english.files.keys() == {"email.css", "logo.png"}
    assert not other_languages(load_template("x", "sms.txt", [folder.parent]), [folder.parent])[0]
    assert TemplateFiles.from_assets(english.to_assets()) == english


def test_pages_are_of_one_language_and_style_sheets_of_all(folder: Path) -> None:
    (folder / "email.html").write_text("<p>{{A}}</p>", "utf-8")
    assert "email.html" not in _others(folder)[0]["en"].files
    (folder / "email.en.html").write_text("<p>English</p>", "utf-8")
    (folder / "email.en.css").write_text("p {}", "utf-8")
    english = _others(folder)[0]["en"]
    assert english.files["email.html"] == b"<p>English</p>"
    assert english.files["email.css"] == b"p {}"
    assert english.named == {"email.html": "email.en.html", "email.css": "email.en.css"}
    assert TemplateFiles.from_assets(english.to_assets()) == english


@pytest.mark.parametrize(("said", "written"), [("", "en-GB"), ("en", "en-GB"), ("en-US", "en-US")])
def test_english_beside_the_template_is_british_unless_it_says_another(
    folder: Path, said: str, written: str
) -> None:
    top = f"---\nlanguage: {said}\n---\n" if said else ""
    (folder / "email.en.md").write_text(f"{top}x", "utf-8")
    assert _others(folder)[0]["en"].language == written


def test_files_that_lack_their_text_are_found(folder: Path) -> None:
    folders = [folder.parents[1] / "first", folder.parent, folder.parents[1] / "behind"]
    for one in (folders[0], folders[2]):
        (one / "x").mkdir(parents=True)
        (one / "x" / "email.en.md").touch()
    files = load_template("x", "email.md", folders)
    early = ("first/x/email.en.md", "email.md")
    assert unread_files(files, folders) == [early]
    for name in ("email.en.html", "email.fr.html", "email.en-GB.css", "sms.fr.txt"):
        (folder / name).touch()
    assert unread_files(files, folders) == [
        early,
        ("templates/x/email.fr.html", "email.fr.md"),
    ]
    assert unread_files(from_text(None, "x", "m.yaml"), folders) == []


@pytest.mark.parametrize(("name", "language"), [("email.de.md", "de"), ("email.fr.md", "nl")])
def test_a_file_that_is_not_what_it_is_called_is_refused(
    folder: Path, name: str, language: str
) -> None:
    (folder / name).write_text(f"---\nlanguage: {language}\n---\nx", "utf-8")
    with pytest.raises(TemplateError) as raised:
        _others(folder)
    assert raised.value.problems[0].file == f"templates/x/{name}"


@pytest.mark.parametrize(
    ("language", "opening"),
    [
        ("de", '<html lang="de">'),
        ("en_GB", '<html lang="en-GB">'),
        ("zh", '<html lang="zh">'),
        ("ar", '<html lang="ar" dir="rtl">'),
        ("he", '<html lang="he" dir="rtl">'),
        ("fa-IR", '<html lang="fa-IR" dir="rtl">'),
    ],
)
def test_the_page_says_its_language_and_direction(language: str, opening: str) -> None:
    files = from_text("x", "y", "m.yaml", language=language)
    rendered = CompiledTemplate(files, "email", html=True, zone=BERLIN).render({})
    assert rendered.html is not None
    assert opening in rendered.html


def test_a_signature_in_another_language() -> None:
    plain = {"name": "Dr. Uhu", "text": "Facharzt", "closing": "Herzlich"}
    own = {**plain, "image": None}
    signature = Signature.model_validate(plain)
    assert signature.plain() == own
    assert signature.plain("en") == {**own, "closing": "Kind regards"}
    assert signature.plain("tr") == own
    words = {"en": {"text": "Surgeon", "closing": "Yours"}}
    signature = Signature.model_validate({**plain, "languages": words})
    assert signature.plain() == own
    assert signature.plain("en") == {**own, "text": "Surgeon", "closing": "Yours"}
    with pytest.raises(ValueError, match=r"languages\.englisch"):
        Signature.model_validate({**plain, "languages": {"englisch": {}}})
