from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    *("sqlalchemy", "alembic", "weasyprint", "httpx", "aiosmtplib", "jinja2", "phonenumbers"),
    *("email_validator", "markdown_it", "babel", "rich", "pydantic", "argon2"),
}


@pytest.mark.parametrize(
    "args", [["--help"], ["--version"], ["send", "--help"], ["users", "add", "--help"]]
)
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "serienpost", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "serienpost.cli.group" in imported
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()
