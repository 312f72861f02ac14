from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from serienpost.errors import PluginError
from serienpost.kinds.email import EmailKind
from serienpost.registry import Provider, Registry

ONE, TWO = Provider("toy-one", "1.2"), Provider("toy-two", "3.4")


def test_an_object_is_found_under_its_name_with_its_provider() -> None:
    registry, thing = Registry(), object()
    registry.add("archives", "shelf", thing, ONE)
    assert registry.archives == {"shelf": thing}
    assert registry.providers == {("archives", "shelf"): ONE}


def test_a_name_is_taken_within_its_group_only() -> None:
    registry = Registry()
    registry.add("archives", "shelf", 1, ONE)
    registry.add("dispatchers", "shelf", 2, TWO)
    with pytest.raises(PluginError) as caught:
        registry.add("archives", "shelf", 3, TWO)
    (problem,) = caught.value.problems
    assert problem.message == "the archive 'shelf' is provided by toy-one 1.2 and by toy-two 3.4"
    assert problem.key == "toy-two"
    assert registry.archives["shelf"] == 1


@pytest.mark.parametrize("name", ["", None, 7])
def test_an_object_needs_a_name(name: Any) -> None:  # noqa: ANN401
    with pytest.raises(PluginError, match=r"toy-one 1\.2 registers something without a name"):
        Registry().add("secret_stores", name, object(), ONE)


@pytest.mark.parametrize("name", ["Briefanrede", "Straße", "Ärztin2", "a_b", "X"])
def test_a_macro_may_have_any_name_that_a_text_can_write(name: str) -> None:
    registry = Registry()
    registry.add("macros", name, object(), ONE)
    assert name in registry.macros


@pytest.mark.parametrize("name", ["2x", "_x", "a-b", "a b", "a.b", "{{x}}", "x\n", "naïve"])
def test_a_macro_that_no_text_can_write_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match="registers a macro that no text can name"):
        Registry().add("macros", name, object(), ONE)


def test_a_kind_of_the_core_is_not_replaced() -> None:
    own = SimpleNamespace(name="loose", kind=SimpleNamespace(name="sms"))
    with pytest.raises(PluginError, match=r"toy-one 1\.2 .* kind 'sms' of its own"):
        Registry().add("channels", "loose", own, ONE)
    registry = Registry()
    registry.add("channels", "fax", SimpleNamespace(kind=SimpleNamespace(name="fax")), ONE)
    assert sorted(registry.kinds()) == ["email", "fax", "letter", "sms"]


def test_a_channel_has_a_kind_of_the_core_or_its_own() -> None:
    own = SimpleNamespace(name="fax")
    channel: Any = SimpleNamespace(kind=own)
    assert Registry().kind(channel) is own
    channel.kind = "email"
    assert isinstance(Registry().kind(channel), EmailKind)
