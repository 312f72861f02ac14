"""The catcher, driven by the standard library's SMTP client."""

from __future__ import annotations

import logging
import smtplib
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import pytest

from serienpost import SerienpostError
from serienpost_demo.catcher import Catcher

if TYPE_CHECKING:
    from pathlib import Path

MAIL = b"From: praxis@example.org\r\nSubject: Test\r\n\r\nGuten Tag\r\n.Punkt\r\n"


def client(catcher: Catcher) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", catcher.port, timeout=10)


def send(smtp: smtplib.SMTP, to: str = "a@example.org") -> None:
    smtp.sendmail("praxis@example.org", [to], MAIL)


def test_keeps_envelope_and_bytes() -> None:
    with Catcher() as catcher, client(catcher) as smtp:
        send(smtp)
        send(smtp, "b@example.net")
    assert [message.recipients for message in catcher.messages] == [
        ("a@example.org",),
        ("b@example.net",),
    ]
    assert catcher.messages[0].sender == "praxis@example.org"
    assert catcher.messages[0].data == MAIL
    assert catcher.messages[0].at.utcoffset().total_seconds() == 0
    assert catcher.messages[0].at <= catcher.messages[1].at


def test_writes_files_for_the_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "eingang"
    with Catcher(folder) as catcher, client(catcher) as smtp:
        send(smtp)
    (file,) = folder.iterdir()
    assert file.name == "000001.eml"
    assert file.read_bytes() == MAIL
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_logs_no_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Catcher() as catcher, client(catcher) as smtp:
        send(smtp, "kanarie@example.org")
    assert "kanarie" not in caplog.text


def test_many_connections_at_once() -> None:
    def ten(number: int) -> None:
        with client(catcher) as smtp:
            for message in range(10):
                send(smtp, f"{number}-{message}@example.org")

    with Catcher() as catcher, ThreadPoolExecutor(8) as pool:
        list(pool.map(ten, range(8)))
    assert len({message.recipients for message in catcher.messages}) == 80


def test_refuses_matching_recipients_so_many_times() -> None:
    with Catcher() as catcher, client(catcher) as smtp:
        catcher.script.refuse("*@example.net", "450 4.2.1 try later", times=1)
        send(smtp)
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(smtp, "b@example.net")
        assert refused.value.recipients == {"b@example.net": (450, b"4.2.1 try later")}
        send(smtp, "b@example.net")
    assert len(catcher.messages) == 2


def test_refuses_the_final_dot() -> None:
    with Catcher() as catcher, client(catcher) as smtp:
        catcher.script.refuse(reply="554 5.7.1 spam", at="data")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            send(smtp)
        assert refused.value.smtp_code == 554
    assert catcher.messages == []


@pytest.mark.parametrize(("when", "kept"), [("before_dot", 0), ("after_dot", 1)])
def test_drops_the_connection(when: Literal["before_dot", "after_dot"], kept: int) -> None:
    with Catcher() as catcher:
        catcher.script.disconnect(when=when, times=1)
        smtp = client(catcher)
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            send(smtp)
        smtp.close()
        assert len(catcher.messages) == kept
        with client(catcher) as again:
            send(again)
        assert len(catcher.messages) == kept + 1


def test_delays_the_final_reply_and_keeps_before() -> None:
    with Catcher() as catcher:
        catcher.script.delay(0.3, "slow@*", times=1)
        with client(catcher) as smtp:
            started = time.monotonic()
            send(smtp, "slow@example.org")
            assert time.monotonic() - started >= 0.3
        catcher.script.delay(60)
        smtp = client(catcher)
        smtp.sock.settimeout(0.5)
        with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
            send(smtp)
        smtp.close()
        assert len(catcher.messages) == 2


def test_closes_after_so_many_messages() -> None:
    with Catcher() as catcher:
        catcher.script.stop_after(2)
        smtp = client(catcher)
        send(smtp)
        send(smtp)
        with pytest.raises(smtplib.SMTPException) as refused:
            send(smtp)
        assert refused.value.smtp_code == 421
        smtp.close()
        with client(catcher) as again:
            send(again)
        catcher.script.clear()
        assert len(catcher.messages) == 3


def test_stops_with_connections_open() -> None:
    with Catcher() as catcher:
        smtp = client(catcher)
        smtp.ehlo()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.noop()
    smtp.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", catcher.port), timeout=1)


def test_a_taken_port_is_one_clear_line() -> None:
    with (
        Catcher() as catcher,
        pytest.raises(SerienpostError, match=f"cannot listen on 127.0.0.1:{catcher.port}"),
        Catcher(port=catcher.port),
    ):
        pass
