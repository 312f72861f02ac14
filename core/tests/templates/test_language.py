import pytest

from serienpost.errors import TemplateError
from serienpost.templates.language import LONGEST, parse

REFUSED = [
    "{% for x in Liste %}",
    "{% set x = 1 %}",
    "{% set x %}",
    '{% include "anderes" %}',
    '{% import "anderes" as a %}',
    '{% from "anderes" import a %}',
    '{% extends "anderes" %}',
    "{% block inhalt %}",
    "{% macro m() %}",
    "{% call m() %}",
    "{% filter upper %}",
    "{% raw %}{{X}}{% endraw %}",
    "{% with x = 1 %}",
    "{% autoescape false %}",
    "{% do X %}",
    "{% print X %}",
    "{% debug %}",
    "{% trans %}",
    "{% endfor %}",
    "{% %}",
    "{% wenn X %}",
    "{{ X.y }}",
    "{{ X.__class__ }}",
    "{{ X['y'] }}",
    "{{ X[0] }}",
    "{{ X[1:2] }}",
    "{{ X() }}",
    "{{ X(1) }}",
    "{{ range(10) }}",
    "{{ X.strip() }}",
    "{{ lipsum() }}",
    "{{ X + 1 }}",
    "{{ X - 1 }}",
    "{{ X * 1000 }}",
    "{{ X / 2 }}",
    "{{ X // 2 }}",
    "{{ X % 2 }}",
    "{{ X ** 9 }}",
    "{{ -X }}",
    "{{ +X }}",
    '{{ X ~ "a" }}',
    "{{ [X] }}",
    "{{ (X, Y) }}",
    "{{ X, Y }}",
    "{{ {'a': X} }}",
    '{{ "a" if X else "b" }}',
    "{{ X == 1 }}",
    "{{ X and Y }}",
    "{{ not X }}",
    "{{ X is defined }}",
    "{{ none }}",
    "{{ 1.5 }}",
    "{{ _x }}",
    "{{ self }}",
    "{{ loop }}",
    "{{ X|upper }}",
    "{{ X|safe }}",
    "{{ X|attr('y') }}",
    "{{ X|_link }}",
    "{{ X|center(1000000) }}",
    "{{ X|datum('kurz') }}",
    "{{ X|datum(kurz=true) }}",
    "{{ X|datum(*Y) }}",
    "{{ X|datum(**Y) }}",
    "{{ X|datum|uhrzeit }}",
    "{{ X|falls_leer }}",
    "{{ X|falls_leer(Y) }}",
    '{{ X|falls_leer("a", "b") }}',
    '{{ X|falls_leer(default="a") }}',
    '{{ X|falls_leer("a")|datum }}',
    '{{ X|falls_leer("a")|falls_leer("b") }}',
    '{{ "a"|datum }}',
    '{{ "a"|falls_leer("b") }}',
    "{{ }}",
    "{{ X Y }}",
    "{{ X ? }}",
    "{{ X }",
    "{{ X",
    "{{- X }}",
    "{{ X -}}",
    "{% if X -%}{% endif %}",
    "{{{ X }}}",
    "{{{{ X }}}}",
    "{# ohne Ende",
    "{% if X in Y %}{% endif %}",
    '{% if "a" not in X %}{% endif %}',
    "{% if X is none %}{% endif %}",
    "{% if X is divisibleby(3) %}{% endif %}",
    "{% if X.y is defined %}{% endif %}",
    "{% if X.y %}{% endif %}",
    "{% if f(X) %}{% endif %}",
    "{% if X + 1 > 2 %}{% endif %}",
    "{% if X == none %}{% endif %}",
    "{% if X == [1] %}{% endif %}",
    '{% if X|datum < "b" %}{% endif %}',
    "{% if (X == 1) == Y %}{% endif %}",
    "{% if %}{% endif %}",
    "{% if X %}",
    "{% endif %}",
    "{% else %}",
    "{% elif X %}",
    "{% if X %}{% else Y %}{% endif %}",
    "{% if X %}{% endif Y %}",
    "{% if X %}{% else %}{% else %}{% endif %}",
    "{% if X %}{% else %}{% elif Y %}{% endif %}",
    "{% if " + "(" * 500 + "X" + ")" * 500 + " %}{% endif %}",
    "{% if " + "not " * 500 + "X %}{% endif %}",
    "{% if " + " and ".join("X" * 100) + " %}{% endif %}",
    "{% if X %}" * 21 + "{% endif %}" * 21,
    "{{ X" + "|datum" * 500 + " }}",
    "\ue000o0\ue001",
    "\x00",
    "\x1b[31m",
    "\ud800",
]


@pytest.mark.parametrize("construct", REFUSED)
def test_what_is_not_the_language_is_refused_with_its_line(construct: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(f"erste Zeile\n\nhier: {construct}", "brief.md", first_line=10)
    problems = caught.value.problems
    assert {(p.file, p.line) for p in problems} == {("brief.md", 12)}
    assert all(p.message for p in problems)
    assert problems[0].hint


ACCEPTED = [
    ("{{X}}", {"X"}),
    ("{{ Straße }}", {"Straße"}),
    ("{{X}}{{Y}}", {"X", "Y"}),
    ("{{X|datum}} {{X|uhrzeit}} {{X|wochentag}}", {"X"}),
    ('{{X|falls_leer("nichts")}}', {"X"}),
    ('{{X|datum|falls_leer("")}}', {"X"}),
    ('{{ "{{" }}', set()),
    ("{{ 3 }}{{ true }}", set()),
    ("{# {{X}} {% for %} #}", set()),
    ("{% if X %}a{% elif Y %}b{% else %}c{% endif %}", {"X", "Y"}),
    ("{% if X is defined and not Y is not defined %}a{% endif %}", {"X", "Y"}),
    ("{% if 1 < X <= 5 or X == Y %}a{% endif %}", {"X", "Y"}),
    ('{% if X|wochentag == "Montag" %}a{% endif %}', {"X"}),
    ("{% if X != true %}a{% endif %}", {"X"}),
    ("{% if X %}" * 20 + "{% endif %}" * 20, {"X"}),
    ("ein { und ein } und 100 % und #", set()),
]


@pytest.mark.parametrize(("source", "names"), ACCEPTED)
def test_what_a_text_needs_is_accepted(source: str, names: set[str]) -> None:
    assert parse(source, "f").names == names


def test_all_problems_of_a_text_come_at_once_in_their_order() -> None:
    source = (
        "{{A.b}}\n{% for x in Y %}\n{{C|upper}}\n{% endfor %}\n{% if D() %}\n{{{E}}}\n{% endif %}"
    )
    with pytest.raises(TemplateError) as caught:
        parse(source, "f")
    assert [p.line for p in caught.value.problems] == [1, 2, 3, 5, 6]


def test_triple_braces_point_to_the_provider() -> None:
    with pytest.raises(TemplateError, match=r"SendGrid's own template"):
        parse("{{{Vorname}}}", "f")


def test_a_tag_over_several_lines_reports_the_line_inside() -> None:
    with pytest.raises(TemplateError) as caught:
        parse("a\n{{\n\nX.y\n}}", "f")
    assert [p.line for p in caught.value.problems] == [4]


def test_a_text_has_a_largest_size() -> None:
    assert parse("ä" * (LONGEST // 2), "f").names == set()
    with pytest.raises(TemplateError, match="longer than"):
        parse("ä" * (LONGEST // 2) + "a", "f")


def test_first_lines_are_remembered() -> None:
    program = parse("a\n{{X}}\n{% if Y %}{{X}}\n{{Z|datum}}{% endif %}", "f", first_line=5)
    assert program.lines == {"X": 6, "Y": 7, "Z": 8}
    assert program.filters == {"datum"}


GUARDS = [
    ("{{X}}", set()),
    ('{{X|falls_leer("")}}', {"X"}),
    ('{{X|falls_leer("")}}{{X}}', set()),
    ("{% if X %}a{% endif %}", {"X"}),
    ("{% if X > 3 %}a{% endif %}", {"X"}),
    ("{% if X %}{{X}}{% endif %}", {"X"}),
    ("{% if X %}a{% endif %}{{X}}", set()),
    ("{% if X is defined %}{{X}}{% endif %}", {"X"}),
    ("{% if X is not defined %}a{% else %}{{X}}{% endif %}", {"X"}),
    ("{% if X is not defined %}{{X}}{% endif %}", set()),
    ("{% if not X %}a{% else %}{{X}}{% endif %}", {"X"}),
    ("{% if not X %}{{X}}{% endif %}", set()),
    ("{% if X and Y %}{{X}}{{Y}}{% endif %}", {"X", "Y"}),
    ("{% if X or Y %}{{X}}{{Y}}{% endif %}", set()),
    ("{% if not X or not Y %}a{% else %}{{X}}{{Y}}{% endif %}", {"X", "Y"}),
    ("{% if not X and not Y %}a{% else %}{{X}}{% endif %}", {"Y"}),
    ("{% if X or X is defined %}{{X}}{% endif %}", {"X"}),
    ("{% if X %}a{% else %}{{X}}{% endif %}", set()),
    ("{% if not X %}a{% elif Y %}{{X}}{{Y}}{% else %}{{X}}{% endif %}", {"X", "Y"}),
    ("{% if Y %}{% if X %}{{Y}}{% endif %}{{Y}}{% endif %}", {"X", "Y"}),
    ('{% if X == "a" %}{{X}}{% endif %}', {"X"}),
    ('{% if X == "" %}{{X}}{% endif %}', set()),
    ('{% if X != "a" %}{{X}}{% endif %}', set()),
    ("{% if X >= 16 %}{{X}}{% endif %}", {"X"}),
]


@pytest.mark.parametrize(("source", "may_be_empty"), GUARDS)
def test_which_macros_may_be_empty(source: str, may_be_empty: set[str]) -> None:
    assert parse(source, "f").may_be_empty == may_be_empty


def test_text_that_looks_like_a_tag_stays_text() -> None:
    program = parse("{{X}}", "f")
    for text in ("{{Y}}", "{% for %}", "{#", "a{"):
        restored = program.restored(f"{text}{program.marked}")
        assert text.replace("{", '{{"{"}}', 1)[:9] in restored
