"""The macros by name, as a text gets them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from serienpost import MacroSetting
from serienpost.contracts.practice import PracticeInfo, Signature
from serienpost.fields import known_field
from serienpost.reference import PLACEHOLDER
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


def test_only_date_macros_are_dated() -> None:
    dated = {name for name, macro in MACROS.items() if macro.is_dated}
    assert dated == {"Heute", "Datum_lang", "Jahr", "Fristdatum"}


def test_macros_are_classed_like_the_fields_they_need() -> None:
    for macro in MACROS.values():
        strictest = max((known_field(name).sensitivity for name in macro.fields), default=0)
        assert macro.sensitivity == strictest, macro.name


def setting_of(language: str = "de", **changes: object) -> MacroSetting:
    plain = {
        "practice": PRACTICE,
        "signature": None,
        "kind": "email",
        "language": language,
        "due": date(2026, 11, 3),
        "zone": ZoneInfo("Europe/Berlin"),
        "reply_to": "Praxis Dr. Sonnenschein <praxis@example.org>",
    }
    return MacroSetting(**{**plain, **changes})  # type: ignore[arg-type]


BEGIN = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
NAIVE = datetime(2026, 3, 28, 9, 5, 7)  # noqa: DTZ001  # practice time


@pytest.mark.parametrize(
    ("name", "fields", "german", "english"),
    [
        ("Termin_Datum", {"termin_beginn": BEGIN}, date(2026, 3, 29), date(2026, 3, 29)),
        ("Termin_Uhrzeit", {"termin_beginn": BEGIN}, time(3, 30), time(3, 30)),
        (
            "Termin_Uhrzeit",
            {"termin_beginn": NAIVE},
            time(9, 5),
            time(9, 5),
        ),
        ("Termin_Wochentag", {"termin_beginn": BEGIN}, "Sonntag", "Sunday"),
        ("Termin_Datum", {"termin_beginn": None}, None, None),
        ("Termin_Wochentag", {"termin_beginn": None}, None, None),
        ("Termin_Uhrzeit", {"termin_beginn": "morgen"}, None, None),
        ("Termin_Dauer", {"termin_dauer": 30}, "30 Minuten", "30 minutes"),
        ("Termin_Dauer", {"termin_dauer": "1"}, "1 Minute", "1 minute"),
        ("Termin_Dauer", {"termin_dauer": 0}, None, None),
        ("Termin_Dauer", {"termin_dauer": "lang"}, None, None),
        ("Termin_Art", {"terminart": " Besprechung "}, "Besprechung", "Besprechung"),
        ("Termin_Raum", {"termin_raum": "Zimmer 2"}, "Zimmer 2", "Zimmer 2"),
        ("AnredeBrief", {"geschlecht": "m", "anrede": None}, "Herrn", "Herrn"),
        ("PatientenNr", {"nummer": "00017"}, "00017", "00017"),
        ("Email", {"email": "a@example.org"}, "a@example.org", "a@example.org"),
        ("Fristdatum", {}, date(2026, 11, 17), date(2026, 11, 17)),
        ("Jahr", {}, "2026", "2026"),
        (
            "Praxis_Anschrift",
            {},
            "Praxis Dr. Sonnenschein\nLindenallee 5\n01067 Dresden",
            "Praxis Dr. Sonnenschein\nLindenallee 5\n01067 Dresden",
        ),
    ],
)
def test_appointment_address_and_day(
    name: str, fields: dict[str, object], german: object, english: object
) -> None:
    assert MACROS[name].value(fields, setting_of()) == german  # type: ignore[arg-type]
    assert MACROS[name].value(fields, setting_of("en-GB")) == english  # type: ignore[arg-type]


def test_the_practitioner_has_title_and_name() -> None:
    fields = {
        "behandler_titel": "Dr. med.",
        "behandler_vorname": "Sonja",
        "behandler_nachname": "Sonnenschein",
    }
    assert MACROS["Behandler"].value(fields, setting_of()) == "Dr. med. Sonja Sonnenschein"
    fields["behandler_nachname"] = ""
    assert MACROS["Behandler"].value(fields, setting_of()) == ""


@pytest.mark.parametrize(
    ("reply_to", "url", "language", "expected"),
    [
        ("a@example.org", None, "de", f"mailto:a@example.org?subject=Abmeldung%20{PLACEHOLDER}"),
        ("A <a+b@x.org>", None, "en", f"mailto:a+b@x.org?subject=Unsubscribe%20{PLACEHOLDER}"),
        ("o'n@x.org", None, "de", f"mailto:o%27n@x.org?subject=Abmeldung%20{PLACEHOLDER}"),
        ("a@x.org", "https://x.org/ab?nr=", "de", f"https://x.org/ab?nr={PLACEHOLDER}"),
        (None, "https://x.org/ab/", "de", f"https://x.org/ab/{PLACEHOLDER}"),
        (None, None, "de", None),
    ],
)
def test_link_to_unsubscribe(
    reply_to: str | None, url: str | None, language: str, expected: str | None
) -> None:
    practice = PRACTICE.model_copy(update={"unsubscribe_url": url})
    setting = setting_of(language, reply_to=reply_to, practice=practice)
    assert MACROS["Abmelde_Link"].value({}, setting) == expected
