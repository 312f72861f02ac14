"""Made-up practices for tests."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from serienpost import PracticeConfig, PracticeContext, Registry, register_core

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import BaseModel

# The head of a practice, as it stands under `practice:`.
PRACTICE = {
    "id": "sonnenschein",
    "name": "Praxis Dr. Sonnenschein",
    "street": "Lindenallee 5",
    "postal_code": "01067",
    "city": "Dresden",
    "phone": "0351 1234567",
    "email": "praxis@example.org",
    "web": "https://example.org",
    "timezone": "Europe/Berlin",
}


class MakeContext(ExitStack):
    """Opens practices without any file, and closes them when left.

    Args:
        folder: the practice folder, unless a call names another one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __call__(
        self,
        folder: Path | None = None,
        *,
        registry: Registry | None = None,
        claimed: Mapping[str, BaseModel] | None = None,
        **keys: object,
    ) -> PracticeContext:
        """Open a practice.

        Args:
            folder: the practice folder.
            registry: what plugins registered; only the core's own objects unless given.
            claimed: values of keys that plugins claim, as instances of their models.
            keys: core keys of `serienpost.yaml`, over a made-up practice.
        """
        if registry is None:
            registry = Registry()
            register_core(registry)
        config = PracticeConfig.model_validate(
            {"practice": PRACTICE, **keys, "claimed": dict(claimed or {})}
        )
        return self.enter_context(PracticeContext(folder or self._folder, config, registry))
