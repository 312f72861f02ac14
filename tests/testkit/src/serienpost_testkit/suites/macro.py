"""The contract of a macro, executable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost import MacroSetting, PracticeInfo, Sensitivity
from serienpost_testkit.contexts import PRACTICE
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.sentences import unsayable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import FieldValue, Macro
    from serienpost_testkit.canary import CanaryLog

_NAME = re.compile(r"[A-Za-zÄÖÜäöüß][A-Za-z0-9_ÄÖÜäöüß]*\Z")
_PLAIN = (str, int, bool, date, time, datetime, type(None))

# Made-up values of fields; a field that is not named here gets `Kanarie NAME`.
SAMPLES: Mapping[str, FieldValue] = {
    "anrede": "Frau",
    "titel": "Dr.",
    "vorname": "Zoë-Kanaria",
    "nachname": "Müßiggang-Kanarie",
    "geschlecht": "w",
    "sprache": "de",
    "nummer": "4711-Kanarie",
    "minderjaehrig": False,
    "termin_beginn": datetime(2026, 3, 3, 8, 30, tzinfo=UTC),
    "termin_dauer": 20,
    "termin_raum": "Raum Kanarie",
    "termin_status": "geplant",
    "behandler_nachname": "Kanarienvogel",
}


class OnlyDeclared(Mapping[str, "FieldValue"]):
    """Fields of a row that fail the test when another than the declared ones is read."""

    def __init__(self, values: Mapping[str, FieldValue]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> FieldValue:
        if name not in self._values:
            pytest.fail(f"the macro reads the field {name}, which it does not declare")
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        if name not in self._values:
            pytest.fail(f"the macro asks for the field {name}, which it does not declare")
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class MacroSuite(Suite):
    """Inherit, and supply a fixture; with `params` it covers all macros of a plugin.

    - fixture `macro`: the macro.
    - fixture `setting`: what is the same for every row (default: a made-up practice).
    - fixture `samples`: values of fields that the macro needs in a form of its own.
    """

    @pytest.fixture
    def subject(self, macro: Macro) -> Macro:
        """The object under test, for the tests that all suites share."""
        return macro

    @pytest.fixture
    def setting(self) -> MacroSetting:
        """A made-up practice on a fixed date, without a signature."""
        return MacroSetting(
            practice=PracticeInfo.model_validate(PRACTICE),
            signature=None,
            kind="email",
            language="de",
            due=date(2026, 3, 2),
            zone=ZoneInfo("Europe/Berlin"),
            reply_to="praxis@example.org",
        )

    @pytest.fixture
    def samples(self) -> Mapping[str, FieldValue]:
        """No values beyond the suite's own."""
        return {}

    @pytest.fixture
    def fields(self, macro: Macro, samples: Mapping[str, FieldValue]) -> OnlyDeclared:
        """A row's values for the declared fields."""
        known = {**SAMPLES, **samples}
        return OnlyDeclared({name: known.get(name, f"Kanarie {name}") for name in macro.fields})

    def test_a_text_can_name_it(self, macro: Macro) -> None:
        """`name` is a letter, then letters, digits and underscores.

        When it fails: rename the macro; `{{Termin-Datum}}` would be a subtraction.
        """
        assert _NAME.match(macro.name)

    def test_describes_itself(self, macro: Macro) -> None:
        """`description` is a sentence for `serienpost macros`.

        When it fails: write one; in a package that uses `_` it is made by it.
        """
        assert macro.description.strip()
        assert unsayable(macro, [macro.description]) == []

    def test_has_an_example(self, macro: Macro) -> None:
        """`example` is a made-up value; `check` and `test` render texts with it.

        When it fails: give a value such as real rows have, of nobody real, of the type that
        `value` returns.
        """
        assert type(macro.example) in _PLAIN
        assert str(macro.example or "").strip()

    def test_declares_its_fields(self, macro: Macro) -> None:
        """`fields` is a frozen set of names.

        When it fails: write `frozenset({"vorname"})`; a macro of the practice has none.
        """
        assert isinstance(macro.fields, frozenset)
        assert {type(name) for name in macro.fields} <= {str}

    def test_declares_its_class(self, macro: Macro) -> None:
        """`sensitivity` is a `Sensitivity`, the macro's own; its fields' classes come on top.

        When it fails: use the enumeration, not a name or a number.
        """
        assert isinstance(macro.sensitivity, Sensitivity)

    def test_declares_its_kinds(self, macro: Macro) -> None:
        """`kinds` is None for all kinds of message, or a frozen set that is not empty.

        When it fails: use None where the macro fits everywhere.
        """
        assert macro.kinds is None or (isinstance(macro.kinds, frozenset) and macro.kinds)
        assert isinstance(macro.is_dated, bool)

    def test_reads_only_declared_fields(
        self, macro: Macro, fields: OnlyDeclared, setting: MacroSetting
    ) -> None:
        """The value needs no field that is not declared; the core passes no other.

        When it fails: add the field to `fields` (the macro may become stricter) or do
        without it.
        """
        macro.value(fields, setting)

    def test_value_is_plain(
        self, macro: Macro, fields: OnlyDeclared, setting: MacroSetting
    ) -> None:
        """The value is text, a number, yes/no, a date, a time or None, never markup.

        When it fails: return plain text; escaping is the core's work.
        """
        assert type(macro.value(fields, setting)) in _PLAIN

    def test_is_deterministic(
        self, macro: Macro, fields: OnlyDeclared, setting: MacroSetting
    ) -> None:
        """The same row gives the same value: texts are rendered again in the recheck.

        When it fails: look for the clock, for chance, for state kept between rows. Dates
        count from `setting.due`.
        """
        first = macro.value(fields, setting)
        macro.value(OnlyDeclared(dict.fromkeys(macro.fields)), setting)
        assert macro.value(fields, setting) == first

    def test_says_whether_it_is_dated(
        self, macro: Macro, fields: OnlyDeclared, setting: MacroSetting
    ) -> None:
        """A macro whose value changes with the due date says so by `is_dated`.

        When it fails: set `is_dated = True`; else a letter of tomorrow shows today's date.
        """
        values = {
            macro.value(fields, replace(setting, due=setting.due + timedelta(days=days)))
            for days in (0, 1, 40, 400, 8000)
        }
        assert macro.is_dated or len(values) == 1

    def test_missing_values_are_no_fault(self, macro: Macro, setting: MacroSetting) -> None:
        """A person may lack every field; the value is then empty or a neutral phrase.

        When it fails: expect None for each field.
        """
        value = macro.value(OnlyDeclared(dict.fromkeys(macro.fields)), setting)
        assert type(value) in _PLAIN
        assert "None" not in str(value or "")

    def test_any_one_value_may_be_missing(
        self, macro: Macro, fields: OnlyDeclared, setting: MacroSetting
    ) -> None:
        """Each field may be missing while the others are there.

        When it fails: look at how the values are joined; `None` must not appear as a word.
        """
        for missing in sorted(macro.fields):
            value = macro.value(OnlyDeclared({**fields, missing: None}), setting)
            assert type(value) in _PLAIN, missing
            assert "None" not in str(value or ""), missing

    @pytest.mark.parametrize("language", ["de", "en"])
    @pytest.mark.parametrize("kind", ["email", "sms", "letter"])
    def test_serves_all_its_kinds_and_languages(
        self, macro: Macro, fields: OnlyDeclared, setting: MacroSetting, kind: str, language: str
    ) -> None:
        """The value comes for each kind of message, with and without an address to answer to.

        When it fails: look at `setting.reply_to`, `setting.signature` and a language that the
        macro does not know.
        """
        reply_to = "praxis@example.org" if kind == "email" else None
        here = replace(setting, kind=kind, language=language, reply_to=reply_to)
        assert type(macro.value(fields, here)) in _PLAIN

    def test_nothing_personal_is_logged(
        self, macro: Macro, fields: OnlyDeclared, setting: MacroSetting, canary_log: CanaryLog
    ) -> None:
        """Log and output hold no value of a field.

        When it fails: log nothing in `value`.
        """
        canary_log.plant("a value that nobody logs", *fields.values())
        macro.value(fields, setting)
        canary_log.check(self.foreign_loggers)
