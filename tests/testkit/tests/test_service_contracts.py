"""The core's stores, its dispatcher and the null settings keep the contracts of the suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost.contracts.services import Settings
from serienpost.dispatch import LocalDispatcher
from serienpost.secrets import CredentialsStore, EnvStore
from serienpost_testkit.null.settings import NullSettings
from serienpost_testkit.suites import DispatcherSuite, SecretStoreSuite, SettingsSuite

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"MAIL_PASSWORD": "geheim-1", "SMS_PASSWORD": "geheim ß"}


class _Core:
    plugin_module = "serienpost.core_plugin"


class TestEnvironment(_Core, SecretStoreSuite):
    @pytest.fixture
    def store(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> EnvStore:
        file = tmp_path / "sms"
        file.touch(mode=0o600)
        file.write_text(f"{SECRETS['SMS_PASSWORD']}\n", encoding="utf-8")
        monkeypatch.setenv("MAIL_PASSWORD", SECRETS["MAIL_PASSWORD"])
        monkeypatch.setenv("SMS_PASSWORD_FILE", str(file))
        return EnvStore()

    @pytest.fixture
    def secrets(self) -> dict[str, str]:
        return SECRETS


class TestCredentials(_Core, SecretStoreSuite):
    @pytest.fixture
    def store(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CredentialsStore:
        for name, secret in SECRETS.items():
            (tmp_path / name).touch(mode=0o400)
            (tmp_path / name).chmod(0o600)
            (tmp_path / name).write_text(secret, encoding="utf-8")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        return CredentialsStore()

    @pytest.fixture
    def secrets(self) -> dict[str, str]:
        return SECRETS


class TestLocalDispatcher(_Core, DispatcherSuite):
    @pytest.fixture
    def dispatcher(self) -> LocalDispatcher:
        return LocalDispatcher()


class TestNullSettings(SettingsSuite):
    @pytest.fixture
    def claimed(self) -> Settings:
        return Settings("null", NullSettings)

    @pytest.fixture
    def value(self) -> dict[str, object]:
        return {"default": "deny", "consent": "consent.jsonl"}
