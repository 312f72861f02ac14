"""A name in any of the fields in which people type it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.names import NameParts, name_parts

FIELDS = ("titel", "vorname", "vorsatzwort", "namenszusatz", "nachname")

# titel | vorname | vorsatzwort | namenszusatz | nachname -> title | first | surname | addition
NAMES = """
|Eva|||Klein>|Eva|Klein|
Dr. med.|Eva|von||Stein>Dr. med.|Eva|von Stein|
|Eva||Freifrau von|Stein>|Eva|Freifrau von Stein|
|Eva|von|Freifrau|Stein>|Eva|Freifrau von Stein|
|Eva|von|Freifrau von|Stein>|Eva|Freifrau von Stein|
Dr. Graf|Karl|||Moltke>Dr.|Karl|Graf Moltke|
Freiherr von|Karl|||Stein>|Karl|Freiherr von Stein|
|Karl Graf|von||Moltke>|Karl|Graf von Moltke|
|Ludwig van|||Beethoven>|Ludwig|van Beethoven|
|Karl|||Stein, Freiherr von und zu>|Karl|Freiherr von und zu Stein|
|Eva|||Klos, Dr. med.>Dr. med.|Eva|Klos|
Dr.|Eva|||Klos, Dr. med.>Dr.|Eva|Klos, Dr. med.|
|Eva|||Klos, geb. Meier>|Eva|Klos, geb. Meier|
||||Klos, Phil>||Klos, Phil|
|Eva|von||von Stein>|Eva|von Stein|
|Eva||Gräfin von|von Stein>|Eva|Gräfin von Stein|
|Max||jun.|Klein>|Max|Klein|jun.
|Max||MdB|Klein>|Max|Klein|MdB
|Jan|VAN DER||Berg>|Jan|van der Berg|
|Jan|Van Den||Berghe>|Jan|Van Den Berghe|
|Jan|Von Der||Tann>|Jan|von Der Tann|
|Marie|d'||Artagnan>|Marie|d'Artagnan|
|Thi An|||Nguyen>|Thi An|Nguyen|
|Graf|||Klein>|Graf|Klein|
|El|||Klein>|El|Klein|
Mag. a|Eva|||Klein>Mag. a|Eva|Klein|
Prof. Dr. Dr. h. c.|Eva|||Klein>Prof. Dr. Dr. h. c.|Eva|Klein|
|Prinz|||Homburg>|Prinz|Homburg|
|Karl|||>|Karl||
"""


@pytest.mark.parametrize("line", NAMES.strip("\n").split("\n"))
def test_what_belongs_together_stands_together(line: str) -> None:
    typed, wanted = line.split(">")
    fields = dict(zip(FIELDS, typed.split("|"), strict=True))
    assert name_parts(fields) == NameParts(*wanted.split("|"))
    of_child = {f"vertreter_{name}": value for name, value in fields.items()}
    assert name_parts(of_child, "vertreter_") == NameParts(*wanted.split("|"))


WORDS = st.lists(
    st.sampled_from(
        ["Eva", "Graf", "von", "Von", "VAN", "zu", "und", "d'", "An", "Dr.", "med.", "Stein", "Öz,",
         "Freifrau", "jun.", "O'Neill", "Müller-Klein", ",", "{x}", "中", "\u0308"]
    ),
    max_size=4,
).map(" ".join)  # fmt: skip


@given(st.fixed_dictionaries({name: st.one_of(WORDS, st.text(max_size=20)) for name in FIELDS}))
def test_no_word_of_a_name_is_lost_or_made_up(fields: dict[str, str]) -> None:
    parts = name_parts(fields)
    typed = " ".join(fields.values()).replace(",", " ").replace("'", "' ").lower().split()
    written = " ".join(parts).replace(",", " ").replace("'", "' ").lower().split()
    if not parts.surname:
        typed = " ".join(fields[n] for n in ("titel", "vorname", "namenszusatz")).lower().split()
        typed = " ".join(typed).replace(",", " ").replace("'", "' ").split()
    assert set(written) == set(typed)
    assert len(written) <= len(typed)
