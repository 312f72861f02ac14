from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, Field, RootModel, model_validator

from serienpost import AccountSettings, Capabilities, ConfigError, SecretRef, Settings, StrictModel
from serienpost.config.loading import load_practice
from serienpost.core_plugin import register_core
from serienpost.registry import Provider, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from serienpost import Context, Problem


class PigeonAccount(AccountSettings):
    host: str
    port: int = Field(default=25, ge=1, le=65535)
    password: SecretRef | None = None


class TextAccount(AccountSettings):
    user: str = ""
    key: str = ""

    @model_validator(mode="after")
    def _together(self) -> TextAccount:
        if bool(self.user) != bool(self.key):
            raise ValueError("user and key belong together")
        return self


class Pigeon:
    name = "pigeon"
    kind = "email"
    capabilities = Capabilities(subject=True)
    account = PigeonAccount


class Beep:
    name = "beep"
    kind = "sms"
    capabilities = Capabilities()
    account = TextAccount


class Choice(StrictModel):
    day: str | None = None
    status: list[str] = Field(default=[])


class Loose(BaseModel):
    town: str = "Dresden"


class People:
    name = "people"
    selection = Choice


class Towns:
    name = "towns"
    selection = Loose


class Register:
    name = "register"


class Url(RootModel[str]):
    """A URL."""


class Loft(StrictModel):
    birds: int = Field(default=2, ge=1)


class SharedEngine:
    name = "engine"
    needs_shared_ledger = True


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    register_core(made)
    plugin = Provider("serienpost-toys", "1.0")
    toys: dict[str, list[Any]] = {
        "channels": [Pigeon(), Beep()],
        "sources": [People(), Towns()],
        "consent_checks": [Register()],
        "dispatchers": [SharedEngine()],
    }
    for group, things in toys.items():
        for thing in things:
            made.add(group, thing.name, thing, plugin)
    for settings in (Settings("database", Url), Settings("loft", Loft)):
        made.add("settings", settings.key, settings, plugin)
    return made


@pytest.fixture(autouse=True)
def _no_policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SERIENPOST_POLICY", raising=False)
    monkeypatch.setattr("serienpost.config.layers.POLICY_FILE", tmp_path / "etc" / "policy.yaml")


@pytest.fixture
def opened(tmp_path: Path, registry: Registry) -> Callable[[str], Context]:
    """Write serienpost.yaml and open the folder with toy plugins."""

    def open_text(text: str, asked: list[str] | None = None) -> Context:
        (tmp_path / "serienpost.yaml").write_text(textwrap.dedent(text), encoding="utf-8")

        def load(names: Sequence[str]) -> Registry:
            if asked is not None:
                asked.extend(names)
            return registry

        return load_practice(tmp_path, load)

    return open_text


@pytest.fixture
def wrong(opened: Callable[[str], Context]) -> Callable[[str], list[Problem]]:
    """The problems of a serienpost.yaml."""

    def problems(text: str) -> list[Problem]:
        with pytest.raises(ConfigError) as caught:
            opened(text)
        return list(caught.value.problems)

    return problems


def brief(problems: Sequence[Any]) -> list[tuple[int | None, str | None, str]]:
    return [(problem.line, problem.key, problem.message) for problem in problems]


@pytest.fixture(name="brief")
def brief_fixture() -> Callable[[Sequence[Any]], list[tuple[int | None, str | None, str]]]:
    return brief
