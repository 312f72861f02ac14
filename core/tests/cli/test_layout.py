"""Tables and facts keep within the terminal; the first column stays whole."""

from __future__ import annotations

import unicodedata

import pytest

from serienpost.cli.output import Cell, Column, print_facts, print_table, print_text

LONG_ID = "table:" + "879b1c2d" * 4
REASON = "flags: In den Stammdaten steht „Kontakt erlaubt“ für E-Mail auf nein. " * 2
ROWS: list[tuple[object, ...]] = [
    ("patient:1", 7, "Eva Klein", "eva.klein@example.org", "x", ""),
    (LONG_ID, 8, "Prof. Dr. Dagmar von Preußenberg", "d@example.org", "", REASON),
    ("patient:3", 9, "山田太郎" * 6, "x" * 90 + "@example.org", "x", "日本語" * 50),
    ("patient:" + "4" * 100, 10, "Jo\u0308rg", "", "", Cell(REASON, "red")),
]
COLUMNS = ["row", Column("number", right=True), "name", "address", "marked", "why not"]


def columns_of(line: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in line
    )


@pytest.mark.parametrize("width", [60, 61, 72, 80, 100, 132, 200])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_table(COLUMNS, ROWS)
    out = capsys.readouterr().out
    lines = out.splitlines()
    whole = [str(row[0]) for row in ROWS]
    assert [line for line in lines if columns_of(line) > width] == [
        one for one in whole if len(one) > width
    ]
    for one in whole:
        assert sum(one in line for line in lines) == 1, "an id is whole, on one line"
    squeezed = "".join(out.split())
    for row in ROWS:
        for cell in row[1:]:
            text = cell.text if isinstance(cell, Cell) else cell
            assert "".join(str(text).split()) in squeezed
    assert "…" not in out


def test_without_a_terminal_there_are_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(["row", "why"], [("patient:1", REASON)])
    print_facts([("state", REASON), ("plan", "b" * 64)])
    print_text(REASON)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("b" * 64 in line for line in lines)


def test_the_last_column_is_folded_beside_the_others_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_table([Column("rows", right=True), "why"], [(12, "aaa " * 20), (3, "kurz")])
    first, second, third, fourth = capsys.readouterr().out.splitlines()
    assert first == "rows  why"
    assert second.startswith("  12  aaa aaa")
    assert third.startswith("      aaa")
    assert fourth == "   3  kurz"


def test_a_row_after_those_that_were_measured_may_be_wider(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    rows = [(f"p:{number}", "kurz", 1) for number in range(600)]
    print_table(["row", "name", "n"], [*rows, ("p:600", "lang " * 20, 2)])
    row, *under = capsys.readouterr().out.splitlines()[601:]
    assert row == "p:600        2"
    assert under[0].startswith("    name: lang lang")
    assert max(map(len, under)) <= 60
