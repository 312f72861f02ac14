"""What is checked of the people a mailing or a selection is for, whatever will be written to them.

A selection is checked as a `Mailing` without a text: its keys are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serienpost.config.problems import did_you_mean
from serienpost.contracts.rows import LimitsPurposes, LowersClasses, TellsWhatIsRead
from serienpost.errors import ConfigError, Problem, SelectionError, SourceError
from serienpost.fields import Sensitivity, known_field
from serienpost.run.prepare.stable_ids import UNSTABLE_IDS, remedy_for_ids
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.run.prepare.people import People

_ = Texts(__name__)

# Keys in the `extra` of a scope: the reasons why the practice's schema lowered the class of fields.
LOWERED = "lowered"
# And what the sources say that they read and left out.
READ = "read"


def told_by_sources(context: PracticeContext, mailing: Mailing) -> dict[str, Any]:
    """What the sources say of their selections, as the `extra` of a scope keeps it.

    Raises:
        SourceError: with the place in the mailing.
    """
    remedy = _remedy_for_ids(context, mailing)
    return {
        **_lowered(context, mailing),
        **_read(context, mailing),
        **({UNSTABLE_IDS: remedy} if remedy else {}),
    }


def check_selections(mailing: Mailing, people: People) -> None:
    """Let the sources look at their selections and at the order.

    Raises:
        SerienpostError: with the place in the mailing.
    """
    try:
        blocks = people.blocks
    except SourceError as error:
        raise _placed(mailing, error) from error
    problems = []
    for name in dict.fromkeys(written.removeprefix("-") for written in mailing.order):
        offered = frozenset.intersection(*(block.offers for block in blocks))
        if name in offered:
            continue
        hint = did_you_mean(name, offered)
        is_read = known_field(name, people.classes).sensitivity < Sensitivity.PROTECTED
        said = (
            _("rows cannot be ordered by {name}, which the source does not offer", name=name)
            if hint or is_read
            else _("rows cannot be ordered by {name}, which is never read", name=name)
        )
        problem = Problem(said, hint)
        problems.append(placed_at(mailing, "order_by", problem))
    if problems:
        raise ConfigError(*problems)


def consent_problems(context: PracticeContext, mailing: Mailing) -> Iterator[Problem]:
    """Selections whose own evidence of consent never covers what the mailing is for."""
    for block in mailing.blocks:
        source = context.registry.sources[block.source]
        if isinstance(source, LimitsPurposes):
            given = source.purpose_problem(context, block.selection, mailing.purpose)
            answered = context.registry.answered
            problem: Problem | None = answered(
                "sources", block.source, "purpose_problem", given, (Problem, type(None))
            )
            if problem is not None:
                yield placed_at(mailing, "purpose", problem)


def address_problems(people: People) -> list[Problem]:
    """What makes it impossible that anybody has an address of the kind."""
    missing = people.kind.fields
    for block in people.blocks:
        missing = missing - block.offers
    if missing == people.kind.fields:
        source = people.blocks[0].source.name
        return [
            Problem(
                _(
                    "the source {source} has no address for {kind}",
                    source=source,
                    kind=people.kind.title,
                ),
                _("it would have to offer {fields}", fields=sorted(missing)),
            )
        ]
    return []


def placed_at(mailing: Mailing, key: str, problem: Problem) -> Problem:
    """The problem, at a key of the mailing's file unless it has a place already."""
    if problem.file:
        return problem
    return Problem(problem.message, problem.hint, mailing.file or None, mailing.line(key), key)


def _placed(mailing: Mailing, error: SourceError) -> SourceError:
    """The same error, at `select` unless it has a place already."""
    kind = SelectionError if isinstance(error, SelectionError) else SourceError
    return kind(*(placed_at(mailing, "select", problem) for problem in error.problems))


def _remedy_for_ids(context: PracticeContext, mailing: Mailing) -> str | None:
    """What to add so that people are known again in another run.

    Raises:
        SourceError: with the place in the mailing.
    """
    try:
        return remedy_for_ids(context, mailing)
    except SourceError as error:
        raise _placed(mailing, error) from error


def _lowered(context: PracticeContext, mailing: Mailing) -> dict[str, dict[str, str]]:
    """The reasons why a schema lowered the class of fields, for the manifest.

    Raises:
        SourceError: with the place in the mailing.
    """
    reasons: dict[str, str] = {}
    for given in _told(context, mailing, LowersClasses, "lowered", Mapping):
        reasons |= given
    return {LOWERED: reasons} if reasons else {}


def _read(context: PracticeContext, mailing: Mailing) -> dict[str, list[str]]:
    """What the sources read and leave out, for the review.

    Raises:
        SourceError: with the place in the mailing.
    """
    told = _told(context, mailing, TellsWhatIsRead, "what_is_read", (list, tuple))
    notes = dict.fromkeys(note for given in told for note in given)
    return {READ: list(notes)} if notes else {}


def _told(
    context: PracticeContext,
    mailing: Mailing,
    tells: type,
    method: str,
    shape: type | tuple[type, ...],
) -> Iterator[Any]:
    """What those sources of a mailing answer that have an optional method, block by block."""
    for block in mailing.blocks:
        source = context.registry.sources[block.source]
        if isinstance(source, tells):
            try:
                given = getattr(source, method)(context, block.selection)
            except SourceError as error:
                raise _placed(mailing, error) from error
            yield context.registry.answered("sources", block.source, method, given, shape)
