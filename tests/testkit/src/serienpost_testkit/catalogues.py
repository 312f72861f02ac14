"""The catalogues of a package: its texts as the code makes them, and their translations.

    python -m serienpost_testkit.catalogues src/serienpost_channel_pigeon

brings `locale/de/LC_MESSAGES/serienpost_channel_pigeon.po` up to the code and compiles it; what is
then left to translate is told. `--check` changes nothing and tells also what would be changed.
Further folders, such as `locale/fr`, are kept in the same way.

The files depend on nothing but code and translations: no dates, no line numbers, sorted.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from dataclasses import dataclass
from functools import cache, cached_property
from gettext import GNUTranslations
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from babel.messages.catalog import Catalog  # noqa: TID253  # a tool
from babel.messages.extract import extract_from_dir, extract_python  # noqa: TID253
from babel.messages.mofile import write_mo  # noqa: TID253
from babel.messages.pofile import read_po, write_po  # noqa: TID253

from serienpost import Text, paragraphs, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from babel.messages.catalog import Message

# Calls of `Texts`, and which of their arguments are messages.
KEYWORDS: Mapping[str, Any] = {"_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}

_BRACED = re.compile(r"\{[^{}]*\}")

# A language that every package has.
DEFAULT = "de"

# The package of the core, whose catalogue is not a plugin's.
CORE = "serienpost"


class _Stable(Catalog):
    """A catalogue whose header says nothing of when and by what it was written."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


def extract(
    file: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Sequence[str],
    options: Any,  # noqa: ANN401
) -> Iterator[tuple[Any, ...]]:
    """What Babel finds in a module, and the docstrings of commands, which are their help."""
    yield from extract_python(file, keywords, comment_tags, options)
    file.seek(0)
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.FunctionDef) and any(map(_makes_command, node.decorator_list)):
            help_text = ast.get_docstring(node, clean=False)
            for _, paragraph in paragraphs(help_text or ""):
                yield node.lineno, "_", paragraph, []


def _makes_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in ("command", "group")


@dataclass(frozen=True)
class Package:
    """A package with its catalogues.

    Args:
        folder: of the package, such as `src/serienpost_channel_pigeon`.
        also: folders of packages whose texts this one translates too.
    """

    folder: Path
    also: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def template(self) -> Catalog:
        """The messages that the code makes, and templates of pages (`*.jinja`), which call `_`,
        `ngettext` and `pgettext`."""
        found = Catalog()
        method = [
            ("**.py", "serienpost_testkit.catalogues:extract"),
            ("**.jinja", "jinja2.ext:babel_extract"),
        ]
        for folder in (self.folder, *self.also):
            taken = extract_from_dir(str(folder), method, keywords=KEYWORDS)
            for _, _, message, _, context in taken:
                found.add(message, context=context)
        return found

    @property
    def languages(self) -> list[str]:
        """Those that have a folder; German where there is anything to say."""
        folders = (self.folder / "locale").glob("*/LC_MESSAGES")
        return sorted(
            {one.parent.name for one in folders} | ({DEFAULT} if len(self.template) else set())
        )

    def path(self, language: str) -> Path:
        """The catalogue's file that people edit."""
        return self.folder / "locale" / language / "LC_MESSAGES" / f"{self.name}.po"

    def catalogue(self, language: str) -> Catalog:
        """The messages of the code, with the translations that there are."""
        known = _read(self.path(language), language)
        made = _Stable(language, domain=self.name, header_comment=f"# {self.name}", fuzzy=False)
        for message in self.template:
            if message.id:
                old = known.get(message.id, message.context)
                made.add(
                    message.id,
                    old.string if old else None,
                    flags=old.flags & {"fuzzy"} if old else (),
                    user_comments=old.user_comments if old else (),
                    context=message.context,
                )
        return made

    def files(self, language: str) -> dict[Path, bytes]:
        """The files of a language as they should be."""
        catalogue, path = self.catalogue(language), self.path(language)
        text, compiled = io.BytesIO(), io.BytesIO()
        write_po(text, catalogue, width=0, no_location=True, sort_output=True)
        write_mo(compiled, catalogue)
        return {path: text.getvalue(), path.with_suffix(".mo"): compiled.getvalue()}

    def write(self, language: str) -> None:
        """Bring the files of a language up to the code."""
        for path, data in self.files(language).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def faults(self, *, written: bool = True) -> list[str]:
        """What is wrong with texts and translations, a line each.

        Args:
            written: that files are not what the code and the translations make; else only that
                translations are not compiled.
        """
        found = list(misused_texts(self.folder))
        for language in self.languages:
            if written:
                found += [
                    f"{path}: is not up to the code; update it"
                    for path, data in self.files(language).items()
                    if not path.is_file() or path.read_bytes() != data
                ]
            path = self.path(language)
            wrong = [
                f"{path}: {said}: {message.id!r}"
                for message in self.catalogue(language)
                for said in _wrong(message)
            ]
            found += wrong
            if not written and not wrong and not self._is_compiled(language):
                found.append(f"{path.with_suffix('.mo')}: is not up to the translations; update it")
        return found

    def _is_compiled(self, language: str) -> bool:
        """Whether what runs says what the translations say."""
        path = self.path(language).with_suffix(".mo")
        if not path.is_file():
            return False
        with path.open("rb") as file:
            known = GNUTranslations(file)
        return all(_is_compiled(one, known) for one in self.catalogue(language) if one.id)


def untranslated(said: Iterable[str]) -> list[str]:
    """What keeps these sentences from being said in the languages of their packages, a line each.
    Plain sentences and those of the core are passed over."""
    texts = [text for one in said for text in _texts(one) if text.domain != CORE]
    found = [
        fault for domain in sorted({text.domain for text in texts}) for fault in faults(domain)
    ]
    return found or [
        f"the catalogue of {text.domain} does not have {text.message!r}"
        for text in texts
        if _template(text.domain).get(text.message, text.context) is None
    ]


@cache
def faults(domain: str) -> tuple[str, ...]:
    """What is wrong with the catalogues of a package that can be imported, a line each."""
    package = _package(domain)
    if package is None:
        return (f"{domain} is no package and has no catalogue",)
    return tuple(package.faults(written=False))


def has_texts(domain: str) -> bool:
    """Whether a package makes sentences that can be translated."""
    return len(_template(domain)) > 0


def _template(domain: str) -> Catalog:
    package = _package(domain)
    return package.template if package else Catalog()


@cache
def _package(domain: str) -> Package | None:
    """A package with an `__init__`; any other folder may hold several."""
    try:
        spec = find_spec(domain)
    except ValueError:  # a module that was made by hand
        spec = None
    if spec is None or spec.origin is None or spec.parent != domain:
        return None
    return Package(Path(spec.origin).parent)


def _texts(value: object) -> Iterator[Text]:
    """The texts that a sentence consists of."""
    if isinstance(value, Text):
        if value.domain:
            yield value
        yield from _texts(list(value.values.values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _read(path: Path, language: str) -> Catalog:
    if not path.is_file():
        return Catalog(language)
    with path.open("rb") as file:
        return read_po(file, language, abort_invalid=True)


def _wrong(message: Message) -> Iterator[str]:
    """What is wrong with one translation."""
    if not message.id:
        return
    ids = _forms(message.id)
    said = _forms(message.string)
    if not all(said):
        yield "is not translated"
        return
    if message.fuzzy:
        yield "is fuzzy"
    counted = {"{n}"} if len(ids) > 1 else set()
    wanted = [counted.union(_BRACED.findall(form)) for form in ids]
    if any(counted.union(_BRACED.findall(form)) not in wanted for form in said):
        yield "has other placeholders"


def _is_compiled(message: Message, known: GNUTranslations) -> bool:
    """Whether a translation is what a compiled catalogue says."""
    if not isinstance(message.id, str):
        one, several = message.id
        return all(known.ngettext(one, several, n) in _forms(message.string) for n in (1, 2))
    if message.context is not None:
        return known.pgettext(message.context, message.id) == message.string
    return known.gettext(message.id) == message.string


def _forms(text: str | Sequence[str] | None) -> list[str]:
    return [text or ""] if text is None or isinstance(text, str) else list(text)


def misused_texts(folder: Path) -> Iterator[str]:
    """Texts that cannot be translated or are not said as such: the message is no literal, its
    placeholders are not the values that are given, it is made within an f-string, or handed to
    `click.echo`, which writes the English of a text."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for fault in _misuses(node):
                yield f"{path}:{getattr(node, 'lineno', 0)}: {fault}"


def _misuses(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        # Those that read the code for messages do not look there.
        within = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
        if any(_messages_of(one) is not None for one in within):
            yield "a text is not made within an f-string"
    if not isinstance(node, ast.Call):
        return
    if (messages := _messages_of(node)) is not None:
        yield from _misuse(node, messages)
    called = getattr(node.func, "attr", "")
    texts = [one for one in node.args if isinstance(one, ast.Call)]
    if called in ("echo", "secho") and any(_messages_of(one) is not None for one in texts):
        yield f"{called} writes the English of a text: say it by str()"


def _messages_of(call: ast.Call) -> list[ast.expr] | None:
    """The arguments of a text that are messages; None for another call."""
    match call.func:
        case ast.Name("_"):
            return call.args[:1]
        case ast.Attribute(ast.Name("_"), "ngettext"):
            return call.args[:2]
        case ast.Attribute(ast.Name("_"), "pgettext"):
            return call.args[1:2]
    return None


def _misuse(call: ast.Call, messages: list[ast.expr]) -> Iterator[str]:
    literals = [one.value for one in messages if isinstance(one, ast.Constant)]
    texts = [one for one in literals if isinstance(one, str) and one.strip()]
    if not texts or len(texts) != len(messages):
        yield "the message of a text is a literal, not made of other texts"
        return
    given = {keyword.arg for keyword in call.keywords}
    counted = (
        {"n"} if isinstance(call.func, ast.Attribute) and call.func.attr == "ngettext" else set()
    )
    wanted = placeholders(" ".join(texts))
    if given - counted != wanted - counted:
        names = ", ".join(sorted(wanted)) or "none"
        yield f"the values of a text are those of its placeholders: {names}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Update or check the catalogues of packages; 1 where something is left to do."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("package", type=Path, nargs="+")
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args(arguments)
    found = []
    for folder in chosen.package:
        package = Package(folder)
        if not chosen.check:
            for language in package.languages:
                package.write(language)
        found += package.faults()
    for fault in found:
        print(fault, file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
