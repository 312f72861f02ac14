"""The journal at the desk: who did what, in words, by kind and by user."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from running_desk import PASSWORD

from serienpost import open_practice
from serienpost_web.pages.journal import FILTERS

if TYPE_CHECKING:
    from browsing import Browser
    from running_desk import Desk

JOURNAL = "/verwaltung/protokoll"


def words(page: str) -> str:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_it_says_who_did_what_in_words(desk: Desk, ada: Browser) -> None:
    with open_practice(desk.folder, actor="Ada") as practice:
        practice.add_user("Kurz", PASSWORD, ["approve"])
        practice.change_user("Kurz", password=f"{PASSWORD} neu")
        practice.remove_user("Kurz")
        practice.suppress(["kurz@example.org"])
        practice.unsuppress(["kurz@example.org"])
    said = words(ada.open(f"{JOURNAL}?size=100").text)
    for one in (
        "Ada legt an Kurz, darf ansehen, freigeben",
        "Ada ändert Kurz, darf ansehen, freigeben, neues Passwort",
        "Ada entfernt Kurz",
        "Ada Adresse gesperrt 1 Adresse, E-Mail",
        "Ada Sperre aufgehoben 1 Adresse, E-Mail",
        "Ada meldet sich an",
    ):
        assert one in said, (one, said)
    assert "kurz@" not in said


def test_of_each_kind_what_belongs_to_it(ada: Browser) -> None:
    for name in FILTERS:
        page = ada.open(f"{JOURNAL}?kind={name}&size=100")
        assert page.status == 200, name
    users = words(ada.open(f"{JOURNAL}?kind=users").text)
    assert "meldet sich an" not in users
    assert "legt an" in users
    releases = ada.open(f"{JOURNAL}?kind=releases").text
    assert "freigegeben" in words(releases)
    assert 'href="/runs/' in releases
    assert ada.open(f"{JOURNAL}?kind=x").status == 404
    assert ada.open(f"{JOURNAL}?user=x").status == 404


def test_of_one_user(ada: Browser) -> None:
    page = ada.open(f"{JOURNAL}?kind=log_ins")
    (ada_id,) = re.findall(r'<option value="(\w+)">Ada</option>', page.text)
    found = ada.open(f"{JOURNAL}?kind=&user={ada_id}&size=100").text
    who = set(re.findall(r'data-label="Wer"><bdi>([^<]+)</bdi>', found))
    assert who == {"Ada"}
