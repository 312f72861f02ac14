"""Suppressions at SendGrid as events: whom it no longer writes to, and why.

SendGrid accepts messages to these addresses and drops them. On our list belongs who is wrong for
good, who complained, and who unsubscribed; the others are told as bounced.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from serienpost import Event, is_address_fault, redact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serienpost_channel_sendgrid.client import Api

PAGE = 500
# Seconds that are read again: an entry may show up later than one of another list.
OVERLAP = 86_400


@dataclass(frozen=True, slots=True)
class _List:
    """`permanent`: whether all its addresses reach nobody; where it is open, the reason decides."""

    path: str
    kind: Literal["bounced", "complained", "unsubscribed"]
    permanent: bool | None = None


LISTS = (
    _List("bounces", "bounced"),
    _List("blocks", "bounced", permanent=False),
    _List("spam_reports", "complained", permanent=True),
    _List("invalid_emails", "bounced", permanent=True),
    _List("unsubscribes", "unsubscribed", permanent=True),
)


async def suppressions(api: Api, key: str, since: datetime | None) -> AsyncIterator[Event]:
    """What was added to the five lists.

    Args:
        api: for reading.
        key: keys the ids of events, so that no address can be guessed from one.
        since: aware; a day before it is read again. None for all.
    """
    for each in LISTS:
        params: dict[str, str | int] = {"limit": PAGE, "offset": 0}
        if since:
            params["start_time"] = max(0, int(since.timestamp()) - OVERLAP)
        while True:
            found = await api.get(f"/v3/suppression/{each.path}", **params) or []
            for entry in found:
                event = _event(each, entry, key) if isinstance(entry, dict) else None
                if event:
                    yield event
            if len(found) < PAGE:
                break
            params["offset"] = int(params["offset"]) + PAGE


def _event(of: _List, entry: dict[str, Any], key: str) -> Event | None:
    address, created = str(entry.get("email") or ""), entry.get("created")
    if not address or not isinstance(created, int):
        return None
    status, reason = str(entry.get("status") or ""), str(entry.get("reason") or "")
    secret = hashlib.sha256(key.encode()).digest()
    name = f"{of.path}\n{address.casefold()}\n{created}".encode()
    return Event(
        id=f"{of.path}:{created}:{hashlib.blake2b(name, key=secret, digest_size=12).hexdigest()}",
        kind=of.kind,
        at=datetime.fromtimestamp(created, UTC),
        address=address,
        code=(status or of.path)[:40],
        text=redact(reason, address),
        permanent=is_address_fault(status, reason) if of.permanent is None else of.permanent,
    )
