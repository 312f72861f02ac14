"""The same mailing by a script and by the command line: the same plan, states and documents."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from serienpost import open_practice
from serienpost.service import Answers, Confirmation, Draft, Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Practice, Schemas

    from serienpost import Practice as Opened
    from serienpost.service import Transliteration

    Prepare: TypeAlias = Callable[[Opened, str], Run | Transliteration]

Documents = dict[str, Any]
HEAD = {"serienpost", "ok", "exit", "problems"}
DUE = "2026-12-01"
OWN = "praxis@example.org"
ROW, LEFT_OUT = "patient:1", "patient:2"


def as_it_is(desk: Opened, mailing: str) -> Run | Transliteration:
    return desk.prepare(mailing, due=date.fromisoformat(DUE))


def as_draft(desk: Opened, mailing: str) -> Run | Transliteration:
    draft = desk.new_draft(mailing)
    assert isinstance(draft, Draft)
    return draft.prepare(due=date.fromisoformat(DUE))


def by_script(folder: Path, mailing: str, prepare: Prepare) -> Documents:
    """A whole mailing with nothing but the service; what it returned, as `--json` writes it."""
    said: Documents = {}
    with open_practice(folder, actor="desk:ada") as desk:
        run = prepare(desk, mailing)
        assert isinstance(run, Run)
        said["prepare"] = run.summary().document()
        run.mark(exclude=[LEFT_OUT])
        said["review"] = run.summary().document() | {
            "recipients": [row._asdict() for row in run.recipients()]
        }
        said["history"] = {
            "run": run.id,
            "changes": [change.document() for change in run.mark_changes()],
        }
        said["explain"] = run.explain(ROW).document()
        files = run.write_preview(ROW)
        said["preview"] = {
            "run": run.id,
            "files": [file.document() for file in files if not file.is_view],
            "views": [file.document() for file in files if file.is_view],
        }
        tried = run.test(OWN)
        assert not isinstance(tried, Confirmation)
        said["test"] = tried.document()
    with open_practice(folder, actor="desk:bea") as desk:
        run = desk.run(run.id)
        asked = run.approve()
        assert isinstance(asked, Confirmation)
        assert asked.open == ("release",)
        run.approve(Answers(release=True), plan=asked.plan_hash)
        status = run.deliver()
        assert status.exit == 0
        said["send"] = status.document()
        said["show"] = status.document() | {
            "messages": [message._asdict() for message in run.messages()]
        }
        said["story"] = {"run": run.id, "messages": [one.document() for one in run.story(ROW)]}
        said["manifest"] = run.manifest().document()
        said["report"] = run.report().document() | {"files": []}
        said["runs"] = {
            "runs": [line.document() for line in desk.runs()],
            "due": [date.document() for date in desk.due_dates()],
        }
        said["export"] = desk.export_person(ROW).document()
    plain: Documents = json.loads(json.dumps(said))
    return plain


def by_commands(practice: Practice, mailing: str) -> Documents:
    """The same by commands."""
    said: Documents = {}

    def keep(name: str, *args: str) -> Any:  # noqa: ANN401
        done = practice(*args, "--json")
        document = json.loads(done.out)
        practice.schemas.check(args, document)
        assert (done.code, document["exit"]) == (0, 0), done.out + done.err
        said[name] = {key: value for key, value in document.items() if key not in HEAD}
        return document

    practice.env["SUDO_USER"] = "ada"
    run = keep("prepare", "prepare", mailing, "--for", DUE, "--summary")["run"]
    plan = keep("review", "review", run, "--exclude", LEFT_OUT)["plan_hash"]
    keep("history", "review", run, "--history")
    keep("explain", "review", run, "--explain", ROW)
    keep("preview", "preview", run, "--recipient", ROW)
    keep("test", "test", run, "--to", OWN)
    practice.env["SUDO_USER"] = "bea"
    keep("send", "send", run, "--yes", "--plan", plan)
    keep("show", "show", run)
    keep("story", "show", run, "--recipient", ROW)
    keep("manifest", "show", run, "--manifest")
    keep("report", "report", run)
    keep("runs", "runs")
    keep("export", "export-person", ROW)
    return said


class Apart:
    """Takes out what two runs never share: ids, references, times, actors, the server's numbers."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {
                key: sum(bar["messages"] for bar in inner) if key == "course" else self(inner)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        text = re.sub(r"\bkept as \d+", "kept", text.replace("desk:", "os:"))
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(\+\d\d:\d\d|Z)?", "TIME", text)
        text = re.sub(r"\b\d{8}-[0-9a-z]{4}\b", self._numbered("RUN"), text)
        return re.sub(r"\b[0-9A-HJKMNP-TV-Z]{12}\b", self._numbered("REF"), text)

    def _numbered(self, word: str) -> Callable[[re.Match[str]], str]:
        """The same name for the same id, by the order in which they occur."""

        def name(found: re.Match[str]) -> str:
            return self.seen.setdefault(found[0], f"{word}{len(self.seen)}")

        return name


@pytest.fixture(params=["null", "few"])
def practice(request: pytest.FixtureRequest) -> Practice:
    """A practice whose ledger has its key and holds a prepared run."""
    found: Practice = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("prepare", [as_it_is, as_draft])
def test_a_script_and_the_command_line_do_the_same(
    practice: Practice, tmp_path: Path, prepare: Prepare
) -> None:
    mailing = next(iter(practice.json("runs")["runs"]))["mailing"]
    practice.copy(tmp_path / "second")
    scripted = by_script(practice.folder, mailing, prepare)
    practice.folder.rename(tmp_path / "first")
    (tmp_path / "second").rename(practice.folder)
    commanded = by_commands(practice, mailing)
    assert scripted["review"]["plan_hash"] == commanded["review"]["plan_hash"]
    assert scripted["prepare"]["plan_hash"] != scripted["review"]["plan_hash"]
    assert scripted["send"]["counts"] == commanded["send"]["counts"]
    assert scripted["send"]["counts"]["accepted"] > 5
    one, two = Apart()(scripted), Apart()(commanded)
    assert one.keys() == two.keys()
    for name in one:
        assert one[name] == two[name], name
    assert scripted["report"]["approved_by"] == "desk:bea"
    assert commanded["report"]["approved_by"] == "os:bea"


def test_a_script_and_commands_work_on_one_run_in_turn(null: Practice, schemas: Schemas) -> None:
    with open_practice(null.folder, actor="desk:ada") as desk:
        run = desk.prepare("einladung")
        assert isinstance(run, Run)
        null.json("review", run.id, "--exclude", LEFT_OUT)
        assert run.summary().counts.marked == 39
        run.approve(Answers(release=True))
        assert null.json("resume", run.id)["counts"] == {"accepted": 39, "suppressed": 1}
        assert run.status().state == "finished"
