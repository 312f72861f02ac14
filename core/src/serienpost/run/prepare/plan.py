"""The plan: what a run is apart from its rows, frozen at prepare, and the hash over both.

Values of macros are kept as JSON that gives dates and times back as such.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import func

from serienpost.contracts.content import ProviderTemplate
from serienpost.errors import PluginError
from serienpost.ledger.schema import message, run
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from serienpost.fields import FieldValue
    from serienpost.ledger.store import Tx

_ = Texts(__name__)

M = TypeVar("M", bound="BaseModel")

# Names on disk of what the code calls `provider_template` and `rendering`.
_TEMPLATE, _RENDERING = "kept_template", "rendering_edition"


@dataclass(frozen=True, slots=True)
class Block:
    """One `select:` block: a source and its selection as plain JSON."""

    source: str
    selection: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whom something is for: sources with what is asked of them, and what the people are judged by.

    All that a selection is apart from its rows, and a part of what a run is. `extra` holds what the
    sources say of what they read, and the like.
    """

    kind: str
    channel: str
    account: str
    purpose: str
    due: str
    blocks: tuple[Block, ...]
    rows: tuple[str, ...] | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    order_by: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The one that `to_json` was called on."""
        known = dict(plain)
        known["blocks"] = tuple(Block(**block) for block in known["blocks"])
        for name in ("rows", "include", "exclude", "order_by"):
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header(Scope):
    """Everything that is the same for all rows of a run. Holds no secret, host, port or rate.

    `assets` are the digests of the frozen files; `versions` those of all plugins;
    `provider_template` is what the provider fills in. `hand_over` is `now` only where the provider
    can hold messages until their time; with `transliterate: always` the text of an SMS is written
    with the GSM alphabet. `part_size` is set where the channel takes the run in fixed parts.
    `rendering` is the edition of the code that rendered the rows.
    """

    mailing: str
    title: str
    template: str
    sender: str
    reply_to: str | None
    language: str
    signature: dict[str, Any] | None
    assets: Mapping[str, str]
    versions: Mapping[str, str]
    once_per: str
    on_doubt: str
    same_address: str
    max_attempts: int
    stale_after: float
    exclude_recipients_of: tuple[str, ...] = ()
    provider_template: ProviderTemplate | None = None
    hand_over: str = "due"
    transliterate: str = "never"
    part_size: int | None = None
    archive: str = "entry"
    rendering: int = 1

    def to_json(self) -> dict[str, Any]:
        """As the ledger keeps it; the first edition of rendering is not named, nor the parts of a
        provider's template where they were not kept."""
        plain = asdict(self)
        template = plain.pop("provider_template")
        if template and not template["sources"]:
            del template["sources"]
        plain[_TEMPLATE] = template
        edition = plain.pop("rendering")
        return plain if edition == 1 else {**plain, _RENDERING: edition}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The header that `to_json` was called on."""
        known = dict(plain)
        known["rendering"] = known.pop(_RENDERING, 1)
        template = known.pop(_TEMPLATE, None)
        known["provider_template"] = ProviderTemplate.from_json(template) if template else None
        if known.get("exclude_recipients_of") is not None:
            known["exclude_recipients_of"] = tuple(known["exclude_recipients_of"])
        # `super()` without arguments knows the class before `slots` made it anew.
        return super(Header, cls).from_json(known)

    def digest_line(self) -> bytes:
        """The first line of what the plan hash is made over."""
        plain = self.to_json()
        return json.dumps(plain, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def plain_selection(selection: BaseModel) -> dict[str, object]:
    """A selection as `read_selection` reads it again: by the names that users write, or by those of
    its fields where the model has other names for reading than for writing.

    Raises:
        PluginError: its model reads neither.
    """
    forms = [
        selection.model_dump(mode="json", by_alias=by_alias, exclude_unset=True)
        for by_alias in (True, False)
    ]
    read = [read_selection(type(selection), plain) for plain in forms]
    for plain, again in zip(forms, read, strict=True):
        if again == selection:
            return plain
    for plain, again in zip(forms, read, strict=True):
        if again is not None:
            return plain
    name = f"{type(selection).__module__}.{type(selection).__qualname__}"
    raise PluginError(
        _("the model {name} of a selection does not read what it writes", name=name),
        hint=_("tell who maintains the source"),
    )


def read_selection(model: type[M], plain: dict[str, object]) -> M | None:
    """The selection that `plain_selection` was called on; None where the model refuses it."""
    from pydantic import ValidationError

    try:
        return model.model_validate(plain, strict=False, by_alias=True, by_name=True)
    except ValidationError:
        return None


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_plan_hash(tx: Tx, run_id: str) -> str:
    """Compute the hash over the header and every row in order, and store it with the run."""
    value = compute_plan_hash(tx, run_id)
    tx.execute(tx.update(run).where(run.c.id == run_id).values(plan_hash=value))
    return value


def compute_plan_hash(tx: Tx, run_id: str) -> str:
    """SHA-256 over the run header and one line per row: row id, keyed address hash, content hash,
    marked, override."""
    header = Header.from_json(tx.scalar(tx.select(run, run.c.header).where(run.c.id == run_id)))
    total = hashlib.sha256(header.digest_line())
    c = message.c
    rows = tx.select(message, c.row_id, c.address_hash, c.content_hash, c.marked, c.override)
    for row in tx.stream(rows.where(c.run == run_id).order_by(c.no)):
        total.update(json.dumps(list(row), ensure_ascii=False, sort_keys=True).encode() + b"\n")
    return total.hexdigest()


def count_plan(tx: Tx, run_id: str) -> dict[str, int]:
    """How many rows were selected, are reachable, allowed, marked."""
    c = message.c
    row = tx.first(
        tx.select(
            message,
            func.count().label("selected"),
            func.count().filter(c.unreachable.is_(None)).label("reachable"),
            func.count().filter(c.allowed).label("allowed"),
            func.count().filter(c.marked).label("marked"),
        ).where(c.run == run_id)
    )
    assert row is not None  # noqa: S101  # an aggregate always has a row
    return {name: row._mapping[name] for name in ("selected", "reachable", "allowed", "marked")}


def to_json(values: Mapping[str, FieldValue]) -> dict[str, Any]:
    """Dates and times become `{"datetime": "2026-11-23T10:00:00+01:00"}` and the like."""
    return {name: _encode(value) for name, value in values.items()}


def from_json(values: Mapping[str, Any]) -> dict[str, FieldValue]:
    """The values that `to_json` was given."""
    return {name: _decode(value) for name, value in values.items()}


def _encode(value: FieldValue) -> object:
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    return value


def _decode(value: Any) -> FieldValue:  # noqa: ANN401
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return {"datetime": datetime, "date": date, "time": time}[kind].fromisoformat(text)  # type: ignore[attr-defined,no-any-return]
    return value  # type: ignore[no-any-return]
