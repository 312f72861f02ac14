"""The page about the Python API names all that there is, and its script does a whole mailing."""

from __future__ import annotations

import ast
import inspect
import os
import re
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, get_args

import pytest
from workspace import ROOT

import serienpost.service
from serienpost.service import Answers, Draft, Notice, Practice, Run, Selection, Task
from serienpost.service.release import Question
from serienpost_demo import init_demo
from serienpost_demo.catcher import Catcher

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
PREPARING = PAGE.split("## Asking a worker\n")[1].split("```python\n")[1].split("```")[0]
SCRIPT = PAGE.split("## A whole mailing\n")[1].split("```python\n")[1].split("```")[0]
CHOOSING = PAGE.split("## Choose people before")[1].split("```python\n")[1].split("```")[0]

DRAFT = PAGE.split("## Drafts\n")[1].split("```python\n")[1].split("```")[0]


def public(owner: type) -> list[str]:
    return [
        name
        for name, _ in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_")
    ]


@pytest.mark.parametrize(
    "names",
    [
        serienpost.service.__all__,
        public(Practice),
        [name for name in public(Run) if name != "find"],
        [name for name in public(Selection) if name != "find"],
        [name for name in public(Task) if name != "find"],
        get_args(Question),
        tuple(Answers.__dataclass_fields__)[1:],
        re.findall(r"`(\w+)`", Notice.__doc__ or ""),
    ],
    ids=[
        "service",
        "Practice",
        "Run",
        "Selection",
        "Task",
        "questions",
        "answers",
        "notices",
    ],
)
def test_everything_is_named(names: list[str]) -> None:
    assert names
    code = re.findall(r"`([^`\n]+)`", PAGE) + re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert [name for name in names if not re.search(rf"\b{name}\b", " ".join(code))] == []


def signature(source: str) -> str:
    """How a method is called; what a function does by default is left open."""
    (method,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(method, ast.FunctionDef)
    called = f"{ast.unparse(method.args)} -> {ast.unparse(method.returns or method)}"
    return called.replace("lambda _: None", "...")


@pytest.mark.parametrize("owner", [Practice, Draft, Run, Selection, Task])
def test_signatures_of_the_page_are_those_of_the_code(owner: type) -> None:
    block = PAGE.split("## Signatures\n")[1].split("```python\n")[1].split("```")[0]
    (shown,) = (one for one in ast.parse(block).body if getattr(one, "name", "") == owner.__name__)
    assert isinstance(shown, ast.ClassDef)
    page = {one.name: signature(ast.unparse(one)) for one in shown.body if hasattr(one, "name")}
    names = [name for name in public(owner) if name != "find"]
    assert page == {name: signature(inspect.getsource(getattr(owner, name))) for name in names}


def test_methods_that_the_page_lists_are_there() -> None:
    chapters = {
        "The practice": Practice,
        "Drafts": Draft,
        "The run": Run,
        "The selection": Selection,
    }
    for chapter, owner in chapters.items():
        lines = PAGE.split(f"## {chapter}\n")[1].split("\n## ")[0].splitlines()
        cells = [line.split("|")[1] for line in lines if line.startswith("| `")]
        listed = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
        assert sorted(listed) == sorted(name for name in public(owner) if name != "find")


def test_the_script_asks_a_worker(tmp_path: Path) -> None:
    init_demo(tmp_path / "praxis", 60, 1)
    (tmp_path / "preparing.py").write_text(PREPARING, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "preparing.py", "praxis", "information"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    for process in re.findall(r"^worker: (\d+)$", done.stdout, re.MULTILINE):
        os.kill(int(process), signal.SIGTERM)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"worker: \d+\n\d+ rows, run \d{8}-\w{4}\n", done.stdout)


def test_the_script_does_a_whole_mailing(tmp_path: Path) -> None:
    folder = tmp_path / "praxis"
    init_demo(folder, 60, 1)
    (tmp_path / "mailing.py").write_text(SCRIPT, encoding="utf-8")
    with Catcher() as catcher:
        settings = folder / "serienpost.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("port: 2525", f"port: {catcher.port}"), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "mailing.py", "praxis", "information", "eva@example.org"],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        arrived = [mail.recipients for mail in catcher.messages]
    assert (done.returncode, done.stdout.count("notice:")) == (0, 0), done.stdout + done.stderr
    marked = int(re.findall(r"^(\d+) are marked, the first 5:$", done.stdout, re.MULTILINE)[0])
    assert f"{marked - 1} messages, {marked - 1} messages\n" in done.stdout
    assert "to be answered: release\n" in done.stdout
    assert f"finished: {{'accepted': {marked - 1}, 'suppressed': {61 - marked}}}" in done.stdout
    assert "approved by desk:ada" in done.stdout
    assert len(arrived) == marked - 1 + 1
    (preview,) = (folder / "vorschau").rglob("*.eml")
    assert f"look at {preview}" in done.stdout


def test_the_script_writes_a_draft(tmp_path: Path) -> None:
    init_demo(tmp_path / "praxis", 60, 1)
    (tmp_path / "anfahrt.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "draft.py").write_text(DRAFT, encoding="utf-8")
    args = [sys.executable, "draft.py"]
    done = subprocess.run(args, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert re.fullmatch(r"look at \S+ of Neue Sprechzeiten\n", done.stdout), done.stderr
    assert len(list((tmp_path / "praxis" / "eingang").iterdir())) == 1


def test_the_script_chooses_people_before_there_is_a_text(tmp_path: Path) -> None:
    folder = tmp_path / "praxis"
    init_demo(folder, 60, 1)
    (tmp_path / "choose.py").write_text(CHOOSING, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "choose.py", "praxis", "einladung"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, *reasons, in_run, left_out = done.stdout.splitlines()
    marked, selected = map(int, re.findall(r"\d+", first))
    assert reasons
    assert selected - marked == sum(int(line.split()[0]) for line in reasons)
    # The mailing writes to an address once, which a selection only points out.
    assert 0 < int(re.findall(r"^(\d+) are marked in the run$", in_run)[0]) < marked
    assert left_out.endswith("unmarked by hand in the selection")
