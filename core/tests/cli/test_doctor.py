from __future__ import annotations

import shutil
from collections import namedtuple
from typing import TYPE_CHECKING, Any

from serienpost.config.loading import load_practice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from conftest import Shell

MAILING = """\
source: club
account: taube
purpose: information
subject: Hallo
text: "{{Vorname}}"
"""


def change(shell: Shell, old: str, new: str) -> None:
    file = shell.folder / "serienpost.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def found(shell: Shell) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """The checks by name, and the wrong ones; each cause is a problem, and exit 3."""
    document = shell.json("doctor")
    wrong = [check for check in document["checks"] if not (check["ok"] or check["because"])]
    assert len(document["problems"]) == len(wrong)
    assert document["exit"] == (3 if wrong else 0)
    checks: dict[str, list[dict[str, Any]]] = {}
    for check in document["checks"]:
        assert set(check) == {"name", "ok", "text", "remedy", "because"}
        checks.setdefault(check["name"], []).append(check)
    return checks, wrong


def test_a_healthy_practice(shell: Shell) -> None:
    (shell.folder / "mailings").mkdir()
    (shell.folder / "mailings" / "hallo.yaml").write_text(MAILING)
    checks, wrong = found(shell)
    assert wrong == []
    assert {"python", "sqlite", "config", "ledger", "disk space"} <= set(checks)
    assert {"plugin serienpost-example", "source club", "consent club", "mailing hallo"} <= set(
        checks
    )
    assert [check["text"] for check in checks["account taube"]] == [
        "the pigeons are in",
        "balance 7.5",
    ]
    assert "needs a selection" in checks["source asking"][0]["text"]
    code, out, err = shell("doctor")
    assert (code, err) == (0, "")
    assert out.endswith("nothing is wrong\n")


def test_looking_makes_no_ledger(shell: Shell) -> None:
    found(shell)
    assert not (shell.folder / "versandbuch.db").exists()


def test_everything_broken_is_reported_at_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOFT_KEY", raising=False)
    change(shell, "club: {}", "club: {is_open: false}")
    change(
        shell,
        "taube: {channel: pigeon}",
        "taube: {channel: pigeon, answers: false}\n  ohne: {channel: pigeon, key: secret:LOFT_KEY}",
    )
    (shell.folder / "consent-is-down").touch()
    (shell.folder / "mailings").mkdir()
    (shell.folder / "mailings" / "hallo.yaml").write_text(MAILING.replace("Vorname", "Vorame"))
    (shell.folder / "mailings" / "anders.yaml").write_text(MAILING.replace("taube", "tabe"))
    checks, wrong = found(shell)
    assert {check["name"] for check in wrong} == {
        "source club",
        "consent club",
        "account taube",
        "account ohne",
        "mailing hallo",
        "mailing anders",
    }
    assert checks["source club"][0]["remedy"] == "set club.is_open"
    assert checks["account taube"][0] == {
        "name": "account taube",
        "ok": False,
        "text": "the loft is empty",
        "remedy": "whistle",
        "because": None,
    }
    assert "serienpost.yaml:6: accounts.ohne.key" in checks["account ohne"][0]["text"]
    assert "LOFT_KEY" in checks["account ohne"][0]["remedy"]
    assert "Vorname" in checks["mailing hallo"][0]["remedy"]
    assert all(check["remedy"] for check in wrong)
    code, out, err = shell("doctor")
    assert code == 3
    assert "whistle" in err
    assert "6 to mend" in out


def test_what_a_plugin_raises_is_not_repeated(shell: Shell) -> None:
    (shell.folder / "consent-is-down").touch()
    _, out, err = shell("doctor")
    assert "fails with RuntimeError" in out
    assert "Lovelace" not in out + err


def test_a_broken_configuration_is_told_with_all_its_problems(shell: Shell) -> None:
    change(shell, "channel: pigeon", "channel: pigon")
    change(shell, "practice:", "practise: 1\npractice:")
    checks, wrong = found(shell)
    assert len(checks["config"]) == 2
    assert checks["plugin serienpost-example"][0]["ok"]
    assert wrong[-1]["text"] == "not looked at"


def test_a_broken_plugin_is_told_once(shell: Shell) -> None:
    change(shell, "[serienpost-example]", "[serienpost-example, serienpost-none]")
    checks, wrong = found(shell)
    assert checks["plugin serienpost-example"][0]["ok"]
    assert [check["name"] for check in wrong] == [
        "plugin serienpost-none",
        "ledger, sources, accounts, mailings",
    ]


def test_no_practice_folder(shell: Shell) -> None:
    (shell.folder / "serienpost.yaml").unlink()
    _, wrong = found(shell)
    assert "serienpost init" in wrong[0]["remedy"]


def test_without_a_consent_plugin_nobody_may_be_written_to(
    shell: Shell, install: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "only_pigeons.py").write_text(
        "from serienpost_example import serienpost_channels\n"
    )
    install("serienpost-pigeons", "only_pigeons", tmp_path)
    change(shell, "[serienpost-example]\nclub: {}", "[serienpost-pigeons]")
    _, wrong = found(shell)
    assert [check["name"] for check in wrong] == ["consent"]


def test_the_ledger_is_private(shell: Shell) -> None:
    from serienpost.ledger.store import open_ledger

    with load_practice(shell.folder) as context:
        open_ledger(context)
    checks, wrong = found(shell)
    assert wrong == []
    assert checks["ledger file"][0]["text"].endswith("mode 0600")
    assert "opens" in checks["ledger"][0]["text"]
    (shell.folder / "versandbuch.db").chmod(0o644)
    checks, _ = found(shell)
    assert checks["ledger file"][0]["remedy"].startswith("chmod 600")


def test_a_ledger_that_is_none(shell: Shell) -> None:
    (shell.folder / "versandbuch.db").write_text("no database " * 100)
    checks, wrong = found(shell)
    assert [check["name"] for check in wrong if check["name"] != "ledger file"] == ["ledger"]
    assert checks["source club"][0]["ok"]


def test_a_process_that_died_while_preparing_is_told(shell: Shell) -> None:
    from serienpost.ledger.schema import run
    from serienpost.ledger.store import open_ledger

    with load_practice(shell.folder) as context, open_ledger(context).begin() as tx:
        empty = dict.fromkeys(["mailing", "title", "kind", "channel", "account", "purpose"], "")
        row = {"id": "R8", "due": "2026-03-01", "header": {}, "created_at": tx.now, **empty}
        tx.insert(run, [{**row, "state": "preparing", "owner": "1-GONE"}])
    checks, _ = found(shell)
    assert checks["ledger integrity"][0]["ok"]
    assert "is gone" in checks["run R8"][0]["text"]
    assert "resume --due" in checks["run R8"][0]["remedy"]


def test_messages_in_doubt_need_a_person(shell: Shell) -> None:
    from serienpost.ledger.schema import message
    from serienpost.ledger.store import open_ledger

    with load_practice(shell.folder) as context, open_ledger(context).begin() as tx:
        row = {
            "run": "R7",
            "block": 0,
            "allowed": True,
            "marked": True,
            "fence": 1,
            "attempts": 1,
            "attempts_before": 0,
        }
        tx.insert(
            message,
            [
                {**row, "no": no, "row_id": f"patient:{no}", "person": f"patient:{no}"}
                | {"ref": f"REF{no}", "state": state}
                for no, state in enumerate(["in_doubt", "in_doubt", "accepted"])
            ],
        )
    checks, _ = found(shell)
    assert checks["run R7"][0]["text"].startswith("2 in doubt")
    assert "resolve R7" in checks["run R7"][0]["remedy"]


def test_a_full_disk_is_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 5_000_000))
    _, wrong = found(shell)
    assert [check["name"] for check in wrong] == ["disk space"]


def test_the_store_that_answers_for_a_secret_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(shell, "club: {}", 'club: {}\nledger: "sqlite:///${secret:POST_KEY}.db"')
    monkeypatch.setenv("POST_KEY", "geheim-4711")
    checks, _ = found(shell)
    assert [check["text"] for check in checks["secret POST_KEY"]] == ["the store env answers"]
    monkeypatch.delenv("POST_KEY")
    checks, wrong = found(shell)
    assert "secret POST_KEY" not in checks
    assert any("POST_KEY" in check["text"] for check in wrong)
    assert "geheim-4711" not in str(checks)
