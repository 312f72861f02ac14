"""Mailings at the desk: schedules with their next dates, last runs, what `check` says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from browsing import Browser
from running_desk import PASSWORD, serving

from serienpost import open_practice
from serienpost.service import mailing_statuses
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from running_desk import Desk

LIST = "/verwaltung/versaende"


def test_mailings_stand_with_their_last_runs(desk: Desk, ada: Browser) -> None:
    page = ada.open(LIST)
    assert page.status == 200
    assert f'href="{LIST}/terminerinnerung"' in page.text
    with open_practice(desk.folder, actor="os:test") as practice:
        newest = next(one.run for one in practice.runs() if one.mailing == "information")
    assert f'href="/runs/{newest}"' in page.text
    page = ada.open(f"{LIST}/information")
    assert "geht nicht von selbst hinaus" in page.text
    assert "note good" in page.text
    assert ada.open(f"{LIST}/nothing").status == 404


def test_a_schedule_is_told_and_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "praxis"
    write_folder(folder, 12, 1, port=1)
    with open_practice(folder, actor="Lea") as practice:
        practice.add_user("Lea", PASSWORD)
    file = folder / "mailings" / "information.yaml"
    rules = ["daily 09:00", "mon-fri 10:30", "'mo, do 11:00'", "'monthly 1,last 12:00'"]
    schedule = f"schedule: [{', '.join(rules)}]"
    file.write_text(f"{file.read_text('utf-8')}\n{schedule}\n", "utf-8")
    (folder / "mailings" / "fällig.yaml").write_text("title: Kaputt\nacount: mail\n", "utf-8")
    with open_practice(folder, actor="Lea") as practice:
        known = {one.name: one for one in mailing_statuses(practice)}
        first, second, third = known["information"].coming
        assert first < second < third
        assert third.date() <= first.date() + timedelta(days=2)
        assert known["fällig"].problems
    with serving(folder) as url, Browser(url) as lea:
        lea.log_in("Lea", PASSWORD)
        page = lea.open(LIST)
        assert page.text.count("nicht in Ordnung") == 1
        assert f"{first:%d.%m.%Y %H:%M}" in page.text
        page = lea.open(f"{LIST}/information")
        assert all(f"{one:%d.%m.%Y %H:%M}" in page.text for one in (first, second, third))
        assert (
            "jeden Tag um 09:00, Montag bis Freitag um 10:30, Montag, Donnerstag um 11:00,"
            " jeden Monat am 1., am letzten Tag um 12:00"
        ) in page.text
        page = lea.open(f"{LIST}/f~e4~llig")
        assert (page.status, "acount" in page.text) == (200, True)
