"""The smaller things a plugin may bring: secrets, archives, dispatchers, templates, settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path
    from threading import Event

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
    """Tells workers which run they may go on with. May drop, delay, repeat or reorder what it is
    told; correctness never depends on it, and each minute a worker looks for itself."""

    @property
    def name(self) -> str: ...

    @property
    def needs_shared_ledger(self) -> bool:
        """Whether the ledger must be on PostgreSQL."""

    def wake(self, context: Context, run: str, not_before: datetime | None) -> None:
        """Ask that some worker continue this run; leaves word and returns.

        Called where a run was released that the caller does not deliver itself, and where one was
        paused until a time. What it raises is told as a notice; the run is not lost for it.

        Args:
            context: the practice.
            run: the run's id.
            not_before: when it can go on (aware); None for at once.
        """

    def work(self, context: Context, continue_run: Callable[[str], None], stop: Event) -> None:
        """Serve wake-ups of this practice until `stop` is set, then return. `serienpost worker`
        calls it in a thread of its own; where it returns or raises before, it is called again.

        Args:
            context: the practice; open until this returns.
            continue_run: delivers a run and returns when it cannot go on for now. Takes any id,
                also again, in any order, in several threads at once; says itself what went wrong.
                After `stop` it returns at once.
            stop: set when no more wake-ups are to be served.
        """


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
