"""The message's reference, put into its text in the last step."""

from __future__ import annotations

from dataclasses import replace

from serienpost.contracts.content import Content, FilledTemplate
from serienpost.reference import PLACEHOLDER, holds_reference, with_reference

REF = "0123456789AB"
CONTENT = Content(
    "email", "p@x.org", "a@x.org", "Gruß", f"weg: {PLACEHOLDER}", f"<p>{PLACEHOLDER}</p>"
)


def test_the_reference_takes_its_place_without_changing_the_length() -> None:
    made = with_reference(CONTENT, REF)
    assert (made.text, made.html) == (f"weg: {REF}", f"<p>{REF}</p>")
    assert len(PLACEHOLDER) == len(REF)
    assert with_reference(replace(CONTENT, html=None), REF).html is None


def test_a_providers_template_gets_it_in_its_data() -> None:
    template = FilledTemplate("d-1", "v1", {"Abmelde_Link": f"https://x.org/{PLACEHOLDER}"})
    made = with_reference(replace(CONTENT, template=template), REF)
    assert made.template
    assert made.template.data == {"Abmelde_Link": f"https://x.org/{REF}"}


def test_both_parts_must_carry_it() -> None:
    assert holds_reference(CONTENT)
    assert not holds_reference(replace(CONTENT, html="<p></p>"))
    assert not holds_reference(replace(CONTENT, text=""))
    assert holds_reference(replace(CONTENT, html=None))


def test_the_layout_carries_it_and_is_part_of_what_is_hashed() -> None:
    content = replace(CONTENT, layout=(("window", f"Nr. {PLACEHOLDER}"),))
    assert content.digest() != CONTENT.digest()
    assert with_reference(content, REF).layout == (("window", f"Nr. {REF}"),)


def test_headers_carry_it_and_are_part_of_what_is_hashed() -> None:
    with_header = replace(
        CONTENT, headers=(("List-Unsubscribe", f"<https://x.org/{PLACEHOLDER}>"),)
    )
    assert with_header.digest() != CONTENT.digest()
    made = with_reference(with_header, REF)
    assert made.headers == (("List-Unsubscribe", f"<https://x.org/{REF}>"),)
