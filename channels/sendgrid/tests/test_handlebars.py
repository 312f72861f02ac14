"""Which variables a template uses, and what must not be in it."""

import pytest

from serienpost import Variable
from serienpost_channel_sendgrid.handlebars import Reading


def read(
    html: str = "", subject: str = "", text: str = "", *, is_generated: bool = False
) -> Reading:
    reading = Reading()
    reading.add("subject", subject)
    reading.add("html", html)
    reading.add("text", text, is_generated=is_generated)
    return reading


def test_braces_and_parts_say_how_a_value_is_sent() -> None:
    reading = read(
        "<p>{{Vorname}} {{{Signatur}}} {{& Ort}}</p>", "{{{Betreff}}}", "{{{Vorname}}} {{{Ort}}}"
    )
    assert reading.problems == []
    assert reading.variables() == (
        Variable("Betreff", ("subject",), as_text=True),
        Variable("Ort", ("html", "text"), as_markup=True, as_text=True),
        Variable("Signatur", ("html",), as_markup=True),
        Variable("Vorname", ("html", "text"), as_text=True),
    )
    assert reading.hints == []


def test_double_braces_outside_of_html_and_around_lines_get_a_hint() -> None:
    reading = read("{{Signatur}}", "Für {{Vorname}}", "{{Vorname}}")
    assert reading.hints == [
        "subject: {{Vorname}} shows ' \" & < as codes; write {{{Vorname}}}",
        "html: {{Signatur}} loses its lines; write {{{Signatur}}}",
        "text: {{Vorname}} shows ' \" & < as codes; write {{{Vorname}}}",
    ]


def test_of_a_generated_text_the_html_decides() -> None:
    page = "<p>{{Vorname}} {{{Signatur}}} {{#if Titel}}{{{Titel}}}{{/if}}</p>"
    text = "{{Vorname}} {{{Signatur}}} {{Titel}} {{#if Titel}}{{{Titel}}}{{/if}} {{{Ort}}}"
    reading = read(page, "{{{Vorname}}}", text, is_generated=True)
    assert reading.problems == []
    assert reading.variables() == (
        Variable("Ort", ("text",), as_text=True),
        Variable("Signatur", ("html", "text"), as_markup=True),
        Variable("Titel", ("html", "text"), as_markup=True, tested=True, may_be_empty=True),
        Variable("Vorname", ("subject", "html", "text"), as_text=True),
    )
    (hint,) = reading.hints
    assert hint.startswith("text: SendGrid generates it from the HTML, so ' \" & < show there as ")
    assert hint.endswith(" codes, lines of Signatur, Titel as <br>")
    by_hand = {each.name: each for each in read(page, "", text).variables()}
    assert (by_hand["Signatur"].as_markup, by_hand["Signatur"].as_text) == (True, True)


@pytest.mark.parametrize(
    ("html", "text", "variable"),
    [
        # What the HTML only tests it does not show: the text is judged on its own.
        ("{{#if X}}a{{/if}}", "{{{X}}}", Variable("X", ("html", "text"), False, True, True)),
        ("", "{{{X}}}", Variable("X", ("text",), False, True)),
        ("{{X}}{{{X}}}", "{{X}}", Variable("X", ("html", "text"), True, True)),
    ],
)
def test_what_the_html_does_not_show_is_judged_where_it_stands(
    html: str, text: str, variable: Variable
) -> None:
    assert read(html, text=text, is_generated=True).variables() == (variable,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{/if}}", "text: {{/if}} closes nothing"),
        ("{{{unsubscribe}}}", "text: {{{unsubscribe}}} belongs to marketing mail"),
        ("{{#each X}}{{/each}}", "repeats a list"),
    ],
)
def test_a_generated_text_must_be_sound_too(text: str, problem: str) -> None:
    problems = read("<p>{{X}}</p>", text=text, is_generated=True).problems
    assert any(problem in each for each in problems), problems


@pytest.mark.parametrize(
    ("source", "empty", "tested"),
    [
        ("{{X}}", False, False),
        ("{{#if X}}{{X}}{{/if}}", True, True),
        ("{{#if X}}a{{else}}{{X}}{{/if}}", False, True),
        ("{{#if X}}{{X}}{{/if}}{{X}}", False, True),
        ("{{#unless X}}a{{else}}{{X}}{{/unless}}", True, True),
        ("{{#if Y}}{{Y}}{{else if X}}{{X}}{{/if}}", True, True),
        ("{{#and X Y}}{{X}}{{/and}}", True, True),
        ("{{#or X Y}}{{X}}{{/or}}", False, True),
        ('{{#equals X "ja"}}a{{/equals}}', True, False),
        ("{{#greaterThan X 3}}a{{else}}b{{/greaterThan}}", True, False),
        ('{{insert X "default=alle"}}', True, False),
        ("{{insert X}}", False, False),
        ("{{@root.X}}", False, False),
        ("{{~ X ~}}", False, False),
        ("{{#if (length X)}}{{X}}{{/if}}", True, True),
        ("{{! X }}{{!-- {{X}} --}}{{X}}", False, False),
    ],
)
def test_what_provides_for_an_empty_value(source: str, empty: bool, tested: bool) -> None:
    reading = read(source)
    assert reading.problems == []
    found = {variable.name: variable for variable in reading.variables()}["X"]
    assert (found.may_be_empty, found.tested) == (empty, tested)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{{unsubscribe}}}", "html: {{{unsubscribe}}} belongs to marketing mail"),
        ("{{unsubscribe_preferences}}", "marketing"),
        ("{{{weblink}}}", "marketing"),
        ("<a href='<%asm_group_unsubscribe_raw_url%>'>ab</a>", "marketing"),
        ("<a href='[unsubscribe]'>ab</a>", "marketing"),
        ("{{Sender_Name}}", "marketing"),
        ("{{#each Termine}}{{this}}{{/each}}", "repeats a list"),
        ("{{patient.name}}", "patient.name, which cannot be the name of a macro"),
        ("{{> footer}}", "includes another template"),
        ("{{formatDate Termin 'DD.MM.YYYY'}}", "ready text"),
        ("{{upper Name}}", "no helper"),
        ("{{#if X}}", "{{#if}} is not closed"),
        ("{{/if}}", "closes nothing"),
        ("{{else}}", "belongs to no block"),
        ("{{#with X}}a{{/with}}", "is none of"),
        ("{{}}", "is empty"),
        ("<script>var x = '{{Name}}'</script>", "script or style"),
        ("<style>p {color: {{Farbe}}}</style>", "script or style"),
    ],
)
def test_what_must_not_be_in_a_template(source: str, problem: str) -> None:
    problems = read(source).problems
    assert any(problem in each for each in problems), problems


def test_literal_braces_and_comments_are_no_variables() -> None:
    assert read(r"\{{X}} {{! {{Y}} }} {{!-- {{{Z}}} --}}").variables() == ()
    assert [one.name for one in read(r"\\{{X}} \\\{{Y}}").variables()] == ["X", "Y"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("<SCRIPT\n>var x = '{{Name}}'</script >", "{{Name}} stands in a script"),
        ("<style>/* </style > */ p {color: {{Farbe}}}</style>", ""),
        ("<!--><script>{{Name}}</script>-->", "{{Name}} stands in a script"),
        ('<img src="https://example.org/?{{Name}}">', "{{Name}} stands in src"),
        ("<td background='https://example.org/{{Name}}'>", "{{Name}} stands in background"),
        ("<p style='background: url(https://example.org/{{Name}})'>", "{{Name}} stands in style"),
        ('<link rel="stylesheet" href="https://example.org/{{Name}}">', "{{Name}} stands in href"),
        ("<p>\n<p onclick='x({{Name}})'>", "onclick runs something"),
        ("<p>\n<a href='java\tscript:x'>", "line 2: href runs something"),
        ("<meta http-equiv=refresh content='0;url=https://example.org'>", "http-equiv"),
        ("<form action='https://example.org'>", "<form> runs or sends"),
        ("<iframe src='https://example.org'></iframe>", "<iframe> runs or sends"),
        # What Outlook reads in a comment.
        ('<!--[if mso]><img src="https://example.org/{{Name}}"><![endif]-->', "stands in src"),
        ("<!--[if IE]><script>x()</script><![endif]-->", "<script> runs or sends"),
        ('<!-- [ if vml ]><v:fill src="https://example.org/{{Name}}"/><![endif]-->', "in src"),
        ("<!-- for {{Name}} -->", ""),
        # Attributes that nobody listed.
        ('<svg><image href="https://example.org/{{Name}}"/></svg>', "stands in href"),
        ('<svg><rect mask="url(https://example.org/{{Name}})"/></svg>', "stands in mask"),
        ('<svg><set attributeName="href" to="https://example.org/{{Name}}"/></svg>', "in to"),
        ('<img attributionsrc="https://example.org/{{Name}}">', "stands in attributionsrc"),
        ('<table title="{{Name}}" aria-label="{{Name}}" width="{{Breite}}">', ""),
        # A value that decides what is loaded.
        ('<img src="https://example.org/{{#equals Name "A"}}a{{/equals}}">', "stands in src"),
        ('<img {{#if Name}}src="https://example.org/a"{{/if}}>', "stands in src"),
        ('<img {{#if Name}} src="https://example.org/a" {{/if}}>', "stands in src"),
        (
            '<p title="{{Name}}"><style>p[ title ^= "A"]{background:url(//example.org)}</style>',
            "loads something by what is filled in",
        ),
        (
            '<p title="{{Name}}"><style>[t\\69tle=A]{background:url(//example.org)}</style>',
            "loads something by what is filled in",
        ),
        ('<p title="{{Name}}"><style>[title]{color: red}</style>', ""),
        # Two backslashes are one and a tag, one makes the tag a text.
        ('<img src="https://example.org/\\\\{{Name}}">', "{{Name}} stands in src"),
        ('<img src="https://example.org/\\{{Name}}">', ""),
    ],
)
def test_what_is_filled_in_is_told_to_nobody(source: str, problem: str) -> None:
    problems = read(source).problems
    assert any(problem in each for each in problems) if problem else problems == []


IMAGE = '<img src="https://example.org/a.png">'
DISGUISED = "<style>.h\\65ld { background: url(https://example.org/a.png) }</style>"
SHEET = "<style>.held, #held { background: url(https://example.org/a.png) }</style>"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (f"<p>\n{{{{#if Befund}}}}{IMAGE}{{{{/if}}}}", 2),
        (f"{{{{#equals Name 'A'}}}}\n\n{IMAGE}{{{{/equals}}}}", 3),
        (f"{{{{#if A}}}}x{{{{else}}}}{IMAGE}{{{{/if}}}}", 1),
        (f"{{{{#unless A}}}}{{{{#if B}}}}{{{{/if}}}}{IMAGE}{{{{/unless}}}}", 1),
        (f"{IMAGE.replace('a.png', 'b.png')}{{{{#if A}}}}{IMAGE}{{{{/if}}}}", 1),
        ("{{#if A}}<td background='https://example.org/a.png'>{{/if}}", 1),
        ("{{#if A}}<p style='background:url(https://example.org/a.png)'>{{/if}}", 1),
        ("{{#if A}}<link rel=stylesheet href='https://example.org/a.css'>{{/if}}", 1),
        ("{{#if A}}<svg><image href='https://example.org/a.png'/></svg>{{/if}}", 1),
        ("{{#if A}}<style>@import 'https://example.org/a.css';</style>{{/if}}", 1),
        (f"{SHEET}\n{{{{#if A}}}}<p class='x held'>{{{{/if}}}}", 2),
        (f"{SHEET}\n{{{{#if A}}}}<p id=held>{{{{/if}}}}", 2),
        (f"{SHEET.replace('.held', 'em')}\n{{{{#if A}}}}<em>{{{{/if}}}}", 2),
        (f"{DISGUISED}\n{{{{#if A}}}}<p class=held>{{{{/if}}}}", 2),
        (f"{{{{#if A}}}}<!--[if mso]>{IMAGE}<![endif]-->{{{{/if}}}}", 1),
        (f"<!--[if mso]>{{{{#if A}}}}{IMAGE}{{{{/if}}}}<![endif]-->", 1),
    ],
)
def test_nothing_is_loaded_for_some_only(source: str, line: int) -> None:
    """Whoever keeps a fixed image learned for whom the condition holds."""
    (problem,) = {each for each in read(source).problems if "for some only" in each}
    assert f"line {line}:" in problem or "<!--" in source
    windows = "\r\n" * 200 + source.replace("\n", "\r\n")
    assert any("for some only" in each for each in read(windows).problems)


@pytest.mark.parametrize(
    "source",
    [
        f"{IMAGE}{{{{#if A}}}}{IMAGE}{{{{/if}}}}",
        f"{{{{#if A}}}}a{{{{/if}}}}{IMAGE}{{{{#if B}}}}b{{{{/if}}}}",
        "{{#if A}}<a href='https://example.org/'>mehr</a>{{/if}}",
        "{{#if A}}<img src='cid:logo'><p style='color: red'>{{/if}}",
        f"{SHEET}<p class=held>{{{{#if A}}}}<p class=held>{{{{/if}}}}",
        f"{SHEET}{{{{#if A}}}}<p class=other>{{{{/if}}}}",
        f"\\{{{{#if A}}}}{IMAGE}",
    ],
)
def test_what_is_loaded_for_everybody_may_stand_in_a_block(source: str) -> None:
    assert not any("for some only" in each for each in read(source).problems)


@pytest.mark.parametrize(
    "tag",
    ['<p class="x-{{Name}}">', '<p id="{{Name}}">', "<p {{#if Name}}class=held{{/if}}>"],
)
def test_a_style_sheet_loads_nothing_by_a_class_that_is_filled_in(tag: str) -> None:
    problems = read(f"{SHEET}{tag}").problems
    assert any("by what is filled in" in each for each in problems), problems


def test_designs_of_the_provider_may_load_what_is_fixed() -> None:
    page = """<!DOCTYPE html><html data-editor-version="2"><head>
    <!--[if (gte mso 9)|(IE)]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]-->
    <link href="https://fonts.example.org/css?family=Muli" rel="stylesheet">
    <style>p { background: url(https://cdn.example.org/a.png) }</style></head>
    <body><img src="http://cdn.example.org/logo.png" alt="{{Praxis}}">
    <td {{#if Ort}}class="a"{{/if}}><a href="https://example.org/?r={{Kurs}}">{{Name}}</a></td>
    </body></html>"""
    assert read(page).problems == []
