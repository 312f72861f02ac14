"""Unique words in every column that must not leave, looked for everywhere a run leaves a trace."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from canary_runs.practice import (
    LOGIN,
    WAYS,
    Places,
    Way,
    planted,
    sendgrid_template,
    write_canaries,
    write_mailing,
)
from canary_runs.traces import Outside, Traces, tokens

from serienpost import ConfigError, Sensitivity
from serienpost.config.loading import load_practice
from serienpost.service.mailing import checked
from serienpost_demo.catcher import Catcher
from serienpost_demo.practice import CANARY_COLUMNS
from serienpost_demo.sendgrid import FakeSendGrid
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from serienpost import FieldValue, MacroSetting

# Where people may be named: what a person looks at before, the ledger, and what left.
PEOPLE = ("prepare", "review", "vorschau", "versandbuch.db", "wire", "order", "request", "record")


@pytest.fixture(scope="module", params=WAYS)
def traces(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """A practice full of canaries after a whole run by one way."""
    found = Traces(tmp_path_factory.mktemp(request.param), request.param)
    grid = FakeSendGrid(templates=[sendgrid_template()], keep_requests=True)
    sms = FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim")}))
    with pytest.MonkeyPatch.context() as patch, Catcher() as catcher, grid, sms:
        for name, value in LOGIN.items():
            patch.setenv(name, value)
        write_canaries(found.folder, Places(catcher.port, sms.base_url, grid.url))
        found.whole_run(Outside(catcher, sms, grid))
    assert grid.refused == []
    return found


def test_messages_left_and_carry_the_data_of_their_way(traces: Traces) -> None:
    accepted = json.loads(traces.found["send"])["counts"]["accepted"]
    assert accepted > 10
    own = set(planted("patient", leave_out=everything_but(WAYS[traces.way].own)))
    left = {"letter": "briefe", "sms": "order", "email": "wire"}.get(traces.way, "request")
    assert len({word for where, word in traces.leaks(own) if where.startswith(left)}) > 10
    assert any(name == "versandbuch.db-wal" for name in traces.found)
    records = [name for name in traces.found if name.startswith("record")]
    assert len(records) == (2 * accepted if traces.way == "letter" else 0)


def everything_but(own: frozenset[str]) -> frozenset[str]:
    return frozenset(CANARY_COLUMNS["patient"]) - own


def test_protected_and_medical_words_are_nowhere(traces: Traces) -> None:
    contact = frozenset(CANARY_COLUMNS["interessent"][:6]) | {"adresszusatz", "postfach"}
    words = set(planted("patient", "interessent", "behandlung", "einwilligung", leave_out=contact))
    assert len(words) > 500
    assert traces.leaks(words) == []


def test_contact_data_is_nowhere_but_in_its_own_kind(traces: Traces) -> None:
    words = set(planted("patient", "interessent", leave_out=WAYS[traces.way].own))
    assert traces.leaks(words) == []


def test_logs_and_reports_hold_no_contact_data_at_all(traces: Traces) -> None:
    assert {"send (log)", "send", "show", "events", "b.html", "b.csv"} <= traces.found.keys()
    words = set(planted("patient", "interessent"))
    logs = {name: text for name, text in traces.found.items() if "log" in name}
    assert [name for name, text in logs.items() if tokens(text) & words] == []
    shown_before = ("briefe",) if traces.way == "letter" else ()
    assert traces.leaks(words, without=(*PEOPLE, *shown_before)) == []


def test_sendgrid_gets_an_address_only_in_its_own_personalization(traces: Traces) -> None:
    bodies = [text for name, text in traces.found.items() if name.startswith("request") and text]
    assert (len(bodies) > 1) is traces.way.startswith("grid")
    words = set(planted("patient", "interessent"))
    for document in map(json.loads, bodies):
        people = document.pop("personalizations")
        rendered = traces.way == "grid"
        if rendered:
            assert len(people) == 1
            people[0] |= {"content": document.pop("content"), "subject": document.pop("subject")}
        assert tokens(str(document)) & words == set()
        for one in people:
            check_personalization(one, words, rendered=rendered)


def check_personalization(one: dict[str, Any], words: set[str], *, rendered: bool) -> None:
    """Nothing but the address, our reference, and what the text or SendGrid's template uses."""
    (recipient,) = one["to"]
    assert recipient.keys() == {"email"}
    assert one["custom_args"].keys() == {"ref"}
    assert len(one["custom_args"]["ref"]) == 12
    more = {"content", "subject"} if rendered else {"dynamic_template_data"}
    assert one.keys() == {"to", "custom_args"} | more
    if not rendered:
        assert one["dynamic_template_data"].keys() == {"Vorname", "Briefanrede", "Email"}
    named = {word for word in words if word in json.dumps(one)}
    assert named <= {recipient["email"].partition("@")[0]}


@dataclass(frozen=True)
class Innocent:
    """A third party's macro that says it is harmless."""

    field_name: str
    name: str = "Info"
    description: str = "Ganz harmlos."
    example: str = "Info"
    sensitivity: Sensitivity = Sensitivity.PLAIN
    kinds: frozenset[str] | None = None
    is_dated: bool = False

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.field_name})

    def value(self, fields: Mapping[str, FieldValue], setting: MacroSetting) -> FieldValue:
        return fields[self.field_name]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("diagnose", "medical"),
        ("beruf", "protected"),
        ("geburtsdatum", "protected"),
        ("krankenkasse", "protected"),
        ("irgendwas", "protected"),
        ("telefon", "which does not belong to email"),
        ("strasse", "which does not belong to email"),
    ],
)
def test_a_macro_that_calls_itself_plain_does_not_pass(
    tmp_path: Path, name: str, reason: str
) -> None:
    write_canaries(tmp_path)
    write_mailing(tmp_path, "email", Way("email", "{{Info}}", frozenset()))
    with load_practice(tmp_path) as context:
        context.registry.macros["Info"] = Innocent(name)
        with pytest.raises(ConfigError, match=reason):
            checked(context, "email", due=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{Diagnose}}", "data of class medical never enters a mailing"),
        ("{% if Diagnose %}a{% endif %}", "data of class medical"),
        ("{{Geburtsdatum|datum}}", "data of class protected"),
        ("{{Anschrift}}", "which does not belong to email"),
        ("{{Telefon}}", "which does not belong to email"),
        ("{{Mobil|falls_leer('a')}}", "which does not belong to email"),
    ],
)
def test_a_forbidden_name_fails_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    write_canaries(tmp_path)
    write_mailing(tmp_path, "email", Way("email", text, frozenset()))
    with load_practice(tmp_path) as context, pytest.raises(ConfigError, match=reason):
        checked(context, "email", due=date(2026, 11, 23))
