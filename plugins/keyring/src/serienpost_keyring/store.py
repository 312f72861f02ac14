"""The store `keyring`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import SecretError, Texts

if TYPE_CHECKING:
    from serienpost import Context

_ = Texts(__name__)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def service(context: Context) -> str:
    """The service under which a practice's secrets lie."""
    return f"serienpost/{context.practice.id}"


class KeyringStore:
    """Asks the keyring at each call; keeps nothing."""

    name = "keyring"

    def get(self, context: Context, name: str) -> str | None:
        """The secret; None where the keyring has no entry of this name.

        Raises:
            SecretError: there is no keyring on this machine, or it is locked.
        """
        import keyring
        from keyring.errors import KeyringError

        if not _NAME.match(name):
            return None
        try:
            return keyring.get_password(service(context), name) or None
        except KeyringError as error:
            raise SecretError(
                _(
                    "secret {name}: the keyring does not answer: {cause}",
                    name=name,
                    cause=type(error).__name__,
                ),
                hint=_("unlock it, or keep the secret in the environment or in a credential"),
            ) from error
