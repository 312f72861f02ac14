"""A page of a template loads, sends and runs nothing, however its markup is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import tinyhtml5  # noqa: TID253
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serienpost.errors import TemplateError
from serienpost.templates.compiled import CompiledTemplate, ValueRefused
from serienpost.templates.folder import TemplateFiles, TextFile
from serienpost.templates.letter_page import split_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

URL = "http://127.0.0.1:9/x.png"
# What a browser, a mail program or WeasyPrint takes for something to load, to send or to run.
ACTIVE = {
    "script", "iframe", "frame", "frameset", "object", "embed", "applet", "svg", "math", "audio",
    "video", "track", "link", "base", "form", "input", "button", "isindex", "image", "portal",
    "select", "textarea", "template", "noscript", "noembed", "noframes", "plaintext", "xmp",
}  # fmt: skip
ADDRESSES = {
    "src", "srcset", "background", "data", "poster", "longdesc", "lowsrc", "dynsrc", "action",
    "formaction", "ping", "manifest", "codebase", "archive", "classid", "profile", "icon",
    "imagesrcset", "xlink:href", "srcdoc",
}  # fmt: skip
LOADS = re.compile(r"url\s*\(|@import|image-set|expression|javascript:|src\s*\(", re.IGNORECASE)


def template(page: str, kind: str) -> CompiledTemplate:
    files = {"letter.html" if kind == "letter" else "email.html": page.encode(), "logo.png": b""}
    source = TextFile("{{X}}", f"t/{kind}.md")
    made = TemplateFiles("t", f"{kind}.md", "de", (), TextFile("a", "t"), source, files)
    return CompiledTemplate(made, kind, html=True, zone=ZoneInfo("Europe/Berlin"))


def active(html: str) -> Iterator[str]:
    """What is active in a page, as its tree has it."""
    for element in tinyhtml5.parse(html, namespace_html_elements=False).iter():
        yield from _active(element) if isinstance(element.tag, str) else _hidden(element.text or "")


def _active(element: Element) -> Iterator[str]:
    name = element.tag.rpartition("}")[2].lower()
    if name in ACTIVE or (name == "style" and LOADS.search(element.text or "")):
        yield name
    for key, value in element.attrib.items():
        attribute, text = key.rpartition("}")[2].lower(), value.strip().lower()
        if attribute in ADDRESSES and text not in ("cid:logo.png", "asset:logo.png"):
            yield f"{name} {attribute}"
        if attribute.startswith("on") or LOADS.search(text):
            yield f"{name} {attribute}"
        if attribute == "href" and not text.startswith(
            ("https://", "http://", "mailto:", "tel:", "#")
        ):
            yield f"{name} {attribute}"
        if attribute == "http-equiv" and text in ("refresh", "set-cookie"):
            yield f"{name} {attribute}"


def _hidden(comment: str) -> Iterator[str]:
    """What a conditional comment shows to Outlook."""
    if "[if" in comment.lower():
        yield from active(comment.partition(">")[2])


PIECES = [
    "<", ">", "<!--", "-->", "<!-->", "<!--->", "--!>", "<!", "<?", "</", "/>", "<![CDATA[", "]]>",
    "<!--[if mso]>", "<![endif]-->", "<!--[if !mso]><!-->", "<!--<![endif]-->", '"', "'", "=", "/",
    " ", "\n", "&lt;", "&#106;avascript:", "<p", "<p>", "</p>", "<img ", f'src="{URL}"',
    f"src={URL}", 'src="cid:logo.png"', 'src="asset:logo.png"', "SRC", f'srcset="{URL} 2x"',
    f'background="{URL}"', "<td ", "<table>", "<tr>", "</table>", "<a ", 'href="javascript:x"',
    'href="jav&Tab;ascript:x"', 'href="data:text/html,x"', 'href="https://a.de/"', "onload=x ",
    "ONERROR='x' ", f'<meta http-equiv=refresh content="0;url={URL}">', "<meta charset=utf-8>",
    f"<link rel=stylesheet href={URL}>", f"<base href={URL}>", f"<iframe src={URL}>", "<form ",
    f"action={URL} ", f"<svg><image href={URL} />", "<svg>", "</svg>", "<math>", "<style>",
    "</style>", f"@import '{URL}';", f"p {{background: url({URL})}}", "p {color: red}",
    "<title>", "</title>", "<textarea>", "</textarea>", "<noscript>", "</noscript>", "<script>",
    "</script>", "<xmp>", "<plaintext>", "<template>", "</template>",
    "<select>", "<frameset ", "<head>", "</head>",
    "<body ", "</body>", "<html ", f'style="background:url({URL})"', 'style="color:red"',
    "<object ", f"data={URL} ", "<video ", f"poster={URL} ", "<input type=image ", "<isindex>",
    "<image ", "{{X}}", "{% if X %}", "{% else %}", "{% endif %}", 'href="{{X}}"', "alt=x ", "x",
    "<b", "<foreignObject>", "<mglyph>", "<mi>", "<br>", "<hr>", "<v:fill ", "<o:p>",
]  # fmt: skip
MARKUP = st.lists(st.sampled_from(PIECES) | st.text(max_size=2), min_size=1, max_size=8).map(
    "".join
)
LOADERS = [
    f"<img src={URL}>", f'<IMG\nSRC="{URL}">', f"<meta http-equiv=refresh content='0;url={URL}'>",
    "<body onload=x>", f"<td background={URL}>", f"<style>@import '{URL}'</style>",
    f"<p style='background:url({URL})'>", f"<iframe src={URL}></iframe>",
    "<a href=javascript:x>y</a>", f"<svg><use href={URL} /></svg>", f"<html manifest={URL}>",
    f"<a href='#' ping={URL}>x</a>",
]  # fmt: skip
AROUND = st.lists(st.sampled_from([*PIECES, "", "", ""]), max_size=4).map("".join)
MUTATED = st.tuples(AROUND, st.sampled_from(LOADERS), AROUND).map("".join)


@settings(deadline=None, derandomize=True, max_examples=600)
@given(page=MARKUP | MUTATED, kind=st.sampled_from(["email", "letter"]))
@example(page=f"<!--><img src={URL}>-->", kind="email")
@example(page=f"{{% if X %}}x{{% endif %}}<frameset><frame src={URL}></frameset>", kind="email")
@example(page=f"{{% if X %}}<title>{{% endif %}}<img src={URL}></title>", kind="email")
@example(page=f"<style>p {{color: red}}</style><p title='</p><img src={URL}>'>", kind="email")
@example(page=f"<img src={URL} alt='", kind="letter")
def test_what_passes_is_passive_for_a_browser(page: str, kind: str) -> None:
    try:
        made = template(page, kind)
    except TemplateError:
        return
    for value in ("", "https://a.de/x"):
        try:
            html = made.render({"X": value}).html or ""
        except ValueRefused:
            continue
        sheet, body = split_page(html)
        letter = f"<html><style>{sheet}</style><body>{body}<p class='gruss' title=\"a\">x</p>"
        assert list(active(letter if kind == "letter" else html)) == []
        if kind == "letter":
            assert "class='gruss'" in letter
            tree = tinyhtml5.parse(letter, namespace_html_elements=False)
            assert tree.find(".//p[@class='gruss']") is not None


REFUSED = [
    f"<!--><img src={URL}>-->",
    f"<!---><img src={URL}>-->",
    f"<!-- x --!><img src={URL}> -->",
    f"<![CDATA[><img src={URL}>]]>",
    f"<?x ?><img src={URL}>",
    f'<p title="a>b"><img\tsrc={URL}>',
    f"<!--[if mso]><img src={URL}><![endif]-->",
    f'<!--[if gte mso 9]><v:rect><v:fill src="{URL}"/></v:rect><![endif]-->',
    f"<!--[if mso]><style>p {{background: url({URL})}}</style><![endif]-->",
    f"<!--[if !mso]><!--><img src={URL}><!--<![endif]-->",
    f'<meta http-equiv="refresh" content="0;url={URL}">',
    f"<META HTTP-EQUIV=Refresh CONTENT='0;url={URL}'>",
    "<p onclick=x>",
    "<p/onclick=x>",
    "<body onload = 'x'>",
    '<a href="javascript:x">x</a>',
    '<a href="&#x6a;avascript:x">x</a>',
    '<a href=" java\tscript:x">x</a>',
    '<a href="data:text/html,x">x</a>',
    f'<a href="https://a.de/" ping="{URL}">x</a>',
    f'<html manifest="{URL}">',
    f"<table background={URL}>",
    f'<img lowsrc="{URL}">',
    f"<image src={URL}>",
    f"<noscript><img src={URL}></noscript>",
    f"<p style='behavior:url({URL})'>x</p>",
    f"<p style=\"filter: AlphaImageLoader(src='{URL}')\">x</p>",
    f"<img src=x src={URL}>",
    f"<img src={URL}",
    f"<!-- <img src={URL}",
    f"<style>p {{ color: red }} <img src={URL}>",
    f"<custom-image source={URL}></custom-image>",
]


@pytest.mark.parametrize("kind", ["email", "letter"])
@pytest.mark.parametrize("attack", REFUSED)
def test_attacks_are_refused_where_they_stand(attack: str, kind: str) -> None:
    with pytest.raises(TemplateError) as caught:
        template(f"<p>a</p>\n{attack}", kind)
    assert {(p.file, p.line) for p in caught.value.problems} == {(f"t/{kind}.html", 2)}


ALLOWED = [
    "<!-- a comment about <img src=x> -->",
    "<!--[if mso]><table role='presentation' width='600'><tr><td><![endif]-->",
    "<!--[if mso]></td></tr></table><![endif]-->",
    "<!--[if !mso]><!--><b>x</b><!--<![endif]-->",
    "<![if !mso]><b>x</b><![endif]>",
    """<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/>
    <o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->""",
    '<meta name="viewport" content="width=device-width">',
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
    """<table cellpadding="0" cellspacing=0 bgcolor="#fff" align=center data-x="1" aria-hidden=true>
    <tr><td valign="top" style="padding: 0">x</td></tr></table>""",
    '<a href="https://example.org/?a=1&amp;b=2" target=_blank rel=noopener title="a > b">x</a>',
    '<a href="mailto:a@b.de">x</a> <a href=tel:123>y</a> <a href="#x" name=x>z</a>',
    "<title>{{X}}</title>",
    "<title>{% if X %}{{X}}{% else %}y{% endif %}</title>",
    "<center><font color=red size=2 face=Arial>x</font></center>",
    "a < b & c",
    "<p>unclosed<p>paragraphs<br/>",
]


@pytest.mark.parametrize("page", ALLOWED)
def test_what_is_right_stays_as_it_is(page: str) -> None:
    made = template(page, "email").render({"X": "1"}).html
    assert made == re.sub(r"\{%.*?%\}(y(?=\{))?", "", page).replace("{{X}}", "1")


@pytest.mark.parametrize("kind", ["email", "letter"])
@pytest.mark.parametrize(
    "begin",
    [
        '<meta charset="utf-7">',
        '<meta charset="utf-16le">',
        '<meta http-equiv="content-type" content="text/html; charset=iso-2022-jp">',
        '<?import namespace="t" implementation="http://127.0.0.1:9/">',
        '<?xml-stylesheet href="http://127.0.0.1:9/a.css"?>',
        '<?xml:namespace prefix="v"?><?x href="a"?>',
        '<!DOCTYPE html SYSTEM "http://127.0.0.1:9/a.dtd">',
        '<!DOCTYPE html [<!ENTITY a SYSTEM "http://127.0.0.1:9/">]>',
        f'<!-- [ if mso ]><img src="{URL}"><![endif]-->',
    ],
)
def test_what_only_old_programs_follow_is_refused(kind: str, begin: str) -> None:
    with pytest.raises(TemplateError):
        template(f"{begin}<p>{{{{Inhalt}}}}</p>", kind)


@pytest.mark.parametrize(
    "begin",
    [
        '<!DOCTYPE html SYSTEM "about:legacy-compat">',
        (
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"'
            ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
        ),
        '<meta http-equiv="Content-Type" content="text/html; charset=UTF-8"><meta charset="utf8">',
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            '<!--[if mso]><?xml:namespace prefix="o" ns="urn:schemas-microsoft-com:office:office"'
            " /><![endif]-->"
        ),
    ],
)
def test_what_designs_begin_with_is_kept(begin: str) -> None:
    template(f"{begin}<p>{{{{Inhalt}}}}</p>", "email")
