"""The conformance runner itself, with suites made for the test."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.catalogue import DEFAULT_CASES, SUITE_NAMES, CaseFile, case_files
from tests.conformance.done import DONE
from tests.conformance.model import Suite
from tests.conformance.parallel import run_files
from tests.conformance.report import broken, closing_line, json_line, table, tally
from tests.conformance.runner import Outcome, Watch, run_cases

CASES: list[dict[str, Any]] = [
    {"id": "good", "strength": "must", "input": 1, "expected": {"n": 1}},
    {"id": "wrong", "level": "should", "input": 2, "expected": {"n": 1}},
    {"id": "crash", "input": "x", "expected": {"n": 1}},
]

REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("socket.getaddrinfo", ("evil.example.com", 80)),
    ("socket.connect", (None, ("192.0.2.1", 80))),
]
ALLOWED: list[tuple[str, tuple[Any, ...]]] = [
    ("socket.getaddrinfo", ("127.0.0.1", 80)),
    ("socket.connect", (None, ("::1", 80, 0, 0))),
    ("socket.connect", (None, "/run/x")),
]


def _run(case: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": case["input"] + 0}


def _check(case: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    return bool(case["expected"] == actual)


SUITE = Suite("hosts", ("hosts.json",), _run, _check)


def _outcomes(name: str = "hosts", suite: Suite = SUITE, watch: Watch | None = None) -> list[Outcome]:
    return list(run_cases([CaseFile(name, Path("x"), CASES)], {suite.name: suite}, watch=watch or Watch()))


def test_a_crash_is_that_cases_failure() -> None:
    """An adapter that raises fails its case; the others go on."""
    good, wrong, crash = _outcomes()
    assert (good.ok, good.must) == (True, True)
    assert (wrong.ok, wrong.must, wrong.actual) == (False, False, {"n": 2})
    assert (crash.ok, crash.must) == (False, True)
    assert "TypeError" in str(crash.actual)


def test_a_suite_without_an_adapter_fails() -> None:
    """A suite that nothing runs yet fails in every case: never a skip."""
    assert [outcome.ok for outcome in _outcomes("signatures")] == [False, False, False]


def test_reaching_out_fails_the_case() -> None:
    """A case that looks a name up for real, or dials another machine, fails even if its answer is right."""
    watch = Watch()

    def run(case: Mapping[str, Any]) -> dict[str, Any]:
        for event, arguments in ALLOWED:
            watch.hook(event, arguments)
        for event, arguments in REFUSED:
            with pytest.raises(PermissionError):
                watch.hook(event, arguments)
        return dict(case["expected"])

    outcomes = _outcomes(suite=Suite("hosts", (), run, _check), watch=watch)
    assert not any(outcome.ok for outcome in outcomes)
    assert "192.0.2.1, evil.example.com" in str(outcomes[0].actual)


def test_json_has_one_line_a_case() -> None:
    """A line of --json has exactly the five fields, whatever the answer holds."""
    line = json.loads(json_line(Outcome("hosts", "a", must=True, ok=False, expected=1, actual={"x": b"\xff"})))
    assert line == {"suite": "hosts", "id": "a", "ok": False, "expected": 1, "actual": {"x": "b'\\xff'"}}


def test_numbers_and_closing_line() -> None:
    """Must and should are counted apart; the closing line has both sums."""
    counted = tally(_outcomes(), ["hosts", "signatures"])
    assert table(counted, frozenset({"hosts"}))[1].split() == ["hosts", "1", "1", "0", "1", "done"]
    assert table(counted, frozenset())[2].endswith("open (no cases in this folder)")
    assert closing_line(counted) == "1 passed, 2 failed"


def test_only_declared_suites_stop_ci() -> None:
    """An open suite may fail; a declared one may not fail a must, nor differ in more than 3 % of its should cases."""
    counted = tally(_outcomes())
    assert broken(counted, done=frozenset(), max_differing=0.03, strict=False) == []
    assert broken(counted, done=frozenset(), max_differing=0.03, strict=True) == ["hosts"]
    assert broken(counted, done=frozenset({"hosts"}), max_differing=0.03, strict=False) == ["hosts"]
    assert broken(tally([], ["hosts"]), done=frozenset({"hosts"}), max_differing=0.03, strict=False) == ["hosts"]
    small = [Outcome("hosts", name, must=False, ok=name != "a", expected=1, actual=1) for name in "abcde"]
    assert broken(tally(small), done=frozenset({"hosts"}), max_differing=0.03, strict=False) == []
    for differing, stops in ((3, []), (4, ["hosts"])):
        outcomes = [
            Outcome("hosts", "a", must=False, ok=number >= differing, expected=1, actual=1) for number in range(100)
        ]
        assert broken(tally(outcomes), done=frozenset({"hosts"}), max_differing=0.03, strict=False) == stops


def test_files_belong_to_the_suite_they_are_named_after(tmp_path: Path) -> None:
    """File names count first, then the `suite` field; further files of a known kind are run; others are ignored."""
    documents: dict[str, object] = {
        "commands_hostile.json": {"suite": "command_validation", "cases": CASES},
        "more.json": {"suite": "hosts", "cases": CASES},
        "notes.json": {"text": "x"},
        "list.json": [1],
    }
    for name, document in documents.items():
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "signatures").mkdir()
    (tmp_path / "signatures" / "index.json").write_text(json.dumps({"vectors": [{"id": "v"}]}))
    assert [file.suite for file in case_files(tmp_path)] == ["commands_hostile", "hosts", "signatures"]


def test_declared_suites_have_their_cases_in_the_repository() -> None:
    """What is declared done is a known suite, and its cases are here (the signature vectors alone lie outside)."""
    here = {file.suite for file in case_files(DEFAULT_CASES)}
    assert set(SUITE_NAMES) - here == {"signatures"}
    assert set(SUITE_NAMES) >= DONE


def test_files_run_beside_each_other_in_their_order(tmp_path: Path) -> None:
    """Each file runs in a process of its own; outcomes come in the order of the files, and can't be lost."""
    cases = [{"id": name, "strength": "must", "input": {"command": name}, "expected": {"ok": False}} for name in "ab"]
    files = [CaseFile(suite, tmp_path, cases) for suite in ("signatures", "command_parse")]
    assert [(outcome.suite, outcome.case_id, outcome.ok) for outcome in run_files(files)] == [
        ("signatures", "a", False),
        ("signatures", "b", False),
        ("command_parse", "a", True),
        ("command_parse", "b", True),
    ]
