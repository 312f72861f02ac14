"""A third party's way: our wheels, a new environment, and the commands of the manual."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Checker(Protocol):
    """Checks a document against the schema of its command (`conftest.Schemas`)."""

    def check(self, args: list[str], document: dict[str, Any]) -> None: ...


ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "writing-a-channel.md").read_text("utf-8")
UV = str(ROOT / "scripts" / "uv")
LINK_MODE = {"UV_LINK_MODE": "copy"}
SECONDS = 300


@dataclass
class Place:
    """A folder with an environment of its own, into which commands of the manual are typed."""

    folder: Path
    wheels: Path
    env: dict[str, str]
    background: list[subprocess.Popen[str]] = field(default_factory=list)

    def type(self, line: str) -> str:
        """Run one line as a user types it; pip and venv by uv, from our wheels."""
        words = shlex.split(line)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self.env[name] = value
            return ""
        if words[1:3] == ["-m", "venv"]:
            words = [UV, "venv", "-q", words[3]]
        elif words[0] == ".venv/bin/pip":
            python = ["--python", ".venv/bin/python"]
            words = [
                UV,
                "pip",
                "install",
                "-q",
                *python,
                "--find-links",
                str(self.wheels),
                *words[2:],
            ]
        if words[-1] == "&":
            self._start(words[:-1])
            return ""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def _start(self, words: list[str]) -> None:
        process = subprocess.Popen(
            words, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, text=True
        )
        self.background.append(process)
        assert process.stdout is not None
        assert "listens" in process.stdout.readline()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of every member, built as for a release."""
    out = tmp_path_factory.mktemp("wheels")
    command = [UV, "build", "-q", "--all-packages", "--wheel", "--out-dir", str(out)]
    built = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return out


@pytest.fixture
def place(tmp_path: Path, wheels: Path) -> Iterator[Place]:
    """An empty folder; what was started there is ended."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("SERIENPOST_", "PYTEST_"))}
    made = Place(
        tmp_path, wheels, {**known, **LINK_MODE, "PYTHONUTF8": "1", "SERIENPOST_LANG": "en"}
    )
    for name in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        made.env.pop(name, None)
    yield made
    for process in made.background:
        process.terminate()
        process.communicate(timeout=10)


def files_of(page: str) -> Iterator[tuple[str, str]]:
    """The files that a page tells to write: name and content."""
    yield from re.findall(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)```", page, re.MULTILINE | re.DOTALL)


def commands_of(page: str) -> list[str]:
    """The commands of a page, in order."""
    return re.findall(r"^\$ (.*)$", page, re.MULTILINE)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.timeout(600)
def test_the_tutorial_delivers_a_run_of_a_scaffolded_channel(place: Place) -> None:
    page = TUTORIAL.replace("8025", str(free_port()))
    for name, content in files_of(page):
        file = place.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
    said = {command: place.type(command) for command in commands_of(page)}
    assert re.search(
        r"serienpost-channel-pigeon +0\.1\.0 .*channel pigeon",
        said[".venv/bin/serienpost -C praxis plugins"],
    )
    suite = next(text for command, text in said.items() if "pytest" in command)
    assert re.search(r"\n[1-9]\d+ passed", suite), suite
    assert re.search(r"accepted +1\b", said[".venv/bin/serienpost -C praxis run gruss --yes"])
    (fake,) = place.background
    assert fake.stdout is not None
    line = fake.stdout.readline()
    assert re.fullmatch(
        r"[0-9A-Z]{12} \+4915228817386 Sommerfest am Freitag um 15 Uhr\. .*\n", line
    )


@pytest.mark.timeout(600)
def test_the_other_kinds_of_plugins_pass_their_suites_at_once(place: Place) -> None:
    place.type("python3 -m venv .venv")
    place.type(".venv/bin/pip install serienpost serienpost-testkit")
    for kind in ("source", "consent", "macros"):
        place.type(f".venv/bin/serienpost new-plugin {kind} pigeon-post")
        place.type(f".venv/bin/pip install -e serienpost-{kind}-pigeon-post[test]")
        out = place.type(f".venv/bin/pytest -q serienpost-{kind}-pigeon-post")
        assert re.search(r"\n[1-9]\d+ passed", out), out


def copied(place: Place, example: str) -> Path:
    """An example of the manual, outside of the source tree."""
    folder = place.folder / example
    shutil.copytree(ROOT / "docs" / "examples" / example, folder)
    return folder


@pytest.mark.timeout(600)
def test_a_channel_over_a_foreign_library_keeps_the_contract(place: Place) -> None:
    copied(place, "messenger")
    place.type("python3 -m venv .venv")
    place.type(".venv/bin/pip install -e messenger[test]")
    out = place.type(".venv/bin/pytest -q messenger")
    assert re.search(r"\n[1-9]\d+ passed", out), out


@pytest.mark.timeout(600)
def test_a_vendor_runs_many_practices(place: Place, schemas: Checker) -> None:
    vendor = copied(place, "vendor")
    place.type("python3 -m venv .venv")
    place.type(
        ".venv/bin/pip install -e vendor/serienpost-praxisplus[test] serienpost-source-patients"
        " serienpost-macros-practice serienpost-channel-smtp"
    )
    out = place.type(".venv/bin/pytest -q vendor/serienpost-praxisplus")
    assert re.search(r"\n[1-9]\d+ passed", out), out
    passwords = {name: f"geheim-{name}" for name in ("nord", "sued", "west")}
    secrets = place.folder / "secrets.json"
    secrets.touch(mode=0o600)
    given = {name: {"MAIL_PASSWORD": password} for name, password in passwords.items()}
    secrets.write_text(json.dumps(given))
    place.env["PRAXISPLUS_SECRETS"] = str(secrets)
    place.env["SERIENPOST_POLICY"] = str(vendor / "policy.yaml")
    with mail_server(passwords) as (port, mails):
        for practice in (vendor / "practices").iterdir():
            with closing(sqlite3.connect(practice / "praxisplus.db")) as database:
                database.executescript((vendor / "praxisplus.sql").read_text("utf-8"))
            settings = practice / "serienpost.yaml"
            settings.write_text(settings.read_text("utf-8").replace("2525", str(port)), "utf-8")
        document = everywhere(place, schemas, "run", "information", "--yes", code=3)
        west = vendor / "practices" / "west" / "serienpost.yaml"
        west.write_text(west.read_text("utf-8").replace("consent: {override: true}", ""), "utf-8")
        mended = everywhere(place, schemas, "run", "information", "--yes", code=0)
        doctor = everywhere(place, schemas, "doctor", code=0)
    ended = {each["practice"]: each["exit"] for each in document["practices"]}
    assert ended == {"nord": 0, "sued": 0, "west": 3}
    (problem,) = document["practices"][2]["reply"]["problems"]
    assert problem["key"] == "consent.override"
    assert "locked by the policy" in problem["message"]
    assert [each["reply"]["counts"]["accepted"] for each in mended["practices"]] == [0, 0, 1]
    allowed = "ada.muster@example.org"
    once = [(name, allowed) for name in ("nord", "sued", "west")]
    assert sorted(mails) == once, "the run of the day, and nobody twice after west was mended"
    found = {check["name"]: check["text"] for check in doctor["practices"][0]["reply"]["checks"]}
    assert found["secret MAIL_PASSWORD"] == "the store praxisplus answers"
    assert not [word for word in passwords.values() if word in json.dumps([document, doctor])]


def everywhere(place: Place, schemas: Checker, *command: str, code: int) -> dict[str, Any]:
    """The document of a command in all practices."""
    done = subprocess.run(
        [".venv/bin/serienpost", "--all-practices", "vendor/practices", *command, "--json"],
        cwd=place.folder,
        env=place.env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    document: dict[str, Any] = json.loads(done.stdout)
    schemas.check(["all-practices"], document)
    return document


@contextmanager
def mail_server(passwords: dict[str, str]) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """A server that wants a login; what it accepted is (user, recipient)."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    mails: list[tuple[str, str]] = []

    def authenticate(_server: object, session: Any, _envelope: object, _how: str, data: Any) -> Any:  # noqa: ANN401
        session.user = data.login.decode()
        return AuthResult(success=passwords.get(session.user) == data.password.decode())

    class Handler:
        async def handle_DATA(self, _server: object, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802
            if not session.authenticated:
                return "530 5.7.0 Authentication required"
            mails.extend((session.user, recipient) for recipient in envelope.rcpt_tos)
            return "250 OK"

    controller = Controller(
        Handler(),
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=authenticate,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield controller.port, mails
    finally:
        controller.stop()
