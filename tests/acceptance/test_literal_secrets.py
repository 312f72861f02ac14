"""A secret stands in no file: refused wherever it is written, and shown nowhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Practice

# Its words stand nowhere else.
SECRET = "Quitte-77-heim"
VENDOR = """
from pydantic import BaseModel, Field, SecretStr, field_validator
from serienpost import Settings, Source, hookimpl


class Portal(BaseModel):
    user: str = ""
    token: str = ""
    tokens: list[str] = []
    api_key: str | int = ""
    token_url: str = ""
    login: dict[str, object] = {}
    headers: dict[str, object] | list[str] = {}
    dsn: str = ""
    opener: SecretStr | None = None
    opens: list[SecretStr] = []
    hidden: str = Field(default="", json_schema_extra={"writeOnly": True})
    shouted: str = ""

    @field_validator("shouted")
    @classmethod
    def _shouts(cls, value):
        raise ValueError(f"not acceptable: {value}")


@hookimpl
def serienpost_settings():
    return [Settings("portal", Portal)]
"""


@pytest.fixture
def vendors(demo: Practice, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """A practice with a plugin whose author knew nothing of `secret:NAME`."""
    demo.install("serienpost-portal", VENDOR)
    monkeypatch.syspath_prepend(demo.env.pop("PYTHONPATH").split(os.pathsep)[0])
    demo.edit("serienpost.yaml", "\nplugins:\n", "\nplugins:\n  - serienpost-portal\n")
    return demo


def given(practice: Practice, block: str) -> None:
    file = practice.folder / "serienpost.yaml"
    file.write_text(f"{file.read_text('utf-8')}\n{block}\n", "utf-8")


def assert_nothing_shown(practice: Practice, *args: str) -> None:
    """The command refuses with file and line, and repeats nothing of the secret."""
    for command in (args, (*args, "--json")):
        done = practice(*command)
        assert done.code == 3, done.out + done.err
        assert "serienpost.yaml:" in done.err
        assert "Quitte" not in done.out + done.err
        assert "77" not in done.out + done.err


@pytest.mark.parametrize(
    "portal",
    [
        f"token: {SECRET}",
        f"tokens: [{SECRET}]",
        "api_key: 7700077",
        f"login: {{user: a, PassWort: {SECRET}}}",
        f"login: {{datenbankkennwort: {SECRET}}}",
        f"login: {{smtp-pass: {SECRET}}}",
        f"login: {{clientSecret: {SECRET}}}",
        "login: {kartenPin: 7700077}",
        f"login: {{password2: {SECRET}}}",
        f"login: {{password: {{value: a, token: {SECRET}}}}}",
        f"headers: {{X-Api-Key: {SECRET}}}",
        f"headers: {{Authorization: Bearer {SECRET}}}",
        f"headers: ['X-Auth-Token: {SECRET}']",
        f"login: {{fields: [{{name: password, value: {SECRET}}}]}}",
        f"dsn: host=db user=post password={SECRET}",
        f"dsn: \"DRIVER=x;UID=a;PWD='{SECRET}'\"",
        f'dsn: "host=db password = ${{secret:A}}{SECRET}"',
        f'dsn: \'{{"password": "{SECRET}"}}\'',
        f"opener: {SECRET}",
        f"opens: [secret:A, {SECRET}]",
        f"hidden: {SECRET}",
        f"token: {SECRET}\n  shouted: the {SECRET}",
        f"passwort_neu: {SECRET}",
    ],
)
def test_a_secret_in_a_plugins_keys_is_refused_and_not_shown(
    vendors: Practice, portal: str
) -> None:
    given(vendors, f"portal:\n  {portal}")
    assert_nothing_shown(vendors, "config", "show")


@pytest.mark.parametrize("args", [("doctor",), ("runs",), ("check", "information")])
def test_no_command_shows_it(vendors: Practice, args: tuple[str, ...]) -> None:
    given(vendors, f"portal:\n  token: {SECRET}\n  shouted: '{SECRET}'")
    assert_nothing_shown(vendors, *args)


@pytest.mark.parametrize(
    "block",
    [f"password: {SECRET}", f"api_keyx: {SECRET}", f"mailserver: {{host: a, password: {SECRET}}}"],
)
def test_a_secret_under_an_unknown_key_is_not_shown(demo: Practice, block: str) -> None:
    given(demo, block)
    assert_nothing_shown(demo, "config", "show")


@pytest.mark.parametrize("line", [f"password: {SECRET}", "imap_password: 7700077"])
def test_a_secret_in_an_account_is_refused_and_not_shown(demo: Practice, line: str) -> None:
    demo.edit("serienpost.yaml", "    channel: smtp\n", f"    channel: smtp\n    {line}\n")
    assert_nothing_shown(demo, "config", "show")


def test_parts_of_a_connection_are_refused_and_not_shown(demo: Practice) -> None:
    """psycopg takes them, so a practice might write them."""
    written = f"host=db user=post password={SECRET}"
    demo.edit("serienpost.yaml", "\ndatabase: sqlite:///praxis.db", f"\ndatabase: {written}")
    assert_nothing_shown(demo, "config", "show")


def test_a_secret_in_a_selection_is_refused(demo: Practice) -> None:
    """It would stand in the run and in its manifest."""
    demo.edit("mailings/information.yaml", "select: {}", f"select: {{api_token: {SECRET}}}")
    done = demo("check", "information")
    assert done.code == 3
    assert "a secret does not stand in the file" in done.err
    assert SECRET not in done.out + done.err


def test_the_headings_of_a_list_may_be_called_like_a_secret(demo: Practice) -> None:
    (demo.folder / "liste.csv").write_text("Token;E-Mail\nKim;kim@example.org\n", "utf-8")
    demo.edit("mailings/information.yaml", "source: patients", "source: table")
    columns = "{file: liste.csv, columns: {Token: vorname, E-Mail: email}}"
    demo.edit("mailings/information.yaml", "select: {}", f"select: {columns}")
    assert "a secret does not stand" not in demo("check", "information").err


@pytest.mark.parametrize(
    "portal",
    [
        "token: secret:PORTAL_TOKEN",
        "token: ${secret:PORTAL_TOKEN}",
        "headers: {Authorization: 'Bearer ${secret:PORTAL_TOKEN}'}",
        "dsn: host=db user=post password=${secret:DB_PASSWORD}",
        "dsn: postgresql://post:${secret:DB_PASSWORD}@db/x",
        "dsn: 'postgresql://db/x?user=post&password=${secret:DB_PASSWORD}'",
        "opener: secret:PORTAL_TOKEN",
        "token_url: https://login.example.org/oauth2/token",
        "login: {token_lifetime: 60, use_password: true, password_file: /run/x, password: ''}",
        "login: {password: {store: keyring, name: portal}, passengers: 3, spinner: x}",
    ],
)
def test_references_and_what_describes_a_secret_are_accepted(
    vendors: Practice, portal: str
) -> None:
    given(vendors, f"portal:\n  {portal}")
    done = vendors("config", "show", "--json")
    assert done.code == 0, done.err


def test_what_lies_under_a_secrets_key_is_masked_when_shown(vendors: Practice) -> None:
    """Keys below may describe where it is kept, so they are accepted, but nobody knows."""
    given(vendors, f"portal:\n  login: {{password: {{wert: {SECRET}}}, user: anna}}")
    for args in (("config", "show"), ("config", "show", "--json"), ("config", "show", "--origin")):
        done = vendors(*args)
        assert done.code == 0, done.err
        assert SECRET not in done.out + done.err
        assert "***" in done.out
        assert "anna" in done.out
