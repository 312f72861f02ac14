"""Accounts: what every channel's entry under `accounts:` has, and the types used in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic_core import core_schema

from serienpost.contracts.durations import Duration
from serienpost.contracts.strict import StrictModel
from serienpost.translation import Texts

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

_ = Texts(__name__)

__all__ = ["AccountSettings", "Duration", "Rate", "SecretRef"]

_SECRET = re.compile(r"secret:([A-Za-z_][A-Za-z0-9_]*)\Z")
_RATE = re.compile(r"([1-9][0-9]{0,8}) ?/ ?(second|minute|hour|day)\Z")
LITERAL_REFUSED = _(
    "a secret does not stand in the file; write secret:NAME and keep NAME in the"
    " environment or another store"
)
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class SecretRef(str):
    """The text `secret:NAME`: where to find a secret, never the secret itself."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name that the stores are asked for."""
        return self.removeprefix("secret:")

    @classmethod
    def parse(cls, value: object) -> SecretRef:
        """Accept a reference and nothing else.

        Raises:
            ValueError: a literal secret; the text of the error does not repeat it.
        """
        if isinstance(value, str) and _SECRET.match(value):
            return cls(value)
        raise ValueError(LITERAL_REFUSED)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": "^secret:[A-Za-z_][A-Za-z0-9_]*$"}


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` messages in any `seconds` seconds; written `10/minute`."""

    count: int
    seconds: int

    def __str__(self) -> str:
        unit = next((name for name, seconds in _UNITS.items() if seconds == self.seconds), None)
        return f"{self.count}/{unit or f'{self.seconds} seconds'}"

    @classmethod
    def parse(cls, value: object) -> Rate:
        """Read `COUNT/UNIT`, the unit one of second, minute, hour, day.

        Raises:
            ValueError: not of that form.
        """
        if isinstance(value, Rate):
            return value
        found = _RATE.match(value) if isinstance(value, str) else None
        if not found:
            raise ValueError(_("write a rate as in 10/minute (second, minute, hour, day)"))
        return cls(int(found[1]), _UNITS[found[2]])

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "examples": ["10/minute", "250/hour"]}


class AccountSettings(StrictModel):
    """What every account has; a channel's model adds hosts, ports, keys."""

    channel: str = Field(description="The channel that sends, as its plugin names it.")
    sender: str = Field(default="", description="Who writes, in the form that the channel asks.")
    reply_to: str | None = Field(
        default=None, description="Where answers go, if not to the sender."
    )
    rate: list[Rate] = Field(
        default=[],
        description="What the provider permits; every rate holds over any window of its length.",
        examples=[["10/minute", "250/hour"]],
    )
    spread: bool = Field(
        default=False,
        description="Space messages evenly instead of using unused allowance at once.",
    )
