"""Put what the code says about itself into the manual, so that it cannot drift (mkdocs hooks).

Pages of their own (one per command, one per hook) exist only in the built manual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docs_commands import command_pages, commands_page
from docs_errors import errors_page
from docs_hooks import hook_pages, hooks_page
from docs_keys import keys_page
from docs_states import command_states, message_moves, run_moves
from workspace import ROOT

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

# Mark in a page of `docs/` -> what writes the text in its place.
PLACES = {
    "<!-- hooks -->": hooks_page,
    "<!-- keys -->": keys_page,
    "<!-- commands -->": commands_page,
    "<!-- errors -->": errors_page,
    "<!-- run moves -->": run_moves,
    "<!-- message moves -->": message_moves,
    "<!-- command states -->": command_states,
}

# Page of `docs/` -> the generated pages that follow it in the manual.
PAGES = {"commands.md": command_pages, "hooks.md": hook_pages}

# Page of the manual -> the file of the project's folder that it shows.
ABOVE = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Called by mkdocs first: the generated pages get their places in the navigation."""
    config.nav = _with_pages(config.nav)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by mkdocs with the files of `docs/`: adds the generated ones."""
    from mkdocs.structure.files import File

    for generate in PAGES.values():
        for path, text in generate():
            files.append(File.generated(config, path, content=text))
    for path, name in ABOVE.items():
        files.append(File.generated(config, path, content=from_above(name)))
    return files


def from_above(name: str) -> str:
    """A file of the project's folder, with its links as they lead from the manual."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
    for path, other in ABOVE.items():
        text = text.replace(f"]({other}", f"]({path}")
    return text


def on_page_markdown(markdown: str, **_: object) -> str:
    """Called by mkdocs for each page; replaces each place mark by what belongs there."""
    for place, generate in PLACES.items():
        if place in markdown:
            markdown = markdown.replace(place, generate())
    return markdown


def _with_pages(nav: Any) -> Any:  # noqa: ANN401  # as YAML gives it
    """The navigation in which a section `{title: [page]}` goes on with that page's own pages."""
    if isinstance(nav, dict):
        return {title: _with_pages(below) for title, below in nav.items()}
    if isinstance(nav, list):
        below = [_with_pages(entry) for entry in nav]
        heads = [entry for entry in nav if isinstance(entry, str) and entry in PAGES]
        more = [path for head in heads for path, _ in PAGES[head]()]
        return [*below, *more]
    return nav
