"""Rows 3.1 and 3.2 of the manual in a real browser: an SMS is written, and its cost follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from chromium import log_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from running_desk import Desk


@pytest.mark.parametrize("javascript", [True, False])
def test_rows_3_1_and_3_2_a_text_is_written_and_its_cost_is_told(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    """3.1: chooses a Vorlage or types a text; 3.2: sees text, length and credits."""
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        page.goto(f"{desk.url}/entwurf/{desk.begin('kurznachricht', user='Ada')}")
        assert page.locator("#field-subject").count() == 0
        page.select_option("#field-template", "")
        page.fill("#field-text", "{{Praxis}}: Bitte rufen Sie an ☺")
        if not javascript:
            page.click("#count button[value=count]")
        page.wait_for_selector("#count .signs")
        words = page.inner_text("#count")
        assert "UCS-2" in words
        assert "☺" in words
        assert "Credits" in words
