"""The suppression list at the desk: look, add, lift, and where an entry comes from."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from browsing import Browser
from running_desk import PASSWORD

from serienpost import open_practice
from serienpost.contracts.channels import Event
from serienpost.run.send.events import take_events
from serienpost_demo.folder import write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from browsing import Page
    from running_desk import Desk

    from serienpost import Practice

LIST = "/verwaltung/sperrliste"
LOOK, ADD = f"{LIST}/suchen", f"{LIST}/neu"
ADDRESS = "nie.wieder@example.org"


def typed(browser: Browser, to: str, **said: str) -> Page:
    """The form of the list, sent by one of its buttons."""
    form = browser.open(LIST).form(LOOK)
    return browser.send_to(to, form, **{"address": ADDRESS, "kind": "email", **said})


def is_listed(desk: Desk, address: str = ADDRESS, kind: str = "email") -> bool:
    with open_practice(desk.folder, actor="os:test") as practice:
        return practice.suppression(practice.suppression_id(address, kind=kind)) is not None


def test_an_address_is_added_found_and_lifted(desk: Desk, ada: Browser) -> None:
    assert "steht nicht auf der Sperrliste" in typed(ada, LOOK).text
    page = typed(ada, ADD)
    assert "An sie wird nichts mehr gesendet" in page.text
    assert "eingetragen von Ada" in page.text
    assert is_listed(desk)
    assert "said=suppressed_before" in typed(ada, ADD, address=f" {ADDRESS.upper()} ").path
    found = typed(ada, LOOK)
    assert "Diese Adresse" not in found.text
    assert "gesperrt</span>" in found.text
    question = ada.open(f"{found.path}/aufheben")
    assert "Jemand aus der Praxis hat diese Adresse gesperrt" in question.text
    page = ada.send(question.form())
    assert page.path == f"{found.path}?said=lifted"
    assert not is_listed(desk)
    with open_practice(desk.folder, actor="os:test") as practice, practice.ledger.read() as tx:
        assert ADDRESS not in str(tx.connection.exec_driver_sql("SELECT * FROM journal").all())
    assert ada.open(f"{found.path}/aufheben").path == found.path


@pytest.mark.parametrize(
    ("said", "why"),
    [({"address": " "}, "zuerst die Adresse"), ({"address": "Eva"}, "aria-invalid"),
     ({"address": "12", "kind": "sms"}, "aria-invalid")],
)  # fmt: skip
@pytest.mark.parametrize("to", [LOOK, ADD])
def test_what_is_no_address_is_said_at_its_field(
    desk: Desk, ada: Browser, to: str, said: dict[str, str], why: str
) -> None:
    before = desk.states()
    page = typed(ada, to, **said)
    assert (page.status, why in page.text) == (422, True), page.text
    assert desk.states() == before
    assert typed(ada, to, kind="letter").status == 400


def test_who_may_only_look_sees_no_other_button(desk: Desk) -> None:
    with Browser(desk.url) as lea:
        lea.log_in("Lea", PASSWORD)
        page = lea.open(LIST)
        assert (page.status, ADD in page.text) == (200, False)
        assert "aufheben" not in lea.open(f"{LIST}/{desk.entry}").text
        assert typed(lea, LOOK, address="gesperrt@example.org").path == f"{LIST}/{desk.entry}"
        assert typed(lea, ADD).status == 403
    assert not is_listed(desk)


def test_pages_of_the_list_hold_as_many_as_were_chosen(desk: Desk, ada: Browser) -> None:
    with open_practice(desk.folder, actor="os:test") as practice:
        total = 61
        many = [f"viele-{one}@example.org" for one in range(total - len(practice.suppressed()))]
        practice.suppress(many)
        try:
            seen: list[str] = []
            for number in (1, 2, 3):
                page = ada.open(f"{LIST}?size=25&page={number}")
                assert f"Seite {number} von 3" in page.text
                seen += re.findall(rf'href="({LIST}/email~\w+)"', page.text)
            assert len(set(seen)) == len(seen) == total
            assert "Seite 1 von" not in ada.open(f"{LIST}?size=100").text
            assert ada.open(f"{LIST}?size=7&page=9").status == 200
        finally:
            practice.unsuppress(many)


def reported(practice: Practice, address: str, **what: object) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    event = Event(id=f"e-{address}", at=at, address=address, **what)  # type: ignore[arg-type]
    take_events(practice.ledger, "mail", "email", [event])


def test_what_a_provider_reported_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path / "praxis", 5, 1, port=1)
    with open_practice(tmp_path / "praxis", actor="Ada") as practice:
        reported(practice, "weg@example.org", kind="bounced", permanent=True)
        reported(practice, "nein@example.org", kind="unsubscribed")
        practice.suppress(["eva@example.org"])
        found = practice.suppression_page().entries
        told = {(one.reason, one.account, one.by) for one in found}
        assert told == {
            ("bounce", "mail", None),
            ("unsubscribe", "mail", None),
            ("manual", None, "Ada"),
        }
        assert practice.lift_suppression(found[0].id)
        assert practice.suppression(found[0].id) is None
        assert not practice.lift_suppression(found[0].id)
