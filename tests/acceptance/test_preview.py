"""`preview` writes what leaves, and what people can look at, for every kind of message."""

from __future__ import annotations

import stat
from email import message_from_bytes, policy
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.timeout(300)


def prepared(practice: Practice, mailing: str) -> str:
    return str(practice.json("prepare", mailing, "--summary")["run"])


def files(practice: Practice, run: str, key: str) -> dict[str, Path]:
    """The files of the first message: suffix -> path."""
    paths = [Path(one["file"]) for one in practice.json("preview", run)[key]]
    return {path.name.partition(".")[2]: path for path in paths}


def test_a_mail_is_shown_as_a_page_that_loads_nothing(demo: Practice) -> None:
    views = files(demo, demo.run, "views")
    (eml,) = files(demo, demo.run, "files").values()
    mail = message_from_bytes(eml.read_bytes(), policy=policy.default)
    body = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert views.keys() == {"html"}
    page = views["html"].read_text("utf-8")
    assert page.endswith(body.replace("\r\n", "\n").partition("<head>")[2])
    assert "default-src 'none'; img-src data:" in page
    for path in (eml, views["html"]):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_its_date_is_in_the_zone_of_the_practice(demo: Practice) -> None:
    demo.edit("serienpost.yaml", "timezone: Europe/Berlin", "timezone: Pacific/Kiritimati")
    run = prepared(demo, "information")
    mail = message_from_bytes(files(demo, run, "files")["eml"].read_bytes(), policy=policy.default)
    assert mail["Date"].endswith(" +1400")


def test_a_letter_is_shown_page_by_page(demo: Practice) -> None:
    run = prepared(demo, "rundbrief")
    assert files(demo, run, "files").keys() == {"pdf"}
    views = files(demo, run, "views")
    assert list(views) == [f"{n}.png" for n in range(1, len(views) + 1)]
    with Image.open(BytesIO(views["1.png"].read_bytes())) as image:
        width, height = image.size
        darkest, lightest = image.convert("L").getextrema()
    assert (image.format, round(height / width, 2)) == ("PNG", 1.41)
    assert width > 1200
    assert darkest < 60 < lightest == 255, "a page with nothing on it, or with nothing but black"


def test_an_sms_is_a_text_already(demo: Practice) -> None:
    run = prepared(demo, "kurznachricht")
    assert files(demo, run, "views") == {}
    assert "Sprechzeiten" in files(demo, run, "files")["txt"].read_text("utf-8")


def test_a_link_that_waits_for_a_view_is_not_followed(demo: Practice, tmp_path: Path) -> None:
    other = tmp_path / "anderes"
    other.write_text("bleibt", "utf-8")
    folder = tmp_path / "vorschau"
    folder.mkdir()
    for suffix in ("eml", "html"):
        (folder / f"patient-1.{suffix}").symlink_to(other)
    demo.json("preview", demo.run, "--out", str(folder))
    assert other.read_text("utf-8") == "bleibt"
    assert not (folder / "patient-1.html").is_symlink()
    assert sorted(path.name for path in folder.iterdir()) == ["patient-1.eml", "patient-1.html"]


def test_views_go_with_the_person(demo: Practice) -> None:
    run = prepared(demo, "rundbrief")
    shown = [*files(demo, run, "files").values(), *files(demo, run, "views").values()]
    other = shown[0].with_name("patient-11.1.png")
    other.write_bytes(b"eines anderen")
    person = shown[0].name.partition(".")[0].replace("-", ":", 1)
    demo.json("cancel", run)
    demo.json("erase-person", person, "--yes")
    assert [path for path in shown if path.exists()] == []
    assert other.exists() is (other not in shown)


def test_pages_of_many_letters_are_drawn_for_the_first_only(demo: Practice) -> None:
    demo.edit("mailings/rundbrief.yaml", "limit: 15 ", "limit: 30 ")
    run = prepared(demo, "rundbrief")
    said = " ".join(demo("preview", run, "--all").out.split())
    folder = demo.folder / "vorschau" / run
    rows = {path.name.partition(".")[0] for path in folder.glob("*.pdf")}
    drawn = {path.name.partition(".")[0] for path in folder.glob("*.png")}
    assert 20 == len(drawn) < len(rows)
    assert drawn < rows
    assert f"Pages as images: of the first 20 of {len(rows)}; of another one" in said


def test_every_mail_is_shown_as_a_page(few: Practice) -> None:
    done = few("preview", few.run, "--all")
    folder = few.folder / "vorschau" / few.run
    assert len(list(folder.glob("*.html"))) == len(list(folder.glob("*.eml"))) > 20
    assert "Pages as images" not in done.out
