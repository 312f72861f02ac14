from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from serienpost import PracticeContext, SecretError, StrictModel
from serienpost.config.models import PracticeConfig
from serienpost.contracts.practice import PracticeInfo
from serienpost.redaction import redact
from serienpost.registry import Provider, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Loft(StrictModel):
    birds: int = 2


class Drawer:
    def __init__(self, name: str, **secrets: str) -> None:
        self.name = name
        self.secrets = secrets
        self.asked: list[str] = []

    def get(self, context: PracticeContext, name: str) -> str | None:
        self.asked.append(name)
        return self.secrets.get(name)


@pytest.fixture
def drawers() -> tuple[Drawer, Drawer]:
    return Drawer("first", KEY="one", URL="a b/c@d:e"), Drawer("second", KEY="two", OTHER="three")


@pytest.fixture
def context(tmp_path: Path, drawers: tuple[Drawer, Drawer]) -> PracticeContext:
    registry = Registry()
    for drawer in drawers:
        registry.add("secret_stores", drawer.name, drawer, Provider("toys", "1"))
    config = PracticeConfig(
        practice=PracticeInfo(name="Praxis", timezone="Europe/Zurich"),
        secrets=["first", "second"],
        claimed={"loft": Loft(birds=7)},
    )
    return PracticeContext(tmp_path, config, registry)


@pytest.mark.parametrize("reference", ["secret:KEY", "KEY"])
def test_stores_are_asked_in_their_order(
    context: PracticeContext, drawers: tuple[Drawer, Drawer], reference: str
) -> None:
    assert context.secret(reference) == "one"
    assert [drawer.asked for drawer in drawers] == [["KEY"], []]
    assert context.secret("OTHER") == "three"


def test_a_missing_secret_says_where_it_was_looked_for(context: PracticeContext) -> None:
    with pytest.raises(SecretError) as caught:
        context.secret("secret:MISSING")
    assert str(caught.value) == (
        "secret MISSING is in none of the stores first, second"
        " (set the environment variable MISSING, or MISSING_FILE to a file that holds it)"
    )


def test_a_secret_that_was_looked_up_is_kept_out_of_what_others_say(
    context: PracticeContext, drawers: tuple[Drawer, Drawer]
) -> None:
    """A provider that repeats what it was sent would bring it into the ledger and the log."""
    key = "SG.quitte-77.heim"
    drawers[0].secrets["GRID"] = key
    login = b64encode(f"\0praxis\0{key}".encode()).decode()
    said = f"401 the key {key} is unknown, as is {login}"
    assert redact("550 no such user") == "550 no such user"
    context.secret("GRID")
    assert redact(said) == "401 the key *** is unknown, as is ***"


def test_secrets_inside_a_url_are_encoded(context: PracticeContext) -> None:
    url = context.expand("postgresql://u:${secret:URL}@db/x?k=${secret:KEY}&p=$HOME")
    assert url == "postgresql://u:a%20b%2Fc%40d%3Ae@db/x?k=one&p=$HOME"


def test_settings_paths_and_zone_are_the_practice_s(
    context: PracticeContext, tmp_path: Path
) -> None:
    assert context.settings("loft") == Loft(birds=7)
    assert context.settings("nothing") is None
    assert context.path("a/b.txt") == tmp_path / "a" / "b.txt"
    assert str(context.path("/etc/x")) == "/etc/x"
    assert context.zone.key == "Europe/Zurich"


def test_shared_resources_open_once_and_close_in_reverse_with_the_context(
    context: PracticeContext,
) -> None:
    log: list[str] = []

    @contextmanager
    def resource(name: str) -> Iterator[str]:
        log.append(f"open {name}")
        yield name
        log.append(f"close {name}")

    with context:
        for _ in range(2):
            assert context.shared("a", lambda: resource("a")) == "a"
            assert context.shared("b", lambda: resource("b")) == "b"
    assert log == ["open a", "open b", "close b", "close a"]
    context.close()
    with pytest.raises(RuntimeError, match="closed"):
        context.shared("a", lambda: resource("a again"))
    assert len(log) == 4


def test_a_resource_that_cannot_be_opened_is_tried_again(context: PracticeContext) -> None:
    @contextmanager
    def broken() -> Iterator[str]:
        if not log:
            log.append("tried")
            raise RuntimeError("away")
        yield "there"

    log: list[str] = []
    with pytest.raises(RuntimeError):
        context.shared("x", broken)
    assert context.shared("x", broken) == "there"
    context.close()
