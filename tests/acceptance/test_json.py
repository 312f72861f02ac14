"""Every command prints its documented JSON; refusals and wrong usage too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from serienpost.cli.group import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Practice, Schemas

SHARED = {
    **dict.fromkeys(("send", "run", "resume", "retry", "pause", "cancel", "resolve"), "show"),
    "prepare": "review",
    "config": "config-show",
    "suppress": "suppress-list",
    "users": "users-list",
}


# `serve` answers in a browser.
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "serve"])
def test_every_command_has_a_schema(schemas: Schemas, command: str) -> None:
    assert SHARED.get(command, command) in schemas.all


def test_no_schema_lets_unknown_keys_pass(schemas: Schemas) -> None:
    head = {"serienpost": 1, "ok": True, "exit": 0, "problems": []}
    purged = dict.fromkeys(("values", "unapproved", "drafts", "selections"), 0)
    with pytest.raises(AssertionError, match="more"):
        schemas.check(["purge"], head | purged | {"messages": 0, "more": 1})
    with pytest.raises(AssertionError, match="messages"):
        schemas.check(["purge"], head | purged)
    with pytest.raises(AssertionError):
        schemas.check(["purge"], head | {"ok": False, "exit": 3})


def test_what_there_is(demo: Practice) -> None:
    names = [plugin["name"] for plugin in demo.json("plugins")["plugins"]]
    assert "serienpost-channel-smtp" in names
    assert [source["name"] for source in demo.json("sources")["sources"]][:1] == ["patients"]
    assert demo.json("sources", "patients")["source"]["filters"]
    assert "Briefanrede" in [macro["name"] for macro in demo.json("macros")["macros"]]
    assert demo.json("templates")["templates"]
    assert demo.json("templates", "copy", "geburtstag")["files"]
    assert demo.json("config", "show")["config"]["accounts"]["mail"]["channel"] == "smtp"
    assert "serienpost.yaml:" in demo.json("config", "show", "--origin")["origins"]["database"]
    checks = demo.json("doctor")["checks"]
    idle = {check["name"] for check in checks if "not running" in check["text"]}
    assert idle == {"account sms", "account grid", "mailing sprechzeiten"}, "none is started here"
    assert demo.json("check", "information")["macros"]
    assert demo.json("runs")["runs"][0]["run"] == demo.run


def test_commands_on_a_run(null: Practice) -> None:
    assert null.json("review", null.run)["recipients"]
    assert null.json("review", null.run, "--explain", "patient:1")["recipients"][0]["marked"]
    assert null.json("preview", null.run)["files"]
    assert null.json("test", null.run, "--to", "praxis@example.org")["outcome"] == "accepted"
    assert null.json("pause", null.run, code=3)["problems"]
    assert null.json("send", null.run, "--yes")["counts"] == {"accepted": 40}
    assert len(null.json("show", null.run)["messages"]) == 40
    shown = null.json("show", null.run, "--recipient", "patient:3")["messages"][0]
    assert shown["log"][0]["outcome"] == "accepted"
    assert (shown["mailing"], shown["kind"]) == ("einladung", "email")
    assert null.json("show", null.run, "--manifest")["fields"]
    assert null.json("report", null.run)["course"]
    assert null.json("resume", "--due")["runs"] == []


def test_commands_on_the_ledger(null: Practice, tmp_path: Path) -> None:
    assert null.json("suppress", "add", "somebody@example.org")["added"] == 1
    assert null.json("suppress", "list")["entries"][0]["kind"] == "email"
    assert null.json("suppress", "remove", "somebody@example.org")["removed"] == 1
    assert null.json("events")["accounts"]
    assert null.json("purge")["values"] == 0
    assert null.json("export-person", "patient:3")["messages"]
    null.json("export-person", "patient:3", "--out", str(tmp_path / "person.json"))
    assert null.json("erase-person", "patient:3", "--yes")["messages"] == 1


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["--nonsense", "runs"],
        ["prepare"],
        ["prepare", "information", "--nope"],
        ["send"],
        ["resume"],
        ["resume", "RUN", "--due"],
        ["retry", "RUN"],
        ["resolve", "RUN", "--recipient", "patient:1", "--as", "perhaps"],
        ["show"],
        ["test", "RUN"],
        ["suppress", "add"],
        ["init", "DIR", "--seed", "1"],
    ],
)
def test_wrong_usage(null: Practice, args: list[str]) -> None:
    (problem,) = null.json(*args, code=2)["problems"]
    assert problem["message"]
    done = null(*args)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["prepare", "nothing"],
        ["prepare", "einladung", "--for", "31.13.2026"],
        ["send", "nothing", "--yes"],
        ["resume", "nothing"],
        ["retry", "nothing", "--failed"],
        ["show", "nothing"],
        ["show", "RUN", "--recipient", "patient:4711"],
        ["resolve", "RUN", "--recipient", "patient:1", "--as", "accepted"],
        ["erase-person", "patient:1"],
        ["sources", "nothing"],
        ["suppress", "add", "not an address"],
    ],
)
def test_refusals(null: Practice, args: list[str]) -> None:
    before = null.contents()
    args = [null.run if arg == "RUN" else arg for arg in args]
    assert null.refused(*args)
    assert null.contents() == before
    assert null.oracle() == {}


def test_a_summary_has_no_rows(demo: Practice) -> None:
    assert "recipients" not in demo.json("review", demo.run, "--summary")
    full = demo("review", demo.run, "--json")
    assert len(json.loads(full.out)["recipients"]) == 300
    assert full.err == ""


def test_without_a_practice(null: Practice) -> None:
    (null.folder / "serienpost.yaml").unlink()
    for args in (["plugins"], ["runs"], ["check", "einladung"]):
        (problem,) = null.refused(*args)
        assert "serienpost.yaml" in str(problem.values())
