"""Every hook's example is a working plugin: run here as it stands in the docstring."""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
import textwrap
from datetime import date
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click
import pluggy
import pytest
from click.testing import CliRunner

from serienpost import (
    Accepted,
    AccountSettings,
    Archive,
    ArchiveEntry,
    Channel,
    ConsentCheck,
    ConsentQuestion,
    Dispatcher,
    Draft,
    Macro,
    Message,
    PracticeConfig,
    PracticeContext,
    PracticeInfo,
    Refused,
    Registry,
    RowRef,
    RowRequest,
    SecretStore,
    Sender,
    Settings,
    Source,
    TemplatePack,
    hookspecs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serienpost import Context

HOOKS = {
    name: function
    for name, function in vars(hookspecs).items()
    if name.startswith("serienpost_") and inspect.isfunction(function)
}
OBJECTS: dict[str, type] = {
    "serienpost_sources": Source,
    "serienpost_consent_checks": ConsentCheck,
    "serienpost_macros": Macro,
    "serienpost_channels": Channel,
    "serienpost_secrets": SecretStore,
    "serienpost_archives": Archive,
    "serienpost_dispatchers": Dispatcher,
    "serienpost_templates": TemplatePack,
    "serienpost_settings": Settings,
    "serienpost_commands": click.Command,
}
DOCS = Path(__file__).parents[2] / "docs"


def _example(hook: str) -> str:
    text = inspect.cleandoc(HOOKS[hook].__doc__ or "")
    return textwrap.dedent(text.partition("Example::\n")[2]).strip()


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """The one object that a hook's example registers, collected as the core does."""
    made: list[str] = []

    def register(hook: str) -> Any:  # noqa: ANN401
        module = ModuleType(f"example_of_{hook}")
        module.__file__ = str(tmp_path / "plugin.py")
        sys.modules[module.__name__] = module
        made.append(module.__name__)
        code = compile(_example(hook), module.__file__, "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102
        manager = pluggy.PluginManager("serienpost")
        manager.add_hookspecs(hookspecs)
        manager.register(module)
        manager.check_pending()
        ((thing,),) = getattr(manager.hook, hook)()
        return thing

    yield register
    for name in made:
        del sys.modules[name]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    config = PracticeConfig(practice=PracticeInfo(name="Praxis"))
    return PracticeContext(tmp_path, config, Registry())


def _members(protocol: type) -> set[str]:
    """The attributes that a protocol asks for."""
    return {name for name in vars(protocol) if not name.startswith("_")}


def _conforms(thing: object, protocol: type) -> None:
    for name in _members(protocol):
        value = getattr(thing, name)
        declared = vars(protocol)[name]
        if not inspect.isfunction(declared):
            continue
        assert inspect.iscoroutinefunction(value) == inspect.iscoroutinefunction(declared), name
        asked = list(inspect.signature(declared).parameters)[1:]
        assert list(inspect.signature(value).parameters) == asked, name


def test_the_hooks_are_those_of_the_architecture() -> None:
    assert list(HOOKS) == list(OBJECTS)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_says_what_it_is_for_and_shows_a_complete_example(hook: str) -> None:
    function = HOOKS[hook]
    assert (function.__doc__ or "").startswith("Register ")
    assert not inspect.iscoroutinefunction(function)
    assert list(inspect.signature(function).parameters) == []
    example = ast.parse(_example(hook))
    names = [node.name for node in example.body if isinstance(node, ast.FunctionDef)]
    assert hook in names


@pytest.mark.parametrize("hook", HOOKS)
def test_an_example_registers_what_the_hook_asks_for(
    registered: Callable[[str], Any], hook: str
) -> None:
    thing, wanted = registered(hook), OBJECTS[hook]
    if getattr(wanted, "_is_protocol", False):
        _conforms(thing, wanted)
        assert thing.name
    else:
        assert isinstance(thing, wanted)


def test_the_manual_names_every_hook() -> None:
    """The page has the place where the manual's build puts the table of hooks."""
    page = (DOCS / "hooks.md").read_text(encoding="utf-8")
    assert "<!-- hooks -->" in page or all(hook in page for hook in HOOKS)


def test_the_source_example_reads_only_what_is_asked(
    registered: Callable[[str], Any], context: Context
) -> None:
    source = registered("serienpost_sources")
    request = RowRequest(frozenset({"vorname"}), date(2026, 3, 2))
    batches = source.rows(context, source.selection(), request)
    assert [(row.id, dict(row.fields)) for batch in batches for row in batch] == [
        ("patient:1", {"vorname": "Ada"}),
        ("patient:2", {"vorname": "Kim"}),
    ]
    refs = [RowRef("patient:2", None, None)]
    (state,) = source.current(context, source.selection(), refs, request)
    assert (state.gone, state.fields) == (None, {"vorname": "Kim"})
    assert set(source.offers(context, source.selection())) >= {"vorname", "email"}


def test_the_consent_example_answers_one_verdict_per_question(
    registered: Callable[[str], Any], context: Context
) -> None:
    check = registered("serienpost_consent_checks")
    asked = [("patient:1", "event"), ("patient:2", "event"), ("patient:1", "recall")]
    questions = [ConsentQuestion(id, id, "email", purpose, "x") for id, purpose in asked]  # noqa: A001
    verdicts = check.check(context, questions)
    assert [type(verdict).__name__ for verdict in verdicts] == ["Allow", "Deny", "Abstain"]


def test_the_macro_example_works_with_its_fields_alone(registered: Callable[[str], Any]) -> None:
    macro = registered("serienpost_macros")
    setting: Any = None
    assert macro.value({"vorname": "Ada", "nachname": "Muster"}, setting) == "A. M."
    assert macro.value({"vorname": None, "nachname": "Muster"}, setting) == "M."
    assert macro.fields == {"vorname", "nachname"}


def test_the_channel_example_sends(registered: Callable[[str], Any], context: Context) -> None:
    channel = registered("serienpost_channels")
    account = channel.account(channel="pigeon")
    assert isinstance(account, AccountSettings)
    draft = Draft("sms", "de", "+491", "", "Hallo", None, {})
    content = channel.compose(context, account, draft)
    long = channel.compose(context, account, Draft("sms", "de", "+491", "", "x" * 61, None, {}))
    assert isinstance(long, Refused)
    messages = [Message(f"REF{n}", "run", n, content) for n in range(3)]

    async def go() -> bool:
        return True

    async def send() -> list[Any]:
        async with channel.open(context, account) as sender:
            _conforms_sender(sender)
            calls = list(sender.calls(messages))
            assert [message for call in calls for message in call] == messages
            assert max(map(len, calls)) <= sender.batch
            return [
                await sender.send(call, index % sender.slots, go)
                for index, call in enumerate(calls)
            ]

    outcomes = asyncio.run(send())
    assert [type(outcome) for (outcome,) in outcomes] == [Accepted] * 3
    assert channel.preview(account, messages[0]) == {".txt": b"Hallo"}
    assert channel.cost(account, content).amount == 1


def _conforms_sender(sender: object) -> None:
    _conforms(sender, Sender)


def test_the_secrets_example_finds_and_does_not_find(
    registered: Callable[[str], Any], context: Context
) -> None:
    store = registered("serienpost_secrets")
    assert store.get(context, "KEY") is None
    (context.folder / "drawer").mkdir()
    (context.folder / "drawer" / "KEY").write_text("geheim\n")
    assert store.get(context, "KEY") == "geheim"


def test_the_archive_example_stores_once(
    registered: Callable[[str], Any], context: Context
) -> None:
    from datetime import UTC, datetime

    archive = registered("serienpost_archives")
    sent = datetime(2026, 3, 2, tzinfo=UTC)
    entry = ArchiveEntry("REF1", "run", "patient:1", sent, "Betreff", "Inhalt")
    assert archive.store(context, [entry]) == [None]
    assert archive.store(context, [entry]) == [None]
    assert [f.read_text() for f in (context.folder / "shelf").iterdir()] == ["Inhalt"]


def test_the_dispatcher_example_wakes_workers(
    registered: Callable[[str], Any], context: Context
) -> None:
    dispatcher = registered("serienpost_dispatchers")
    dispatcher.wake(context, "run", None)
    continued: list[str] = []
    stop = Event()

    def continue_run(run: str) -> None:
        continued.append(run)
        stop.set()

    dispatcher.work(context, continue_run, stop)
    assert continued == ["run"]
    assert dispatcher.needs_shared_ledger is False


def test_the_templates_example_names_a_folder_beside_its_module(
    registered: Callable[[str], Any], tmp_path: Path
) -> None:
    pack = registered("serienpost_templates")
    assert (pack.name, pack.folder) == ("club", tmp_path / "templates")


def test_the_settings_example_checks_its_key(registered: Callable[[str], Any]) -> None:
    settings = registered("serienpost_settings")
    assert settings.key == "loft"
    assert settings.model.model_validate({}).birds == 2
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        settings.model.model_validate({"birds": 0})


def test_the_command_example_runs(registered: Callable[[str], Any]) -> None:
    result = CliRunner().invoke(registered("serienpost_commands"))
    assert (result.exit_code, result.output) == (0, "fed\n")
