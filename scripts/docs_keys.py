"""Every key of `serienpost.yaml` and of a mailing as tables of the manual, read off the models."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, RootModel
from workspace import members

from serienpost.config.mailing import MAILING_KEYS, Mailing
from serienpost.config.models import CORE_KEYS, PracticeConfig
from serienpost.config.policy import Policy
from serienpost.contracts.accounts import AccountSettings
from serienpost.contracts.durations import duration_text
from serienpost.manager import survey_plugins
from serienpost.service.catalog import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic.fields import FieldInfo

    from serienpost.registry import Registry

CORE = "serienpost"
# Not on the page: its null plugins are for tests and described in its README.
TESTKIT = "serienpost-testkit"

# The one key of a mailing that the model needs and the user may leave out.
GIVEN_BY_FILE_NAME = "id"


@dataclass(frozen=True, slots=True)
class Key:
    """One key as users write it, with dots between the levels; `NAME` stands for any name."""

    path: str
    type: str
    default: str
    owner: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a sentence and a table."""

    title: str
    intro: str
    keys: Sequence[Key]


def keys_page() -> str:
    """All sections as Markdown."""
    return "\n".join(_written(section) for section in sections(manual_registry()))


def manual_registry() -> Registry:
    """Every plugin of this workspace that a practice may use, loaded.

    Raises:
        ValueError: one of them cannot be loaded.
    """
    plugins = (member for member in members() if "entry-points" in member.project)
    names = [member.name for member in plugins if member.name != TESTKIT]
    registry, reports = survey_plugins(names)
    problems = [str(problem) for report in reports for problem in report.problems]
    if problems:
        raise ValueError("\n".join(problems))
    return registry


def sections(registry: Registry) -> Iterator[Section]:
    """The sections of the page, in its order."""
    top = [*_keys(PracticeConfig, CORE, only=CORE_KEYS), *_claimed(registry)]
    yield Section("`serienpost.yaml`", "Quotes are needed where a text looks like a number.", top)
    for name, channel in registry.channels.items():
        own = [key for key in channel.account.model_fields if _is_own(channel.account, key)]
        yield Section(
            f"Accounts of `{name}`",
            f"With `channel: {name}`, beside the keys of every account.",
            list(_keys(channel.account, _owner(registry, "channels", name), only=own)),
        )
    yield Section(
        "A vendor's policy",
        "The file `/etc/serienpost/policy.yaml`, or the one named by `SERIENPOST_POLICY`, is read"
        " first; it may hold every key above and these.",
        list(_keys(Policy, CORE)),
    )
    yield Section(
        "A mailing", "`mailings/NAME.yaml`.", list(_keys(Mailing, CORE, only=MAILING_KEYS))
    )
    for name, source in registry.sources.items():
        yield Section(
            f"`select` of `{name}`",
            f"With `source: {name}`.",
            list(_keys(source.selection, _owner(registry, "sources", name))),
        )


def _owner(registry: Registry, group: str, name: str) -> str:
    return registry.providers[group, name].distribution


def _claimed(registry: Registry) -> Iterator[Key]:
    for name, settings in registry.settings.items():
        owner = _owner(registry, "settings", name)
        schema = settings.model.model_json_schema()
        default = "required" if settings.required else ""
        meaning = inspect.cleandoc(settings.model.__doc__ or "")
        yield Key(name, type_name(schema, schema), default, owner, meaning)
        if not issubclass(settings.model, RootModel):
            yield from _keys(settings.model, owner, f"{name}.")


def _keys(
    model: type[BaseModel], owner: str, prefix: str = "", only: Iterable[str] | None = None
) -> Iterator[Key]:
    schema = model.model_json_schema()
    for name in model.model_fields if only is None else only:
        field = model.model_fields[name]
        key = field.alias or name
        described = schema["properties"][key]
        yield Key(
            f"{prefix}{key}",
            _type(field, described, schema),
            "the file name" if _is_file_name(model, name) else _default(field),
            owner,
            _meaning(field, described),
        )
        below, step = _below(field.annotation)
        if below:
            yield from _keys(below, owner, f"{prefix}{key}.{step}")


def _below(annotation: Any) -> tuple[type[BaseModel] | None, str]:  # noqa: ANN401  # a type form
    """The model whose keys stand below, and what stands between."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    if get_origin(annotation) is dict:
        value = get_args(annotation)[-1]
        while get_origin(value) is not None:
            value = get_args(value)[0]
        return _below(value)[0], "NAME."
    return None, ""


def _is_own(model: type[BaseModel], name: str) -> bool:
    """Whether a channel adds this key, or says more about it than every account does."""
    common = AccountSettings.model_fields.get(name)
    return common is None or common.description != model.model_fields[name].description


def _is_file_name(model: type[BaseModel], name: str) -> bool:
    return model is Mailing and name == GIVEN_BY_FILE_NAME


def _type(field: FieldInfo, described: dict[str, Any], schema: dict[str, Any]) -> str:
    if field.annotation is timedelta:
        return "length of time: `30 min`, `6 h`, `90 days`"
    if "^secret:" in json.dumps(described):
        return "`secret:NAME`"
    return type_name(described, schema)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value == "" or isinstance(value, BaseModel):
        return ""
    text = duration_text(value) if isinstance(value, timedelta) else value
    written = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, default=str)
    return f"`{written}`"


def _meaning(field: FieldInfo, described: dict[str, Any]) -> str:
    examples = [] if field.annotation is timedelta else described.get("examples", [])
    example = f" Example: `{_example(examples[0])}`" if examples else ""
    return f"{field.description or ''}{example}"


def _example(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _written(section: Section) -> str:
    head = "| key | type | default | owner | meaning |\n|---|---|---|---|---|"
    rows = "\n".join(
        f"| `{k.path}` | {cell(k.type)} | {cell(k.default)} | {k.owner} | {cell(k.meaning)} |"
        for k in section.keys
    )
    return f"## {section.title}\n\n{section.intro}\n\n{head}\n{rows}\n"


def cell(text: str) -> str:
    """The text as it may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")
