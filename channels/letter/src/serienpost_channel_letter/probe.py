"""What `doctor` tries: libraries, font, folder, and one page laid out in a worker process."""

from __future__ import annotations

import ctypes
import subprocess
from typing import TYPE_CHECKING

from serienpost import ProbeResult, Texts
from serienpost_channel_letter.files import unwritable
from serienpost_channel_letter.stylesheet import FALLBACKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost import Context
    from serienpost_channel_letter.account import LetterAccount

_ = Texts(__name__)

_LIBRARIES = {
    "libpango-1.0.so.0": ("libpango-1.0-0", _("letters cannot be laid out")),
    "libpangoft2-1.0.so.0": ("libpangoft2-1.0-0", _("letters cannot be laid out")),
    "libharfbuzz-subset.so.0": ("libharfbuzz-subset0", _("letters take several times as long")),
}


def probe(context: Context, account: LetterAccount) -> list[ProbeResult]:
    """Everything that letters need on this machine."""
    return [*_libraries(), _font(account), _folder(context, account)]


def _libraries() -> Iterator[ProbeResult]:
    for library, (package, without) in _LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            yield ProbeResult(
                ok=False,
                text=_("{library} is missing: {without}", library=library, without=without),
                remedy=_("install {package} (apt-get install {package})", package=package),
            )
        else:
            yield ProbeResult(ok=True, text=_("{library} is there", library=library))


def _font(account: LetterAccount) -> ProbeResult:
    """Whether fontconfig knows the font, so that letters look the same everywhere."""
    try:
        found = subprocess.run(  # noqa: S603
            ["fc-match", "--format=%{family[0]}", ",".join((account.font, *FALLBACKS))],  # noqa: S607
            capture_output=True,
            encoding="utf-8",
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ProbeResult(ok=True, text=_("fonts cannot be listed; fc-match is not installed"))
    if account.font.casefold() in found.casefold():
        return ProbeResult(ok=True, text=_("the font {font} is there", font=account.font))
    return ProbeResult(
        ok=False,
        text=_(
            "the font {font} is missing; letters are set in {other}",
            font=account.font,
            other=found,
        ),
        remedy=_("install it, or name another one under `font:`"),
    )


def _folder(context: Context, account: LetterAccount) -> ProbeResult:
    """Whether it can be written; it is made by the first letter, not here."""
    folder = context.path(account.folder)
    hindrance = unwritable(folder)
    if hindrance:
        text = _("{folder} is no folder that can be written", folder=str(hindrance))
        return ProbeResult(ok=False, text=text, remedy=_("correct `folder:` or its rights"))
    return ProbeResult(ok=True, text=_("{folder} can be written", folder=str(folder)))
