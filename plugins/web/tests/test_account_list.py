"""Accounts at the desk: what a worker finds about each, and nothing asked by the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from running_desk import PASSWORD, Desk, serving

from serienpost import open_practice
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "/verwaltung/konten"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Desk]:
    """A desk of a practice whose senders are of the practice's own, and nobody answers them."""
    folder = tmp_path / "praxis"
    write_folder(folder, 12, 1, port=1)
    settings = folder / "serienpost.yaml"
    text = settings.read_text("utf-8").replace("praxis@example.org", "post@praxis-sonnenschein.de")
    settings.write_text(text.replace("secret:SMS_USER", "secret:NOBODY_HAS_IT"), "utf-8")
    with open_practice(folder, actor="Eva") as practice:
        practice.add_user("Eva", PASSWORD, ["prepare"])
    with serving(folder) as url:
        yield Desk(url, folder, None, {}, {}, "", "")  # type: ignore[arg-type]  # nothing is sent


def test_what_a_worker_found_is_told_at_its_account(alone: Desk) -> None:
    with Browser(alone.url) as eva:
        eva.log_in("Eva", PASSWORD)
        page = eva.open(PAGE)
        assert "Praxis Dr. Sonnenschein &lt;post@praxis-sonnenschein.de&gt;" in page.text
        assert "100 in der Sekunde" in page.text
        assert "badge good" not in page.text
        assert "badge stop" not in page.text
        page = eva.send(page.form(f"{PAGE}/pruefen"))
        assert page.path == f"{PAGE}?said=accounts_asked"
        assert "badge busy" in page.text
        alone.work()
        page = eva.open(PAGE)
        assert "Zuletzt geprüft" in page.text
        mail, sms, grid, letter = page.text.split('<section class="card"')[1:]
        for one in (mail, sms, grid):
            assert "nicht in Ordnung" in one
        assert "NOBODY_HAS_IT" in sms
        assert ">in Ordnung<" in letter
        assert eva.open(f"{PAGE}/live").status == 200


def test_who_may_only_look_does_not_ask(desk: Desk) -> None:
    with Browser(desk.url) as lea:
        lea.log_in("Lea", PASSWORD)
        page = lea.open(PAGE)
        assert (page.status, f"{PAGE}/pruefen" in page.text) == (200, False)


def test_a_test_is_sent_from_a_run_of_the_account(desk: Desk, ada: Browser) -> None:
    run = desk.prepare()
    page = ada.open(PAGE)
    assert f"/runs/{run}/preview" in page.text.split('<section class="card"')[1]
