"""The contract of a source, and what the filters of Interessenten select."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import RowRef, RowRequest
from serienpost_source_interessenten.selection import InteressentSelection
from serienpost_source_interessenten.source import InteressentenSource
from serienpost_testkit.suites import SourceSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context, Source

REQUEST = RowRequest(frozenset({"nachname"}), date(2026, 3, 2))


class TestInteressenten(SourceSuite):
    @pytest.fixture
    def source(self) -> Source:
        return InteressentenSource()

    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"last_name": "kanar"}

    @pytest.fixture
    def context(self, context: Context, add: Callable[..., None]) -> Context:
        for number in range(1, 6):
            add(
                "interessent",
                id=number,
                vorname=f"Vorkanarie{number}",
                nachname=f"Kanarie{number}",
                email=f"kanarie{number}@example.org",
                strasse=f"Kanarienweg {number}",
                ort="Kanarienburg",
                telefon=f"0351 99887{number}",
            )
        return context


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"status": ["NEU"]}, [1]),
        ({"status": ["neu", "beraten"]}, [1, 2]),
        ({"concern": "ernaehrung"}, [2]),
        ({"concern": "beratung ernähr"}, [2]),
        ({"origin": ["webseite", "Empfehlung"]}, [1, 3]),
        ({"origin": ["Web"]}, []),
        ({"city": "koeln", "status": ["verloren"]}, [3]),
        ({"ids": ["interessent:2", 3, "patient:1"]}, [2, 3]),
        ({"search": "0351 ada"}, [1]),
    ],
)
def test_filters(
    context: Context, add: Callable[..., None], selection: dict[str, Any], expected: list[int]
) -> None:
    ada = {"telefon": "+49 351 12", "status": "neu", "quelle": "Webseite"}
    add("interessent", id=1, vorname="Ada", **ada)
    add(
        "interessent",
        id=2,
        status="beraten",
        anliegen="Möchte Ernährungsberatung",
        quelle="Infoabend",
    )
    add("interessent", id=3, ort="Köln", status="verloren", quelle="Empfehlung")
    source = InteressentenSource()
    selected = source.selection.model_validate(selection)
    rows = [row for batch in source.rows(context, selected, REQUEST) for row in batch]
    assert [row.person_id for row in rows] == [f"interessent:{number}" for number in expected]


def test_nothing_that_a_filter_reads_is_offered(context: Context) -> None:
    source = InteressentenSource()
    offered = source.offers(context, source.selection())
    assert not {"status", "quelle", "anliegen", "gesperrt"} & offered.keys()
    assert not source.is_relative(source.selection())


def test_somebody_deleted_is_gone(
    context: Context, change: Callable[..., None], add: Callable[..., None]
) -> None:
    add("interessent", id=1, nachname="Neu")
    source = InteressentenSource()
    row = RowRef("interessent:1", None, None)
    assert source.current(context, InteressentSelection(), [row], REQUEST)[0].gone is None
    change("delete from interessent")
    gone = source.current(context, InteressentSelection(), [row], REQUEST)[0].gone
    assert gone
    assert gone[0] == "vanished"
