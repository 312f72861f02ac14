"""`serienpost new-plugin`: a complete package that passes its suite, to be changed from there."""

from __future__ import annotations

from pathlib import Path

import click

from serienpost import Reply, Texts, json_option
from serienpost_testkit.scaffold.writing import KINDS, Names, write_plugin

_ = Texts(__name__)


@click.command(name="new-plugin")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=Path(),
    help=_("Folder to write it in; default: the current one."),
)
@json_option
def new_plugin_command(kind: str, name: str, out: Path) -> Reply:
    """Write the package of a new plugin, with its tests.

    The package is called serienpost-KIND-NAME, installs as it is and passes the suite of its
    kind; change it from there.
    """
    names = Names(kind, name)
    written = write_plugin(names, out)
    folder = out / names.distribution

    def text() -> None:
        for path in written:
            click.echo(path)
        then = _("next: pip install -e '{folder}[test]' and pytest {folder}", folder=str(folder))
        click.echo(str(then))

    return Reply({"distribution": names.distribution, "files": [str(f) for f in written]}, text)
