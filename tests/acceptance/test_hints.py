"""Whoever follows a hint arrives: each test makes the mistake, does what is said, and goes on."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Post, Practice

MAILING = """\
source: table
select:
  file: listen/infoabend.csv
  columns: {Anrede: anrede, Nachname: nachname, E-Mail: email}
  consent_column: Einwilligung
account: mail
purpose: information
signature: u
subject: Hallo
text: "{{Briefanrede}} hier ist die {{Praxis}}."
"""


@pytest.fixture
def listed(list_practice: Practice) -> Practice:
    """The practice of a list, with a mailing over it."""
    write(list_practice, MAILING)
    return list_practice


def write(practice: Practice, text: str, name: str = "m.yaml") -> None:
    (practice.folder / "mailings" / name).write_text(text, "utf-8")


def texts(post: Post) -> list[str]:
    """What arrived, without line ends."""
    bodies = (mail.get_body(("plain",)) for _, mail in post.mails().values())
    return [" ".join(body.get_content().split()) for body in bodies if body]


def send(practice: Practice) -> dict[str, Any]:
    practice.run = practice.json("prepare", "m", "--summary")["run"]
    return practice.json("send", practice.run, "--yes")


def refused(practice: Practice, *args: str) -> tuple[str, str]:
    """Message and hint of the one problem."""
    (problem,) = practice.refused(*args)
    return problem["message"], problem["hint"] or ""


# Who may be written to


def test_a_forgotten_consent_column(listed: Practice, post: Post) -> None:
    """Was: name serienpost-consent-flags, which knows nobody of a list."""
    write(listed, MAILING.replace("  consent_column: Einwilligung\n", ""))
    (note,) = listed.json("check", "m")["notes"]
    assert "consent_column" in listed("prepare", "m", "--summary").out
    listed.run = listed.json("prepare", "m", "--summary")["run"]
    row = listed.json("review", listed.run)["recipients"][0]["row"]
    explained = listed.json("review", listed.run, "--explain", row)
    assert "consent_column: " in json.dumps(explained, ensure_ascii=False)
    line = re.search(r"consent_column: \S+", note)
    assert line is not None
    write(listed, MAILING.replace("consent_column: Einwilligung", line[0]))
    assert send(listed)["counts"] == {"accepted": 1, "suppressed": 1}
    assert listed.json("check", "m")["notes"] == []


def test_a_no_cannot_be_included_and_the_hint_says_what_helps(few: Practice) -> None:
    """Was: "that takes --override", which this practice does not permit."""
    few.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = 2")
    few.run = few.json("prepare", "information", "--summary")["run"]
    message, hint = refused(few, "review", few.run, "--include", "patient:2")
    assert "not allowed: The master data" in message
    assert "--override" not in hint
    assert "prepare the mailing again" in hint
    few.change("UPDATE patient SET kontakt_email = 'ja' WHERE id = 2")
    few.run = few.json("prepare", "information", "--summary")["run"]
    rows = {row["row"]: row for row in few.json("review", few.run)["recipients"]}
    assert rows["patient:2"]["marked"]


def test_who_said_yes_after_the_review_can_be_included(few: Practice) -> None:
    few.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = 2")
    few.run = few.json("prepare", "information", "--summary")["run"]
    few.change("UPDATE patient SET kontakt_email = 'ja' WHERE id = 2")
    few.json("review", few.run, "--include", "patient:2")
    rows = {row["row"]: row for row in few.json("review", few.run)["recipients"]}
    assert (rows["patient:2"]["marked"], rows["patient:2"]["allowed"]) == (True, True)


def test_an_override_that_would_not_help_is_not_asked_to_be_permitted(few: Practice) -> None:
    """Was: "this practice does not permit overrides (consent.override)", then refused again."""
    few.change("UPDATE patient SET kontakt_email = 'nein' WHERE id = 2")
    few.run = few.json("prepare", "information", "--summary")["run"]
    args = ("review", few.run, "--override", "patient:2", "--reason", "weil")
    message, hint = refused(few, *args)
    assert "cannot be overridden" in message
    assert "override: true" not in hint
    assert "prepare the mailing again" in hint


# What a file is called


@pytest.mark.parametrize("name", ["Infoabend.yaml", "INFOABEND.yaml", "infoabend.YAML", "I.yml"])
def test_capitals_in_the_name_of_a_mailing(listed: Practice, name: str) -> None:
    write(listed, MAILING, name)
    _, hint = refused(listed, "check", name.partition(".")[0].lower())
    while not (listed.folder / "mailings" / f"{name.partition('.')[0].lower()}.yaml").exists():
        if rename := re.search(r"rename mailings/(\S+) to (\S+)", hint):
            folder = listed.folder / "mailings"
            (folder / rename[1]).rename(folder / rename[2])
            break
        meant = re.search(r"did you mean '(\S+)'", hint)
        assert meant is not None, hint
        _, hint = refused(listed, "check", meant[1])
        said = re.search(r"write (id: \S+?),", hint or _)
        assert said is not None, _
        write(listed, f"{said[1]}\n{MAILING}", name)
        assert listed.json("check", meant[1])["problems"] == []
        return
    assert listed.json("check", rename[2].removesuffix(".yaml"))["problems"] == []


@pytest.mark.parametrize("name", ["Listen/Infoabend.csv", "listen/INFOABEND.CSV", "LISTEN/x.csv"])
def test_capitals_in_the_name_of_a_list(listed: Practice, name: str) -> None:
    if name.endswith("x.csv"):
        (listed.folder / "listen" / "infoabend.csv").rename(listed.folder / "listen" / "X.csv")
    write(listed, MAILING.replace("listen/infoabend.csv", name))
    message, hint = refused(listed, "check", "m")
    assert message == "there is no such file"
    meant = re.search(r"did you mean (\S+)\?", hint)
    assert meant is not None
    write(listed, MAILING.replace("listen/infoabend.csv", meant[1]))
    assert listed.json("check", "m")["problems"] == []


@pytest.mark.parametrize("folder", ["Info", "INFO", "iNfo"])
def test_capitals_in_the_name_of_a_template(listed: Practice, folder: str) -> None:
    home = listed.folder / "templates" / folder
    home.mkdir(parents=True)
    text = "---\nsubject: Hallo\n---\n{{Briefanrede}} hier ist die {{Praxis}}.\n"
    (home / "Email.md").write_text(text, "utf-8")
    head = MAILING.partition("subject:")[0]
    write(listed, f"{head}template: info\n")
    _, hint = refused(listed, "check", "m")
    meant = re.search(r"did you mean (\S+)\?", hint)
    assert meant is not None
    write(listed, f"{head}template: {meant[1]}\n")
    _, hint = refused(listed, "check", "m")
    assert hint == "rename Email.md to email.md"
    (home / "Email.md").rename(home / "email.md")
    assert listed.json("check", "m")["problems"] == []


# A value that begins with braces


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("subject", "{{Praxis}}"),
        ("subject", "{{Praxis}} lädt ein"),
        ("subject", "{{Praxis}}, Ihre Einladung"),
        ("text", "{{Briefanrede}} hier ist die {{Praxis}}"),
        ("text", "{% if Vorname is defined %}Hallo{% endif %} {{Praxis}}"),
        ("title", "[Probe] Infoabend"),
        ("title", "{Probe} Infoabend"),
        ("title", "%Probe%"),
    ],
)
def test_a_value_that_begins_with_a_brace(listed: Practice, key: str, value: str) -> None:
    kept = [line for line in MAILING.splitlines(keepends=True) if not line.startswith(f"{key}:")]
    write(listed, f"{key}: {value}\n{''.join(kept)}")
    (problem,) = listed.refused("check", "m")
    assert problem["line"] == 1
    assert "quotes" in f"{problem['message']} {problem['hint']}"
    assert key in (problem["hint"] or "")
    write(listed, f"{key}: '{value}'\n{''.join(kept)}")
    problems = json.loads(listed("check", "m", "--json").out)["problems"]
    assert not [each for each in problems if "quotes" in each["message"]]


# Placeholders as other programs write them


@pytest.mark.parametrize(
    "written",
    [
        "{Nachname}", "[Nachname]", "%Nachname%", "«Nachname»", "»Nachname«", "<<Nachname>>",
        "[[Nachname]]", "${Nachname}", "#Nachname#", "<Nachname>", "{ Nachname }", "{nachname}",
        "[NACHNAME]", "‹Nachname›", "%%Nachname%%", "«Kind-Vorname»",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["subject", "text"])
def test_a_placeholder_in_the_spelling_of_another_program(
    listed: Practice, post: Post, written: str, place: str
) -> None:
    """Was: "nothing is wrong", and everybody was called {Vorname}."""
    if place == "subject":
        wrong = MAILING.replace("subject: Hallo", f"subject: 'Hallo {written}'")
    else:
        wrong = MAILING.replace("{{Briefanrede}}", f"Hallo\\n{written} {{{{Nachname }}}}")
    write(listed, wrong)
    (problem,) = listed.refused("check", "m")
    right = re.fullmatch(r"write (\{\{\w+\}\})", problem["hint"])
    assert right is not None
    if "Kind" in written:
        return
    write(listed, wrong.replace(written, right[1]))
    assert listed.json("check", "m")["problems"] == []


def test_each_of_them_is_told_with_its_line(listed: Practice) -> None:
    subject = "Hallo {Vorname} und [Vorname] und %Vorname%"
    text = (
        "|\n  Hallo\n  {Vorname} und «Vorname»\n  und {{ Nachname }} {{Nachname }}\n\n  {{Praxis}}"
    )
    head = MAILING.partition("subject:")[0]
    write(listed, f"{head}subject: '{subject}'\ntext: {text}\n")
    problems = listed.refused("check", "m")
    assert [p["hint"] for p in problems] == ["write {{Vorname}}"] * 5
    assert [p["line"] for p in problems[:3]] == [9, 9, 9]


@pytest.mark.parametrize(
    "text",
    [
        "Wir geben 20% Rabatt und 30% Nachlass [siehe unten] (Praxis) {so} «sehr» »gut« 5 < 7 > 3",
        "[Praxis](https://example.org) und [Ort][1] und ![Praxis](cid:x.png)",
        "100 % Praxis, 50% Ort 20% mehr; a <b> {b} [1] #1 @praxis $5 und $6",
        '{{ "[Praxis]" }} und {{ "«Ort»" }}',
        "[x] erledigt, [ ] offen, {}, [], %%, «», <>, E-Mail <praxis@example.org>",
        "[Praxis]: https://example.org",
    ],
)
def test_ordinary_text_is_no_placeholder(listed: Practice, text: str) -> None:
    write(listed, MAILING.partition("text:")[0] + f"text: |\n  {{{{Praxis}}}}\n\n  {text}\n")
    listed("check", "m", "--json")
    problems = json.loads(listed("check", "m", "--json").out)["problems"]
    assert not [each for each in problems if "as it stands" in each["message"]]


# A column of the list


def with_columns(columns: str, text: str) -> str:
    known = "columns: {Anrede: anrede, Nachname: nachname, E-Mail: email}"
    return MAILING.replace(known, f"columns: {columns}").replace(
        "hier ist die {{Praxis}}.", f"{text} {{{{Praxis}}}}."
    )


@pytest.mark.parametrize("name", ["Kurs", "kurs"])
@pytest.mark.parametrize("field", ["kurs", "Kurs", "KURS"])
def test_a_column_with_a_class_reaches_the_text(
    listed: Practice, post: Post, name: str, field: str
) -> None:
    columns = f"{{Nachname: nachname, E-Mail: email, Kurs: {{field: {field}, class: plain}}}}"
    write(listed, with_columns(columns, f"Kurs {{{{{name}}}}}"))
    assert listed.json("check", "m")["problems"] == []
    assert send(listed)["counts"] == {"accepted": 1, "suppressed": 1}
    (text,) = texts(post)
    assert "Kurs Rücken Praxis Liste" in text
    fields = {each["field"] for each in listed.json("show", listed.run, "--manifest")["fields"]}
    assert field in fields


@pytest.mark.parametrize(("name", "value"), [("Kurs", "Rücken"), ("Pat__Nr_", "7")])
def test_a_column_that_the_text_names_and_the_mailing_does_not(
    listed: Practice, post: Post, name: str, value: str
) -> None:
    """Was: "`serienpost macros` lists them", where it is not."""
    columns = "{Nachname: nachname, E-Mail: email}"
    write(listed, with_columns(columns, f"Wert {{{{{name}}}}}"))
    _, hint = refused(listed, "check", "m")
    line = re.fullmatch(r"add under columns: (.+)", hint)
    assert line is not None
    write(listed, with_columns(f"{columns[:-1]}, {line[1]}}}", f"Wert {{{{{name}}}}}"))
    send(listed)
    assert f"Wert {value} Praxis Liste" in texts(post)[0]


def test_a_part_of_the_name_that_the_mailing_does_not_read(listed: Practice, post: Post) -> None:
    """Was: "nothing is wrong", then nobody is marked since Vorname is empty."""
    columns = "{Nachname: nachname, E-Mail: email}"
    write(listed, with_columns(columns, "Wert {{Vorname}}"))
    (note,) = listed.json("check", "m")["notes"]
    line = re.search(r"add under columns: (.+)", note)
    assert line is not None
    write(listed, with_columns(f"{columns[:-1]}, {line[1]}}}", "Wert {{Vorname}}"))
    assert listed.json("check", "m")["notes"] == []
    send(listed)
    assert "Wert Eva Praxis Liste" in texts(post)[0]


@pytest.mark.parametrize(
    ("header", "field"), [("Geburtsdatum", "geburtsdatum"), ("DIAGNOSE", "diagnose")]
)
def test_a_protected_column_by_another_name(listed: Practice, header: str, field: str) -> None:
    path = listed.folder / "listen/infoabend.csv"
    first, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([f"{first};{header}", *(f"{row};x" for row in rows)]), "utf-8")
    columns = f"{{Nachname: nachname, E-Mail: email, {header}: {{field: kurs, class: plain}}}}"
    write(listed, with_columns(columns, "{{Kurs}}"))
    message, _ = refused(listed, "check", "m")
    assert f"the column {header} is called like the field {field}" in message
    assert "never leaves" in message
    write(listed, with_columns(f"{{E-Mail: email, {header}: {field}}}", "Hallo"))
    message, _ = refused(listed, "check", "m")
    assert "leave the column out" in message


def test_a_key_that_two_rows_have_is_told_at_check(listed: Practice) -> None:
    path = listed.folder / "listen/infoabend.csv"
    path.write_text(path.read_text("utf-8") + "\n" + path.read_text("utf-8").splitlines()[1])
    write(listed, MAILING.replace("columns:", "key: E-Mail\n  columns:"))
    message, _ = refused(listed, "check", "m")
    assert "the row has the same key as row 2" in message


def test_a_column_without_a_class(listed: Practice, post: Post) -> None:
    columns = "{Nachname: nachname, E-Mail: email, Kurs: %s}"
    write(listed, with_columns(columns % "kurs", "Kurs {{Kurs}}"))
    message, _ = refused(listed, "check", "m")
    written = re.search(r"\{field: .*\}", message)
    assert written is not None
    write(listed, with_columns(columns % written[0], "Kurs {{Kurs}}"))
    send(listed)
    assert "Kurs Rücken" in texts(post)[0]


def test_a_column_of_class_contact_does_not_enter_a_mail(listed: Practice) -> None:
    columns = "{Nachname: nachname, E-Mail: email, Kurs: {field: kurs, class: contact}}"
    write(listed, with_columns(columns, "Kurs"))
    assert listed.json("check", "m")["problems"] == []
    write(listed, with_columns(columns, "Kurs {{Kurs}}"))
    assert "contact" in refused(listed, "check", "m")[0]


def test_a_value_of_a_column_is_data(listed: Practice, post: Post) -> None:
    listed.edit("listen/infoabend.csv", "Rücken", "{{Nachname}} <b>x</b>")
    columns = "{Nachname: nachname, E-Mail: email, Kurs: {field: kurs, class: plain}}"
    write(listed, with_columns(columns, "Kurs {{Kurs}}"))
    send(listed)
    assert "Kurs {{Nachname}} <b>x</b>" in texts(post)[0]


# What is missing to a first mailing


def missing(practice: Practice) -> list[str]:
    """The steps that doctor names."""
    checks = practice.json("doctor")["checks"]
    return [check["text"] for check in checks if check["name"] == "first mailing"]


def test_doctor_leads_from_an_empty_folder_to_a_first_mailing(
    tmp_path: Path, demo: Practice, post: Post
) -> None:
    """Was: "nothing is wrong" where nothing was there. Each step as doctor names it, in order."""
    practice = demo.copy(tmp_path / "neu")
    shutil.rmtree(practice.folder)
    practice.folder.mkdir()
    document = practice.json("doctor", code=3)
    steps = [check["text"] for check in document["checks"] if check["name"] == "first mailing"]
    assert ["serienpost init" in step for step in steps] == [True]
    practice.folder.rmdir()
    practice.json("init", str(practice.folder))

    config = practice.folder / "serienpost.yaml"
    told = missing(practice)
    assert [step.partition(" ")[0] for step in told] == [f"{n}." for n in range(1, len(told) + 1)]
    plugins = []
    for word in ("recipients", "who may be written to", "Briefanrede", "a way to send"):
        step, *_ = missing(practice)
        if word not in step:
            assert word == "who may be written to"  # the list's plugin brings its own check
            continue
        named = re.search(r"serienpost-[a-z-]+", step)
        assert named is not None
        plugins.append(named[0])
        text = config.read_text("utf-8")
        config.write_text(re.sub(r"(?m)^plugins: .*$", f"plugins: {plugins}", text), "utf-8")
    for word, key in (("who sends", "accounts"), ("who signs", "signatures")):
        (step, *_) = missing(practice)
        assert (word in step, f"{key}:" in step) == (True, True)
        text = config.read_text("utf-8")
        block = re.search(rf"(?m)^# {key}:\n(?:#  .*\n)+", text)
        assert block is not None
        shown = re.sub(r"(?m)^# ", "", block[0])
        shown = re.sub(r"host: .*", f"host: 127.0.0.1\n    port: {post.catcher.port}", shown)
        shown = re.sub(r"starttls", "none", shown)
        shown = re.sub(r"(?m)^ +(username|password).*\n", "", shown)
        config.write_text(text.replace(block[0], shown), "utf-8")
    (step, last) = missing(practice)
    assert ("mailings/NAME.yaml" in step, "serienpost check NAME" in last) == (True, True)
    (practice.folder / "listen").mkdir()
    (practice.folder / "listen" / "infoabend.csv").write_text(
        "Anrede;Nachname;E-Mail;Einwilligung\nFrau;Vogel;v@example.org;ja\n", "utf-8"
    )
    write(practice, MAILING.replace("signature: u", "signature: sonnenschein"))
    assert missing(practice) == []
    assert send(practice)["counts"] == {"accepted": 1}


def test_doctor_says_of_a_new_demo_practice_what_is_not_running(
    tmp_path: Path, demo: Practice
) -> None:
    """Was: five things to mend, exit 3, in a practice as `init --demo` makes it."""
    practice = demo.copy(tmp_path / "demo2")
    shutil.rmtree(practice.folder)
    practice.json("init", str(practice.folder), "--demo", "--patients", "20")
    idle = {
        check["name"]
        for check in practice.json("doctor")["checks"]
        if "its server on this machine is not running" in check["text"]
    }
    assert idle == {"account mail", "account sms", "account grid", "mailing sprechzeiten"}
    done = practice("doctor")
    assert (done.code, done.err) == (0, "")
    assert "nothing is wrong, 1 not there yet" in done.out
    told = " ".join(done.out.split())
    assert told.count("not running; `serienpost demo --serve` starts") == 1
    assert "This also affects: account sms, account grid, mailing sprechzeiten" in told
    assert "Error" not in done.out


def test_doctor_says_one_cause_once_with_what_hangs_on_it(demo: Practice) -> None:
    """Was: 16 things to mend, each with the same sentence, secrets and mailings among them."""
    demo.env["SERIENPOST_LANG"] = "en"  # as it is laid out in English
    (demo.folder / "praxis.db").rename(demo.folder / "away.db")
    document = demo.json("doctor", code=3)
    (problem,) = document["problems"]
    assert problem["message"].startswith("there is no file ")
    assert problem["key"] == "database"
    hanging = {check["name"] for check in document["checks"] if check["because"] == "database"}
    assert {"schema", "source patients", "secret SMS_USER", "archive karteikarte"} <= hanging
    assert {"consent flags", "account sms", "mailing rundbrief"} <= hanging
    told = demo("doctor")
    assert told.out.count("there is no") == 1
    assert "1 to mend" in told.out
    assert len(told.err.splitlines()) == 1


def test_doctor_says_once_that_a_password_is_nowhere(demo: Practice) -> None:
    """Was: a row for the secret and one for each thing that the database is needed for."""
    file = demo.folder / "serienpost.yaml"
    url = '"postgresql+psycopg://reader:${secret:DB_PASSWORD}@127.0.0.1:9/praxis"'
    text = file.read_text("utf-8").replace(
        "database: sqlite:///praxis.db\n", f"database: {url}\n", 1
    )
    file.write_text(text, "utf-8")
    (problem,) = demo.refused("doctor")
    assert "DB_PASSWORD" in problem["message"]
    demo.env["DB_PASSWORD"] = "x"  # of a server that is not there
    (problem,) = demo.refused("doctor")
    assert problem["message"] == "the practice's database cannot be opened"


@pytest.mark.parametrize(
    "change", ["praxis@example.org>", "port: PORT", "password"], ids=["sender", "host", "login"]
)
def test_an_account_that_is_none_to_try_things_with_stays_wrong(
    demo: Practice, change: str
) -> None:
    """The attack: a practice's own mail server on its machine is down, and doctor is content."""
    if change == "password":
        login = "    password: secret:NOT_THERE\n    username: x\n"
        demo.edit("serienpost.yaml", "    connections: 4", f"{login}    connections: 4")
    else:
        text = (demo.folder / "serienpost.yaml").read_text("utf-8")
        text = re.sub(r"(channel: smtp\n    host: 127.0.0.1\n    port: )\d+", r"\g<1>1", text)
        if change.startswith("praxis"):
            text = text.replace("<praxis@example.org>", "<praxis@praxis-sonnenschein.de>")
        else:
            text = text.replace("host: 127.0.0.1", "host: server.invalid").replace(
                "security: none", "security: tls"
            )
        (demo.folder / "serienpost.yaml").write_text(text, "utf-8")
    checks = demo.json("doctor", code=3)["checks"]
    assert "account mail" in {check["name"] for check in checks if not check["ok"]}


def test_plugins_shows_what_is_installed_and_not_named(demo: Practice) -> None:
    shown = {each["name"]: each for each in demo.json("plugins")["plugins"]}
    assert shown["serienpost-channel-smtp"]["named"]
    unnamed = shown["serienpost-consent-register"]
    assert (unnamed["named"], unnamed["ok"], unnamed["provides"]) == (False, True, [])
    assert re.search(r"serienpost-consent-register +\S+ +not named", demo("plugins").out)


def test_a_row_of_a_table_is_named_by_file_and_line(listed: Practice) -> None:
    """Was: There is no e-mail address on record., of a row called table:0123456789abcdef-3."""
    rows = "Anrede;Nachname;E-Mail;Einwilligung\nFrau;Vogel;v@example.org;ja\n"
    rows += "Herr;Hase;;ja\nHerr;Fuchs;kein-at;ja\n"
    (listed.folder / "listen" / "infoabend.csv").write_text(rows, "utf-8")
    document = listed.json("prepare", "m")
    reasons = [row["unreachable_reason"] for row in document["recipients"]]
    assert reasons == [
        None,
        "There is no e-mail address on record. (listen/infoabend.csv, row 3)",
        "The e-mail address on record is not valid. (listen/infoabend.csv, row 4)",
    ]
    shown = " ".join(listed("review", document["run"], "--summary").out.split())
    assert "1 There is no e-mail address on record. 1 The" in shown
