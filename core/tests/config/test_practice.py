from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from serienpost import ConfigError, PluginError
from serienpost.config.loading import load_practice, plugin_names
from serienpost.config.models import CORE_KEYS, PracticeConfig, plain_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context, Problem
    from serienpost.registry import Registry

    Open = Callable[..., Context]
    Wrong = Callable[[str], list[Problem]]
    Brief = Callable[[list[Problem]], list[tuple[int | None, str | None, str]]]

FULL = """\
practice: {id: sonnenschein, name: "Praxis Dr. Sonnenschein", street: "Lindenallee 5",
           postal_code: "01067", city: Dresden, phone: "0351 1234567",
           email: praxis@example.org, web: "https://example.org", timezone: Europe/Berlin}
database: sqlite:///praxis.db
ledger: sqlite:///versandbuch.db
plugins: [serienpost-toys]
consent: {require: {default: [], marketing: [register]}, override: false,
          flags_purposes: [appointment, recall, newsletter]}
secrets: [env, credentials]
quiet: {sms: "20:00-08:00"}
dispatcher: local
purposes: [newsletter]
accounts:
  mail: {channel: pigeon, host: loft.example.org, port: 587, password: "secret:MAIL_PASSWORD",
         sender: "Praxis <praxis@example.org>", rate: [10/minute, 250/hour]}
signatures:
  sonnenschein: {name: "Dr. med. Sonja Sonnenschein", image: signatur.png}
retention: {values: 90 days, unapproved: 7 days, messages: 3 years}
"""
HEAD = "practice: {name: x}\n"


def test_a_full_file(opened: Open) -> None:
    asked: list[str] = []
    context = opened(FULL, asked)
    config = context.config
    assert asked == ["serienpost-toys"]
    assert config.practice.postal_code == "01067"
    assert config.consent.required("marketing") == ("register",)
    assert config.consent.required("recall") == ()
    assert config.purposes_known()[-1] == "newsletter"
    assert [str(rate) for rate in config.accounts["mail"].rate] == ["10/minute", "250/hour"]
    assert config.retention.messages == timedelta(days=1095)
    assert context.settings("database").model_dump() == "sqlite:///praxis.db"  # type: ignore[union-attr]
    assert context.settings("loft") is None


def test_where_each_key_comes_from(opened: Open, tmp_path: Path) -> None:
    config = opened(FULL).config
    file = str(tmp_path / "serienpost.yaml")
    assert config.place("accounts.mail.port") == (file, 14)
    assert config.place("secrets.1") == (file, 9)
    assert config.place("consent.flags_purposes") == (file, 8)
    assert config.place("accounts.mail.spread") == (None, None)


def test_plain_values_hold_references_only(opened: Open) -> None:
    values = plain_values(opened(FULL).config)
    assert values["accounts"]["mail"]["password"] == "secret:MAIL_PASSWORD"
    assert values["accounts"]["mail"]["rate"] == ["10/minute", "250/hour"]
    assert values["retention"] == {
        "values": "90 days",
        "unapproved": "7 days",
        "messages": "3 years",
    }
    assert values["database"] == "sqlite:///praxis.db"
    assert "claimed" not in values


def test_defaults(opened: Open) -> None:
    config = opened(HEAD).config
    assert config.practice.id == "default"
    assert config.ledger == "sqlite:///versandbuch.db"
    assert config.consent.required("marketing") == ()
    assert not config.consent.override
    assert config.accounts == {}


def test_require_as_a_list_holds_for_every_purpose(opened: Open) -> None:
    consent = opened(HEAD + "consent: {require: [register]}\n").config.consent
    assert consent.required("recall") == consent.required("marketing") == ("register",)


def test_every_key_is_described() -> None:
    def undescribed(model: type[BaseModel], above: str = "") -> list[str]:
        found = [f"{above}{n}" for n, f in model.model_fields.items() if not f.description]
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                found += undescribed(field.annotation, f"{above}{name}.")
        return found

    assert undescribed(PracticeConfig) == []
    assert "claimed" not in CORE_KEYS


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ("practce: {}", 2, "practce", "unknown key", "did you mean 'practice'?"),
        ("claimed: {}", 2, "claimed", "unknown key", None),
        ("zzz: 1", 2, "zzz", "unknown key", "name the plugin under plugins:"),
        ("secrets: env", 2, "secrets", "must be a list", "write [a, b]"),
        ("secrets: [envv]", 2, "secrets.0", "there is no secret store 'envv'", "mean 'env'?"),
        ("dispatcher: lokal", 2, "dispatcher", "there is no dispatcher 'lokal'", "mean 'local'?"),
        ("dispatcher: engine", 2, "dispatcher", "'engine' needs a ledger on PostgreSQL", "set"),
        ("quiet: {smss: '20:00-08:00'}", 2, "quiet.smss", "there is no kind 'smss'", "'sms'?"),
        ("quiet: {sms: '20-08'}", 2, "quiet.sms", 'as in "20:00-08:00"', None),
        ("quiet: {sms: '25:00-08:00'}", 2, "quiet.sms", 'as in "20:00-08:00"', None),
        ("quiet: {sms: '08:00-08:00'}", 2, "quiet.sms", 'as in "20:00-08:00"', None),
        ("purposes: [recall]", 2, "purposes.0", "this purpose is built in", "remove it"),
        ("purposes: [a b]", 2, "purposes.0", "use only letters, digits", None),
        ("consent: {require: [registr]}", 2, "consent.require.default.0", "no consent", "register"),
        (
            "consent:\n  require:\n    marketng: [register]",
            4,
            "consent.require.marketng",
            "there is no purpose 'marketng'",
            "did you mean 'marketing'?",
        ),
        ("consent: {flags_purposes: [x]}", 2, "consent.flags_purposes.0", "no purpose 'x'", None),
        ("consent: {overide: true}", 2, "consent.overide", "unknown key", "'override'?"),
        ("consent: {override: yes}", 2, "consent.override", "must be true or false", None),
        ("retention: {values: 90}", 2, "retention.values", "as in 6 h, 90 days", None),
        ("retention:\n  valuess: 9 days", 3, "retention.valuess", "unknown key", "'values'?"),
        ("ledger: 5", 2, "ledger", "must be text", "write it in quotes"),
        (
            "ledger: sqlite:///versand.db?password=pw",
            2,
            "ledger",
            "a password does not stand in a URL",
            "${secret:NAME}",
        ),
        ("ledger: postgresql://h/d", 1, "practice.id", "is missing", "needs the id"),
        ("plugins: [a, b, a]", 2, "plugins.2", "a is named twice", "remove one"),
        ("signatures: {a: {name: ''}}", 2, "signatures.a.name", "must not be empty", None),
        ("signatures: {a b: {name: x}}", 2, "signatures.a b", "use only letters", None),
        ("signatures: {a: x}", 2, "signatures.a", "must be a map", "write {key: value}"),
        ("loft: {birds: 0}", 2, "loft.birds", "must be at least 1", None),
        ("loft: {bird: 1}", 2, "loft.bird", "unknown key", "did you mean 'birds'?"),
        ("database: 5", 2, "database", "must be text", "write it in quotes"),
        ("accounts: [a]", 2, "accounts", "must be a map", "channel"),
        ("accounts: {a: x}", 2, "accounts.a", "must be a map", "channel"),
        ("accounts: {a b: {}}", 2, "accounts.a b", "use only letters", None),
        ("accounts: {a: {}}", 2, "accounts.a.channel", "is missing", "smtp"),
        ("accounts: {a: {channel: 5}}", 2, "accounts.a.channel", "must be text", None),
        (
            "accounts:\n  a:\n    channel: pigeo",
            4,
            "accounts.a.channel",
            "there is no channel 'pigeo'",
            "did you mean 'pigeon'? otherwise name its plugin under plugins:",
        ),
        (
            "accounts: {a: {channel: smtp}}",
            2,
            "accounts.a.channel",
            "there is no channel 'smtp'",
            "serienpost-channel-smtp",
        ),
        ("accounts: {a: {channel: pigeon}}", 2, "accounts.a.host", "is missing", None),
        (
            "accounts:\n  a: {channel: pigeon, host: h,\n      port: 70000}",
            4,
            "accounts.a.port",
            "must be between 1 and 65535",
            None,
        ),
        (
            "accounts: {a: {channel: pigeon, host: h, port: '25'}}",
            2,
            "accounts.a.port",
            "must be a whole number",
            "write it without quotes",
        ),
        (
            "accounts: {a: {channel: pigeon, host: h, sendr: x}}",
            2,
            "accounts.a.sendr",
            "unknown key",
            "did you mean 'sender'?",
        ),
        (
            "accounts: {a: {channel: pigeon, host: h, password: hunter2}}",
            2,
            "accounts.a.password",
            "write secret:NAME",
            None,
        ),
        (
            "accounts: {a: {channel: pigeon, host: h, rate: [10]}}",
            2,
            "accounts.a.rate.0",
            "write a rate as in 10/minute",
            None,
        ),
        ("accounts: {a: {channel: beep, user: u}}", 2, "accounts.a", "belong together", None),
    ],
)
def test_one_mistake(
    wrong: Wrong,
    tmp_path: Path,
    text: str,
    line: int,
    key: str,
    message: str,
    hint: str | None,
) -> None:
    (problem,) = wrong(HEAD + text + "\n")
    assert (problem.file, problem.line, problem.key) == (
        str(tmp_path / "serienpost.yaml"),
        line,
        key,
    )
    assert message in problem.message
    assert (hint or "") in (problem.hint or "")
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    ("head", "line", "key", "message"),
    [
        ("ledger: x", None, "practice", "is missing"),
        ("practice:", 1, "practice", "must be a map"),
        ("practice: {name: x, id: Übung}", 1, "practice.id", "use only a-z, 0-9 and -"),
        ("practice:\n  city: x", 1, "practice.name", "is missing"),
        ("practice:\n  name: x\n  postal_code: 1067", 3, "practice.postal_code", "must be text"),
        ("practice:\n  name: x\n  phone: 0351", 3, "practice.phone", "cannot start with 0"),
        ("practice: {name: x, timezone: Europe/Berln}", 1, "practice.timezone", "Europe/Berlin?"),
        ("practice: {name: x, timezone: ../x}", 1, "practice.timezone", "no such time zone"),
        ("practice: {name: x, timezone: Europe}", 1, "practice.timezone", "no such time zone"),
    ],
)
def test_mistakes_of_the_practice_key(
    wrong: Wrong, head: str, line: int | None, key: str, message: str
) -> None:
    (problem,) = wrong(head + "\n")
    assert (problem.line, problem.key) == (line, key)
    assert message in problem.message


def test_all_mistakes_at_once(wrong: Wrong, brief: Brief) -> None:
    problems = wrong(
        """\
        practice: {nam: x, postal_code: 01067}
        ledger: 5
        accounts:
          mail: {channel: pigeon, port: 0, sendr: x}
          mail: {channel: beep}
          sms: {channel: fax}
        dispatcher: lokal
        consent: {require: [nobody]}
        loft: {birds: many}
        typo: 1
        """
    )
    assert brief(problems) == [
        (1, "practice.postal_code", "a number cannot start with 0"),
        (1, "practice.name", "is missing"),
        (1, "practice.nam", "unknown key"),
        (2, "ledger", "must be text"),
        (4, "accounts.mail.host", "is missing"),
        (4, "accounts.mail.port", "must be between 1 and 65535"),
        (4, "accounts.mail.sendr", "unknown key"),
        (5, "accounts.mail", "is given twice, first on line 4"),
        (6, "accounts.sms.channel", "there is no channel 'fax'"),
        (7, "dispatcher", "there is no dispatcher 'lokal'"),
        (8, "consent.require.default.0", "there is no consent check 'nobody'"),
        (9, "loft.birds", "must be a whole number"),
        (10, "typo", "unknown key"),
    ]


def test_a_required_key_of_a_plugin(registry: Registry, wrong: Wrong, brief: Brief) -> None:
    from dataclasses import replace

    registry.settings["database"] = replace(registry.settings["database"], required=True)
    problems = wrong(HEAD)
    assert brief(problems) == [(None, "database", "is missing")]
    assert problems[0].hint == "serienpost-toys needs it"


def test_no_practice_folder(tmp_path: Path) -> None:
    for call in (load_practice, plugin_names):
        with pytest.raises(ConfigError) as caught:
            call(tmp_path)
        assert str(caught.value) == (
            f"there is no serienpost.yaml in {tmp_path}"
            " (`serienpost init DIR` makes a practice folder, -C DIR names another)"
        )


def test_plugin_names_without_checking_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "serienpost.yaml"
    path.write_text("plugins: [a, b]\nnonsense: 1\n")
    assert plugin_names(tmp_path) == ("a", "b")
    path.write_text("nonsense: 1\n")
    assert plugin_names(tmp_path) == ()
    path.write_text("x: 1\nplugins: a\n")
    with pytest.raises(ConfigError) as caught:
        plugin_names(tmp_path)
    assert str(caught.value).startswith(f"{path}:2: plugins: must be a list")


def test_a_missing_plugin_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "serienpost.yaml"
    path.write_text(HEAD + "plugins:\n  - serienpost-nobody\n")
    with pytest.raises(PluginError) as caught:
        load_practice(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(path), 3, "plugins")
    path.write_text("practice: {}\nplugins:\n  - serienpost-nobody\n")
    with pytest.raises(ConfigError) as both:
        load_practice(tmp_path)
    assert [problem.line for problem in both.value.problems] == [1, 3]


def test_opens_with_the_core_alone(tmp_path: Path) -> None:
    (tmp_path / "serienpost.yaml").write_text(HEAD)
    with load_practice(tmp_path) as context:
        assert set(context.registry.secret_stores) == {"env", "credentials"}
