"""How fast mail leaves: the whole `run` against mailmerge and nodemailer, into Postfix's smtp-sink.

Ours is `serienpost run`: select, consent, render, freeze, approve, and send with consent again, a
ledger with fsync and an outcome per message. mailmerge (PyPI) merges CSV and Jinja2 and sends one
mail after the other; nodemailer (npm) sends over a pool of connections what a loop fills in. All
get the same text for the same people, in turns; both are installed into a temporary folder. The
ledger is there already, as in any practice but on its first day.

    python bench/smtp.py [RECIPIENTS] [CONNECTIONS] [ROUNDS]
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from harness import RESULTS, Report
from null_practice import HERE, PROGRAM, Spent, output_of, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAILMERGE = "2.3.0"
NODEMAILER = "10.6.1"
# Greatest time of ours over that of the peer.
TARGETS = {
    ("text", "mailmerge"): 1 / 3,
    ("text", "nodemailer"): 1.0,
    ("multipart", "nodemailer"): 1 / 1.5,
}

SENDER = "Praxis Dr. Sonnenschein <praxis@example.org>"
SUBJECT = "Hinweis der Praxis"
PARAGRAPH = "Bitte bringen Sie Ihre Versichertenkarte mit und kommen Sie zehn Minuten früher.\n"
TEXT = "Guten Tag NAME,\n\nIhre Nummer in der Praxis Dr. Sonnenschein ist NUMBER.\n\n" + (
    PARAGRAPH * 10
)
HTML = "<html><body><p>Guten Tag NAME, Ihre Nummer ist NUMBER.</p>\n" + (
    f"<p>{PARAGRAPH.strip()}</p>\n" * 75
)
CONFIG = """\
practice: {{id: bench, name: "Praxis Dr. Sonnenschein", email: praxis@example.org}}
ledger: sqlite:///versandbuch.db
plugins: [serienpost-testkit, serienpost-channel-smtp]
accounts:
  mail: {{channel: smtp, host: 127.0.0.1, port: {port}, security: none, sender: "{sender}",
          connections: {connections}, messages_per_connection: 1000000, html: {html}}}
"""
MAILING = """\
source: "null"
select: {{count: {count}}}
account: mail
purpose: information
template: hinweis
"""
POOL = """\
const [port, connections, csv, textFile, htmlFile] = process.argv.slice(2);
const fs = require("fs");
const read = (file) => fs.readFileSync(file, "utf8");
const rows = read(csv).trim().split("\\n").slice(1).map((line) => line.split(","));
const text = read(textFile), html = htmlFile ? read(htmlFile) : null;
const fill = (part, row) => part.replaceAll("{{name}}", row[1]).replaceAll("{{number}}", row[2]);
const pool = require("nodemailer").createTransport({
  host: "127.0.0.1", port: +port, ignoreTLS: true,
  pool: true, maxConnections: +connections, maxMessages: Infinity,
});
let next = 0, sent = 0;
const work = async () => {
  while (next < rows.length) {
    const row = rows[next++];
    const mail = {from: "SENDER", to: row[0], subject: "SUBJECT", text: fill(text, row)};
    if (html) mail.html = fill(html, row);
    await pool.sendMail(mail);
    sent++;
  }
};
Promise.all(Array.from({length: 2 * connections}, work)).then(() => {
  pool.close();
  process.exit(sent === rows.length ? 0 : 1);
});
"""


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's sink on a free port of loopback."""
    program = shutil.which("smtp-sink", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("smtp-sink is missing; install Debian's postfix")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([program, *as_user, f"127.0.0.1:{port}", "512"]) as sink:
        time.sleep(0.5)
        try:
            yield port
        finally:
            sink.terminate()


class Peers:
    """The programs to compare with, and the files they read."""

    def __init__(self, folder: Path, port: int, count: int, connections: int) -> None:
        self.folder, self.port, self.count, self.connections = folder, port, count, connections
        self._install()
        rows = [f"null-{n}@example.org,Ada Böhm,{n}" for n in range(1, count + 1)]
        self._write("people.csv", "\n".join(["email,name,number", *rows]) + "\n")
        text, html = (
            part.replace("NAME", "{{name}}").replace("NUMBER", "{{number}}")
            for part in (TEXT, HTML)
        )
        self._write("text.txt", text)
        self._write("page.html", html)
        self._write("mail.txt", f"TO: {{{{email}}}}\nFROM: {SENDER}\nSUBJECT: {SUBJECT}\n\n{text}")
        self._write("server.conf", f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n")
        self._write("pool.js", POOL.replace("SENDER", SENDER).replace("SUBJECT", SUBJECT))

    def _install(self) -> None:
        for command in (
            [sys.executable, "-m", "venv", "python"],
            ["python/bin/pip", "install", "--quiet", f"mailmerge=={MAILMERGE}"],
            ["npm", "install", "--silent", f"nodemailer@{NODEMAILER}"],
        ):
            subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def mailmerge(self) -> Spent:
        program = self.folder / "python" / "bin" / "mailmerge"
        files = ["--template", "mail.txt", "--database", "people.csv", "--config", "server.conf"]
        return run([str(program), "--no-dry-run", "--no-limit", *files], self.folder)

    def nodemailer(self, *html: str) -> Spent:
        settings = [str(self.port), str(self.connections), "people.csv", "text.txt", *html]
        return run(["node", "pool.js", *settings], self.folder)


def run(command: list[str], folder: Path) -> Spent:
    return output_of(command, folder)[1]


def make_practice(folder: Path, port: int, count: int, connections: int, *, html: bool) -> None:
    """A practice whose mailing `alle` is the same mail to the same people."""
    template = folder / "templates" / "hinweis"
    template.mkdir(parents=True)
    (folder / "mailings").mkdir()
    config = CONFIG.format(
        port=port, sender=SENDER, connections=connections, html=str(html).lower()
    )
    (folder / "serienpost.yaml").write_text(config, "utf-8")
    (folder / "mailings" / "alle.yaml").write_text(MAILING.format(count=count), "utf-8")
    text, page = (
        part.replace("NAME", "{{Null_Name}}").replace("NUMBER", "{{Null_Nr}}")
        for part in (TEXT, HTML)
    )
    head = f"---\nsubject: {SUBJECT}\nlanguage: de\npurposes: [information]\n---\n"
    (template / "email.md").write_text(head + text, "utf-8")
    if html:
        (template / "email.html").write_text(f"{page}</body></html>", "utf-8")


def ours(original: Path, work: Path) -> Spent:
    """`run` in a fresh copy of the practice."""
    folder = _copy(original, work)
    return run([str(PROGRAM), "-C", str(folder), "run", "alle", "--yes", "--json"], work)


def _copy(original: Path, work: Path) -> Path:
    folder = work / "ours"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder)
    return folder


def compare(
    form: str, alternatives: dict[str, Callable[[], Spent]], rounds: int, count: int
) -> bool:
    """Run in turns, print and store each pair by both clocks; whether all targets are met."""
    found: dict[str, list[Spent]] = {name: [] for name in alternatives}
    for number in range(-1, rounds):
        for name, alternative in alternatives.items():
            used = alternative()
            if number >= 0:
                found[name].append(used)
    met = True
    for peer in [name for name in alternatives if name != "serienpost run"]:
        for clock in ("wall", "cpu"):
            report = Report(
                f"smtp-{form}-{peer}-{clock}",
                {
                    name: [getattr(s, clock) for s in found[name]]
                    for name in ("serienpost run", peer)
                },
                {
                    "serienpost": version("serienpost"),
                    "mailmerge": MAILMERGE,
                    "nodemailer": NODEMAILER,
                },
                {"recipients": count},
                target=TARGETS[form, peer] if clock == "wall" else None,
            )
            met = met and report.met
            print(report.table(), f"written to {report.write(RESULTS)}", sep="\n")
    memory = {name: f"{max(s.rss for s in used):.0f} MiB" for name, used in found.items()}
    print(f"memory {memory}; load {os.getloadavg()[0]:.1f}\n", flush=True)
    return met


def profile(original: Path, work: Path, form: str) -> None:
    """Where the time of one delivery goes, into a file."""
    folder = _copy(original, work)
    prepared_run, _ = prepared(folder)
    file = RESULTS / f"smtp-{form}-profile.txt"
    run(
        [
            sys.executable,
            str(HERE / "metered_send.py"),
            str(folder),
            prepared_run,
            "--profile",
            str(file),
        ],
        work,
    )
    print(f"profile in {file}")


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    count, connections, rounds = (*given, *(5000, 20, 3)[len(given) :])
    results = []
    with tempfile.TemporaryDirectory(prefix="serienpost-smtp-") as name, smtp_sink() as port:
        work = Path(name)
        peers = Peers(work, port, count, connections)
        for form in ("text", "multipart"):
            original = work / form
            html = form == "multipart"
            make_practice(original, port, count, connections, html=html)
            run([str(PROGRAM), "-C", str(original), "runs", "--json"], work)
            alternatives: dict[str, Callable[[], Spent]] = {
                "serienpost run": lambda original=original: ours(original, work),  # type: ignore[misc]
                "nodemailer": lambda html=html: peers.nodemailer(*["page.html"] * html),  # type: ignore[misc]
            }
            if not html:
                alternatives["mailmerge"] = peers.mailmerge
            results.append(compare(form, alternatives, rounds, count))
            profile(original, work, form)
    if not all(results):
        sys.exit(1)


if __name__ == "__main__":
    main()
