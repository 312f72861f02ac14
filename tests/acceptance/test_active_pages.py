"""A template's own page that would load or run something is refused by `check`, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Practice

URL = "http://127.0.0.1:9/x.png"
# In each of these another reading than a browser's sees a comment, a text or nothing at all.
ATTACKS = [
    f"<!--><img src={URL}>-->",
    f"<!-- x --!><img src={URL}> -->",
    f"<![CDATA[><img src={URL}>]]>",
    f"<!--[if mso]><img src={URL}><![endif]-->",
    f'<!--[if gte mso 9]><v:rect><v:fill src="{URL}"/></v:rect><![endif]-->',
    f'<meta http-equiv="refresh" content="0;url={URL}">',
    f'<a href="https://example.org/" ping="{URL}">x</a>',
    f"<html manifest={URL}>",
    "<p/onclick=x>",
    f"<p style=\"filter: AlphaImageLoader(src='{URL}')\">x</p>",
    f"<img src={URL}",
    f"{{% if Nachname %}}<title>{{% endif %}}<img src={URL}></title>",
]


@pytest.mark.parametrize("kind", ["email", "letter"])
def test_pages_that_are_not_passive_are_refused(few: Practice, kind: str) -> None:
    folder = few.folder / "templates" / "neue-sprechzeiten"
    if kind == "letter":
        few.edit("mailings/information.yaml", "account: mail", "account: brief")
    page = folder / f"{kind}.html"
    body = "<p>{{Nachname}}, hier schreibt die {{Praxis}}.</p>\n"
    page.write_text(body, "utf-8")
    few.json("check", "information")
    for attack in ATTACKS:
        page.write_text(f"{body}<p>zwei</p>\n{attack}\n", "utf-8")
        problems = few.refused("check", "information")
        places = {(problem["file"], problem["line"]) for problem in problems}
        assert places == {(f"templates/neue-sprechzeiten/{kind}.html", 3)}, attack


def test_a_practice_named_where_nobody_reads_it_is_not_named(null: Practice) -> None:
    null.edit("serienpost.yaml", '"Praxis Null <n@example.org>"', "n@example.org")
    null.edit("mailings/einladung.yaml", "subject: Einladung\ntext: \"Guten Tag {{Null_Name}}, "
              'Ihre Nummer ist {{Null_Nr}}."', "template: gruss")  # fmt: skip
    folder = null.folder / "templates" / "gruss"
    folder.mkdir(parents=True)
    (folder / "email.md").write_text("---\nsubject: Einladung\n---\nPraxis Null\n", "utf-8")
    page = folder / "email.html"
    for hidden in ("<!-- > Praxis Null -->", "<style>/* Praxis Null */</style>"):
        page.write_text(f"{hidden}<p>Guten Tag</p>", "utf-8")
        (problem,) = null.refused("check", "einladung")
        assert problem["message"] == "nothing in this message says which practice writes"
    page.write_text("<p>Guten Tag, Praxis&nbsp;<b>Null</b></p>", "utf-8")
    null.json("check", "einladung")
