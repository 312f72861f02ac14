"""What a run is, apart from its rows: frozen at prepare and part of the plan hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from serienpost.contracts.providers import KeptTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Block:
    """One `select:` block: a source and its selection as plain JSON."""

    source: str
    selection: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Header:
    """Everything that is the same for all rows of a run. Holds no secret, host, port or rate.

    `assets` are the digests of the frozen files; `versions` those of all plugins; `kept_template`
    is the provider's template, where it fills one in. `hand_over` is `now` only where the provider
    can hold messages until their time; with `transliterate: always` the text of an SMS is written
    with the GSM alphabet. `part_size` is set where the channel takes the run in fixed parts.
    """

    mailing: str
    title: str
    template: str
    kind: str
    channel: str
    account: str
    sender: str
    reply_to: str | None
    purpose: str
    language: str
    due: str
    signature: dict[str, Any] | None
    blocks: tuple[Block, ...]
    assets: Mapping[str, str]
    versions: Mapping[str, str]
    once_per: str
    on_doubt: str
    same_address: str
    max_attempts: int
    stale_after: float
    rows: tuple[str, ...] | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    order_by: tuple[str, ...] = ()
    exclude_recipients_of: tuple[str, ...] = ()
    kept_template: KeptTemplate | None = None
    hand_over: str = "due"
    transliterate: str = "never"
    part_size: int | None = None
    archive: str = "entry"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Header:
        """The header that `to_json` was called on."""
        known = dict(plain)
        known["blocks"] = tuple(Block(**block) for block in known["blocks"])
        for name in ("rows", "include", "exclude", "order_by", "exclude_recipients_of"):
            known[name] = None if known[name] is None else tuple(known[name])
        if known.get("kept_template"):
            known["kept_template"] = KeptTemplate.from_json(known["kept_template"])
        return cls(**known)

    def digest_line(self) -> bytes:
        """The first line of what the plan hash is made over."""
        plain = self.to_json()
        return json.dumps(plain, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
