"""Which hosts are this machine, and what keeps an encrypted connection from coming about."""

import ssl

import pytest

from serienpost.network import is_loopback, tls_cause


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.example.org", False),
        ("192.168.1.1", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def raised_from(cause: Exception, *, openly: bool) -> Exception:
    """An error that was raised `from` another, or while another was handled."""
    error = ConnectionError("no connection")
    if openly:
        error.__cause__ = cause
    else:
        error.__context__ = cause
    return error


@pytest.mark.parametrize("openly", [True, False])
@pytest.mark.parametrize("cause", [ssl.SSLCertVerificationError(1, "x"), ssl.SSLError(1, "x")])
def test_what_tls_refused_is_found_behind_other_errors(cause: ssl.SSLError, openly: bool) -> None:
    assert tls_cause(raised_from(cause, openly=openly)) is cause
    assert tls_cause(cause) is cause


@pytest.mark.parametrize("cause", [OSError("x"), ssl.SSLEOFError(8, "x"), ssl.SSLZeroReturnError()])
def test_a_connection_that_ended_is_no_matter_of_tls(cause: Exception) -> None:
    assert tls_cause(raised_from(cause, openly=True)) is None
