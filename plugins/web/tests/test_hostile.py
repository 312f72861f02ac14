"""Whatever somebody typed, named or answered: it is text on every page, and in downloads."""

from __future__ import annotations

import csv
import io
import logging
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import html5lib
import httpx  # noqa: TID253  # a test
import pytest
from running_desk import (
    OWN,
    PASSWORD,
    begun,
    log_in,
    make_runs,
    make_selection,
    serving,
)

from serienpost import open_practice
from serienpost.service import Draft, Run
from serienpost_demo.catcher import Catcher
from serienpost_demo.folder import write_folder
from serienpost_web.doors import ALWAYS, PREVIEW_POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Signs that end a word of HTML, an attribute, a script, or turn the direction.
NASTY = "</td><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e\u2069{{7*7}}"
NAMES = {
    31: NASTY,
    32: "\u2067\u202egnortS\u200f",
    33: '=HYPERLINK("http://evil.example")',
    34: "Lang" * 200,
    35: "\x1b[31mrot\x07\x00\x85\u2028",
    36: "&lt;b&gt;&amp;",
    37: "javascript:alert(1)",
}
FILE = "\"\r\nx: y\u202e<b onload=x>\x1b[31m';.pdf"
# Each a right of its own, named by what no name should be.
USERS = {
    "<b onclick=x>Lea": (),
    "\"'><i>Eva": ("prepare",),
    "{{7*7}}Udo": ("approve",),
    "</title>Ira": ("administer",),
}
REPLY = "550 5.1.1 <svg/onload=alert(2) {{7*7}} =cmd|x \u202e\u2069"
# Marks that turn the direction of what follows.
TURNS = re.compile("[\u200f\u202a-\u202e\u2066-\u2069]")
# What keeps a direction to itself.
KEEPS = {"bdi", "title", "option", "textarea"}
# What the planted words would become if they were taken for more than text.
ELEMENTS = {"img", "b", "i", "u"}
# Elements of our own pages that lead on.
_LEADS = {"a": "href", "iframe": "src"}


@dataclass
class Hostile:
    url: str
    folder: Path
    runs: dict[str, str]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """A practice in which everything that can be named is named badly."""
    folder = tmp_path_factory.mktemp("hostile") / "praxis"
    with Catcher() as catcher:
        write_folder(folder, 60, 1, port=catcher.port)
        _name_badly(folder)
        with open_practice(folder, actor="os:test") as practice:
            for name, rights in USERS.items():
                practice.add_user(name, PASSWORD, rights)
        catcher.script.refuse("*", REPLY, times=3)
        runs = make_runs(folder, catcher)
        with open_practice(folder, actor="\"'><i>Eva") as practice:
            draft = begun(practice, "terminerinnerung", title=NASTY, **OWN)
            file = draft.add_file(FILE, io.BytesIO(b"x"))
            made = draft.save({**draft.keys, "attachments": [file.reference]}, draft.version)
            assert isinstance(made, Draft)
            run = practice.draft(begun(practice, "information", **OWN).id).prepare()
            assert isinstance(run, Run)
            runs["drafted"] = run.id
        make_selection(folder)
        with serving(folder) as url:
            yield Hostile(url, folder, runs)


def _name_badly(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "praxis.db")) as database, database:
        for number, name in NAMES.items():
            database.execute("UPDATE patient SET nachname = ? WHERE id = ?", (name, number))
    configuration = folder / "serienpost.yaml"
    text = configuration.read_text("utf-8")
    named = text.replace('name: "Praxis Dr. Sonnenschein"', "name: '<i>&amp;Praxis'")
    assert named != text
    configuration.write_text(named, "utf-8")
    mailing = folder / "mailings" / "information.yaml"
    lines = mailing.read_text("utf-8")
    titled = re.sub(r"^title: .*", "title: '<svg onload=x> {% 7*7 %}'", lines, flags=re.MULTILINE)
    assert titled != lines
    mailing.write_text(titled, "utf-8")
    own = next(one for one in folder.rglob("email.md")).parent
    shutil.copytree(own, own.parent / "<img src=x onerror=x>")
    (folder / "<b>\u202eliste.csv").write_text("id;name\n=1+1;<i>x\n", "utf-8")
    (folder / "<b>abfrage.sql").write_text("SELECT id FROM patient", "utf-8")


def pages(client: httpx.Client) -> Iterator[tuple[str, httpx.Response]]:
    """Every page that one comes to by links; of addresses that differ in values alone the first
    ones."""
    waiting, seen = ["/"], set()
    shapes: dict[object, int] = {}
    while waiting:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        parts = urlsplit(address)
        names = tuple(sorted(key for key, _ in parse_qsl(parts.query)))
        shape = re.sub(r"/[\w-]*\d[\w-]*", "/*", parts.path), names
        shapes[shape] = shapes.get(shape, 0) + 1
        if shapes[shape] > 3:
            continue
        answer = client.get(address)
        yield address, answer
        if answer.status_code == 303:
            waiting.append(answer.headers["location"])
        elif "text/html" in answer.headers["content-type"] and "sandbox" not in str(answer.headers):
            waiting += [urljoin(address, one) for one in leads(answer.text)]


@lru_cache(maxsize=1)
def parsed(page: str) -> Any:  # noqa: ANN401  # a tree of html5lib
    return html5lib.parse(page, namespaceHTMLElements=False)


def leads(page: str) -> list[str]:
    """Where links, frames and forms that only ask lead to."""
    tree = parsed(page)
    found = [one.get(_LEADS[one.tag]) for one in tree.iter() if one.tag in _LEADS]
    for form in tree.iter("form"):
        if form.get("method", "get") == "get":
            fields = [(one.get("name"), one.get("value", "")) for one in form.iter("input")]
            found.append(f"{form.get('action')}?{urlencode([f for f in fields if f[0]])}")
    return [one.partition("#")[0] for one in found if one and not one.startswith("#")]


def faults(page: str) -> Iterator[str]:
    """What stands on a page that is more than text, or hides what it is."""
    tree = parsed(page)
    for one in tree.iter():
        if not isinstance(one.tag, str):
            yield "comment"
        elif one.tag in ELEMENTS or (one.tag == "script" and one.text):
            yield one.tag
        for name, value in one.attrib.items():
            if name.startswith("on") or (name in ("href", "src", "action") and ":" in value[:12]):
                yield f"{name}={value}"
    yield from turned(tree)
    said = "".join(tree.itertext())
    if "49" in re.findall(r"(?<![\w:.,-])49(?=Udo| |')", said):
        yield "a template within text"
    yield from re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", page)


def turned(element: Any) -> Iterator[str]:  # noqa: ANN401  # of html5lib
    """Texts that turn the direction of what stands beside them, or break out of what keeps it."""
    if element.tag in KEEPS:
        said, depth = "".join(element.itertext()), 0
        for sign in TURNS.findall(said):
            depth += (sign in "\u2066\u2067\u2068") - (sign == "\u2069")
            if depth < 0:
                yield f"breaks out of {element.tag}: {said!r}"
                return
        return
    for text in (element.text, *(one.tail for one in element)):
        if text and TURNS.search(text):
            yield f"turns what stands beside it in {element.tag}: {text!r}"
    for one in element:
        yield from turned(one)


@pytest.mark.parametrize("user", USERS)
def test_it_is_text_on_every_page(
    hostile: Hostile, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kinds, number = set(), 0
    found: list[tuple[str, str]] = []
    with httpx.Client(
        base_url=hostile.url, headers={"sec-fetch-site": "same-origin"}, timeout=60
    ) as client:
        log_in(client, user)
        for address, answer in pages(client):
            number += 1
            assert answer.status_code in (200, 303, 400, 403, 404, 409, 422), address
            kinds.add(re.sub(r"/[\w-]*\d[\w-]*", "/*", urlsplit(address).path))
            for name, value in ALWAYS.items():
                if answer.headers.get("content-security-policy") == PREVIEW_POLICY:
                    break
                assert answer.headers[name] == value, address
            kind = answer.headers.get("content-type", "")
            if kind.startswith("text/html") and "content-disposition" not in answer.headers:
                found += [(address, one) for one in faults(answer.text)]
            assert "x" not in answer.headers
    assert found == []
    assert number > 30
    assert {"/", "/runs/*", "/runs/*/people", "/runs/*/messages", "/runs/*/person"} <= kinds
    assert ("/entwurf/*" in kinds) is ("prepare" in USERS[user])
    logged = "\n".join(one.getMessage() for one in caplog.records if "http" not in one.name)
    assert [one for one in ("alert", "HYPER", "LangLang", "onerror", "@") if one in logged] == []


def test_what_is_downloaded_is_text(hostile: Hostile) -> None:
    replies = 0
    with httpx.Client(base_url=hostile.url, headers={"sec-fetch-site": "same-origin"}) as client:
        log_in(client, "<b onclick=x>Lea")
        for run in hostile.runs.values():
            table = client.get(f"/runs/{run}/failures.csv")
            assert re.fullmatch(
                r'attachment; filename="[\w-]+\.csv"', table.headers["content-disposition"]
            )
            rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig")), delimiter=";"))
            assert [c for row in rows for c in row if c[:1] in "=+-@\t\r" and c] == []
            report = client.get(f"/runs/{run}/report.html")
            assert report.headers["content-disposition"].startswith("attachment")
            tree = html5lib.parse(report.text, namespaceHTMLElements=False)
            tags = {one.tag for one in tree.iter() if isinstance(one.tag, str)}
            assert tags.isdisjoint({"script", "img", "b", "i"})
            replies += table.text.count("=cmd|x")
    assert replies
