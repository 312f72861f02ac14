"""What may stand in an account of the channel."""

import pytest
from pydantic import ValidationError

from serienpost_channel_smtp.account import SmtpAccount

GOOD = {
    "channel": "smtp",
    "host": "smtp.example.org",
    "sender": "Praxis Dr. Sonnenschein <praxis@example.org>",
}


def test_defaults_follow_the_security() -> None:
    assert SmtpAccount.model_validate(GOOD).effective_port == 587
    assert SmtpAccount.model_validate({**GOOD, "security": "tls"}).effective_port == 465
    local = {**GOOD, "security": "none", "host": "127.0.0.1"}
    assert SmtpAccount.model_validate(local).effective_port == 25
    account = SmtpAccount.model_validate({**GOOD, "port": 2525})
    assert account.effective_port == 2525
    assert (account.connections, account.messages_per_connection, account.timeout) == (1, 50, 60)


def test_bounces_go_to_the_sender_unless_told_otherwise() -> None:
    assert SmtpAccount.model_validate(GOOD).envelope == "praxis@example.org"
    other = SmtpAccount.model_validate({**GOOD, "envelope_sender": "bounce@example.org"})
    assert other.envelope == "bounce@example.org"


@pytest.mark.parametrize(
    "change",
    [
        {"port": 0},
        {"port": 65536},
        {"port": "587"},
        {"security": "opportunistic"},
        {"security": "none"},
        {"username": "praxis"},
        {"password": "secret:MAIL_PASSWORD"},
        {"username": "", "password": "secret:MAIL_PASSWORD"},
        {"connections": 0},
        {"connections": 21},
        {"messages_per_connection": 0},
        {"timeout": 0},
        {"timeout": 121},
        {"host": ""},
        {"host": "smtp example"},
        {"host": "praxis@example.org"},
        {"sender": "Praxis"},
        {"sender": "Praxis <praxis>"},
        {"sender": "Praxis <a@example.org>\r\nBcc: <b@example.org>"},
        {"sender": "=?utf-8?q?a=0D=0ABcc:_b@example.org?= <a@example.org>"},
        {"sender": "a@example.org, b@example.org"},
        {"sender": "Praxis <praxis@müller.example>"},
        {"sender": None},
        {"reply_to": "nobody"},
        {"envelope_sender": "Praxis <praxis@example.org>"},
        {"encryption": "tls"},
    ],
)
def test_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SmtpAccount.model_validate({**GOOD, **change})


def test_sender_is_required() -> None:
    with pytest.raises(ValidationError, match="sender"):
        SmtpAccount.model_validate({"channel": "smtp", "host": "smtp.example.org"})


def test_login_on_loopback_without_encryption() -> None:
    login = {"username": "praxis", "password": "secret:MAIL_PASSWORD"}
    account = SmtpAccount.model_validate({**GOOD, **login, "security": "none", "host": "localhost"})
    assert account.username == "praxis"
