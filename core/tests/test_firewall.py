"""The firewall, as a matrix written by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.contracts.kinds import Address, Kind, Unreachable
from serienpost.contracts.macros import MacroSetting
from serienpost.fields import CATALOGUE, FieldValue, Part, Sensitivity
from serienpost.firewall import blocked, check_names, effective, refusal, values_for
from serienpost.kinds import core_kind

PLAIN, IDENTITY, CONTACT, APPOINTMENT, PROTECTED, MEDICAL = sorted(Sensitivity)
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True)
class Named:
    """A macro that shows its fields."""

    name: str = "Makro"
    fields: frozenset[str] = frozenset()
    sensitivity: Sensitivity = PLAIN
    kinds: frozenset[str] | None = None
    is_dated: bool = False
    description: str = "Ein Makro."
    example: str = "Beispiel"

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        return " ".join(str(value) for value in fields.values())


@dataclass(frozen=True)
class Medium:
    """A kind that a third-party channel brings."""

    name: str = "fax"
    fields: frozenset[str] = frozenset({"fax"})
    title: str = "Fax"
    template_suffix: str = "fax.txt"

    def address(self, fields: Mapping[str, FieldValue]) -> Address | Unreachable:
        return Address(str(fields["fax"]))


def macro(*fields: str, own: Sensitivity = PLAIN, name: str = "Makro") -> Named:
    return Named(name, frozenset(fields), own)


KINDS: dict[str, Kind] = {
    **{name: core_kind(name) for name in ("email", "sms", "letter")},
    "fax": Medium(),
    "messenger": Medium("messenger", frozenset({"mobil"})),
    "greedy": Medium("greedy", frozenset({"fax", "diagnose", "geburtsdatum", "unbekannt"})),
}
CLASSES = {"fax": CONTACT, "hobby": PLAIN, "labor": MEDICAL}

EVERYWHERE = "email sms letter fax messenger greedy"
WHERE = [
    (macro(), EVERYWHERE),
    (macro("vorname", "nachname"), EVERYWHERE),
    (macro("minderjaehrig", own=IDENTITY), EVERYWHERE),
    (macro("hobby"), EVERYWHERE),
    (macro("termin_beginn"), EVERYWHERE),
    (macro("behandler_nachname", own=APPOINTMENT), EVERYWHERE),
    (macro(own=APPOINTMENT), EVERYWHERE),
    (macro("email"), "email"),
    (macro("mobil"), "sms messenger"),
    (macro("telefon"), "sms"),
    (macro("strasse", "plz", "ort", own=CONTACT), "letter"),
    (macro("adresszusatz"), "letter"),
    (macro("postfach"), "letter"),
    (macro("land", "vorname"), "letter"),
    (macro("fax"), "fax greedy"),
    (macro("ort", "email"), ""),
    (macro("ort", "mobil"), ""),
    (macro("vorname", own=CONTACT), ""),
    (macro(own=CONTACT), ""),
    (macro("geburtsdatum"), ""),
    (macro("beruf"), ""),
    (macro("versicherungsnummer", "vorname"), ""),
    (macro("letzter_besuch"), ""),
    (macro("unbekannt"), ""),
    (macro("vorname", own=PROTECTED), ""),
    (macro(own=MEDICAL), ""),
    (macro("diagnose"), ""),
    (macro("anamnese", "vorname", own=IDENTITY), ""),
    (macro("therapie", own=PLAIN), ""),
    (macro("behandlung", "email"), ""),
    (macro("labor"), ""),
]


@pytest.mark.parametrize("harmless_types", [False, True])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("named", "where"), WHERE)
def test_data_leaves_only_by_the_kinds_written_here(
    named: Named, where: str, part: Part, harmless_types: bool
) -> None:
    free = [
        name
        for name, kind in KINDS.items()
        if not blocked(named, kind, part, CLASSES, harmless_types)
    ]
    assert free == where.split()


@pytest.mark.parametrize(
    ("kind", "part", "harmless_types", "is_free"),
    [
        ("sms", "text", False, False),
        ("sms", "text", True, True),
        ("sms", "subject", False, False),
        ("email", "subject", False, False),
        ("email", "subject", True, True),
        ("email", "text", False, True),
        ("email", "html", False, True),
        ("letter", "subject", False, False),
        ("letter", "text", False, True),
        ("fax", "subject", False, False),
        ("fax", "text", False, True),
    ],
)
def test_the_appointment_type_needs_a_list_of_harmless_ones(
    kind: str, part: Part, harmless_types: bool, is_free: bool
) -> None:
    named = macro("terminart", "termin_beginn", own=APPOINTMENT)
    assert (blocked(named, KINDS[kind], part, {}, harmless_types) is None) is is_free


@pytest.mark.parametrize("classes", [{}, {"diagnose": PLAIN, "geburtsdatum": IDENTITY}])
def test_a_schema_cannot_free_a_known_field(classes: Mapping[str, Sensitivity]) -> None:
    for name in ("diagnose", "geburtsdatum"):
        assert blocked(macro(name), KINDS["letter"], "text", classes, True)


def test_a_schema_can_make_a_field_stricter() -> None:
    assert blocked(macro("vorname"), KINDS["letter"], "text", {"vorname": MEDICAL}, True)
    assert blocked(macro("termin_raum"), KINDS["email"], "text", {"termin_raum": PROTECTED}, True)


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        (
            macro("vorname", "diagnose", "email"),
            "macro Makro needs field diagnose of class medical, which never enters a mailing",
        ),
        (
            macro("plz"),
            "macro Makro needs field plz of class contact, which does not belong to email",
        ),
        (
            macro("terminart"),
            (
                "macro Makro needs field terminart of class appointment, which must not stand in a"
                " subject"
            ),
        ),
        (macro(own=MEDICAL), "macro Makro is of class medical, which never enters a mailing"),
        (
            macro("vorname", own=CONTACT),
            "macro Makro is of class contact, but has no field that belongs to email",
        ),
    ],
)
def test_the_reason_names_macro_field_and_class(named: Named, reason: str) -> None:
    assert blocked(named, KINDS["email"], "subject", {}, False) == reason


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (macro(), PLAIN),
        (macro("vorname"), IDENTITY),
        (macro("vorname", own=APPOINTMENT), APPOINTMENT),
        (macro("vorname", "email"), CONTACT),
        (macro("diagnose", "email"), MEDICAL),
        (macro("unbekannt"), PROTECTED),
        (macro("hobby"), PLAIN),
        (macro("labor", own=IDENTITY), MEDICAL),
    ],
)
def test_the_effective_class_is_the_strictest(named: Named, expected: Sensitivity) -> None:
    assert effective(named, CLASSES) == expected


@given(
    st.frozensets(st.sampled_from([*CATALOGUE, *CLASSES, "unbekannt"])),
    st.sampled_from(Sensitivity),
    st.sampled_from(list(KINDS)),
    st.sampled_from(PARTS),
    st.booleans(),
)
def test_no_combination_lets_protected_or_medical_data_pass(
    fields: frozenset[str], own: Sensitivity, kind: str, part: Part, harmless_types: bool
) -> None:
    named = Named(fields=fields, sensitivity=own)
    if effective(named, CLASSES) >= PROTECTED:
        assert blocked(named, KINDS[kind], part, CLASSES, harmless_types)


MACROS = {
    named.name: named
    for named in (
        macro("vorname", name="Vorname"),
        macro("nachname", name="Nachname"),
        macro("diagnose", name="Diagnose"),
        macro("termin_beginn", name="TerminDatum"),
        macro("terminart", name="TerminArt"),
        macro("strasse", "plz", "ort", name="Anschrift"),
        macro("titel", name="Titel"),
        Named("Faltmarke", kinds=frozenset({"letter", "fax"})),
    )
}
OFFERED = frozenset({"vorname", "nachname", "termin_beginn", "terminart", "strasse", "plz", "ort"})


def findings(kind: str, used: Mapping[Part, list[str]], harmless: bool = False) -> list[str]:
    found = check_names(used, MACROS, KINDS[kind], {}, offered=OFFERED, harmless_types=harmless)
    return [f"{part}: {problem}" for _, part, problem in found]


OTHER = "which does not belong to sms"
NEVER = "which never enters a mailing"
NO_HINT = "(`serienpost macros` lists them)"


def test_names_that_are_allowed_have_no_findings() -> None:
    assert findings("email", {"subject": ["Nachname"], "text": ["Vorname", "TerminArt"]}) == []
    assert findings("letter", {"text": ["Anschrift", "Faltmarke"]}) == []
    assert findings("sms", {"text": ["TerminArt"]}, harmless=True) == []
    assert findings("sms", {}) == []


def test_an_unknown_name_gets_the_nearest_allowed_one() -> None:
    assert findings("email", {"text": ["Vornahme", "NACHNAME", "Xyz"]}) == [
        "text: there is no macro NACHNAME (nearest allowed name: Nachname)",
        "text: there is no macro Vornahme (nearest allowed name: Vorname)",
        f"text: there is no macro Xyz {NO_HINT}",
    ]


def test_a_hint_never_names_what_is_forbidden_there() -> None:
    assert findings("email", {"text": ["Diagnos", "Anschrif"]}) == [
        f"text: there is no macro Anschrif {NO_HINT}",
        f"text: there is no macro Diagnos {NO_HINT}",
    ]


def test_each_part_is_judged_by_its_own_rules() -> None:
    used: dict[Part, list[str]] = {"subject": ["TerminArt"], "text": ["TerminArt"]}
    [finding] = check_names(used, MACROS, KINDS["email"], {}, offered=OFFERED, harmless_types=False)
    name, part, problem = finding
    assert (name, part) == ("TerminArt", "subject")
    assert problem.message.endswith("which must not stand in a subject")
    assert problem.hint == "nearest allowed name: TerminDatum"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Anschrift", f"macro Anschrift needs field ort of class contact, {OTHER}"),
        ("Diagnose", f"macro Diagnose needs field diagnose of class medical, {NEVER}"),
        ("Faltmarke", "macro Faltmarke is only for fax, letter, not for sms"),
        ("Titel", "macro Titel needs what the source does not offer: titel"),
    ],
)
def test_each_reason_is_told_once(name: str, reason: str) -> None:
    assert findings("sms", {"text": [name, "Vorname", name]}) == [f"text: {reason} {NO_HINT}"]


def test_a_forbidden_macro_is_forbidden_before_anything_else_is_asked() -> None:
    named = Named("Befund", frozenset({"diagnose"}), kinds=frozenset({"letter"}))
    reason = refusal(named, KINDS["sms"], "text", {}, offered=[], harmless_types=True)
    assert reason == blocked(named, KINDS["sms"], "text", {}, True)


def test_a_macro_gets_exactly_its_fields_and_cannot_change_them() -> None:
    row: dict[str, FieldValue] = {"vorname": "Ada", "diagnose": "J06.9", "email": "a@example.org"}
    values = values_for(macro("vorname", "titel"), row)
    assert dict(values) == {"vorname": "Ada", "titel": None}
    with pytest.raises(TypeError):
        values["vorname"] = "Eve"  # type: ignore[index]
    row["vorname"] = "Eve"
    assert values["vorname"] == "Ada"
