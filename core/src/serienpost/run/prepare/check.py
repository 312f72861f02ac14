"""`check`: everything that can be known about a mailing before any recipient is read."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from serienpost.config.uploads import UPLOADS
from serienpost.contracts.accounts import SecretRef
from serienpost.contracts.channels import HasFinish
from serienpost.contracts.content import Refused
from serienpost.contracts.rows import Advises
from serienpost.errors import (
    ConfigError,
    Problem,
    SecretError,
    SerienpostError,
)
from serienpost.firewall import check_names
from serienpost.run.prepare import provider_template
from serienpost.run.prepare.attachment_folder import (
    LARGEST,
    AttachmentFolder,
    NotAttachableError,
)
from serienpost.run.prepare.changes import RENDERING_EDITION
from serienpost.run.prepare.costs import forecast
from serienpost.run.prepare.language_check import file_name_problems, settled
from serienpost.run.prepare.languages import Variants
from serienpost.run.prepare.layout import layout_files
from serienpost.run.prepare.lint import lint
from serienpost.run.prepare.people_check import (
    READ,
    address_problems,
    check_selections,
    consent_problems,
    placed_at,
    told_by_sources,
)
from serienpost.run.prepare.plan import Block, Header, digest, plain_selection
from serienpost.run.prepare.policy import POLICY, rules_in_force
from serienpost.run.prepare.renderer import (
    ATTACHMENT,
    OWN_FILES,
    SHARED_FILES,
    RunRenderer,
)
from serienpost.run.prepare.row_attachments import folder_problem, is_own
from serienpost.run.prepare.stable_ids import (
    UNSTABLE_IDS,
    stable_ids_problems,
)
from serienpost.run.prepare.unfilled import unfilled_placeholders
from serienpost.run.prepare.written_text import read_text, variants_of
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.channels import Channel
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)


def check_mailing(
    context: PracticeContext, mailing: Mailing, due: date, files: TemplateFiles | None = None
) -> RunRenderer:
    """Check a mailing and freeze what is the same for all its rows.

    Args:
        context: the practice.
        mailing: as loaded and validated by its models.
        due: the date that relative days and date macros count from.
        files: a text to use instead of the mailing's template (`--edit`).

    Raises:
        SerienpostError: all problems at once.
    """
    account = context.config.accounts[mailing.account]
    channel = context.registry.channels[account.channel]
    kind = context.registry.kind(channel)
    is_edited = files is not None
    if files is None:
        files = read_text(context, mailing, kind.template_suffix)
    variants = Variants({})
    if not mailing.sendgrid_template:
        variants = variants_of(context, mailing, files, edited=is_edited)
    home = AttachmentFolder(context)
    assets = {
        **files.to_assets(),
        **variants.assets(),
        **_attachments(context, mailing),
        **layout_files(context, channel, account, _signature_image(context, mailing)),
    }
    missing = secret_problems(context, mailing.account, account)
    header = Header(
        mailing=mailing.id,
        title=mailing.title,
        template=files.name,
        kind=kind.name,
        channel=channel.name,
        account=mailing.account,
        sender=account.sender,
        reply_to=account.reply_to,
        purpose=mailing.purpose,
        language=files.language,
        due=due.isoformat(),
        signature=_signature(context, mailing),
        blocks=tuple(
            Block(block.source, plain_selection(block.selection)) for block in mailing.blocks
        ),
        assets=_digests(files, variants, assets, is_own=is_edited or mailing.text is not None),
        versions=dict(sorted(context.registry.versions.items())),
        once_per=mailing.once_per,
        on_doubt=mailing.on_doubt,
        same_address=mailing.same_address,
        max_attempts=mailing.max_attempts,
        stale_after=mailing.stale_after.total_seconds(),
        rows=mailing.row_ids,
        include=tuple(mailing.include),
        exclude=tuple(mailing.exclude),
        limit=mailing.row_limit,
        order_by=tuple(mailing.order),
        exclude_recipients_of=tuple(mailing.exclude_recipients_of),
        provider_template=None if missing else provider_template.fetch(context, mailing),
        transliterate=mailing.transliterate if kind.name == "sms" else "never",
        hand_over=mailing.hand_over if channel.capabilities.scheduling else "due",
        part_size=_part_size(context, channel, account),
        archive=mailing.archive,
        rendering=RENDERING_EDITION,
        extra={
            "practice": context.config.practice.model_dump(mode="json"),
            **_own_files(home, mailing),
            **told_by_sources(context, mailing),
            **variants.frozen(context.config.signatures.get(mailing.signature or "")),
            POLICY: rules_in_force(context),
        },
    )
    renderer = RunRenderer(context, header, assets)
    check_selections(mailing, renderer)
    renderer = settled(renderer)
    texts = renderer.in_languages
    problems = [
        *(problem for one in texts for problem in _purpose_problems(mailing, one.files)),
        *consent_problems(context, mailing),
        *stable_ids_problems(context, mailing, header.extra.get(UNSTABLE_IDS)),
        *(problem for one in texts for problem in _empty_problems(mailing, one.files)),
        *missing,
        *dict.fromkeys(problem for one in texts for problem in _name_problems(one, mailing)),
        *(placed_at(mailing, "attachments", problem) for problem in file_name_problems(renderer)),
        *provider_template.unnamed(renderer),
        *_capability_problems(renderer),
    ]
    if not problems:
        problems = [problem for one in texts for problem in _example_problems(one)]
    if problems:
        raise (SecretError if problems == missing else ConfigError)(*problems)
    return renderer


def _digests(
    files: TemplateFiles, variants: Variants, assets: Mapping[str, bytes], *, is_own: bool
) -> dict[str, str]:
    """The digests of what is frozen. Of a text that is not a template's the place does not count: a
    plan is the same whether the text stands in a file, on whichever line, or in a draft."""
    texts: dict[str, bytes] = {}
    if is_own:
        texts = {**files.without_place().to_assets(), **variants.without_place().assets()}
    return {name: digest(texts.get(name, data)) for name, data in sorted(assets.items())}


def _part_size(
    context: PracticeContext, channel: Channel[Any], account: AccountSettings
) -> int | None:
    name = channel.name
    if not isinstance(channel, HasFinish):
        return None
    size = channel.part_size(account)
    return context.registry.answered("channels", name, "part_size", size, int)


def _attachments(context: PracticeContext, mailing: Mailing) -> dict[str, bytes]:
    frozen: dict[str, bytes] = {}
    for folder, way, name in _shared_attachments(context, mailing):
        if ATTACHMENT + name in frozen:
            raise _attachment_error(
                mailing,
                _("two attachments are called {name}", name=name),
                _("rename one of the files"),
            )
        try:
            frozen[ATTACHMENT + name] = folder.read(way)
        except NotAttachableError as error:
            raise _attachment_error(mailing, *_why_not(folder, way, error.code)) from error
    return frozen


def _shared_attachments(
    context: PracticeContext, mailing: Mailing
) -> Iterator[tuple[AttachmentFolder, PurePosixPath, str]]:
    """The files that go with every message: folder, way within it, and what they are called."""
    home, uploads = AttachmentFolder(context), AttachmentFolder(context, UPLOADS)
    for written in (each.file for each in mailing.attachments if not is_own(each.file)):
        if written in mailing.uploads:
            stored = PurePosixPath(written.partition(":")[2])
            yield uploads, stored, mailing.uploads[written]
            continue
        way = home.inside(written)
        if isinstance(way, Problem):
            raise _attachment_error(mailing, way.message, way.hint)
        yield home, way, way.name


def _why_not(home: AttachmentFolder, way: PurePosixPath, code: str) -> tuple[str, str]:
    file = str(home.name / way)
    if code in ("missing", "no_folder"):
        return (
            _("the attachment {file} is not there", file=file),
            _("put the file there, or move {way} there", way=str(way)),
        )
    return _not_attachable(file)[code]


def _not_attachable(file: str) -> dict[str, tuple[str, str]]:
    """By code what is wrong with a file, and what to do."""
    copy = _("copy the file there in its place")
    unread = _("the attachment {file} cannot be read", file=file)
    return {
        "link": (_("the attachment {file} is a link", file=file), copy),
        "many_names": (
            _("the attachment {file} has several names (hard links)", file=file),
            copy,
        ),
        "ambiguous": (
            _(
                "the attachment {file} is there twice, with umlauts encoded in two ways",
                file=file,
            ),
            _("remove one of the two files"),
        ),
        "no_file": (_("the attachment {file} is not a file", file=file), _("name a file")),
        "away": (unread, _("look whether its disk is there")),
        "unreadable": (unread, _("look at its rights")),
        "empty": (_("the attachment {file} is empty", file=file), _("look at the file")),
        "too_large": (
            _(
                "the attachment {file} is larger than {size} MB",
                file=file,
                size=LARGEST // 1024**2,
            ),
            _("send a link to it instead"),
        ),
        "own": (
            _(
                "the attachment {file} is a database, or a file that serienpost works with",
                file=file,
            ),
            _("it is never attached"),
        ),
    }


def _own_files(home: AttachmentFolder, mailing: Mailing) -> dict[str, list[str]]:
    own = [each for each in mailing.attachments if is_own(each.file)]
    for each in own:
        problem = folder_problem(home, each.file)
        if problem:
            raise _attachment_error(mailing, problem.message, problem.hint)
    shared = [each.file for each in own if each.shared]
    found = {OWN_FILES: [each.file for each in own], SHARED_FILES: shared}
    return {key: patterns for key, patterns in found.items() if patterns}


def _attachment_error(mailing: Mailing, message: str, hint: str | None) -> ConfigError:
    line = mailing.line("attachments")
    return ConfigError(Problem(message, hint, mailing.file, line, "attachments"))


def _signature(context: PracticeContext, mailing: Mailing) -> dict[str, object] | None:
    if mailing.signature is None:
        return None
    return context.config.signatures[mailing.signature].plain()


def _signature_image(context: PracticeContext, mailing: Mailing) -> str | None:
    return context.config.signatures[mailing.signature].image if mailing.signature else None


def _empty_problems(mailing: Mailing, files: TemplateFiles) -> list[Problem]:
    if files.text.text.strip() or mailing.sendgrid_template:
        return []
    empty, hint = _("the text is empty"), _("nobody would be told anything")
    return [Problem(empty, hint, files.text.file)]


def _purpose_problems(mailing: Mailing, files: TemplateFiles) -> list[Problem]:
    if not files.purposes or mailing.purpose in files.purposes:
        return []
    return [
        Problem(
            _(
                "template {name} is not meant for the purpose {purpose}",
                name=files.name,
                purpose=mailing.purpose,
            ),
            _("it is for {purposes}", purposes=list(files.purposes)),
            file=mailing.file,
            line=mailing.line("purpose"),
            key="purpose",
        )
    ]


def secret_problems(context: PracticeContext, name: str, account: AccountSettings) -> list[Problem]:
    """The secrets of an account that no store knows, each at its key."""
    problems = []
    for field in type(account).model_fields:
        value = getattr(account, field)
        if isinstance(value, SecretRef):
            try:
                context.secret(value)
            except SerienpostError as error:
                key = f"accounts.{name}.{field}"
                file, line = context.config.place(key)
                problems += [Problem(p.message, p.hint, file, line, key) for p in error.problems]
    return problems


def _name_problems(renderer: RunRenderer, mailing: Mailing) -> list[Problem]:
    found = check_names(
        renderer.used,
        renderer.known_macros,
        renderer.kind,
        renderer.classes,
        offered=frozenset.intersection(*(block.offers for block in renderer.blocks)),
        harmless_types=bool(renderer.context.config.appointment_types_harmless),
    )
    problems = unfilled_placeholders(renderer, mailing)
    for name, part, refused in found:
        problem = _with_way(renderer, name, refused)
        parts = renderer.template.used
        own = name in renderer.own_files.names
        named = next((p for p in (part, *parts) if name in parts.get(p, ())), part)
        named = part if own else named
        if name in parts.get(named, ()):
            file, line = renderer.template.line_of(named, name)
            problems.append(Problem(problem.message, problem.hint, file, line, name))
        elif name in renderer.layout_macros:
            around = _(
                "the layout ({kind}) sets {macro}: {problem}",
                kind=renderer.kind.title,
                macro=name,
                problem=problem.message,
            )
            problems.append(Problem(around, problem.hint))
        else:
            problems.append(placed_at(mailing, "attachments", problem))
    return list(dict.fromkeys(problems))


def selection_notes(renderer: RunRenderer) -> list[str]:
    """What the sources say about their selections, for whoever checks a mailing."""
    answered = renderer.context.registry.answered
    notes: list[str] = list(renderer.header.extra.get(READ, ()))
    context = renderer.context
    for block in renderer.blocks:
        source = block.source
        if isinstance(source, Advises):
            given = source.advice(context, block.selection)
            notes += answered("sources", source.name, "advice", given, (list, tuple))
            names = dict.fromkeys(n for one in renderer.in_languages for n in one.template.names)
            ways = {n: source.way_to(context, block.selection, n) for n in names}
            notes += [
                _("{macro} stays empty: {way}", macro=f"{{{{{name}}}}}", way=way)
                for name, way in ways.items()
                if way
            ]
    return list(dict.fromkeys(notes))


def _with_way(renderer: RunRenderer, name: str, problem: Problem) -> Problem:
    """The problem with a name, with what the selection lacks where a source knows that."""
    macro = renderer.known_macros.get(name)
    for block in renderer.blocks:
        wanted = sorted(macro.fields - block.offers) if macro else [name]
        if isinstance(block.source, Advises) and wanted:
            context, selection = renderer.context, block.selection
            ways = [block.source.way_to(context, selection, one) for one in wanted]
            known = [way for way in ways if way]
            if known:
                return Problem(problem.message, joined("; ", known))
    return problem


def _capability_problems(renderer: RunRenderer) -> list[Problem]:
    capabilities = renderer.channel.capabilities
    has_files = renderer.attachments or renderer.header.extra.get(OWN_FILES)
    if has_files and not capabilities.attachments:
        name = renderer.channel.name
        return [Problem(_("the channel {channel} carries no attachments", channel=name))]
    return address_problems(renderer)


def _example_problems(renderer: RunRenderer) -> list[Problem]:
    """Compose with made-up values, so that a channel can refuse before anyone is selected."""
    address = EXAMPLE_ADDRESS.get(renderer.kind.name, "example")
    contents = []
    for values in (renderer.example_values(), renderer.least_values()):
        content = renderer.content(values, address, examples=True)
        if isinstance(content, Refused):
            return [Problem(content.reason, None, *renderer.template.begin)]
        contents.append(content)
    problems = lint(renderer, contents)
    for answer in () if problems else forecast(renderer, contents[:1]):
        if isinstance(answer, Refused):
            return [Problem(answer.reason, None, *renderer.template.begin)]
    return problems


EXAMPLE_ADDRESS = {
    "email": "erika.mustermann@example.org",
    "sms": "+4915228817386",
    "letter": "Musterweg 1\n01067 Dresden",
}
