"""Who comes in by which door: names, origins, sizes, slow and broken clients, `serve` itself."""

from __future__ import annotations

import re
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import running_desk
from click.testing import CliRunner
from starlette.requests import Request

from serienpost_web import server
from serienpost_web.app import Desk as App
from serienpost_web.commands import entrance_of, serve_command
from serienpost_web.doors import ALWAYS, BODY_SECONDS, MOST_BODY, Entrance, is_own
from serienpost_web.rendering import STATIC

if TYPE_CHECKING:
    from pathlib import Path

    from running_desk import Desk

# A form with a file in it.
UPLOAD = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--x--\r\n'
EVERY = "0.0.0.0"  # noqa: S104  # refused
LOOPBACK = Entrance(("http://127.0.0.1:8765", "http://localhost:8765"))
BY_TLS = Entrance(("https://desk.example.org",))


def raw(desk: Desk, data: bytes) -> bytes:
    """What the desk answers to these octets until it closes the connection."""
    host, _, port = desk.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def host(desk: Desk) -> bytes:
    return desk.url.removeprefix("http://").encode()


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost:8765"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost:9999"}, False),
        ({"sec-fetch-site": "same-site", "origin": "http://localhost:8765"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://127.0.0.1:8765"}, True),
        ({"origin": "https://127.0.0.1:8765"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_whose_request_it_is(headers: dict[str, str], own: bool) -> None:
    assert is_own(headers, LOOPBACK) is own


def test_cookies_are_for_this_host_alone() -> None:
    assert BY_TLS.cookie("desk") == "__Host-desk"
    assert LOOPBACK.cookie("desk") == "desk-8765"


def test_the_session_is_in_a_cookie_that_no_script_reads(desk: Desk) -> None:
    with desk.new_client() as client:
        found = client.post(
            "/login", data={"name": "Lea", "password": running_desk.PASSWORD, "next": "/"}
        )
    cookies = found.headers.get_list("set-cookie")
    assert [one.partition("-")[0] for one in cookies] == ["desk", "known"]
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert ("Max-Age" in cookie) is cookie.startswith("known-")


def test_two_hosts_in_one_request(desk: Desk) -> None:
    own = host(desk)
    request = b"GET / HTTP/1.1\r\nHost: %s\r\nHost: evil.example\r\nConnection: close\r\n\r\n" % own
    assert b" 200 " not in raw(desk, request).partition(b"\r\n")[0]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods(desk: Desk, method: str) -> None:
    assert desk.client("Ada").request(method, "/").status_code == 405


def test_a_large_form(desk: Desk) -> None:
    found = desk.client("Ada").post("/language", data={"language": "x" * (MOST_BODY + 1)})
    assert found.status_code == 413


def test_a_large_form_of_unknown_length(desk: Desk) -> None:
    chunks = (b"x" * 65536 for _ in range(MOST_BODY // 65536 + 2))
    assert desk.client("Ada").post("/language", content=chunks).status_code == 413


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("text/plain", b"language=en"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/x-www-form-urlencoded", b"language=\xff\xfe%ff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=%d" % n for n in range(5000))),
        ("application/x-www-form-urlencoded", b"language=de&language=en"),
        ("multipart/form-data; boundary=x", UPLOAD),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_form_of_ours(desk: Desk, kind: str, body: bytes) -> None:
    before = desk.states()
    found = desk.client("Ada").post("/language", content=body, headers={"content-type": kind})
    assert found.status_code == 400
    assert desk.states() == before


def test_a_client_that_says_nothing_is_let_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    assert raw(desk, b"") == b""
    assert raw(desk, b"GET / HT") == b""
    assert raw(desk, b"GET /login HTTP/1.1\r\nHost: " + host(desk)) == b""


def test_many_who_say_nothing_keep_nobody_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest that never asked for anything gives way, and no browser."""
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 20)
    name, _, port = desk.url.removeprefix("http://").partition(":")
    silent = [socket.create_connection((name, int(port)), 60) for _ in range(60)]
    try:
        assert desk.client("Ada").get("/").status_code == 200
        assert silent[0].recv(1) == b""
    finally:
        for one in silent:
            one.close()


def test_who_reads_nothing_is_let_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def listen_narrow(name: str, port: int) -> socket.socket:
        made = server.listen(name, port)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return made

    is_lost = threading.Event()

    class Watched(server.PatientProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            is_lost.set()

    monkeypatch.setattr(server, "PatientProtocol", Watched)
    monkeypatch.setattr(server, "READ_SECONDS", 0.2)
    monkeypatch.setattr(running_desk, "listen", listen_narrow)
    with running_desk.serving(desk.folder) as url, socket.socket() as connection:
        place = url.removeprefix("http://")
        name, _, port = place.partition(":")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((name, int(port)))
        connection.sendall(f"GET /static/desk.css HTTP/1.1\r\nHost: {place}\r\n\r\n".encode() * 20)
        assert is_lost.wait(120)
        connection.settimeout(60)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
        assert 0 < len(answers) < 20 * (STATIC / "desk.css").stat().st_size


@pytest.mark.parametrize(
    "request_line",
    [b"GET /login\x00 HTTP/1.1", b"garbage", b"GET /login HTTP/1.1\r\nX y"],
)
def test_what_is_no_http_is_refused_like_all_else(desk: Desk, request_line: bytes) -> None:
    answer = raw(desk, request_line + b"\r\nHost: " + host(desk) + b"\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 400 ")
    for name, value in ALWAYS.items():
        assert f"\r\n{name}: {value}".encode() in head


def test_garbage_after_an_answer_began_gets_no_second_one(desk: Desk) -> None:
    good = b"GET /login HTTP/1.1\r\nHost: %s\r\n\r\n" % host(desk)
    assert raw(desk, good + b"\x00garbage\r\n\r\n").count(b"HTTP/1.1 ") <= 2
    chunks = b"POST /login HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    assert raw(desk, chunks % host(desk)).startswith(b"HTTP/1.1 400 ")


def test_an_older_browser_gets_its_page(desk: Desk) -> None:
    request = b"GET /login HTTP/1.0\r\nHost: %s\r\n\r\n"
    assert raw(desk, request % host(desk)).startswith(b"HTTP/1.1 200 ")
    assert raw(desk, b"GET /login HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize(
    "path",
    ["/login%3Fx", "/login%23x", "/lo%0d%0agin", "//login", "/login/", "/./login",
     "/static/../login", "http://evil.example/login", "/login%00", "/LOGIN", "/login;x"],
)  # fmt: skip
def test_an_address_is_what_it_says(desk: Desk, path: str) -> None:
    request = b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
    answer = raw(desk, request % (path.encode(), host(desk)))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"\r\nlocation:" not in answer.partition(b"\r\n\r\n")[0]


def test_no_header_makes_another_method(desk: Desk) -> None:
    client = desk.client("Lea")
    for name in ("x-http-method-override", "x-method-override", "x-http-method"):
        assert client.get("/logout", headers={name: "POST"}).status_code == 404
        assert client.post("/login?_method=GET", headers={name: "GET"}, data={}).status_code == 400
    assert client.get("/").status_code == 200


def test_a_cookie_that_somebody_put_beside_ours(desk: Desk) -> None:
    """Another program at this host can set one for a path: then nobody is logged in, rather than
    somebody else."""
    own, other = ("=".join(running_desk.session_of(desk.client(user))) for user in ("Ada", "Lea"))
    with desk.new_client() as client:
        for both in (f"{own}; {other}", f"{other}; {own}"):
            found = client.get("/", headers={"cookie": both})
            assert found.headers["location"].startswith("/login")
        assert client.get("/", headers={"cookie": f"x=y; {own}; {own}"}).status_code == 200


def test_a_session_is_made_by_the_desk_alone(desk: Desk) -> None:
    """A token that was in the browser before a login is none afterwards."""
    name, _token = running_desk.session_of(desk.client("Ada"))
    with desk.new_client() as client:
        client.cookies.set(name, "fixed")
        found = client.post(
            "/login", data={"name": "Lea", "password": running_desk.PASSWORD, "next": "/"}
        )
        assert found.status_code == 303
        assert client.get("/", headers={"cookie": f"{name}=fixed"}).status_code == 303


@pytest.mark.parametrize(
    ("lines", "origin"),
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        (["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        (["203.0.113.9, 203.0.113.8", "203.0.113.5,198.51.100.7"], "198.51.100.7"),
        ([], "testclient"),
    ],
)
@pytest.mark.parametrize("is_behind_proxy", [True, False])
def test_who_asks(desk: Desk, lines: list[str], origin: str, is_behind_proxy: bool) -> None:
    """What the client itself says of its address counts for nothing."""
    inside = App(desk.folder, Entrance(("http://x",), is_behind_proxy), with_worker=False)
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    scope = {"type": "http", "headers": headers, "client": ("testclient", 1)}
    asked = inside._client(Request(scope))
    assert asked == (origin if is_behind_proxy else "testclient")


def test_a_body_that_does_not_come(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from serienpost_web import doors

    assert BODY_SECONDS < 60
    monkeypatch.setattr(doors, "BODY_SECONDS", 0.2)
    request = (
        b"POST /language HTTP/1.1\r\nHost: %s\r\nSec-Fetch-Site: same-origin\r\n"
        b"Content-Length: 100\r\n\r\nlang" % host(desk)
    )
    assert raw(desk, request).startswith(b"HTTP/1.1 408 ")


def test_a_lost_connection_leaves_the_desk_as_it_is(desk: Desk) -> None:
    before = desk.states()
    name, _, port = desk.url.removeprefix("http://").partition(":")
    request = (
        b"POST /login HTTP/1.1\r\nHost: %s\r\nSec-Fetch-Site: same-origin\r\n"
        b"Content-Length: 100\r\n\r\nname=" % host(desk)
    )
    for _ in range(20):
        with socket.create_connection((name, int(port)), 60) as connection:
            connection.sendall(request)
    assert desk.client("Ada").get("/").status_code == 200
    assert desk.states() == before


def test_many_at_once(desk: Desk) -> None:
    """More than there are threads: each gets its own page, in its own language."""
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        with desk.new_client() as client:
            client.post("/language", data={"language": "en" if number % 2 else "de", "here": "/"})
            found[number] = client.get("/login").text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    for number, text in found.items():
        assert ("<h1>Log in</h1>" in text) is bool(number % 2)
        assert ("<h1>Anmelden</h1>" in text) is not bool(number % 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", EVERY], "is reached from other machines"),
        (["--host", "192.168.1.5"], "is reached from other machines"),
        (["--host", "::"], "is reached from other machines"),
        (["--certificate", "FILE"], "go together"),
        (["--key", "FILE"], "go together"),
        (["--certificate", "FILE", "--key", "FILE", "--proxy", "https://x.example"], "exclude"),
        (["--host", EVERY, "--certificate", "FILE", "--key", "FILE"], "every address"),
        (["--name", "desk.example"], "--name goes with"),
        *(
            (["--certificate", "FILE", "--key", "FILE", "--name", name], "is no name of a computer")
            for name in (
                "xn--a",
                "-ä-.example",
                "ä" * 70 + ".example",
                "a" * 64,
                "ä..example",
                "a..example",
                ".example",
                "",
                "pc 1",
                "desk.example:81",
                "https://desk.example",
                "a." * 127 + "de",
            )
        ),
        (["--host", "ä..example"], "is no name of a computer"),
        (["--proxy", "https://xn--a"], "such as https"),
        (["--proxy", "http://desk.example"], "such as https"),
        (["--proxy", "desk.example"], "such as https"),
        (["--proxy", "https://desk.example/path"], "such as https"),
        (["--proxy", "https://user:word@desk.example"], "such as https"),
        (["--proxy", "https://desk.example:port"], "such as https"),
    ],
    ids=str,
)
def test_no_open_door(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    file = tmp_path / "x.pem"
    file.write_text("no certificate")
    monkeypatch.setattr(server, "serve", lambda *_, **__: pytest.fail("it opened"))
    monkeypatch.setattr("serienpost.cli.practice._named", [desk.folder])
    given = [str(file) if one == "FILE" else one for one in options]
    found = CliRunner().invoke(serve_command, ["--port", "0", *given])
    assert found.exit_code == 2
    assert said in re.sub(r"\s+", " ", found.output)


@pytest.mark.parametrize(
    ("host_name", "names", "proxy", "tls", "origins"),
    [
        ("127.0.0.1", (), None, False,
         ("http://127.0.0.1:81", "http://localhost:81", "http://[::1]:81")),
        ("192.168.1.5", ("desk.example",), None, True, ("https://desk.example:81",)),
        (EVERY, ("praxis-müller.example", "pc_1", "Desk.local"), None, True,
         ("https://xn--praxis-mller-klb.example:81", "https://pc_1:81", "https://desk.local:81")),
        ("192.168.1.5", (), None, True, ("https://192.168.1.5:81",)),
        ("::1", (), None, False, ("http://[::1]:81", "http://127.0.0.1:81", "http://localhost:81")),
        (EVERY, (), "https://Desk.Example/", False, ("https://desk.example",)),
        (EVERY, (), "https://desk.example:443", False, ("https://desk.example",)),
        (EVERY, (), "https://praxis-müller.example:8443", False,
         ("https://xn--praxis-mller-klb.example:8443",)),
        (EVERY, (), "http://[::1]:80", False, ("http://[::1]",)),
    ],
)  # fmt: skip
def test_how_browsers_come(
    host_name: str, names: tuple[str, ...], proxy: str | None, tls: bool, origins: tuple[str, ...]
) -> None:
    assert entrance_of(host_name, 81, names, proxy, tls=tls).origins == origins
