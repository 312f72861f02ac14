"""The suppression list from the command line, out to a file and in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Practice


def entries(practice: Practice) -> set[tuple[str, str, str]]:
    found = practice.json("suppress", "list")["entries"]
    return {(entry["kind"], entry["address_hash"], entry["reason"]) for entry in found}


def test_the_list_comes_back_from_its_own_file(null: Practice) -> None:
    (null.folder / "in.csv").write_text(
        "address;kind;reason\n Ada@Example.org ;;bounce\n0171 3920012;sms;\n", "utf-8"
    )
    file = str(null.folder / "out.csv")
    assert null.json("suppress", "add", "--csv", str(null.folder / "in.csv"))["added"] == 2
    again = null.json("suppress", "add", "Ada@example.ORG")
    assert (again["added"], again["known"]) == (0, 1)
    before = entries(null)
    assert {(kind, reason) for kind, _, reason in before} == {
        ("email", "bounce"),
        ("sms", "manual"),
    }
    null.json("suppress", "list", "--csv", file)
    assert "xample" not in (null.folder / "out.csv").read_text("utf-8")
    assert null.json("suppress", "remove", "--csv", file)["removed"] == 2
    assert entries(null) == set()
    assert null.json("suppress", "add", "--csv", file)["added"] == 2
    assert entries(null) == before


def test_files_that_are_refused_change_nothing(null: Practice) -> None:
    null.json("suppress", "add", "ada@example.org")
    listed = null.folder / "out.csv"
    null.json("suppress", "list", "--csv", str(listed))
    text = listed.read_text("utf-8")
    before = null.contents()
    foreign = text.rsplit(";", 1)[0] + ";0123456789ab\n"
    for wrong, lines in (
        ("kind;reason\nemail;manual\n", [1]),
        ("address\nbert@example.org\nkeine\n", [3]),
        ("address;reason\nbert@example.org;weil\n", [2]),
        ("address;kind\nbert@example.org;fax\n", [2]),
        ("address;kind\nbert;email\nberta@example.org;\nbert@example.org;fax\n", [2, 4]),
        ("address_hash;practice\nabc;def\n", [2]),
        (foreign, [2]),
        ("address\n" + "bert\n" * 100, list(range(2, 22))),
    ):
        listed.write_text(wrong, "utf-8")
        problems = null.refused("suppress", "add", "--csv", str(listed))
        assert [problem["line"] for problem in problems] == lines
        assert "bert" not in str(problems)
    assert null.contents() == before


def test_who_is_on_the_list_is_denied_and_stays_so(null: Practice) -> None:
    null.json("suppress", "add", "null-3@example.org")
    rows = {row["id"]: row for row in null.json("prepare", "einladung")["recipients"]}
    (denial,) = (a for a in rows["patient:3"]["consent"] if a["verdict"] == "deny")
    assert (denial["check"], denial["code"]) == ("suppression", "suppressed_manual")
    assert not rows["patient:3"]["marked"]
    null.json("send", null.run, "--yes")
    assert null.messages()["patient:3"]["state"] == "suppressed"
    assert null.messages()["patient:3"]["code"] == "suppression.suppressed_manual"
