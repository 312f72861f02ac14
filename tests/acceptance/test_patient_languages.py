"""A mailing in the language of each person, by e-mail, SMS and letter: what arrives, what the
review says."""

from __future__ import annotations

import io
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest

from serienpost_demo.sendgrid import FakeSendGrid, Template, Version
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from conftest import Post, Practice

CONFIG = """\
practice: {id: liste, name: Praxis Liste, phone: "0351 1234567"}
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-smtp,
  serienpost-channel-smscreator, serienpost-channel-letter, serienpost-channel-sendgrid]
accounts:
  mail: {channel: smtp, host: 127.0.0.1, port: PORT, security: none, sender: "P <p@example.org>"}
  sms: {channel: smscreator, user: "secret:SMS_USER", password: "secret:SMS_PASSWORD",
        sender: "03511234567", rate: [1000/second], spread: false, timeout: 2, base_url: "URL"}
  brief: {channel: letter, folder: briefe, form: B}
signatures:
  u: {name: Uebel, text: Facharzt, languages: {en: {text: Surgeon}}}
"""
GRID = """\
  grid: {{channel: sendgrid, api_key: "secret:GRID_KEY", base_url: "{url}",
         sender: "P <p@example.org>",
         disclaimer: {{accepted_by: P, accepted_on: "2026-11-01"}}}}
signatures:"""
MAILING = """\
source: table
select:
  file: listen/leute.csv
  columns: {Anrede: anrede, Vorname: vorname, Nachname: nachname, Sprache: sprache,
            Tag: termin_beginn,
            E-Mail: email, Mobil: mobil, Straße: strasse, PLZ: plz, Ort: ort}
  consent_column: ok
account: ACCOUNT
purpose: information
once_per: none
template: termin
"""
HEADER = "Anrede;Vorname;Nachname;Sprache;Tag;E-Mail;Mobil;Straße;PLZ;Ort;ok"
PEOPLE = [
    ("Frau", "Ayşe", "Yılmaz", "tr"),
    ("Herr", "John", "Smith", "English"),
    ("Frau", "Eva", "Vogel", "de"),
    ("Herr", "Max", "Ohne", ""),
    ("Frau", "Mary", "Jones", "en-GB"),
    ("Frau", "Ida", "Raten", "englisch, deutsch"),
]
SALUTATIONS = [
    "Sehr geehrte Frau Yılmaz,",
    "Dear Mr Smith,",
    "Sehr geehrte Frau Vogel,",
    "Sehr geehrter Herr Ohne,",
    "Dear Ms Jones,",
    "Sehr geehrte Frau Raten,",
]
GIVEN = [
    ("de", "no_text", "tr"),
    ("en", "recorded", "en"),
    ("de", "recorded", "de"),
    ("de", "not_recorded", None),
    ("en", "recorded", "en"),
    ("de", "not_understood", None),
]
TEXTS = {
    "email.md": "---\nsubject: Ihr Besuch\n---\n{{Briefanrede}}\n\nam {{Termin_Wochentag}},"
    " {{Termin_Datum|datum}}. {{Praxis}} {{Abmelde_Link}}\n",
    "email.en.md": "---\nsubject: Your visit\n---\n{{Briefanrede}}\n\non {{Termin_Wochentag}},"
    " {{Termin_Datum|datum}}. {{Praxis}} {{Abmelde_Link}}\n",
    "sms.txt": "{{Briefanrede}} am {{Termin_Datum|wochentag}}. {{Praxis}}\n",
    "sms.en.txt": "{{Briefanrede}} on {{Termin_Datum|wochentag}}. {{Praxis}}\n",
    "letter.md": "---\nsubject: Ihr Besuch\n---\nam {{Termin_Datum|wochentag}}.\n",
    "letter.en.md": "---\nsubject: Your visit\n---\non {{Termin_Datum|wochentag}}.\n",
}


@pytest.fixture
def gateway() -> Iterator[FakeSmsCreator]:
    with FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim", credits=100)})) as running:
        yield running


@pytest.fixture
def spoken(list_practice: Practice, post: Post, gateway: FakeSmsCreator) -> Practice:
    """A practice with a list of people and a template in German and English."""
    practice = list_practice
    config = CONFIG.replace("PORT", str(post.catcher.port)).replace("URL", gateway.base_url)
    (practice.folder / "serienpost.yaml").write_text(config, "utf-8")
    practice.env |= {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim"}
    folder = practice.folder / "templates/termin"
    folder.mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")
    for account in ("mail", "sms", "brief"):
        text = MAILING.replace("ACCOUNT", account)
        text += "" if account == "sms" else "signature: u\n"
        (practice.folder / f"mailings/{account}.yaml").write_text(text, "utf-8")
    people(practice, PEOPLE)
    return practice


def people(practice: Practice, names: list[tuple[str, str, str, str]]) -> None:
    rows = [
        f"{form};{first};{last};{language};24.12.2026 09:30;p{n}@example.org;"
        f"0171 392000{n};Weg {n};01067;Dresden;ja"
        for n, (form, first, last, language) in enumerate(names)
    ]
    (practice.folder / "listen/leute.csv").write_text("\n".join([HEADER, *rows]), "utf-8")


def given(review: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    keys = ("language", "language_because", "language_recorded")
    return [tuple(one[key] for key in keys) for one in review["recipients"]]  # type: ignore[misc]


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


@pytest.mark.parametrize("account", ["mail", "sms", "brief"])
def test_the_review_says_who_gets_which_language_and_why(spoken: Practice, account: str) -> None:
    spoken.env["SERIENPOST_LANG"] = "en"  # names of languages
    review = spoken.json("prepare", account)
    assert given(review) == GIVEN
    counts = {
        (one["language"], one["because"], one["recorded"]): one["messages"]
        for one in review["languages"]
    }
    assert counts == {
        ("en", "recorded", "en"): 2,
        ("de", "no_text", "tr"): 1,
        ("de", "recorded", "de"): 1,
        ("de", "not_recorded", None): 1,
        ("de", "not_understood", None): 1,
    }
    assert review["one_language"] is None
    shown = " ".join(spoken("review", review["run"]).out.split())
    for told in (
        "German (not Turkish)",
        "Language of the messages: English 2, German 4.",
        "1 of them is in German, because the text is not there in the person's language",
        "1 of them is in German, because the recorded language is not understood.",
        "1 of them is in German, because no language is recorded.",
    ):
        assert told in shown
    spoken.env["SERIENPOST_LANG"] = "de"
    shown = " ".join(spoken("review", review["run"]).out.split())
    assert "Deutsch (nicht Türkisch)" in shown
    assert "Sprache der Nachrichten: Englisch 2, Deutsch 4." in shown


def test_what_nobody_may_guess_stays_out_of_the_ledger(spoken: Practice) -> None:
    spoken.json("prepare", "mail")
    assert "englisch, deutsch" not in repr(spoken.contents())


def test_mails_arrive_in_the_persons_language(spoken: Practice, post: Post) -> None:
    review = spoken.json("prepare", "mail")
    assert spoken.json("send", review["run"], "--yes")["counts"] == {"accepted": len(PEOPLE)}
    arrived = dict(post.mails().values())
    for n, (language, *_) in enumerate(GIVEN):
        mail = arrived[f"p{n}@example.org"]
        text, page = part(mail, "plain"), part(mail, "html")
        is_german = language == "de"
        assert text.split("\n")[0].strip() == SALUTATIONS[n]
        assert mail["Subject"] == ("Ihr Besuch" if is_german else "Your visit")
        day = "am Donnerstag, 24.12.2026" if is_german else "on Thursday, 24 Dec 2026"
        closing = "Mit freundlichen Grüßen" if is_german else "Kind regards"
        line = "Facharzt" if is_german else "Surgeon"
        word = "Abmeldung" if is_german else "Unsubscribe"
        assert day in text
        assert closing in text
        assert line in text
        assert f"subject={word}%20" in text
        assert f"subject={word}%20" in "".join(mail["List-Unsubscribe"].split())
        assert f'<html lang="{"de" if is_german else "en-GB"}">' in page


def test_sms_arrive_in_the_persons_language(spoken: Practice, gateway: FakeSmsCreator) -> None:
    review = spoken.json("prepare", "sms")
    spoken.json("send", review["run"], "--yes")
    texts = {job.number: job.text for job in gateway.gateway.jobs}
    for n, (language, *_) in enumerate(GIVEN):
        day = "am Donnerstag" if language == "de" else "on Thursday"
        assert texts[f"+49171392000{n}"] == f"{SALUTATIONS[n]} {day}. Praxis Liste"


def test_letters_of_one_part_are_in_the_persons_language(spoken: Practice) -> None:
    import pikepdf

    review = spoken.json("prepare", "brief")
    spoken.json("send", review["run"], "--yes")
    printed = (spoken.folder / "briefe" / f"{review['run']}.pdf").read_bytes()
    with pikepdf.open(io.BytesIO(printed)) as opened:
        assert len(opened.pages) == len(PEOPLE)
    pages = _texts(printed)
    for n, (language, *_) in enumerate(GIVEN):
        is_german = language == "de"
        assert SALUTATIONS[n] in pages[n]
        assert ("Telefon 0351" if is_german else "Phone 0351") in pages[n]
        assert ("am Donnerstag." if is_german else "on Thursday.") in pages[n]
        assert ("Mit freundlichen Grüßen" if is_german else "Kind regards") in pages[n]
    record = spoken.json("show", review["run"], "--manifest")
    told = {(one["field"], one["macro"]): one["people"] for one in record["fields"]}
    assert told["sprache", "language"] == 5


def _texts(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    return [page.get_textpage().get_text_bounded() for page in document]


@pytest.fixture
def both(few: Practice) -> Practice:
    """The demo practice with a text in English too, and a run over 40 patients in both."""
    path = few.folder / "templates/neue-sprechzeiten/email.en.md"
    path.write_text("---\nsubject: Open\n---\n{{Briefanrede}} {{Praxis}}\n", "utf-8")
    few.change("UPDATE patient SET sprache = 'tr'")
    few.run = few.json("prepare", "information", "--summary")["run"]
    return few


def test_another_language_recorded_later_changes_nothing_that_was_reviewed(
    both: Practice, post: Post
) -> None:
    both.change("UPDATE patient SET sprache = 'en'")
    both("send", both.run, "--yes")
    arrived = [mail["Subject"] for _, mail in post.mails().values()]
    assert arrived
    assert set(arrived) == {"Praxis Dr. Sonnenschein: neue Sprechzeiten"}
    again = both.json("prepare", "information", "--summary")["languages"]
    assert {(one["language"], one["because"]) for one in again} == {("en", "recorded")}


def test_a_row_that_is_marked_again_is_read_again(both: Practice) -> None:
    both.env["SERIENPOST_LANG"] = "en"  # names of languages
    run = both.run
    rows = [one["row"] for one in both.json("review", run)["recipients"] if one["marked"]]
    row = rows[0]
    both.change("UPDATE patient SET sprache = 'en'")

    def now(document: dict[str, Any]) -> tuple[str, str, str | None]:
        (place,) = [n for n, one in enumerate(document["recipients"]) if one["row"] == row]
        return given(document)[place]

    assert now(both.json("review", run)) == ("de", "no_text", "tr")
    assert now(both.json("review", run, "--exclude", row)) == (None, None, None)
    assert now(both.json("review", run, "--include", row)) == ("en", "recorded", "en")
    assert "language: English" in both("review", run, "--explain", row).out
    both("review", run, "--csv", str(both.folder / "d.csv"))
    lines = (both.folder / "d.csv").read_text("utf-8-sig").splitlines()
    assert lines[0].split(";")[-3:] == ["language", "language_because", "reason"]
    assert [one for one in lines if one.startswith(f"{row};") and ";en;recorded;" in one]


def test_a_preview_is_in_the_persons_language(spoken: Practice) -> None:
    review = spoken.json("prepare", "mail")
    for n, subject in ((0, "Ihr Besuch"), (1, "Your visit")):
        row = review["recipients"][n]["row"]
        shown = spoken.json("preview", review["run"], "--recipient", row)
        (file,) = [one["file"] for one in shown["files"] if one["file"].endswith(".eml")]
        assert f"Subject: {subject}".encode() in (spoken.folder / file).read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{Praxis}}", "{{Praxiss}}", "Praxiss"),
        ("{{Briefanrede}}", "{% for x in y %}", "for"),
        ("{{Briefanrede}}", "[Vorname]", "[Vorname] would go out as it stands"),
        ("{{Praxis}}", "", "nothing in this message says which practice writes"),
        ("subject: Your visit\n", "", "an e-mail needs a subject"),
        ("subject: Your visit\n", "subject: x\nlanguage: fr\n", "says that its language is fr"),
        ("subject: Your visit\n", "subject: x\npurposes: [recall]\n", "not meant for the purpose"),
    ],
)
def test_a_slip_in_another_language_is_told_with_its_file(
    spoken: Practice, old: str, new: str, said: str
) -> None:
    for one in ("email.md", "email.en.md"):
        spoken.edit(f"templates/termin/{one}", "{{Praxis}} {{Abmelde_Link}}", "{{Praxis}}")
    spoken.edit("templates/termin/email.en.md", old, new)
    problems = spoken.refused("check", "mail")
    assert all(said in one["message"] for one in problems), problems
    if "purpose" not in said:
        assert {one["file"] for one in problems} == {"templates/termin/email.en.md"}


def test_an_active_page_is_refused_in_every_language(spoken: Practice) -> None:
    page = '<p>{{Briefanrede}} {{Praxis}}</p>\n<img src="https://example.org/x.png">\n'
    (spoken.folder / "templates/termin/email.en.html").write_text(page, "utf-8")
    (problem,) = spoken.refused("check", "mail")
    assert (problem["file"], problem["line"]) == ("templates/termin/email.en.html", 2)


def test_two_texts_of_one_language_are_refused(spoken: Practice) -> None:
    (spoken.folder / "templates/termin/email.de.md").write_text("x", "utf-8")
    (problem,) = spoken.refused("check", "mail")
    assert problem["file"] == "templates/termin/email.de.md"


def test_a_language_without_salutations_is_not_used_and_that_is_said(spoken: Practice) -> None:
    spoken.env["SERIENPOST_LANG"] = "en"  # names of languages
    turkish = "---\nsubject: Ziyaret\n---\n{{Briefanrede}} {{Praxis}}\n"
    (spoken.folder / "templates/termin/email.tr.md").write_text(turkish, "utf-8")
    (spoken.folder / "templates/termin/email.alt.md").write_text("x", "utf-8")
    (spoken.folder / "templates/termin/email.fr.html").write_text("x", "utf-8")
    checked = spoken.json("check", "mail")
    assert checked["languages"] == ["de", "en"]
    notes = " ".join(checked["notes"])
    assert "templates/termin/email.tr.md is not used: there are no salutations in tr" in notes
    assert "templates/termin/email.alt.md is not read" in notes
    assert "email.fr.html is not read: email.fr.md is not beside it" in notes
    review = spoken.json("prepare", "mail")
    assert given(review) == GIVEN
    assert review["silent_languages"] == ["tr"]
    shown = " ".join(spoken("review", review["run"], "--summary").out.split())
    assert "The text in Turkish is not used: there are no salutations in it." in shown


def test_without_the_field_everybody_gets_the_templates_own(null: Practice) -> None:
    folder = null.folder / "templates/gruss"
    folder.mkdir(parents=True)
    for name in ("email.md", "email.en.md"):
        (folder / name).write_text("---\nsubject: x\n---\n{{Null_Name}} Praxis Null\n", "utf-8")
    text = (null.folder / "mailings/einladung.yaml").read_text("utf-8")
    (null.folder / "mailings/gruss.yaml").write_text(
        f"{text[: text.index('subject:')]}template: gruss\n", "utf-8"
    )
    review = null.json("prepare", "gruss")
    assert (review["one_language"], review["languages"]) == ("no_field", [])
    assert set(given(review)) == {(None, None, None)}
    assert "sprache" in review["one_language_reason"]


def test_a_text_in_one_language_does_not_read_what_people_speak(spoken: Practice) -> None:
    assert "sprache" in spoken.json("check", "mail")["fields"]
    (spoken.folder / "templates/termin/email.en.md").unlink()
    checked = spoken.json("check", "mail")
    assert (checked["languages"], "sprache" in checked["fields"]) == (["de"], False)
    review = spoken.json("prepare", "mail")
    assert (review["languages"], review["one_language"]) == ([], None)
    (header,) = spoken.ledger("SELECT header FROM run WHERE id = ?", review["run"])[0]
    assert "language" in header
    for key in ('"languages"', '"one_language"', '"silent_languages"'):
        assert key not in header


def test_a_providers_template_has_its_own_language_alone(spoken: Practice) -> None:
    version = Version("Besuch", "<p>{{Briefanrede}}</p>", "{{{Briefanrede}}}")
    templates = [Template("Besuch", [version])]
    rights = frozenset({"mail.send", "templates.read", "suppression.read"})
    with FakeSendGrid({"SG.x": rights}, templates=templates) as fake:
        spoken.edit("serienpost.yaml", "signatures:", GRID.format(url=fake.url))
        spoken.env["GRID_KEY"] = "SG.x"
        text = MAILING.replace("ACCOUNT", "grid").replace(
            "template: termin", 'sendgrid_template: Besuch\ntext: "{{Briefanrede}} {{Praxis}}"'
        )
        (spoken.folder / "mailings/grid.yaml").write_text(text, "utf-8")
        review = spoken.json("prepare", "grid")
        assert review["one_language"] == "provider_template"
        shown = " ".join(spoken("review", review["run"], "--summary").out.split())
    assert "The template Besuch at the provider has its own language alone" in shown


FOREIGN = [
    ("Herr", "محمد", "العلي", "ar"),
    ("Frau", "שרה", "כהן", "he"),
    ("Frau", "伟", "王小明", "zh"),
]


def test_signs_of_other_scripts_arrive_as_they_are(
    spoken: Practice, post: Post, gateway: FakeSmsCreator
) -> None:
    people(spoken, FOREIGN)
    texts = {
        "email.md": "---\nlanguage: ar\nsubject: موعد 预约 {{Nachname}}\n---\n"
        "مرحبا {{VollerName}} שלום 您好 {{Praxis}}\n",
        "sms.txt": "مرحبا {{VollerName}} שלום 您好 {{Praxis}}\n",
    }
    for name, text in texts.items():
        (spoken.folder / "templates/termin" / name).write_text(text, "utf-8")
    for name in ("email.en.md", "sms.en.txt"):
        (spoken.folder / "templates/termin" / name).unlink()
    for account in ("mail", "sms"):
        run = spoken.json("prepare", account, "--summary")["run"]
        assert spoken.json("send", run, "--yes")["counts"] == {"accepted": 3}
    arrived = dict(post.mails().values())
    sent = {job.number: job.text for job in gateway.gateway.jobs}
    for n, (_, first, last, _) in enumerate(FOREIGN):
        mail = arrived[f"p{n}@example.org"]
        line = f"مرحبا {first} {last} שלום 您好 Praxis Liste"
        assert str(make_header(decode_header(mail["Subject"]))) == f"موعد 预约 {last}"
        assert line in part(mail, "plain")
        assert line in part(mail, "html")
        assert '<html lang="ar" dir="rtl">' in part(mail, "html")
        assert sent[f"+49171392000{n}"] == line


def test_a_letter_refuses_signs_that_its_fonts_lack(spoken: Practice) -> None:
    people(spoken, [*FOREIGN, ("Frau", "Eva", "Vogel", "de")])
    review = spoken.json("prepare", "brief")
    refused = [one for one in review["recipients"] if not one["marked"]]
    assert [one["name"] for one in refused if "王" in one["name"]]
    assert {one["unmarked"]["code"] for one in refused} == {"value_refused"}
