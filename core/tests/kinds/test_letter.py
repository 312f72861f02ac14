"""Postal addresses as practices have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.contracts.kinds import Address, Unreachable
from serienpost.kinds import core_kind
from serienpost.kinds.countries import country_code, german_name
from serienpost.kinds.letter import LetterKind, address_lines

KIND = LetterKind()
FIELDS = ("strasse", "adresszusatz", "postfach", "plz", "ort", "land")
HOME = {"strasse": "Lindenallee 5", "plz": "01067", "ort": "Dresden"}

REACHABLE = [
    ({}, "Lindenallee 5\n01067 Dresden"),
    ({"land": ""}, "Lindenallee 5\n01067 Dresden"),
    ({"land": "Deutschland"}, "Lindenallee 5\n01067 Dresden"),
    ({"land": "germany"}, "Lindenallee 5\n01067 Dresden"),
    ({"land": "D"}, "Lindenallee 5\n01067 Dresden"),
    ({"land": "de"}, "Lindenallee 5\n01067 Dresden"),
    ({"land": "DEU"}, "Lindenallee 5\n01067 Dresden"),
    ({"land": "BRD"}, "Lindenallee 5\n01067 Dresden"),
    ({"plz": "D-01067"}, "Lindenallee 5\n01067 Dresden"),
    ({"plz": "DE 01067"}, "Lindenallee 5\n01067 Dresden"),
    ({"strasse": "\t Lindenallee  \u00a05 \n"}, "Lindenallee 5\n01067 Dresden"),
    ({"strasse": "Lin\u00addenallee\u200b 5"}, "Lindenallee 5\n01067 Dresden"),
    ({"ort": "Du\u0308ren"}, "Lindenallee 5\n01067 Düren"),
    ({"strasse": "Q 7, 24", "plz": "68161", "ort": "Mannheim"}, "Q 7, 24\n68161 Mannheim"),
    ({"strasse": "Straße des 17. Juni 1"}, "Straße des 17. Juni 1\n01067 Dresden"),
    ({"strasse": "Haus <b>Süd</b> {{x}}"}, "Haus <b>Süd</b> {{x}}\n01067 Dresden"),
    ({"plz": "99998"}, "Lindenallee 5\n99998 Dresden"),
    ({"plz": 10115}, "Lindenallee 5\n10115 Dresden"),
    ({"adresszusatz": "bei Meier"}, "bei Meier\nLindenallee 5\n01067 Dresden"),
    ({"strasse": None, "postfach": "12 34 56"}, "Postfach 12 34 56\n01067 Dresden"),
    ({"strasse": "-", "postfach": "Postfach 99"}, "Postfach 99\n01067 Dresden"),
    ({"strasse": "", "postfach": "123456"}, "Postfach 123456\n01067 Dresden"),
    ({"postfach": "12 34 56"}, "Lindenallee 5\n01067 Dresden"),
    (
        {"plz": "1010", "ort": "Wien", "land": "Österreich"},
        "Lindenallee 5\n1010 WIEN\nÖSTERREICH",
    ),
    (
        {"plz": "A-1010", "ort": "Wien", "land": "Oesterreich"},
        "Lindenallee 5\n1010 WIEN\nÖSTERREICH",
    ),
    ({"plz": "1010", "ort": "Wien", "land": "A"}, "Lindenallee 5\n1010 WIEN\nÖSTERREICH"),
    ({"plz": "CH-8001", "ort": "Zürich", "land": "CH"}, "Lindenallee 5\n8001 ZÜRICH\nSCHWEIZ"),
    ({"plz": "8001", "ort": "Zürich", "land": "Suisse"}, "Lindenallee 5\n8001 ZÜRICH\nSCHWEIZ"),
    ({"plz": "9490", "ort": "Vaduz", "land": "FL"}, "Lindenallee 5\n9490 VADUZ\nLIECHTENSTEIN"),
    ({"plz": "75001", "ort": "Paris", "land": "France"}, "Lindenallee 5\n75001 PARIS\nFRANKREICH"),
    ({"plz": "F-75001", "ort": "Paris", "land": "F"}, "Lindenallee 5\n75001 PARIS\nFRANKREICH"),
    (
        {"plz": "1012 AB", "ort": "Amsterdam", "land": "Holland"},
        "Lindenallee 5\n1012 AB AMSTERDAM\nNIEDERLANDE",
    ),
    (
        {"plz": "SW1A 1AA", "ort": "London", "land": "UK"},
        "Lindenallee 5\nLONDON SW1A 1AA\nGROSSBRITANNIEN",
    ),
    ({"plz": "90210", "ort": "Gera", "land": "U.S.A."}, "Lindenallee 5\nGERA 90210\nUSA"),
    (
        {"plz": "", "ort": "Hongkong", "land": "Hong Kong"},
        "Lindenallee 5\nHONGKONG\nHONGKONG",
    ),
    (
        {"plz": "110 00", "ort": "Praha", "land": "Tschechische Republik"},
        "Lindenallee 5\n110 00 PRAHA\nTSCHECHIEN",
    ),
    ({"plz": "00-950", "ort": "Warszawa", "land": "PL"}, "Lindenallee 5\n00-950 WARSZAWA\nPOLEN"),
    ({"plz": "34000", "ort": "Ankara", "land": "Türkiye"}, "Lindenallee 5\n34000 ANKARA\nTÜRKEI"),
    ({"plz": "AD 500", "ort": "Encamp", "land": "AD"}, "Lindenallee 5\nAD 500 ENCAMP\nANDORRA"),
    ({"plz": "LV-1010", "ort": "Riga", "land": "Latvia"}, "Lindenallee 5\nLV-1010 RIGA\nLETTLAND"),
    (
        {"strasse": "", "postfach": "B.P. 12", "plz": "1010", "ort": "Luxemburg", "land": "L"},
        "B.P. 12\n1010 LUXEMBURG\nLUXEMBURG",
    ),
]

UNREACHABLE = [
    (dict.fromkeys(FIELDS), "missing"),
    (dict.fromkeys(FIELDS, " "), "missing"),
    ({"strasse": "", "plz": "", "ort": "", "land": "Deutschland"}, "missing"),
    ({"strasse": "unbekannt", "plz": "-", "ort": "k. A."}, "missing"),
    ({"strasse": None}, "missing_street"),
    ({"strasse": "-"}, "missing_street"),
    ({"strasse": "5"}, "missing_street"),
    ({"strasse": "?", "postfach": None}, "missing_street"),
    ({"strasse": None, "adresszusatz": "bei Meier"}, "missing_street"),
    ({"strasse": None, "postfach": "-"}, "missing_street"),
    ({"ort": None}, "missing_town"),
    ({"ort": "01067"}, "missing_town"),
    ({"ort": "--"}, "missing_town"),
    ({"plz": None}, "missing_postcode"),
    ({"plz": "unbekannt"}, "missing_postcode"),
    ({"plz": "", "land": "Schweiz"}, "missing_postcode"),
    ({"plz": "1067"}, "bad_postcode"),
    ({"plz": 1067}, "bad_postcode"),
    ({"plz": "010670"}, "bad_postcode"),
    ({"plz": "0106?"}, "bad_postcode"),
    ({"plz": "00999"}, "bad_postcode"),
    ({"plz": "01067 Dresden"}, "bad_postcode"),
    ({"plz": "０１０６７"}, "bad_postcode"),
    ({"plz": "A-1010"}, "bad_postcode"),
    ({"plz": "01067", "land": "Österreich"}, "bad_postcode"),
    ({"plz": "0101", "land": "AT"}, "bad_postcode"),
    ({"plz": "80011", "land": "CH"}, "bad_postcode"),
    ({"land": "Atlantis"}, "unknown_country"),
    ({"land": "EU"}, "unknown_country"),
    ({"land": "ZZ"}, "unknown_country"),
    ({"land": "Jugoslawien"}, "unknown_country"),
    ({"land": "SU"}, "unknown_country"),
    ({"land": "276"}, "unknown_country"),
    ({"land": "!?"}, "unknown_country"),
    ({"strasse": "Lindenallee 5\nz. Hd. Eve"}, "control_character"),
    ({"strasse": "Linden\x00allee 5"}, "control_character"),
    ({"adresszusatz": "bei\r\nMeier"}, "control_character"),
    ({"ort": "Dres\x0bden"}, "control_character"),
    ({"ort": "Dres\u2028den"}, "control_character"),
    ({"postfach": "12\x8534"}, "control_character"),
    ({"plz": "010\x7f67"}, "control_character"),
    ({"land": "Öster\treich"}, "control_character"),
    ({"ort": "Dres\ud800den"}, "control_character"),
]


@pytest.mark.parametrize(("changes", "value"), REACHABLE)
def test_an_address_becomes_lines(changes: dict[str, str], value: str) -> None:
    fields = HOME | changes
    assert KIND.address(fields) == Address(value)
    assert address_lines(fields) == value.split("\n")


@pytest.mark.parametrize(("changes", "code"), UNREACHABLE)
def test_anything_else_has_a_code_and_keeps_the_address_out_of_the_reason(
    changes: dict[str, str], code: str
) -> None:
    answer = KIND.address(HOME | changes)
    assert isinstance(answer, Unreachable)
    assert answer.code == code
    assert answer.reason.endswith(".")
    for secret in ("Linden", "Dresden", "01067", "Meier", "Atlantis"):
        assert secret not in answer.reason


def test_an_address_that_is_refused_still_has_the_lines_that_are_there() -> None:
    assert address_lines({"ort": "Dresden"}) == ["Dresden"]
    assert address_lines(HOME | {"land": "Atlantis"}) == [
        "Lindenallee 5",
        "01067 DRESDEN",
        "ATLANTIS",
    ]
    assert address_lines({}) == []


SIGNS = st.text(st.sampled_from("aßÄ09 -\r\n\x00\u2028\u200b,./A"), max_size=12)
VALUES = st.one_of(st.none(), st.text(), SIGNS, st.integers(), st.booleans())
LANDS = st.one_of(VALUES, st.sampled_from(["DE", "Schweiz", "austria", "uk"]))


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS[:5], VALUES) | {"land": LANDS}),
    st.booleans(),
)
def test_no_value_raises_and_lines_stay_lines(fields: dict[str, str], complete: bool) -> None:
    fields = fields | HOME if complete else fields
    lines = address_lines(fields)
    assert len(lines) <= 4
    assert all(line == " ".join(line.split()) for line in lines)
    answer = KIND.address(fields)
    if isinstance(answer, Address):
        assert answer.value.split("\n") == lines


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Deutschland", "DE"),
        ("großbritannien", "GB"),
        ("GROSSBRITANNIEN", "GB"),
        ("Vereinigtes Königreich", "GB"),
        ("United Kingdom", "GB"),
        ("Tuerkei", "TR"),
        ("Turkey", "TR"),
        ("Côte d'Ivoire", "CI"),
        ("Cote d Ivoire", "CI"),
        ("Bosnien & Herzegowina", "BA"),
        ("Bosnia and Herzegovina", "BA"),
        ("Island", "IS"),
        ("Iceland", "IS"),
        ("Ireland", "IE"),
        ("Georgien", "GE"),
        ("USA", "US"),
        ("United States", "US"),
        ("AUT", "AT"),
        ("S", "SE"),
        ("Kosovo", "XK"),
        ("", None),
        ("Osterreich", None),
        ("Ö", None),
        ("Europäische Union", None),
        ("Welt", None),
    ],
)
def test_countries_are_known_by_names_and_codes(written: str, code: str | None) -> None:
    assert country_code(written) == code


def test_the_german_name_of_every_country_leads_back_to_it() -> None:
    codes = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    known = [code for code in codes if country_code(code) == code]
    assert len(known) > 240
    assert [code for code in known if country_code(german_name(code)) != code] == []


@pytest.mark.parametrize("name", ["email", "sms", "letter"])
def test_the_core_kinds_are_complete(name: str) -> None:
    kind = core_kind(name)
    assert kind.name == name
    assert (kind.title, kind.template_suffix) in {
        ("e-mail", "email.md"),
        ("SMS", "sms.txt"),
        ("letter", "letter.md"),
    }
    assert isinstance(kind.address({}), Unreachable)
