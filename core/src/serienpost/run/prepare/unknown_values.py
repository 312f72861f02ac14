"""Values that a macro did not know and left out, such as a form of address: counted for the review.

Only how many rows and which field is kept; what stands there may be a name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost.contracts.macros import NamesUnknown
from serienpost.firewall import values_for
from serienpost.ledger.schema import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from serienpost.ledger.store import Tx
    from serienpost.run.prepare.plan import Header
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.prepare.review import Reviewed

# Key in the header's `extra`: field -> marked rows of a review that hold such a value.
_UNKNOWN = "unknown_values"


def unknown_values(renderer: RunRenderer, reviewed: Iterable[Reviewed]) -> Counter[str]:
    """The fields that hold such a value, each with how many marked rows."""
    macros = [macro for macro in renderer.all_macros.values() if isinstance(macro, NamesUnknown)]
    found: Counter[str] = Counter()
    for one in reviewed if macros else ():
        if one.marked:
            own = one.row.fields
            found.update({f for macro in macros for f in macro.unknown(values_for(macro, own))})
    return found


def keep_unknown_values(tx: Tx, run_id: str, header: Header, found: Mapping[str, int]) -> None:
    """Freeze them with the run, before its plan hash is made."""
    if found:
        told = replace(header, extra={**header.extra, _UNKNOWN: dict(sorted(found.items()))})
        tx.execute(tx.update(run).where(run.c.id == run_id).values(header=told.to_json()))


def kept_unknown_values(header: Mapping[str, object]) -> dict[str, int]:
    """Of a run's header: field -> rows when it was prepared."""
    extra = header.get("extra")
    return dict(extra.get(_UNKNOWN, {})) if isinstance(extra, dict) else {}
