from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from serienpost import Abstain, ConsentQuestion, Deny
from serienpost.config.models import PracticeConfig
from serienpost.consent.suppression import SuppressionCheck
from serienpost.context import PracticeContext
from serienpost.contracts.practice import PracticeInfo
from serienpost.ledger.store import open_ledger
from serienpost.ledger.suppressions import suppress
from serienpost.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def context(tmp_path: Path) -> Iterator[PracticeContext]:
    config = PracticeConfig(practice=PracticeInfo(id="sonnenschein", name="Praxis"))
    with PracticeContext(tmp_path, config, Registry()) as made:
        yield made


def _ask(context: PracticeContext, *asked: tuple[str, str]) -> list[str | None]:
    """The code of the Deny for each kind and address, None where the list is silent."""
    questions = [ConsentQuestion("patient:1", "patient:1", k, "event", a) for k, a in asked]
    verdicts = SuppressionCheck().check(context, questions)
    assert {type(verdict) for verdict in verdicts} <= {Abstain, Deny}
    assert not any(v.overridable for v in verdicts if isinstance(v, Deny))
    return [verdict.code if isinstance(verdict, Deny) else None for verdict in verdicts]


def _put(context: PracticeContext, kind: str, address: str, reason: str) -> None:
    ledger = open_ledger(context)
    with ledger.begin() as tx:
        suppress(tx, kind, ledger.address_hash(kind, address), reason, "test")


def test_an_empty_list_is_silent(context: PracticeContext) -> None:
    assert _ask(context, ("email", "ada@example.org")) == [None]


@pytest.mark.parametrize("reason", ["bounce", "complaint", "unsubscribe", "manual", "foreign"])
def test_a_listed_address_is_denied_with_its_reason(context: PracticeContext, reason: str) -> None:
    _put(context, "email", "ada@example.org", reason)
    asked = [("email", "kim@example.org"), ("email", "ada@example.org")]
    assert _ask(context, *asked) == [None, f"suppressed_{reason}"]


def test_an_address_is_listed_for_its_kind_alone(context: PracticeContext) -> None:
    _put(context, "sms", "+4915228817386", "manual")
    asked = [("sms", "+4915228817386"), ("email", "+4915228817386")]
    assert _ask(context, *asked) == ["suppressed_manual", None]


def test_the_list_holds_no_address(context: PracticeContext) -> None:
    _put(context, "email", "ada.geheim@example.org", "manual")
    open_ledger(context).engine.dispose()
    data = b"".join(path.read_bytes() for path in context.folder.glob("versandbuch.db*"))
    assert b"geheim" not in data


def test_a_list_longer_than_the_questions_is_asked_by_hash(context: PracticeContext) -> None:
    for number in range(5):
        _put(context, "email", f"a{number}@example.org", "bounce")
    asked = [("email", "a3@example.org"), ("email", "b@example.org"), ("sms", "a3@example.org")]
    for size in (1, 2, 3):
        assert _ask(context, *asked[:size]) == ["suppressed_bounce", None, None][:size]
    everybody = [("email", f"a{number}@example.org") for number in range(7)]
    assert _ask(context, *everybody) == [*["suppressed_bounce"] * 5, None, None]
