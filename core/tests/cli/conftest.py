from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parent / "example"

PRACTICE = """\
practice: {name: Praxis Beispiel}
plugins: [serienpost-example]
club: {}
accounts:
  taube: {channel: pigeon}
"""


@dataclass
class Shell:
    """Runs the command line in this process, in one practice folder."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *args: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        self.capture.readouterr()
        code = run(["-C", str(self.folder), *args])
        out, err = self.capture.readouterr()
        return code, out, err

    def json(self, *args: str) -> dict[str, Any]:
        """The JSON document; its exit code is the process's; stderr says why it is not 0."""
        code, out, err = self(*args, "--json")
        document: dict[str, Any] = json.loads(out)
        assert document["exit"] == code
        assert document["ok"] is (code not in (1, 2, 3))
        assert bool(err) is bool(code)
        return document


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a distribution with a serienpost entry point visible to this process."""

    def make(name: str, module: str, folder: Path) -> None:
        site = tmp_path / "site"
        info = site / f"{name.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[serienpost]\n{name} = {module}\n")
        monkeypatch.syspath_prepend(site)
        monkeypatch.syspath_prepend(folder)

    return make


@pytest.fixture
def shell(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    install: Callable[..., None],
) -> Shell:
    """A practice with the example plugin."""
    monkeypatch.delenv("SERIENPOST_PRACTICE", raising=False)
    monkeypatch.delenv("SERIENPOST_POLICY", raising=False)
    monkeypatch.chdir(tmp_path)
    install("serienpost-example", "serienpost_example", EXAMPLE)
    folder = tmp_path / "praxis"
    folder.mkdir()
    (folder / "serienpost.yaml").write_text(PRACTICE)
    return Shell(folder, capsys)
