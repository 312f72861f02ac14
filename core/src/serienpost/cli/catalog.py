"""`plugins`, `sources`, `macros`, `templates`: what there is."""

from __future__ import annotations

import shutil
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, facts, table
from serienpost.cli.practice import practice_folder, with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import ConfigError, Exit, Problem, SerienpostError, TemplateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from serienpost.context import PracticeContext
    from serienpost.contracts.kinds import Kind
    from serienpost.contracts.macros import Macro
    from serienpost.contracts.rows import Source
    from serienpost.fields import Part, Sensitivity

PARTS: tuple[Part, ...] = ("text", "subject")


@click.command(name="plugins")
@json_option
def plugins_command() -> Reply:
    """List plugins and what each provides."""
    from serienpost.config.loading import plugin_names
    from serienpost.manager import survey_plugins

    _, reports = survey_plugins(plugin_names(practice_folder()))
    problems = tuple(problem for report in reports for problem in report.problems)
    plugins = [
        {
            "name": report.name,
            "version": report.version,
            "ok": not report.problems,
            "provides": report.provides,
            "problems": [str(problem) for problem in report.problems],
        }
        for report in reports
    ]

    def text() -> None:
        table(
            ["plugin", "version", "", "provides"],
            (
                (
                    report.name,
                    report.version or "-",
                    Cell("BROKEN", "bold red") if report.problems else Cell("ok", "green"),
                    "; ".join(_grouped(report.provides)),
                )
                for report in reports
            ),
        )

    return Reply(
        {"plugins": plugins}, text, Exit.REFUSED if problems else Exit.DONE, problems=problems
    )


def _grouped(provides: Sequence[str]) -> Iterator[str]:
    """`macro A`, `macro B`, `source C` -> `macros A, B`, `source C`."""
    names: dict[str, list[str]] = {}
    for thing, _, name in (provided.rpartition(" ") for provided in provides):
        names.setdefault(thing, []).append(name)
    for thing, found in names.items():
        yield f"{thing}{'s' if len(found) > 1 else ''} {', '.join(found)}"


@click.command(name="sources")
@click.argument("name", required=False)
@json_option
@with_practice
def sources_command(context: PracticeContext, name: str | None) -> Reply:
    """List sources, or explain one and its filters."""
    sources = context.registry.sources
    if name is not None:
        if name not in sources:
            raise ConfigError(f"there is no source {name}", hint=_nearest(name, sources))
        return _one_source(context, sources[name])
    listed = [_source(context, source) for source in sources.values()]

    def text() -> None:
        table(["source", "title", "plugin"], ((s["name"], s["title"], s["plugin"]) for s in listed))

    return Reply({"sources": listed}, text)


def _source(context: PracticeContext, source: Source[Any]) -> dict[str, Any]:
    provider = context.registry.providers["sources", source.name]
    return {"name": source.name, "title": source.title, "plugin": str(provider)}


def _one_source(context: PracticeContext, source: Source[Any]) -> Reply:
    schema = source.selection.model_json_schema()
    required = schema.get("required", ())
    filters = [
        {
            "name": name,
            "type": type_name(field, schema),
            "required": name in required,
            "default": field.get("default"),
            "description": field.get("description", ""),
            "examples": field.get("examples", []),
        }
        for name, field in schema.get("properties", {}).items()
    ]
    data = {**_source(context, source), "filters": filters}

    def text() -> None:
        facts([("source", data["name"]), ("title", data["title"]), ("plugin", data["plugin"])])
        for field in filters:
            click.echo()
            facts(_manual(field))

    return Reply({"source": data}, text)


def _manual(field: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield field["name"], field["type"] + (" (required)" if field["required"] else "")
    yield "", field["description"]
    if field["default"] is not None:
        yield "  default", _written(field["default"])
    for example in field["examples"]:
        yield "  example", f"{field['name']}: {_written(example)}"


def _written(value: object) -> str:
    """The value as it may stand in a YAML file."""
    import json

    return json.dumps(value, ensure_ascii=False)


_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "map",
}


def type_name(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a person writes for this part of a JSON schema; null, for "absent", is left out."""
    if "$ref" in field:
        return type_name(schema["$defs"][field["$ref"].rsplit("/", 1)[-1]], schema)
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    choices = field.get("anyOf", field.get("oneOf"))
    if choices:
        names = [type_name(choice, schema) for choice in choices if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(names))
    if field.get("type") == "array":
        return f"list of {type_name(field.get('items', {}), schema)}"
    return _TYPES.get(field.get("type", ""), "any value")


@click.command(name="macros")
@click.option("--account", metavar="A", help="Only what counts for messages of this account.")
@click.option("--kind", metavar="K", help="Only what counts for this kind: email, sms, letter.")
@json_option
@with_practice
def macros_command(
    context: PracticeContext,
    account: str | None,
    kind: str | None,
) -> Reply:
    """List macros, and which are blocked here and why."""
    kinds = _kinds(context, account, kind)
    offered, classes = _offers(context)
    macros = [
        _macro(context, macro, kinds, offered, classes)
        for _, macro in sorted(context.registry.macros.items())
    ]

    def text() -> None:
        table(
            ["macro", "class", "example", "allowed in", "blocked"],
            (
                (
                    macro["name"],
                    macro["class"],
                    macro["example"],
                    ", ".join(macro["allowed"]) or Cell("nothing", "red"),
                    "; ".join(dict.fromkeys(b["reason"] for b in macro["blocked"])),
                )
                for macro in macros
            ),
        )

    return Reply({"kinds": [kind.name for kind in kinds], "macros": macros}, text)


def _kinds(context: PracticeContext, account: str | None, name: str | None) -> list[Kind]:
    """The kinds that count: an account's, a named one, or all that the practice can send."""
    from serienpost.kinds import CORE_KINDS, core_kind

    accounts, channels = context.config.accounts, context.registry.channels
    if account is not None:
        if account not in accounts:
            raise ConfigError(f"there is no account {account}", hint=_nearest(account, accounts))
        kind = context.registry.kind(channels[accounts[account].channel])
        if name not in (None, kind.name):
            raise ConfigError(f"the account {account} sends {kind.name}, not {name}")
        return [kind]
    known = {name: core_kind(name) for name in CORE_KINDS}
    for channel in channels.values():
        kind = context.registry.kind(channel)
        known.setdefault(kind.name, kind)
    if name is None:
        return list(known.values())
    if name not in known:
        raise ConfigError(f"there is no kind {name}", hint=_nearest(name, known))
    return [known[name]]


def _offers(context: PracticeContext) -> tuple[frozenset[str], dict[str, Sensitivity]]:
    """Fields that at least one source offers, and the strictest class that a schema gives each.

    A source that needs a selection before it can tell is left to `check`.
    """
    from pydantic import ValidationError

    from serienpost.fields import CATALOGUE, Sensitivity

    offered: set[str] = set()
    classes: dict[str, Sensitivity] = {}
    left_out = not context.registry.sources
    for source in context.registry.sources.values():
        try:
            selection = source.selection.model_validate({})
        except ValidationError:
            left_out = True
            continue
        for name, given in source.offers(context, selection).items():
            offered.add(name)
            if given is not None:
                named = Sensitivity.named(given)
                classes[name] = max(named, classes.get(name, named))
    return frozenset(offered | set(CATALOGUE) if left_out else offered), classes


def _macro(
    context: PracticeContext,
    macro: Macro,
    kinds: Collection[Kind],
    offered: Collection[str],
    classes: Mapping[str, Sensitivity],
) -> dict[str, Any]:
    from serienpost.firewall import effective, refusal
    from serienpost.templates.formats import Formats

    harmless = bool(context.config.appointment_types_harmless)
    reasons = {
        (kind.name, part): refusal(
            macro, kind, part, classes, offered=offered, harmless_types=harmless
        )
        for kind in kinds
        for part in PARTS
    }
    return {
        "name": macro.name,
        "class": effective(macro, classes).label,
        "description": macro.description,
        "example": Formats("de", context.zone).plain(macro.example),
        "fields": sorted(macro.fields),
        "allowed": [kind.name for kind in kinds if reasons[kind.name, "text"] is None],
        "blocked": [
            {"kind": kind, "part": part, "reason": reason}
            for (kind, part), reason in reasons.items()
            if reason
        ],
        "plugin": str(context.registry.providers["macros", macro.name]),
    }


@click.group(name="templates", invoke_without_command=True)
@json_option
@click.pass_context
def templates_command(click_context: click.Context) -> Reply:
    """List templates, or copy one into this practice."""
    return Reply() if click_context.invoked_subcommand else _templates()


@with_practice
def _templates(context: PracticeContext) -> Reply:
    templates, problems = [], []
    held: dict[str, set[str]] = {}
    for origin, folder in _folders(context):
        for name in _names(folder):
            template, found = _template(context, folder, name)
            problems += found
            kinds = template["kinds"]
            hidden = [kind for kind in kinds if kind in held.get(name, ())]
            held.setdefault(name, set()).update(kinds)
            templates.append({"name": name, "origin": origin, **template, "shadowed": hidden})

    def text() -> None:
        table(
            ["template", "kinds", "purposes", "language", "from", "shadowed"],
            (
                (
                    template["name"],
                    ", ".join(template["kinds"]),
                    ", ".join(template["purposes"]) or "any",
                    ", ".join(template["languages"]),
                    template["origin"],
                    ", ".join(template["shadowed"]),
                )
                for template in templates
            ),
        )

    return Reply(
        {"templates": templates},
        text,
        Exit.REFUSED if problems else Exit.DONE,
        problems=tuple(problems),
    )


def _folders(context: PracticeContext) -> list[tuple[str, Path]]:
    """Where templates are looked for, in this order, each with the name of its origin."""
    from serienpost.run.prepare.check import template_folders

    return list(
        zip(("practice", *context.registry.template_packs), template_folders(context), strict=True)
    )


def _names(folder: Path) -> list[str]:
    from serienpost.templates.folder import template_names

    return template_names([folder])


def _template(
    context: PracticeContext, folder: Path, name: str
) -> tuple[dict[str, list[str]], list[Problem]]:
    """The kinds, purposes and languages of one template, and what is wrong with its files."""
    from serienpost.templates.folder import load_template

    kinds: list[str] = []
    purposes: set[str] = set()
    languages: set[str] = set()
    problems: list[Problem] = []
    for kind in _kinds(context, None, None):
        if not (folder / name / kind.template_suffix).is_file():
            continue
        kinds.append(kind.name)
        try:
            files = load_template(name, kind.template_suffix, [folder])
        except TemplateError as error:
            problems += error.problems
            continue
        purposes.update(files.purposes)
        languages.add(files.language)
    found = {"kinds": kinds, "purposes": sorted(purposes), "languages": sorted(languages)}
    return found, problems


@templates_command.command(name="copy")
@click.argument("name")
@json_option
@with_practice
def copy_command(context: PracticeContext, name: str) -> Reply:
    """Copy a ready template into this practice, to change it there; overwrites nothing."""
    (_, own), *packs = _folders(context)
    origin, folder = next(
        ((origin, folder) for origin, folder in packs if name in _names(folder)), (None, None)
    )
    if folder is None:
        known = [known for _, pack in packs for known in _names(pack)]
        hint = _nearest(name, known) if known else "name serienpost-templates under plugins:"
        raise TemplateError(f"no pack has a template {name}", hint=hint)
    target = own / name
    try:
        shutil.copytree(folder / name, target, copy_function=shutil.copyfile)
    except FileExistsError:
        raise SerienpostError(
            Problem("is there already; nothing was copied", "move it away first", str(target))
        ) from None
    except OSError as error:
        raise SerienpostError(Problem("cannot be written", None, str(target))) from error
    files = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())

    def text() -> None:
        click.echo(f"copied {name} from {origin} to {target}: {', '.join(files)}")

    return Reply({"template": name, "origin": origin, "folder": str(target), "files": files}, text)


def _nearest(name: str, known: Collection[str]) -> str | None:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are {', '.join(sorted(known))}" if known else None
