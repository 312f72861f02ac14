"""What every text must say, and which appointment types may be read by anybody."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost import Row
from serienpost.config.loading import load_practice
from serienpost.errors import ConfigError
from serienpost.run.prepare.changes import what_changed
from serienpost.run.prepare.renderer import RunRenderer
from serienpost.run.prepare.review import review_rows
from serienpost.service.mailing import checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost import Context

DUE = date(2026, 11, 23)
CONFIG = """\
practice: {name: "Praxis  Null", phone: "0351 1"%s}
plugins: [serienpost-macros-practice, serienpost-testkit]
appointment_types_harmless: [%s]
accounts:
  mail: {channel: null-email, sender: "%s <null@example.org>"}
  sms: {channel: null-sms}
  brief: {channel: null-letter}
"""
NAMELESS = "nothing in this message says which practice writes"
ENDLESS = "must say how to get no more of them"


@contextmanager
def practice(
    folder: Path, *, sender: str = "Mail", more: str = "", harmless: str = ""
) -> Iterator[Context]:
    (folder / "mailings").mkdir(exist_ok=True)
    (folder / "serienpost.yaml").write_text(CONFIG % (more, harmless, sender), "utf-8")
    with load_practice(folder) as context:
        yield context


def check(context: Context, account: str, text: str, purpose: str = "information") -> RunRenderer:
    subject = "" if account == "sms" else "subject: Gruß\n"
    (context.path("mailings") / "m.yaml").write_text(
        f'source: "null"\nselect: {{}}\naccount: {account}\npurpose: {purpose}\n'
        f"{subject}text: |\n  {text}\n",
        "utf-8",
    )
    return checked(context, "m", DUE)


@pytest.mark.parametrize("account", ["mail", "sms"])
@pytest.mark.parametrize(
    "text",
    ["Guten Tag", "{% if Null_Name %}{{Praxis}}{% endif %} Guten Tag", "Praxis Nullmann?"[:6]],
)
def test_a_message_that_names_nobody_is_refused(tmp_path: Path, account: str, text: str) -> None:
    with practice(tmp_path) as context, pytest.raises(ConfigError, match=NAMELESS):
        check(context, account, text)


@pytest.mark.parametrize("account", ["mail", "sms"])
@pytest.mark.parametrize("text", ["{{Praxis}}", "Ihre praxis null.", "{{Praxis_Anschrift}}"])
def test_the_text_may_name_the_practice(tmp_path: Path, account: str, text: str) -> None:
    with practice(tmp_path) as context:
        assert check(context, account, text)


def test_sender_or_letterhead_may_name_the_practice(tmp_path: Path) -> None:
    with practice(tmp_path, sender="Praxis Null") as context:
        assert check(context, "mail", "Guten Tag")
        assert check(context, "brief", "Guten Tag")


@pytest.mark.parametrize("purpose", ["survey", "marketing"])
@pytest.mark.parametrize(
    "text", ["{{Praxis}}", "{{Praxis}} {% if Null_Name %}{{Abmelde_Link}}{% endif %}"]
)
def test_a_message_that_cannot_be_stopped_is_refused(
    tmp_path: Path, purpose: str, text: str
) -> None:
    with practice(tmp_path) as context:
        for account in ("mail", "sms"):
            with pytest.raises(ConfigError, match=f"{ENDLESS}|Abmelde_Link"):
                check(context, account, text, purpose)
        assert check(context, "brief", "{{Praxis}}", purpose)


def test_the_link_stops_mail_and_with_an_address_of_its_own_sms(tmp_path: Path) -> None:
    text = "{{Praxis}} {{Abmelde_Link}}"
    with practice(tmp_path) as context:
        assert check(context, "mail", text, "survey")
        with pytest.raises(ConfigError, match="Abmelde_Link is empty"):
            check(context, "sms", text, "survey")
    with practice(tmp_path, more=', unsubscribe_url: "https://x.org/ab?"') as context:
        assert check(context, "sms", text, "survey")


def test_only_rows_of_a_harmless_type_leave_in_the_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with practice(tmp_path, harmless="Besprechung") as context:
        source = context.registry.sources["null"]
        offers = {**source.offers(context, source.selection()), "terminart": None}
        monkeypatch.setattr(type(source), "offers", lambda *_: offers)
        renderer = check(context, "sms", "{{Praxis}}: {{Termin_Art|falls_leer('Termin')}}")
        rows = [
            Row(f"patient:{number}", {"mobil": "+4915228817386", "terminart": kind})
            for number, kind in enumerate(["Besprechung", " besprechung", None, "HIV-Test"])
        ]
        reviewed = review_rows(renderer, rows, 0, date(2026, 3, 2))
    assert [one.marked for one in reviewed] == [True, True, True, False]
    assert reviewed[3].unmarked == {
        "code": "value_refused",
        "reason": "the type of appointment is not on record as harmless",
        "includable": False,
    }


def test_a_changed_practice_is_named_when_a_text_reads_differently(tmp_path: Path) -> None:
    with practice(tmp_path) as context:
        renderer = check(context, "mail", "{{Praxis}} {{Praxis_Telefon}}")
        assert "look at the settings of accounts." in what_changed(renderer)
        frozen = {**renderer.header.extra["practice"], "phone": "0351 2"}
        header = replace(renderer.header, sender="x", versions={}, extra={"practice": frozen})
        said = what_changed(RunRenderer(context, header, renderer.assets))
    assert said.startswith("changed since: practice.phone, accounts.mail.sender, serienpost")
    assert "none -> 0.1.0" in said
