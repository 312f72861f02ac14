"""A macro in the spelling of another program is refused wherever a text may hold one, with the
right spelling and the line; ordinary brackets are not."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from serienpost_demo.sendgrid import FakeSendGrid, Template, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

CONFIG = """\
practice: {id: liste, name: Praxis Liste, street: Weg 1, postal_code: "01067", city: Dresden}
plugins: [serienpost-source-table, serienpost-macros-practice, serienpost-channel-smtp,
          serienpost-channel-letter, serienpost-channel-smscreator, serienpost-channel-sendgrid]
accounts:
  email: {channel: smtp, host: 127.0.0.1, port: 9, security: none, sender: "Praxis Liste <p@a.de>"}
  letter: {channel: letter, folder: briefe}
  sms: {channel: smscreator, user: "secret:KEY", password: "secret:KEY", sender: "03511234567"}
  sendgrid: {channel: sendgrid, api_key: "secret:KEY", base_url: "GRID_URL",
             sender: "Praxis Liste <p@example.org>"}
signatures:
  s:
    name: Dr. Liste
"""
MAILING = """\
source: table
select:
  file: listen/infoabend.csv
  columns: {Anrede: anrede, Vorname: vorname, Nachname: nachname, E-Mail: email, Mobil: mobil,
            Straße: strasse, PLZ: plz, Ort: ort}
  consent_column: Einwilligung
purpose: information
signature: s
"""
HEAD = "Anrede;Vorname;Nachname;E-Mail;Mobil;Straße;PLZ;Ort;Einwilligung\n"
# One a line; none may be overlooked because of another.
SPELLINGS = """\
Hallo {Vorname},
Hallo [Vorname] und
%Vorname%
«Vorname»
»Vorname«
<<Vorname>>
{ Vorname }
{ {Vorname} }
{Vorname}}
{Vorname und
[[Vorname]]
$Vorname
${Vorname}
#Vorname#
*|Vorname|*
{ MERGEFIELD Vorname }
{ MERGEFIELD "Vorname" \\* MERGEFORMAT }
«MERGEFIELD Vorname»
{vorname}
[VORNAME]
{Vornme}
[Vornahme]
%Vor_name%
«Vornamme»
[Vorname]:
{{ "Vorname" }}
<Liste.Vorname>
<Vorname>
\uff5bVorname\uff5d
\uff5b\uff5bVorname\uff5d\uff5d
\u226aVorname\u226b
\u300aVorname\u300b
{Vor\u00adname}
{\u200bVorname\u2060}
{"Vorname"}
["Vorname"]
[Vorname Nachname]
$(Vorname)
%(Vorname)s
@Vorname@
{Firstname}
<<First Name>>
*|FNAME|*
"""
FALSE_ALARMS = """\
[1] {} 50 % und 100 % «Zitat» »Vornamen« [siehe Anlage] {intern} $5 #1 [x] [ ] <b> 3 < 4 > 2
[Praxis](https://example.org) E-Mail <praxis@example.org>; {{ Nachname }}, {{Nachname }}
{{ "{Vorname}" }} {{ "[Vorname]" }} {{ "{" }}Vorname{{ "}" }} {{ "{{" }}Vorname}} {{ "«Ort»" }}
"""


@pytest.fixture
def grid() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as running:
        yield running


@pytest.fixture
def practice(list_practice: Practice, grid: FakeSendGrid) -> Practice:
    list_practice.env["KEY"] = "SG.fake"
    config = CONFIG.replace("GRID_URL", grid.url)
    (list_practice.folder / "serienpost.yaml").write_text(config, "utf-8")
    row = "Frau;Eva;Vogel;eva@example.org;0152 28817386;Weg 1;01067;Dresden;ja\n"
    (list_practice.folder / "listen" / "infoabend.csv").write_text(HEAD + row, "utf-8")
    return list_practice


def mailing(practice: Practice, way: str, *, subject: str = "Gruß", text: str = "") -> None:
    """A mailing with its own text."""
    own = "".join(f"  {line}\n" for line in text.splitlines())
    head = "" if way == "sms" else f"subject: {subject!r}\n"
    written = f"{MAILING}account: {way}\n{head}text: |\n{own}\n  {{{{Praxis}}}}\n"
    (practice.folder / "mailings" / "m.yaml").write_text(written, "utf-8")


def template(practice: Practice, way: str, **files: str) -> None:
    """A mailing with a template of these files."""
    written = f"{MAILING}account: {way}\ntemplate: t\n"
    (practice.folder / "mailings" / "m.yaml").write_text(written, "utf-8")
    home = practice.folder / "templates" / "t"
    home.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (home / name.replace("_", ".")).write_text(text, "utf-8")


def told(problems: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """File, line and right spelling, in order."""
    return sorted((p["file"].rpartition("/")[2], p["line"], p["hint"]) for p in problems)


def wanted(file: str, first: int, count: int) -> list[tuple[str, int, str]]:
    return [(file, first + no, "write {{Vorname}}") for no in range(count)]


COUNT = len(SPELLINGS.splitlines())


@pytest.mark.parametrize("way", ["email", "letter", "sms", "sendgrid"])
def test_in_the_text_of_a_mailing(practice: Practice, way: str) -> None:
    mailing(practice, way, text=SPELLINGS)
    first = MAILING.count("\n") + (3 if way == "sms" else 4)
    assert told(practice.refused("check", "m")) == wanted("m.yaml", first, COUNT)


@pytest.mark.parametrize(("way", "file"), [("email", "email.md"), ("letter", "letter.md")])
def test_in_a_template(practice: Practice, way: str, file: str) -> None:
    text = f"---\nsubject: Gruß\n---\nHallo\n\n{SPELLINGS}"
    template(practice, way, **{file.replace(".", "_"): text})
    assert told(practice.refused("check", "m")) == wanted(file, 6, COUNT)


def test_in_a_template_of_an_sms(practice: Practice) -> None:
    template(practice, "sms", sms_txt=f"{{{{Praxis}}}}\n{SPELLINGS}")
    assert told(practice.refused("check", "m")) == wanted("sms.txt", 2, COUNT)


@pytest.mark.parametrize("way", ["email", "letter"])
def test_in_an_own_page(practice: Practice, way: str) -> None:
    """As it is read: entities stand for signs, and what only changes the look stands nowhere."""
    lines = [f"<p>{escape(line, quote=False)}</p>" for line in SPELLINGS.splitlines()]
    lines += ["<td>&laquo;Vorname&#187;</td>", "<p>[<b>Vorname</b>]</p>", "<p>{<i>Vor</i>name}</p>"]
    page = "<html><body>\n" + "\n".join(lines) + "\n<p>{{Praxis}}</p></body></html>\n"
    page = page.replace("<td>", "<table><tr><td>").replace("</td>", "</td></tr></table>")
    head = "---\nsubject: Gruß\n---\n{{Praxis}}\n"
    template(practice, way, **{f"{way}_md": head, f"{way}_html": page})
    problems = told(practice.refused("check", "m"))
    assert problems == wanted(f"{way}.html", 2, COUNT + 3)


def test_in_a_subject(practice: Practice) -> None:
    for line in SPELLINGS.splitlines():
        if "\\" in line or not line.isprintable():
            continue
        mailing(practice, "email", subject=line)
        (problem,) = practice.refused("check", "m")
        where = MAILING.count("\n") + 2
        assert told([problem]) == [("m.yaml", where, "write {{Vorname}}")], line


def test_an_element_of_a_page_that_is_none(practice: Practice) -> None:
    page = "<p>{{Praxis}}</p>\n<p>Hallo <Vorname></p>\n"
    head = "---\nsubject: Gruß\n---\n{{Praxis}}\n"
    template(practice, "email", email_md=head, email_html=page)
    (problem,) = practice.refused("check", "m")
    assert (problem["line"], problem["hint"]) == (2, "leave it out; a macro is written {{Vorname}}")


@pytest.mark.parametrize(
    "line",
    [
        "{{Vorname}",
        "{{ Vorname }",
        "{{Vorname} }",
        "{{{Vorname}}}",
        "{{Vorname und",
        "{{$Vorname}}",
    ],
)
def test_a_tag_that_cannot_be_read(practice: Practice, line: str) -> None:
    mailing(practice, "email", text=f"Hallo\n\n{line}\n\nund {{{{Nachname}}}}")
    problems = practice.refused("check", "m")
    assert {p["line"] for p in problems} == {MAILING.count("\n") + 6}
    assert any(p["hint"] in ("write {{Vorname}}", TRIPLE) for p in problems), problems


TRIPLE = "triple braces belong in SendGrid's own template"


@pytest.mark.parametrize("name", ["Vornme", "vorname", "VORNAME", "Vor_name"])
@pytest.mark.parametrize("tag", ["{{%s}}", "{{ %s }}", "{%% if %s %%}x{%% endif %%}"])
def test_a_name_that_nearly_is_one(practice: Practice, name: str, tag: str) -> None:
    mailing(practice, "email", text=f"Hallo\n{tag % name}")
    (problem,) = practice.refused("check", "m")
    assert problem["line"] == MAILING.count("\n") + 5
    assert problem["hint"] == "nearest allowed name: Vorname"


@pytest.mark.parametrize("way", ["email", "letter", "sms", "sendgrid"])
def test_what_is_no_placeholder(practice: Practice, way: str) -> None:
    mailing(practice, way, subject='[1] «Zitat» 50 % {} {{ "[Vorname]" }}', text=FALSE_ALARMS)
    assert practice.json("check", "m")["problems"] == []


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("name: Dr. Liste", "name: Dr. {Nachname}", "signatures.s.name"),
        ("name: Dr. Liste", 'name: "{{Vorname}} Liste"', "signatures.s.name"),
        ("name: Dr. Liste", "name: Dr.\n    text: Tel. «Praxis_Telefon»", "signatures.s.text"),
        ("name: Dr. Liste", "name: Dr.\n    closing: Ihre [Praxis]", "signatures.s.closing"),
        ("folder: briefe", 'folder: briefe, footer: "{{Praxis}}"', "accounts.letter.footer"),
        (
            "folder: briefe",
            'folder: briefe, information: ["Tel. 1", "%Praxis%"]',
            "accounts.letter.information",
        ),
        ("name: Praxis Liste", "name: '[Praxis]'", "practice.name"),
    ],
)
def test_around_the_text(practice: Practice, old: str, new: str, key: str) -> None:
    """Macros are not read in the configuration, in no spelling."""
    line = practice.edit("serienpost.yaml", old, new) + new.count("\n")
    mailing(practice, "letter", text="Hallo")
    (problem,) = practice.refused("check", "m")
    assert (problem["line"], problem["key"]) == (line, key)
    assert "would go out as it stands" in problem["message"]


@pytest.mark.parametrize(
    ("part", "written", "name"),
    [
        ("subject", "Hallo {Vorname}", "Vorname"),
        ("subject", "Hallo %Vornahme%", "Vorname"),
        ("html", "<p>Hallo [Vorname]</p>", "Vorname"),
        ("html", "<p>Hallo &laquo;<b>Vorname</b>&raquo;</p>", "Vorname"),
        ("html", "<p>Hallo { {Vorname} }</p>", "Vorname"),
        ("html", "<p>Hallo {{Vorname}</p>", "Vorname"),
        ("html", "<p>Hallo <Vorname></p>", "Vorname"),
        ("text", "Hallo $Vorname", "Vorname"),
        ("text", "Hallo {MERGEFIELD Vorname}", "Vorname"),
    ],
)
def test_in_a_template_of_sendgrid(
    practice: Practice, grid: FakeSendGrid, part: str, written: str, name: str
) -> None:
    parts = {"subject": "Gruß [1]", "html": "<p>{{Praxis}} «Zitat»</p>", "text": "{{{Praxis}}}"}
    good, wrong = Version(**parts), Version(**{**parts, part: written})
    grid.templates[:] = [Template("Gut", [good]), Template("Falsch", [wrong])]
    text = f"{MAILING}account: sendgrid\ntext: '{{{{Praxis}}}}'\nsendgrid_template: "
    (practice.folder / "mailings" / "m.yaml").write_text(f"{text}Gut\n", "utf-8")
    assert practice.json("check", "m")["problems"] == []
    (practice.folder / "mailings" / "m.yaml").write_text(f"{text}Falsch\n", "utf-8")
    (problem,) = practice.refused("check", "m")
    assert problem["hint"] == f"write {{{{{name}}}}}"
    assert problem["line"] == text.count("\n") + 1
    assert f"Falsch: {part}:" in problem["message"]


@pytest.mark.parametrize("written", ["{{vorname}}", "{{{Vornme}}}", "{{ VORNAME }}"])
def test_a_variable_of_sendgrid_that_nearly_is_a_macro(
    practice: Practice, grid: FakeSendGrid, written: str
) -> None:
    grid.templates[:] = [Template("T", [Version("Gruß", f"<p>{written}</p>", "x")])]
    text = f"{MAILING}account: sendgrid\ntext: '{{{{Praxis}}}}'\nsendgrid_template: T\n"
    (practice.folder / "mailings" / "m.yaml").write_text(text, "utf-8")
    (problem,) = practice.refused("check", "m")
    assert problem["hint"] == "nearest macro: Vorname"


@pytest.mark.parametrize(
    ("written", "signs"),
    [
        ("{{Briefanrede}},", ","),
        ("**{{Briefanrede}}** ,", ","),
        ("{{ Briefanrede }}!", "!"),
        ('{{Briefanrede|falls_leer("Guten Tag,")}},', ","),
        ("{{Briefanrede}}\nwir", ""),
        ("{{Briefanrede}} schön, dass", ""),
        ("{{Vorname}},", ""),
    ],
)
def test_a_comma_behind_a_comma(practice: Practice, written: str, signs: str) -> None:
    mailing(practice, "email", text=f"Gruß\n\n{written}")
    notes = [note for note in practice.json("check", "m")["notes"] if "comma" in note]
    at = f"mailings/m.yaml:{MAILING.count(chr(10)) + 6}: "
    assert [re.sub(r".*take out the (.) .*", r"\1", note) for note in notes] == list(signs)
    assert all(note.startswith(at) for note in notes)


def test_a_comma_behind_a_comma_in_a_page(practice: Practice) -> None:
    page = "<p><b>{{Briefanrede}}</b>,</p>\n<p>{{Praxis}}</p>\n"
    head = "---\nsubject: Gruß\n---\n{{Briefanrede}}\n\n{{Praxis}}\n"
    template(practice, "email", email_md=head, email_html=page)
    (note,) = (note for note in practice.json("check", "m")["notes"] if "comma" in note)
    assert note.startswith("templates/t/email.html:1: ")


def test_marks_that_are_text_are_told(practice: Practice) -> None:
    """What CommonMark would read and we do not, once each, with all lines."""
    text = (
        "* Karte\n* Pass\n\n1. Anmelden\n2. Warten\n\n> Zitat\n\n24. Dezember\n31. Dezember\n"
        "Patient*innen und Ärzt*innen, *kursiv*, **gut**, _gut_\n---\n- gut\n- gut\n\n"
        "# gut\n\n| gut | gut |\n|---|---|\n| a | b |\n\n&auml; und 5*3*2, {{Nachname}}*\n\n"
        "7) warten"
    )
    mailing(practice, "email", text=text)
    first = MAILING.count("\n") + 3
    notes = [n for n in practice.json("check", "m")["notes"] if " is text here" in n]
    found = [
        re.match(r"mailings/m.yaml:(\d+): (\S+) is text here(?:, also in line (.*))?;", n)
        for n in notes
    ]
    assert [(int(f[1]) - first, f[2], f[3]) for f in found if f] == [
        (1, "*", str(first + 2)),
        (4, "1.", str(first + 5)),
        (7, ">", None),
        (11, "*so*", None),
        (12, "---", None),
        (22, "&auml;", None),
        (24, "1)", None),
    ]


def test_an_sms_has_no_bold(practice: Practice) -> None:
    template(practice, "sms", sms_txt="{{Praxis}}\n**Termin** [hier](https://example.org)\n- a\n")
    notes = [n for n in practice.json("check", "m")["notes"] if " is text here" in n]
    assert [note.split(";")[0] for note in notes] == [
        "templates/t/sms.txt:2: ** is text here",
        "templates/t/sms.txt:2: [...] is text here",
    ]
