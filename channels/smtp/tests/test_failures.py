"""What a failure on the wire is called, in the language of whoever reads it later."""

from datetime import UTC, datetime

import pytest

from serienpost import AccountProblem, Deferred, Text, Unknown, speaking
from serienpost_channel_smtp.failures import at_server, outcome_of
from serienpost_channel_smtp.wire import NotOfferedError

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stage", "english", "german"),
    [
        (
            "auth",
            "no reply in time during the login",
            "keine Antwort innerhalb der Wartezeit bei der Anmeldung",
        ),
        (
            "rcpt",
            "no reply in time during RCPT TO",
            "keine Antwort innerhalb der Wartezeit bei RCPT TO",
        ),
        (
            "dot",
            "no reply in time after the message, before its reply",
            "keine Antwort innerhalb der Wartezeit, nach der Nachricht und vor der Antwort darauf",
        ),
    ],
)
def test_a_reason_is_said_in_the_readers_language(stage: str, english: str, german: str) -> None:
    outcome = outcome_of(TimeoutError(), stage, now=NOW)  # type: ignore[arg-type]
    assert isinstance(outcome, Deferred | Unknown)
    assert isinstance(outcome.text, Text)
    assert outcome.text == english
    with speaking("de"):
        assert str(outcome.text) == german


def test_what_to_do_at_which_server_stays_a_text() -> None:
    error = NotOfferedError("no_starttls", "?")
    outcome = at_server(outcome_of(error, "starttls", now=NOW), "mail.example.org:587")
    assert isinstance(outcome, AccountProblem)
    assert outcome.text == (
        "?; mail.example.org:587: check port and security: 587 goes with starttls, 465 with tls"
    )
    with speaking("de"):
        assert str(outcome.text).endswith("587 gehört zu starttls, 465 zu tls")
