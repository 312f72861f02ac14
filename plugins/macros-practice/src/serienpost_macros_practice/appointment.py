"""Macros of the appointment a message is about."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from serienpost import Sensitivity, Texts
from serienpost_macros_practice.language import LANGUAGES, locale_of
from serienpost_macros_practice.macro import PracticeMacro
from serienpost_macros_practice.names import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import FieldValue, MacroSetting

_ = Texts(__name__)

_BEGIN = frozenset({"termin_beginn"})
_NAME_PARTS = ("titel", "vorname", "nachname")
_PRACTITIONER = frozenset(f"behandler_{part}" for part in _NAME_PARTS)


def _begin(fields: Mapping[str, FieldValue], setting: MacroSetting) -> datetime | None:
    """The beginning in practice time; a naive one is practice time already."""
    begin = fields.get("termin_beginn")
    if not isinstance(begin, datetime):
        return None
    return begin.astimezone(setting.zone) if begin.tzinfo else begin


def _date(fields: Mapping[str, FieldValue], setting: MacroSetting) -> date | None:
    begin = _begin(fields, setting)
    return begin.date() if begin else None


def _weekday(fields: Mapping[str, FieldValue], setting: MacroSetting) -> str | None:
    from babel.dates import format_date

    begin = _begin(fields, setting)
    return format_date(begin, "EEEE", locale_of(setting)) if begin else None


def _time(fields: Mapping[str, FieldValue], setting: MacroSetting) -> time | None:
    begin = _begin(fields, setting)
    return begin.time().replace(second=0, microsecond=0) if begin else None


def _duration(fields: Mapping[str, FieldValue], setting: MacroSetting) -> str | None:
    from babel.units import format_unit

    minutes = text_of(fields, "termin_dauer")
    if not minutes.isdecimal() or int(minutes) == 0:
        return None
    return format_unit(int(minutes), "duration-minute", "long", locale=locale_of(setting))


def _kind(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return text_of(fields, "terminart")


def _room(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    return text_of(fields, "termin_raum")


def _practitioner(fields: Mapping[str, FieldValue], _setting: MacroSetting) -> str:
    title, first, last = (text_of(fields, f"behandler_{part}") for part in _NAME_PARTS)
    return " ".join(filter(None, (title, first, last))) if last else ""


APPOINTMENT_MACROS = (
    PracticeMacro(
        "Termin_Datum",
        _("The date of the appointment."),
        date(2026, 11, 24),
        _date,
        _BEGIN,
        Sensitivity.APPOINTMENT,
    ),
    PracticeMacro(
        "Termin_Wochentag",
        _("The weekday of the appointment."),
        "Dienstag",
        _weekday,
        _BEGIN,
        Sensitivity.APPOINTMENT,
        languages=LANGUAGES,
    ),
    PracticeMacro(
        "Termin_Uhrzeit",
        _("The time at which the appointment begins, in the practice's time zone."),
        time(9, 30),
        _time,
        _BEGIN,
        Sensitivity.APPOINTMENT,
    ),
    PracticeMacro(
        "Termin_Dauer",
        _("How long the appointment takes."),
        "30 Minuten",
        _duration,
        frozenset({"termin_dauer"}),
        Sensitivity.APPOINTMENT,
        languages=LANGUAGES,
    ),
    PracticeMacro(
        "Termin_Art",
        _("The type of appointment; in SMS and subject only where it is named as harmless."),
        "Besprechung",
        _kind,
        frozenset({"terminart"}),
        Sensitivity.APPOINTMENT,
    ),
    PracticeMacro(
        "Termin_Raum",
        _("The room of the appointment."),
        "Zimmer 2",
        _room,
        frozenset({"termin_raum"}),
        Sensitivity.APPOINTMENT,
    ),
    PracticeMacro(
        "Behandler",
        _("Title and name of the person whom the appointment is with."),
        "Dr. med. Sonja Sonnenschein",
        _practitioner,
        _PRACTITIONER,
        Sensitivity.APPOINTMENT,
    ),
)
