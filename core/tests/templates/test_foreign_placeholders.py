"""Which spellings of other programs are told, and what is ordinary text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.templates.foreign_placeholders import foreign_placeholders, placeholders_in_page

NAMES = [
    "Briefanrede", "Anrede", "Titel", "Vorname", "Nachname", "PLZ", "Ort", "Land", "Email",
    "Praxis", "Praxis_Telefon", "Strasse", "Termin_Datum", "Termin_Art", "Behandler", "Signatur",
    "Heute", "Jahr", "Mobil",
]  # fmt: skip
SPELLINGS = [
    "{%s}", "{ %s }", "{ {%s} }", "{{%s}", "{%s}}", "{%s} }", "{$%s}", "{=%s}", "{%%%s%%}", "${%s}",
    "[%s]", "[ %s ]", "[[%s]]", "[%%%s%%]", "%%%s%%", "%%%%%s%%%%", "<%s>", "<<%s>>", "<%%= %s %%>",
    "«%s»", "« %s »", "»%s«", "‹%s›", "›%s‹", "((%s))", "#%s#", "##%s##", "@@%s@@", "$%s", "$%s$",
    "*|%s|*", "{%s", "%s}}", "{Liste.%s}", "<Liste.%s>",
    "{ MERGEFIELD %s }", '{ MERGEFIELD "%s" \\* MERGEFORMAT }', "{MERGEFIELD %s \\* Upper}",
    "«MERGEFIELD %s»", "MERGEFIELD %s",
]  # fmt: skip
NEAR = [
    ("Vornme", "Vorname"), ("Vornahme", "Vorname"), ("vorname", "Vorname"), ("VORNAME", "Vorname"),
    ("Vor-name", "Vorname"), ("Vor name", "Vorname"), ("Nachnahme", "Nachname"),
    ("Breifanrede", "Briefanrede"), ("Brief anrede", "Briefanrede"), ("Straße", "Strasse"),
    ("PraxisTelefon", "Praxis_Telefon"), ("Praxis-Telefon", "Praxis_Telefon"),
    ("Terrmin_Datum", "Termin_Datum"), ("E-Mail", "Email"), ("Signtur", "Signatur"),
]  # fmt: skip


def told(text: str) -> list[str | None]:
    return [found.name for found in foreign_placeholders(text, NAMES)]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", NAMES)
def test_each_macro_in_each_spelling(spelling: str, name: str) -> None:
    written = spelling % name
    for text in (written, f"Hallo {written}, wie geht es?\nGut.", f"({written})\n{written}."):
        assert set(told(text)) == {name}, text


@pytest.mark.parametrize("spelling", ["{%s}", "[%s]", "%%%s%%", "<%s>", "«%s»", "<<%s>>", "[[%s]]"])
@pytest.mark.parametrize(("written", "name"), NEAR)
def test_near_misses(spelling: str, written: str, name: str) -> None:
    if spelling in ("%%%s%%", "<%s>") and " " in written:
        return
    assert told(f"Hallo {spelling % written}!") == [name]


@given(st.sampled_from([n for n in NAMES if len(n) > 5]), st.data())
def test_one_slip_of_the_finger(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(name) - 1))
    slip = data.draw(
        st.sampled_from([name[:at] + name[at + 1 :], name[:at] + name[at] + name[at:]])
    )
    assert len(told(f"Hallo {{{slip}}}!")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[1] [2, 3] [x] [ ] [] {} %% «» <> $5 und $6 #1 @praxis 50 % 100% mehr",
        "[Praxis](https://example.org) ![Praxis](praxis.png) [Praxis]: https://a.de [Ort][1]",
        "«Zitat» »Vornamen« «Behandlung» [Vornamens] [Telefone] [Praxisteam] {intern} {siehe oben}",
        "»Anreise« [Abreise] «Anzeige» [Unterschrift] [Aufschrift] «Landesärztekammer» »Heutige«",
        "[Ort, Datum] [Name] (Praxis) „Praxis“ \"Praxis\" 'Praxis' *Praxis* _Praxis_ -Praxis-",
        "5 < 7 > 3 a <b> <br> E-Mail <praxis@example.org> <https://example.org/ort>",
        "20%Praxis, 30%Ort: 50% Ort 20%",
        "US$Ort #Praxis2026 ## Praxis ## Wort#Praxis#",
        "{\ue000Vorname} \ue000Vorname}} {Vorname\ue000",
    ],
)
def test_ordinary_text(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{ MERGEFIELD Kundennummer }", None),
        ("{ ADDRESSBLOCK \\f }", None),
        ("«GreetingLine»", None),
        ("{ mergefield  vorname  \\* upper }", "Vorname"),
        ("{ MERGEFIELD Praxis Telefon }", "Praxis_Telefon"),
        ('{ IF { MERGEFIELD Anrede } = "Frau" "Liebe" "Lieber" }', "Anrede"),
    ],
)
def test_a_field_of_word_is_told_whatever_it_names(text: str, name: str | None) -> None:
    assert told(f"Hallo {text}!") == [name]


@pytest.mark.parametrize(
    "text",
    [
        "[Vorname]: Termin: 8 Uhr", "Hallo![Vorname]", "[Vorname](m/w/d)", "[Vorname] (w)",
        "x[Vorname]x", "**[Vorname]**", "$Vorname, $", "„[Vorname]“", "- {Vorname}",
        "{Vorname}\u00ad", "{**Vorname**}", "[_Vorname_]", "«__Vorname__»",
    ],
)  # fmt: skip
def test_what_stands_around_it_hides_nothing(text: str) -> None:
    assert told(text) == ["Vorname"]


def test_a_page_is_searched_as_it_is_read() -> None:
    page = (
        "<p title='[Ort]'>a\nb {Vornme} &laquo;Praxis&#187;</p><!-- {Ort} -->\n[<b>Vor</b>name]<br>"
        "<Heute> <em>Ort</em> &#10;&#10;&#10;{<i>Titel</i>}<style>[Praxis] {}</style>"
    )
    found = [(page.count("\n", 0, one.at), one.name) for one in placeholders_in_page(page, NAMES)]
    assert found == [(1, "Vorname"), (1, "Praxis"), (2, "Vorname"), (2, "Titel"), (2, "Heute")]


def test_where_it_stands_and_what_is_written() -> None:
    (found,) = foreign_placeholders("a\n  [Vornme] b", NAMES)
    assert (found.at, found.written, found.name) == (4, "[Vornme]", "Vorname")
