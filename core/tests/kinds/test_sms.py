"""Mobile numbers as practices have them."""

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
            "0171/1234567 App. 12",
            "0171-1234567 privat",
            "0171 1234567 (Mutter)",
            "0171 1234567, nur abends ab 18 Uhr",
            "0171 1234567, ab 18:30 bis 20:15 Uhr",
            "Tel. 0171 1234567",
            "Tel.: 0171 1234567",
            "Mobil: 0171 1234567 (dienstl.)",
            "Handy 2: 0171 1234567",
            "D1: 0171 1234567",
            "Frau Maier 0171 1234567",
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
    ("0171 l234567", "invalid"),
    ("0l71 1234567", "invalid"),
    ("0171\n1234567", "invalid"),
    ("0171\x001234567", "invalid"),
    ("0171 1234567x8", "invalid"),
    ("0171 1234567 o8", "invalid"),
    ("0171 1234567#12", "invalid"),
    ("D1 0171 1234567", "invalid"),
    ("++49 171 1234567", "invalid"),
    ("+43 (Wien) 664 1234567", "invalid"),
    ("0049 DE 171 1234567", "invalid"),
    ("+999 171 1234567", "invalid"),
    ("0171 1234567" + " bitte nicht anrufen" * 20, "invalid"),
    ("0171 1234567 / 0172 7654321", "several_numbers"),
    ("0171 1234567 oder 0172 7654321", "several_numbers"),
    ("0171 1234567, 0351 1234567", "several_numbers"),
    ("0171 1234567\n0172 7654321", "several_numbers"),
    ("0171 1234567 +49 172 7654321", "several_numbers"),
    ("0171 1234567/8", "several_numbers"),
    ("0171 1234567 / 68", "several_numbers"),
    ("0171 1234567-8", "several_numbers"),
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
    (True, "invalid"),
]


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
