"""The Briefanrede against a table written by hand, after the usual rules of German letters."""

from __future__ import annotations

import pytest

from serienpost_macros_practice.salutation import (
    form_of_address,
    salutation,
    unknown_in_addressee,
)

# geschlecht | anrede | titel | namenszusatz | vorsatzwort | vorname | nachname | de | en
ADULTS = """
w|||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
m|||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
W|||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
w|Frau||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
|Frau||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
|Herr||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
m|Herrn||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
m|||||Andrea|Rossi|Sehr geehrter Herr Rossi,|Dear Mr Rossi,
w||||||Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
d|||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
x|||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
|||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
|||||Anna|Müller|Guten Tag Anna Müller,|Dear Anna Müller,
u|||||Max|Müller|Guten Tag Max Müller,|Dear Max Müller,
|Familie||||Max|Müller|Sehr geehrte Familie Müller,|Dear Müller family,
|Fam.|||von|Max|Stein|Sehr geehrte Familie von Stein,|Dear von Stein family,
|Familie|||||Familie Müller|Sehr geehrte Familie Müller,|Dear Müller family,
|Familie|Dr.|||Max|Müller|Guten Tag Dr. Max Müller,|Dear Dr Max Müller,
|Familie||||Max||Guten Tag Max,|Dear Max,
|Familie||||||Sehr geehrte Damen und Herren,|Dear Sir or Madam,
w|Familie||||Eva|Müller|Sehr geehrte Familie Müller,|Dear Müller family,
|Eheleute||||Eva und Max|Müller|Sehr geehrte Eheleute Müller,|Dear Müller family,
|Ehepaar||||Eva und Max|Müller|Sehr geehrtes Ehepaar Müller,|Dear Müller family,
|Herr und Frau||||Max und Eva|Müller|Sehr geehrte Frau Müller, sehr geehrter Herr Müller,|Dear Ms Müller, dear Mr Müller,
|Frau u. Herrn|||von|Eva und Max|Stein|Sehr geehrte Frau von Stein, sehr geehrter Herr von Stein,|Dear Ms von Stein, dear Mr von Stein,
|Hr. & Fr.||||Max und Eva|Müller|Sehr geehrte Frau Müller, sehr geehrter Herr Müller,|Dear Ms Müller, dear Mr Müller,
|Herr und Frau|Dr.|||Max und Eva|Müller|Guten Tag Dr. Max und Eva Müller,|Dear Dr Max und Eva Müller,
|Herr und Frau Prof. Dr.||||Max und Eva|Müller|Guten Tag Prof. Max und Eva Müller,|Dear Professor Max und Eva Müller,
|Firma|||||Müller GmbH & Co. KG|Sehr geehrte Damen und Herren,|Dear Sir or Madam,
w|Fa.||||Eva|Müller|Sehr geehrte Damen und Herren,|Dear Sir or Madam,
|Damen und Herren||||Eva|Müller|Sehr geehrte Damen und Herren,|Dear Sir or Madam,
|Fr.||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
|Hr.||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
|HERR||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
|Sehr geehrte Frau||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
|An Herrn||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
|Fräulein||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
|Mrs.||||Anna|Smith|Sehr geehrte Frau Smith,|Dear Ms Smith,
|Frau Dr.||||Anna|Müller|Sehr geehrte Frau Dr. Müller,|Dear Dr Müller,
|Herrn Prof. Dr. med.||||Max|Müller|Sehr geehrter Herr Professor Müller,|Dear Professor Müller,
|Dr.||||Kim|Müller|Guten Tag Dr. Kim Müller,|Dear Dr Kim Müller,
|Herr Graf||||Max|Moltke|Sehr geehrter Herr Graf Moltke,|Dear Mr Graf Moltke,
|Herr/Frau||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
|Divers||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
|Schwester||||Eva|Müller|Guten Tag Eva Müller,|Dear Eva Müller,
weiblich|||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
männlich|||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
mänNLICH|||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
ma\u0308nnlich|||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
female|||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
divers|Frau||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
unbekannt|Frau||||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
u|Herr||||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
1|||||Max|Müller|Guten Tag Max Müller,|Dear Max Müller,
d|Frau||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
m|Frau||||Kim|Müller|Guten Tag Kim Müller,|Dear Kim Müller,
d||||||Müller|Sehr geehrte Damen und Herren,|Dear Sir or Madam,
|||||||Sehr geehrte Damen und Herren,|Dear Sir or Madam,
w|||||||Sehr geehrte Damen und Herren,|Dear Sir or Madam,
w|||||Anna||Guten Tag Anna,|Dear Anna,
w||Dr.|||Anna|Müller|Sehr geehrte Frau Dr. Müller,|Dear Dr Müller,
m||Dr|||Max|Müller|Sehr geehrter Herr Dr. Müller,|Dear Dr Müller,
m||Dr. med.|||Max|Müller|Sehr geehrter Herr Dr. Müller,|Dear Dr Müller,
w||Dr. med. dent.|||Anna|Müller|Sehr geehrte Frau Dr. Müller,|Dear Dr Müller,
w||Dr. Dr.|||Anna|Müller|Sehr geehrte Frau Dr. Müller,|Dear Dr Müller,
m||Dr. jur. Dr. h. c. mult.|||Max|Müller|Sehr geehrter Herr Dr. Müller,|Dear Dr Müller,
m||DDr.|||Max|Huber|Sehr geehrter Herr Dr. Huber,|Dear Dr Huber,
w||Dr.-Ing.|||Anna|Müller|Sehr geehrte Frau Dr. Müller,|Dear Dr Müller,
w||PD Dr. med. habil.|||Anna|Müller|Sehr geehrte Frau Dr. Müller,|Dear Dr Müller,
m||Prof. Dr.|||Max|Müller|Sehr geehrter Herr Professor Müller,|Dear Professor Müller,
w||Prof. Dr. med.|||Anna|Müller|Sehr geehrte Frau Professorin Müller,|Dear Professor Müller,
m||Univ.-Prof. Dr. Dr. h.c.|||Max|Müller|Sehr geehrter Herr Professor Müller,|Dear Professor Müller,
w||Professorin|||Anna|Müller|Sehr geehrte Frau Professorin Müller,|Dear Professor Müller,
m||Prof|||Max|Müller|Sehr geehrter Herr Professor Müller,|Dear Professor Müller,
d||Dr.|||Kim|Müller|Guten Tag Dr. Kim Müller,|Dear Dr Kim Müller,
d||Prof. Dr.|||Kim|Müller|Guten Tag Prof. Kim Müller,|Dear Professor Kim Müller,
m||Dipl.-Ing.|||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
w||B.Sc.|||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
w||M. A.|||Anna|Müller|Sehr geehrte Frau Müller,|Dear Ms Müller,
m||Dr., M.Sc.|||Max|Müller|Sehr geehrter Herr Dr. Müller,|Dear Dr Müller,
m||Dipl.-Med.|||Max|Drews|Sehr geehrter Herr Drews,|Dear Mr Drews,
w||||von|Bettina|Arnim|Sehr geehrte Frau von Arnim,|Dear Ms von Arnim,
w||||Von|Bettina|Arnim|Sehr geehrte Frau von Arnim,|Dear Ms von Arnim,
m||||von und zu|Max|Stein|Sehr geehrter Herr von und zu Stein,|Dear Mr von und zu Stein,
m||||van der|Jan|Berg|Sehr geehrter Herr van der Berg,|Dear Mr van der Berg,
m||||de|Luis|la Cruz|Sehr geehrter Herr de la Cruz,|Dear Mr de la Cruz,
w||||d'|Marie|Artagnan|Sehr geehrte Frau d'Artagnan,|Dear Ms d'Artagnan,
m|||Graf|von|Max|Moltke|Sehr geehrter Herr Graf von Moltke,|Dear Mr Graf von Moltke,
w|||Gräfin|von|Anna|Moltke|Sehr geehrte Frau Gräfin von Moltke,|Dear Ms Gräfin von Moltke,
m|||Freiherr von||Max|Stein|Sehr geehrter Herr Freiherr von Stein,|Dear Mr Freiherr von Stein,
m|||Freiherr von|von|Max|Stein|Sehr geehrter Herr Freiherr von Stein,|Dear Mr Freiherr von Stein,
m||Freiherr von|||Max|Stein|Sehr geehrter Herr Freiherr von Stein,|Dear Mr Freiherr von Stein,
m||Dr. Graf|||Max|Moltke|Sehr geehrter Herr Dr. Graf Moltke,|Dear Dr Graf Moltke,
m||Graf||von|Max|Moltke|Sehr geehrter Herr Graf von Moltke,|Dear Mr Graf von Moltke,
m||||von|Max|von Stein|Sehr geehrter Herr von Stein,|Dear Mr von Stein,
m|||Freiherr von||Max|von Stein|Sehr geehrter Herr Freiherr von Stein,|Dear Mr Freiherr von Stein,
m|||||Max Freiherr von|Stein|Sehr geehrter Herr Freiherr von Stein,|Dear Mr Freiherr von Stein,
m|||||Ludwig van|Beethoven|Sehr geehrter Herr van Beethoven,|Dear Mr van Beethoven,
m|||||Max|Stein, Freiherr von|Sehr geehrter Herr Freiherr von Stein,|Dear Mr Freiherr von Stein,
|Frau|||||Klos, Eva|Sehr geehrte Frau Klos,|Dear Ms Klos,
|Herr|||||Beethoven, Ludwig van|Sehr geehrter Herr van Beethoven,|Dear Mr van Beethoven,
|Frau|||||Klos, Dr. med.|Sehr geehrte Frau Dr. Klos,|Dear Dr Klos,
|Herr|||||Stein, Freiherr von|Sehr geehrter Herr Freiherr von Stein,|Dear Mr Freiherr von Stein,
|Frau|||||Klos, geb. Meier|Sehr geehrte Frau Klos, geb. Meier,|Dear Ms Klos, geb. Meier,
|Firma|||||Klos, Eva|Sehr geehrte Damen und Herren,|Dear Sir or Madam,
w|||||Eva|Arnim, von|Sehr geehrte Frau von Arnim,|Dear Ms von Arnim,
w|||||Eva|Klos, Dr. med.|Sehr geehrte Frau Dr. Klos,|Dear Dr Klos,
m||||Van|Jan|Damme|Sehr geehrter Herr Van Damme,|Dear Mr Van Damme,
m||||De|Luca|Rossi|Sehr geehrter Herr De Rossi,|Dear Mr De Rossi,
w|||||Thi An|Nguyen|Sehr geehrte Frau Nguyen,|Dear Ms Nguyen,
m||||VAN DER|Jan|Berg|Sehr geehrter Herr van der Berg,|Dear Mr van der Berg,
w|||Frhr. v.||Eva|Stein|Sehr geehrte Frau Frhr. v. Stein,|Dear Ms Frhr. v. Stein,
w||Dr. med.|Prinzessin|zu|Eva|Wied|Sehr geehrte Frau Dr. Prinzessin zu Wied,|Dear Dr Prinzessin zu Wied,
m||Prof. Dr.|Graf|von|Max|Moltke|Sehr geehrter Herr Professor Graf von Moltke,|Dear Professor Graf von Moltke,
d|||Graf|von|Kim|Moltke|Guten Tag Kim Graf von Moltke,|Dear Kim Graf von Moltke,
m|||jun.||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
m|||MdB||Max|Müller|Sehr geehrter Herr Müller,|Dear Mr Müller,
w|||||Ayşe|Öztürk-Yılmaz|Sehr geehrte Frau Öztürk-Yılmaz,|Dear Ms Öztürk-Yılmaz,
m|||||Sean|O'Neill|Sehr geehrter Herr O'Neill,|Dear Mr O'Neill,
w|||||Eva|  Müller   Lüdenscheidt |Sehr geehrte Frau Müller Lüdenscheidt,|Dear Ms Müller Lüdenscheidt,
m|||||Max|{{7*7}}|Sehr geehrter Herr {{7*7}},|Dear Mr {{7*7}},
m|||||Max|{0}|Sehr geehrter Herr {0},|Dear Mr {0},
"""  # noqa: E501
COLUMNS = ("geschlecht", "anrede", "titel", "namenszusatz", "vorsatzwort", "vorname", "nachname")
PEOPLE = [line.split("|") for line in ADULTS.strip("\n").split("\n")]


def person(values: list[str], prefix: str = "") -> dict[str, str | bool | None]:
    return {f"{prefix}{name}": value or None for name, value in zip(COLUMNS, values, strict=True)}


@pytest.mark.parametrize("columns", PEOPLE, ids=lambda columns: "|".join(columns[:7]))
def test_adults_in_both_languages(columns: list[str]) -> None:
    *values, german, english = columns
    assert salutation(person(values), "de") == german
    assert salutation(person(values), "en") == english


@pytest.mark.parametrize("columns", PEOPLE, ids=lambda columns: "|".join(columns[:7]))
def test_a_representative_is_greeted_like_anybody(columns: list[str]) -> None:
    *values, german, _ = columns
    child = person(["w", "", "", "", "", "Lena", "Kind"])
    fields = {**child, **person(values, "vertreter_"), "minderjaehrig": True}
    if values[-1]:
        assert salutation(fields, "de") == german
    else:
        assert salutation(fields, "de") == "Sehr geehrte Eltern von Lena,"


@pytest.mark.parametrize(
    ("first", "language", "expected"),
    [
        ("Lena", "de", "Sehr geehrte Eltern von Lena,"),
        ("Lena", "en", "Dear parents of Lena,"),
        ("", "de", "Sehr geehrte Eltern,"),
        ("", "en", "Dear parents,"),
    ],
)
def test_minors_without_representative(first: str, language: str, expected: str) -> None:
    fields = {**person(["w", "", "", "", "", first, "Müller"]), "minderjaehrig": True}
    assert salutation(fields, language) == expected


def test_a_representative_of_an_adult_is_not_greeted() -> None:
    fields = {
        **person(["w", "", "", "", "", "Anna", "Müller"]),
        **person(["m", "", "", "", "", "Max", "Meier"], "vertreter_"),
        "minderjaehrig": False,
    }
    assert salutation(fields, "de") == "Sehr geehrte Frau Müller,"


@pytest.mark.parametrize("language", ["de", "de-AT", "de_DE", "DE", "fr", ""])
def test_german_unless_english(language: str) -> None:
    fields = person(["w", "", "", "", "", "Anna", "Müller"])
    assert salutation(fields, language) == "Sehr geehrte Frau Müller,"
    assert salutation(fields, "en-GB") == "Dear Ms Müller,"


@pytest.mark.parametrize(
    ("gender", "address", "german", "english"),
    [
        ("w", None, "Frau", "Ms"),
        ("m", "Herr", "Herr", "Mr"),
        ("d", None, "", ""),
        ("d", "Herr", "", ""),
        (None, "Frau", "Frau", "Ms"),
        (None, None, "", ""),
    ],
)
def test_form_of_address(
    gender: str | None, address: str | None, german: str, english: str
) -> None:
    fields = {"geschlecht": gender, "anrede": address}
    assert form_of_address(fields, "de") == german
    assert form_of_address(fields, "en") == english


@pytest.mark.parametrize(
    ("address", "gender", "unknown"),
    [
        ("Frau", "w", []),
        ("", "", []),
        ("Herr/Frau", "divers", []),
        ("Fr. Dr.", "keine Angabe", []),
        ("Schwester", "w", ["anrede"]),
        ("Frau Müller", "weiblich", ["anrede"]),
        ("Herr", "1", ["geschlecht"]),
        ("Msr", "männl", ["anrede"]),
        ("Hallo", "y", ["anrede", "geschlecht"]),
    ],
)
def test_what_is_not_understood_is_named(address: str, gender: str, unknown: list[str]) -> None:
    fields = {"anrede": address, "geschlecht": gender, "nachname": "Müller"}
    assert unknown_in_addressee(fields) == unknown
    child = {f"vertreter_{name}": value for name, value in fields.items()}
    of_child = [f"vertreter_{name}" for name in unknown]
    assert unknown_in_addressee({**child, "minderjaehrig": True}) == of_child
