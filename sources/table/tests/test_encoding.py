"""Encodings: nobody's name is read wrong, whatever program wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost import SourceError
from serienpost_source_table.encoding import EncodingError, encoding_of
from serienpost_source_table.files import TableFile
from serienpost_source_table.table import Reading

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ["cp1252", "mac_roman", "cp850", "cp437", "cp1250", "cp1254", "iso8859-15"]
GERMAN = [
    "Müller",
    "Jäger",
    "Groß",
    "Größe",
    "Schröder",
    "Ärzte",
    "Öhler",
    "Übel",
    "KÖLN",
    "MÜLLER",
    "Weiß",
    "Straße",
    "Änne",
    "Bär",
    "Köhler",
    "Süß",
    "Heß",
    "Häßler",
    "Böhm",
    "Grün",
    "Größenweg",
    "Dürr",
    "Möser",
    "Nöthen",
    "Ößner",
    "Ährenstraße",
]
FOREIGN = [
    "Łukasz",
    "Yılmaz",
    "Şahin",
    "Ağa",
    "Žižek",
    "50 €",
    "Ö",
    "Paweł",
    "Wąsik",
    "Żaneta",
    "żaneta",
    "Iliaş",
    "Michał",
    "Zoë",
    "Émile",
    "émile",
    "ähnlich",
    "äußerst",
    "Ñandu",
    "Márta",
    "Kráľ",
    "Ľubica",
    "André",
    "Noël",
    "Çelik",
    "Gökçe",
    "Aïcha",
    "Søren",
    "Åse",
    "Jiří",
    "Říha",
    "Kovács",
    "Erdős",
    "Łódź",
    "naïve",
    "Façade",
    "Ångström",
    "João",
    "Mãe",
    "Niño",
    "PEÑA",
    "FRANÇOIS",
    "ÉCOLE",
    "İnce",
    "Æsop",
    "Œuvre",
    "cœur",
    "Thaïs",
    "Maître",
    "Rhône",
    "Besançon",
    "Señor",
    "Muñoz",
    "São",
    "Antônio",
    "Đorđe",
    "Žižek",
    "Šarić",
    "Čapek",
    "Ćosić",
    "Müllerová",
    "Nový",
    "Dvořák",
    "Ondřej",
    "Němec",
    "Ťok",
    "Ďurica",
    "D’Angelo",
    "O’Neill",
    "Sant’Anna",
    "Hélène",
    "Michèle",
    "Jérôme",
    "Zoé",
]


def text_of(path: Path) -> str | None:
    """What is read of the one row; None where it is asked."""
    file = TableFile(path, path.name)
    try:
        (line,) = file.lines()
    except SourceError as error:
        (problem,) = error.problems
    else:
        problem = None
    if problem:
        assert "encoding: NAME" in str(problem.hint)
        return None
    cell = line.values["Name"]
    return None if cell.fault else cell.text


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(b"Nr;Name\n1;" + data + b"\n")
    return path


@pytest.mark.parametrize("encoding", TABLES)
def test_no_name_is_read_wrong(tmp_path: Path, encoding: str) -> None:
    """Each alone, so that nothing but its own signs tells the encoding."""
    for name in [*GERMAN, *FOREIGN]:
        try:
            data = name.encode(encoding)
        except UnicodeEncodeError:
            continue
        assert text_of(written(tmp_path / "liste.csv", data)) in {name, None}, name


def test_german_names_in_windows_1252_are_read(tmp_path: Path) -> None:
    for name in GERMAN:
        assert text_of(written(tmp_path / "liste.csv", name.encode("cp1252"))) == name
    for name in (
        "½jährlich",
        "3 €/Tag",
        "50 €",
        "„Yoga“ – neu für Ältere",
        "Weg 5 – Hof",
        "Straße 5²",
        "20 °C für Müller",
    ):
        assert text_of(written(tmp_path / "liste.csv", name.encode("cp1252"))) == name


@pytest.mark.parametrize("name", ["Škoda", "Šimek"])
def test_what_is_no_word_in_any_table_is_not_taken_among_german_names(
    tmp_path: Path, name: str
) -> None:
    data = f"Nr;Name\n1;{name}\n2;Müller\n3;Weiß\n".encode("iso8859-2")
    path = tmp_path / "liste.csv"
    path.write_bytes(data)
    file = TableFile(path, path.name)
    cells = [line.values["Name"] for line in file.lines()]
    assert [bool(cell.fault) for cell in cells] == [True, False, False]


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp437"])
def test_other_tables_are_asked_for_with_what_they_would_make_of_it(
    tmp_path: Path, encoding: str
) -> None:
    path = written(tmp_path / "liste.csv", "Käthe Müller, Größenweg 1, Köln".encode(encoding))
    with pytest.raises(SourceError) as caught:
        TableFile(path, "liste.csv").header()
    (problem,) = caught.value.problems
    assert problem.line == 2
    shown = encoding.replace("cp437", "cp850").replace("_", "-")
    assert f"{shown}: Kät Mül röß Köl" in str(problem.hint)
    assert "Müller" not in str(caught.value)
    (line,) = TableFile(path, "liste.csv", reading=Reading(encoding=encoding)).lines()
    assert line.values["Name"].text == "Käthe Müller, Größenweg 1, Köln"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("name", ["Müller", "Абрамов", "Nguyễn", "Yılmaz", "Łódź", "Groß 👍"])
def test_unicode_with_a_mark_or_as_utf_8(tmp_path: Path, encoding: str, name: str) -> None:
    mark = "\ufeff" if encoding.startswith("utf-16-") else ""
    path = tmp_path / "liste.csv"
    path.write_bytes(f"{mark}Nr;Name\r\n1;{name}\r\n".encode(encoding))
    assert text_of(path) == name


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_asked_for(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "liste.csv"
    path.write_bytes("Nr;Name\n1;Müller\n".encode(encoding))
    with pytest.raises(SourceError, match=encoding):
        TableFile(path, "liste.csv").header()
    (line,) = TableFile(path, "liste.csv", reading=Reading(encoding=encoding)).lines()
    assert line.values["Name"].text == "Müller"


def test_utf_8_that_was_written_twice(tmp_path: Path) -> None:
    twice = "Käthe Müller, Weiß".encode().decode("cp1252").encode()
    path = written(tmp_path / "liste.csv", twice)
    with pytest.raises(SourceError, match="utf-8-twice: Kät Mül iß"):
        TableFile(path, "liste.csv").header()
    (line,) = TableFile(path, "liste.csv", reading=Reading(encoding="utf-8-twice")).lines()
    assert line.values["Name"].text == "Käthe Müller, Weiß"


@pytest.mark.parametrize(
    "bad",
    [
        "Müller".encode().decode("cp1252"),
        "Größe".encode().decode("mac_roman"),
        "Köln".encode().decode("cp850"),
        "M\ufffdller",
    ],
)
def test_one_name_that_was_destroyed_before(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "liste.csv"
    path.write_text(f"Nr;Name\n1;Jäger\n2;{bad}\n3;Groß\n4;Köhler\n", "utf-8")
    cells = [line.values["Name"] for line in TableFile(path, "liste.csv").lines()]
    assert [cell.fault is None for cell in cells] == [True, False, True, True]


@pytest.mark.parametrize(
    ("most", "one"), [("utf-8", "cp1252"), ("cp1252", "utf-8"), ("utf-8", "mac_roman")]
)
def test_one_line_in_another_encoding_is_named(tmp_path: Path, most: str, one: str) -> None:
    lines = [f"{number};Müller".encode(most) for number in range(2, 20)]
    lines[5] = "7;Jäger".encode(one)
    path = tmp_path / "liste.csv"
    path.write_bytes(b"Nr;Name\n" + b"\n".join(lines) + b"\n")
    with pytest.raises(SourceError, match=r"liste\.csv:7: the line is"):
        TableFile(path, "liste.csv").header()


@pytest.mark.parametrize("one", ["mac_roman", "cp850"])
@pytest.mark.parametrize("name", ["Müller", "Köln", "Weiß", "Käthe"])
def test_one_line_of_another_table_is_not_taken(tmp_path: Path, one: str, name: str) -> None:
    lines = [f"{number};Jäger Böhm Grün".encode("cp1252") for number in range(2, 20)]
    lines[5] = f"7;{name}".encode(one)
    path = tmp_path / "liste.csv"
    path.write_bytes(b"Nr;Name\n" + b"\n".join(lines) + b"\n")
    file = TableFile(path, "liste.csv")
    try:
        cells = {line.number: line.values["Name"] for line in file.lines()}
    except SourceError as error:
        refused_at = error.problems[0].line
    else:
        refused_at = None
    if refused_at:
        assert refused_at == 7
        return
    assert cells.pop(7).fault
    assert {cell.text for cell in cells.values()} == {"Jäger Böhm Grün"}


def test_what_is_said_decides_or_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.write_bytes("Nr;Name\n1;Abel\n2;Müller\n".encode("cp1252"))
    said = TableFile(path, "liste.csv", reading=Reading(encoding="utf-8"))
    with pytest.raises(SourceError, match=r"liste\.csv:3: the line is not written in utf-8"):
        said.header()
    with pytest.raises(SourceError, match="there is no encoding 'wondows'"):
        TableFile(path, "liste.csv", reading=Reading(encoding="wondows")).header()
    path.write_bytes("Nr;Name\n".encode("utf-16"))
    with pytest.raises(SourceError, match="mark of UTF-16, which encoding: denies"):
        TableFile(path, "liste.csv", reading=Reading(encoding="cp1252")).header()


@given(
    name=st.text(alphabet=st.characters(codec="cp1252", categories=["L", "Zs", "Pd"]), min_size=1)
    .map(str.strip)
    .filter(bool),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_name_in_unicode_is_the_same_or_asked(
    tmp_path_factory: pytest.TempPathFactory, name: str, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("namen") / "liste.csv"
    path.write_bytes(f"Nr;Name;Ende\n1;{name};x\n".encode(encoding))
    assert text_of(path) in {name, None}


def test_data_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.write_bytes(bytes(range(1, 256)) * 10)
    with pytest.raises(EncodingError):
        encoding_of(path)
