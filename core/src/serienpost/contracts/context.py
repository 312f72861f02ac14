"""What every method of a plugin gets to work with: the practice that it is called for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from pydantic import BaseModel

    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.practice import PracticeInfo

T = TypeVar("T")


class Context(Protocol):
    """One practice, opened. Whatever plugins open through it is closed with it."""

    @property
    def folder(self) -> Path:
        """The practice folder."""

    @property
    def practice(self) -> PracticeInfo:
        """Who writes."""

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone."""

    @property
    def accounts(self) -> Mapping[str, AccountSettings]:
        """The configured senders by name, each of the model of its channel."""

    @property
    def flag_purposes(self) -> frozenset[str]:
        """The purposes that a yes in the person's master data allows (`consent.flags_purposes`)."""

    def settings(self, key: str) -> BaseModel | None:
        """The checked value of a top-level key that a plugin claimed, None where it is absent."""

    def place(self, key: str) -> tuple[str | None, int | None]:
        """File and line that a dotted key of the configuration comes from; (None, None) for a
        default."""

    def path(self, name: str | Path) -> Path:
        """A path as written in a file of the practice: relative ones start at the folder, `~` is
        the home of who runs this."""

    def secret(self, reference: str) -> str:
        """Resolve `secret:NAME` (or a bare NAME) in the stores, in the order of `secrets:`.

        Raises:
            SecretError: no store knows the name.
        """

    def expand(self, url: str) -> str:
        """Replace each `${secret:NAME}` in the URL of a database, percent-encoded.

        Raises:
            SecretError: no store knows the name but such as read a database themselves.
        """

    def shared(self, key: str, factory: Callable[[], AbstractContextManager[T]]) -> T:
        """One resource per key, opened on first use by whichever thread comes first, closed with
        the context."""

    def kind(self, name: str) -> Kind | None:
        """The kind of contact of this name, of the core or of a channel of this practice."""

    def channels(self) -> Iterable[object]:
        """The channels of this practice; `isinstance(channel, HasRecord)` and the like say what
        one can."""
