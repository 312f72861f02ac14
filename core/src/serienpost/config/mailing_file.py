"""Reading `mailings/NAME.yaml` and checking what it refers to."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost.config.document import Document
from serienpost.config.literal_secrets import refuse_literals
from serienpost.config.mailing import MAILING_KEYS, OF_DRAFTS, Mailing, SelectBlock
from serienpost.config.problems import Collector, did_you_mean, listed
from serienpost.config.reader import scan_yaml
from serienpost.config.uploads import placed_uploads
from serienpost.errors import ConfigError, Problem
from serienpost.files import nearest_path
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from serienpost.config.document import Loc
    from serienpost.config.uploads import Upload
    from serienpost.context import PracticeContext

_ = Texts(__name__)

FOLDER = "mailings"

# Bytes of one name in common file systems, less the suffix.
_LONGEST_NAME = 240
_SUFFIXES = (".yaml", ".yml")
_NO_FILE = Path()
# Stands for the id of a mailing that nobody has begun to write.
_NO_NAME = "none"
# Keys that say how and why something is sent.
_WAY = ("account", "purpose")
# Keys that name something of the configuration.
_NAMING = ("account", "purpose", "signature")
# How runs are called, for who takes the one for the other.
_RUN = re.compile(r"[0-9]{8}-[0-9A-Za-z]{4}")


def mailing_names(context: PracticeContext) -> tuple[str, ...]:
    """The mailings of the practice folder, by file name."""
    return tuple(sorted(path.stem for path in context.path(FOLDER).glob("*.yaml")))


class MailingHead(NamedTuple):
    """What a file of `mailings/` says of the mailing at first sight: its file name, id and title,
    which are the file name where it has none, account and purpose."""

    name: str
    id: str
    title: str
    account: str | None
    purpose: str | None


def mailing_heads(context: PracticeContext) -> list[MailingHead]:
    """The mailings of the practice folder by file name; one whose file cannot be read goes by its
    name."""
    found = []
    for name, data in _written(context):
        told, title, account, purpose = (
            value if isinstance(value := data.get(key), str) and value else None
            for key in ("id", "title", "account", "purpose")
        )
        own = told or name
        found.append(MailingHead(name, own, title or own, account, purpose))
    return found


def _written(context: PracticeContext) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in mailing_names(context):
        try:
            yield name, scan_yaml(context.path(FOLDER) / f"{name}.yaml").data
        except ConfigError:
            yield name, {}


def mailings_of_template(context: PracticeContext, template: str) -> tuple[str, ...]:
    """The mailings of the practice folder that name this template, by file name."""
    return tuple(name for name, data in _written(context) if data.get("template") == template)


def mailing_with_id(context: PracticeContext, mailing_id: str) -> MailingHead | None:
    """The mailing of the practice folder that has this id."""
    return next((head for head in mailing_heads(context) if head.id == mailing_id), None)


def load_mailing(context: PracticeContext, name_or_path: str) -> Mailing:
    """Read a mailing and check everything that needs no recipient and no template.

    Args:
        context: the practice.
        name_or_path: a file of `mailings/` without its suffix, or a path.

    Raises:
        ConfigError: there is no such mailing, or everything that is wrong with it.
    """
    path = _path(context, name_or_path)
    return check_document(context, scan_yaml(path), path.stem, path=path)


def check_document(
    context: PracticeContext,
    document: Document,
    mailing_id: str,
    *,
    path: Path = _NO_FILE,
    uploads: Collection[Upload] = (),
    has_people: bool = True,
    has_text: bool = True,
    has_way: bool = True,
) -> Mailing:
    """The mailing in a document, wherever that comes from.

    Args:
        context: the practice.
        document: the keys of a mailing.
        mailing_id: its id, unless the document says another.
        path: the file.
        uploads: what was given to a draft.
        has_people: whether it says whom it is for; else it gets a selection's people.
        has_text: whether it says what is written; there is none yet where people are chosen.
        has_way: whether it says by which account and why; nobody does where people are looked for.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    collector = Collector(
        lambda loc: (document.file or None, document.line(loc)), problems=document.problems
    )
    known = MAILING_KEYS if document.is_file else (*MAILING_KEYS, *OF_DRAFTS)
    collector.unknown_keys(document.data, known)
    data = placed_uploads(context.path, document, uploads, collector)
    keys = {key: value for key, value in data.items() if key in known}
    without = {} if has_way else dict.fromkeys(_WAY, _NO_NAME)
    mailing = collector.validate(Mailing, {"id": mailing_id, **without, **keys})
    blocks = _blocks(context, data, collector) if has_people else []
    _check_names(context, data, collector)
    if has_text:
        _check_text(context, data, collector, may_change=not document.is_file)
    collector.raise_if_any()
    assert mailing is not None  # noqa: S101  # otherwise there are problems
    title = mailing.title or mailing.id
    checked = mailing.model_copy(
        update={"title": title, "blocks": tuple(blocks), "source_path": path}
    )
    attached = {one.reference: one.name for one in uploads if one.kind == "attachment"}
    return checked.read_from(document, attached)


def check_choice(
    context: PracticeContext, keys: Mapping[str, Any], uploads: Collection[Upload] = ()
) -> Mailing:
    """Check the keys of a mailing that say whom it is for, where there is no file and no text yet,
    as `load_mailing` does; the mailing's own name says nothing.

    Args:
        context: the practice.
        keys: `select`, `account`, `purpose`, `order_by`, `limit`; without `select` it is for nobody
            yet, and without `account` and `purpose` these say nothing.
        uploads: lists that people may be read from.

    Raises:
        ConfigError: everything that is wrong with them, with the key.
    """
    document = Document("", dict(keys), is_file=False)
    return check_document(
        context,
        document,
        _NO_NAME,
        uploads=uploads,
        has_people="select" in keys,
        has_text=False,
        has_way=keys.keys() >= set(_WAY),
    )


def _path(context: PracticeContext, name_or_path: str) -> Path:
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in name_or_path.split("/")):
        raise ConfigError(_("no file has so long a name"))
    if name_or_path.endswith(_SUFFIXES) or "/" in name_or_path:
        return _path_of_file(context, Path(name_or_path))
    path = context.path(FOLDER) / f"{name_or_path}.yaml"
    if path.is_file():
        return path
    near = nearest_path(path) or nearest_path(path.with_suffix(".yml"))
    if near and near.name == path.name.lower():
        return near  # written with capitals, as on paper
    names = mailing_names(context)
    is_empty = _("{folder} is empty", folder=f"{FOLDER}/")
    hint = did_you_mean(name_or_path, names) or listed(names) or is_empty
    if near and near.suffix != ".yaml":
        new = f"{near.stem.lower()}.yaml"
        hint = _("rename {old} to {new}", old=f"{FOLDER}/{near.name}", new=new)
    elif _RUN.fullmatch(name_or_path):
        command = f"serienpost show {name_or_path}"
        hint = _("so runs are called: {command}", command=command)
    raise ConfigError(
        Problem(
            _("there is no mailing '{name}' in {folder}", name=name_or_path, folder=f"{FOLDER}/"),
            hint,
        )
    )


def _path_of_file(context: PracticeContext, given: Path) -> Path:
    """The file of a path: as it stands, in the practice folder or in its mailings, also where the
    suffix is left out or is the other one."""
    places = [given, context.path(given), context.path(FOLDER) / given]
    for place in places:
        forms = (place, place.with_name(f"{place.name}.yaml"), place.with_suffix(".yaml"))
        for path in forms if place.name else ():
            if path.suffix in _SUFFIXES and path.is_file():
                return path
    near = next((found for place in places if (found := nearest_path(place))), None)
    if near and near.suffix == ".yaml" and near.name.islower() and near.is_file():
        return near  # written with capitals, as on paper
    names = mailing_names(context)
    meant = _("did you mean {name}?", name=str(near)) if near else None
    hint = meant or did_you_mean(given.stem, names) or listed(names)
    raise ConfigError(Problem(_("there is no such file"), hint, str(places[1])))


def _blocks(
    context: PracticeContext, data: dict[str, Any], collector: Collector
) -> list[SelectBlock]:
    raw = data.get("select", {})
    placed: list[tuple[Loc, object]] = [(("select",), raw)]
    if isinstance(raw, list):
        placed = [(("select", index), block) for index, block in enumerate(raw)]
    blocks = []
    for loc, block in placed:
        if isinstance(block, dict):
            checked = _block(context, data.get("source"), block, loc, collector)
            if checked:
                blocks.append(checked)
    return blocks


def _block(
    context: PracticeContext, default: object, block: dict[str, Any], loc: Loc, collector: Collector
) -> SelectBlock | None:
    sources = context.registry.sources
    name = block.get("source", default)
    place: Loc = (*loc, "source") if "source" in block else ("source",)
    if name is None:
        collector.add(place, _("is missing"), listed(sources))
    elif not isinstance(name, str):
        collector.add(place, _("must be text"))
    elif name not in sources:
        hint = _(
            "name its plugin under plugins:, as in {plugin}", plugin=f"serienpost-source-{name}"
        )
        collector.unknown(place, _("there is no source '{name}'", name=name), name, sources, hint)
    else:
        filters = {key: value for key, value in block.items() if key != "source"}
        # The headings of a list may be called like anything.
        of_filters = {key: value for key, value in filters.items() if key != "columns"}
        refuse_literals(of_filters, collector, loc)
        selection = collector.validate(sources[name].selection, filters, loc)
        return SelectBlock(name, selection) if selection is not None else None
    return None


def _check_names(context: PracticeContext, data: dict[str, Any], collector: Collector) -> None:
    config = context.config
    account, purpose, signature = (str(data.get(key)) for key in _NAMING)
    known: tuple[tuple[Iterable[str], str], ...] = (
        (config.accounts, _("there is no account '{name}'", name=account)),
        (config.purposes_known(), _("there is no purpose '{name}'", name=purpose)),
        (config.signatures, _("there is no signature '{name}'", name=signature)),
    )
    for key, (names, message) in zip(_NAMING, known, strict=True):
        value = data.get(key)
        if isinstance(value, str) and value not in names:
            collector.unknown((key,), message, value, names)


def _check_text(
    context: PracticeContext, data: dict[str, Any], collector: Collector, *, may_change: bool
) -> None:
    """Exactly one text: a template, or `text` (with `subject` where there is one); a draft may
    have both, which changes the template's text for one run. SendGrid's own template may stand
    alone, or beside a text that names the macros it gets."""
    given = [key for key in ("template", "text") if data.get(key) is not None]
    kept = data.get("sendgrid_template") is not None
    if not given and not kept:
        hint = _("name a template:, or write subject: and text:")
        collector.add(("template",), _("there is no text"), hint)
    elif len(given) > 1 and not may_change:
        beside = _("stands beside {key}", key=given[0])
        collector.add((given[1],), beside, _("keep one of the two"))
    has_subject = data.get("subject") is not None
    if has_subject and "template" in given and not (may_change and "text" in given):
        beside = _("stands beside {key}", key="template")
        collector.add(("subject",), beside, _("the template has its own subject"))
        return
    account = context.config.accounts.get(str(data.get("account")))
    if account is None:
        return
    channel = context.registry.channels[account.channel]
    if has_subject and not channel.capabilities.subject:
        no_subject = _("the channel {channel} has no subject", channel=channel.name)
        collector.add(("subject",), no_subject, _("remove it"))
    elif "text" in given and not has_subject and channel.kind == "email" and not kept:
        collector.add(("subject",), _("is missing"), _("an e-mail with text: needs subject:"))
