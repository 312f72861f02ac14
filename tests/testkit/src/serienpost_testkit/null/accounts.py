"""Accounts of the null channels: how the provider that does not exist behaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from serienpost import AccountSettings, ConfigError, Problem, StrictModel, Texts

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Message

_ = Texts(__name__)

_FAULT = re.compile(r"(before_wire|after_wire):([1-9][0-9]*)\Z")


class ScriptedOutcome(StrictModel):
    """What becomes of the messages that fit; the first fitting rule decides."""

    position: int | list[int] | None = Field(
        default=None, description="The row's number in its run, or several; none = all."
    )
    attempt: int | None = Field(
        default=None, ge=1, description="The attempt, counted over processes; none = all."
    )
    outcome: Literal["accepted", "rejected", "deferred", "unknown", "account_problem", "quota"] = (
        Field(description="The outcome.")
    )
    code: str = Field(default="null", description="The code that the provider gives.")
    scope: Literal["address", "recipient", "message"] = Field(
        default="recipient", description="Whose fault a rejection is."
    )
    retry_after: float | None = Field(default=None, description="Seconds, for deferred.")
    connection: bool = Field(default=False, description="Deferred before reaching the provider.")
    wire: bool = Field(
        default=False, description="Whether an unknown message was accepted after all."
    )
    until: float | None = Field(default=None, description="Seconds from now, for quota.")

    def fits(self, message: Message, attempt: int) -> bool:
        """Whether the rule is about this attempt of this message."""
        positions = [self.position] if isinstance(self.position, int) else self.position
        return (positions is None or message.position in positions) and self.attempt in {
            None,
            attempt,
        }


class NullAccount(AccountSettings):
    """The common settings of the null channels."""

    slots: int = Field(default=4, ge=1, description="Calls that may be under way at once.")
    batch: int = Field(default=1, ge=1, description="Messages per call.")
    delay_ms: float = Field(
        default=0.0, ge=0, description="Milliseconds from acceptance to the answer."
    )
    oracle: str | None = Field(
        default=None, description="File that gets one line for each accepted message."
    )
    outcomes: str | list[ScriptedOutcome] = Field(
        default_factory=list, description="Rules, or a JSON file of rules; else all is accepted."
    )
    die_at: list[str] = Field(
        default_factory=list,
        description="`before_wire:N`, `after_wire:N`: kill the process at the N-th call,"
        " counted over processes beside the oracle.",
    )

    @field_validator("die_at")
    @classmethod
    def _fault_points(cls, points: list[str]) -> list[str]:
        if wrong := [point for point in points if not _FAULT.match(point)]:
            raise ValueError(
                _("{point} is not before_wire:N or after_wire:N", point=repr(wrong[0]))
            )
        return points


class NullEmailAccount(NullAccount):
    """An account of `null-email`."""

    sender: str = Field(
        default="Null <null@example.org>", description="The sender, `Name <address>`."
    )


def scripted_outcomes(account: NullAccount, folder: Path) -> list[ScriptedOutcome]:
    """The account's rules, read from their file if they are in one.

    Raises:
        ConfigError: the file is not a list of rules.
    """
    if not isinstance(account.outcomes, str):
        return account.outcomes
    file = folder / account.outcomes
    try:
        return TypeAdapter(list[ScriptedOutcome]).validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError(
            Problem(
                _(
                    "the rules of a null account cannot be read: {cause}",
                    cause=type(error).__name__,
                ),
                _("write a JSON list of rules, each with an outcome"),
                file=str(file),
            )
        ) from error
