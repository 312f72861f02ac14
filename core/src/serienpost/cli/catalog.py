"""`plugins`, `sources`, `macros`, `templates`: what there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, print_facts, print_table, say
from serienpost.cli.practice import named_folder, with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import Exit
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from serienpost.manager import PluginReport
    from serienpost.service import Practice
    from serienpost.service.catalog import Filter
    from serienpost.translation import Text

_ = Texts(__name__)


@click.command(name="plugins")
@json_option
def plugins_command() -> Reply:
    """List plugins and what each provides, also those installed that are not named."""
    from serienpost.config.loading import plugin_names
    from serienpost.manager import survey_plugins, unnamed_plugins

    names = plugin_names(named_folder())
    reports = survey_plugins(names)[1]
    reports += unnamed_plugins(names)
    problems = tuple(problem for report in reports for problem in report.problems)
    plugins = [
        {
            "name": report.name,
            "version": report.version,
            "ok": not report.problems,
            "named": report.is_named,
            "provides": report.provides,
            "problems": [str(problem) for problem in report.problems],
        }
        for report in reports
    ]

    def text() -> None:
        print_table(
            [_("plugin"), _("version"), "", _.pgettext("column", "provides")],
            (
                (
                    report.name,
                    report.version or "-",
                    _state(report),
                    joined("; ", list(_grouped(report.provides))),
                )
                for report in reports
            ),
        )

    return Reply(
        {"plugins": plugins}, text, Exit.REFUSED if problems else Exit.DONE, problems=problems
    )


def _state(report: PluginReport) -> Cell:
    if report.problems:
        return Cell(_("BROKEN"), "bold red")
    return Cell(_("ok"), "green") if report.is_named else Cell(_("not named"), "yellow")


def _grouped(provides: Sequence[str]) -> Iterator[str]:
    """`macro A`, `macro B`, `source C` -> `macros A, B`, `source C`."""
    names: dict[str, list[str]] = {}
    for provided in provides:
        thing, name = provided.rsplit(" ", 1)
        names.setdefault(thing, []).append(name)
    for thing, found in names.items():
        things = _THINGS[thing](len(found)) if thing in _THINGS else thing
        yield joined(" ", (things, ", ".join(found)))


# What plugins provide; the names follow.
_THINGS: Mapping[str, Callable[[int], Text]] = {
    "source": lambda n: _.ngettext("source", "sources", n),
    "consent check": lambda n: _.ngettext("consent check", "consent checks", n),
    "macro": lambda n: _.ngettext("macro", "macros", n),
    "channel": lambda n: _.ngettext("channel", "channels", n),
    "secret store": lambda n: _.ngettext("secret store", "secret stores", n),
    "archive": lambda n: _.ngettext("archive", "archives", n),
    "dispatcher": lambda n: _.ngettext("dispatcher", "dispatchers", n),
    "template pack": lambda n: _.ngettext("template pack", "template packs", n),
    "setting": lambda n: _.ngettext("setting", "settings", n),
    "command": lambda n: _.ngettext("command", "commands", n),
}


@click.command(name="sources")
@click.argument("name", required=False)
@json_option
@with_practice
def sources_command(practice: Practice, name: str | None) -> Reply:
    """List sources, or explain one and its filters."""
    from serienpost.service.catalog import source, sources

    if name is not None:
        manual = source(practice, name)

        def explain() -> None:
            known = (
                (_("source"), manual.name),
                (_("title"), manual.title),
                (_("plugin"), manual.plugin),
            )
            print_facts(known)
            for one in manual.filters:
                click.echo()
                print_facts(_explained(one))

        return Reply({"source": manual.document()}, explain)
    found = sources(practice)

    def text() -> None:
        lines = ((one.name, one.title, one.plugin) for one in found)
        print_table([_("source"), _("title"), _("plugin")], lines)

    return Reply({"sources": [one.document() for one in found]}, text)


def _explained(one: Filter) -> Iterator[tuple[str, object]]:
    yield one.name, _("{type} (required)", type=one.type) if one.required else one.type
    yield "", one.description
    if one.default is not None:
        yield joined("", ("  ", _("default"))), _written(one.default)
    for example in one.examples:
        yield joined("", ("  ", _("example"))), f"{one.name}: {_written(example)}"


def _written(value: object) -> str:
    """The value as it may stand in a YAML file."""
    return json.dumps(value, ensure_ascii=False)


@click.command(name="macros")
@click.option("--account", metavar="A", help=_("Only what counts for messages of this account."))
@click.option("--kind", metavar="K", help=_("Only what counts for this kind: email, sms, letter."))
@json_option
@with_practice
def macros_command(practice: Practice, account: str | None, kind: str | None) -> Reply:
    """List macros, and which are blocked here and why."""
    from serienpost.service.catalog import macros

    found = macros(practice, account, kind)

    def text() -> None:
        print_table(
            [
                _("macro"),
                _("class"),
                _("example"),
                _("allowed in"),
                _.pgettext("column", "blocked"),
            ],
            (
                (
                    one.name,
                    one.sensitivity,
                    one.example,
                    ", ".join(one.allowed) or Cell(_("nothing"), "red"),
                    joined("; ", list(dict.fromkeys(where.reason for where in one.blocked))),
                )
                for one in found.macros
            ),
        )

    return Reply(found.document(), text)


@click.group(name="templates", invoke_without_command=True)
@json_option
@click.pass_context
def templates_command(click_context: click.Context) -> Reply:
    """List templates, or copy one into this practice."""
    return Reply() if click_context.invoked_subcommand else _templates()


@with_practice
def _templates(practice: Practice) -> Reply:
    from serienpost.service.catalog import templates

    found, problems = templates(practice)

    def text() -> None:
        print_table(
            [
                _("template"),
                _("kinds"),
                _("purposes"),
                _("language"),
                _.pgettext("column", "from"),
                _.pgettext("column", "shadowed"),
            ],
            (
                (
                    one.name,
                    ", ".join(one.kinds),
                    ", ".join(one.purposes) or _.pgettext("purpose", "any"),
                    ", ".join(one.languages),
                    _("practice") if one.origin == "practice" else one.origin,
                    ", ".join(one.shadowed),
                )
                for one in found
            ),
        )

    code = Exit.REFUSED if problems else Exit.DONE
    return Reply({"templates": [one.document() for one in found]}, text, code, problems)


@templates_command.command(
    name="copy", short_help=_("Copy a ready template into this practice, to change it.")
)
@click.argument("name")
@json_option
@with_practice
def copy_command(practice: Practice, name: str) -> Reply:
    """Copy a ready template into this practice, to change it there; overwrites nothing."""
    from serienpost.service.catalog import copy_template

    done = copy_template(practice, name)

    def text() -> None:
        say(
            _(
                "copied {template} from {origin} to {folder}: {files}",
                template=done.template,
                origin=done.origin,
                folder=done.folder,
                files=done.files,
            )
        )

    return Reply(done.document(), text)
