"""What a person has decided about a release. Light, so that whoever names it pays for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from serienpost.translation import Texts

_ = Texts(__name__)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person has decided; what is not decided is asked.

    Args:
        release: send it.
        ignore_balance: although the provider's account holds too little.
        archive: what goes into the records.
        accept_disclaimer: the terms of the provider are accepted.
    """

    release: bool = False
    ignore_balance: bool = False
    archive: Literal["entry", "pdf"] | None = None
    accept_disclaimer: bool = False

    def __post_init__(self) -> None:
        if self.archive not in (None, "entry", "pdf"):
            raise ValueError(_("archive is entry or pdf"))
