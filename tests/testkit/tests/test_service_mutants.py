"""Broken stores, archives, dispatchers and settings: each is caught by its own test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost_testkit.suites import dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable

    RunSuite = Callable[..., tuple[set[str], set[str]]]

pytest_plugins = ["pytester"]

GOOD = {
    "secret store": "class Plugin(Drawer): pass",
    "archive": "class Plugin(Shelf): pass",
    "dispatcher": "class Plugin(Bell): pass",
    "settings": "class Plugin(Loft):\n    '''The loft.'''",
}

STORES = {
    "test_declares_its_name": 'class Plugin(Drawer): name = "My Drawer"',
    "test_known_names_are_answered": """
class Plugin(Drawer):
    def get(self, context, name):
        found = super().get(context, name)
        return found and found.lower()
""",
    "test_unknown_names_are_left_to_other_stores": """
class Plugin(Drawer):
    def get(self, context, name):
        return super().get(context, name) or ""
""",
    "test_names_are_taken_literally": """
class Plugin(Drawer):
    def get(self, context, name):
        return super().get(context, name.strip().upper())
""",
    "test_many_may_ask_at_once": """
class Plugin(Drawer):
    def get(self, context, name):
        self.asked = name
        time.sleep(0.002)
        return super().get(context, self.asked)
""",
    "test_nothing_is_told": """
class Plugin(Drawer):
    def get(self, context, name):
        found = super().get(context, name)
        logging.getLogger("drawer").debug("%s is %s", name, found)
        return found
""",
}

ARCHIVES = {
    "test_declares_its_name": 'class Plugin(Shelf): name = ""',
    "test_each_entry_is_kept_as_it_is": """
class Plugin(Shelf):
    def put(self, entry):
        super().put(dataclasses.replace(entry, content=html.escape(entry.content)))
""",
    "test_files_are_kept_octet_for_octet": """
class Plugin(Shelf):
    def put(self, entry):
        super().put(dataclasses.replace(entry, pdf=entry.pdf and entry.pdf[:4]))
""",
    "test_a_message_is_kept_once": """
class Plugin(Shelf):
    def put(self, entry):
        self.kept.append(entry)
""",
    "test_a_person_without_record_is_told": """
class Plugin(Shelf):
    def store(self, context, entries):
        known = [entry for entry in entries if entry.person_id in PEOPLE]
        super().store(context, known)
        return [None for _ in entries]
""",
    "test_nothing_and_many": """
class Plugin(Shelf):
    def store(self, context, entries):
        return super().store(context, entries[:999])
""",
    "test_nothing_personal_is_logged": """
class Plugin(Shelf):
    def put(self, entry):
        print("archived", entry)
        super().put(entry)
""",
}

DISPATCHERS = {
    "test_declares_what_it_is": "class Plugin(Bell): needs_shared_ledger = None",
    "test_waking_does_not_wait": """
class Plugin(Bell):
    def wake(self, context, run, not_before):
        super().wake(context, run, not_before)
        while not_before and not_before > datetime.now(UTC):
            time.sleep(0.1)
""",
    "test_who_is_woken_works": """
class Plugin(Bell):
    def work(self, context, continue_run, stop):
        self.rung.clear()
        super().work(context, continue_run, stop)
""",
    "test_stop_ends_it": """
class Plugin(Bell):
    def work(self, context, continue_run, stop):
        super().work(context, continue_run, threading.Event())
""",
    "test_nobody_else_is_woken": """
class Plugin(Bell):
    def mine(self, context, practice):
        return True
""",
    "test_not_before_its_time": """
class Plugin(Bell):
    def wake(self, context, run, not_before):
        super().wake(context, run, None)
""",
    "test_any_id_does_no_harm": """
class Plugin(Bell):
    def call(self, continue_run, run):
        if not run[0].isdigit():
            raise LookupError(run)
        super().call(continue_run, run)
""",
    "test_a_failing_run_does_not_end_the_worker": """
class Plugin(Bell):
    def call(self, continue_run, run):
        last = getattr(self, "last", None)
        self.last = run
        super().call(continue_run, run)
        if last is not None:
            self.rung.clear()
""",
}

SETTINGS = {
    "test_the_key_is_free": """
class Plugin(Loft):
    '''The loft.'''
KEY = "accounts"
""",
    "test_the_example_is_accepted": """
class Plugin(Loft):
    '''The loft.'''
    street: str = Field(description="Where.")
""",
    "test_unknown_keys_are_refused": """
class Plugin(BaseModel):
    '''The loft.'''
    birds: int = Field(default=2, description="Pigeons.")
""",
    "test_text_is_not_guessed": """
class Plugin(Loft):
    '''The loft.'''
    @model_validator(mode="before")
    @classmethod
    def lenient(cls, value):
        return value if isinstance(value, dict) else {}
""",
    "test_every_key_is_described": """
class Plugin(Loft):
    '''The loft.'''
    colour: str = "white"
""",
    "test_secrets_are_references": """
class Plugin(Loft):
    '''The loft.'''
    api_key: str = Field(default="", description="The key.")
""",
}

MUTANTS = [
    pytest.param(kind, name, plugin, id=f"{kind}-{name.removeprefix('test_')}")
    for kind, mutants in {
        "secret store": STORES,
        "archive": ARCHIVES,
        "dispatcher": DISPATCHERS,
        "settings": SETTINGS,
    }.items()
    for name, plugin in mutants.items()
]


@pytest.mark.parametrize(("kind", "plugin"), GOOD.items(), ids=GOOD)
def test_a_good_plugin_passes_everything(run_suite: RunSuite, kind: str, plugin: str) -> None:
    passed, failed = run_suite(kind, plugin)
    assert failed == set()
    assert len(passed) >= 8


@pytest.mark.parametrize(("kind", "name", "plugin"), MUTANTS)
def test_a_broken_plugin_is_caught_by_the_test_that_names_its_fault(
    run_suite: RunSuite, monkeypatch: pytest.MonkeyPatch, kind: str, name: str, plugin: str
) -> None:
    monkeypatch.setattr(dispatcher, "_PROMPT", 3.0)
    _, failed = run_suite(kind, plugin, name)
    assert failed == {name}
