from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from serienpost.templates.compiled import CompiledTemplate
from serienpost.templates.folder import load_template, template_names
from serienpost_templates import serienpost_templates

PACK = serienpost_templates()[0]
BERLIN = ZoneInfo("Europe/Berlin")
VALUES = {
    "Briefanrede": "Sehr geehrte Frau Dr. Mühlenbach-Schönefeld,",
    "Termin_Datum": "24. September 2026",
    "Termin_Uhrzeit": "09:30",
    "Praxis": "Praxis Dr. Sonnenschein",
    "Praxis_Telefon": "0351 1234567",
    "Praxis_Web": "https://example.org",
}
FILES = [
    (name, file)
    for name in template_names([PACK.folder])
    for file in ("email.md", "sms.txt", "letter.md")
]
GSM7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def compiled(name: str, file: str) -> CompiledTemplate:
    files = load_template(name, file, [PACK.folder])
    kind = Path(file).stem
    return CompiledTemplate(files, kind, html=kind != "sms", zone=BERLIN)


def test_the_pack_holds_the_documented_templates() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert {name for name, _ in FILES} == {"geburtstag", "information", "terminerinnerung"}
    assert all(f"`{name}`" in readme for name, _ in FILES)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_every_file_renders_with_everything_known(name: str, file: str) -> None:
    template = compiled(name, file)
    rendered = template.render(VALUES)
    assert "{" not in rendered.subject + rendered.text
    assert bool(rendered.subject) == (file != "sms.txt")
    assert load_template(name, file, [PACK.folder]).purposes


@pytest.mark.parametrize(("name", "file"), FILES)
def test_every_file_renders_with_the_least_that_a_practice_must_give(name: str, file: str) -> None:
    optional = {"Praxis_Telefon", "Praxis_Web"}
    template = compiled(name, file)
    assert optional & template.names <= template.may_be_empty
    rendered = template.render({k: v for k, v in VALUES.items() if k not in optional})
    assert "unter ." not in rendered.text
    assert "- \n" not in rendered.text


@pytest.mark.parametrize("name", sorted({name for name, _ in FILES}))
def test_a_short_message_is_one_segment_of_plain_characters(name: str) -> None:
    text = compiled(name, "sms.txt").render(VALUES).text
    assert len(text) <= 160
    assert set(text) <= GSM7
    assert "\n" not in text


@pytest.mark.parametrize("name", sorted({name for name, _ in FILES}))
def test_letters_leave_salutation_and_signature_to_the_layout(name: str) -> None:
    assert not compiled(name, "letter.md").names & {"Briefanrede", "Signatur"}
    assert "Briefanrede" in compiled(name, "email.md").names
