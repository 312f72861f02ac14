"""Terms of a provider: nothing is sent before somebody accepted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Disclaimer, SerienpostError
from serienpost.cli import disclaimer
from serienpost.cli.disclaimer import accepted_by

if TYPE_CHECKING:
    from serienpost import AccountSettings


class Channel:
    title = "Brieftaube"
    terms: Disclaimer | None = Disclaimer("Die Daten fliegen.", "The data fly.")

    def disclaimer(self, account: AccountSettings) -> Disclaimer | None:
        return self.terms


class Context:
    """As much of a practice as the question needs."""

    def __init__(self, channel: object) -> None:
        account = type("Account", (), {"channel": "taube"})()
        self.config = type("Config", (), {"accounts": {"post": account}})()
        self.registry = type("Registry", (), {"channels": {"taube": channel}})()


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Somebody at a terminal who types this."""

    def at_terminal(typed: str) -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr(disclaimer.click, "prompt", lambda *_, **__: typed)

    return at_terminal


def who(channel: object, *, here: bool = False) -> str | None:
    return accepted_by(Context(channel), "post", here=here)  # type: ignore[arg-type]


def test_a_channel_without_terms_needs_nobody() -> None:
    assert who(object()) is None
    silent = Channel()
    silent.terms = None
    assert who(silent, here=True) is None


def test_the_option_and_the_account_accept() -> None:
    assert who(Channel(), here=True) == disclaimer.user_name()
    kept = Channel()
    kept.terms = Disclaimer("a", "b", "Dr. Sonnenschein", "2026-11-01")
    assert who(kept) == "Dr. Sonnenschein (2026-11-01, account post)"


def test_nobody_is_there() -> None:
    with pytest.raises(SerienpostError, match="--accept-disclaimer"):
        who(Channel())


@pytest.mark.parametrize("word", ["angenommen", " Accepted "])
def test_typed_in_either_language(
    ask: Any,  # noqa: ANN401
    capsys: pytest.CaptureFixture[str],
    word: str,
) -> None:
    ask(word)
    assert who(Channel()) == disclaimer.user_name()
    shown = capsys.readouterr().err
    assert "Die Daten fliegen." in shown
    assert "The data fly." in shown


@pytest.mark.parametrize("word", ["", "ja", "yes", "y"])
def test_anything_else_is_a_no(ask: Any, word: str) -> None:  # noqa: ANN401
    ask(word)
    with pytest.raises(SerienpostError, match="not accepted; nothing was sent"):
        who(Channel())
