"""The catalogue of fields: written out by hand, so that no class changes unnoticed."""

import pytest

from serienpost.fields import APPOINTMENT_TYPE, CATALOGUE, Field, Sensitivity, known_field

CLASSES = {
    Sensitivity.IDENTITY: {
        "anrede", "titel", "vorsatzwort", "vorname", "nachname", "namenszusatz", "geschlecht",
        "sprache", "nummer", "minderjaehrig", "vertreter_anrede", "vertreter_titel",
        "vertreter_vorsatzwort", "vertreter_vorname", "vertreter_nachname",
        "vertreter_namenszusatz", "vertreter_geschlecht",
    },
    Sensitivity.CONTACT: {
        "strasse", "adresszusatz", "postfach", "plz", "ort", "land", "email", "mobil", "telefon",
    },
    Sensitivity.APPOINTMENT: {
        "termin_beginn", "termin_dauer", "termin_raum", "termin_status", "terminart",
        "behandler_titel", "behandler_vorname", "behandler_nachname",
    },
    Sensitivity.PROTECTED: {
        "geburtsdatum", "beruf", "versicherungsnummer", "krankenkasse", "letzter_besuch",
        "anliegen", "quelle", "status",
    },
    Sensitivity.MEDICAL: {"anamnese", "diagnose", "therapie", "behandlung"},
}  # fmt: skip


def test_every_known_field_has_the_class_that_is_written_here() -> None:
    found: dict[Sensitivity, set[str]] = {}
    for field in CATALOGUE.values():
        found.setdefault(field.sensitivity, set()).add(field.name)
    assert found == CLASSES


def test_each_contact_field_belongs_to_one_kind_and_no_other_field_to_any() -> None:
    kinds = {name: field.kinds for name, field in CATALOGUE.items() if field.kinds is not None}
    postal = dict.fromkeys(("strasse", "adresszusatz", "postfach", "plz", "ort", "land"), "letter")
    own = postal | {"email": "email", "mobil": "sms", "telefon": "sms"}
    assert kinds == {name: frozenset({kind}) for name, kind in own.items()}


def test_the_appointment_type_is_a_known_field() -> None:
    assert CATALOGUE[APPOINTMENT_TYPE].sensitivity == Sensitivity.APPOINTMENT


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("vorname", None, Field("vorname", Sensitivity.IDENTITY)),
        ("vorname", "plain", Field("vorname", Sensitivity.IDENTITY)),
        ("vorname", "medical", Field("vorname", Sensitivity.MEDICAL)),
        ("diagnose", "plain", Field("diagnose", Sensitivity.MEDICAL)),
        ("email", "plain", Field("email", Sensitivity.CONTACT, frozenset({"email"}))),
        ("email", "protected", Field("email", Sensitivity.PROTECTED, frozenset({"email"}))),
        ("kasse", None, Field("kasse", Sensitivity.PROTECTED)),
        ("kasse", "plain", Field("kasse", Sensitivity.PLAIN)),
        ("fax", "contact", Field("fax", Sensitivity.CONTACT)),
        ("labor", "medical", Field("labor", Sensitivity.MEDICAL)),
    ],
)
def test_a_schema_adds_fields_and_never_loosens_a_class(
    name: str, given: str | None, field: Field
) -> None:
    classes = {name: Sensitivity.named(given)} if given else None
    assert known_field(name, classes) == field


def test_the_classes_are_ordered_from_plain_to_medical() -> None:
    labels = ["plain", "identity", "contact", "appointment", "protected", "medical"]
    assert [sensitivity.label for sensitivity in sorted(Sensitivity)] == labels
    assert [Sensitivity.named(label) for label in labels] == sorted(Sensitivity)


@pytest.mark.parametrize("name", ["secret", "", "plain "])
def test_an_unknown_class_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        Sensitivity.named(name)
