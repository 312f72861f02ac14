"""What a practice's folder holds, at the desk in a real browser: templates, accounts, mailings."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from chromium import log_in, look

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from running_desk import Desk


@pytest.mark.parametrize("javascript", [True, False])
def test_a_template_is_copied_changed_and_taken_back_by_mouse(
    desk: Desk, browser: Browser, javascript: bool
) -> None:
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        try:
            page.goto(f"{desk.url}/verwaltung")
            page.click("main >> text=Vorlagen")
            page.click("main >> text=recall-en")
            page.click("main button.main")
            page.wait_for_url("**/recall-en?said=template_copied")
            page.click("main table a >> nth=0")
            before = page.input_value("#field-text")
            page.fill("#field-text", "Dear all,\n\nyour {{Diagnose}} and {{Vornahme}}")
            if not javascript:
                page.click("button[value='check']")
            page.wait_for_selector("mark")
            assert page.locator("mark").all_inner_texts() == ["Diagnose", "Vornahme"]
            if javascript:
                look(page, "template-marked")
                page.click(".faults a >> nth=0")
                start, end = page.evaluate(
                    "(() => { const one = document.getElementById('field-text');"
                    " return [one.selectionStart, one.selectionEnd]; })()"
                )
                assert page.input_value("#field-text")[start:end] == "Diagnose"
            page.click("button[value='save']")
            page.wait_for_selector("main [role=alert] >> text=Nicht gespeichert")
            page.fill("#field-text", "Dear all,\n\nyour {{Praxis}}")
            page.click("button[value='save']")
            page.wait_for_url("**/email.md?said=template_saved")
            assert "Praxis Dr. Sonnenschein" in page.inner_text("#checked")
            page.click("main >> text=Fassung bis")
            page.click("text=Wiederherstellen")
            page.wait_for_url("**/email.md?said=template_restored")
            assert page.input_value("#field-text") == before
        finally:
            shutil.rmtree(desk.folder / "templates" / "recall-en")


@pytest.mark.parametrize("javascript", [True, False])
def test_accounts_are_looked_at_by_mouse(desk: Desk, browser: Browser, javascript: bool) -> None:
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        page.goto(f"{desk.url}/verwaltung")
        page.click("main >> text=Konten")
        page.click("main button.main")
        page.wait_for_selector(".badge.busy")
        with ThreadPoolExecutor(1) as thread:  # in this one the browser's event loop runs
            thread.submit(desk.work).result()
        if not javascript:
            page.click("text=Den jetzigen Stand zeigen")
        page.wait_for_selector("main .card .badge.good")
        assert "Zuletzt geprüft" in page.inner_text("main")
        if javascript:
            look(page, "accounts-checked")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_mailing_is_looked_at_by_mouse(desk: Desk, browser: Browser, javascript: bool) -> None:
    file = desk.folder / "mailings" / "geburtstag.yaml"
    before = file.read_text("utf-8")
    file.write_text(f"{before}\nschedule: mon-fri 09:00\n", "utf-8")
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        log_in(page, desk)
        try:
            page.goto(f"{desk.url}/verwaltung")
            page.click("main >> text=Versände")
            page.click("main >> text=Geburtstag >> nth=0")
            page.wait_for_url("**/versaende/geburtstag")
            assert page.locator("h2:has-text('Zeitplan') ~ ul li").count() == 3
            if javascript:
                look(page, "mailing-scheduled")
        finally:
            file.write_text(before, "utf-8")
