"""From a mailing to a run: check it, change its text for once, prepare it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypedDict

from serienpost.config.loading import load_mailing
from serienpost.config.problems import did_you_mean, listed
from serienpost.documents import FOR_FACES, Record
from serienpost.errors import ConfigError
from serienpost.recorded_language import primary
from serienpost.run.prepare import language_check, provider_template, transliteration
from serienpost.run.prepare.check import check_mailing, selection_notes
from serienpost.run.prepare.people import People
from serienpost.run.prepare.plan import Scope
from serienpost.run.prepare.renderer import RunRenderer
from serienpost.run.prepare.taking_over import TakenOver, ready_selection, with_people_of
from serienpost.run.prepare.text_notes import text_notes
from serienpost.run.prepare.written_text import read_text, refuse_page, template_folders
from serienpost.run.report.preview import text_part
from serienpost.run.send.day import relative_day
from serienpost.service.schedule_check import refuse_attended, schedule_notes
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Tx
    from serienpost.service.opened import OpenedPractice
    from serienpost.service.run import Run
    from serienpost.templates.folder import TemplateFiles

_ = Texts(__name__)

# Days around a due date exist in the calendar.
_YEARS = range(1900, 3000)


class Instead(TypedDict, total=False):
    """What is used instead of the mailing's own."""

    account: str
    template: str
    signature: str


@dataclass(frozen=True, slots=True)
class CheckedMailing(Record):
    """A mailing that nothing is wrong with.

    Args:
        macros: that its text uses.
        fields: that are read of each recipient.
        notes: what whoever checks it should know.
        languages: of its text, the template's own first.
    """

    mailing: str
    kind: str
    account: str
    macros: tuple[str, ...]
    fields: tuple[str, ...]
    notes: tuple[str, ...]
    languages: tuple[str, ...]
    kind_title: str = field(metadata=FOR_FACES)


@dataclass(frozen=True, slots=True)
class EditedText:
    """A mailing's text, as it stands or as it was changed for one run; the template stays."""

    text: str
    files: TemplateFiles

    def changed(self, text: str) -> EditedText:
        """The same with another text."""
        subject = self.files.subject.text if self.files.subject else None
        return EditedText(text, self.files.with_text(subject, text, "edited text"))


@dataclass(frozen=True, slots=True)
class Transliteration(Record):
    """A question: may signs that make an SMS longer be written in another way?

    Args:
        mailing: the mailing.
        changes: what would be rewritten and how often, as people read it.
    """

    mailing: str
    changes: str


def check(practice: OpenedPractice, name: str) -> CheckedMailing:
    """See `Practice.check`."""
    return check_loaded(practice, load_mailing(practice.context, name))


def check_loaded(practice: OpenedPractice, mailing: Mailing) -> CheckedMailing:
    """See `Practice.check`; a mailing that was loaded, from a file or a draft."""
    context = practice.context
    renderer = check_mailing(context, mailing, practice.today())
    refuse_attended(context, mailing)
    fields = {one for block in renderer.blocks for one in renderer.request(block).fields}
    return CheckedMailing(
        mailing=renderer.header.mailing,
        kind=renderer.kind.name,
        account=renderer.header.account,
        macros=tuple(renderer.all_macros),
        fields=tuple(sorted(fields)),
        notes=(
            *selection_notes(renderer),
            *schedule_notes(context, mailing),
            *language_check.notes(renderer, template_folders(context)),
            *provider_template.notes(renderer),
            *text_part(renderer),
            *transliteration.notes(renderer),
            *dict.fromkeys(note for one in renderer.in_languages for note in text_notes(one)),
        ),
        languages=(primary(renderer.header.language), *renderer.others),
        kind_title=renderer.kind.title,
    )


def text_of(practice: OpenedPractice, name: str, instead: Instead | None = None) -> EditedText:
    """See `Practice.text_of`."""
    context = practice.context
    mailing = _loaded(context, name, instead)
    kind = context.kind_of(mailing.account)
    files = read_text(context, mailing, kind.template_suffix)
    refuse_page(files)
    return EditedText(files.text.text, files)


def prepare(
    practice: OpenedPractice,
    name: str,
    *,
    due: date | None = None,
    asked_on: date | None = None,
    instead: Instead | None = None,
    text: EditedText | None = None,
    rewrite_signs: bool | None = None,
    exclude_already_sent: bool = False,
    unattended: bool = False,
    selection: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
    frozen: Callable[[Tx, str], None] = lambda _tx, _run: None,
) -> Run | Transliteration:
    """See `Practice.prepare`; for `unattended` and `frozen` see `run/prepare/freeze.py`. `asked_on`
    is the day on which a worker was asked, which counts as today."""
    mailing, chosen = _loaded(practice.context, name, instead), None
    today = asked_on or practice.today()
    if selection is not None:
        mailing, due, chosen = people_of(practice, selection, mailing, due, today)
    files = text.files if text else None
    return prepare_checked(
        practice,
        checked_for(practice.context, mailing, due or today, files),
        rewrite_signs=rewrite_signs,
        exclude_already_sent=exclude_already_sent,
        unattended=unattended,
        chosen=chosen,
        progress=progress,
        frozen=frozen,
    )


def prepare_checked(
    practice: OpenedPractice,
    renderer: RunRenderer,
    *,
    rewrite_signs: bool | None = None,
    exclude_already_sent: bool = False,
    unattended: bool = False,
    chosen: TakenOver | None = None,
    progress: Callable[[int], None] = lambda _: None,
    frozen: Callable[[Tx, str], None] = lambda _tx, _run: None,
) -> Run | Transliteration:
    """See `Practice.prepare`; a mailing that was checked, from a file or a draft, and the selection
    whose marks it takes over."""
    from serienpost.run.prepare import freeze
    from serienpost.service.run import Run

    found = _signs(renderer)
    if found and rewrite_signs is None:
        return Transliteration(renderer.header.mailing, transliteration.listed(found))
    if found:
        wanted = "always" if rewrite_signs else "never"
        header = replace(renderer.header, transliterate=wanted)
        renderer = RunRenderer(renderer.context, header, renderer.assets)
    freeze.discard_dead(practice.ledger)
    run_id = freeze.prepare(
        renderer,
        practice.ledger,
        practice.actor,
        exclude_already_sent=exclude_already_sent,
        unattended=unattended,
        chosen=chosen,
        progress=progress,
        frozen=frozen,
    )
    return Run(practice, run_id)


def people_of(
    practice: OpenedPractice, selection_id: str, mailing: Mailing, due: date | None, today: date
) -> tuple[Mailing, date, TakenOver]:
    """The mailing with the people of a selection in place of its own, its due date, and whose marks
    the run takes over.

    The due date is that of a selection which counts from a day; else the one asked for, or today.

    Raises:
        ConfigError: kind, purpose or day of the selection are others than those of the mailing.
        LedgerError: there is no such selection, or it could not be read.
        StillOpenError: it is being read.
    """
    context = practice.context
    row = ready_selection(practice.ledger, selection_id)
    taken = with_people_of(context, mailing, row)
    theirs = date.fromisoformat(row.due)
    if not relative_day(People(context, Scope.from_json(row.header))):
        day = due or today
    elif due in (None, theirs):
        day = theirs
    else:
        raise ConfigError(
            _(
                "the people of selection {selection} were chosen for {theirs}, not for {due}",
                selection=row.id,
                theirs=theirs,
                due=due,
            ),
            hint=_("choose the people again for that day"),
        )
    return taken, day, TakenOver(practice.ledger, row)


def _signs(renderer: RunRenderer) -> Any:  # noqa: ANN401
    asks = renderer.header.transliterate == "ask"
    return transliteration.text_changes(renderer) if asks else None


def checked(
    context: PracticeContext,
    name: str,
    due: date,
    instead: Instead | None = None,
    text: EditedText | None = None,
) -> RunRenderer:
    """A mailing that was loaded and checked, ready to render rows; see `Practice.prepare`."""
    mailing = _loaded(context, name, instead)
    return checked_for(context, mailing, due, text.files if text else None)


def checked_for(
    context: PracticeContext, mailing: Mailing, due: date, files: TemplateFiles | None = None
) -> RunRenderer:
    """See `check_mailing`.

    Raises:
        ConfigError: also that the calendar ends before the due date.
    """
    if due.year not in _YEARS:
        raise ConfigError(_("the due date {due} lies too far away", due=due.isoformat()))
    return check_mailing(context, mailing, due, files)


def _loaded(context: PracticeContext, name: str, instead: Instead | None) -> Mailing:
    """The mailing, with what is used instead."""
    mailing = load_mailing(context, name)
    if not instead:
        return mailing
    unknown = sorted(instead.keys() - Instead.__annotations__.keys())
    if unknown:
        raise ValueError(_("only {keys} can be replaced", keys=list(Instead.__annotations__)))
    for key, known in (
        ("account", context.config.accounts),
        ("signature", context.config.signatures),
    ):
        value = instead.get(key)
        if key in instead and value not in known:
            hint = did_you_mean(str(value), known) or listed(known)
            missing = {
                "account": _("there is no account {name}", name=str(value)),
                "signature": _("there is no signature {name}", name=str(value)),
            }
            raise ConfigError(missing[key], hint=hint)
    values: dict[str, Any] = dict(instead)
    if "template" in instead:
        values |= {"subject": None, "text": None}
    return mailing.model_copy(update=values)
