"""The contract of a key that a plugin claims in `serienpost.yaml`, executable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, RootModel, ValidationError

from serienpost import CORE_KEYS, Policy, SecretRef, Settings
from serienpost_testkit.suites.base import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost_testkit.contexts import MakeContext

_SECRET = re.compile(r"password|passwd|secret|token|api_?key|passphrase", re.IGNORECASE)


class SettingsSuite(Suite):
    """Inherit, and supply fixtures.

    - fixture `claimed`: the `Settings` object.
    - fixture `value`: what a practice would write under the key.
    """

    @pytest.fixture
    def subject(self, claimed: Settings) -> type[BaseModel]:
        """The model; its module is where the plugin's code is."""
        return claimed.model

    def test_the_key_is_free(self, claimed: Settings) -> None:
        """The key is a word, and not one of the core's or of a policy's.

        When it fails: name the key like the plugin.
        """
        assert isinstance(claimed, Settings)
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", claimed.key)
        assert claimed.key not in {*CORE_KEYS, *Policy.model_fields}
        assert isinstance(claimed.required, bool)

    def test_the_example_is_accepted(
        self, claimed: Settings, value: object, make_context: MakeContext
    ) -> None:
        """What a practice writes becomes an instance of the model, which plugins get.

        When it fails: let the model validate what YAML gives: text, numbers, lists, maps.
        """
        model = claimed.model.model_validate(value)
        context = make_context(claimed={claimed.key: model})
        assert context.settings(claimed.key) == model

    def test_unknown_keys_are_refused(self, claimed: Settings, value: Mapping[str, object]) -> None:
        """A misspelt key is an error.

        When it fails: derive the model from `serienpost.StrictModel`.
        """
        if not issubclass(claimed.model, RootModel):
            with pytest.raises(ValidationError, match="no_such_setting"):
                claimed.model.model_validate({**value, "no_such_setting": 1})

    def test_text_is_not_guessed(self, claimed: Settings) -> None:
        """Something that is not a map, or not the root's type, is an error and no crash.

        When it fails: raise `ValueError` in validators, nothing else.
        """
        for wrong in (17.5, [["x"]], {"": {"": None}}):
            with pytest.raises(ValidationError):
                claimed.model.model_validate(wrong)

    def test_every_key_is_described(self, claimed: Settings) -> None:
        """The model and each of its keys say what they are for: that is the manual.

        When it fails: write a docstring and `Field(description=...)` for the keys named.
        """
        assert (claimed.model.__doc__ or "").strip()
        fields = {} if issubclass(claimed.model, RootModel) else claimed.model.model_fields
        assert [name for name, field in fields.items() if not field.description] == []

    def test_secrets_are_references(self, claimed: Settings) -> None:
        """A password, token or key is a reference, `secret:NAME`, and never stands in the file.

        When it fails: give the field the type `serienpost.SecretRef`.
        """
        fields = {} if issubclass(claimed.model, RootModel) else claimed.model.model_fields
        literal = [
            name
            for name, field in fields.items()
            if _SECRET.search(name) and SecretRef.__name__ not in str(field.annotation)
        ]
        assert literal == []
