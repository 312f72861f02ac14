from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from serienpost.cli.start import CONFIGURATION, MAILING
from serienpost.config.loading import load_practice
from serienpost.config.mailing import MAILING_KEYS
from serienpost.config.models import CORE_KEYS
from serienpost.config.reader import read_yaml
from serienpost.contracts.practice import PracticeInfo, Signature
from serienpost.translation import languages, speaking

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Shell

    from serienpost.config.document import Document

_EXAMPLE = re.compile(r"^( *)# ( *(?:- |\w+:|\{\{|unsere|$).*)$", re.MULTILINE)


def uncommented(text: str, file: Path) -> Document:
    """The file as it is when all its examples are taken out of their comments."""
    file.write_text(_EXAMPLE.sub(r"\1\2", text.replace("plugins: []\n", "").replace("#\n", "# \n")))
    return read_yaml(file)


def test_a_new_folder_is_a_valid_practice(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "neu"
    document = shell.json("init", str(folder))
    assert document["files"] == ["mailings/information.yaml.example", "serienpost.yaml"]
    assert (folder / "templates").is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    with load_practice(folder) as context:
        assert context.config.plugins == []
    shell.folder = folder
    assert shell("doctor")[0] == 0


def test_it_says_what_was_made(shell: Shell, tmp_path: Path) -> None:
    code, out, err = shell("init", str(tmp_path / "neu"))
    assert (code, err) == (0, "")
    assert "  serienpost.yaml\n" in out


@pytest.mark.parametrize("language", languages())
def test_the_examples_in_comments_are_right(tmp_path: Path, language: str) -> None:
    with speaking(language):
        configuration, example = str(CONFIGURATION), str(MAILING)
    config = uncommented(configuration, tmp_path / "serienpost.yaml").data
    assert config["language"] == language
    assert set(config) <= {*CORE_KEYS, "database"}
    assert {"plugins", "accounts", "signatures", "database"} <= set(config)
    assert len(config["plugins"]) == 5
    assert config["accounts"]["mail"]["rate"] == ["250/hour"]
    assert PracticeInfo.model_validate(config["practice"]).postal_code == "01067"
    assert Signature.model_validate(config["signatures"]["sonnenschein"]).name
    mailing = uncommented(example, tmp_path / "information.yaml").data
    assert set(mailing) <= set(MAILING_KEYS)
    assert mailing["text"].startswith("{{Briefanrede}}\n\nunsere")


@pytest.mark.parametrize("option", [(), ("--demo",)])
def test_a_practice_folder_stays_as_it_is(shell: Shell, option: tuple[str, ...]) -> None:
    before = (shell.folder / "serienpost.yaml").read_text()
    code, _, err = shell("init", str(shell.folder), *option)
    assert code == 3
    assert "is a practice folder already" in err
    assert (shell.folder / "serienpost.yaml").read_text() == before


def test_other_files_in_the_folder_stay(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "neu" / "mailings").mkdir(parents=True)
    mine = tmp_path / "neu" / "mailings" / "information.yaml.example"
    mine.write_text("mine")
    assert shell.json("init", str(tmp_path / "neu"))["files"] == ["serienpost.yaml"]
    assert mine.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = shell("init", str(tmp_path / "file" / "below"))
    assert code == 3
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "args", [("--patients", "3"), ("--seed", "1"), ("--demo", "--patients", "0")]
)
def test_wrong_usage(shell: Shell, tmp_path: Path, args: tuple[str, ...]) -> None:
    assert shell("init", str(tmp_path / "neu"), *args)[0] == 2
    assert not (tmp_path / "neu").exists()


def test_the_demo_names_its_distribution_when_absent(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "serienpost_demo", None)
    code, _, err = shell("init", str(tmp_path / "neu"), "--demo")
    assert code == 3
    assert "pip install serienpost-demo" in err


@pytest.mark.parametrize(
    ("args", "expected"),
    [((), (300, 1)), (("--patients", "7"), (7, 1)), (("--seed", "0"), (300, 0))],
)
def test_the_demo_gets_size_and_seed(
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    expected: tuple[int, int],
) -> None:
    asked = []

    def init_demo(folder: Path, patients: int, seed: int) -> None:
        asked.append((patients, seed))
        folder.mkdir()
        (folder / "praxis.db").write_text("")

    demo = ModuleType("serienpost_demo")
    demo.init_demo = init_demo  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "serienpost_demo", demo)
    document = shell.json("init", str(tmp_path / "neu"), "--demo", *args)
    assert asked == [expected]
    assert document["files"] == ["praxis.db"]
