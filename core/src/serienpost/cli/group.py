"""The `serienpost` command: knows its commands by name and one line, imports them when called."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serienpost.cli.language import spoken
from serienpost.cli.practice import name_folder
from serienpost.errors import PluginError, SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

_ = Texts(__name__)

# Command -> module below `serienpost.cli` and its line in `--help`.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("start", _("Make a practice folder.")),
    "demo": ("start", _("Show everything end to end on a demo practice.")),
    "doctor": ("doctor", _("Find what is wrong with this practice's set-up.")),
    "plugins": (
        "catalog",
        _("List plugins and what each provides, also those installed that are not named."),
    ),
    "sources": ("catalog", _("List sources, or explain one and its filters.")),
    "macros": ("catalog", _("List macros, and which are blocked here and why.")),
    "templates": ("catalog", _("List templates, or copy one into this practice.")),
    "config": ("configuration", _("Show the configuration that is in force.")),
    "check": ("prepare", _("Check a mailing without reading any recipient.")),
    "prepare": ("prepare", _("Select, review, render and freeze a mailing as a run.")),
    "review": ("review", _("Show or change who is marked in a prepared run.")),
    "preview": ("preview", _("Write what would leave as files, and what one can look at.")),
    "test": ("preview", _("Send one message to an address of your own.")),
    "send": ("send", _("Approve a prepared run and deliver it.")),
    "run": ("send", _("Prepare and send a mailing in one go, for cron.")),
    "runs": ("runs", _("List runs and their states, or what comes.")),
    "show": ("runs", _("Show a run, or what one person got and why.")),
    "report": ("runs", _("Report how a run went, as text, HTML or CSV.")),
    "resume": ("send", _("Continue a run that was stopped or paused.")),
    "worker": (
        "worker",
        _("Serve this practice until it is asked to stop, instead of cron."),
    ),
    "serve": ("start", _("Open the desk: all of this in a browser.")),
    "pause": ("control", _("Stop a run for now.")),
    "cancel": (
        "control",
        _("Stop a run for good, or take off a due date that could not be prepared."),
    ),
    "retry": ("send", _("Try the failed messages of a run again.")),
    "resolve": ("control", _("Decide about a message in doubt.")),
    "events": ("privacy", _("Ask providers for reports, bounces and complaints.")),
    "suppress": ("privacy", _("Keep the list of addresses that must not be written to.")),
    "users": ("users", _("Say who may use the desk, and what they may do there.")),
    "purge": ("privacy", _("Remove what the retention periods no longer cover.")),
    "export-person": ("privacy", _("Give out everything that the ledger knows about a person.")),
    "new-plugin": ("start", _("Write the package of a new plugin, with its tests.")),
    "erase-person": ("privacy", _("Replace a person by a tombstone everywhere in the ledger.")),
}

# Command -> module, attribute and distribution, of those that no practice has to name.
ELSEWHERE = {
    "demo": ("serienpost_demo", "demo_command", "serienpost-demo"),
    "serve": ("serienpost_web", "serve_command", "serienpost-web"),
    "new-plugin": ("serienpost_testkit.scaffold", "new_plugin_command", "serienpost-testkit"),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is called, and a plugin's commands only when
    no command of the core has the name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The core's commands, and the plugins' where there is a practice."""
        return [*COMMANDS, *sorted(self._plugin_commands(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name."""
        if cmd_name in ELSEWHERE:
            return _elsewhere(*ELSEWHERE[cmd_name])
        if cmd_name in COMMANDS:
            module = import_module(f"serienpost.cli.{COMMANDS[cmd_name][0]}")
            command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
            assert isinstance(command, click.Command)  # noqa: S101
            return command
        return self._plugin_commands(ctx).get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """With `--all-practices`, a command that runs these arguments in every practice."""
        above: Path | None = ctx.params.get("all_practices")
        if above is None:
            name, command, rest = super().resolve_command(ctx, args)
            unnamed = isinstance(command, click.Group) and not rest  # shows its help too
            if command and (unnamed or not _HELP.isdisjoint(rest)):
                command = spoken(command)
            return name, command, rest
        from serienpost.cli.all_practices import everywhere_command

        return args[0], everywhere_command(above, args, ctx.params.get("lang")), []

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help, in the present language."""
        said = spoken(self)
        assert isinstance(said, LazyGroup)  # noqa: S101  # a copy
        super(LazyGroup, said).format_help(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line per command, without importing any."""
        rows = [(name, str(line)) for name, (_module, line) in COMMANDS.items()]
        for name, command in sorted(self._plugin_commands(ctx).items()):
            rows.append((name, spoken(command).get_short_help_str(80)))
        with formatter.section(str(_("Commands"))):
            formatter.write_dl(rows)

    def _plugin_commands(self, ctx: click.Context) -> dict[str, click.Command]:
        folder = Path(ctx.params.get("practice") or ".")
        if not (folder / "serienpost.yaml").is_file():
            return {}
        from serienpost.config.loading import plugin_names
        from serienpost.manager import survey_plugins

        try:
            registry, _rest = survey_plugins(plugin_names(folder))
        except SerienpostError:
            return {}
        return registry.commands


def _elsewhere(module: str, attribute: str, distribution: str) -> click.Command:
    try:
        command = getattr(import_module(module), attribute)
    except (ImportError, AttributeError):
        raise PluginError(
            _("this command comes with {distribution}", distribution=distribution),
            hint=_("install it: pip install {distribution}", distribution=distribution),
        ) from None
    assert isinstance(command, click.Command)  # noqa: S101
    return command


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from serienpost import __version__

        click.echo(f"serienpost {__version__}")
        ctx.exit()


_HELP = frozenset({"-h", "--help"})


@click.group(cls=LazyGroup, context_settings={"help_option_names": sorted(_HELP)})
@click.option(
    "-C",
    "--practice",
    metavar="DIR",
    envvar="SERIENPOST_PRACTICE",
    default=".",
    show_default=True,
    is_eager=True,  # --help names the commands of its plugins
    help=_("Practice folder."),
)
@click.option(
    "--all-practices",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help=_("Run the command in every practice folder below DIR."),
)
@click.option(
    "--lang",
    metavar="LANGUAGE",
    help=_("Language of the answer; else what SERIENPOST_LANG, LANG or the practice say."),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help=_("Show the version."),
)
def cli(practice: str, all_practices: Path | None, lang: str | None) -> None:  # noqa: ARG001
    """One message to many people: only to those who allowed it, with only the data it needs."""
    name_folder(Path(practice))


def json_option(command: Callable[..., object]) -> Callable[..., object]:
    """The `--json` option of every command."""
    return click.option(
        "--json", is_flag=True, expose_value=False, help=_("One JSON document on stdout.")
    )(command)
