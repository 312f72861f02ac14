"""What every store of secrets must do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from serienpost import Context, SecretError
from serienpost.contracts.services import InDatabase
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile
from serienpost_systemkuerzel import serienpost_secrets
from serienpost_systemkuerzel.store import SystemkuerzelStore
from serienpost_testkit.contexts import MakeContext
from serienpost_testkit.suites import SecretStoreSuite

STORE = SystemkuerzelStore()
SECRETS = {"MAIL_PASSWORD": "geheim-1", "SMS_PASSWORD": "geheim ß"}


class TestSystemkuerzel(SecretStoreSuite):
    @pytest.fixture
    def store(self, context: Context, add: Callable[..., None]) -> SystemkuerzelStore:
        for name, secret in SECRETS.items():
            add("systemkuerzel", kuerzel=name, wert=secret)
        return STORE

    @pytest.fixture
    def secrets(self) -> dict[str, str]:
        return SECRETS


def test_registers_one_store_that_reads_the_database() -> None:
    (store,) = serienpost_secrets()
    assert store.name == "systemkuerzel"
    assert isinstance(store, InDatabase)


def test_a_secret_is_the_value_of_its_kuerzel(context: Context, add: Callable[..., None]) -> None:
    add("systemkuerzel", kuerzel="MAIL_SENDGRID_API", wert=" SG.geheim\n")
    add("systemkuerzel", kuerzel="LEER", wert="  ")
    add("systemkuerzel", kuerzel="NICHTS", wert=None)
    assert STORE.get(context, "MAIL_SENDGRID_API") == "SG.geheim"
    assert STORE.get(context, "mail_sendgrid_api") is None
    assert STORE.get(context, "LEER") is None
    assert STORE.get(context, "NICHTS") is None
    assert STORE.get(context, "UNBEKANNT") is None
    assert STORE.get(context, "x' or '1'='1") is None


def test_the_table_is_not_there(context: Context, change: Callable[..., None]) -> None:
    change("drop table systemkuerzel")
    with pytest.raises(SecretError, match="secret KEY: the Systemkürzel cannot be read"):
        STORE.get(context, "KEY")


def test_another_table_by_the_schema(
    database: Path, change: Callable[..., None], make_context: MakeContext
) -> None:
    change("create table sys_param(name text, value text)")
    change("insert into sys_param values ('KEY', 'geheim')")
    schema = "systemkuerzel: {table: sys_param, id: name, fields: {wert: value}}\n"
    database.with_name("schema.yaml").write_text(schema)
    context = make_context(
        claimed={
            "database": DatabaseUrl(f"sqlite:///{database.name}"),
            "schema": SchemaFile("schema.yaml"),
        }
    )
    assert STORE.get(context, "KEY") == "geheim"


def test_the_url_of_the_database_is_never_looked_up_in_it(context: Context) -> None:
    context.registry.secret_stores["systemkuerzel"] = STORE
    context.config.secrets[:] = ["systemkuerzel"]
    with pytest.raises(SecretError, match="is in none of the stores"):
        context.expand("postgresql://u:${secret:KEY}@h/d")
