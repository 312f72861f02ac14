"""The contract that every secret store keeps, on a keyring in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError

from serienpost import SecretError
from serienpost_keyring.store import KeyringStore, service
from serienpost_testkit.suites import SecretStoreSuite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

SECRETS = {"MAIL_PASSWORD": "geheim-1", "SMS_PASSWORD": "geheim-ß"}


class MemoryKeyring(KeyringBackend):
    """Keeps what it is given; raises `error` once that is set."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.error: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def backend(context: Context) -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    for name, secret in SECRETS.items():
        keyring.set_password(service(context), name, secret)
    yield memory
    keyring.set_keyring(before)


class TestKeyringStore(SecretStoreSuite):
    @pytest.fixture
    def store(self, backend: MemoryKeyring) -> KeyringStore:
        return KeyringStore()

    @pytest.fixture
    def secrets(self) -> dict[str, str]:
        return SECRETS


def test_practices_do_not_see_each_other(
    make_context: MakeContext, context: Context, backend: MemoryKeyring
) -> None:
    head = context.config.practice.model_dump()
    other = make_context(practice={**head, "id": "nord"})
    assert KeyringStore().get(other, "MAIL_PASSWORD") is None
    assert KeyringStore().get(context, "MAIL_PASSWORD") == "geheim-1"


@pytest.mark.parametrize("error", [KeyringLocked("geheim-1"), NoKeyringError("none")])
def test_a_keyring_that_does_not_answer_is_said_without_its_words(
    context: Context, backend: MemoryKeyring, error: Exception
) -> None:
    backend.error = error
    with pytest.raises(SecretError, match="secret MAIL_PASSWORD: the keyring") as caught:
        KeyringStore().get(context, "MAIL_PASSWORD")
    assert "geheim" not in str(caught.value)
