"""What plugins and the core work with: folder, configuration, plugins, secrets, shared resources.

Plugins see of it what `contracts.context.Context` names.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from zoneinfo import ZoneInfo

from serienpost.errors import SecretError, SerienpostError
from serienpost.redaction import SECRET_WITHIN, remember_secret
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from pydantic import BaseModel

    from serienpost.config.models import PracticeConfig
    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.channels import Channel
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.practice import PracticeInfo
    from serienpost.registry import Registry

_ = Texts(__name__)

T = TypeVar("T")


class PracticeContext:
    """One practice, opened. Closing it closes everything that plugins opened through it.

    Args:
        folder: the practice folder.
        config: the checked `serienpost.yaml`.
        registry: all objects that the practice's plugins registered.
    """

    def __init__(self, folder: Path, config: PracticeConfig, registry: Registry) -> None:
        self.folder = folder
        self.config = config
        self.registry = registry
        self.zone = ZoneInfo(config.practice.timezone)
        self._resources: dict[str, object] = {}
        self._stack = ExitStack()
        self._lock = RLock()
        self._is_closed = False

    @property
    def practice(self) -> PracticeInfo:
        """Who writes."""
        return self.config.practice

    @property
    def accounts(self) -> Mapping[str, AccountSettings]:
        """The configured senders by name."""
        return self.config.accounts

    @property
    def flag_purposes(self) -> frozenset[str]:
        """The purposes that a yes in the person's master data allows."""
        return frozenset(self.config.consent.flags_purposes)

    def place(self, key: str) -> tuple[str | None, int | None]:
        """File and line that a dotted key of the configuration comes from."""
        return self.config.place(key)

    def kind(self, name: str) -> Kind | None:
        """The kind of contact of this name, of the core or of a channel here."""
        return self.registry.kinds().get(name)

    def kind_of(self, account: str) -> Kind:
        """The kind of contact that an account writes to.

        Raises:
            KeyError: there is no such account.
        """
        return self.registry.kind(self.registry.channels[self.config.accounts[account].channel])

    def channels(self) -> Iterable[Channel[Any]]:
        """The channels of this practice."""
        return self.registry.channels.values()

    def settings(self, key: str) -> BaseModel | None:
        """The checked value of a top-level key that a plugin claimed, None where it is absent."""
        return self.config.claimed.get(key)

    def path(self, name: str | Path) -> Path:
        """A path as written in a file of the practice: relative ones start at the folder, `~` is
        the home of who runs this."""
        if str(name).startswith("~"):
            with suppress(RuntimeError):  # nobody's home: a name like any other
                return self.folder / Path(name).expanduser()
        return self.folder / name

    def secret(self, reference: str) -> str:
        """Resolve `secret:NAME` (or a bare NAME) in the stores, in the order of `secrets:`.

        Raises:
            SecretError: no store knows the name.
        """
        return self._secret(reference.removeprefix("secret:"), self.config.secrets)

    def secret_store(self, reference: str) -> str | None:
        """The name of the store that answers for a secret, None where none does."""
        found = self._look_up(reference.removeprefix("secret:"), self.config.secrets)
        return found[0] if found else None

    def _secret(self, name: str, order: Sequence[str]) -> str:
        found = self._look_up(name, order)
        if found:
            return found[1]
        raise SecretError(
            _("secret {name} is in none of the stores {stores}", name=name, stores=list(order)),
            hint=_(
                "set the environment variable {name}, or {name}_FILE to a file that holds it",
                name=name,
            ),
        )

    def _look_up(self, name: str, order: Sequence[str]) -> tuple[str, str] | None:
        for store in order:
            try:
                value = self.registry.secret_stores[store].get(self, name)
            except SerienpostError:
                raise
            except Exception as error:
                raise SecretError(
                    _(
                        "the store {store} cannot be asked for {name}: {why}",
                        store=store,
                        name=name,
                        why=type(error).__name__,
                    )
                ) from error
            if value is not None:
                remember_secret(str(value))
                return store, value
        return None

    def expand(self, url: str) -> str:
        """Replace each `${secret:NAME}` in the URL of a database, percent-encoded.

        Raises:
            SecretError: no store knows the name but such as read a database themselves.
        """
        from urllib.parse import quote

        from serienpost.contracts.services import InDatabase

        stores = self.registry.secret_stores
        order = [
            name for name in self.config.secrets if not isinstance(stores.get(name), InDatabase)
        ]
        return SECRET_WITHIN.sub(lambda found: quote(self._secret(found[1], order), safe=""), url)

    def shared(self, key: str, factory: Callable[[], AbstractContextManager[T]]) -> T:
        """One resource per key, opened on first use by whichever thread comes first, closed with
        the context.

        Raises:
            RuntimeError: the context is closed.
        """
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the practice is closed")
            if key not in self._resources:
                self._resources[key] = self._stack.enter_context(factory())
            return cast("T", self._resources[key])

    def close(self) -> None:
        """Close all shared resources, for good."""
        self._is_closed = True
        self._resources.clear()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
