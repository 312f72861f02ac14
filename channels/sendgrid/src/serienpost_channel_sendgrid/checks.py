"""Texts that may stand in an account at SendGrid."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from serienpost import is_loopback

EU = "https://api.eu.sendgrid.com"


def _mailbox(value: str) -> str:
    from serienpost import parse_sender

    name, _ = parse_sender(value)
    if set(";,") & set(name):
        raise ValueError("a name holds no comma and no semicolon; SendGrid refuses them")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if not bare or not parts.hostname:
        raise ValueError(f"write scheme and host alone, as in {EU}")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("must begin with https://; http:// is only for a server on this machine")
    return value.rstrip("/")


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("is no date; write year-month-day, such as 2026-01-31") from None


def _category(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError("a category is plain ASCII")
    return value


def different(value: list[str]) -> list[str]:
    """The list, in which nothing stands twice."""
    if len(set(value)) != len(value):
        raise ValueError("a category stands here twice")
    return value


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Url = Annotated[str, AfterValidator(_url)]
Day = Annotated[str, AfterValidator(_day)]
Category = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_category)]


def is_local(url: str) -> bool:
    """Whether it is a server on this machine."""
    return is_loopback(urlsplit(url).hostname or "")
