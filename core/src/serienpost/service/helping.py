"""A run delivered by several processes of one command: this one and its helpers."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost.errors import LedgerError, SerienpostError
from serienpost.ledger.claims import is_on_the_wire
from serienpost.ledger.connections import deliverers
from serienpost.ledger.runs import find_run
from serienpost.run.send.helpers import Helpers, ask, heed
from serienpost.run.send.helpers import ProgressWriter as ProgressWriter  # noqa: PLC0414  # the face takes it from here
from serienpost.run.send.session import Options, continue_run, free_dead
from serienpost.run.send.stop import Stop
from serienpost.run.send.workers import number_of_workers
from serienpost.service.notices import Notice
from serienpost.translation import present_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.config.models import Workers
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.send.helpers import Lost
    from serienpost.run.send.loop_state import LoopProgress
    from serienpost.service.opened import OpenedPractice

# What a helper is; `-P`: it imports nothing that lies in the present folder.
_PROGRAM = ("-P", "-m", "serienpost.cli.helper")

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def continue_with_helpers(
    practice: OpenedPractice,
    run_id: str,
    workers: Workers,
    options: Options,
    *,
    report: Callable[[LoopProgress], None],
    stop: Stop,
) -> None:
    """Deliver what is open, by as many processes as `workers` says; see `continue_run`.

    They have ended when this returns or raises. What a helper leaves that died is taken over.
    """
    context, ledger = practice.context, practice.ledger
    longest_call = 0.0

    def lost(one: Lost) -> None:
        told = {"run": run_id, "process": one.process, "text": one.why}
        practice.notify(Notice("helper_lost", told))

    def begun(renderer: RunRenderer) -> int:
        nonlocal longest_call
        longest_call = renderer.channel.longest_call
        number = number_of_workers(workers, renderer, ledger, run_id)
        helpers.start(number - 1)
        return number

    def is_over() -> bool:
        return _state(ledger, run_id) != "sending"

    def may_last(process: int) -> float:
        try:
            with ledger.read() as tx:
                return longest_call if is_on_the_wire(tx, run_id, process) else 0.0
        except LedgerError:
            return longest_call

    command = _command(practice, run_id, options)
    helpers = Helpers(command, report, stop, lost, may_last)
    with helpers:
        with_helpers = replace(options, begun=begun)
        continue_run(context, ledger, run_id, with_helpers, report=helpers.report, stop=stop)
        if not helpers.were_started:
            return
        helpers.wait(is_over)
        free_dead(context, ledger, run_id)
        if _is_left(ledger, run_id):
            helpers.again()
            continue_run(context, ledger, run_id, options, report=helpers.report, stop=stop)


def _command(practice: OpenedPractice, run_id: str, options: Options) -> list[str]:
    """What starts a helper: nobody's data stands in it, since everybody may read it."""
    folder, language = str(practice.context.folder), present_language()
    wait = "wait" if options.wait else "no-wait"
    return [sys.executable, *_PROGRAM, folder, run_id, practice.actor, language, wait]


def help_to_deliver(
    practice: OpenedPractice, run_id: str, *, wait: bool, orders: int, writer: ProgressWriter
) -> None:
    """Be a helper: deliver a run that another process is sending.

    Args:
        practice: opened by this process.
        run_id: the run.
        wait: wait here for rate, time and retries.
        orders: this process's end of its lifeline.
        writer: tells who started it how far it is.

    Raises:
        SerienpostError: this process cannot deliver it, and it is still being sent.
    """
    stop, ledger = Stop(), practice.ledger
    # A service manager signals every process of a service, a person perhaps this one.
    for number in _STOPPING:
        signal.signal(number, lambda *_signalled: ask(stop, 1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    threading.Thread(target=heed, args=(orders, stop), name="lifeline", daemon=True).start()
    if _state(ledger, run_id) != "sending":
        return
    try:
        options = Options(wait=wait, by_itself=True, join=True)
        continue_run(practice.context, ledger, run_id, options, report=writer.progress, stop=stop)
    except SerienpostError:
        if _state(ledger, run_id) == "sending":
            raise
    finally:
        writer.end()


def own_streams() -> tuple[int, int]:
    """Take stdin and stdout of this process away from whatever else would use them, such as a
    `print` of a plugin; returns lifeline and answers."""
    orders, answers = os.dup(0), os.dup(1)  # not inherited by processes of its own
    os.set_blocking(answers, False)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return orders, answers


def _is_left(ledger: Ledger, run_id: str) -> bool:
    """Whether it is still being sent, and by nobody."""
    with ledger.read() as tx:
        return find_run(tx, run_id).state == "sending" and not deliverers(tx, run_id)


def _state(ledger: Ledger, run_id: str) -> str:
    with ledger.read() as tx:
        return find_run(tx, run_id).state
