"""A real Postfix and a real Dovecot of Debian on loopback, in folders of their own; needs root.

Postfix offers submission with STARTTLS and AUTH (its passwords are Dovecot's) and delivers all mail
for `example.net` into one Maildir, that of `patient`; what it bounces comes to that of `praxis`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path
    from types import TracebackType

    from smtp_servers.authority import Authority

PASSWORD = "geheim"
# Seconds that a server may take.
STARTED = 30.0

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
multi_instance_enable = no
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.net
mydestination =
mynetworks =
alias_maps =
virtual_mailbox_domains = example.net, example.org
virtual_mailbox_maps = inline:{{ {{ praxis@example.org = praxis/ }} }}, regexp:{folder}/mailboxes
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = encrypt
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_sasl_security_options = noanonymous
smtpd_sender_login_maps = inline:{{ {{ praxis@example.org = praxis }} }}
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit
smtpd_reject_unlisted_recipient = {unlisted}
smtpd_client_connection_count_limit = 0
smtpd_hard_error_limit = 20
message_size_limit = 1000000
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}
disable_dns_lookups = yes
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_DOVECOT = """\
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot-state
log_path = {folder}/log/dovecot
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = yes
mail_location = maildir:{folder}/mail/%n
first_valid_uid = 1
default_internal_user = dovecot
default_login_user = dovenull
auth_mechanisms = plain login
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {sasl}
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {imap}
  }}
}}
service anvil {{
  chroot =
}}
"""


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MailServer:
    """Postfix and Dovecot; use it in a `with` statement.

    Args:
        folder: theirs; other users must be able to enter it.
        authority: whose certificate they show.
        accepts_all: recipients that do not exist are refused later, by a bounce.
    """

    def __init__(self, folder: Path, authority: Authority, *, accepts_all: bool = False) -> None:
        self.folder = folder
        ports = [free_port() for _ in range(4)]
        self.port, self.imap, self.imap_starttls, sasl = ports
        uid, gid = (int(part) for part in _ids("nobody"))
        values = {
            "folder": folder, "certificate": authority.certificate, "key": authority.key,
            "port": self.port, "imap": self.imap, "starttls": self.imap_starttls, "sasl": sasl,
            "uid": uid, "gid": gid, "password": PASSWORD,
            "unlisted": "no" if accepts_all else "yes",
        }  # fmt: skip
        for name in ("queue", "data", "config", "log", "mail", "dovecot", "dovecot-state"):
            (folder / name).mkdir()
        os.chown(folder / "data", *_ids("postfix"))
        os.chown(folder / "mail", uid, gid)
        (folder / "mailboxes").write_text(
            "/^patient.*@example\\.net$/ patient/\n/^null-[0-9][0-9]?@example\\.org$/ patient/\n"
        )
        (folder / "config" / "main.cf").write_text(_MAIN.format(**values))
        (folder / "config" / "master.cf").write_text(_MASTER.format(**values))
        (folder / "dovecot.conf").write_text(_DOVECOT.format(**values))

    def __enter__(self) -> Self:
        for program in ("postfix", "dovecot"):
            assert shutil.which(program, path="/usr/sbin"), f"apt-get install {program}"
        with (self.folder / "log" / "dovecot.err").open("wb") as errors:
            self._dovecot = subprocess.Popen(
                ["/usr/sbin/dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        self._postfix("start")
        until = time.monotonic() + STARTED
        for port in (self.port, self.imap, self.imap_starttls):
            while not _listens(port):
                assert time.monotonic() < until, self.log()
                time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._postfix("stop")
        self._dovecot.send_signal(signal.SIGTERM)
        self._dovecot.wait(STARTED)

    def log(self) -> str:
        """What both wrote into their logs."""
        logs = (path.read_text("utf-8", "replace") for path in (self.folder / "log").iterdir())
        return "\n".join(logs)[-6000:]

    def mails(self, box: str) -> list[EmailMessage]:
        """The mails in a mailbox, by arrival."""
        folder = self.folder / "mail" / box
        files = [path for name in ("new", "cur") for path in (folder / name).glob("*")]
        files.sort(key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=default) for path in files]  # type: ignore[misc]

    def wait_for(self, box: str, count: int) -> list[EmailMessage]:
        """The mails in a mailbox, once there are so many."""
        until = time.monotonic() + STARTED
        while len(found := self.mails(box)) < count:
            assert time.monotonic() < until, self.log()
            time.sleep(0.1)
        return found

    def _postfix(self, command: str) -> None:
        done = subprocess.run(
            ["/usr/sbin/postfix", "-c", self.folder / "config", command],
            check=False,
            capture_output=True,
            text=True,
            timeout=STARTED,
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.log()


def _ids(user: str) -> tuple[int, int]:
    import pwd

    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
