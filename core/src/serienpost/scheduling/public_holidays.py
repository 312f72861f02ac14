"""Public holidays of a country or of a part of it, by the library `holidays`.

The library is an extra of the core (`serienpost[holidays]`), and imported when the first day is
asked about.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Literal

from serienpost.errors import ConfigError, Problem
from serienpost.translation import Texts, present_language

if TYPE_CHECKING:
    from collections.abc import Mapping

_ = Texts(__name__)

_NAMED = 30


class PublicHolidays:
    """What a schedule does on public holidays.

    Args:
        country: its ISO 3166 code, `DE`.
        state: the part of the country, as the library writes it: `SN`; None for what the whole
            country celebrates.
        on: `skip` leaves such a day out; `next` moves it to the next day that is neither a holiday
            nor on a weekend.
    """

    def __init__(self, country: str, state: str | None, on: Literal["next", "skip"]) -> None:
        self.country, self.state, self.on = country, state, on

    def name_of(self, day: date) -> str | None:
        """The holiday of this day, None on any other day.

        Raises:
            ConfigError: as `check`.
        """
        return _names(self.country, self.state, present_language()).get(day)

    def check(self) -> None:
        """Make sure that these holidays are known.

        Raises:
            ConfigError: there is no such country or state, or the library is not installed.
        """
        self.name_of(date(2026, 1, 1))

    def __str__(self) -> str:
        return f"{self.country}{f'-{self.state}' if self.state else ''} {self.on}"


@cache
def _names(country: str, state: str | None, spoken: str) -> Mapping[date, str]:
    """The holidays by day, named in a language if they have names in it.

    Raises:
        ConfigError: as `PublicHolidays.check`.
    """
    try:
        import holidays
    except ImportError as error:
        raise _refused(
            "",
            _("the library of holidays is not installed"),
            _("install serienpost[holidays]"),
        ) from error
    try:
        plain = holidays.country_holidays(country)
    except NotImplementedError as error:
        raise _refused(
            ".country",
            _("no holidays are known of the country '{country}'", country=country),
            _("write its two letters, as in DE"),
        ) from error
    states = plain.subdivisions
    if state is not None and state not in states:
        raise _refused(
            ".state",
            _("'{country}' has no state '{state}'", country=country, state=state),
            _("there is: {names}", names=list(states[:_NAMED]))
            if states
            else _("leave state: out"),
        )
    speaks = [one for one in plain.supported_languages if one.partition("_")[0] == spoken]
    language = next(iter(speaks), plain.default_language)
    found: Mapping[date, str] = holidays.country_holidays(country, subdiv=state, language=language)
    return found


def _refused(key: str, message: str, hint: str) -> ConfigError:
    return ConfigError(Problem(message, hint, key=f"holidays{key}"))
