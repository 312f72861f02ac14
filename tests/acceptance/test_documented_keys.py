"""Every key of the manual, with every example of its model, through `check` and `prepare`.

A documented key may be refused, where this practice lacks what it names; it never ends as a bug.
What a source gives as an example of a selection works in a practice that has the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from docs_keys import manual_registry
from pydantic import RootModel

from serienpost.config.mailing import MAILING_KEYS, Mailing
from serienpost.config.models import CORE_KEYS, PracticeConfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Practice
    from pydantic import BaseModel

REGISTRY = manual_registry()
ACCOUNTS = {"smtp": "mail", "letter": "brief", "smscreator": "sms", "sendgrid": "grid"}
LIST = """\
Patienten-Id;Teilnehmer-Nr;Vorname;Nachname;E-Mail;Kurs;Datum;Uhrzeit;Einwilligung
;7;Eva;Vogel;eva@example.org;Rücken;09.12.2099;9:00;ja
"""
TEXT = "Guten Tag, die Praxis Dr. Sonnenschein ist am Freitag geschlossen. {{Praxis}}"
RECALL = "SELECT patient_id AS id FROM behandlung WHERE datum < :bis"
# Keys that name what must be there as well.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("appointments", "*"): {"day": "tomorrow"},
    ("table", "*"): {"file": "listen/infoabend.csv", "columns": {"E-Mail": "email"}},
    ("table", "column_purposes"): {"consent_column": "Einwilligung"},
    ("query", "*"): {"query": "SELECT id FROM patient"},
    ("query", "query"): {"parameters": {"bis": "2025-01-01"}},
    ("query", "parameters"): {"query": RECALL},
}


@dataclass(frozen=True)
class Case:
    """A key with a value: where it stands, and the way to it."""

    place: str
    path: tuple[str, ...]
    value: Any
    is_documented: bool = True

    def __str__(self) -> str:
        return f"{self.place}-{'.'.join(self.path)}-{str(self.value)[:30]}"


def of_model(place: str, model: type[BaseModel], only: tuple[str, ...] = ()) -> Iterator[Case]:
    """The keys of a model by their names in files, those below them too."""
    schema = model.model_json_schema()
    described = schema["properties"]
    for key in only or tuple(described):
        yield from _cases(place, (key,), described[key], schema)


def _cases(
    place: str, path: tuple[str, ...], described: dict[str, Any], schema: dict[str, Any]
) -> Iterator[Case]:
    documented, made_up = _values(described, schema)
    yield from (Case(place, path, value) for value in documented)
    yield from (Case(place, path, value, is_documented=False) for value in made_up)
    for one in _alternatives(described, schema):
        for key, below in one.get("properties", {}).items():
            yield from _cases(place, (*path, key), below, schema)
        inner = one.get("additionalProperties")
        if isinstance(inner, dict):
            for each in _alternatives(inner, schema):
                for key, below in each.get("properties", {}).items():
                    yield from _cases(place, (*path, "*", key), below, schema)


def _alternatives(described: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in described:
        return _alternatives(schema["$defs"][described["$ref"].rpartition("/")[2]], schema)
    several = described.get("anyOf") or described.get("allOf")
    if several:
        return [each for one in several for each in _alternatives(one, schema)]
    return [described]


def _values(described: dict[str, Any], schema: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The examples of a key, its default and its choices; where there are none, one of its type."""
    found = list(described.get("examples", ()))
    default = described.get("default")
    if default is not None and default not in found and not isinstance(default, dict):
        found.append(default)
    for one in _alternatives(described, schema):
        found += [each for each in one.get("enum", ()) if each not in found]
        if one.get("type") == "boolean":
            found += [each for each in (True, False) if each not in found]
    of_type = {"string": "Beispiel", "integer": 1, "number": 1.5}
    types = [one.get("type") for one in _alternatives(described, schema)]
    return found, [] if found else [of_type[each] for each in types if each in of_type][:1]


def all_cases() -> list[Case]:
    found = [
        *of_model("serienpost.yaml", PracticeConfig, tuple(CORE_KEYS)),
        *of_model("mailing", Mailing, tuple(MAILING_KEYS)),
    ]
    for name, channel in REGISTRY.channels.items():
        found += of_model(f"account {name}", channel.account)
    for name, source in REGISTRY.sources.items():
        found += of_model(f"select {name}", source.selection)
    for name, settings in REGISTRY.settings.items():
        if not issubclass(settings.model, RootModel):
            of_plugin = of_model("serienpost.yaml", settings.model)
            found += [replace(case, path=(name, *case.path)) for case in of_plugin]
    return list({str(case): case for case in found}.values())


def _mailing(account: str, source: str, select: dict[str, Any]) -> dict[str, Any]:
    mailing = {
        "source": source,
        "select": select,
        "account": account,
        "purpose": "information",
        "text": TEXT,
        "limit": 1,
        "once_per": "none",
    }
    if account != "sms":
        mailing |= {"subject": "Nachricht", "signature": "sonnenschein"}
    return mailing


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401
    for step in path[:-1]:
        own = next(iter(document), "beispiel") if step == "*" else step
        if not isinstance(document.get(own), dict):
            document[own] = {}
        document = document[own]
    document[path[-1]] = value


def _selection(source: str, path: tuple[str, ...], value: Any) -> dict[str, Any]:  # noqa: ANN401
    """A selection with this key, and what it needs beside it."""
    select: dict[str, Any] = {}
    for (name, key), more in BESIDE.items():
        if name == source and key in ("*", path[0]):
            select |= more
    if path[:2] == ("columns", "*"):
        header = "E-Mail" if path[2] == "field" else "Kurs"
        own = {"field": "kurs"} if path[2] == "class" else {}
        select["columns"] = {"E-Mail": "email", header: {**own, path[2]: value}}
    else:
        _put(select, path, value)
    if "columns" in select:
        select["columns"] = {"E-Mail": "email", **select["columns"]}
    if select.get("person") == "appointment":
        select["query"] = "SELECT id FROM termin"
    return select


def written(case: Case, folder: Path) -> None:
    """The files of a practice with this key."""
    config = yaml.safe_load((folder / "serienpost.yaml").read_text("utf-8"))
    config["plugins"].append("serienpost-consent-register")
    kind, _, name = case.place.partition(" ")
    account = ACCOUNTS.get(name, "mail")
    mailing = _mailing(account, "patients", {})
    if kind == "select":
        mailing |= {"source": name, "select": _selection(name, case.path, case.value)}
    elif kind == "account":
        _put(config, ("accounts", account, *case.path), case.value)
    else:
        _put(mailing if kind == "mailing" else config, case.path, case.value)
    for file in ("listen/infoabend.csv", "abfragen/recall.sql"):
        (folder / file).parent.mkdir(exist_ok=True)
    (folder / "listen/infoabend.csv").write_text(LIST, "utf-8")
    (folder / "abfragen/recall.sql").write_text(RECALL, "utf-8")
    for file, document in (("serienpost.yaml", config), ("mailings/probe.yaml", mailing)):
        (folder / file).write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")


CASES = all_cases()
# Keys of a list for which it would have to be another file.
OF_ANOTHER_FILE = {"encoding", "separator", "sheet", "header_row"}


@pytest.fixture(scope="module")
def practice(demo_master: Practice, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """A practice whose files are written anew for each key."""
    return demo_master.copy(tmp_path_factory.mktemp("keys") / "praxis")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_documented_key_ends_as_a_bug(
    practice: Practice, demo_master: Practice, case: Case
) -> None:
    before = (demo_master.folder / "serienpost.yaml").read_text("utf-8")
    (practice.folder / "serienpost.yaml").write_text(before, "utf-8")
    written(case, practice.folder)
    is_selection = case.place.startswith("select ") and case.path[0] not in OF_ANOTHER_FILE
    for command in (("check", "probe"), ("prepare", "probe", "--summary")):
        done = practice(*command)
        assert "a bug" not in done.err, done.err
        assert done.code in ((0,) if is_selection and case.is_documented else (0, 3, 75)), done.err


def test_the_list_holds_every_source_and_channel() -> None:
    places = {case.place for case in CASES}
    assert {f"select {name}" for name in REGISTRY.sources} <= places
    assert {f"account {name}" for name in REGISTRY.channels} <= places
    assert ("columns", "*", "class") in {case.path for case in CASES}
