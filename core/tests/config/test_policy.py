from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from serienpost import ConfigError
from serienpost.config.loading import plugin_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context, Problem

    Open = Callable[[str], Context]
    Wrong = Callable[[str], list[Problem]]
    Write = Callable[[str], Path]

HEAD = "practice: {name: x}\n"


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "vendor.yaml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("SERIENPOST_POLICY", str(path))
        return path

    return write


def test_merges_under_the_practice(opened: Open, policy: Write, tmp_path: Path) -> None:
    file = policy(
        "consent: {override: false, require: [register]}\nsecrets: [credentials]\n"
        "accounts:\n  mail: {channel: pigeon, host: vendor, port: 26}\n"
    )
    config = opened(
        HEAD + "secrets: [env]\nconsent: {override: true}\naccounts: {mail: {host: own}}\n"
    ).config
    assert config.consent.override
    assert config.consent.required("recall") == ("register",)
    assert config.secrets == ["env"]
    assert config.accounts["mail"].model_dump()["host"] == "own"
    assert config.place("accounts.mail.host") == (str(tmp_path / "serienpost.yaml"), 4)
    assert config.place("accounts.mail.port") == (str(file), 4)
    assert config.place("consent.require") == (str(file), 1)


def _dangling(policy: Path) -> None:
    policy.symlink_to(policy.with_name("gone.yaml"))


def _loop(policy: Path) -> None:
    policy.symlink_to(policy)


def _folder(policy: Path) -> None:
    policy.mkdir()


def _pipe(policy: Path) -> None:
    os.mkfifo(policy)


def _below_a_loop(policy: Path) -> None:
    policy.parent.rmdir()
    policy.parent.symlink_to(policy.parent)


@pytest.mark.parametrize("make", [_dangling, _loop, _folder, _pipe, _below_a_loop])
def test_a_policy_of_the_machine_that_cannot_be_read_is_not_none(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    """Such as a link to a disk that is not there."""
    (tmp_path / "etc").mkdir()
    policy = tmp_path / "etc" / "policy.yaml"
    opened(HEAD)
    make(policy)
    for named in ("", str(policy)):
        monkeypatch.setenv("SERIENPOST_POLICY", named)
        with pytest.raises(ConfigError) as raised:
            opened(HEAD)
        assert raised.value.problems[0].file == str(policy)


def test_rules_that_are_copied_over_with_their_old_time_are_other_rules(
    opened: Open, policy: Write, tmp_path: Path
) -> None:
    """As `cp -p` and `rsync --times --inplace` do."""
    file = policy("consent: {override: true }\n")
    config = opened(HEAD).config
    assert not config.is_outdated(tmp_path)
    before = file.stat()
    with file.open("r+") as text:
        text.write("consent: {override: false}\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert config.is_outdated(tmp_path)


@pytest.mark.parametrize(
    ("locked", "mine", "line"),
    [
        ("consent.override", "consent:\n  override: true\n", 3),
        ("consent", "consent:\n  flags_purposes: []\n", 2),
        ("consent.require", "consent:\n  require: []\n", 3),
        ("consent.require.marketing", "consent:\n  require:\n    marketing: []\n", 4),
        ("dispatcher", "secrets: [env]\ndispatcher: engine\n", 3),
        ("accounts.mail.rate", "accounts:\n  mail:\n    rate: []\n", 4),
        ("accounts.mail.rate", "accounts:\n  mail: null\n", 3),
        ("accounts.mail.spread", "accounts:\n  mail: {spread: true}\n", 3),
    ],
)
def test_a_locked_key_cannot_be_changed(
    wrong: Wrong, policy: Write, tmp_path: Path, locked: str, mine: str, line: int
) -> None:
    file = policy(
        "consent: {override: false, require: {default: [], marketing: [register]}}\n"
        "accounts: {mail: {channel: pigeon, host: h, rate: [1/minute]}}\n"
        f"locked: [{locked}]\n"
    )
    found = [p for p in wrong(HEAD + mine) if p.message == "is locked by the policy"]
    (problem,) = found
    assert (problem.file, problem.line) == (str(tmp_path / "serienpost.yaml"), line)
    assert problem.key == locked
    assert str(file) in (problem.hint or "")


def test_a_locked_key_may_be_repeated(opened: Open, policy: Write) -> None:
    policy("consent: {override: false}\nlocked: [consent.override]\n")
    assert not opened(HEAD + "consent: {override: false}\n").config.consent.override


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("locked:\n  - consent.overide", 2, "locked.0", "there is no key 'consent.overide'"),
        ("locked: [practise]", 1, "locked.0", "there is no key 'practise'"),
        ("locked: consent", 1, "locked", "must be a list"),
        ("required_plugins: [1]", 1, "required_plugins.0", "must be text"),
        ("lockd: [consent]", 1, "lockd", "unknown key"),
        ("quiet: {sms: x}", 1, "quiet.sms", 'write quiet hours as in "20:00-08:00"'),
        ("secrets: [env]\nsecrets: [env]", 2, "secrets", "is given twice, first on line 1"),
    ],
)
def test_mistakes_in_the_policy(
    wrong: Wrong, policy: Write, text: str, line: int, key: str, message: str
) -> None:
    file = policy(text + "\n")
    (problem,) = wrong(HEAD)
    assert (problem.file, problem.line, problem.key) == (str(file), line, key)
    assert problem.message == message


def test_the_policys_own_keys_are_not_for_practices(wrong: Wrong) -> None:
    assert [p.key for p in wrong(HEAD + "locked: []\nrequired_plugins: []\n")] == [
        "locked",
        "required_plugins",
    ]


def test_required_plugins(wrong: Wrong, opened: Open, policy: Write) -> None:
    policy("required_plugins: [vendor-a, vendor-b]\n")
    problems = wrong(HEAD + "plugins: [vendor-x]\n")
    assert [(p.line, p.message) for p in problems] == [
        (2, "the policy requires vendor-a"),
        (2, "the policy requires vendor-b"),
    ]
    assert opened(HEAD + "plugins: [vendor-b, vendor-a]\n").config.plugins


def test_plugins_from_the_policy(opened: Open, policy: Write, tmp_path: Path) -> None:
    policy("plugins: [vendor-a]\n")
    opened(HEAD)
    assert plugin_names(tmp_path) == ("vendor-a",)


def test_a_policy_that_is_named_must_exist(
    wrong: Wrong, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SERIENPOST_POLICY", str(tmp_path / "none.yaml"))
    (problem,) = wrong(HEAD)
    assert (problem.file, problem.message) == (str(tmp_path / "none.yaml"), "there is no such file")


def test_the_policy_of_the_machine(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "policy.yaml").write_text("secrets: [credentials]\n")
    assert opened(HEAD).config.secrets == ["credentials"]


def test_both_files_unreadable(wrong: Wrong, policy: Write, tmp_path: Path) -> None:
    file = policy("a: [\n")
    problems = wrong("practice: {\n")
    assert {problem.file for problem in problems} == {str(file), str(tmp_path / "serienpost.yaml")}
    with pytest.raises(ConfigError):
        plugin_names(tmp_path)
