from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost.cli import language
from serienpost.cli.language import choose_language, practice_language, spoken
from serienpost.translation import present_language, speak, speaking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GERMAN = {"LANG": "de_DE.UTF-8"}
ENGLISH = {"LANG": "en_GB.UTF-8"}


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    speak("en")


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    (tmp_path / "serienpost.yaml").write_text("practice: {id: x, name: X}\n", "utf-8")
    return tmp_path


def chosen(folder: Path, environment: dict[str, str], asked: str | None = None) -> str:
    choose_language(asked, folder, environment)
    return present_language()


@pytest.mark.parametrize(
    ("environment", "is_attended", "language"),
    [
        (GERMAN, True, "de"),
        (ENGLISH, True, "en"),
        ({"LANG": "fr_FR.UTF-8"}, True, "en"),
        ({"LANG": "C.UTF-8"}, True, "en"),
        ({**ENGLISH, "LC_ALL": "de_AT"}, True, "de"),
        ({**ENGLISH, "LC_MESSAGES": "de_AT", "LC_ALL": ""}, True, "de"),
        ({**GERMAN, "SERIENPOST_LANG": "en"}, True, "en"),
        ({}, True, "de"),
        ({}, False, "de"),
        (ENGLISH, False, "de"),
        ({**ENGLISH, "SERIENPOST_LANG": "en"}, False, "en"),
    ],
)
def test_a_person_has_the_terminals_language_and_nobody_the_practices(
    monkeypatch: pytest.MonkeyPatch,
    practice: Path,
    environment: dict[str, str],
    is_attended: bool,
    language: str,
) -> None:
    monkeypatch.setattr("serienpost.cli.language.is_attended", lambda: is_attended)
    assert chosen(practice, environment) == language


def test_without_a_practice_the_environment_speaks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(language, "is_attended", lambda: False)
    assert chosen(tmp_path, GERMAN) == "de"
    assert chosen(tmp_path, {}) == "en"
    assert chosen(tmp_path, GERMAN, "en") == "en"


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("language: en", "en"),
        ('language: "de"', "de"),
        ("# language: en", "de"),
        ("language: klingon", None),
        ("x: {language: en}", "de"),
        ("language: en-GB", "en"),
    ],
)
def test_the_practices_language_is_known_before_its_file_is_right(
    practice: Path, line: str, language: str | None
) -> None:
    (practice / "serienpost.yaml").write_text(f"practice: [\n{line}\n", "utf-8")
    assert practice_language(practice) == language


def test_a_command_stays_english_when_it_was_shown_in_german() -> None:
    from serienpost.cli.review import review_command

    before = [getattr(one, "help", None) for one in review_command.params]
    with speaking("de"):
        assert spoken(review_command).help != review_command.help
    assert [getattr(one, "help", None) for one in review_command.params] == before
