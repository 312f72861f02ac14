"""The form of a draft, as a browser fills it in and sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import html5lib

from serienpost import open_practice

if TYPE_CHECKING:
    import httpx
    from running_desk import Desk


def fields(page: str) -> dict[str, str]:
    """What the form of a draft holds, as a browser would send it."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    (form,) = [one for one in tree.iter("form") if one.get("data-writing") is not None]
    found: dict[str, str] = {}
    for one in form.iter():
        name, kind = one.get("name"), one.get("type")
        if one.tag == "textarea":
            found[name] = "".join(one.itertext())
        elif one.tag == "select":
            chosen = [each for each in one.iter("option") if each.get("selected") is not None]
            found[name] = (chosen or [*one.iter("option")])[0].get("value")
        elif one.tag == "input" and name and kind != "file":
            is_sent = kind not in ("radio", "checkbox") or one.get("checked") is not None
            found |= {name: one.get("value") or ""} if is_sent else {}
    return found


def send(client: httpx.Client, draft: str, form: dict[str, str], **said: str) -> httpx.Response:
    return client.post(f"/entwurf/{draft}", data={**form, **said}, files={"file": ("", b"")})


def written(client: httpx.Client, draft: str) -> dict[str, str]:
    return fields(client.get(f"/entwurf/{draft}").text)


def keys(desk: Desk, draft: str) -> dict[str, object]:
    with open_practice(desk.folder, actor="os:test") as practice:
        return practice.draft(draft).keys
