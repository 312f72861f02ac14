"""A message as a page that shows all of it and loads nothing."""

import pytest

from serienpost import Attachment, browser_page

LOGO = Attachment("logo.png", "image/png", b"\x89PNG", content_id="logo.png")
PLAN = Attachment("plan.pdf", "application/pdf", b"%PDF")
DATA = "data:image/png;base64,iVBORw=="


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<img src="cid:logo.png">', f'<img src="{DATA}">'),
        ("<img src='cid:logo.png'>", f"<img src='{DATA}'>"),
        ("<img src = cid:logo.png>", f"<img src = {DATA}>"),
        ('<td background="cid:logo.png">', f'<td background="{DATA}">'),
        ("<p>cid:logo.png</p>", "<p>cid:logo.png</p>"),
        ('<img src="cid:anders.png">', '<img src="cid:anders.png">'),
        ('<img src="cid:plan.pdf">', '<img src="cid:plan.pdf">'),
    ],
)
def test_images_stand_in_the_page(html: str, shown: str) -> None:
    assert browser_page(html, (LOGO, PLAN)).decode().endswith(f">{shown}")


@pytest.mark.parametrize(
    ("html", "begin"),
    [
        ("<!DOCTYPE html><html>", "<!DOCTYPE html><meta "),
        (" \n<!doctype html PUBLIC 'x'>\n<html>", " \n<!doctype html PUBLIC 'x'><meta "),
        ("<p>", "<!doctype html><meta "),
        ("", "<!doctype html><meta "),
    ],
)
def test_nothing_is_loaded_before_the_page_forbids_it(html: str, begin: str) -> None:
    page = browser_page(html).decode()
    assert page.startswith(begin)
    assert "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; " in page


def test_half_characters_do_not_stop_it() -> None:
    assert browser_page("<p>\ud800").endswith(b"<p>?")
