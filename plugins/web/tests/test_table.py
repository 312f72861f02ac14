"""Every route: refused without a login, without the right, from a foreign page or host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from serienpost_web.doors import PREVIEW_POLICY
from serienpost_web.pages import ROUTES
from serienpost_web.table import Route, path_to

if TYPE_CHECKING:
    import httpx
    from running_desk import Desk

ROWS = {"row": "patient:2"}
# What a path names that belongs to one practice, and what another one might call its own.
FOREIGN = {
    "run": "20200101-zzzz",
    "draft": "zzzzzzzz",
    "task": "Z" * 24,
    "selection": "s20200101-zzzzzz",
}

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda one: f"{one.method} {one.path}")
each_post = pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.method == "POST"], ids=lambda one: one.path
)
GUARDED = [one for one in ROUTES if one.needs not in ("nobody", "session")]
each_guarded = pytest.mark.parametrize("route", GUARDED, ids=lambda one: f"{one.method} {one.path}")


def ask(
    client: httpx.Client, route: Route, parts: dict[str, str], **headers: str
) -> httpx.Response:
    """What a browser would send."""
    path = path_to(route.path, parts)
    if route.method == "GET":
        return client.get(path, params=ROWS, headers=headers)
    return client.post(path, data={"form": "k" * 16, **ROWS}, headers=headers)


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


@each_guarded
def test_without_a_login(desk: Desk, route: Route) -> None:
    before = desk.states()
    with desk.new_client() as nobody:
        found = ask(nobody, route, desk.parts())
    assert found.headers.get("x-desk") == "login" or found.headers["location"].startswith("/login")
    assert found.content == b""
    assert desk.states() == before


@each_guarded
def test_without_the_right(desk: Desk, route: Route) -> None:
    before = desk.states()
    user = {"read": None, "prepare": "Lea", "approve": "Eva", "administer": "Eva"}[route.needs]
    if user is None:  # everybody who is logged in may read
        return
    found = ask(desk.client(user), route, desk.parts())
    assert found.status_code == 403
    assert not {*desk.parts().values()} & {*re.findall(r"[\w-]{8,}", found.text)}
    assert desk.states() == before


@each_post
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://elsewhere.example"},
        {"sec-fetch-site": "", "origin": "null"},
    ],
    ids=str,
)
def test_from_a_foreign_page(desk: Desk, route: Route, headers: dict[str, str]) -> None:
    before = desk.states()
    assert ask(desk.client("Ada"), route, desk.parts(), **headers).status_code == 403
    assert desk.states() == before


@each_route
def test_under_a_foreign_name(desk: Desk, route: Route) -> None:
    before = desk.states()
    found = ask(desk.client("Ada"), route, desk.parts(), host="evil.example")
    assert found.status_code == 421
    assert desk.states() == before


@each_guarded
def test_what_is_of_another_practice(desk: Desk, route: Route) -> None:
    if not any(f"{{{name}}}" in route.path for name in FOREIGN):
        return
    before = desk.states()
    found = ask(desk.client("Ada"), route, {**desk.parts(), **FOREIGN})
    assert found.status_code == 404
    assert desk.states() == before


@each_route
def test_every_answer_says_what_browsers_must_know(desk: Desk, route: Route) -> None:
    for client in (desk.client(), desk.client("Lea")):
        found = ask(client, route, desk.parts(), host="evil.example")
        good = client.get(path_to(route.path, desk.parts()), params=ROWS)
        for answer in (found, good):
            policy = answer.headers["content-security-policy"]
            if policy.startswith("sandbox"):
                assert route.path == "/runs/{run}/preview/message.html"
                assert policy == PREVIEW_POLICY
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
