"""What a letter may load: files that were packed with it, and images inside of itself."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from weasyprint.urls import (  # noqa: TID253  # only worker processes import this module
    FatalURLFetchingError,
    URLFetcher,
    URLFetcherResponse,
)

from serienpost_channel_letter.images import drawable

if TYPE_CHECKING:
    from collections.abc import Mapping

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif"})
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
        self._drawable: dict[str, bytes] = {}

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ANN401
        """The file behind a URL.

        Raises:
            BlockedError: it is not one of the letter's own, or is no image.
        """
        if url.startswith(_INSIDE):
            with super().fetch(url, headers) as inside:
                return _response(url, _drawable(inside.read(), "im Text"))
        name = url.removeprefix("asset:")
        is_picture = PurePath(name).suffix.lower() in _PICTURES
        if url.startswith("asset:") and name in self._files and is_picture:
            if name not in self._drawable:
                self._drawable[name] = _drawable(self._files[name], name)
            return _response(url, self._drawable[name])
        raise BlockedError("blocked", f"darf nicht laden: {url[:80]}")


def _drawable(data: bytes, name: str) -> bytes:
    drawn = drawable(data)
    if drawn is None:
        raise BlockedError("image", f"enthält ein Bild, das nicht zu drucken ist: {name}")
    return drawn


def _response(url: str, data: bytes) -> URLFetcherResponse:
    return URLFetcherResponse(
        url, data, {"Content-Type": "image/jpeg" if data.startswith(b"\xff\xd8") else "image/png"}
    )
