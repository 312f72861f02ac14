"""Tests to an own address: not to a suppressed one, and recorded to whom and with whose data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from relay import Relay

if TYPE_CHECKING:
    from conftest import Post, Practice

OWN = "praxis@example.org"


def attempted(practice: Practice) -> tuple[int, int]:
    """How many messages left and how many tests were recorded."""
    (tests,) = practice.ledger("SELECT count(*) FROM journal WHERE action = 'test'")
    return practice.oracle().total(), tests[0]


def test_no_test_goes_to_a_suppressed_address(null: Practice) -> None:
    null.json("suppress", "add", OWN)
    for to in (OWN, "Praxis@EXAMPLE.org"):
        (problem,) = null.refused("test", null.run, "--to", to)
        assert "suppression list (blocked by the practice)" in problem["message"]
        assert "suppress remove ADDRESS --kind email" in problem["hint"]
        assert "praxis@" not in str(problem).lower()
        null.refused("test", null.run, "--to", to, "--recipient", "patient:1")
    assert attempted(null) == (0, 0)
    null.json("suppress", "remove", OWN)
    null.json("test", null.run, "--to", OWN)
    assert attempted(null) == (1, 1)


def test_a_test_is_told_wherever_its_run_or_its_person_is(null: Practice) -> None:
    null.json("test", null.run, "--to", OWN)
    null.json("test", null.run, "--to", OWN, "--recipient", "patient:3")
    null.json("test", null.run, "--to", "null-5@example.org", "--recipient", "patient:4")
    null.json("suppress", "add", OWN, "null-5@example.org")
    listed = [one["address_hash"] for one in null.json("suppress", "list")["entries"]]
    report = null.json("report", null.run)["tests"]
    assert [test["row"] for test in report] == [None, "patient:3", "patient:4"]
    assert report[0]["to"] == report[1]["to"] != report[2]["to"]
    assert {test["to"] for test in report} == set(listed)
    (shown,) = null.json("show", null.run, "--recipient", "patient:3")["messages"]
    (decision,) = (one for one in shown["decisions"] if one["action"] == "test")
    assert decision["detail"] == {"to": report[0]["to"]}
    said = null("show", null.run, "--recipient", "patient:3").out + null("report", null.run).out
    assert said.count(report[0]["to"][:12]) == 3
    assert "example.org" not in said
    for person, rows in (("patient:3", ["patient:3"]), ("patient:5", [None]), ("patient:6", [])):
        found = null.json("export-person", person)["tests"]
        assert [test["row"] for test in found] == rows


def test_an_erased_person_is_in_no_test(null: Practice) -> None:
    null.json("test", null.run, "--to", OWN, "--recipient", "patient:17")
    before = null.json("report", null.run)["tests"]
    null.json("erase-person", "patient:17", "--yes")
    (test,) = null.json("report", null.run)["tests"]
    assert test["row"].startswith("erased:")
    assert {**test, "row": "patient:17"} == before[0]
    lines = null.ledger("SELECT * FROM journal")
    assert "patient:17'" not in repr([tuple(line) for line in lines])


@pytest.mark.parametrize("row", [(), ("--recipient", "patient:1")])
@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("suppress", "add", OWN), "the test's address is on the suppression list by now"),
        (("cancel", "{run}"), "is cancelled by now"),
    ],
)
def test_what_is_forbidden_while_the_server_does_not_greet_is_seen(
    demo: Practice, post: Post, command: tuple[str, ...], told: str, row: tuple[str, ...]
) -> None:
    with Relay(post.catcher.port) as relay:
        demo.edit("serienpost.yaml", f"port: {post.catcher.port}", f"port: {relay.port}")
        if row:
            row = ("--recipient", next(r for r, m in demo.messages().items() if m["marked"]))
        testing = demo.start("test", demo.run, "--to", OWN, *row, "--json")
        relay.wait_for_client()
        demo.json(*(word.format(run=demo.run) for word in command))
        relay.open()
        document = demo.document(demo.finish(testing), ["test"], 3)
    (problem,) = document["problems"]
    assert told in problem["message"]
    assert post.mails() == {}
