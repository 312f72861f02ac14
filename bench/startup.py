"""How fast the command line answers: `serienpost --help` against `mailmerge --help`.

mailmerge is a small mail merge for the command line; both programs run on the same Python, each in
its own environment and with the same pinned versions of what both need.
"""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

from harness import Report, alternate, finish

ROOT = Path(__file__).resolve().parent.parent
PEER_VERSION = "2.3.0"
PEER = ROOT / ".tools" / "peers" / "mailmerge"
ROUNDS = 25


def install_peer() -> None:
    """Make the peer's environment where it is missing or holds another version."""
    uv = ROOT / "scripts" / "uv"
    if not (PEER / "bin" / "python").exists():
        subprocess.run([uv, "venv", "--quiet", PEER], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", PEER, f"mailmerge=={PEER_VERSION}"],
        check=True,
        cwd=ROOT,
    )


def show_help(program: Path) -> None:
    subprocess.run([program, "--help"], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    from importlib.metadata import version

    install_peer()
    seconds = alternate(
        {
            "serienpost --help": partial(show_help, ROOT / ".venv" / "bin" / "serienpost"),
            "mailmerge --help": partial(show_help, PEER / "bin" / "mailmerge"),
        },
        ROUNDS,
        warmups=2,
    )
    versions = {"serienpost": version("serienpost"), "mailmerge": PEER_VERSION}
    finish(Report("startup", seconds, versions, {"rounds": ROUNDS}, target=0.6))


if __name__ == "__main__":
    main()
