"""The macros by name, as a text gets them."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from serienpost import MacroSetting, Sensitivity
from serienpost.config.models import PracticeInfo, Signature
from serienpost_macros_practice import serienpost_macros

MACROS = {macro.name: macro for macro in serienpost_macros()}
PRACTICE = PracticeInfo(
    name="Praxis Dr. Sonnenschein",
    street="Lindenallee 5",
    postal_code="01067",
    city="Dresden",
    phone="0351 1234567",
    email="praxis@example.org",
)
SIGNATURE = Signature(name="Dr. med. Sonja Sonnenschein", text="Fachärztin")


def value(name: str, language: str = "de", signature: Signature | None = None, **fields: str):  # noqa: ANN201
    setting = MacroSetting(
        PRACTICE, signature, "email", language, date(2026, 11, 3), ZoneInfo("Europe/Berlin")
    )
    return MACROS[name].value(fields, setting)


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        ("Praxis", "de", "Praxis Dr. Sonnenschein"),
        ("Praxis_Strasse", "de", "Lindenallee 5"),
        ("Praxis_PLZ", "de", "01067"),
        ("Praxis_Ort", "de", "Dresden"),
        ("Praxis_Telefon", "de", "0351 1234567"),
        ("Praxis_Email", "de", "praxis@example.org"),
        ("Praxis_Web", "de", ""),
        ("Heute", "de", "03.11.2026"),
        ("Heute", "en", "3 Nov 2026"),
        ("Datum_lang", "de", "3. November 2026"),
        ("Datum_lang", "en", "3 November 2026"),
    ],
)
def test_practice_and_day(name: str, language: str, expected: str) -> None:
    assert value(name, language) == expected


def test_signature_is_closing_name_and_text() -> None:
    lines = "Mit freundlichen Grüßen\nDr. med. Sonja Sonnenschein\nFachärztin"
    assert value("Signatur", signature=SIGNATURE) == lines
    assert value("Signatur", signature=Signature(name="Ute Klos")) == (
        "Mit freundlichen Grüßen\nUte Klos"
    )
    assert value("Signatur") is None


@pytest.mark.parametrize(
    ("titel", "namenszusatz", "vorsatzwort", "expected"),
    [
        ("", "", "", "Eva Beispiel"),
        ("Dr. med.", "", "", "Dr. med. Eva Beispiel"),
        ("Prof. Dr. Dr. h. c.", "Gräfin", "von", "Prof. Dr. Dr. h. c. Eva Gräfin von Beispiel"),
        ("B.Sc.", "", "", "Eva Beispiel, B.Sc."),
        ("Dr. rer. nat., M. Sc.", "", "", "Dr. rer. nat. Eva Beispiel, M. Sc."),
        ("LL.M.", "", "van", "Eva van Beispiel, LL.M."),
        ("Dipl.-Psych.", "", "", "Dipl.-Psych. Eva Beispiel"),
        ("MBA", "", "", "Eva Beispiel, MBA"),
    ],
)
def test_full_name(titel: str, namenszusatz: str, vorsatzwort: str, expected: str) -> None:
    fields = {
        "titel": titel,
        "namenszusatz": namenszusatz,
        "vorsatzwort": vorsatzwort,
        "vorname": "Eva",
        "nachname": "Beispiel",
    }
    assert value("VollerName", **fields) == expected


def test_names_are_one_line() -> None:
    assert value("Vorname", vorname=" Eva\r\nMaria ") == "Eva Maria"
    assert value("Nachname", nachname="Arnim", vorsatzwort="von", namenszusatz="") == "von Arnim"
    assert value("Titel", titel="Dr.  med.") == "Dr. med."


def test_only_date_macros_are_dated_and_only_persons_are_identity() -> None:
    dated = {name for name, macro in MACROS.items() if macro.is_dated}
    assert dated == {"Heute", "Datum_lang"}
    personal = {name for name, macro in MACROS.items() if macro.sensitivity > Sensitivity.PLAIN}
    assert personal == {"Briefanrede", "Anrede", "Titel", "Vorname", "Nachname", "VollerName"}
    assert {MACROS[name].sensitivity for name in personal} == {Sensitivity.IDENTITY}
