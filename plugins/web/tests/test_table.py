"""Every route: refused without a login, without the right, from a foreign page or host."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from running_desk import ALL, FOREIGN, PASSWORD, ROWS, log_in, send_to, session_of

from serienpost import open_practice
from serienpost_web.doors import FILE_POLICY, PREVIEW_POLICY
from serienpost_web.pages import ROUTES
from serienpost_web.table import path_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from running_desk import Desk

    from serienpost_web.table import Route

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda one: f"{one.method} {one.path}")
GUARDED = [one for one in ROUTES if one.needs not in ("nobody", "session")]
with_parts = pytest.mark.parametrize(
    "route", [one for one in ROUTES if "{" in one.path], ids=lambda one: f"{one.method} {one.path}"
)
# Who has one right alone, beside that of reading.
ONE_RIGHT = {"read": "Lea", "prepare": "Eva", "approve": "Udo", "administer": "Ira"}
# What is shown without the rights of a page.
SANDBOXED = {
    "/runs/{run}/preview/message.html": PREVIEW_POLICY,
    "/runs/{run}/preview/file": FILE_POLICY,
    "/runs/{run}/preview/page.png": FILE_POLICY,
}
# What a page of another origin says of itself; a browser cannot be made to say anything else.
FOREIGN_PAGES = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"origin": "https://elsewhere.example"},
    {"sec-fetch-site": "", "origin": "null"},
)
# Parts of a path that lead elsewhere, or nowhere.
HOSTILE_PARTS = (
    "%2e%2e",
    "%2e%2e%2fserienpost.yaml",
    "..%5c..%5cserienpost.yaml",
    "%00",
    "x%0d%0aset-cookie:%20a=b",
    "x%3Fy",
    "x%23y",
    "'%20OR%201=1--",
    "%7Brun%7D",
    "%E2%80%AEx",
    "%ff%fe",
    "x" * 300,
    "-1",
    "0",
)


def test_no_address_stands_there_twice() -> None:
    named = [(one.method, re.sub(r"\{\w+\}", "{}", one.path)) for one in ROUTES]
    assert sorted(named) == sorted(set(named))


def test_what_changes_something_is_no_get() -> None:
    changing = {one.path for one in ROUTES if one.method == "POST"}
    assert {"/login", "/logout", "/runs/{run}/release", "/runs/{run}/do/{deed}"} <= changing


def test_only_these_are_for_nobody_in_particular() -> None:
    open_to_all = {(one.method, one.path) for one in ROUTES if one.needs == "nobody"}
    assert open_to_all == {
        ("GET", "/static/{file}"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("POST", "/language"),
    }


@pytest.mark.parametrize("path", ["/runs", "/docs", "/openapi.json", "/static/", "/.env", "/x/y"])
def test_what_is_not_in_the_table_is_not_there(desk: Desk, path: str) -> None:
    assert desk.client("Ada").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/static/..%2fapp.py", "/static/%2e%2e", "/static/x"])
def test_no_file_is_reached_beside(desk: Desk, path: str) -> None:
    assert desk.client("Ada").get(path).status_code == 404


def stale(desk: Desk) -> dict[str, httpx.Client]:
    """Browsers whose session is none, no more, or locked; by what became of it."""
    names = ("removed", "password", "rights", "locked", "over")
    clients = {"nobody": desk.new_client(), "invented": desk.new_client()}
    with open_practice(desk.folder, actor="os:test") as practice:
        for name in names:
            practice.add_user(name, PASSWORD, ALL)
            clients[name] = log_in(desk.new_client(), name)
        clients["logged out"] = log_in(desk.new_client(), "over")
        cookie, token = session_of(clients["removed"])
        clients["invented"].cookies.set(cookie, token[:-4] + "AAAA")
        kept = dict(clients["logged out"].cookies)
        assert clients["logged out"].post("/logout", data={"form": "k"}).status_code == 303
        clients["logged out"].cookies.update(kept)
        practice.remove_user("removed")
        practice.change_user("password", password=f"{PASSWORD} neu")
        practice.change_user("rights", rights=["prepare"])
    with closing(sqlite3.connect(desk.folder / "versandbuch.db")) as ledger, ledger:
        for name, column, hours in (("locked", "used_at", 1), ("over", "began_at", 13)):
            past = hours * 3600 * 1_000_000
            ledger.execute(
                f"UPDATE session SET {column} = {column} - ? WHERE user = ?", (past, name)
            )
    return clients


@pytest.fixture(scope="module")
def outsiders(desk: Desk) -> Iterator[dict[str, httpx.Client]]:
    found = stale(desk)
    yield found
    for one in found.values():
        one.close()
    with open_practice(desk.folder, actor="os:test") as practice:
        for name in ("password", "rights", "locked", "over"):
            practice.remove_user(name)


@pytest.fixture(scope="module")
def one_right(desk: Desk) -> Iterator[dict[str, httpx.Client]]:
    """A browser of somebody with each right alone, whose session no other test ends."""
    found = {right: log_in(desk.new_client(), user) for right, user in ONE_RIGHT.items()}
    yield found
    for one in found.values():
        one.close()


@pytest.mark.parametrize("route", GUARDED, ids=lambda one: f"{one.method} {one.path}")
def test_whoever_may_not_changes_nothing(
    desk: Desk,
    outsiders: dict[str, httpx.Client],
    one_right: dict[str, httpx.Client],
    route: Route,
) -> None:
    """Without a session, with one that is none any more or locked, and with one right alone."""
    parts = desk.parts()
    insiders = [client for right, client in one_right.items() if right != route.needs]
    before = desk.contents()
    for name, client in outsiders.items():
        door = "locked" if name == "locked" else "login"
        found = send_to(client, route, parts)
        if route.is_polled:
            assert found.headers["x-desk"] == door, name
        elif route.keeps_text and name == "locked":  # it asks for the password there
            assert found.status_code == 409
            assert 'action="/locked"' in found.text
            continue
        else:
            assert (found.status_code, name) == (303, name)
            assert found.headers["location"].startswith(f"/{door}?next=%2F"), name
        assert found.content == b""
    for client in insiders if route.needs != "read" else ():
        found = send_to(client, route, parts)
        assert found.status_code == 403
        assert not {*parts.values()} & {*re.findall(r"[\w-]{8,}", found.text)}
    assert desk.contents() == before


@each_route
def test_from_a_foreign_page_or_under_a_foreign_name(desk: Desk, route: Route) -> None:
    client, parts = desk.client("Ada"), desk.parts()
    _scheme, _slashes, own = desk.url.partition("://")
    host, _colon, port = own.partition(":")
    names = "evil.example", host, f"{host}:1{port}", f"{host}.:{port}", f"x@{own}", f"[::1]:{port}"
    before = desk.contents()
    for headers in FOREIGN_PAGES if route.method == "POST" else ():
        assert send_to(client, route, parts, **headers).status_code == 403, headers
    for name in names:
        assert send_to(client, route, parts, host=name).status_code == 421, name
    assert desk.contents() == before


@with_parts
def test_what_is_not_there(desk: Desk, route: Route) -> None:
    """Ids of another practice, of nothing, and parts of a path that lead elsewhere."""
    client, parts = desk.client("Ada"), desk.parts()
    named = re.findall(r"\{(\w+)\}", route.path)
    before = {**desk.contents(), "session": None}  # hers is used
    for name in named:
        hostile = [FOREIGN[name]] if name in FOREIGN else []
        for part in (*hostile, *HOSTILE_PARTS):
            found = send_to(client, route, {**parts, name: part})
            assert found.status_code == 404, part
            assert "set-cookie" not in found.headers
    assert {**desk.contents(), "session": None} == before


@each_route
def test_every_answer_says_what_browsers_must_know(desk: Desk, route: Route) -> None:
    for client in (desk.client(), desk.client("Lea")):
        found = send_to(client, route, desk.parts(), host="evil.example")
        good = client.get(path_to(route.path, desk.parts()), params=ROWS)
        for answer in (found, good):
            policy = answer.headers["content-security-policy"]
            if policy.startswith("sandbox"):
                assert policy == SANDBOXED[route.path]
                continue
            assert policy.startswith("default-src 'self'")
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert "server" not in answer.headers
        if not client.cookies:
            client.close()
