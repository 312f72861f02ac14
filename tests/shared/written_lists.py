"""People of a list, with names that are hard to write, and whether a file of them is read right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import SourceError

if TYPE_CHECKING:
    from serienpost_source_table.files import TableFile

HEADER = ["Nr", "Vorname", "Name, Titel", "Straße", "PLZ", "Ort", "E-Mail", "Notiz"]
GERMAN = [
    ["1", "Käthe", "Müller-Lüdenscheidt", "Größenweg 1", "01067", "Köln", "k@example.org", ""],
    ["2", "Jörg", 'Dr. "Jo" Weiß', "Ährenstraße 2 a", "01069", "Görlitz", "j@example.org", "ja"],
    ["3", "Änne", "Freifrau von Öttingen", "Platz d. 17. Juni", "99999", "Bad Düben", "ä@x.org",
     "kommt; bringt Kuchen, Saft"],
    ["4", "Ümit", "Özgür", "Übelstr. 5|6", "00001", "Ötigheim", "u@example.org", "a\tb"],
    ["5", "Uwe", "Groß", "Weg 3", "01067", "Weißwasser", "g@example.org", "Zeile 1\nZeile zwei"],
    ["6", "Ida", "Süß, Dr.", "Am Bühl 7", "01067", "Mühlhausen", "s@example.org", "'Gruß'"],
    ["7", "Bo", "Ö", "Ä-Straße 9", "10115", "Ü", "o@example.org", '"in Anführung"'],
]  # fmt: skip
EUROPEAN = [
    ["8", "Zoë", "Łukasz-Dvořák", "Rue Hélène 1", "75001", "Besançon", "z@example.org", "–"],
    ["9", "Søren", "Ångström", "Calle Muñoz", "28001", "Málaga", "s@example.org", "€ 5"],
]


def judged(file: TableFile, people: list[list[str]]) -> str:
    """`read` or `refused`; fails where anything is read that does not stand there."""
    try:
        if not set(HEADER) <= set(file.header()):
            return "refused"
        lines = list(file.lines())
    except SourceError as error:
        lines, (problem,) = [], error.problems
    else:
        problem = None
    if problem:
        assert (problem.file, bool(problem.hint)) == (file.name, True), str(problem)
        return "refused"
    whole = [line for line in lines if not any(cell.fault for cell in line.values.values())]
    by_number = {person[0]: person for person in people}
    for line in whole:
        texts = [line.values[name].text for name in HEADER]
        assert texts == by_number.pop(texts[0], None)
    # Who is not read stands in a row that is shown and cannot be taken.
    assert len(by_number) <= len(lines) - len(whole)
    return "read" if not by_number else "in part"
