"""The rules that a run was reviewed under, and which of them are others by now.

A run is reviewed, released and delivered under the same rules. What they forbid at the time of the
release or later is not honoured, whenever it was decided.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from serienpost.config.loading import load_practice
from serienpost.config.policy import digests
from serienpost.errors import SerienpostError, UnavailableError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.context import PracticeContext
    from serienpost.run.prepare.plan import Header

_ = Texts(__name__)

# A file that cannot be read may just be being written; it is read once more after this time.
_WRITING_SECONDS = 0.5

# Key in the header's `extra`: by rule the digest of what it said at the review.
POLICY = "policy"


class PolicyChangedError(SerienpostError):
    """The rules are not those that the run was reviewed under."""


def rules_in_force(context: PracticeContext) -> dict[str, str]:
    """By rule the digest of what it says now; together the digest of the effective policy."""
    return digests(context.config, context.registry.consent_checks)


def refuse_changed_rules(context: PracticeContext, header: Header) -> None:
    """Make sure that the rules are those that a run was reviewed under. A run that names none, of
    an earlier serienpost, was reviewed under others.

    Raises:
        PolicyChangedError: they are not; names them.
    """
    reviewed, now = header.extra.get(POLICY, {}), rules_in_force(context)
    changed = [rule for rule in sorted({*reviewed, *now}) if reviewed.get(rule) != now.get(rule)]
    if changed:
        raise PolicyChangedError(
            _("the practice's rules are not those of the review ({rules})", rules=changed),
            hint=_("set them back, or prepare the mailing again"),
        )


class PolicyWatch:
    """Sees that the files which hold the rules were written anew since the practice was opened."""

    def __init__(self, context: PracticeContext) -> None:
        self._context = context

    def look(self) -> PracticeContext:
        """The practice as its files say now, with the plugins that are loaded.

        Raises:
            UnavailableError: the files cannot be read, or something is wrong with them, or they
                name other plugins, which only a new process loads.
        """
        if self._context.config.is_outdated(self._context.folder):
            self._context = self._read_again()
        return self._context

    def _read_again(self) -> PracticeContext:
        folder, registry = self._context.folder, self._context.registry
        try:
            found = load_practice(folder, lambda _: registry)
        except SerienpostError:
            time.sleep(_WRITING_SECONDS)
            try:
                found = load_practice(folder, lambda _: registry)
            except SerienpostError as error:
                unread = _("the configuration cannot be read: {why}", why=error.sentence)
                raise UnavailableError(unread) from error
        if set(found.config.plugins) != set(self._context.config.plugins):
            raise UnavailableError(_("other plugins are named than this process has loaded"))
        return found
