"""Say what came out, for people and for programs, and whether CI may go on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.conformance.runner import Outcome


@dataclass(slots=True)
class Tally:
    """Numbers of one suite."""

    must_passed: int = 0
    must_failed: int = 0
    should_passed: int = 0
    should_failed: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        name = f"{'must' if outcome.must else 'should'}_{'passed' if outcome.ok else 'failed'}"
        setattr(self, name, getattr(self, name) + 1)

    @property
    def passed(self) -> int:
        """Cases that passed."""
        return self.must_passed + self.should_passed

    @property
    def failed(self) -> int:
        """Cases that failed."""
        return self.must_failed + self.should_failed


def tally(outcomes: Iterable[Outcome], names: Sequence[str] = ()) -> dict[str, Tally]:
    """Count by suite; suites named without an outcome are there with zeros."""
    counted = {name: Tally() for name in names}
    for outcome in outcomes:
        counted.setdefault(outcome.suite, Tally()).add(outcome)
    return counted


def table(counted: Mapping[str, Tally], done: frozenset[str]) -> Sequence[str]:
    """Give one line a suite."""
    lines = [f"{'suite':<20} {'must passed':>11} {'failed':>6} {'should passed':>13} {'failed':>6}  declared"]
    for name, numbers in counted.items():
        declared = "done" if name in done else "open"
        if not numbers.passed + numbers.failed:
            declared += " (no cases in this folder)"
        lines.append(
            f"{name:<20} {numbers.must_passed:>11} {numbers.must_failed:>6} "
            f"{numbers.should_passed:>13} {numbers.should_failed:>6}  {declared}"
        )
    return lines


def closing_line(counted: Mapping[str, Tally]) -> str:
    """Give the one line that ends every run."""
    passed = sum(numbers.passed for numbers in counted.values())
    failed = sum(numbers.failed for numbers in counted.values())
    return f"{passed} passed, {failed} failed"


def json_line(outcome: Outcome) -> str:
    """Give one case for a program."""
    return json.dumps(outcome.document(), default=repr)


def failure_line(outcome: Outcome) -> str:
    """Give one failed case for a person."""
    level = "must" if outcome.must else "should"
    expected, actual = (json.dumps(value, default=repr)[:400] for value in (outcome.expected, outcome.actual))
    return f"{outcome.suite} {outcome.case_id} ({level})\n  expected {expected}\n  actual   {actual}"


def broken(counted: Mapping[str, Tally], *, done: frozenset[str], max_differing: float, strict: bool) -> list[str]:
    """Give the suites that stop CI: declared done and failing, or without any case; with `strict` any failing one.

    One `should` of a suite may always differ: the part that may is less than one case of a small suite.
    """
    stopped = []
    for name, numbers in counted.items():
        should = numbers.should_passed + numbers.should_failed
        differing = numbers.should_failed > max(1, max_differing * should)
        failing = numbers.must_failed > 0 or differing or not numbers.passed
        if (name in done and failing) or (strict and numbers.failed):
            stopped.append(name)
    return stopped
