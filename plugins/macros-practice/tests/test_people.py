"""Salutation and address block of one person after the other, in a table written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost_macros_practice.addresses import address_block
from serienpost_macros_practice.salutation import salutation

# geschlecht | anrede | titel | namenszusatz | vorsatzwort | vorname | nachname |
# `minor` or the representative (geschlecht/titel/vorname/nachname) |
# strasse | adresszusatz | postfach | plz | ort | land ; Briefanrede ; address block
PEOPLE = """
w|Frau||||Anna|Müller||Lindenweg 1|||01067|Dresden|;Sehr geehrte Frau Müller,;Frau > Anna Müller > Lindenweg 1 > 01067 Dresden
m|Herr||||Max|Müller||Lindenweg 1|||01067|Dresden|Deutschland;Sehr geehrter Herr Müller,;Herrn > Max Müller > Lindenweg 1 > 01067 Dresden
m|||||Andrea|Rossi||Am Markt 2|||10115|Berlin|D;Sehr geehrter Herr Rossi,;Herrn > Andrea Rossi > Am Markt 2 > 10115 Berlin
|Frau||||Kim|Berger||Ring 3|||10115|Berlin|;Sehr geehrte Frau Berger,;Frau > Kim Berger > Ring 3 > 10115 Berlin
|Herrn||||Kim|Berger||Ring 3|||10115|Berlin|;Sehr geehrter Herr Berger,;Herrn > Kim Berger > Ring 3 > 10115 Berlin
d|||||Kim|Berger||Ring 3|||10115|Berlin|;Guten Tag Kim Berger,;Kim Berger > Ring 3 > 10115 Berlin
x|||||Kim|Berger||Ring 3|||10115|Berlin|;Guten Tag Kim Berger,;Kim Berger > Ring 3 > 10115 Berlin
|||||Anna|Berger||Ring 3|||10115|Berlin|;Guten Tag Anna Berger,;Anna Berger > Ring 3 > 10115 Berlin
d|Frau||||Alex|Berger||Ring 3|||10115|Berlin|;Guten Tag Alex Berger,;Alex Berger > Ring 3 > 10115 Berlin
m|Frau||||Alex|Berger||Ring 3|||10115|Berlin|;Guten Tag Alex Berger,;Alex Berger > Ring 3 > 10115 Berlin
w|Familie||||Alex|Berger||Ring 3|||10115|Berlin|;Sehr geehrte Familie Berger,;Familie > Alex Berger > Ring 3 > 10115 Berlin
|Familie|||||Familie Berger||Ring 3|||10115|Berlin|;Sehr geehrte Familie Berger,;Familie Berger > Ring 3 > 10115 Berlin
|Eheleute||||Eva und Jan|Berger||Ring 3|||10115|Berlin|;Sehr geehrte Eheleute Berger,;Eheleute > Eva und Jan Berger > Ring 3 > 10115 Berlin
|Herr und Frau||||Jan und Eva|Berger||Ring 3|||10115|Berlin|;Sehr geehrte Frau Berger, sehr geehrter Herr Berger,;Herrn und Frau > Jan und Eva Berger > Ring 3 > 10115 Berlin
|Frau und Herr|Dr.|||Eva und Jan|Berger||Ring 3|||10115|Berlin|;Guten Tag Dr. Eva und Jan Berger,;Frau und Herrn > Dr. Eva und Jan Berger > Ring 3 > 10115 Berlin
|Firma|||||Berger GmbH||Ring 3|||10115|Berlin|;Sehr geehrte Damen und Herren,;Firma > Berger GmbH > Ring 3 > 10115 Berlin
|Fa.|||||Firma Berger||Ring 3|||10115|Berlin|;Sehr geehrte Damen und Herren,;Firma Berger > Ring 3 > 10115 Berlin
|Frau Dr. med.||||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Dr. Klos,;Frau > Dr. med. Ute Klos > Ring 3 > 10115 Berlin
männlich||||||Klos, Dr. med.||Ring 3|||10115|Berlin|;Sehr geehrter Herr Dr. Klos,;Herrn > Dr. med. Klos > Ring 3 > 10115 Berlin
m||Freiherr von|||Karl|Stein||Ring 3|||10115|Berlin|;Sehr geehrter Herr Freiherr von Stein,;Herrn > Karl Freiherr von Stein > Ring 3 > 10115 Berlin
m|||||Karl Graf|Stein||Ring 3|||10115|Berlin|;Sehr geehrter Herr Graf Stein,;Herrn > Karl Graf Stein > Ring 3 > 10115 Berlin
||||||Berger||Ring 3|||10115|Berlin|;Sehr geehrte Damen und Herren,;Berger > Ring 3 > 10115 Berlin
w||||||Berger||Ring 3|||10115|Berlin|;Sehr geehrte Frau Berger,;Frau > Berger > Ring 3 > 10115 Berlin
w|||||Anna|||Ring 3|||10115|Berlin|;Guten Tag Anna,;Frau > Anna > Ring 3 > 10115 Berlin
||||||||Ring 3|||10115|Berlin|;Sehr geehrte Damen und Herren,;Ring 3 > 10115 Berlin
w||Dr.|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Dr. Klos,;Frau > Dr. Ute Klos > Ring 3 > 10115 Berlin
m||Dr. med.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Dr. Klos,;Herrn > Dr. med. Uwe Klos > Ring 3 > 10115 Berlin
m||Dr. med. dent.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Dr. Klos,;Herrn > Dr. med. dent. Uwe Klos > Ring 3 > 10115 Berlin
w||Dr. Dr.|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Dr. Klos,;Frau > Dr. Dr. Ute Klos > Ring 3 > 10115 Berlin
m||Dr. h. c.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Dr. Klos,;Herrn > Dr. h. c. Uwe Klos > Ring 3 > 10115 Berlin
m||Prof. Dr. med.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Professor Klos,;Herrn > Prof. Dr. med. Uwe Klos > Ring 3 > 10115 Berlin
w||Prof. Dr. med.|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Professorin Klos,;Frau > Prof. Dr. med. Ute Klos > Ring 3 > 10115 Berlin
d||Prof. Dr.|||Kim|Klos||Ring 3|||10115|Berlin|;Guten Tag Prof. Kim Klos,;Prof. Dr. Kim Klos > Ring 3 > 10115 Berlin
|||Dr.||Kim|Klos||Ring 3|||10115|Berlin|;Guten Tag Kim Klos,;Kim Klos, Dr. > Ring 3 > 10115 Berlin
d||Dr.|||Kim|Klos||Ring 3|||10115|Berlin|;Guten Tag Dr. Kim Klos,;Dr. Kim Klos > Ring 3 > 10115 Berlin
m||Prof.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Professor Klos,;Herrn > Prof. Uwe Klos > Ring 3 > 10115 Berlin
w||Prof.|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Professorin Klos,;Frau > Prof. Ute Klos > Ring 3 > 10115 Berlin
|||||Kim|Klos|||Hinterhaus|77|20095|Hamburg|;Guten Tag Kim Klos,;Kim Klos > Hinterhaus > Postfach 77 > 20095 Hamburg
w|||||Lena|Klein|minor|Gasse 1|Stiege 2||1010|Wien|AT;Sehr geehrte Eltern von Lena,;An die Eltern von > Lena Klein > Stiege 2 > Gasse 1 > 1010 WIEN > ÖSTERREICH
m||PD Dr. med. habil.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Dr. Klos,;Herrn > PD Dr. med. habil. Uwe Klos > Ring 3 > 10115 Berlin
m||Dipl.-Ing.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Klos,;Herrn > Dipl.-Ing. Uwe Klos > Ring 3 > 10115 Berlin
w||Dipl.-Psych.|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Klos,;Frau > Dipl.-Psych. Ute Klos > Ring 3 > 10115 Berlin
w||B.Sc.|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Klos,;Frau > Ute Klos, B.Sc. > Ring 3 > 10115 Berlin
w||M. A.|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Klos,;Frau > Ute Klos, M. A. > Ring 3 > 10115 Berlin
m||Dr., M.Sc.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Dr. Klos,;Herrn > Dr. Uwe Klos, M.Sc. > Ring 3 > 10115 Berlin
w||MBA|||Ute|Klos||Ring 3|||10115|Berlin|;Sehr geehrte Frau Klos,;Frau > Ute Klos, MBA > Ring 3 > 10115 Berlin
m||LL.M.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Klos,;Herrn > Uwe Klos, LL.M. > Ring 3 > 10115 Berlin
m||Univ.-Prof. Dr. Dr. h.c.|||Uwe|Klos||Ring 3|||10115|Berlin|;Sehr geehrter Herr Professor Klos,;Herrn > Univ.-Prof. Dr. Dr. h.c. Uwe Klos > Ring 3 > 10115 Berlin
w||||von|Bettina|Arnim||Ring 3|||10115|Berlin|;Sehr geehrte Frau von Arnim,;Frau > Bettina von Arnim > Ring 3 > 10115 Berlin
w||||Von|Bettina|Arnim||Ring 3|||10115|Berlin|;Sehr geehrte Frau von Arnim,;Frau > Bettina von Arnim > Ring 3 > 10115 Berlin
m||||von und zu|Karl|Stein||Ring 3|||10115|Berlin|;Sehr geehrter Herr von und zu Stein,;Herrn > Karl von und zu Stein > Ring 3 > 10115 Berlin
m||||van der|Jan|Berg||Ring 3|||10115|Berlin|;Sehr geehrter Herr van der Berg,;Herrn > Jan van der Berg > Ring 3 > 10115 Berlin
m||||zur|Jan|Mühlen||Ring 3|||10115|Berlin|;Sehr geehrter Herr zur Mühlen,;Herrn > Jan zur Mühlen > Ring 3 > 10115 Berlin
w||||d'|Marie|Artagnan||Ring 3|||10115|Berlin|;Sehr geehrte Frau d'Artagnan,;Frau > Marie d'Artagnan > Ring 3 > 10115 Berlin
m||||de|Luis|la Cruz||Ring 3|||10115|Berlin|;Sehr geehrter Herr de la Cruz,;Herrn > Luis de la Cruz > Ring 3 > 10115 Berlin
m|||Graf|von|Helmut|Moltke||Ring 3|||10115|Berlin|;Sehr geehrter Herr Graf von Moltke,;Herrn > Helmut Graf von Moltke > Ring 3 > 10115 Berlin
w|||Gräfin|von|Freya|Moltke||Ring 3|||10115|Berlin|;Sehr geehrte Frau Gräfin von Moltke,;Frau > Freya Gräfin von Moltke > Ring 3 > 10115 Berlin
m|||Freiherr von||Karl|Stein||Ring 3|||10115|Berlin|;Sehr geehrter Herr Freiherr von Stein,;Herrn > Karl Freiherr von Stein > Ring 3 > 10115 Berlin
m|||Freiherr von|von|Karl|Stein||Ring 3|||10115|Berlin|;Sehr geehrter Herr Freiherr von Stein,;Herrn > Karl Freiherr von Stein > Ring 3 > 10115 Berlin
w||Dr. med.|Prinzessin|zu|Eva|Wied||Ring 3|||10115|Berlin|;Sehr geehrte Frau Dr. Prinzessin zu Wied,;Frau > Dr. med. Eva Prinzessin zu Wied > Ring 3 > 10115 Berlin
m||Prof. Dr.|Graf|von|Karl|Moltke||Ring 3|||10115|Berlin|;Sehr geehrter Herr Professor Graf von Moltke,;Herrn > Prof. Dr. Karl Graf von Moltke > Ring 3 > 10115 Berlin
d|||Graf|von|Kim|Moltke||Ring 3|||10115|Berlin|;Guten Tag Kim Graf von Moltke,;Kim Graf von Moltke > Ring 3 > 10115 Berlin
w|||Freifrau|von|Eva|Stein||Ring 3|||10115|Berlin|;Sehr geehrte Frau Freifrau von Stein,;Frau > Eva Freifrau von Stein > Ring 3 > 10115 Berlin
m|||Ritter|von|Karl|Leeb||Ring 3|||10115|Berlin|;Sehr geehrter Herr Ritter von Leeb,;Herrn > Karl Ritter von Leeb > Ring 3 > 10115 Berlin
m|||Edler|von|Karl|Braun||Ring 3|||10115|Berlin|;Sehr geehrter Herr Edler von Braun,;Herrn > Karl Edler von Braun > Ring 3 > 10115 Berlin
m|||jun.||Max|Müller||Ring 3|||10115|Berlin|;Sehr geehrter Herr Müller,;Herrn > Max Müller jun. > Ring 3 > 10115 Berlin
m|||sen.||Max|Müller||Ring 3|||10115|Berlin|;Sehr geehrter Herr Müller,;Herrn > Max Müller sen. > Ring 3 > 10115 Berlin
m|||MdB||Max|Müller||Ring 3|||10115|Berlin|;Sehr geehrter Herr Müller,;Herrn > Max Müller, MdB > Ring 3 > 10115 Berlin
m||M.Sc.|jun.||Max|Müller||Ring 3|||10115|Berlin|;Sehr geehrter Herr Müller,;Herrn > Max Müller jun., M.Sc. > Ring 3 > 10115 Berlin
w|||||Ayşe|Öztürk-Yılmaz||Ring 3|||10115|Berlin|;Sehr geehrte Frau Öztürk-Yılmaz,;Frau > Ayşe Öztürk-Yılmaz > Ring 3 > 10115 Berlin
m|||||Sean|O'Neill||Ring 3|||10115|Berlin|;Sehr geehrter Herr O'Neill,;Herrn > Sean O'Neill > Ring 3 > 10115 Berlin
w|||||Eva Maria|Lüdenscheidt-Sauerland||Ring 3|||10115|Berlin|;Sehr geehrte Frau Lüdenscheidt-Sauerland,;Frau > Eva Maria Lüdenscheidt-Sauerland > Ring 3 > 10115 Berlin
w|||||Eva|Müller||Ring 3|bei Meier||10115|Berlin|;Sehr geehrte Frau Müller,;Frau > Eva Müller > bei Meier > Ring 3 > 10115 Berlin
w|||||Eva|Müller||Ring 3 // W 39|Ortsteil Aue||10115|Berlin|;Sehr geehrte Frau Müller,;Frau > Eva Müller > Ortsteil Aue > Ring 3 // W 39 > 10115 Berlin
w|||||Eva|Müller|||||10115|Berlin|;Sehr geehrte Frau Müller,;Frau > Eva Müller > 10115 Berlin
m|||||Max|Müller||||1234|10115|Berlin|;Sehr geehrter Herr Müller,;Herrn > Max Müller > Postfach 1234 > 10115 Berlin
m|||||Max|Müller||||Postfach 12 34|10115|Berlin|;Sehr geehrter Herr Müller,;Herrn > Max Müller > Postfach 12 34 > 10115 Berlin
m|||||Max|Müller||Ring 3||1234|10115|Berlin|;Sehr geehrter Herr Müller,;Herrn > Max Müller > Ring 3 > 10115 Berlin
w|||||Eva|Huber||Gasse 1|||1010|Wien|Österreich;Sehr geehrte Frau Huber,;Frau > Eva Huber > Gasse 1 > 1010 WIEN > ÖSTERREICH
w|||||Eva|Huber||Gasse 1|||A-1010|Wien|A;Sehr geehrte Frau Huber,;Frau > Eva Huber > Gasse 1 > 1010 WIEN > ÖSTERREICH
m||DDr.|||Franz|Huber||Gasse 1|||8010|Graz|AT;Sehr geehrter Herr Dr. Huber,;Herrn > DDr. Franz Huber > Gasse 1 > 8010 GRAZ > ÖSTERREICH
m|||||Urs|Frei||Weg 1|||CH-8001|Zürich|Schweiz;Sehr geehrter Herr Frei,;Herrn > Urs Frei > Weg 1 > 8001 ZÜRICH > SCHWEIZ
w|||||Léa|Dupont||1 rue Foch|Bâtiment B||75001|Paris|France;Sehr geehrte Frau Dupont,;Frau > Léa Dupont > Bâtiment B > 1 rue Foch > 75001 PARIS > FRANKREICH
m|||||Jan|Kowalski||ul. Polna 1|||00-001|Warszawa|Polen;Sehr geehrter Herr Kowalski,;Herrn > Jan Kowalski > ul. Polna 1 > 00-001 WARSZAWA > POLEN
w|||||Ann|Smith||1 High Street|||SW1A 1AA|London|England;Sehr geehrte Frau Smith,;Frau > Ann Smith > 1 High Street > LONDON SW1A 1AA > GROSSBRITANNIEN
d|||||Robin|Smith||1 Main Street|||10001|New York|USA;Guten Tag Robin Smith,;Robin Smith > 1 Main Street > NEW YORK 10001 > USA
w|||||Lena|Klein|minor|Ring 3|||10115|Berlin|;Sehr geehrte Eltern von Lena,;An die Eltern von > Lena Klein > Ring 3 > 10115 Berlin
m|||Graf|von|Max|Stein|minor|Ring 3|||10115|Berlin|;Sehr geehrte Eltern von Max,;An die Eltern von > Max Graf von Stein > Ring 3 > 10115 Berlin
d|||||Kim|Klein|minor|Ring 3|||10115|Berlin|;Sehr geehrte Eltern von Kim,;An die Eltern von > Kim Klein > Ring 3 > 10115 Berlin
w||||||Klein|minor|Ring 3|||10115|Berlin|;Sehr geehrte Eltern,;An die Eltern von > Klein > Ring 3 > 10115 Berlin
|||||||minor|Ring 3|||10115|Berlin|;Sehr geehrte Eltern,;Ring 3 > 10115 Berlin
w|||||Lena|Klein|w/Dr. med./Eva/Groß|Ring 3|||10115|Berlin|;Sehr geehrte Frau Dr. Groß,;Frau > Dr. med. Eva Groß > Ring 3 > 10115 Berlin
m|||||Ole|Klein|m//Ole/Groß|Ring 3|||10115|Berlin|;Sehr geehrter Herr Groß,;Herrn > Ole Groß > Ring 3 > 10115 Berlin
m|||||Ole|Klein|d//Kim/Groß|Ring 3|||10115|Berlin|;Guten Tag Kim Groß,;Kim Groß > Ring 3 > 10115 Berlin
m|||||Ole|Klein|//Kim/Groß|Ring 3|bei Klein||10115|Berlin|;Guten Tag Kim Groß,;Kim Groß > bei Klein > Ring 3 > 10115 Berlin
w|||||Lena|Klein|w/Prof. Dr./Eva/Groß|Gasse 1|Stiege 2||1010|Wien|Österreich;Sehr geehrte Frau Professorin Groß,;Frau > Prof. Dr. Eva Groß > Stiege 2 > Gasse 1 > 1010 WIEN > ÖSTERREICH
"""  # noqa: E501
COLUMNS = ("geschlecht", "anrede", "titel", "namenszusatz", "vorsatzwort", "vorname", "nachname")
POSTAL = ("strasse", "adresszusatz", "postfach", "plz", "ort", "land")
TABLE = [line.split(";") for line in PEOPLE.strip("\n").split("\n")]


def fields_of(person: str) -> dict[str, str | bool | None]:
    cells = [cell or None for cell in person.split("|")]
    fields: dict[str, str | bool | None] = dict(zip(COLUMNS, cells[:7], strict=True))
    fields |= dict(zip(POSTAL, cells[8:], strict=True))
    minor = cells[7]
    fields["minderjaehrig"] = minor is not None
    if minor and minor != "minor":
        names = ("geschlecht", "titel", "vorname", "nachname")
        fields |= {
            f"vertreter_{name}": value or None
            for name, value in zip(names, minor.split("/"), strict=True)
        }
    return fields


def test_the_table_is_long_enough() -> None:
    assert len({person for person, _, _ in TABLE}) >= 80


@pytest.mark.parametrize(("person", "greeting", "block"), TABLE)
def test_salutation_and_address(person: str, greeting: str, block: str) -> None:
    fields = fields_of(person)
    assert salutation(fields, "de") == greeting
    lines = address_block(fields).split("\n")
    assert lines == block.split(" > ")
    assert len(lines) <= 6
    assert all(line.strip() for line in lines)


WORDS = st.lists(
    st.sampled_from(["Eva", "Ayşe", "Müller-Öz", "O'Neill", "Nguyễn", "Stein", "{x}", "中村"]),
    min_size=1,
    max_size=3,
).map(" ".join)
FORMS = ["", "Frau", "Fr.", "Herr", "Familie", "Eheleute", "Herr und Frau", "Firma", "Oma", "d"]


@given(
    st.sampled_from(FORMS),
    st.sampled_from(["", "w", "männlich", "divers", "7"]),
    st.sampled_from(["", "Dr.", "Prof. Dr. med.", "Dr. Dr."]),
    WORDS,
    st.sampled_from(["", "von", "van der", "Freiherr von", "Gräfin"]),
    WORDS,
)
def test_a_name_arrives_as_it_was_typed(
    form: str, gender: str, title: str, first: str, noble: str, last: str
) -> None:
    fields = {
        "anrede": form,
        "geschlecht": gender,
        "titel": title,
        "vorname": first,
        "namenszusatz" if noble[:1].isupper() else "vorsatzwort": noble,
        "nachname": last,
    }
    name = " ".join(filter(None, (title, first, noble, last)))
    *above, line = address_block(fields).split("\n")
    assert line == name
    assert above in (
        [],
        ["Frau"],
        ["Herrn"],
        ["Familie"],
        ["Eheleute"],
        ["Herrn und Frau"],
        ["Firma"],
    )
    greeting = salutation(fields, "de")
    assert last in greeting or form == "Firma"
    assert noble in greeting or form == "Firma"
