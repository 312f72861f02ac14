from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Shell


@pytest.fixture
def rich_practice(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("LOFT_KEY", "hunter2")
    (shell.folder / "serienpost.yaml").write_text(
        "practice: {name: Praxis Beispiel}\n"
        "plugins: [serienpost-example]\n"
        'club: {address: "https://club.example.org"}\n'
        "accounts:\n"
        "  taube:\n"
        "    channel: pigeon\n"
        "    key: secret:LOFT_KEY\n"
        "retention: {values: 30 days}\n"
    )
    return shell


def test_every_key_in_force_is_shown(rich_practice: Shell) -> None:
    config = rich_practice.json("config", "show")["config"]
    assert config["practice"]["timezone"] == "Europe/Berlin"
    assert config["accounts"]["taube"]["answers"] is True
    assert config["retention"] == {
        "values": "30 days",
        "unapproved": "7 days",
        "messages": "3 years",
    }
    assert config["club"]["is_open"] is True


@pytest.mark.parametrize("args", [(), ("--origin",), ("--json",)])
def test_a_secret_is_never_shown(rich_practice: Shell, args: tuple[str, ...]) -> None:
    code, out, err = rich_practice("config", "show", *args)
    assert code == 0
    assert "hunter2" not in out + err
    assert "secret:LOFT_KEY" in out
    assert "https://club.example.org" in out


def test_origins_name_file_and_line_or_default(rich_practice: Shell) -> None:
    origins = rich_practice.json("config", "show", "--origin")["origins"]
    assert origins["accounts.taube.key"].endswith("serienpost.yaml:7")
    assert origins["retention.values"].endswith("serienpost.yaml:8")
    assert origins["retention.messages"] == "default"
    assert origins["accounts.taube.answers"] == "default"
    _, out, _ = rich_practice("config", "show", "--origin")
    row = out.split("retention.values ")[1].split("\nretention.")[0]
    assert "30 days" in row
    assert "serienpost.yaml:8" in "".join(row.split())


def test_a_policy_is_an_origin(
    rich_practice: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("consent:\n  override: true\n")
    monkeypatch.setenv("SERIENPOST_POLICY", str(policy))
    document = rich_practice.json("config", "show", "--origin")
    assert document["config"]["consent"]["override"] is True
    assert document["origins"]["consent.override"].endswith("policy.yaml:2")


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@club.example.org",
        "postgresql://me:hun/ter2@db/x",
        "postgresql://:hunter2@db/x",
        "postgresql://me%3Ahunter2@db/x",
        "postgresql://db/x?user=me&password=hunter2",
        "postgresql://db/x?%70assword=hunter2",
    ],
)
@pytest.mark.parametrize("where", ["club: {address: URL}", "ledger: URL", "dispatcher: URL"])
@pytest.mark.parametrize("command", ["config show", "doctor", "runs"])
def test_a_password_in_a_url_is_refused_and_not_shown(
    rich_practice: Shell, url: str, where: str, command: str
) -> None:
    """Whoever the key belongs to, and also where another message would quote the value."""
    file = rich_practice.folder / "serienpost.yaml"
    kept = file.read_text().replace("club:", "#")
    file.write_text(kept + where.replace("URL", f'"{url}"') + "\n")
    for args in ([], ["--json"]):
        code, out, err = rich_practice(*command.split(), *args)
        assert code == 3
        assert "serienpost.yaml:9" in err + out or '"line": 9' in out
        assert "a password does not stand in a URL" in out + err
        assert "ter2" not in out + err


def test_config_alone_is_a_question_of_usage(rich_practice: Shell) -> None:
    assert rich_practice("config")[0] == 2
