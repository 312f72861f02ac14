"""Each case: Markdown, values, the HTML between the body tags, the text part."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from serienpost.errors import TemplateError
from serienpost.templates.compiled import CompiledTemplate

Mail = Callable[..., CompiledTemplate]
IF_LIST = "- a\n- {% if X %}b{% endif %}\n- c"
IF_BLOCK = "Vorher\n\n{% if X %}\nMitte {{X}}\n{% endif %}\n\nNachher"
IF_TIGHT = "Vorher\n{% if X %}\nMitte\n{% else %}\nAnders\n{% endif %}\nNachher"
IF_WHOLE = "Vorher\n\n{% if X %}**Mitte**\nzwei{% endif %}\n\nNachher"
TABLE_HTML = (
    '<table> <thead> <tr> <th>Tag</th> <th style="text-align:left">Zeit</th> </tr> </thead> '
    '<tbody> <tr> <td>Mo</td> <td style="text-align:left">8–12</td> </tr> '
    '<tr> <td>Di</td> <td style="text-align:left">auch</td> </tr> </tbody> </table>'
)
TABLE = "| Tag | Zeit |\n|---|:--|\n| Mo | {{X}} |\n| Di | {% if X %}auch{% endif %} |"

CASES = [
    ("Ein _Text_ mit **Marken**.", "",
     "<p>Ein <em>Text</em> mit <strong>Marken</strong>.</p>", "Ein Text mit Marken."),
    ("**_beide_** _**anders**_", "",
     "<p><strong><em>beide</em></strong> <em><strong>anders</strong></em></p>", "beide anders"),
    ("eins\nzwei\n\ndrei", "", "<p>eins<br /> zwei</p> <p>drei</p>", "eins\nzwei\n\ndrei"),
    ("# Titel\n\nText", "", "<h1>Titel</h1> <p>Text</p>", "Titel\n\nText"),
    ("**{{X}}** und _{{X}}_", "w", "<p><strong>w</strong> und <em>w</em></p>", "w und w"),
    ("**Mo**–**Fr**, **Karies**-Check", "",
     "<p><strong>Mo</strong>–<strong>Fr</strong>, <strong>Karies</strong>-Check</p>",
     "Mo–Fr, Karies-Check"),
    ("„**Tag**“ (_neu_).", "", "<p>„<strong>Tag</strong>“ (<em>neu</em>).</p>", "„Tag“ (neu)."),
    ("eins:\n- a\n- b\nzwei\n# drei\nvier", "",
     "<p>eins:</p> <ul> <li>a</li> <li>b</li> </ul> <p>zwei</p> <h1>drei</h1> <p>vier</p>",
     "eins:\n- a\n- b\nzwei\ndrei\nvier"),
    ("- a\n  noch a\n- b\n weiter b", "",
     "<ul> <li>a<br /> noch a</li> <li>b<br /> weiter b</li> </ul>",
     "- a\n  noch a\n- b\n  weiter b"),
    (f"{TABLE}\ndanach", "8–12", f"{TABLE_HTML} <p>danach</p>",
     "Tag | Zeit\nMo | 8–12\nDi | auch\ndanach"),
    ("| a \\| b |\n|---|", "",
     "<table> <thead> <tr> <th>a | b</th> </tr> </thead> </table>", "a | b"),
    ("- 24. Dez.\n- 2. Okt.\n- > 60", "",
     "<ul> <li>24. Dez.</li> <li>2. Okt.</li> <li>&gt; 60</li> </ul>",
     "- 24. Dez.\n- 2. Okt.\n- > 60"),
    ("# C #\n## x#", "", "<h1>C #</h1> <h2>x#</h2>", "C #\nx#"),
    ("- a\n- b\n  - c\n", "",
     "<ul> <li>a</li> <li>b <ul> <li>c</li> </ul> </li> </ul>", "- a\n- b\n  - c"),
    ("- a\n\n- b", "", "<ul> <li> <p>a</p> </li> <li> <p>b</p> </li> </ul>", "- a\n\n- b"),
    (IF_BLOCK, "w", "<p>Vorher</p> <p>Mitte w</p> <p>Nachher</p>", "Vorher\n\nMitte w\n\nNachher"),
    (IF_BLOCK, "", "<p>Vorher</p> <p>Nachher</p>", "Vorher\n\nNachher"),
    (IF_TIGHT, "w", "<p>Vorher</p> <p>Mitte</p> <p>Nachher</p>", "Vorher\n\nMitte\n\nNachher"),
    (IF_TIGHT, "", "<p>Vorher</p> <p>Anders</p> <p>Nachher</p>", "Vorher\n\nAnders\n\nNachher"),
    (IF_WHOLE, "w", "<p>Vorher</p> <p><strong>Mitte</strong><br /> zwei</p> <p>Nachher</p>",
     "Vorher\n\nMitte\nzwei\n\nNachher"),
    (IF_WHOLE, "", "<p>Vorher</p> <p>Nachher</p>", "Vorher\n\nNachher"),
    (IF_LIST, "w", "<ul> <li>a</li> <li>b</li> <li>c</li> </ul>", "- a\n- b\n- c"),
    (IF_LIST, "", "<ul> <li>a</li> <li>c</li> </ul>", "- a\n- c"),
    ("{% if X %}\n- a\n{% endif %}\nb", "", "<p>b</p>", "b"),
    ("{% if X %}\n- a\n{% endif %}\nb", "w", "<ul> <li>a</li> </ul> <p>b</p>", "- a\n\nb"),
    ("a {% if X %}b{% else %}c{% endif %} d", "", "<p>a c d</p>", "a c d"),
    ("a {% if X %}**b**{% endif %}\nc", "w", "<p>a <strong>b</strong><br /> c</p>", "a b\nc"),
    (TABLE, "8–12", TABLE_HTML, "Tag | Zeit\nMo | 8–12\nDi | auch"),
    ("[hier](https://a.de/?x=1&y=2)", "",
     '<p><a href="https://a.de/?x=1&amp;y=2">hier</a></p>', "hier (https://a.de/?x=1&y=2)"),
    ("[hier]({{X}})", "https://ä.de/?a=1&b='", None, None),
    ("[hier]({{X}})", "https://a.de/ü?a=1&b",
     '<p><a href="https://a.de/%C3%BC?a=1&amp;b">hier</a></p>',
     "hier (https://a.de/ü?a=1&b)"),
    ("[{{X}}]({{X}})", "mailto:a@b.de", '<p><a href="mailto:a@b.de">mailto:a@b.de</a></p>', None),
    ("[a@b.de](mailto:a@b.de)", "", '<p><a href="mailto:a@b.de">a@b.de</a></p>', "a@b.de"),
    ("[Ruf an](tel:+49351)", "", '<p><a href="tel:+49351">Ruf an</a></p>', "Ruf an (+49351)"),
    ("<b>roh</b> & so", "", "<p>&lt;b&gt;roh&lt;/b&gt; &amp; so</p>", "<b>roh</b> & so"),
    ("&#123;{X}} \\{\\{X}} &auml;", "w", "<p>&amp;#123;{X}} \\{\\{X}} &amp;auml;</p>",
     "&#123;{X}} \\{\\{X}} &auml;"),
    ("a{# weg #}b\n{# weg #}\nc", "", "<p>ab<br /> c</p>", "ab\nc"),
    ("Zeiten:\n    Mo   8\n\n\tDi", "", "<p>Zeiten:<br /> Mo 8</p> <p> Di</p>",
     "Zeiten:\n    Mo   8\n\n\tDi"),
    ("{{X}}. Mai", "1", "<p>1. Mai</p>", "1. Mai"),
    ("{{X}}", "- a\n# b\n\n    c", "<p>- a<br> # b<br> <br> c</p>", "- a\n# b\n\n    c"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "value", "html", "text"), CASES)
def test_both_parts_of_a_text(
    mail: Mail, source: str, value: str, html: str | None, text: str | None
) -> None:
    template = mail(source)
    if html is None:
        with pytest.raises(Exception, match="target of a link"):
            template.render({"X": value})
        return
    rendered = template.render({"X": value})
    assert body(rendered.html) == html
    assert text is None or rendered.text == text


@pytest.mark.parametrize(("source", "value", "html", "text"), [c for c in CASES if c[3]])
def test_both_parts_have_the_same_words(
    mail: Mail, source: str, value: str, html: str, text: str
) -> None:
    rendered = mail(source).render({"X": value})
    words = re.findall(r"\w+", unescape(re.sub(r"<[^>]*>", " ", body(rendered.html))))
    without_addresses = re.sub(r" \((?:https?://|\+)[^)]*\)", "", rendered.text)
    assert words == re.findall(r"\w+", without_addresses)


# What CommonMark takes for marks. A mark that is told by `check` has its hint in `foreign_marks`.
TEXTS = [
    "24. Dezember 2026\n31. Dezember 2026",
    "1. Oktober\n2. Oktober",
    "1) Anmelden\n2) Warten",
    "Liebe Patient*innen und Besucher*innen",
    "Patient**innen und Ärzt**innen",
    "Patient_innen und Ärzt_innen",
    "5*3*2 cm, 5 * 3 * 2",
    "7) x",
    "+ 49 351 1234567",
    "* ohne Gewähr\n* nur mit Termin",
    "> 60 Jahre\n>60",
    "12 €** ermäßigt 8 €**/9 €**",
    "** nur bar **\n*** Achtung ***\n**) ab 12 €**",
    "*kursiv* und __fett__ und ***beides***",
    "Name: ______ Datum: ____",
    "a_b_c@example.org, https://example.org/_neu_/x_y_z",
    "https://example.org/a-_b_-c und [_] ja [_] nein",
    "~~alt~~ `code` ``` ~~~",
    "```\ntext\n```",
    "a\\*b\\_c \\# \\\\",
    "&auml; &#65; &copy &lt;b&gt; <b>x</b> <br> <!-- y -->",
    "<https://example.org> <info@example.org>",
    "---\n***\n___\n- - -\n* * *",
    "- - - - hier abtrennen - - - -\n-\n--",
    "Titel\n=====\nUnter\n-----",
    "#gesund #1 ####### sieben",
    "#\n##",
    "-5 °C\n–3 °C",
    "[1] [x] [ ] [a][b] [a]: https://example.org\n[siehe unten]",
    "[a] (b) ![c] ! [d](e f)",
    "siehe  [Anlage\n1] und  [B]",
    "Mo | Di\n--- | x",
    "| Mo | Di |",
    "a  \nb\\\nc",
    "2026. Jahr\n3.Platz\n4.) vier",
    '"quer" „zitat“ »zitat« ‚halb‘ ’s … – — ° ½ ² € § & < > \' %',
]


@pytest.mark.parametrize("source", TEXTS)
def test_what_is_no_mark_arrives_as_typed(mail: Mail, source: str) -> None:
    for text in (source, f"Davor\n{source}\nDanach", f"- Punkt\n\n{source}"):
        rendered = mail(text).render({})
        shown = re.sub(r"<br />|</(?:p|li)>", "\n", body(rendered.html)).replace("<li>", "- ")
        plain = unescape(re.sub(r"<[^>]*>", "", shown))
        assert words(plain) == words(rendered.text) == words(text)


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


REFUSED = [
    ("a\n\n**b {% if X %}c** d{% endif %}", [3, 3]),
    ("- a {% if X %}\n- b {% endif %}", [1, 2]),
    ("- a\n  {% if X %}\n- b\n{% endif %}", [2, 4]),
    ("# a {% if X %}\nb {% endif %}", [1, 2]),
    ("| a | b |\n|---|---|\n| 1 | 2 |\n{% if X %}\n| 3 | 4 |\n{% endif %}", [5]),
    ("| a |\n|---|\n| 1 | {{X}} |", [3]),
    ("| a | b |\n|---|---|\n| {% if X %}1 | 2{% endif %} |", [3, 3]),
    ("{% if X %}# a{% endif %}", [1]),
    ("{% if X %}- a{% endif %}", [1]),
    ("a\n\n[b](javascript:alert(1))", [3]),
    ("[b](data:text/html,x)", [1]),
    ("[b](JavaScript:x)", [1]),
    ("[b](datei.pdf)", [1]),
    ("[b](#c)", [1]),
    ("[b](//c.de)", [1]),
    ("[b](file:///etc/passwd)", [1]),
    ("[b](vbscript:x)", [1]),
    ("[b](https://a.de/?n={{X}})", [1]),
    ("[b](https://{{X}})", [1]),
    ("[b]({{X}}{{X}})", [1]),
    ("[b]({{X|datum}})", [1]),
    ('[b](https://a.de "{{X}}")', [1]),
    ('a\n[b](https://a.de "Titel")', [2]),
    ("| a |\n|---|\n| 1 | 2 |", [3]),
    ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 | fünf |", [4]),
    ('![b](logo.png "Titel")', [1]),
    ("a\n![b](fehlt.png)", [2]),
    ("![b](../logo.png)", [1]),
    ("![b](https://a.de/logo.png)", [1]),
    ("![{{X}}](logo.png)", [1]),
    ("![b]({{X}})", [1]),
    ("![b](brief.css)", [1]),
]


@pytest.mark.parametrize(("source", "lines"), REFUSED)
def test_what_markdown_would_break_is_refused(mail: Mail, source: str, lines: list[int]) -> None:
    with pytest.raises(TemplateError) as caught:
        mail(source, logo_png=b"", brief_css=b"")
    assert sorted({p.line for p in caught.value.problems if p.line}) == sorted(set(lines))


def test_images_get_the_prefix_of_the_kind(mail: Mail) -> None:
    source = "![Unser Logo](logo.png)"
    letter = mail(source, kind="letter", logo_png=b"").render({})
    assert letter.html == '<p><img src="asset:logo.png" alt="Unser Logo" /></p>\n'
    message = mail(source, logo_png=b"").render({})
    assert body(message.html) == '<p><img src="cid:logo.png" alt="Unser Logo" /></p>'
    assert message.text == "Unser Logo"


def test_an_own_page_takes_macros_in_text_and_whole_links(mail: Mail) -> None:
    page = b"""<!DOCTYPE html><p title="a">{{X}}</p>
{% if X %}
<a href="{{L}}">hier</a>
{% endif %}
<style>p {color: red}</style>"""
    rendered = mail("{{X}}", email_html=page).render({"X": "<b>\nc", "L": "https://a.de/?a&b"})
    assert rendered.html == (
        '<!DOCTYPE html><html><head></head><body><p title="a" style="color: red;">'
        '&lt;b&gt;<br>\nc</p>\n<a href="https://a.de/?a&amp;b">hier</a>\n</body></html>'
    )


@pytest.mark.parametrize(
    "page",
    [
        '<p title="{{X}}">a</p>',
        "<p {{X}}>a</p>",
        "<{{X}}>a",
        "<p{{X}}>a",
        "<a href={{X}}>a</a>",
        '<a href="https://a.de/{{X}}">a</a>',
        '<a href="{{X|datum}}">a</a>',
        '<a href="{{X}}" title="{{X}}">a</a>',
        '<img src="{{X}}">',
        "<p {% if X %}class='a'{% endif %}>a</p>",
        "<script>{{X}}</script>",
        "<style>{{X}}</style>",
        "<!-- {{X}} -->",
        "<!{{X}}>",
        "<?{{X}}?>",
        "<p>a</p{{X}}>",
        '<p title="offen>{{X}}',
    ],
)
def test_an_own_page_takes_macros_nowhere_else(mail: Mail, page: str) -> None:
    with pytest.raises(TemplateError) as caught:
        mail("a", email_html=f"<html>\n{page}".encode())
    assert {(p.file, p.line) for p in caught.value.problems} == {("t/email.html", 2)}


def body(html: str | None) -> str:
    assert html is not None
    inner = html.partition("<body>")[2].partition("</body>")[0]
    return re.sub(r"\s+", " ", inner).strip()


def test_a_style_sheet_goes_into_the_elements_of_text_and_page(mail: Mail) -> None:
    sheet = b"p { color: #333 } @media (max-width: 1px) { p { margin: 0 } }"
    for files in ({}, {"email_html": b"<table><tr><td><p>{{X}}</p></td></tr></table>"}):
        html = mail("{{X}}", email_css=sheet, **files).render({"X": "<i>"}).html
        assert html
        assert '<p style="color: #333;">&lt;i&gt;</p>' in html
        assert "@media" in html


def test_rows_of_a_table_may_be_conditional(mail: Mail) -> None:
    page = b"""<style>td {color: red}</style>
<table><tbody>{% if X %}<tr><td>{{X}}</td></tr>{% endif %}</tbody></table>"""
    made = mail("{{X}}", email_html=page)
    assert '<tbody><tr><td style="color: red;">a</td></tr></tbody>' in (
        made.render({"X": "a"}).html or ""
    )


@pytest.mark.parametrize(
    "page",
    [
        '<img src="https://example.org/pixel.gif">',
        '<img src="//example.org/pixel.gif">',
        '<img src="cid:other.png">',
        '<img src="logo.png">',
        '<a rel="attachment" href="https://example.org/a.pdf">a</a>',
        '<img srcset="https://example.org/a 2x">',
        '<body background="https://example.org/a.png">',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        "<script>alert(1)</script>",
        '<iframe src="https://example.org"></iframe>',
        '<p onclick="x()">a</p>',
        '<a href="javascript:x()">a</a>',
        '<p style="background: url(https://example.org/a.png)">a</p>',
        "<style>@import 'https://example.org/a.css';</style>",
        "<style>p { background: u\\72l(a) }</style>",
        '<form action="https://example.org"></form>',
    ],
)
def test_a_page_loads_and_runs_nothing(mail: Mail, page: str) -> None:
    with pytest.raises(TemplateError) as caught:
        mail("a", email_html=f"<p>a</p>\n{page}".encode(), logo_png=b"")
    assert {(p.file, p.line) for p in caught.value.problems} == {("t/email.html", 2)}


def test_a_style_sheet_loads_nothing(mail: Mail) -> None:
    with pytest.raises(TemplateError) as caught:
        mail("a", email_css=b"p { color: red }\n@import url(https://example.org/a.css);")
    assert {(p.file, p.line) for p in caught.value.problems} == {("t/email.css", 2)}


def test_emphasis_without_end_is_refused(mail: Mail) -> None:
    with pytest.raises(TemplateError, match="nested deeper than 100 levels"):
        mail("**a _b " * 60 + "c" + " d_ e**" * 60)


def test_bullets_without_end_are_refused_and_never_left_out(mail: Mail) -> None:
    with pytest.raises(TemplateError, match="nested deeper than 100 levels"):
        mail("\n".join(f"{'  ' * depth}- a{depth}" for depth in range(60)))
    rendered = mail("\n".join(f"{'  ' * depth}- a{depth}" for depth in range(40))).render({})
    assert "a39" in rendered.text
    assert "a39" in body(rendered.html)
