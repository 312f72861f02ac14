"""Notices of the service as lines on stderr."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import serienpost
from serienpost.cli.notices import tell
from serienpost.service import Notice

PARAMETERS = {
    "balance_unknown": {"account": "mail", "text": "no answer"},
    "given_up": {"mailing": "einladung", "due": "2026-03-02", "text": "no answer"},
    "helper_lost": {"run": "R", "process": 4711, "text": "no room"},
    "incomplete": {"run": "R", "text": "no room"},
    "left_out": {"mailing": "einladung", "people": 3, "on": "2026-03-02", "run": "R"},
    "not_continued": {"run": "R", "text": "no answer"},
    "not_prepared": {"mailing": "einladung", "due": "2026-03-02", "text": "no answer"},
    "ledger_closed": {},
    "not_mailed": {"text": "no answer"},
    "not_woken": {"run": "R", "dispatcher": "bell", "text": "no answer"},
    "orders_unknown": {"run": "R", "text": "no answer"},
    "schedule": {"mailing": "einladung", "text": "goes out by itself from now on"},
    "sent_again": {"mailing": "einladung", "people": 3, "on": "2026-03-02", "run": "R"},
    "signs_stay": {"mailing": "einladung", "changes": '„ -> " (2)'},
    "test_data": {"row": "patient:1"},
}
# How the language writes a day.
SAID = {"on": "2 Mar 2026"}
# Parameters for other faces; the text of an unknown balance names the account itself.
UNTOLD = {("left_out", "run"), ("sent_again", "run"), ("balance_unknown", "account")}


def raised() -> set[str]:
    """The codes of all notices that the service makes."""
    found = set()
    for path in (Path(serienpost.__file__).parent / "service").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Notice":
                assert isinstance(node.args[0], ast.Constant)
                found.add(str(node.args[0].value))
    return found


def test_every_notice_is_known_here_and_documented() -> None:
    assert raised() == set(PARAMETERS)
    assert set(re.findall(r"`(\w+)`", Notice.__doc__ or "")) == set(PARAMETERS)


@pytest.mark.parametrize("code", PARAMETERS)
def test_every_notice_is_one_sentence(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell(Notice(code, PARAMETERS[code]))
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert "{" not in line
    told = {name: value for name, value in PARAMETERS[code].items() if (code, name) not in UNTOLD}
    shown = {name: SAID.get(name, str(value)) for name, value in told.items()}
    assert [name for name, said in shown.items() if said not in line] == []


def test_a_test_says_who_gets_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    whom = {"row": "patient:1", "processor": "Twilio", "region": "EU"}
    tell(Notice("test_data", whom))
    tell(Notice("test_data", {"row": "patient:1"}))
    abroad, here = capsys.readouterr().err.splitlines()
    assert abroad == "the data of patient:1 goes to the address you named, by Twilio (EU)"
    assert here == "the data of patient:1 goes to the address you named, by your own mail server"
