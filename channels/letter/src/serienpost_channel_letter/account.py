"""The settings of a letter account."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from serienpost import AccountSettings, Texts

_ = Texts(__name__)

_VALUE = re.compile(r"[#\w .,%()\-'\"]{1,80}\Z")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}\Z")


def _checked_variables(variables: dict[str, str]) -> dict[str, str]:
    for name, value in variables.items():
        if not _NAME.match(name):
            raise ValueError(
                _("“{name}” is not the name of a variable; write it as in akzent", name=name)
            )
        if not _VALUE.match(value) or "url(" in value.casefold():
            raise ValueError(_("the value of {name} is no colour, length or font", name=name))
    return variables


def _no_rate(rates: list[object]) -> list[object]:
    if rates:
        raise ValueError(_("letters stay on this machine; nothing limits their rate"))
    return rates


class LetterAccount(AccountSettings):
    """How letters look and where they are written."""

    folder: str = Field(
        default="briefe",
        min_length=1,
        description="Folder for the files to print; a relative one lies in the practice folder, `~`"
        " is your home. It is made with the first letters.",
    )
    form: Literal["A", "B"] = Field(
        default="B", description="DIN 5008: A with a low letterhead (27 mm), B with a high one."
    )
    letterhead: str | None = Field(
        default=None,
        description="Image for the top of the first page, as wide as the text (.png, .jpg).",
    )
    background: str | None = Field(
        default=None,
        description="PDF under every page: its first page under the first, its second under the"
        " following ones.",
    )
    return_line: str | None = Field(
        default=None,
        min_length=1,
        description="Short form of the line above the address in the window, instead of the"
        " practice's name, street and town; where it is too long it is broken at ` · `.",
        examples=["Praxis Dr. Sonnenschein · Lindenallee 5 · 01067 Dresden"],
    )
    information: list[str] = Field(
        default=[],
        description="Lines of the information block above the date, instead of the practice's"
        " telephone, e-mail and web address.",
        max_length=9,
    )
    footer: str | None = Field(
        default=None, description="Line at the foot, instead of the practice's name and address."
    )
    marks: bool = Field(default=True, description="Whether fold and hole marks are printed.")
    font: str = Field(
        default="Liberation Sans",
        pattern=r"^[\w][\w \-]{0,60}$",
        description="Font; one that is installed on this machine.",
    )
    variables: Annotated[dict[str, str], AfterValidator(_checked_variables)] = Field(
        default={},
        description="Variables of the style sheet, such as `akzent` (colour of name and subject).",
        examples=[{"akzent": "#205080"}],
    )
    order: Literal["review", "postcode"] = Field(
        default="review", description="Order of the letters in the file."
    )
    duplex: bool = Field(
        default=False, description="Pad each letter to whole sheets, for printing on both sides."
    )
    part: int = Field(
        default=50, ge=1, le=100, description="Letters that are laid out and checked at a time."
    )
    processes: int | None = Field(
        default=None, ge=1, le=64, description="Worker processes; else one per processor."
    )
    letter_seconds: float = Field(
        default=20.0, gt=0, le=600, description="Seconds after which laying out a letter is ended."
    )
    memory: int = Field(
        default=2048, ge=256, description="Megabytes of address space of a worker process."
    )
    rate: Annotated[list[object], AfterValidator(_no_rate)] = Field(  # type: ignore[assignment]
        default=[], description="Not for letters, which stay on this machine."
    )

    @model_validator(mode="after")
    def _one_paper(self) -> Self:
        if self.letterhead and self.background:
            raise ValueError(_("letterhead and background exclude each other; name one of them"))
        return self
