"""What is no longer as it was when a run was prepared, for the sentence that pauses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.run.blueprint import Blueprint


def what_changed(blueprint: Blueprint) -> str:
    """`changed since: practice.phone, serienpost-templates 0.1.0 -> 0.2.0`; where nothing that the
    run remembers is different, where else to look."""
    found = ", ".join(_changes(blueprint))
    if found:
        return f"changed since: {found}"
    return (
        "practice, sender and versions are the same; "
        f"look at the settings of accounts.{blueprint.header.account}"
    )


def _changes(blueprint: Blueprint) -> Iterator[str]:
    header, account = blueprint.header, blueprint.account
    practice = blueprint.setting.practice.model_dump(mode="json")
    frozen = header.extra.get("practice", practice)
    yield from (f"practice.{key}" for key in practice if practice[key] != frozen.get(key))
    for key, was in (("sender", header.sender), ("reply_to", header.reply_to)):
        if getattr(account, key) != was:
            yield f"accounts.{header.account}.{key}"
    loaded = blueprint.context.registry.versions
    for name in sorted({*header.versions, *loaded}):
        before, now = header.versions.get(name, "none"), loaded.get(name, "none")
        if before != now:
            yield f"{name} {before} -> {now}"
