from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost import SecretError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context

PRACTICE = "practice: {name: x}\n"


@pytest.fixture
def context(opened: Callable[[str], Context], monkeypatch: pytest.MonkeyPatch) -> Context:
    for name in ("KEY", "KEY_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return opened(PRACTICE)


def secret_file(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_from_the_environment(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret")
    assert context.secret("secret:KEY") == "s3cret"
    assert context.expand("postgresql://u:${secret:KEY}@h/d") == "postgresql://u:s3cret@h/d"


@pytest.mark.parametrize("text", ["s3cret", "s3cret\n", "s3cret\r\n"])
def test_from_a_file(
    context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    secret_file(tmp_path / "key.txt", text)
    monkeypatch.setenv("KEY_FILE", "key.txt")
    assert context.secret("secret:KEY") == "s3cret"


@pytest.mark.parametrize(
    ("mode", "text", "message"),
    [(0o644, "hush", "open to other users"), (0o606, "hush", "open"), (0o600, "\n", "empty")],
    ids=["readable", "writable", "empty"],
)
def test_refuses_files(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mode: int,
    text: str,
    message: str,
) -> None:
    monkeypatch.setenv("KEY_FILE", secret_file(tmp_path / "key.txt", text, mode))
    with pytest.raises(SecretError, match=message) as caught:
        context.secret("secret:KEY")
    assert "hush" not in str(caught.value)


def test_missing_file(context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(SecretError, match="cannot be read"):
        context.secret("secret:KEY")


def test_from_systemd(context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    secret_file(folder / "KEY", "s3cret\n", 0o400)
    secret_file(tmp_path / "outside", "s3cret\n", 0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert context.secret("secret:KEY") == "s3cret"
    store = context.registry.secret_stores["credentials"]
    assert store.get(context, "../outside") is None
    assert store.get(context, "OTHER") is None


def test_in_no_store(context: Context) -> None:
    with pytest.raises(SecretError, match="KEY is in none of the stores env, credentials"):
        context.secret("secret:KEY")


def test_the_order_of_stores(
    opened: Callable[[str], Context], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret_file(tmp_path / "KEY", "from systemd", 0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("KEY", "from environment")
    assert opened(PRACTICE).secret("KEY") == "from environment"
    turned = opened(PRACTICE + "secrets: [credentials, env]\n")
    assert turned.secret("KEY") == "from systemd"
