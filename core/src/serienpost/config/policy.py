"""What policy files demand of `serienpost.yaml`, and the rules that are in force by all of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pydantic import Field

from serienpost.config.document import loc_of
from serienpost.config.models import CORE_KEYS, PracticeConfig
from serienpost.config.problems import Collector, did_you_mean
from serienpost.config.shapes import keys_of, model_at
from serienpost.contracts.strict import StrictModel
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from serienpost.config.document import Document
    from serienpost.config.layers import Layers
    from serienpost.errors import Problem


_ = Texts(__name__)


class Policy(StrictModel):
    """The keys that only a policy file may have, beside those of `serienpost.yaml`."""

    locked: list[str] = Field(
        default=[],
        description="Dotted keys that serienpost.yaml may not change.",
        examples=[["consent.require", "accounts.mail.rate"]],
    )
    required_plugins: list[str] = Field(
        default=[], description="Distributions that must stand under plugins."
    )


def check_policy(layers: Layers, claimed: Collection[str], collector: Collector) -> None:
    """Note every locked key that was changed and every required plugin that is not named.

    A locked key that cannot exist is a problem too: a misspelt lock would protect nothing.
    """
    found: list[Problem] = []
    for document in layers.policies:
        found += _broken_demands(document, layers, claimed, collector)
    collector.problems.extend(found)


def _broken_demands(
    document: Document, layers: Layers, claimed: Collection[str], collector: Collector
) -> list[Problem]:
    mine = _of(document)
    theirs: list[Collector] = []
    keys = {key: document.data[key] for key in Policy.model_fields if key in document.data}
    policy = mine.validate(Policy, keys)
    if policy:
        for index, key in enumerate(policy.locked):
            _check_known(key, index, document, claimed, mine)
            changed = layers.changed_by(key, document)
            if changed:
                hint = _("remove it; {file} decides it", file=document.file)
                theirs.append(_of(changed))
                theirs[-1].add(loc_of(layers.data, key), _("is locked by the policy"), hint)
        named = layers.data.get("plugins")
        for plugin in policy.required_plugins:
            if not isinstance(named, list) or plugin not in named:
                message = _("the policy requires {plugin}", plugin=plugin)
                collector.add(("plugins",), message, _("add it to the list"))
    return [*mine.problems, *(problem for each in theirs for problem in each.problems)]


def _of(document: Document) -> Collector:
    return Collector(lambda loc: (document.file, document.line(loc)))


def digests(config: PracticeConfig, checks: Iterable[str]) -> dict[str, str]:
    """By rule a digest of what it says: who may be written to, what may stand in the open, what
    the policies demand. Hours, rates and texts are no rules.

    Args:
        config: of the practice.
        checks: the consent checks that are asked.
    """
    consent = config.consent.model_dump(mode="json")
    rules = {
        **{f"consent.{key}": value for key, value in consent.items()},
        "consent checks": sorted(checks),
        "appointment_types_harmless": sorted(config.appointment_types_harmless),
        **config.demands(),
    }
    return {rule: _digest(value) for rule, value in sorted(rules.items())}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _check_known(
    key: str, index: int, document: Document, claimed: Collection[str], mine: Collector
) -> None:
    loc = loc_of(document.data, key)
    if loc[0] in claimed:
        return
    for depth, step in enumerate(loc):
        model = model_at(PracticeConfig, loc[:depth])
        known = [*CORE_KEYS, *claimed] if depth == 0 else keys_of(model) if model else []
        is_open = model is None or loc[:depth][:1] == ("accounts",)
        if not is_open and step not in known:
            message = _("there is no key '{name}'", name=key)
            mine.add(("locked", index), message, did_you_mean(step, known))
            return
