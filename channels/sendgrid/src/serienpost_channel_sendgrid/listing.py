"""The templates at SendGrid, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serienpost_channel_sendgrid.api import Api

TEMPLATES = "/v3/templates"
PAGE = 200
MOST_PAGES = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A template as the list shows it; `versions` are id, name, whether in force, when changed."""

    id: str
    name: str
    generation: str
    versions: tuple[tuple[str, str, bool, str], ...]


async def list_templates(api: Api) -> AsyncIterator[Listed]:
    """All templates of the account, transactional and older ones.

    Raises:
        SerienpostError: SendGrid cannot be asked.
    """
    params: dict[str, str | int] = {"generations": "legacy,dynamic", "page_size": PAGE}
    for _ in range(MOST_PAGES):
        document = await api.get(TEMPLATES, **params) or {}
        for found in dicts(document.get("result") or document.get("templates")):
            yield _listed(found)
        following = (document.get("_metadata") or {}).get("next")
        token = parse_qs(urlsplit(str(following or "")).query).get("page_token")
        if not token:
            return
        params["page_token"] = token[0]


def _listed(found: dict[str, Any]) -> Listed:
    versions = tuple(
        (str(v.get("id", "")), str(v.get("name", "")), is_active(v), _updated(v))
        for v in dicts(found.get("versions"))
    )
    return Listed(
        str(found.get("id", "")),
        str(found.get("name", "")),
        str(found.get("generation", "legacy")),
        versions,
    )


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects in a list; nothing where there is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def is_active(version: dict[str, Any]) -> bool:
    """Whether a version is in force."""
    return version.get("active") in (1, True, "1")


def _updated(version: dict[str, Any]) -> str:
    """Some of SendGrid's documents write the key with a blank at its end."""
    return str(version.get("updated_at") or version.get("updated_at ") or "")
