from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_testkit.catalogues import Package, main, misused_texts

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
from serienpost import Texts
_ = Texts(__name__)
A = _("the pigeon {name} sleeps", name=name)
B = _.ngettext("{n} pigeon", "{n} pigeons", n)
C = _.pgettext("bird", "open")
"""
DONE = {
    "the pigeon {name} sleeps": "die Taube {name} schläft",
    "{n} pigeon": ("{n} Taube", "{n} Tauben"),
    "open": "offen",
}


@pytest.fixture
def package(tmp_path: Path) -> Package:
    folder = tmp_path / "pigeon_post"
    folder.mkdir()
    (folder / "__init__.py").write_text(CODE, "utf-8")
    return Package(folder)


def translate(package: Package) -> str:
    """Write the translations into the catalogue; returns its text."""
    text = package.files("de")[package.path("de")].decode()
    for message, said in DONE.items():
        if isinstance(said, tuple):
            text = text.replace('msgstr[0] ""', f'msgstr[0] "{said[0]}"')
            text = text.replace('msgstr[1] ""', f'msgstr[1] "{said[1]}"')
        else:
            text = text.replace(
                f'msgid "{message}"\nmsgstr ""', f'msgid "{message}"\nmsgstr "{said}"'
            )
    path = package.path("de")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return text


def test_a_catalogue_is_made_and_told_what_lacks(
    package: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(package.folder)]) == 1
    assert capsys.readouterr().err.count("is not translated") == 3
    translate(package)
    assert main([str(package.folder)]) == 0
    before = {path: path.read_bytes() for path in package.path("de").parent.iterdir()}
    assert main([str(package.folder), "--check"]) == 0
    assert main([str(package.folder)]) == 0
    assert {path: path.read_bytes() for path in package.path("de").parent.iterdir()} == before
    assert b"2026" not in b"".join(before.values())


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("die Taube {name} schläft", "die Taube {nom} schläft", "other placeholders"),
        ("die Taube {name} schläft", "die Taube schläft", "other placeholders"),
        ("{n} Tauben", "{m} Tauben", "other placeholders"),
        ("{n} Taube", "eine Taube", ""),
        ("offen", "", "not translated"),
        ('msgid "the pigeon', '#, fuzzy\nmsgid "the pigeon', "is fuzzy"),
        ('msgid "the pigeon', 'msgid "gone"\nmsgstr "weg"\n\nmsgid "the pigeon', "up to the code"),
    ],
)
def test_faults_of_a_translation_are_told(package: Package, old: str, new: str, fault: str) -> None:
    text = translate(package)
    package.path("de").write_text(text.replace(old, new, 1), "utf-8")
    package.path("de").with_suffix(".mo").write_bytes(
        package.files("de")[package.path("de").with_suffix(".mo")]
    )
    told = package.faults()
    assert any(fault in line for line in told) if fault else told == []


@pytest.mark.parametrize(
    "call",
    [
        '_(f"the pigeon {name}")',
        '_("the pigeon " + name)',
        "_(sentence)",
        '_("the pigeon {name}")',
        '_("the pigeon", name=name)',
        '_("the pigeon {name}", **values)',
        '_.ngettext("{n} pigeon of {whom}", "{n} pigeons", n)',
        '_("")',
        "print(f\"{_('the pigeon')}\")",
        "click.echo(_('the pigeon'), err=True)",
    ],
)
def test_a_text_that_cannot_be_translated_is_told(tmp_path: Path, call: str) -> None:
    (tmp_path / "module.py").write_text(f"{call}\n", "utf-8")
    (fault,) = misused_texts(tmp_path)
    assert f"{tmp_path / 'module.py'}:1: " in fault


def test_the_help_of_commands_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        '@click.command(name="x")\ndef x():\n    """Send\n    pigeons.\n\n    Many."""\n', "utf-8"
    )
    assert {one.id for one in Package(tmp_path).template if one.id} == {"Send pigeons.", "Many."}
