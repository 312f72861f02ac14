"""What a letter may load: files that were packed with it, and images inside of itself."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from weasyprint.urls import (  # noqa: TID253  # only worker processes import this module
    FatalURLFetchingError,
    URLFetcher,
    URLFetcherResponse,
)

from serienpost_channel_letter.files import is_image

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}
_INSIDE = ("data:image/png;", "data:image/jpeg;", "data:image/gif;")


class BlockedError(FatalURLFetchingError):  # type: ignore[misc]
    """A letter wants to load what it must not, or what is no image. No `Exception`: nothing
    swallows it.

    Args:
        code: `blocked` or `image`.
        text: a sentence without its subject.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class PackedFetcher(URLFetcher):  # type: ignore[misc]
    """Serves `asset:NAME` from memory and `data:` images; no connection, no file.

    Args:
        files: packed files by name.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(
            timeout=1, allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True
        )
        self._files = files
        self._sound: set[str] = set()

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ANN401
        """The file behind a URL.

        Raises:
            BlockedError: it is not one of the letter's own, or is no image.
        """
        if url.startswith(_INSIDE):
            return super().fetch(url, headers)
        name = url.removeprefix("asset:")
        media_type = _TYPES.get(PurePath(name).suffix.lower())
        if url.startswith("asset:") and name in self._files and media_type:
            if name not in self._sound and not is_image(self._files[name]):
                raise BlockedError("image", f"enthält ein Bild, das nicht zu lesen ist: {name}")
            self._sound.add(name)
            return URLFetcherResponse(url, self._files[name], {"Content-Type": media_type})
        raise BlockedError("blocked", f"darf nicht laden: {url[:80]}")
