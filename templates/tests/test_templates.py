from datetime import date, time
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
    "Termin_Datum": date(2026, 9, 24),
    "Termin_Wochentag": "Donnerstag",
    "Termin_Uhrzeit": time(9, 30),
    "Fristdatum": date(2026, 12, 7),
    "Kind_Vorname": "Lena",
    "Signatur": "Mit freundlichen Grüßen\nDr. med. Sonja Sonnenschein",
    "Praxis": "Praxis Dr. Sonnenschein",
    "Praxis_Anschrift": "Praxis Dr. Sonnenschein\nLindenallee 5\n01067 Dresden",
    "Praxis_Telefon": "0351 1234567",
    "Praxis_Web": "https://example.org",
}
OPTIONAL = {"Praxis_Telefon", "Praxis_Web", "Kind_Vorname", "Signatur"}
PURPOSES = {
    "terminerinnerung": "appointment",
    "geburtstag": "birthday",
    "einladung": "event",
    "recall": "recall",
    "information": "information",
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


def test_the_pack_holds_the_documented_templates_in_both_languages() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert {name for name, _ in FILES} == {*PURPOSES, *(f"{name}-en" for name in PURPOSES)}
    assert all(f"`{name}`" in readme for name in PURPOSES)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_every_file_renders_with_everything_known(name: str, file: str) -> None:
    rendered = compiled(name, file).render(VALUES)
    assert "{" not in rendered.subject + rendered.text
    assert bool(rendered.subject) == (file != "sms.txt")
    files = load_template(name, file, [PACK.folder])
    german, suffix, _ = name.partition("-en")
    assert files.purposes == (PURPOSES[german],)
    assert files.language == ("en-GB" if suffix else "de")


@pytest.mark.parametrize(("name", "file"), FILES)
def test_every_file_renders_with_the_least_that_a_practice_must_give(name: str, file: str) -> None:
    template = compiled(name, file)
    assert OPTIONAL & template.names <= template.may_be_empty
    rendered = template.render({k: v for k, v in VALUES.items() if k not in OPTIONAL})
    assert " ." not in rendered.text
    assert "- \n" not in rendered.text
    assert "\n\n\n" not in rendered.text


@pytest.mark.parametrize(("name", "file"), [found for found in FILES if found[1] != "letter.md"])
def test_every_text_without_a_letterhead_names_the_practice(name: str, file: str) -> None:
    assert VALUES["Praxis"] in compiled(name, file).render(VALUES).text


@pytest.mark.parametrize("name", sorted({name for name, _ in FILES}))
def test_a_mail_ends_once_with_the_signature_or_with_the_team(name: str) -> None:
    mail = compiled(name, "email.md")
    signed = mail.render(VALUES).text
    unsigned = mail.render({**VALUES, "Signatur": None}).text
    team = (
        "Kind regards\nYour practice team"
        if "-en" in name
        else "Mit freundlichen Grüßen\nIhr Praxisteam"
    )
    assert (signed.count("Dr. med. Sonja"), signed.count(team)) == (1, 0)
    assert unsigned.count(team) == 1


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
