"""The demo's practice folder."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import serienpost_demo
from serienpost import SerienpostError, speaking
from serienpost_demo.folder import write_folder

FILES = Path(serienpost_demo.__file__).parent / "files"
ENGLISH = sorted(path for path in FILES.rglob("*.yaml") if path.name.count(".") == 1)


def test_writes_configuration_database_mailings_and_a_template(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "praxis"
    written = serienpost_demo.init_demo(folder, 60, 1)
    assert sorted(path.relative_to(folder).as_posix() for path in written) == [
        "mailings/einladung.yaml",
        "mailings/geburtstag.yaml",
        "mailings/information.yaml",
        "mailings/kurznachricht.yaml",
        "mailings/recall.yaml",
        "mailings/rundbrief.yaml",
        "mailings/sprechzeiten.yaml",
        "mailings/terminerinnerung.yaml",
        "praxis.db",
        "serienpost.yaml",
        "templates/neue-sprechzeiten/email.en.md",
        "templates/neue-sprechzeiten/email.md",
        "templates/neue-sprechzeiten/letter.en.md",
        "templates/neue-sprechzeiten/letter.md",
        "templates/neue-sprechzeiten/sms.en.txt",
        "templates/neue-sprechzeiten/sms.txt",
    ]
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_account_has_the_given_port(tmp_path: Path) -> None:
    write_folder(tmp_path, 60, 1, 4711)
    configuration = yaml.safe_load((tmp_path / "serienpost.yaml").read_text("utf-8"))
    assert configuration["accounts"]["mail"]["port"] == 4711
    assert configuration["practice"]["postal_code"] == "01067"
    assert "${secret:DB_PASSWORD}" in (tmp_path / "serienpost.yaml").read_text("utf-8")


@pytest.mark.parametrize("english", ENGLISH, ids=lambda path: path.stem)
def test_the_german_twin_of_a_file_says_the_same(english: Path) -> None:
    written, twin = (path.read_text("utf-8") for path in (english, english.with_suffix(".de.yaml")))
    assert yaml.serialize(yaml.compose(twin)) == yaml.serialize(yaml.compose(written))
    assert _lines_of_values(twin) == _lines_of_values(written)
    assert max(map(len, twin.splitlines())) <= max(map(len, written.splitlines()))


def test_no_twin_is_without_its_file() -> None:
    twins = {path for path in FILES.rglob("*.yaml") if path.name.count(".") > 1}
    assert twins == {path.with_suffix(".de.yaml") for path in ENGLISH}


def _lines_of_values(text: str) -> list[str]:
    """What stands before the comment in each line, set or commented out there."""
    parts = [line.rpartition("# ") for line in text.splitlines()]
    return [before or rest for before, mark, rest in parts if before or not mark]


@pytest.mark.parametrize("language", ["en", "de", "qps"])
def test_comments_are_in_the_readers_language(tmp_path: Path, language: str) -> None:
    with speaking(language):
        written = write_folder(tmp_path, 60, 1)
    assert not list(tmp_path.rglob("*.de.yaml"))
    suffix = ".de.yaml" if language == "de" else ".yaml"
    found = [path for path in written if path.suffix == ".yaml"]
    assert len(found) == len(ENGLISH)
    for path in found:
        source = FILES / path.relative_to(tmp_path).with_suffix(suffix)
        first = source.read_text("utf-8").partition("\n")[0]
        assert path.read_text("utf-8").partition("\n")[0] == first
    if language == "de":
        assert written[0].read_text("utf-8").startswith("# Die Einstellungen dieser Praxis.")


def test_leaves_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "notizen.txt").write_text("bleibt", "utf-8")
    write_folder(tmp_path, 60, 1)
    assert (tmp_path / "notizen.txt").read_text("utf-8") == "bleibt"


@pytest.mark.parametrize("name", ["serienpost.yaml", "praxis.db", "versandbuch.db"])
def test_refuses_what_is_ours_and_changes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("schon da", "utf-8")
    with pytest.raises(SerienpostError, match=f"holds {name} already; nothing was changed"):
        write_folder(tmp_path, 60, 1)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "datei").touch()
    with pytest.raises(SerienpostError, match="is a file"):
        write_folder(tmp_path / "datei", 60, 1)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "datei").touch()
    with pytest.raises(SerienpostError, match="cannot be written"):
        write_folder(tmp_path / "datei" / "praxis", 60, 1)


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, serienpost_demo; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"aiosmtpd", "click", "sqlite3", "asyncio", "serienpost_demo.commands"}


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = serienpost_demo.nothing
