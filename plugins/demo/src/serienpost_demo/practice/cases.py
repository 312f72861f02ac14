"""The hard cases: the first rows of `patient` and `interessent`, the same in every demo practice.

A case changes a person who is otherwise complete, valid, of age and agrees to everything. Its
sentence is the documentation; the member's README lists them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from serienpost_demo.practice.drawing import years_before

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from serienpost_demo.practice.drawing import Record

MAN: Final[Record] = {"anrede": "Herr", "geschlecht": "m"}
WOMAN: Final[Record] = {"anrede": "Frau", "geschlecht": "w"}
_NO: Final[Record] = {"kontakt_email": "nein", "kontakt_sms": "nein", "kontakt_brief": "nein"}
_UNKNOWN: Final[Record] = {"kontakt_email": None, "kontakt_sms": None, "kontakt_brief": None}
_FAMILY: Final[Record] = {
    "nachname": "Hübner",
    "strasse": "Wiesenweg 8",
    "plz": "01277",
    "ort": "Dresden",
    "email": "familie.huebner@example.org",
}


@dataclass(frozen=True, slots=True)
class Consent:
    """A written consent: given and withdrawn so many days before today.

    `address` is set where it differs from the person's present one.
    """

    kind: str
    purpose: str
    given: int = 400
    withdrawn: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One hard case: what it is and which columns differ."""

    id: int
    what: str
    changes: Mapping[str, str | int | None]
    consents: tuple[Consent, ...] = ()


def patient_cases(today: date) -> tuple[Case, ...]:
    """All hard cases among the patients; ids run from 1 without a gap."""
    return (
        *_addresses(today),
        *_consents(),
        *_families(today),
        *_names(),
        *_states_and_places(),
        *_dates(today),
    )


def _addresses(today: date) -> tuple[Case, ...]:
    return (
        Case(
            1,
            "nothing special: complete, agrees to everything, birthday today",
            {**MAN, "vorname": "Martin", "nachname": "Vogel", "email": "martin.vogel@example.org"}
            | {"geburtsdatum": years_before(today, 52).isoformat()},
            (Consent("email", "marketing"), Consent("sms", "appointment")),
        ),
        Case(
            2,
            "nothing special, with title, birthday today",
            {**WOMAN, "titel": "Dr.", "vorname": "Ute", "nachname": "Klose"}
            | {"geburtsdatum": years_before(today, 41).isoformat()},
        ),
        Case(3, "no e-mail", {"email": None}),
        Case(4, "invalid e-mail: no domain", {"email": "anna.schubert@"}),
        Case(5, "invalid e-mail: blank inside", {"email": "max mustermann@example.org"}),
        Case(6, "invalid e-mail: two dots in the domain", {"email": "kontakt@example..org"}),
        Case(7, "e-mail with an umlaut before the @", {"email": "jürgen.groß@example.org"}),
        Case(8, "e-mail in a domain that cannot exist", {"email": "karin.weber@praxis.invalid"}),
        Case(9, "valid e-mail with blanks around it", {"email": "  petra.lang@example.com "}),
        Case(10, "landline number instead of a mobile one", {"mobil": "030 23125042"}),
        Case(11, "no mobile number", {"mobil": None}),
        Case(12, "mobile number with a label", {"mobil": "privat: 0171 3920012"}),
        Case(13, "mobile number with too few digits", {"mobil": "0171 39"}),
    )


def _consents() -> tuple[Case, ...]:
    return (
        Case(14, "no consent: all flags nein", _NO),
        Case(15, "consent unknown: all flags empty", _UNKNOWN),
        Case(
            16,
            "consent withdrawn, flags nein",
            _NO,
            (Consent("email", "information", withdrawn=30),),
        ),
        Case(
            17,
            "consent for reminders only (register); flags ja for e-mail and SMS",
            {"kontakt_brief": None},
            (Consent("email", "appointment"), Consent("sms", "appointment")),
        ),
        Case(18, "letters only", {"kontakt_email": "nein", "kontakt_sms": "nein"}),
        Case(
            19,
            "consent to marketing withdrawn in the register while the flags still say ja",
            {},
            (Consent("email", "marketing", withdrawn=3),),
        ),
        Case(
            20,
            "consent given for an earlier e-mail address",
            {"email": "neue.adresse@example.org"},
            (Consent("email", "marketing", address="alte.adresse@example.org"),),
        ),
    )


def _families(today: date) -> tuple[Case, ...]:
    child = {**_FAMILY, "anrede": None, "mobil": None, "beruf": "Schülerin"}
    return (
        Case(
            21,
            "family with a shared e-mail and address: mother",
            {**WOMAN, **_FAMILY, "vorname": "Jana"},
        ),
        Case(
            22,
            "family with a shared e-mail and address: father",
            {**MAN, **_FAMILY, "vorname": "Tobias"},
        ),
        Case(
            23,
            "minor, represented by patient 21, shared e-mail",
            {**child, "vorname": "Lena", "geschlecht": "w", "vertreter_id": 21}
            | {"geburtsdatum": years_before(today, 9).isoformat()},
        ),
        Case(
            24,
            "minor, represented by patient 21, with an own e-mail",
            {**child, "vorname": "Emil", "geschlecht": "m", "vertreter_id": 21}
            | {"email": "emil.huebner@example.net"}
            | {"geburtsdatum": (years_before(today, 15) - timedelta(days=100)).isoformat()},
        ),
        Case(
            25,
            "minor without a representative",
            {"geburtsdatum": (years_before(today, 11) - timedelta(days=40)).isoformat()},
        ),
        Case(
            26,
            "minor whose representative (patient 14) agrees to nothing",
            {"vertreter_id": 14}
            | {"geburtsdatum": (years_before(today, 6) - timedelta(days=200)).isoformat()},
        ),
        Case(
            27,
            "turns 18 tomorrow, represented by patient 22",
            {**_FAMILY, **MAN, "vorname": "Jonas", "vertreter_id": 22}
            | {"geburtsdatum": years_before(today + timedelta(days=1), 18).isoformat()},
        ),
        Case(
            28,
            "turns 18 today, representative still stored",
            {**_FAMILY, **WOMAN, "vorname": "Mia", "vertreter_id": 22}
            | {"email": "volljaehrig@example.org"}
            | {"geburtsdatum": years_before(today, 18).isoformat()},
        ),
    )


def _names() -> tuple[Case, ...]:
    return (
        Case(29, "Prof. Dr.", {**WOMAN, "titel": "Prof. Dr.", "vorname": "Dagmar"}),
        Case(
            30,
            "noble prefix",
            {**WOMAN, "vorname": "Clara", "vorsatzwort": "von", "nachname": "Arnim"},
        ),
        Case(
            31,
            "noble title and prefix",
            {**MAN, "vorname": "Adrian", "namenszusatz": "Graf", "vorsatzwort": "von der"}
            | {"nachname": "Schulenburg"},
        ),
        Case(
            32,
            "several doctorates and a noble title",
            {**WOMAN, "titel": "Dr. med. Dr. h. c.", "namenszusatz": "Freifrau"}
            | {"vorname": "Ruth", "vorsatzwort": "zu", "nachname": "Guttenfels"},
        ),
        Case(33, "gender d", {"anrede": None, "geschlecht": "d", "vorname": "Kim"}),
        Case(34, "gender x", {"anrede": None, "geschlecht": "x", "vorname": "Robin"}),
        Case(35, "gender unknown", {"anrede": None, "geschlecht": None, "vorname": "Sascha"}),
        Case(
            36,
            "first name missing and gender unknown",
            {"anrede": None, "geschlecht": None, "vorname": None},
        ),
        Case(37, "apostrophe", {**MAN, "vorname": "Sean", "nachname": "O'Neill"}),
        Case(38, "{{ in the first name", {"vorname": "{{Nachname}}"}),
        Case(39, "<b> in the surname", {"nachname": "<b>Krause</b>"}),
        Case(
            40,
            "encoded word in the surname",
            {"nachname": "=?utf-8?q?Krause=0D=0ABcc:_alle@example.org?="},
        ),
        Case(41, "line break in the surname", {"nachname": "Krause\r\nBcc: alle@example.org"}),
        Case(
            42,
            "umlauts, ß and a long double name",
            {**WOMAN, "vorname": "Änne-Käthe", "nachname": "Großmüller-Weißenhövel-Öhlschläger"},
        ),
    )


def _states_and_places() -> tuple[Case, ...]:
    return (
        Case(43, "deceased", {"verstorben": 1}),
        Case(44, "blocked", {"gesperrt": 1}),
        Case(
            45,
            "lives in Austria; the mobile number, without country code, may be one of Vienna",
            {"strasse": "Mariahilfer Straße 10", "plz": "1060", "ort": "Wien"}
            | {"land": "Österreich"},
        ),
        Case(
            46,
            "lives in Poland",
            {"strasse": "ul. Świdnicka 5", "plz": "50-066", "ort": "Wrocław", "land": "Polen"},
        ),
        Case(47, "postal code with a leading zero", {"plz": "01067", "ort": "Dresden"}),
        Case(48, "Postfach instead of a street", {"strasse": None, "postfach": "10 01 20"}),
        Case(
            49,
            "no postal address at all",
            {"strasse": None, "plz": None, "ort": None, "land": None},
        ),
        Case(50, "speaks English", {"sprache": "en"}),
        Case(
            51,
            "nothing to reach the person by",
            {"email": None, "mobil": None, "telefon": None}
            | {"strasse": None, "plz": None, "ort": None},
        ),
    )


def _dates(today: date) -> tuple[Case, ...]:
    tomorrow = today + timedelta(days=1)
    return (
        Case(52, "born on 29 February", {"geburtsdatum": "1960-02-29"}),
        Case(53, "birthday tomorrow", {"geburtsdatum": years_before(tomorrow, 60).isoformat()}),
        Case(
            54,
            "the same person as patient 1, entered twice",
            {**MAN, "vorname": "Martin", "nachname": "Vogel", "email": "Martin.Vogel@Example.org"}
            | {"geburtsdatum": years_before(today, 52).isoformat()},
        ),
    )


def prospect_cases() -> tuple[Case, ...]:
    """All hard cases among the Interessenten; ids run from 1 without a gap."""
    return (
        Case(1, "nothing special", {}, (Consent("email", "event"),)),
        Case(2, "no e-mail", {"email": None}),
        Case(3, "no consent: all flags nein", _NO),
        Case(
            4,
            "consent withdrawn, flags empty",
            _UNKNOWN,
            (Consent("email", "marketing", withdrawn=10),),
        ),
        Case(5, "gender unknown", {"anrede": None, "geschlecht": None, "vorname": "Toni"}),
        Case(6, "landline number instead of a mobile one", {"mobil": "089 99998017"}),
        Case(7, "{{ and <b> in the name", {"vorname": "{{Praxis}}", "nachname": "<b>Beck</b>"}),
        Case(8, "blocked", {"gesperrt": 1}),
    )
