"""The table of mail providers, `presets.toml`: defaults for an account's keys; a note on each."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from serienpost import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

_ = Texts(__name__)

_ABOUT = ("title", "known")
_GUESSED = _("The limit is not published; this rate is a guess on the safe side.")
_GUESSED_AND_SETTING = _(
    "The limit is not published; this rate is a guess on the safe side. Sending by programs must be"
    " allowed in the settings."
)
_NOTES = {
    "ionos": _(
        "New contracts may send less: 50 an hour in the first week, 100 in the second, 400 until"
        " the 30th day."
    ),
    "ionos-exchange": _(
        "1 to 10 e-mails a minute and 1500 to 16,000 recipients a day, by age of the contract; this"
        " is the middle."
    ),
    "microsoft365": _(
        "SMTP AUTH must be switched on for the mailbox; login by password ends, so set login:"
        " xoauth2. Copies go to Sent Items."
    ),
    "google": _(
        "2000 e-mails a day and user, less in a trial. Needs an app password or login: xoauth2."
    ),
    "google-relay": _(
        "10,000 recipients a day and user; the relay must be set up in the admin console."
    ),
    "gmail": _("About 500 e-mails a day; not made for a practice. Needs an app password."),
    "telekom": _(
        "There are a daily and a monthly limit whose numbers are not published; this rate is a"
        " guess on the safe side."
    ),
    "gmx": _GUESSED_AND_SETTING,
    "web.de": _GUESSED_AND_SETTING,
    "strato": _GUESSED,
    "hosting.de": _(
        "120 e-mails a minute and 250 recipients in ten minutes. Give host as the contract names"
        " it."
    ),
    "plesk": _(
        "Usual setting: 100 an hour and mailbox, 500 an hour and domain, then closed for an hour."
        " Give host as the contract names it."
    ),
}


@cache
def presets() -> Mapping[str, Mapping[str, Any]]:
    """All providers by name."""
    text = files("serienpost_channel_smtp").joinpath("presets.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(text))


def preset_defaults(name: str) -> dict[str, Any]:
    """What a provider sets of an account.

    Raises:
        KeyError: the table has no such provider.
    """
    return {key: value for key, value in presets()[name].items() if key not in _ABOUT}


def preset_note(name: str) -> str:
    """What one should know before a large run."""
    return _NOTES[name]
