"""Why nothing can be laid out: the machine, a limit of the account, or the style."""

from __future__ import annotations

import errno
import resource
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING

import pytest
from PIL import UnidentifiedImageError

from serienpost import Message
from serienpost_channel_letter import weasy
from serienpost_channel_letter.jobs import Job, JobDone, JobFailed, LetterDone
from serienpost_channel_letter.sender import letter_of
from serienpost_channel_letter.style import Style
from serienpost_channel_letter.worker import JobRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Writer

MACHINE, MEMORY = "on this machine", "too much memory"


@pytest.fixture(autouse=True)
def time_of_the_tests() -> Iterator[None]:
    """A runner limits the process that it works in; here that is the one of all other tests."""
    before = resource.getrlimit(resource.RLIMIT_CPU)
    yield
    resource.setrlimit(resource.RLIMIT_CPU, before)


@pytest.fixture
def job(writer: Writer) -> Job:
    content = writer.content()
    return Job(Style.of(content), [letter_of(Message("T00000000001", "run-1", 1, content))])


def answers(job: Job) -> list[object]:
    ours, theirs = Pipe()
    with ours, theirs:
        JobRunner(theirs, 20.0).do(job)
        found = []
        while ours.poll():
            found.append(ours.recv())
    return found


@pytest.mark.parametrize("method", ["lay_out", "write", "__init__"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "x", "/tmp/geheim"), f"{MACHINE}: No space left on device"),
        (PermissionError(errno.EACCES, "x"), f"{MACHINE}: Permission denied"),
        (FileNotFoundError(errno.ENOENT, "x"), f"{MACHINE}: No such file or directory"),
        (OSError(errno.EMFILE, "x"), f"{MACHINE}: Too many open files"),
        (
            OSError("cannot load library 'libpango-1.0-0': error 0x7e."),
            f"{MACHINE}: the library libpango-1.0-0 cannot be loaded",
        ),
        (
            ModuleNotFoundError("x", name="tinyhtml5"),
            f"{MACHINE}: the module tinyhtml5 cannot be imported",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_machine_lacks_is_no_fault_of_letters_and_no_limit(
    job: Job, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception, said: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(weasy.WeasyEngine, method, fail)
    failed = answers(job)[-1]
    assert isinstance(failed, JobFailed)
    (problem,) = failed.problems
    assert said in problem.message
    assert "doctor" in (problem.hint or "")
    assert "geheim" not in str(problem)


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "x")])
def test_too_little_memory_is_the_limit_of_the_account(
    job: Job, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(weasy.WeasyEngine, "write", fail)
    failed = answers(job)[-1]
    assert isinstance(failed, JobFailed)
    assert MEMORY in failed.problems[0].message


def test_an_image_that_cannot_be_read_is_the_fault_of_its_letter(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise UnidentifiedImageError("cannot identify image file")

    monkeypatch.setattr(weasy.WeasyEngine, "lay_out", fail)
    done, end = answers(job)
    assert isinstance(done, LetterDone)
    assert isinstance(end, JobDone)
    assert getattr(done.result, "code", None) == "layout"
