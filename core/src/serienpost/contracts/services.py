"""The smaller things a plugin may bring: secrets, archives, dispatchers, templates, settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from pydantic import BaseModel

    from serienpost.contracts.channels import ProbeResult
    from serienpost.contracts.context import Context


class SecretStore(Protocol):
    """Resolves names to secrets; asked in the order of `secrets:`."""

    @property
    def name(self) -> str: ...

    def get(self, context: Context, name: str) -> str | None:
        """The secret, or None where this store does not know the name."""


@runtime_checkable
class InDatabase(Protocol):
    """A store of secrets that reads a database, and so cannot hold what opens one: secrets inside
    the URLs of `database` and `ledger` are not looked up in it."""

    @property
    def reads_database(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """A sent message for the person's record. `message` is unique per practice and message.

    `content` is the frozen message: what the channel's `record` gave, else its text.
    """

    message: str
    run: str
    person_id: str
    sent_at: datetime
    subject: str
    content: str
    pdf: bytes | None = None


class Archive(Protocol):
    """Stores sent messages in the person's record; storing the same `message` twice is one."""

    @property
    def name(self) -> str: ...

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of message that it stores."""

    def store(self, context: Context, entries: Sequence[ArchiveEntry]) -> Sequence[str | None]:
        """Store each entry; return for each None or the reason why it has no record."""


class Dispatcher(Protocol):
    """Wakes workers. May drop, delay, repeat or reorder; correctness never depends on it."""

    @property
    def name(self) -> str: ...

    @property
    def needs_shared_ledger(self) -> bool:
        """Whether the ledger must be on PostgreSQL."""

    def wake(self, context: Context, run: str, not_before: datetime | None) -> None:
        """Ask that some worker continue this run."""

    def work(self, context: Context, continue_run: Callable[[str], None]) -> None:
        """Serve wake-ups until stopped."""


@dataclass(frozen=True, slots=True)
class TemplatePack:
    """A folder of templates that ships with a distribution."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Claims one top-level key of `serienpost.yaml`; `model` says what may stand there.

    `probe` is what `doctor` asks about the key, whether it is written or not.
    """

    key: str
    model: type[BaseModel]
    required: bool = False
    probe: Callable[[Context], Iterable[ProbeResult]] | None = None
