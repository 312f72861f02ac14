"""What one cause explains is told once."""

from __future__ import annotations

from serienpost.errors import Problem
from serienpost.service.finding import Finding, with_causes
from serienpost.translation import Text, speaking

AWAY = Problem("there is no file practice.db", "restore it", "serienpost.yaml", 3, "database")


def causes(*findings: Finding) -> list[tuple[str, str | None]]:
    return [(one.name, one.because) for one in with_causes(findings)]


def test_the_shortest_sentence_is_the_cause_wherever_it_stands() -> None:
    told = f"secret KEY cannot be read: {AWAY.message}"
    assert causes(
        Finding.of("secret KEY", Problem(told)),
        Finding.of("database", AWAY),
        Finding.of("account sms", Problem(told, None, "serienpost.yaml", 9, "accounts.sms.key")),
        Finding.of("mailing a", AWAY),
    ) == [
        ("secret KEY", "database"),
        ("database", None),
        ("account sms", "database"),
        ("mailing a", "database"),
    ]


def test_the_cause_is_found_in_every_language() -> None:
    away = Text("serienpost", "does not answer")
    needing = Text(
        "serienpost", "source {source} cannot answer: {why}", {"source": "a", "why": away}
    )
    with speaking("de"):
        found = with_causes(
            [Finding.of("source", Problem(needing)), Finding.of("server", Problem(away))]
        )
        assert [str(one.text) for one in found] == [
            "die Quelle a kann nicht antworten: antwortet nicht",
            "antwortet nicht",
        ]
    assert [(one.name, one.because) for one in found] == [("source", "server"), ("server", None)]


def test_what_is_found_without_a_place_is_the_same_as_at_a_place() -> None:
    placed = [Problem(AWAY.message, None, "a.yaml", line) for line in (1, 2)]
    assert causes(
        Finding.of("one", placed[0]),
        Finding.of("nowhere", Problem(AWAY.message)),
        Finding.of("two", placed[1]),
    ) == [("one", None), ("nowhere", "one"), ("two", "one")]


def test_the_same_fault_at_two_places_are_two() -> None:
    faults = [Problem("there is no text", None, f"mailings/{name}.yaml", 1) for name in "ab"]
    assert causes(*(Finding.of(f"mailing {one.file}", one) for one in faults)) == [
        ("mailing mailings/a.yaml", None),
        ("mailing mailings/b.yaml", None),
    ]
    short = Problem("is missing"), Problem("account: is missing")
    assert causes(*(Finding.of(str(one), one) for one in short)) == [
        ("is missing", None),
        ("account: is missing", None),
    ]
    assert causes(
        Finding("a", False, "does not answer"), Finding("b", False, "does not answer")
    ) == [
        ("a", None),
        ("b", None),
    ]


def test_what_needs_a_thing_that_is_wrong_is_wrong() -> None:
    needing = Finding.missing("account", "not running", "start it", Problem(f"x: {AWAY.message}"))
    _, account = with_causes([Finding.of("database", AWAY), needing])
    assert (account.ok, account.is_missing, account.because) == (False, False, "database")


def test_what_is_in_order_has_no_cause() -> None:
    fine = Finding("a", True, "answers"), Finding("b", True, "answers")
    assert causes(*fine) == [("a", None), ("b", None)]


def test_what_hangs_on_a_cause_is_named_beside_it_alone() -> None:
    """Was: said of every finding of the same name, also of those that are in order."""
    idle, fine = (
        Finding.missing("account mail", "not running", "start it"),
        Finding("account mail", True, "a note"),
    )
    told = with_causes([idle, fine, Finding.missing("account sms", "not running", "start it")])
    assert [one.keeps_back for one in told] == [("account sms",), (), ()]
