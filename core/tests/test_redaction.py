"""No password of a URL is shown, however it is written."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serienpost.redaction import has_password, redact, without_passwords

WITH = [
    "postgresql://post:geheim@db/x",
    "postgresql://post:ge/heim@db/x",
    "postgresql://post:ge?heim#1@db/x",
    "postgresql://post:geh@eim@db/x",
    "postgresql://post:1234/5geheim@db/x",
    "postgresql://:geheim@db/x",
    "postgresql://post%3Ageheim@db/x",
    "postgresql://db/x?user=post&password=geheim",
    "postgresql://db/x?PASSWORD=geheim",
    "postgresql://db/x?%70assword=geheim",
    "postgresql://db/x?sslpassword=geheim",
    "postgresql://post:${secret:A}geheim@db/x",
    "postgresql://db/x?password=${secret:A}geheim",
    "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BUID%3Dpost%3BPWD%3Dgeheim",
    "https://post:geheim@example.org/",
    "https://geheim@example.org/",
    "https://post:ge/heim@example.org/",
    "https://example.org/?next=postgresql%3A%2F%2Fpost%3Ageheim%40db",
    "https://example.org/?access_token=geheim",
    "HTTPS://post:geheim@example.org",
    "postgresql://post:ge heim@db/x",
    "postgresql://post:ein langes ge\theim@db/x",
    "https://post:ge heim@example.org/",
    "postgresql:/post:geheim@db/x",
    "postgresql: //post:geheim@db/x",
    "postgresql ://post:geheim@db/x",
    "//post:geheim@db/x",
    "https:\\\\post:geheim@example.org",
]
WITHOUT = [
    "sqlite:///versandbuch.db",
    "sqlite:////srv/praxis@home/versand.db",
    "postgresql://post@db/x",
    "postgresql://post:${secret:DB_PASSWORD}@db/x",
    "postgresql://${secret:DB_USER}:${secret:DB_PASSWORD}@db/x?sslmode=require",
    "postgresql://db/x?user=post&password=${secret:A}",
    "postgresql://db:5432/x",
    "https://example.org:8443/@praxis",
    "https://example.org/@praxis",
    "https://example.org/a:b@c",
    "https://example.org/?seite=2",
    "https://example.org/#c:d@e",
    "secret:SMS_PASSWORD",
    "a:b@c",
    "https://example.org, E-Mail: praxis@example.org",
    "https://example.org:8443 oder praxis@example.org",
    "no answer of postgresql://db:5432/x now, ask praxis@example.org",
    "C:\\\\praxis",
    "either//or: a@b",
]
AS_A_WHOLE = [
    "postgresql:///x?host=db&password=ge heim",
    "postgresql:///x?host=db&password = geheim",
    "postgresql://post:12 heim@db/x",
]


@pytest.mark.parametrize("url", AS_A_WHOLE)
def test_blanks_belong_to_a_url_that_stands_alone(url: str) -> None:
    """As a value of the configuration does."""
    assert has_password(url)
    assert "heim" not in without_passwords(url)


@pytest.mark.parametrize("url", WITH)
def test_every_spelling_is_found_and_masked(url: str) -> None:
    assert has_password(url)
    for text in (url, f"{url} is refused", f"there is no store '{url}'"):
        shown = without_passwords(text)
        assert "geheim" not in shown
        assert "heim" not in shown
        assert "***" in shown
    assert "heim" not in redact(url)


@pytest.mark.parametrize("url", WITHOUT)
def test_what_holds_none_stays(url: str) -> None:
    assert without_passwords(url) == url


@given(
    user=st.text(string.ascii_letters + "._-", max_size=8),
    password=st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1),
)
def test_no_sign_of_a_password_hides_it(user: str, password: str) -> None:
    """Of a database's URL all is a password from the first colon to the last @."""
    url = f"mariadb+pymysql://{user}:{password}@db/praxis"
    for written in (url, f"mariadb://{user}:{quote(password, safe='')}@db/praxis"):
        assert without_passwords(written) in (
            f"mariadb+pymysql://{user}:***@db/praxis",
            f"mariadb://{user}:***@db/praxis",
        )
