"""The mail about a failure (`notify:`): no word of any person, whatever providers answer."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from canary_runs.practice import Places, planted, write_canaries
from canary_runs.traces import tokens

from serienpost.cli.main import run as command_line
from serienpost_demo.catcher import Catcher

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

OWN = "notdienst@example.org"


def test_no_word_of_a_person_is_in_the_mail_about_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "praxis"
    folder.mkdir()
    words = set(planted("patient", "interessent", "behandlung", "einwilligung"))
    said = " ".join(sorted(words)[:40])
    monkeypatch.setattr("sys.stdin", None)
    with Catcher() as catcher:
        write_canaries(folder, Places(catcher.port))
        config, mailing = folder / "serienpost.yaml", folder / "mailings" / "email.yaml"
        notify = f"notify: {{account: email, to: {OWN}}}\n"
        config.write_text(config.read_text("utf-8") + notify, "utf-8")
        mailing.write_text(mailing.read_text("utf-8") + "once_per: recipient\n", "utf-8")
        catcher.script.refuse("[!n]*", f"550 5.1.1 {said} is unknown")
        code = command_line(["-C", str(folder), "run", "email", "--yes"])
        mails = [message_from_bytes(m.data, policy=policy.default) for m in catcher.messages]
    assert code == 4
    (text,) = (
        f"{mail['Subject']} {mail.get_content()}"  # type: ignore[attr-defined]
        for mail in mails
        if mail["To"] == OWN
    )
    assert "gescheitert" in text
    assert tokens(text) & words == set()
    assert not [word for word in words if len(word) > 6 and word in text]
