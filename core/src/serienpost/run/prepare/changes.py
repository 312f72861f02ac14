"""Whether a run is still rendered as it was reviewed, and what is different since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.errors import LedgerError
from serienpost.translation import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.run.prepare.plan import Header
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# Raised whenever the same values would give other bytes than before; 1 where a header names none.
#
# 2: what a channel needs for its layout stands in a place of its own in the content.
# 3: letters are measured with what stands around them, and their account's folder is not in them.
# 4: of Markdown only bold, italic, bullets, headings, tables and links are read; all else is text.
RENDERING_EDITION = 4


def what_changed(renderer: RunRenderer) -> str:
    """`changed since: practice.phone, serienpost-templates 0.1.0 -> 0.2.0`; where nothing that the
    run remembers is different, where else to look."""
    found = list(_changes(renderer))
    if found:
        return _("changed since: {what}", what=found)
    return _(
        "practice, sender and versions are the same; look at the settings of accounts.{account}",
        account=renderer.header.account,
    )


def _changes(renderer: RunRenderer) -> Iterator[str]:
    header, account = renderer.header, renderer.account
    practice = renderer.setting.practice.model_dump(mode="json")
    frozen = header.extra.get("practice", practice)
    yield from (f"practice.{key}" for key in practice if practice[key] != frozen.get(key))
    for key, was in (("sender", header.sender), ("reply_to", header.reply_to)):
        if getattr(account, key) != was:
            yield f"accounts.{header.account}.{key}"
    loaded = renderer.context.registry.versions
    for name in sorted({*header.versions, *loaded}):
        before, now = header.versions.get(name), loaded.get(name)
        if before != now:
            none = _.pgettext("version", "none")
            values = {"name": name, "before": before or none, "now": now or none}
            yield Text("", "{name} {before} -> {now}", values)


def refuse_other_edition(run_id: str, header: Header) -> None:
    """Refuse to send what this code would render in another way than was reviewed.

    Raises:
        LedgerError: the run was prepared by another edition of rendering.
    """
    if header.rendering != RENDERING_EDITION:
        is_older = header.rendering < RENDERING_EDITION
        said = (
            _(
                "run {run} was prepared by an older serienpost (rendering edition {edition});"
                " prepare the mailing again",
                run=run_id,
                edition=header.rendering,
            )
            if is_older
            else _(
                "run {run} was prepared by a newer serienpost (rendering edition {edition});"
                " prepare the mailing again",
                run=run_id,
                edition=header.rendering,
            )
        )
        raise LedgerError(said)
