"""Run cases through their adapters. A crash is that case's failure, and so is reaching out of this machine."""

import ipaddress
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.conformance.catalogue import CaseFile
from tests.conformance.model import Suite

_EXPECTED_FIELDS: Final = ("expected", "expect", "result", "reason", "retryable", "expect_status", "internal")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case came to.

    Attributes:
        suite, case_id: which case.
        must: False for a `should`.
        ok: whether the answer is the expected one.
        expected, actual: for a reader.
    """

    suite: str
    case_id: str
    must: bool
    ok: bool
    expected: object
    actual: object

    def document(self) -> dict[str, object]:
        """Give the line of `--json`."""
        return {
            "suite": self.suite,
            "id": self.case_id,
            "ok": self.ok,
            "expected": self.expected,
            "actual": self.actual,
        }


class Watch:
    """Notes every attempt to leave this machine; the names in the cases must not be looked up for real."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def install(self) -> None:
        """Watch this process from now on (an audit hook can't be taken away again)."""
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse look-ups of names and connections to other machines."""
        if event == "socket.getaddrinfo":
            self._check(arguments[0])
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            self._check(arguments[1][0])

    def taken(self) -> list[str]:
        """Give what was noted since the last call."""
        seen, self.seen = self.seen, []
        return seen

    def _check(self, host: object) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        try:
            local = ipaddress.ip_address(name.partition("%")[0]).is_loopback
        except ValueError:
            local = name in {"localhost", ""}
        if not local:
            self.seen.append(name)
            raise PermissionError(f"{name}: a conformance case stays on this machine")


def failed_outcome(suite: str, case: Mapping[str, Any], error: str) -> Outcome:
    """Give the outcome of a case that could not be run to its end."""
    return Outcome(suite, str(case["id"]), _is_must(case), ok=False, expected=_expected(case), actual={"error": error})


def run_cases(files: Iterable[CaseFile], suites: Mapping[str, Suite], *, watch: Watch) -> Iterator[Outcome]:
    """Run every case of the files, one after another."""
    for file in files:
        suite = suites.get(file.suite)
        for case in file.cases:
            ok, actual = _run(suite, case, watch)
            yield Outcome(file.suite, str(case["id"]), _is_must(case), ok, _expected(case), actual)


def _run(suite: Suite | None, case: Mapping[str, Any], watch: Watch) -> tuple[bool, object]:
    if suite is None:
        return False, {"error": "not_built: no adapter runs this suite yet"}
    try:
        actual = suite.run(case)
        ok = suite.check(case, actual)
    except Exception as error:  # noqa: BLE001 - whatever the code under test raises is this case's failure
        return False, {"error": f"{type(error).__name__}: {error}"[:300]}
    finally:
        escaped = watch.taken()
    if escaped:
        return False, {"error": f"reached out to {', '.join(sorted(set(escaped)))}", "actual": actual}
    return bool(ok), actual


def _is_must(case: Mapping[str, Any]) -> bool:
    return bool(case.get("strength", case.get("level", "must")) == "must")


def _expected(case: Mapping[str, Any]) -> object:
    fields = {name: case[name] for name in _EXPECTED_FIELDS if name in case}
    return next(iter(fields.values())) if len(fields) == 1 else fields
