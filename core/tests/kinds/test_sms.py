"""Mobile numbers as practices have them."""

import phonenumbers  # noqa: TID253
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.contracts.kinds import Address, Unreachable
from serienpost.kinds.sms import SmsKind

KIND = SmsKind()
MOBILE = "+491711234567"

REACHABLE = [
    *(
        (written, MOBILE)
        for written in (
            "0171 1234567",
            "0171/1234567",
            "0171-123 45 67",
            "0171.123.4567",
            "0171_1234567",
            "0171 – 1234567",
            "01711234567",
            "01 71/12 34 567",
            "(0171) 1234567",
            "171 1234567",
            "+49 171 1234567",
            "+49 (0)171 1234567",
            "(+49) 171 1234567",
            "+ 49 171 1234567",
            "0049 171 1234567",
            "00491711234567",
            "tel:+49-171-1234567",
            "０１７１１２３４５６７",
            "\uff0b49 171 1234567",
            "\u202a+49\u00a0171\u00a01234567\u202c",
            "0171 1234567 ",
            "0171 1234567\n",
            "0171-1234567 privat",
            "privat: 0171 1234567",
            "0171 1234567 (privat)",
            "0171 1234567 / dienstl.",
            "Mobil-Nr. 0171 1234567",
            "Telefonnummer: 0171 1234567",
            "0171 1234567 privat 2",
            "Tel. 0171 1234567",
            "Tel.: 0171 1234567",
            "Mobil: 0171 1234567 (dienstl.)",
            "Handy 2: 0171 1234567",
            "D1: 0171 1234567",
            1711234567,
        )
    ),
    ("0151 12345678", "+4915112345678"),
    ("0160 1234567", "+491601234567"),
    ("0176 12345678", "+4917612345678"),
    ("+43 664 1234567", "+436641234567"),
    ("0041 79 123 45 67", "+41791234567"),
    ("+33 6 12 34 56 78", "+33612345678"),
    ("+39 347 1234567", "+393471234567"),
    ("+44 7911 123456", "+447911123456"),
    ("+48 512 345 678", "+48512345678"),
    ("+1 212 555 2368", "+12125552368"),
    ("+45 20 12 34 56", "+4520123456"),
]

UNREACHABLE = [
    (None, "missing"),
    ("", "missing"),
    (" \t", "missing"),
    ("-", "missing"),
    ("keine", "missing"),
    ("\u200e", "missing"),
    ("kein Handy", "invalid"),
    ("ada@example.org", "invalid"),
    ("0", "invalid"),
    ("+", "invalid"),
    ("110", "invalid"),
    ("116117", "invalid"),
    ("01234", "invalid"),
    ("0171 12345", "invalid"),
    ("0151 1234567", "invalid"),
    ("0161 1234567", "invalid"),
    ("0171 l234567", "remark"),
    ("0l71 1234567", "remark"),
    ("0171 12345O7", "remark"),
    ("0171/1234567 App. 12", "remark"),
    ("0171 1234567 Durchwahl 12", "remark"),
    ("0171 1234567 ext. 5", "remark"),
    ("0171 1234567 (Mutter)", "remark"),
    ("Frau Maier 0171 1234567", "remark"),
    ("0171 1234567 (alt)", "remark"),
    ("falsch: 0171 1234567", "remark"),
    ("Fax 0171 1234567", "remark"),
    ("0171 1234567 nicht anrufen", "remark"),
    ("0171 1234567, nur abends ab 18 Uhr", "remark"),
    ("1711234567.0", "extension"),
    ("17612345678.0", "extension"),
    ("1,71123E+09", "remark"),
    ("0171\n1234567", "invalid"),
    ("0171\x001234567", "invalid"),
    ("0171 1234567x8", "remark"),
    ("0171 1234567 o8", "remark"),
    ("0171 1234567#12", "invalid"),
    ("D1 0171 1234567", "remark"),
    ("++49 171 1234567", "invalid"),
    ("+43 (Wien) 664 1234567", "remark"),
    ("0049 DE 171 1234567", "remark"),
    ("+999 171 1234567", "invalid"),
    ("0171 1234567" + " bitte nicht anrufen" * 20, "invalid"),
    ("0171 1234567 / 0172 7654321", "several_numbers"),
    ("0171 1234567 oder 0172 7654321", "several_numbers"),
    ("0171 1234567, 0351 1234567", "several_numbers"),
    ("0171 1234567\n0172 7654321", "several_numbers"),
    ("0171 1234567 +49 172 7654321", "several_numbers"),
    ("0171/123 oder 0172/456", "several_numbers"),
    ("0171 1234567 u. 0172 7654321", "several_numbers"),
    ("0171 1234567 0172 7654321", "several_numbers"),
    ("0171 1234567/8", "extension"),
    ("0171 1234567 / 68", "extension"),
    ("0171 1234567-8", "extension"),
    ("0171 1234567 – 0", "extension"),
    ("0171 1234567-12", "extension"),
    ("+49 171 1234567-123", "extension"),
    ("0351 1234567", "landline"),
    ("+49 (0)30 123456", "landline"),
    ("+43 1 5123456", "landline"),
    ("+41 44 123 45 67", "landline"),
    ("0900 3123456", "premium"),
    ("0137 7123456", "premium"),
    ("01805 123456", "premium"),
    ("0180 1234567", "premium"),
    ("0800 1110111", "not_mobile"),
    ("0700 12345678", "not_mobile"),
    ("0164 1234567", "not_mobile"),
    ("+800 1234 5678", "not_mobile"),
    ("1-717-555-0123", "no_country_code"),
    ("1 (517) 555-0123", "no_country_code"),
    ("(717) 555-0123", "no_country_code"),
    ("44 7911 123456", "no_country_code"),
    ("43 664 1234567", "no_country_code"),
    ("90 532 123 45 67", "no_country_code"),
    ("49 171 1234567", "no_country_code"),
    ("49 (0)171 1234567", "no_country_code"),
    ("491711234567", "no_country_code"),
    ("0491711234567", "no_country_code"),
    ("157 02345678", "no_country_code"),
    ("351 1234567", "landline"),
    (True, "invalid"),
]

# Number, country, and where it goes or why nowhere.
FROM = [
    ("151 1234 5678", "", "+4915112345678"),
    ("151 1234 5678", "Deutschland", "+4915112345678"),
    ("151 1234 5678", "BRD", "+4915112345678"),
    ("151 1234 5678", "Germany", "+4915112345678"),
    ("151 1234 5678", "China", "no_country_code"),
    ("138 0013 8000", "China", "no_country_code"),
    ("171 1234567", "Österreich", "no_country_code"),
    ("171 1234567", "Nirgendwo", "no_country_code"),
    ("1-717-555-0123", "USA", "no_country_code"),
    ("1 (517) 555-0123", "USA", "no_country_code"),
    ("079 123 45 67", "Schweiz", "no_country_code"),
    ("0664 1234567", "A", "no_country_code"),
    ("06 12 34 56 78", "Frankreich", "no_country_code"),
    ("0532 123 45 67", "Türkei", "no_country_code"),
    ("01709 382121", "England", "no_country_code"),
    ("0171 1234567", "Schweiz", MOBILE),
    ("0171 1234567", "Polen", MOBILE),
    ("0171 1234567", "Nirgendwo", MOBILE),
    ("+1 717 555 0123", "USA", "+17175550123"),
    ("001 717 555 0123", "USA", "+17175550123"),
    ("+49 171 1234567", "USA", MOBILE),
    ("0043 664 1234567", "Österreich", "+436641234567"),
]


@pytest.mark.parametrize(("written", "land", "answer"), FROM)
def test_without_a_country_code_the_country_of_the_person_is_asked(
    written: str, land: str, answer: str
) -> None:
    found = KIND.address({"mobil": written, "land": land})
    assert answer == (found.value if isinstance(found, Address) else found.code)


@pytest.mark.parametrize(("written", "value"), REACHABLE)
def test_a_mobile_number_becomes_e164(written: str, value: str) -> None:
    assert KIND.address({"mobil": written}) == Address(value)


@pytest.mark.parametrize(("written", "code"), UNREACHABLE)
def test_anything_else_has_a_code_and_keeps_the_number_out_of_the_reason(
    written: str | None, code: str
) -> None:
    answer = KIND.address({"mobil": written})
    assert isinstance(answer, Unreachable)
    assert answer.code == code
    assert answer.reason.endswith(".")
    assert not any(sign.isdecimal() for sign in answer.reason)


def test_a_landline_in_another_field_is_not_taken() -> None:
    answer = KIND.address({"telefon": "0171 1234567", "mobil": None})
    assert isinstance(answer, Unreachable)
    assert answer.code == "missing"


SIGNS = st.text(st.sampled_from("0123456789０٣+ ()/-._\nxXAp.;=#²\u200e"), max_size=120)


@given(st.one_of(st.text(), SIGNS, st.integers(), st.dates(), st.booleans()))
def test_no_value_raises_and_what_comes_out_is_e164(value: object) -> None:
    answer = KIND.address({"mobil": value})  # type: ignore[dict-item]
    if isinstance(answer, Address):
        assert answer.value.startswith("+")
        assert answer.value[1:].isascii()
        assert answer.value[1:].isdecimal()
        assert KIND.address({"mobil": answer.value}) == answer


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text", ["0171 1234567 aa" + "1234a" * 16 + "+", "(" * 99 + "1", "1 " * 49, "aa1 " * 24 + "+"]
)
def test_no_text_takes_long(text: str) -> None:
    assert isinstance(KIND.address({"mobil": text}), Unreachable)


# Mobile numbers of which each is valid, with the forms in which people type them.
MOBILES = st.one_of(
    st.from_regex(r"\A(?:170|171|172|173|174|175|177|178|179|160|162|163)[1-9][0-9]{6}\Z"),
    st.from_regex(r"\A(?:151|152|157|159|176)[1-9][0-9]{7}\Z"),
)
GAPS = st.text(st.sampled_from(" /-.()"), max_size=1)
COUNTRIES = st.sampled_from(
    ["", "D", "Deutschland", "USA", "China", "Österreich", "Schweiz", "England", "Italien", "??"]
)


@given(
    MOBILES,
    st.sampled_from(["0", "+49", "+49 ", "0049 ", "+49 (0)", "0049(0)", "", "49", "1", "+1 "]),
    st.lists(GAPS, min_size=12, max_size=12),
    st.sampled_from(["", "Tel. ", "privat: ", "Handy 2: "]),
    COUNTRIES,
)
def test_a_number_in_any_form_stays_itself_or_is_refused(
    number: str, begin: str, gaps: list[str], label: str, land: str
) -> None:
    """Nobody else gets the message: what comes out are the digits that were typed."""
    grouped = "".join(sign + gap for sign, gap in zip(number, [*gaps, ""], strict=False))
    found = KIND.address({"mobil": f"{label}{begin}{grouped}", "land": land})
    if isinstance(found, Address):
        assert found.value == (f"+1{number}" if "1" in begin else f"+49{number}")


@given(
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    st.sampled_from(["+", "00", "", "national"]),
    COUNTRIES,
)
def test_a_foreign_number_never_becomes_a_german_one(region: str, begin: str, land: str) -> None:
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if number is None:
        return
    style = phonenumbers.PhoneNumberFormat
    value = phonenumbers.format_number(number, style.E164)
    written = f"{begin}{value[1:]}"
    if begin == "national":
        written, land = phonenumbers.format_number(number, style.NATIONAL), region
    found = KIND.address({"mobil": written, "land": land})
    if isinstance(found, Address):
        assert found.value == value
