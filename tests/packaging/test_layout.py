"""Every member has the same shape, and top-level folders never become packages."""

from __future__ import annotations

import tomllib

import pytest
from workspace import ROOT, Member, distribution, members, root_project

MEMBERS = members()
KIND_FOLDERS = ("bench", "channels", "core", "docs", "plugins", "sources", "templates", "tests")

each_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)


def test_folders_are_not_packages() -> None:
    of_tests = [
        init
        for folder in KIND_FOLDERS
        for init in (ROOT / folder).rglob("__init__.py")
        if "tests" in init.relative_to(ROOT).parts and "src" not in init.relative_to(ROOT).parts
    ]
    of_kinds = [ROOT / folder / "__init__.py" for folder in KIND_FOLDERS]
    assert [init for init in {*of_tests, *of_kinds} if init.exists()] == []


@each_member
def test_member_has_the_common_shape(member: Member) -> None:
    expected = [
        member.folder / "README.md",
        member.package / "__init__.py",
        member.package / "py.typed",
        member.folder / "tests",
    ]
    assert [str(path.relative_to(ROOT)) for path in expected if not path.exists()] == []
    sources = [path.name for path in (member.folder / "src").iterdir()]
    assert [name for name in sources if name != member.package.name] == []


@each_member
def test_entry_point_is_named_like_the_distribution(member: Member) -> None:
    entry_points = member.project.get("entry-points", {}).get("serienpost", {})
    assert list(entry_points) == ([] if member.name == "serienpost" else [member.name])
    modules = {module.partition(".")[0] for module in entry_points.values()}
    assert modules <= {member.package.name}


def test_members_have_one_version() -> None:
    import serienpost

    assert {member.project["version"] for member in MEMBERS} == {serienpost.__version__}


def test_root_depends_on_every_member() -> None:
    root = root_project()
    names = sorted(member.name for member in MEMBERS)
    assert sorted(map(distribution, root["project"]["dependencies"])) == names
    assert sorted(root["tool"]["uv"]["sources"]) == names


@each_member
def test_at_run_time_plugins_build_on_core_and_practice_db_only(member: Member) -> None:
    names = {other.name for other in MEMBERS}
    allowed = set() if member.name == "serienpost" else {"serienpost", "serienpost-practice-db"}
    assert member.dependencies & names <= allowed
    for_tests = {distribution(requirement) for requirement in member.test_requirements}
    assert for_tests & names <= allowed | {"serienpost-demo", "serienpost-testkit"}


@each_member
def test_members_follow_the_workspace_for_python_and_build(member: Member) -> None:
    parsed = tomllib.loads((member.folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert member.project["requires-python"] == root_project()["project"]["requires-python"]
    assert parsed["build-system"]["build-backend"] == "hatchling.build"


def test_modules_are_small() -> None:
    lines = {
        str(module.relative_to(ROOT)): len(module.read_text(encoding="utf-8").splitlines())
        for member in MEMBERS
        for module in member.package.rglob("*.py")
    }
    assert {name: count for name, count in lines.items() if count > 650} == {}
