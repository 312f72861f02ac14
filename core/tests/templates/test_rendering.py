from collections.abc import Callable
from datetime import UTC, date, datetime, time
from timeit import repeat

import pytest

from serienpost.errors import SerienpostError, TemplateError
from serienpost.fields import FieldValue
from serienpost.templates.compiled import CompiledTemplate, ValueRefused

Mail = Callable[..., CompiledTemplate]
WINTER = datetime(2026, 12, 24, 8, 5, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)

SHOWN: list[tuple[str, FieldValue, str, str]] = [
    ("{{X}}", date(2026, 12, 24), "24. Dezember 2026", "December 24, 2026"),
    ("{{X}}", time(9, 5), "09:05", "09:05"),
    ("{{X}}", WINTER, "24. Dezember 2026, 09:05", "December 24, 2026, 09:05"),
    ("{{X}}", True, "ja", "yes"),
    ("{{X}}", False, "nein", "no"),
    ("{{X}}", 1234567, "1234567", "1234567"),
    ("{{X}}", 0, "0", "0"),
    ("{{X|datum}}", date(2026, 1, 2), "02.01.2026", "Jan 2, 2026"),
    ("{{X|datum}}", SUMMER, "02.07.2026", "Jul 2, 2026"),
    ("{{X|uhrzeit}}", SUMMER, "00:30", "12:30 AM"),
    ("{{X|uhrzeit}}", datetime(2026, 7, 1, 22, 30), "22:30", "10:30 PM"),  # noqa: DTZ001
    ("{{X|uhrzeit}}", time(14, 0), "14:00", "2:00 PM"),
    ("{{X|wochentag}}", SUMMER, "Donnerstag", "Thursday"),
    ('{{X|datum|falls_leer("offen")}}', None, "offen", "offen"),
    ('{{X|falls_leer("offen")}}', "  ", "offen", "offen"),
    ('{{X|falls_leer("offen")}}', 0, "0", "0"),
]


@pytest.mark.parametrize(("text", "value", "german", "english"), SHOWN)
def test_values_are_written_in_the_language_and_zone(
    mail: Mail, text: str, value: FieldValue, german: str, english: str
) -> None:
    assert mail(text).render({"X": value}).text == german
    assert mail(text, language="en").render({"X": value}).text == english


CONDITIONS: list[tuple[str, FieldValue, bool]] = [
    ("X", "a", True),
    ("X", "", False),
    ("X", " ", False),
    ("X", None, False),
    ("X is defined", False, True),
    ("X is defined", 0, True),
    ("X is defined", None, False),
    ("X is not defined", None, True),
    ('X == "a"', "a", True),
    ('X == ""', None, True),
    ('X != "a"', None, True),
    ("X >= 16", 16, True),
    ("X >= 16", 15, False),
    ("X >= 16", None, False),
    ("X < 16", None, False),
    ("16 > X", None, False),
    ("5 <= X < 7", 6, True),
    ('X|wochentag == "Donnerstag"', SUMMER, True),
    ("not X", None, True),
    ('X == "a" or X == "b"', "b", True),
]


@pytest.mark.parametrize(("condition", "value", "holds"), CONDITIONS)
def test_conditions(mail: Mail, condition: str, value: FieldValue, holds: bool) -> None:
    template = mail(f"{{% if {condition} %}}ja{{% else %}}nein{{% endif %}}")
    assert template.render({"X": value}).text == ("ja" if holds else "nein")


def test_dates_compare_with_dates(mail: Mail) -> None:
    template = mail("{% if A < B %}vorher{% else %}nachher{% endif %}")
    assert template.render({"A": date(2026, 1, 1), "B": date(2026, 1, 2)}).text == "vorher"


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("a\n{{X|datum}}", "24.12.2026", 2),
        ("{{X|uhrzeit}}", date(2026, 1, 1), 1),
        ("{{X|wochentag}}", time(1), 1),
        ("{{X|datum}}", 5, 1),
        ("a\n\n{% if X > 5 %}b{% endif %}", "geheim", 3),
        ('{% if X > "a" %}b{% endif %}', date(2026, 1, 1), 1),
    ],
)
def test_a_wrong_type_is_an_error_of_the_text(
    mail: Mail, text: str, value: FieldValue, line: int
) -> None:
    with pytest.raises(TemplateError) as caught:
        mail(text).render({"X": value})
    assert [(p.file, p.line) for p in caught.value.problems] == [("m.yaml", line)]
    assert "geheim" not in str(caught.value)
    assert "24.12." not in str(caught.value)


def test_examples_are_texts_even_for_dates_and_numbers(mail: Mail) -> None:
    template = mail("{{T|datum}} {{PLZ}} {% if Alter >= 16 %}alt{% endif %}")
    values: dict[str, FieldValue] = {"T": "24.12.2026", "PLZ": "01067", "Alter": "42"}
    assert template.render(values, examples=True).text == "24.12.2026 01067 alt"


class Ready(str):
    """Text that calls itself markup."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


REFUSED: list[tuple[str, FieldValue]] = [
    ("{{X}}", "a\x00b"),
    ("{{X}}", "a\rb"),
    ("{{X}}", "a\x1b[0m"),
    ("{{X}}", "a\x85b"),
    ("{{X}}", "a\x7fb"),
    ("{{X}}", "a\ud800b"),
    ("{{X}}", "a\u202eb"),
    ("{{X}}", "a\u2066b"),
    ("{{X}}", "a" * 10_001),
    ("{{X}}", None),
    ("{{X}}", ""),
    ("{{X}}", " \n"),
    ("{{X}}", Ready("<b>")),
    ("{{X}}", 1.5),  # type: ignore[list-item]
    ("{{X}}", ["a"]),  # type: ignore[list-item]
    ("[a]({{X}})", "javascript:alert(1)"),
    ("[a]({{X}})", "example.org"),
    ("[a]({{X}})", "https://a.b/ c"),
    ("[a]({{X}})", 'https://a.b/"onclick="x'),
    ("[a]({{X}})", 5),
]


@pytest.mark.parametrize(("text", "value"), REFUSED)
def test_a_value_that_cannot_go_out_is_refused_without_showing_it(
    mail: Mail, text: str, value: FieldValue
) -> None:
    with pytest.raises(ValueRefused) as caught:
        mail(text).render({"X": value})
    assert caught.value.macro == "X"
    assert caught.value.code == (
        "missing_value" if value is None or not str(value).strip() else "value_refused"
    )
    assert not isinstance(value, str) or not value or value not in str(caught.value)


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "a\u2028b", "=?utf-8?q?a?=", "=?", "?="])
def test_a_subject_takes_one_line_without_encoded_words(mail: Mail, value: str) -> None:
    with pytest.raises(ValueRefused):
        mail("a", "Hallo {{X}}").render({"X": value})
    assert value in mail("{{X}}", "Hallo").render({"X": value}).text


def test_two_values_cannot_make_an_encoded_word_together(mail: Mail) -> None:
    with pytest.raises(ValueRefused):
        mail("a", "{{X}}{{Y}}").render({"X": "=", "Y": "?utf-8"})


@pytest.mark.parametrize("subject", ["a\nb", "a =?utf-8?q?x?="])
def test_a_subject_as_written_is_one_plain_line(mail: Mail, subject: str) -> None:
    with pytest.raises(TemplateError):
        mail("a", subject)


def test_values_are_data_everywhere(mail: Mail) -> None:
    value = "{{Y}} {% if %} <b>&amp;</b> **fett** [a](b) '\"\n# Zeile"
    rendered = mail("{{X}}").render({"X": value})
    assert rendered.text == value
    assert rendered.html
    assert "{{Y}} {% if %} &lt;b&gt;&amp;amp;&lt;/b&gt; **fett** [a](b)" in rendered.html
    assert "<br>\n# Zeile" in rendered.html


def test_a_value_of_several_lines_keeps_them_in_a_short_message(mail: Mail) -> None:
    assert mail("{{X}}\n", kind="sms").render({"X": "a & b\nc"}).text == "a & b\nc"


def test_parts_names_and_lines(mail: Mail) -> None:
    template = mail("{{X}}\n\n{{Y}}", "{{Z}}", append="Signatur")
    assert template.used == {
        "subject": {"Z"},
        "text": {"X", "Y", "Signatur"},
        "html": {"X", "Y", "Signatur"},
    }
    assert template.names == {"X", "Y", "Z", "Signatur"}
    assert template.line_of("text", "Y") == ("m.yaml", 3)


def test_a_macro_may_be_empty_only_if_every_part_provides_for_it(mail: Mail) -> None:
    text = "{% if X %}{{X}}{% endif %}"
    assert mail(text, "a").may_be_empty == {"X"}
    assert mail(text, "{{X}}").may_be_empty == set()


def test_the_signature_is_set_once(mail: Mail) -> None:
    values: dict[str, FieldValue] = {"Signatur": "Gruß\nDr. X"}
    assert mail("Text\n", append="Signatur").render(values).text == "Text\n\nGruß\nDr. X"
    assert mail("A {{Signatur}} B", append="Signatur").render(values).text == "A Gruß\nDr. X B"
    html = b"<html><body><p>Hallo</p></body></html>"
    page = mail("Text", append="Signatur", email_html=html).render(values)
    assert page.html == "<html><body><p>Hallo</p><p>Gruß<br>\nDr. X</p>\n</body></html>"


def test_shown_gives_each_used_macro_as_text(mail: Mail) -> None:
    template = mail('{{D|datum}} {{X}} {{L|falls_leer("")}}')
    values: dict[str, FieldValue] = {"D": date(2026, 1, 2), "X": "a", "L": None, "mehr": "geheim"}
    assert template.shown(values) == {"D": "2. Januar 2026", "X": "a", "L": ""}


def test_rendering_is_repeatable(mail: Mail) -> None:
    template = mail("{{X}} {{D}}", "{{X}}")
    values: dict[str, FieldValue] = {"X": "a", "D": WINTER}
    assert template.render(values) == template.render(dict(reversed(values.items())))


def test_all_problems_of_all_parts_come_at_once(mail: Mail) -> None:
    with pytest.raises(SerienpostError) as caught:
        mail("{{A.b}}\n\n{{C()}}", "{{D + 1}}")
    assert len(caught.value.problems) == 3


def test_rendering_is_at_least_half_as_fast_as_bare_jinja(mail: Mail) -> None:
    from jinja2 import Environment

    text = "{{A}}\n\nIhr Termin ist am {{B}} um {{C}} Uhr.\n\n" + "Ein Satz. " * 40 + "{{D}}"
    template = mail(text, "Termin {{B}}")
    values: dict[str, FieldValue] = {"A": "Guten Tag", "B": "1. Mai", "C": "9", "D": "Dr. Müller"}
    html = template.render(values).html
    assert html
    for value in values.values():
        html = html.replace(str(value), f"{{{{{next(k for k in values if values[k] == value)}}}}}")
    bare = [
        Environment(autoescape=False).from_string("Termin {{B}}"),  # noqa: S701
        Environment(autoescape=False).from_string(text),  # noqa: S701
        Environment(autoescape=True).from_string(html),
    ]
    ours = min(repeat(lambda: template.render(values), number=300, repeat=7))
    theirs = min(repeat(lambda: [part.render(values) for part in bare], number=300, repeat=7))
    assert ours < 2 * theirs, f"{ours / theirs:.2f} times the time of bare Jinja2"


@pytest.mark.parametrize(
    ("text", "values", "printed"),
    [
        ("{{A}} {{B|falls_leer('-')}}", {"A": "a"}, {"A"}),
        ("{{A}} {{B|falls_leer('-')}}", {"A": "a", "B": "b"}, {"A", "B"}),
        ("{% if A %}{{A}}{% else %}{{B}}{% endif %}", {"A": "a", "B": "b"}, {"A"}),
        ("{% if A %}{{A}}{% else %}{{B}}{% endif %}", {"B": "b"}, {"B"}),
        ("{% if A == 'x' %}ja{% else %}nein{% endif %}", {"A": "a"}, {"A"}),
        ("{% if A %}{{B|datum}}{% endif %}", {"A": "a", "B": date(2026, 1, 2)}, {"A", "B"}),
        ("{% if A %}{{B|datum}}{% endif %}", {"B": date(2026, 1, 2)}, set()),
        ("{# {{A}} #}{{B}}", {"A": "a", "B": "b"}, {"B"}),
        ("{{ 'A' }} A {{B}}", {"A": "a", "B": "b"}, {"B"}),
    ],
)
def test_which_macros_a_message_shows(
    mail: Mail, text: str, values: dict[str, FieldValue], printed: set[str]
) -> None:
    assert mail(text, "Gruß {{S}}").printed({**values, "S": "s"}) == printed | {"S"}
