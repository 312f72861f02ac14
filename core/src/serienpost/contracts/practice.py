"""The practice and who signs, as users write them and macros read them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from serienpost.contracts.strict import StrictModel
from serienpost.translation import Texts

_ = Texts(__name__)

_PRACTICE_ID = re.compile(r"[a-z0-9-]+\Z")

_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?/[!#$&-;=?-Z_a-z~%]*\Z")


def _practice_id(value: str) -> str:
    if not _PRACTICE_ID.match(value):
        raise ValueError(_("use only a-z, 0-9 and -"))
    return value


def _zone(value: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        near = get_close_matches(value, available_timezones(), n=1)
        if near:
            unknown = _("there is no such time zone; did you mean {name}?", name=near[0])
        else:
            unknown = _("there is no such time zone; write it as in Europe/Berlin")
        raise ValueError(unknown) from None
    return value


def _start_of_link(value: str) -> str:
    if not _LINK.match(value):
        raise ValueError(_("write a web address, as in https://example.org/abmelden?nr="))
    return value


class PracticeInfo(StrictModel):
    """Who writes: the practice."""

    id: Annotated[str, AfterValidator(_practice_id)] = Field(
        default="default",
        description="Keeps practices apart in a shared ledger (a-z, 0-9, -); required when the"
        " ledger is on PostgreSQL.",
    )
    name: str = Field(min_length=1, description="Name, as on a letter.")
    street: str = Field(default="", description="Street and number.")
    postal_code: str = Field(default="", description="Postal code, in quotes.", examples=["01067"])
    city: str = Field(default="", description="Town.")
    phone: str = Field(default="", description="Telephone, in quotes.")
    email: str = Field(default="", description="E-mail for patients.")
    web: str = Field(default="", description="Web page.")
    unsubscribe_url: Annotated[str, AfterValidator(_start_of_link)] | None = Field(
        default=None,
        description="Where people say that they want no more mail: `Abmelde_Link` is this"
        " address and the message's reference behind it. Without it `Abmelde_Link` is an e-mail"
        " to whom answers go.",
        examples=["https://example.org/abmelden?nr="],
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Europe/Berlin", description="Time zone of everything that users see and write."
    )


class SignatureWords(StrictModel):
    """How a signature reads in another language; what is left out stays as it is."""

    name: str | None = Field(default=None, min_length=1, description="Name under the closing.")
    text: str | None = Field(default=None, description="Line under the name.")
    closing: str | None = Field(default=None, description="The closing.")


# The closing where a signature has none of this language.
_CLOSINGS = {"de": "Mit freundlichen Grüßen", "en": "Kind regards"}


class Signature(StrictModel):
    """Who signs: set under the closing of a letter, appended to an e-mail."""

    name: str = Field(min_length=1, description="Name under the closing.")
    text: str = Field(default="", description="Line under the name.")
    closing: str = Field(default="Mit freundlichen Grüßen", description="The closing.")
    image: str | None = Field(default=None, description="File with the handwritten signature.")
    languages: dict[Annotated[str, Field(pattern="^[a-z]{2}$")], SignatureWords] = Field(
        default={},
        description="How it reads for people who get a text in another language, as"
        " `en: {closing: Kind regards, text: General practitioner}`.",
    )

    def plain(self, language: str | None = None) -> dict[str, Any]:
        """As a run freezes it, in its own words or in those of another language."""
        own = self.model_dump(mode="json", exclude={"languages"})
        if language is None:
            return own
        words = self.languages.get(language, SignatureWords())
        said = words.model_dump(mode="json", exclude_none=True)
        closing = _CLOSINGS.get(language, self.closing)
        return {**own, "closing": closing, **said}
