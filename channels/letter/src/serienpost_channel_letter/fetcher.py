"""What a letter may load: files that were packed with it, and images inside of itself."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from weasyprint.urls import (  # noqa: TID253  # only worker processes import this module
    FatalURLFetchingError,
    URLFetcher,
    URLFetcherResponse,
)

from serienpost import Texts
from serienpost_channel_letter.images import drawable

if TYPE_CHECKING:
    from collections.abc import Mapping

_ = Texts(__name__)

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif"})
_INSIDE = ("data:image/png;", "data:image/jpeg;", "data:image/gif;")


class BlockedError(FatalURLFetchingError):  # type: ignore[misc]
    """A letter wants to load what it must not, or what is no image. No `Exception`: nothing
    swallows it.

    Args:
        code: `blocked` or `image`.
        what: it wants to load, or the image.
    """

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what

    @property
    def of_letter(self) -> str:
        """The sentence, where one letter is at fault."""
        if self.code == "image":
            return _("the letter holds a picture that cannot be printed: {what}", what=self.what)
        return _("the letter must not load {what}", what=self.what)

    @property
    def of_style(self) -> str:
        """The sentence, where the layout of all letters is."""
        if self.code == "image":
            return _("the layout holds a picture that cannot be printed: {what}", what=self.what)
        return _("the layout must not load {what}", what=self.what)


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
                return _response(url, _drawable(inside.read(), _("within the text")))
        name = url.removeprefix("asset:")
        is_picture = PurePath(name).suffix.lower() in _PICTURES
        if url.startswith("asset:") and name in self._files and is_picture:
            if name not in self._drawable:
                self._drawable[name] = _drawable(self._files[name], name)
            return _response(url, self._drawable[name])
        raise BlockedError("blocked", url[:80])


def _drawable(data: bytes, name: str) -> bytes:
    drawn = drawable(data)
    if drawn is None:
        raise BlockedError("image", name)
    return drawn


def _response(url: str, data: bytes) -> URLFetcherResponse:
    return URLFetcherResponse(
        url, data, {"Content-Type": "image/jpeg" if data.startswith(b"\xff\xd8") else "image/png"}
    )
