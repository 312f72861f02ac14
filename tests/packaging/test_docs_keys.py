"""The page of keys names every key of the models, each with what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from docs_keys import keys_page, manual_registry, sections
from pydantic import RootModel

from serienpost.config.mailing import OF_DRAFTS, Mailing
from serienpost.config.models import ConsentConfig, PracticeConfig, Retention
from serienpost.config.policy import Policy
from serienpost.contracts.accounts import AccountSettings
from serienpost.contracts.practice import PracticeInfo, Signature

if TYPE_CHECKING:
    from pydantic import BaseModel

    from serienpost.registry import Registry

CORE_MODELS: list[tuple[type[BaseModel], str]] = [
    (PracticeConfig, ""),
    (PracticeInfo, "practice."),
    (ConsentConfig, "consent."),
    (AccountSettings, "accounts.NAME."),
    (Signature, "signatures.NAME."),
    (Retention, "retention."),
    (Policy, ""),
    (Mailing, ""),
]
# Fields that the program fills in, and what drafts of the desk alone have.
NOT_WRITTEN = {"claimed", "blocks", "source_path", *OF_DRAFTS}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return manual_registry()


@pytest.mark.parametrize(("model", "prefix"), CORE_MODELS, ids=lambda p: getattr(p, "__name__", ""))
def test_core_keys_are_on_the_page(model: type[BaseModel], prefix: str) -> None:
    page = keys_page()
    names = [name for name in model.model_fields if name not in NOT_WRITTEN]
    assert [name for name in names if f"| `{prefix}{name}` |" not in page] == []


def test_every_field_is_described(registry: Registry) -> None:
    models = [model for model, _ in CORE_MODELS]
    models += [channel.account for channel in registry.channels.values()]
    models += [source.selection for source in registry.sources.values()]
    claimed = [settings.model for settings in registry.settings.values()]
    models += [model for model in claimed if not issubclass(model, RootModel)]
    silent = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert silent == []
    assert [model.__name__ for model in claimed if not (model.__doc__ or "").strip()] == []


def test_keys_of_plugins_are_on_the_page_with_their_owner(registry: Registry) -> None:
    shown = {
        (section.title, key.path): key for section in sections(registry) for key in section.keys
    }
    smtp = shown["Accounts of `smtp`", "security"]
    assert smtp.owner == "serienpost-channel-smtp"
    assert (smtp.type, smtp.default) == ("starttls | tls | none", "`starttls`")
    assert shown["Accounts of `smtp`", "password"].type == "`secret:NAME`"
    for name, channel in registry.channels.items():
        own = set(channel.account.model_fields) - set(AccountSettings.model_fields)
        assert {key for key in own if (f"Accounts of `{name}`", key) not in shown} == set()
    for name, source in registry.sources.items():
        fields = source.selection.model_fields
        assert [f for f in fields if (f"`select` of `{name}`", f) not in shown] == []
    top = {path: key.owner for (title, path), key in shown.items() if title == "`serienpost.yaml`"}
    assert top["database"] == "serienpost-practice-db"
    assert set(registry.settings) <= set(top)


def test_defaults_are_written_as_users_write_them(registry: Registry) -> None:
    pages = list(sections(registry))
    shown = {key.path: key.default for section in pages for key in section.keys}
    assert shown["practice.name"] == "required"
    assert shown["retention.unapproved"] == "`7 days`"
    assert shown["database"] == "required"
    (mailing,) = (section for section in pages if section.title == "A mailing")
    assert {key.path: key.default for key in mailing.keys}["id"] == "the file name"
