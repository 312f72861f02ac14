"""How fast messages go to SendGrid: ours against SendGrid's own SDK, one request per recipient.

Ours is `serienpost send` of a prepared run: source and consent read again, the ledger with fsync,
an outcome per message. The SDK (PyPI) is called in a loop and keeps no record. Both talk to a
server on loopback that only answers. The SDK is installed into a temporary folder.

    python bench/sendgrid.py [BY_TEMPLATE] [RENDERED] [ROUNDS]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from harness import RESULTS, Report
from null_practice import HERE, PROGRAM, Spent, output_of, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

SDK = "6.12.5"
# Greatest time per message of ours over that of the SDK.
TARGETS = {"template": 1 / 20, "rendered": 1 / 0.8}

BATCH = 1000
# Requests at the same time, without a template.
CONNECTIONS = 32

CONFIG = """\
practice: {{id: bench, name: "Praxis Dr. Sonnenschein", email: praxis@example.org}}
ledger: sqlite:///versandbuch.db
plugins: [serienpost-testkit, serienpost-channel-sendgrid]
accounts:
  grid: {{channel: sendgrid, base_url: "http://127.0.0.1:{port}", api_key: "secret:BENCH_KEY",
          sender: "Praxis Dr. Sonnenschein <praxis@example.org>",
          batch: {batch}, connections: {connections},
          disclaimer: {{accepted_by: Bench, accepted_on: "2026-11-01"}}}}
"""
MAILING = """\
source: "null"
select: {{count: {count}}}
account: grid
purpose: information
{subject}text: "Guten Tag {{{{Null_Name}}}}, Ihre Nummer ist {{{{Null_Nr}}}}."
"""
LOOP = """\
import sys
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail
port, count, how = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
client = SendGridAPIClient("SG.bench", host=f"http://127.0.0.1:{port}")
for n in range(1, count + 1):
    to, name = f"null-{n}@example.org", "Ada Abel"
    if how == "template":
        mail = Mail(from_email="praxis@example.org", to_emails=to)
        mail.template_id = "d-00000000000000000000000000000001"
        mail.dynamic_template_data = {"Null_Name": name, "Null_Nr": str(n)}
    else:
        text = f"Guten Tag {name}, Ihre Nummer ist {n}."
        mail = Mail("praxis@example.org", to, "Hinweis", text, f"<p>{text}</p>")
    assert client.send(mail).status_code == 202
"""


@contextmanager
def only_answers() -> Iterator[int]:
    """The server; its port."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "only_answers.py")], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def requests(port: int) -> int:
    """How many the server has accepted so far."""
    with urlopen(f"http://127.0.0.1:{port}/count") as answer:
        return int(json.load(answer)["count"])


def make_practice(folder: Path, port: int, count: int, how: str) -> str:
    """A practice with a prepared run; its id."""
    write_practice(folder, port, count, how)
    run, _ = prepared(folder)
    return run


def write_practice(folder: Path, port: int, count: int, how: str) -> None:
    """A practice whose mailing `alle` goes to `count` people, by a template or rendered here."""
    (folder / "mailings").mkdir(parents=True)
    config = CONFIG.format(port=port, batch=BATCH, connections=CONNECTIONS)
    (folder / "serienpost.yaml").write_text(config, "utf-8")
    kept = "sendgrid_template: d-00000000000000000000000000000001\n"
    subject = kept if how == "template" else "subject: Hinweis\n"
    mailing = MAILING.format(count=count, subject=subject)
    (folder / "mailings" / "alle.yaml").write_text(mailing, "utf-8")


def ours(original: Path, work: Path, run: str) -> Spent:
    """Send a fresh copy of the prepared run."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(original, work)
    output, spent = output_of([str(PROGRAM), "-C", str(work), "send", run, "--yes", "--json"])
    if json.loads(output)["state"] != "finished":
        raise RuntimeError(output.decode())
    return spent


def compare(folder: Path, how: str, count: int, peer_count: int, rounds: int) -> bool:
    """Measure in turns; seconds are per 1,000 messages. Returns whether the target is met."""
    seconds: dict[str, list[float]] = {"serienpost": [], "sendgrid SDK": []}
    processor: dict[str, list[float]] = {"serienpost": [], "sendgrid SDK": []}
    python = folder / "python" / "bin" / "python"
    (folder / "loop.py").write_text(LOOP, "utf-8")
    with only_answers() as port:
        run = make_practice(folder / how, port, count, how)
        for _ in range(rounds):
            before = requests(port)
            spent = ours(folder / how, folder / "work", run)
            used = requests(port) - before
            loop = [str(python), str(folder / "loop.py"), str(port), str(peer_count), how]
            _, peer = output_of(loop)
            for label, each, size in (
                ("serienpost", spent, count),
                ("sendgrid SDK", peer, peer_count),
            ):
                seconds[label].append(each.wall / size * 1000)
                processor[label].append(each.cpu / size * 1000)
    met = True
    for clock, found, target in (("wall", seconds, TARGETS[how]), ("processor", processor, None)):
        report = Report(
            f"sendgrid-{how}-{clock}",
            found,
            {"serienpost": version("serienpost"), "httpx": version("httpx"), "sendgrid": SDK},
            {
                "recipients": count,
                "of the SDK": peer_count,
                "requests": used,
                "connections": CONNECTIONS if how == "rendered" else 1,
            },
            target=target,
        )
        met = met and report.met
        print(report.table(), f"written to {report.write(RESULTS)}", sep="\n")
    print(f"seconds are per 1,000 messages; load {os.getloadavg()[0]:.1f}\n", flush=True)
    return met


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    count, rendered, rounds = [*given, *(100_000, 10_000, 3)[len(given) :]]
    os.environ["BENCH_KEY"] = "SG.bench"
    with tempfile.TemporaryDirectory(prefix="serienpost-sendgrid-") as work:
        for command in (
            [sys.executable, "-m", "venv", "python"],
            ["python/bin/pip", "install", "--quiet", f"sendgrid=={SDK}"],
        ):
            subprocess.run(command, check=True, cwd=work, stdout=subprocess.DEVNULL)
        results = [
            compare(Path(work), "template", count, rendered, rounds),
            compare(Path(work), "rendered", rendered, rendered, rounds),
        ]
    if not all(results):
        sys.exit(1)


if __name__ == "__main__":
    main()
