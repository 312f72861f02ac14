"""E-mail addresses as practices have them."""

import pytest
from email_validator import EmailNotValidError, validate_email  # noqa: TID253
from hypothesis import given
from hypothesis import strategies as st

from serienpost.contracts.kinds import Address, Unreachable
from serienpost.kinds.email import EmailKind, message_id, parse_sender, refused_in_header

KIND = EmailKind()

REACHABLE = [
    ("ada@example.org", "ada@example.org"),
    ("  ada@example.org \t", "ada@example.org"),
    ("ada@example.org\n", "ada@example.org"),
    ("\u00a0ada@example.org", "ada@example.org"),
    ("Ada.Lovelace@EXAMPLE.ORG", "Ada.Lovelace@example.org"),
    ("ada+praxis@example.org", "ada+praxis@example.org"),
    ("ada_l-1815@mail.example.org", "ada_l-1815@mail.example.org"),
    ("o'neil@example.org", "o'neil@example.org"),
    ("a/b%c!d#e@example.org", "a/b%c!d#e@example.org"),
    ("{{x}}@example.org", "{{x}}@example.org"),
    ("ada@bücher.de", "ada@xn--bcher-kva.de"),
    ("ada@BÜCHER.de", "ada@xn--bcher-kva.de"),
    ("ada@bu\u0308cher.de", "ada@xn--bcher-kva.de"),
    ("ada@straße.de", "ada@xn--strae-oqa.de"),
    ("ada@xn--bcher-kva.de", "ada@xn--bcher-kva.de"),
    ("ada@XN--BCHER-KVA.DE", "ada@xn--bcher-kva.de"),
    ("1234@t-online.de", "1234@t-online.de"),
    (f"{'x' * 64}@example.org", f"{'x' * 64}@example.org"),
]

UNREACHABLE = [
    (None, "missing"),
    ("", "missing"),
    ("   ", "missing"),
    ("-", "missing"),
    ("keine", "missing"),
    ("k.A.", "missing"),
    ("unbekannt", "missing"),
    ("hat keine", "invalid"),
    ("ada", "invalid"),
    ("ada@", "invalid"),
    ("@example.org", "invalid"),
    ("ada@example", "invalid"),
    ("ada@localhost", "invalid"),
    ("ada@praxis.local", "invalid"),
    ("ada@example.invalid", "invalid"),
    ("ada@example..org", "invalid"),
    ("ada@.example.org", "invalid"),
    ("ada@-example.org", "invalid"),
    ("ada@exam_ple.org", "invalid"),
    ("ada@example.org.", "invalid"),
    ("ada..l@example.org", "invalid"),
    (".ada@example.org", "invalid"),
    ("ada.@example.org", "invalid"),
    ("ada l@example.org", "invalid"),
    ("ada@ example.org", "invalid"),
    ("ada@@example.org", "invalid"),
    ("ada@l@example.org", "invalid"),
    ("ada,l@example.org", "invalid"),
    ("mailto:ada@example.org", "invalid"),
    ("Ada <ada@example.org>", "invalid"),
    ('"ada l"@example.org', "invalid"),
    ("ada(privat)@example.org", "invalid"),
    ("ada@[127.0.0.1]", "invalid"),
    ("ada@127.0.0.1", "invalid"),
    ("ada@☃.de", "invalid"),
    ("ada\u200b@example.org", "invalid"),
    ("ada\x00@example.org", "invalid"),
    ("ada@example.org\r\nBcc: eve@example.org", "invalid"),
    ("ada\u2028@example.org", "invalid"),
    ("=?utf-8?q?ada?=@example.org", "invalid"),
    ("\ud800@example.org", "invalid"),
    (f"{'x' * 65}@example.org", "invalid"),
    (f"ada@{'y' * 64}.org", "invalid"),
    ("ada@" + "y." * 2000 + "org", "invalid"),
    (17, "invalid"),
    (True, "invalid"),
    ("müller@example.org", "non_ascii_local"),
    ("МАРИЯ@example.org", "non_ascii_local"),
    ("\uff41da@example.org", "non_ascii_local"),
    ("ada@example.org, kim@example.org", "several_addresses"),
    ("ada@example.org;kim@example.org", "several_addresses"),
    ("ada@example.org / kim@example.org", "several_addresses"),
    ("ada@example.org oder kim@example.org", "several_addresses"),
]


@pytest.mark.parametrize(("written", "value"), REACHABLE)
def test_a_valid_address_is_normalised(written: str, value: str) -> None:
    assert KIND.address({"email": written}) == Address(value)


@pytest.mark.parametrize(("written", "code"), UNREACHABLE)
def test_an_invalid_address_has_a_code_and_keeps_itself_out_of_the_reason(
    written: str | None, code: str
) -> None:
    answer = KIND.address({"email": written})
    assert isinstance(answer, Unreachable)
    assert answer.code == code
    assert answer.reason.endswith(".")
    assert "ada" not in answer.reason.lower()


def test_a_row_without_the_field_has_no_address() -> None:
    assert KIND.address({}) == KIND.address({"email": None})


ENDS = ("", ".de", ".DE", ".museum", ".example.org", ".xn--p1ai", ".home.arpa", ".test", ".local")
SIGNS = st.text(st.sampled_from('aÄ@.@-_ <>"=?\r\n\x00\u2028;,é0xn[]()\u200b'), max_size=40)


@given(st.one_of(st.text(), SIGNS, st.emails(), st.integers(), st.dates(), st.booleans()))
def test_no_value_raises_and_what_comes_out_is_safe_on_the_wire(value: object) -> None:
    answer = KIND.address({"email": value})  # type: ignore[dict-item]
    if isinstance(answer, Address):
        assert answer.value.isascii()
        assert refused_in_header(answer.value) is None
        assert not set(answer.value) & set(' <>,;"')
        assert KIND.address({"email": answer.value}) == answer


@pytest.mark.parametrize(
    "value",
    [
        "Ihr Termin am 3. März",
        "50 % Rabatt? Nein = ja",
        "Wer? =? was",
        "a?=b",
        "Grüße 👩‍⚕️ aus Dresden",
        "{{Vorname}} <b>fett</b>",
        "",
    ],
)
def test_ordinary_text_may_stand_in_a_header(value: str) -> None:
    assert refused_in_header(value) is None


@pytest.mark.parametrize(
    "value",
    [
        *(f"Termin{sign}Bcc: eve@example.org" for sign in "\r\n\t\x00\x0b\x0c\x1b\x1c\x1e\x7f"),
        *(f"Termin{sign}Bcc: eve@example.org" for sign in "\x85\x9f\u2028\u2029\ud800\udfff"),
        "Termin =?utf-8?q?a=0D=0ABcc:_eve@example.org?=",
        "=?UTF-8?B?QQ==?=",
        "Termin =?x?q?a\u00a0b c?= morgen",
        "=??=",
    ],
)
def test_what_could_become_another_header_is_refused(value: str) -> None:
    reason = refused_in_header(value)
    assert reason
    assert "eve" not in reason


@given(st.text(st.sampled_from("aB9-.x"), max_size=12), st.sampled_from(ENDS))
def test_an_ordinary_domain_is_known_as_the_library_knows_it(begin: str, end: str) -> None:
    address = f"a@{begin}{end}"
    try:
        known = validate_email(address, check_deliverability=False, strict=True).ascii_email
    except EmailNotValidError:
        known = None
    answer = KIND.address({"email": address})
    assert (answer.value if isinstance(answer, Address) else None) == known


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("praxis@example.org", ("", "praxis@example.org")),
        (" praxis@example.org ", ("", "praxis@example.org")),
        ("<praxis@example.org>", ("", "praxis@example.org")),
        (
            "Praxis Dr. Sonnenschein <praxis@Example.ORG>",
            ("Praxis Dr. Sonnenschein", "praxis@example.org"),
        ),
        ('"Sonnenschein, Dr." <praxis@example.org>', ("Sonnenschein, Dr.", "praxis@example.org")),
        ("Müller & Söhne<p@bücher.de>", ("Müller & Söhne", "p@xn--bcher-kva.de")),
        (
            '"Praxis via info@example.org" <praxis@example.org>',
            ("Praxis via info@example.org", "praxis@example.org"),
        ),
        (r'"Praxis \"Süd\"" <praxis@example.org>', ('Praxis "Süd"', "praxis@example.org")),
        (r'"Praxis \\ <Süd>" <praxis@example.org>', (r"Praxis \ <Süd>", "praxis@example.org")),
        ('"" <praxis@example.org>', ("", "praxis@example.org")),
        ("A, Dr. B; C <praxis@example.org>", ("A, Dr. B; C", "praxis@example.org")),
        ('"Praxis  🩺 " <praxis@example.org>', ("Praxis 🩺", "praxis@example.org")),
    ],
)
def test_a_sender_is_split_into_name_and_address(text: str, parsed: tuple[str, str]) -> None:
    assert parse_sender(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Praxis",
        "Praxis praxis@example.org",
        "Praxis <praxis>",
        "Praxis <praxis@example.org> extra",
        "Praxis <praxis@example.org",
        "Praxis <praxis@example.org><eve@example.org>",
        "eve@example.org <praxis@example.org>",
        "praxis@example.org, eve@example.org",
        "A, eve@example.org, B <praxis@example.org>",
        'Praxis "Süd" <praxis@example.org>',
        "Praxis via info@example.org <praxis@example.org>",
        '"Praxis <praxis@example.org>',
        r'"Praxis\" <praxis@example.org>',
        r'"Praxis =\?utf-8?q?a?=" <praxis@example.org>',
        '"Praxis" Süd <praxis@example.org>',
        '"A" <a@example.org>, "B" <praxis@example.org>',
        "Praxis\r\nBcc: eve@example.org <praxis@example.org>",
        "=?utf-8?q?Praxis?= <praxis@example.org>",
        "Praxis < praxis@example.org >",
        "präxis@example.org",
    ],
)
def test_anything_else_is_no_sender(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a sender "):
        parse_sender(text)


@given(st.text())
def test_a_sender_is_parsed_or_refused(text: str) -> None:
    try:
        name, address = parse_sender(text)
    except ValueError:
        return
    assert refused_in_header(name) is None
    assert address.isascii()


def test_the_message_id_ends_in_the_domain_of_the_sender() -> None:
    assert message_id("0123456789AB", "Praxis <a@Bücher.de>") == "<0123456789AB@xn--bcher-kva.de>"
    assert message_id("0123456789AB", "a@example.org") == "<0123456789AB@example.org>"
    with pytest.raises(ValueError, match="sender"):
        message_id("0123456789AB", "nobody")
