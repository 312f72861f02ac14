"""The core's own stores of secrets: the environment and systemd's credentials."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost.errors import SecretError
from serienpost.files import unreadable
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.context import PracticeContext

_ = Texts(__name__)

# What can be the name of a credential: a file name (systemd.exec, LoadCredential=).
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}\Z")

_OTHERS = stat.S_IROTH | stat.S_IWOTH


class EnvStore:
    """`NAME` in the environment, or `NAME_FILE`, the path of a file that holds the secret."""

    name = "env"

    def get(self, context: PracticeContext, name: str) -> str | None:
        """The secret; None where neither variable is set.

        Raises:
            SecretError: the file is missing, empty, or open to other users of the machine.
        """
        value = os.environ.get(name)
        if value:
            return value
        file = os.environ.get(f"{name}_FILE")
        return _read(context.path(file), _("secret {name}: the file", name=name)) if file else None


class CredentialsStore:
    """The file `$CREDENTIALS_DIRECTORY/NAME`, set by systemd (systemd.exec, LoadCredential=)."""

    name = "credentials"

    def get(self, context: PracticeContext, name: str) -> str | None:  # noqa: ARG002
        """The secret; None where the service was given no credential of this name.

        Raises:
            SecretError: the file is empty or open to other users of the machine.
        """
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder or not _NAME.match(name):
            return None
        path = Path(folder) / name
        what = _("secret {name}: the credential", name=name)
        return _read(path, what) if path.is_file() else None


def _read(path: Path, what: str) -> str:
    try:
        if path.stat().st_mode & _OTHERS:
            text = _("{what} is open to other users", what=what)
            raise SecretError(text, hint=f"chmod 600 {path}")
        value = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(
            _("{what} cannot be read: {why}", what=what, why=unreadable(error)),
            hint=_("check {file}", file=str(path)),
        ) from error
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        hint = _("write the secret into {file}", file=str(path))
        raise SecretError(_("{what} is empty", what=what), hint=hint)
    return value
