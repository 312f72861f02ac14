"""The secret store `praxisplus`: one file for all practices of a machine."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost import SecretError

if TYPE_CHECKING:
    from serienpost import Context

VARIABLE = "PRAXISPLUS_SECRETS"


class PraxisPlusStore:
    """A JSON map: practice id -> name -> secret. Read at each call, nothing is kept."""

    name = "praxisplus"

    def get(self, context: Context, name: str) -> str | None:
        """The practice's own secret of this name.

        Raises:
            SecretError: the file is open to others, or cannot be read.
        """
        named = os.environ.get(VARIABLE)
        if not named:
            return None
        path = Path(named)
        try:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SecretError(f"{path} is open to other users", hint=f"chmod 600 {path}")
            practices = json.loads(path.read_text(encoding="utf-8"))
            secret = practices.get(context.practice.id, {}).get(name)
        except (OSError, ValueError, AttributeError) as error:
            raise SecretError(f"{path} cannot be read: {type(error).__name__}") from error
        return secret if isinstance(secret, str) and secret else None
