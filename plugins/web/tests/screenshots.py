"""The pictures of the manual (`make screenshots`): a reminder for tomorrow at the desk of a demo
practice, always the same people, in German and English, into `docs/images/`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chromium import fits
from day_at_the_desk import Day, opened_desk
from hands import Mouse
from PIL import Image

from serienpost import open_practice
from serienpost_web.sessions import LANGUAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parents[3] / "docs" / "images"
WANTED = ("overview", "choose", "hits", "check", "draft", "preview", "release", "run")
SIZE: Any = {"width": 1100, "height": 860}
HIGHEST = 1300
LARGEST = 120_000


def test_the_pictures(browser: Browser, tmp_path: Path) -> None:
    FOLDER.mkdir(exist_ok=True)
    file = tmp_path / "anfahrt.txt"
    file.write_text("Linie 4, Haltestelle Lindenallee", "utf-8")
    with (
        opened_desk(tmp_path / "praxis") as desk,
        browser.new_context(viewport=SIZE, locale="de-DE") as german,
        browser.new_context(viewport=SIZE, locale="en-GB") as english,
    ):
        with open_practice(desk.folder, actor="Eva") as practice:
            practice.new_draft("einladung")
            practice.prepare("information")
        page, other = german.new_page(), english.new_page()
        for one in (page, other):
            one.set_default_timeout(120_000)

        def seen(name: str) -> None:
            if name in WANTED:
                take(page, f"{name}.de")
                in_english(page, other, desk.url)
                take(other, f"{name}.en")

        day = Day(page, Mouse(), desk.url, seen=seen)
        day.log_in()
        day.choose_people()
        *wanted, left_out = day.marked()
        day.unmark(left_out)
        day.take_over()
        day.write("Ihr Termin morgen bei uns", "Bitte bringen Sie Ihre Karte mit.", file)
        day.prepare()
        desk.catcher.script.disconnect(wanted[0], when="after_dot", times=1)
        day.release()
        day.watch()
        page.goto(f"{desk.url}/")
        seen("overview")
    (FOLDER / "readme.png").write_bytes((FOLDER / "check.en.png").read_bytes())
    made = {one.name for one in FOLDER.iterdir()}
    assert made >= {f"{name}.{one}.png" for name in WANTED for one in ("de", "en")}


def in_english(page: Page, other: Page, url: str) -> None:
    """The same page in the other window, with the same entries of its lists."""
    port = urlsplit(url).port
    cookies: list[Any] = [one for one in page.context.cookies() if LANGUAGE not in one["name"]]
    other.context.add_cookies([*cookies, {"name": f"{LANGUAGE}-{port}", "value": "en", "url": url}])
    other.goto(page.url.partition("#")[0])
    other.evaluate(_FILL, page.evaluate(_FORM))


def take(page: Page, name: str) -> None:
    """What one sees without much scrolling, as a small PNG."""
    fits(page, name)
    height = min(HIGHEST, page.evaluate("document.documentElement.scrollHeight"))
    clip: Any = {"x": 0, "y": 0, "width": SIZE["width"], "height": height}
    path = FOLDER / f"{name}.png"
    with Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip))) as found:
        found.convert("RGB").quantize(64).save(path, optimize=True)
    assert path.stat().st_size < LARGEST, path


# What is chosen in the lists of a page, and choosing it again.
_FORM = "() => [...document.querySelectorAll('main select')].map(one => [one.id, one.value])"
_FILL = """form => { for (const [id, value] of form) {
  const one = document.getElementById(id);
  if (one) one.value = value;
} }"""
