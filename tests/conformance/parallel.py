"""Run the files of cases beside each other, each in a process of its own: much of the time is spent waiting."""

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Final

from tests.conformance.catalogue import CaseFile, load_suites
from tests.conformance.runner import Outcome, Watch, failed_outcome, run_cases

#: Processes at once; the slowest suites wait for deadlines more than they compute.
_PROCESSES: Final = 4


def run_files(files: Sequence[CaseFile]) -> Iterator[Outcome]:
    """Give every outcome in the order of the files.

    A file whose process dies (a crash of the interpreter, no memory) fails in every case, and only that file does.
    """
    context = multiprocessing.get_context("spawn")
    # The longest files first, the answers in the given order.
    begun: dict[int, Future[list[Outcome]]] = {}
    with ProcessPoolExecutor(_PROCESSES, mp_context=context, max_tasks_per_child=1) as pool:
        for number in sorted(range(len(files)), key=lambda number: -_weight(files[number])):
            begun[number] = pool.submit(_run_file, files[number])
        for number, file in enumerate(files):
            try:
                yield from begun[number].result()
            except BrokenProcessPool:
                yield from (failed_outcome(file.suite, case, "the process of this file died") for case in file.cases)


def _run_file(file: CaseFile) -> list[Outcome]:
    watch = Watch()
    watch.install()
    return [_portable(outcome) for outcome in run_cases([file], load_suites(), watch=watch)]


def _portable(outcome: Outcome) -> Outcome:
    """Give an outcome that can go to another process, whatever the adapter put into it."""
    return replace(outcome, actual=json.loads(json.dumps(outcome.actual, default=repr)))


def _weight(file: CaseFile) -> int:
    """Files that talk to servers or start children take longest."""
    slow = {"registry_faults": 1_000_000, "tar_cases": 500_000, "api_bad": 100_000}
    return slow.get(file.suite, 0) + len(file.cases)
