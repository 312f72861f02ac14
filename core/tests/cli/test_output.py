from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from serienpost.cli.output import LOOK_AHEAD, Cell, Column, clean, print_facts, print_table
from serienpost.translation import Texts, speaking

HOSTILE = "Anna\x1b[31m\x9b2J\u202ered\nNext\tline"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        ("Jörg O'Neill", "Jörg O'Neill"),
        (HOSTILE, "Anna[31m2Jred Next line"),
        ("[red]no markup[/red]", "[red]no markup[/red]"),
        ("\ud800", "\ufffd"),
    ],
)
def test_a_value_becomes_one_harmless_line(value: object, shown: str) -> None:
    assert clean(value) == shown


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (True, "yes", "ja"),
        (2.5, "2.5", "2,5"),
        (2026, "2026", "2026"),
        (date(2026, 11, 30), "30 Nov 2026", "30.11.2026"),
        (datetime(2026, 11, 30, 9, 5, tzinfo=UTC), "30 Nov 2026 09:05", "30.11.2026 09:05"),
    ],
)
def test_values_are_written_as_the_reader_does(value: object, english: str, german: str) -> None:
    assert clean(value) == english
    with speaking("de"):
        assert clean(value) == german


def test_titles_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("de"):
        print_table([Texts("serienpost")("row"), "x"], [("patient:1", None)])
        print_facts([(Texts("serienpost")("row"), "patient:1")])
    assert capsys.readouterr().out.splitlines() == [
        "Zeile      x",
        "patient:1",
        "Zeile  patient:1",
    ]


def test_plain_lines_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        ["row", Column("cost", right=True), "name"], [("patient:1", 2, "A"), ("p:2", 10, "B")]
    )
    assert capsys.readouterr().out.splitlines() == [
        "row        cost  name",
        "patient:1     2  A",
        "p:2          10  B",
    ]


def test_plain_lines_carry_no_style_and_no_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(["a"], [(Cell(HOSTILE, "red"),)], title="[b]x\x1b")
    out = capsys.readouterr().out
    assert out == "[b]x\na\nAnna[31m2Jred Next line\n"


def test_a_row_of_another_width_is_a_bug() -> None:
    with pytest.raises(ValueError, match="zip"):
        print_table(["a", "b"], [("only one",)])


def test_a_long_table_is_written_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    written_before_last = []

    def rows() -> object:
        for number in range(LOOK_AHEAD + 50):
            written_before_last.append(out.tell())
            yield (number,)

    print_table(["n"], rows())  # type: ignore[arg-type]
    assert written_before_last[LOOK_AHEAD - 1] == 0
    assert written_before_last[LOOK_AHEAD] > 0
    assert written_before_last[-1] > 0
    assert out.getvalue().splitlines()[-1] == str(LOOK_AHEAD + 49)


def test_facts_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("run", "R1"), ("state", Cell("paused", "yellow")), ("reason", None)])
    assert capsys.readouterr().out == "run     R1\nstate   paused\nreason\n"


def on_a_terminal(code: str) -> str:
    """Run code whose stdout is a pseudo-terminal; returns what it wrote there."""
    outer, inner = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "60"}
    env.pop("NO_COLOR", None)
    with subprocess.Popen([sys.executable, "-c", code], stdout=inner, env=env) as process:
        os.close(inner)
        written = b""
        while True:
            try:
                chunk = os.read(outer, 4096)
            except OSError:
                break
            if not chunk:
                break
            written += chunk
        os.close(outer)
        assert process.wait(20) == 0
    return written.decode()


def test_a_terminal_gets_colours_and_literal_data() -> None:
    written = on_a_terminal(
        "from serienpost.cli.output import Cell, print_facts, print_table\n"
        "print_table(['name'], [(Cell('[bold]Ann\\x1b[2Ja', 'red'),)], title='[i]All')\n"
        "print_facts([('state', Cell('paused', 'yellow'))])\n"
    )
    assert "[bold]Ann[2Ja" in written
    assert "[i]All" in written
    assert "\x1b[31m" in written
    assert "\x1b[33mpaused" in written
    assert "\x1b[2J" not in written


def test_plain_lines_do_not_pay_for_rich() -> None:
    code = (
        "import sys; from serienpost.cli.output import print_table; print_table(['a'], [('b',)]);"
        " sys.exit('rich' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
