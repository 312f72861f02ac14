"""The `serve` command."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from serienpost import Reply, Texts, is_loopback, with_practice
from serienpost_web.doors import Entrance

if TYPE_CHECKING:
    from serienpost import Practice

_ = Texts(__name__)

# A part of a host's name (RFC 1123, 2.1), with the underscore that local networks use.
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_LONGEST_NAME = 253

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("serve")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help=_("Address to listen on; another machine reaches the desk only encrypted."),
)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help=_("Port to listen on; 0 takes a free one."),
)
@click.option("--certificate", metavar="FILE", type=_FILE, help=_("Certificate of TLS (PEM)."))
@click.option("--key", metavar="FILE", type=_FILE, help=_("The certificate's private key (PEM)."))
@click.option(
    "--name",
    "names",
    metavar="NAME",
    multiple=True,
    help=_("With --certificate: a name by which browsers come here; else the address."),
)
@click.option(
    "--proxy",
    metavar="URL",
    help=_("What browsers open where a web server of your own stands before the desk."),
)
@with_practice
def serve_command(
    practice: Practice,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    names: tuple[str, ...],
    proxy: str | None,
) -> Reply:
    """Open the desk: choose, check, release and watch in a browser.

    It runs until Ctrl-C. Users are added with `serienpost users add`. Nothing is sent by this
    process; a worker does that.
    """
    from serienpost_web.server import listen, serve

    _refuse_open_doors(host, certificate, key, names, proxy)
    practice.users()  # refused while an older ledger has no tables of the desk
    listening = listen(host, port)
    entrance = entrance_of(host, listening.getsockname()[1], names, proxy, tls=bool(certificate))
    tls = (certificate, key) if certificate and key else None

    def ready() -> None:
        click.echo(str(_("The desk is open: {address}", address=entrance.origins[0])), err=True)

    serve(practice.context.folder, entrance, listening, tls=tls, ready=ready)
    return Reply()


def entrance_of(
    host: str, port: int, names: tuple[str, ...], proxy: str | None, *, tls: bool
) -> Entrance:
    """How browsers reach the desk.

    Args:
        host: the address to listen on.
        port: the port that is listened on.
        names: by which browsers come, beside the address.
        proxy: what browsers open instead.
        tls: whether the desk encrypts itself.
    """
    if proxy:
        parts = urlsplit(proxy)
        return Entrance(
            (_origin(parts.scheme, parts.hostname or "", parts.port),), is_behind_proxy=True
        )
    own = [host] if not tls or not names else []
    loopback = ["127.0.0.1", "localhost", "::1"] if is_loopback(host) else []
    origins = [_origin("https" if tls else "http", one, port) for one in (*names, *own, *loopback)]
    return Entrance(tuple(dict.fromkeys(origins)))


def _origin(scheme: str, host: str, port: int | None) -> str:
    """An origin as browsers write it (RFC 6454, 6.2); other letters as RFC 3490 has them."""
    usual = 443 if scheme == "https" else 80
    name = host.lower() if host.isascii() else host.encode("idna").decode()
    return f"{scheme}://{_bracketed(name)}" + ("" if port in (None, usual) else f":{port}")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _is_name(host: str) -> bool:
    """Whether browsers can open this: an address, or a name, in other letters too (RFC 3490)."""
    if ":" in host:
        return _is_address(host.removeprefix("[").removesuffix("]"))
    try:
        ascii_name = host.encode("idna")
        readable = ascii_name.decode("idna")
    except UnicodeError:
        return False
    return len(ascii_name) <= _LONGEST_NAME and all(
        _LABEL.fullmatch(label)
        for name in (ascii_name.decode(), readable)
        for label in name.removesuffix(".").split(".")
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _refuse_open_doors(
    host: str, certificate: Path | None, key: Path | None, names: tuple[str, ...], proxy: str | None
) -> None:
    """Passwords and patients' names cross no network in the clear.

    Raises:
        UsageError: they would, or the options do not go together.
    """
    if bool(certificate) != bool(key):
        raise click.UsageError(_("--certificate and --key go together"))
    if certificate and proxy:
        raise click.UsageError(_("--proxy and --certificate exclude each other"))
    if names and not certificate:
        raise click.UsageError(_("--name goes with --certificate"))
    for name in (host, *names):
        if not _is_name(name):
            raise click.UsageError(
                _(
                    "{name} is no name of a computer and no address: write it as browsers open"
                    " it, such as desk.example.org",
                    name=name or '""',
                )
            )
    if not certificate and not proxy and not is_loopback(host):
        raise click.UsageError(
            _(
                "{host} is reached from other machines: give --certificate and --key, or --proxy"
                " with the address of the web server before the desk",
                host=host,
            )
        )
    if certificate and not names and host in ("0.0.0.0", "::"):  # noqa: S104  # compared
        raise click.UsageError(
            _("{host} is every address: name by --name what browsers open", host=host)
        )
    if proxy:
        _refuse_proxy(proxy)


def _refuse_proxy(proxy: str) -> None:
    """A proxy is named as browsers open it, encrypted unless on this machine.

    Raises:
        UsageError: it is not.
    """
    try:
        parts = urlsplit(proxy)
        port = parts.port
        _origin(parts.scheme, parts.hostname or "", port)
    except ValueError:
        parts, port = urlsplit(""), None
    is_named = _is_name(parts.hostname or "")
    is_plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not (is_named and is_plain and is_safe and port != 0):
        raise click.UsageError(
            _("--proxy is the address that browsers open, such as https://desk.example.org")
        )
