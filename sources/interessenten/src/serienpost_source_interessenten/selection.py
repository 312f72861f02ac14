"""What `select:` may say about Interessenten."""

from __future__ import annotations

from pydantic import Field

from serienpost import Texts
from serienpost_practice_db.people import PersonSelection, Text

_ = Texts(__name__)


class InteressentSelection(PersonSelection):
    """Which Interessenten; somebody is selected who meets every condition that is given."""

    status: list[Text] | None = Field(
        default=None,
        min_length=1,
        description=_("Any of these states; case and umlauts do not matter."),
        examples=[["neu", "beraten"]],
    )
    concern: Text | None = Field(
        default=None,
        description=_("Words that must all stand in what the person asked for."),
        examples=["Ernährung"],
    )
    origin: list[Text] | None = Field(
        default=None,
        min_length=1,
        description=_("Any of these ways by which the person came to know the practice."),
        examples=[["Webseite", "Infoabend"]],
    )
