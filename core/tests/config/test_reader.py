from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from serienpost import ConfigError
from serienpost.config.reader import read_yaml, scan_text

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Problem
    from serienpost.config.document import Document


def read_text(text: str, file: str, first_line: int = 1) -> Document:
    document = scan_text(text, file, first_line)
    if document.problems:
        raise ConfigError(*document.problems)
    return document


def refused(text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(ConfigError) as caught:
        read_text(text, "f.yaml")
    assert all(problem.file == "f.yaml" for problem in caught.value.problems)
    return [(p.line, p.key, p.message) for p in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "no", "on", "off", "Yes", "NO", "y", "n", "True", "FALSE", "Null", "~"),
        *("2026-01-31", "2026-01-31T10:00:00Z", "20:00", "08:00", "1:30:00", "20:00-08:00"),
        *("+3", "+0", "1_000", "0x1F", "0o17", "1e3", "1.5e3", ".5", "5.", ".inf", ".nan", "-"),
        *("0351 1234567", "03-51", "10/minute", "6 h", "<<", "=", "1.2.3", "--1", "-.5", "١٢"),
    ],
)
def test_stays_text(text: str) -> None:
    assert read_text(f"k: {text}" if text != "-" else "k: '-'", "f").data == {"k": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-1", -1),
        ("587", 587),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("'5'", "5"),
        ('"01067"', "01067"),
        ("'true'", "true"),
        ("''", ""),
        ("|\n  12", "12"),
    ],
)
def test_has_a_meaning(text: str, value: object) -> None:
    found = read_text(f"k: {text}", "f").data["k"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["01067", "0351", "-01", "00", "007.5", "01."])
def test_leading_zero_must_be_quoted(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_text(f"a: 1\npractice:\n  plz: {text}\n", "f.yaml")
    (problem,) = caught.value.problems
    assert str(problem) == (
        "f.yaml:3: practice.plz: a number cannot start with 0 (if it is text, write it in quotes)"
    )


@given(st.from_regex(r"\A[0-9yesnoftrualYNOT.:+\-/eExo_~]{1,12}\Z"))
def test_never_turns_text_into_something_else(text: str) -> None:
    try:
        found = read_text(f"k: {text}", "f").data["k"]
    except ConfigError:
        return
    if isinstance(found, str):
        assert found == text
    elif isinstance(found, bool) or found is None:
        assert text in {"true", "false", "null"}
    else:
        written = format(found, "f") if isinstance(found, float) else str(found)
        assert float(written) == float(text)
        assert not text.lstrip("-").startswith("0") or text.lstrip("-")[1:2] in {"", "."}
        assert not set(text) - set("-.0123456789")


@given(st.text(max_size=30))
def test_any_quoted_text_comes_back(text: str) -> None:
    written = yaml.safe_dump({"k": text}, default_style='"', allow_unicode=False)
    if "\x00" in text:
        assert refused(written)[0][2] == "holds a character that is not text"
    else:
        assert read_text(written, "f").data == {"k": text}


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    problems: tuple[Problem, ...] = ()
    try:
        assert isinstance(read_yaml(path).data, dict)
    except ConfigError as error:
        problems = error.problems
    assert all(problem.file == str(path) for problem in problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, "a", "is given twice, first on line 1")),
        ("a:\n  b: 1\n  b: 2\n", (3, "a.b", "is given twice, first on line 2")),
        ("a: !!python/object:os.system x\n", (1, None, "tags (!...) are not allowed")),
        ("a: 1\nb: !!str 5\n", (2, None, "tags (!...) are not allowed")),
        ("a: &x [*x]\n", (1, "a.0", "an alias refers to itself")),
        ("? [a]\n: 1\n", (1, None, "a key must be text")),
        ("true: 1\n", (1, None, "a key must be text")),
        ("a: 1\n01: 1\n", (2, None, "a number cannot start with 0")),
        ("a: 1\n\n- b\n", (3, None, None)),
        ("- a\n- b\n", (1, None, "must be a map")),
        ("just text\n", (1, None, "must be a map")),
        ("", (1, None, "is empty")),
        ("# nothing\n", (1, None, "is empty")),
        ("a: 1\n---\nb: 2\n", (2, None, None)),
        ("a:\n\tb: 1\n", (2, None, "a tab stands where only spaces may")),
        ("a:\t1\n", (1, None, "a tab stands where only spaces may")),
        ("a: 1\nb: x: y\n", (2, None, None)),
        ("a: 1\nb: [1\n", (3, None, None)),
        ("a: 1\nb: *nobody\n", (2, None, None)),
        ("a: 1\nb: \x07\n", (2, None, "holds a control character")),
        ("a: 1\nb: \x00\n", (2, None, "holds a control character")),
        ('a: "\\ud800"\n', (1, "a", "holds a character that is not text")),
        ("a: 12345678901234567890\n", (1, "a", "the number is too long")),
        ("a: " + "[" * 60 + "]" * 60, (1, None, "nested too deeply")),
        ("a: &x 1\nb: [" + ", ".join(["*x"] * 11) + "]", (2, None, "too many aliases")),
    ],
)
def test_mistakes_have_their_line(text: str, expected: tuple[int, str | None, str | None]) -> None:
    line, key, message = refused(text)[0]
    assert (line, key) == expected[:2]
    assert expected[2] is None or message == expected[2]


@pytest.mark.parametrize(
    "value", ["*hunter2", "!hunter2!x y", "&hunter2 [", "%hunter2", "@hunter2"]
)
def test_a_broken_file_does_not_tell_what_stands_in_it(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_text(f"password: {value}", "f.yaml")
    assert "hunter2" not in str(caught.value)


def test_several_mistakes_are_reported_at_once() -> None:
    text = "plz: 01067\nport: 1\nport: 2\nx: !t 1\ntel: 0351\n"
    assert [line for line, *_ in refused(text)] == [1, 3, 4, 5]


def test_lines_of_keys_items_and_nearest_parents() -> None:
    document = read_text(
        "practice:\n  name: x\nselect:\n  - day: a\n  - day: b\n", "f", first_line=10
    )
    assert document.line(("practice", "name")) == 11
    assert document.line(("practice", "absent", "deep")) == 10
    assert document.line(("select", 1)) == 14
    assert document.line_of("select.1.day") == 14
    assert document.line(("absent",)) is None
    assert document.line(()) is None


def test_aliases_share_a_value() -> None:
    assert read_text("a: &x [1]\nb: *x\n", "f").data == {"a": [1], "b": [1]}


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("\ufeffname: Müller\n".encode())
    assert read_yaml(path).data == {"name": "Müller"}
    for raw, line, message in (
        (b"a: 1\nb: M\xfcller\n", 2, "is not UTF-8 text"),
        (b"a: " + b"x" * 1024 * 1024, None, "is larger than 1 MiB"),
    ):
        path.write_bytes(raw)
        with pytest.raises(ConfigError) as caught:
            read_yaml(path)
        assert [(p.file, p.line, p.message) for p in caught.value.problems] == [
            (str(path), line, message)
        ]
    for missing in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match=str(missing)):
            read_yaml(missing)


@pytest.mark.parametrize(
    "line", ['sender: "Praxis @ Ring" <praxis@example.org>', '  - "Info" am Ring', '"a" b: c']
)
def test_a_text_behind_a_closing_quote(line: str) -> None:
    ((number, _, message),) = refused(f"a: b\n{line}\n" if line[0] != " " else f"a:\n{line}\n")
    assert (number, message) == (2, "a text goes on behind its closing quote")


@pytest.mark.parametrize("line", ['a: "b: c', "a: 'b' c", 'a: {"b": c', 'a: "b": "c"'])
def test_other_quotes_that_are_wrong(line: str) -> None:
    ((_, _, message),) = refused(line)
    assert "behind its closing quote" not in message
