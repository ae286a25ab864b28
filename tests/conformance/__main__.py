"""`python -m tests.conformance [--cases DIR] [--suite NAME …] [--declared] [--json] [--failures] [--strict]`."""

import argparse
import os
import sys
from pathlib import Path

from tests.conformance import report
from tests.conformance.catalogue import DEFAULT_CASES, SUITE_NAMES, case_files
from tests.conformance.done import DONE, MAX_DIFFERING_SHOULD
from tests.conformance.parallel import run_files


def main() -> int:
    """Run; exit code 1 when a suite declared done fails, 2 when there is nothing to run."""
    arguments = _arguments()
    folder = Path(arguments.cases or os.environ.get("CONFORMANCE_DIR") or DEFAULT_CASES)
    wanted = frozenset(arguments.suite or SUITE_NAMES)
    if arguments.declared:
        wanted &= DONE
    files = [file for file in case_files(folder) if file.suite in wanted]
    if not files:
        print(f"no cases in {folder}", file=sys.stderr)
        return 2
    outcomes = []
    for outcome in run_files(files):
        outcomes.append(outcome)
        if arguments.json:
            print(report.json_line(outcome))
    counted = report.tally(outcomes, [name for name in SUITE_NAMES if name in wanted])
    # With --json the standard output is for programs alone.
    people = sys.stderr if arguments.json else sys.stdout
    if arguments.failures:
        print(*[report.failure_line(outcome) for outcome in outcomes if not outcome.ok], sep="\n", file=people)
    done = DONE & {file.suite for file in files}
    stopped = report.broken(counted, done=done, max_differing=MAX_DIFFERING_SHOULD, strict=arguments.strict)
    print(*report.table(counted, DONE), sep="\n", file=people)
    if stopped:
        print(f"not as declared: {', '.join(stopped)}", file=people)
    print(report.closing_line(counted), file=people)
    return 1 if stopped else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("--cases", metavar="DIR", help="folder of cases (CONFORMANCE_DIR; tests/conformance/cases)")
    parser.add_argument(
        "--suite", action="extend", nargs="+", choices=SUITE_NAMES, metavar="NAME", help="only these suites"
    )
    parser.add_argument("--declared", action="store_true", help="only the suites that are declared done (done.py)")
    parser.add_argument("--json", action="store_true", help="one line a case: suite, id, ok, expected, actual")
    parser.add_argument("--failures", action="store_true", help="show each failed case")
    parser.add_argument("--strict", action="store_true", help="exit code 1 on any failure")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
