"""The table of providers."""

import pytest
from pydantic import ValidationError

from serienpost_channel_smtp.account import SmtpAccount
from serienpost_channel_smtp.presets import preset_defaults, preset_note, presets

SENDER = {"channel": "smtp", "sender": "Praxis <praxis@example.org>"}
LOGIN = {"username": "praxis", "password": "secret:MAIL_PASSWORD"}
WITHOUT_HOST = {"hosting.de", "plesk"}


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_preset_makes_an_account(name: str) -> None:
    given = {"host": "mail.example.org"} if name in WITHOUT_HOST else {}
    account = SmtpAccount.model_validate({**SENDER, **LOGIN, **given, "preset": name})
    assert account.security != "none"
    assert account.rate, "every preset has a rate, conservative where none is known"
    assert account.messages_per_connection <= 50
    assert preset_note(name)
    if not presets()[name]["known"]:
        assert "not published" in preset_note(name)
        assert max(r.count * 86400 / r.seconds for r in account.rate[1:] or account.rate) <= 500


@pytest.mark.parametrize(
    ("name", "host", "port", "rates"),
    [
        ("ionos", "smtp.ionos.de", 465, ["500/hour"]),
        ("microsoft365", "smtp.office365.com", 587, ["30/minute", "10000/day"]),
        ("google", "smtp.gmail.com", 587, ["2000/day"]),
        ("telekom", "securesmtp.t-online.de", 465, ["50/hour", "200/day"]),
    ],
)
def test_what_is_known(name: str, host: str, port: int, rates: list[str]) -> None:
    account = SmtpAccount.model_validate({**SENDER, **LOGIN, "preset": name})
    assert (account.host, account.effective_port) == (host, port)
    assert [str(rate) for rate in account.rate] == rates


def test_keys_of_the_account_win() -> None:
    own = {"host": "smtp.example.org", "security": "starttls", "rate": ["10/minute"]}
    account = SmtpAccount.model_validate({**SENDER, **LOGIN, "preset": "ionos", **own})
    assert (account.host, account.effective_port) == ("smtp.example.org", 587)
    assert [str(rate) for rate in account.rate] == ["10/minute"]
    assert account.region == preset_defaults("ionos")["region"]


def test_an_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(ValidationError, match=r"no such preset; there are .*ionos.*web\.de"):
        SmtpAccount.model_validate({**SENDER, "preset": "ionoss", "host": "smtp.example.org"})


@pytest.mark.parametrize("name", sorted(WITHOUT_HOST))
def test_a_preset_without_a_server_needs_one(name: str) -> None:
    with pytest.raises(ValidationError, match="host"):
        SmtpAccount.model_validate({**SENDER, "preset": name})
