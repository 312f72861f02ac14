from __future__ import annotations

import copy
import json
import pickle
import threading
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost import translation
from serienpost.contracts.kinds import Unreachable
from serienpost.errors import ConfigError, Problem, cause_of
from serienpost.kinds.email import EmailKind
from serienpost.translation import (
    Money,
    Text,
    Texts,
    joined,
    mapped,
    offered,
    pack,
    paragraphs,
    parameters,
    speaking,
    unpack,
)

if TYPE_CHECKING:
    from serienpost.translation import Value

_ = Texts("serienpost.anything")
BERLIN = ZoneInfo("Europe/Berlin")
MISSING = "There is no e-mail address on record."
FEHLT = "Es ist keine E-Mail-Adresse eingetragen."


def missing() -> Unreachable:
    found = EmailKind().address({})
    assert isinstance(found, Unreachable)
    return found


def test_one_text_is_said_in_each_language_whoever_made_it_when() -> None:
    reason = missing().reason
    assert reason == MISSING == str(reason)
    with speaking("de"):
        assert (str(reason), f"{reason}", "%s" % reason) == (FEHLT, FEHLT, FEHLT)  # noqa: UP031
        assert reason == MISSING
    with speaking("qps"):
        assert str(reason) == f"⟦{MISSING}⟧"


def test_a_thread_speaks_as_its_process() -> None:
    said: list[str] = []
    translation.speak("de")
    try:
        thread = threading.Thread(target=lambda: said.append(str(missing().reason)))
        thread.start()
        thread.join()
    finally:
        translation.speak("en")
    assert said == [FEHLT]


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        ("7 {x}", "7 {x}", "7 {x}"),
        (1234567, "1234567", "1234567"),
        (Decimal("1234.5"), "1,234.5", "1.234,5"),
        (2.5, "2.5", "2,5"),
        (Money(Decimal("0.075"), "EUR"), "0.08 €", "0,08 €"),
        (date(2026, 11, 30), "30 Nov 2026", "30.11.2026"),
        (time(9, 5), "09:05", "09:05"),
        (datetime(2026, 11, 30, 8, 5, tzinfo=UTC), "30 Nov 2026 09:05", "30.11.2026 09:05"),
        (["a", _("letter")], "a, letter", "a, Brief"),
        (_("same address as {row}", row="x"), "same address as x", "gleiche Adresse wie x"),
    ],
)
def test_values_are_written_as_the_language_does(value: Value, english: str, german: str) -> None:
    text = unpack(pack(_("cannot be read: {why}", why=value)))
    with speaking("en", BERLIN):
        assert str(text).replace("\xa0", " ").replace("€0.08", "0.08 €") == (
            f"cannot be read: {english}"
        )
    with speaking("de", BERLIN):
        assert str(text).replace("\xa0", " ") == f"kann nicht gelesen werden: {german}"


def test_numbers_choose_the_form_and_are_grouped() -> None:
    assert _.ngettext("{n} row", "{n} rows", 1) == "1 row"
    assert _.ngettext("{n} row", "{n} rows", 0) == "0 rows"
    many = _.ngettext("{n} row", "{n} rows", 12345)
    assert str(unpack(pack(many))) == "12,345 rows"


@pytest.mark.parametrize(
    "text",
    [
        _("plain"),
        _("of {whom} at {when}", whom=_("letter"), when=date(2026, 1, 2)),
        _.ngettext("{n} row", "{n} rows", 3),
        _.pgettext("run", "open"),
        joined("; ", [_("letter"), "x"]),
        _("{a} {b}", a=["x", "y"], b=Money(Decimal(1), "EUR")),
    ],
)
def test_a_stored_text_is_the_same_text(text: Text) -> None:
    for again in (unpack(pack(text)), pickle.loads(pickle.dumps(text)), copy.deepcopy(text)):  # noqa: S301
        assert isinstance(again, Text)
        assert (again, pack(again)) == (text, pack(text))


@pytest.mark.parametrize(
    "sentence",
    ["", "Die Person ist verstorben.", "\x1e", '\x1e{"text":["serienpost","letter",{},null,null]}'],
)
def test_any_other_sentence_is_stored_as_it_is(sentence: str) -> None:
    again = unpack(pack(sentence))
    assert again == sentence
    assert type(again) is str


@pytest.mark.parametrize(
    "damaged",
    [
        "\x1e{",
        "\x1e[]",
        '\x1e{"text":[]}',
        '\x1e{"text":[1,2,{},null,null]}',
        '\x1e{"x":1}',
        '\x1e{"text":["a","b",[1],null,null]}',
        '\x1e{"text":["a","{n}",{},"{n}",null]}',
        "\x1e" + "[" * 100_000,
    ],
)
def test_what_is_damaged_is_shown_as_it_stands(damaged: str) -> None:
    assert unpack(damaged) == damaged


def test_the_package_of_a_stored_text_is_not_imported() -> None:
    stored = json.dumps({"text": ["os.path", "letter", {}, None, None]})
    gone = json.dumps({"text": ["no_such_package", "letter", {}, None, None]})
    with speaking("de"):
        assert str(unpack(f"\x1e{stored}")) == str(unpack(f"\x1e{gone}")) == "letter"


def test_values_are_not_looked_through_for_placeholders() -> None:
    assert _("{a} {b}", a="{b}", b="{a}") == "{b} {a}"
    assert _("write {{ a }} or {{a}}, {a}", a="x") == "write {{ a }} or {{a}}, x"


def test_a_text_cannot_be_changed() -> None:
    text = _("{a}", a="x")
    with pytest.raises(AttributeError):
        text.message = "y"
    with pytest.raises(TypeError):
        text.values["a"] = "y"  # type: ignore[index]


def test_texts_put_together_stay_texts() -> None:
    with speaking("de"):
        assert str("1. " + _("letter") + "!") == "1. Brief!"
        assert str(joined("; ", [_("letter"), _("e-mail")])) == "Brief; E-Mail"
        assert str(mapped(_("cannot be read: {why}", why="x"), str.upper)).endswith("werden: X")


def test_a_problem_keeps_its_texts_and_masks_passwords_in_them() -> None:
    why = _("cannot be read: {why}", why="https://a:secret@b")
    problem = Problem(why, _("letter"), "x.yaml", 3, "key")
    with speaking("de"):
        said = str(problem)
        assert said == "x.yaml:3: key: kann nicht gelesen werden: https://a:***@b (Brief)"
        assert str(unpack(pack(cause_of(ConfigError(problem))))).startswith("x.yaml:3: key: kann")


def test_parameters_are_plain_and_of_all_texts_within() -> None:
    inner = _("same address as {row}", row="patient:1")
    outer = _("{reason} ({place})", reason=inner, place=date(2026, 1, 2))
    assert parameters(outer) == {"row": "patient:1", "place": "2026-01-02"}
    assert parameters("sentence") == parameters(None) == {}


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("de", "de"),
        ("de_AT.UTF-8", "de"),
        ("de-CH", "de"),
        ("DE", "de"),
        ("de_DE@euro", "de"),
        ("en_US.UTF-8", "en"),
        ("C", "en"),
        ("C.UTF-8", "en"),
        ("POSIX", "en"),
        ("qps", "qps"),
        ("fr_FR.UTF-8", None),
        ("", None),
        ("../de", None),
    ],
)
def test_languages_by_their_names(written: str, language: str | None) -> None:
    assert offered(written) == language


def test_a_third_language_is_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "pigeon_post"
    (package / "locale" / "fr" / "LC_MESSAGES").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    made = Catalog("fr")
    made.add("the pigeon {name} sleeps", "le pigeon {name} dort")
    with (package / "locale" / "fr" / "LC_MESSAGES" / "pigeon_post.mo").open("wb") as file:
        write_mo(file, made)
    pigeons = Texts("pigeon_post.channel")
    with speaking("fr"):
        assert str(pigeons("the pigeon {name} sleeps", name="Bo")) == "le pigeon Bo dort"
        assert str(pigeons("the pigeon {name} flies", name="Bo")) == "the pigeon Bo flies"


@pytest.mark.parametrize("damage", ["empty", "garbage", "cut", "end_missing", "no_text", "folder"])
def test_a_catalogue_that_cannot_be_read_leaves_its_texts_in_english(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: str
) -> None:
    package = tmp_path / f"pigeon_{damage}"
    folder = package / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    whole = Path(translation.__file__).parent / "locale/de/LC_MESSAGES/serienpost.mo"
    data = whole.read_bytes()
    written = {
        "empty": b"",
        "garbage": b"garbage",
        "cut": data[:2000],
        "end_missing": data[:-2000],
        "no_text": data[:28] + b"\xff" * len(data[28:]),
    }
    file = folder / f"{package.name}.mo"
    if damage == "folder":
        file.mkdir()
    else:
        file.write_bytes(written[damage])
    texts = Texts(package.name)
    with speaking("de"):
        assert str(texts.ngettext("{n} row", "{n} rows", 2)) == "2 rows"


def test_what_a_script_says_by_itself_stays_english() -> None:
    with speaking("de"):
        assert str(Texts("__main__")("the pigeon sleeps")) == "the pigeon sleeps"


def test_help_is_translated_by_paragraphs() -> None:
    text = "One line\n    goes on.\n\n    \b\n    a  b\n    c  d\n\n    Last.\f\n    Hidden."
    assert paragraphs(text) == [
        ("", "One line goes on."),
        ("\b\n", "a  b\nc  d"),
        ("", "Last."),
    ]
