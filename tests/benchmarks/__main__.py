"""`python -m tests.benchmarks [NAME …] [--json]`: one line a measurement.

A module of this folder is run when its name, or the name of one of its benchmarks, holds one of the given names. It
exports `MEASUREMENTS` (name → function) or `BENCHMARKS` (functions), or defines functions named `measure_…`; each
function gives a list of measurements.
"""

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from tests import benchmarks

Benchmark = Callable[[], list[dict[str, Any]]]
FIELDS = ("name", "unit", "median", "min", "max", "versus", "ratio")


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; exit code 1 when a benchmark failed, 2 when no benchmark has such a name."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only benchmarks whose module or name holds this")
    parser.add_argument("--json", action="store_true", help=f"one JSON object a line: {', '.join(FIELDS)}")
    options = parser.parse_args(argv)
    chosen = [(name, run) for name, run in all_benchmarks() if not options.names or _is_wanted(name, options.names)]
    if not chosen:
        print(f"no benchmark has a name with {' or '.join(options.names)} in it", file=sys.stderr)
        return 2
    print(_machine(), file=sys.stderr)
    return max(_run(name, run, as_json=options.json) for name, run in chosen)


def all_benchmarks() -> Iterator[tuple[str, Benchmark]]:
    """Give every benchmark of every module, as (`module: name`, function)."""
    for info in pkgutil.iter_modules(benchmarks.__path__):
        if info.name != "__main__":
            module = importlib.import_module(f"{benchmarks.__name__}.{info.name}")
            yield from ((f"{info.name}: {name}", run) for name, run in benchmarks_of(module))


def benchmarks_of(module: ModuleType) -> Iterator[tuple[str, Benchmark]]:
    """Give one module's benchmarks, however it exports them."""
    exported = getattr(module, "MEASUREMENTS", getattr(module, "BENCHMARKS", None))
    if isinstance(exported, Mapping):
        yield from exported.items()
    elif exported is not None:
        yield from ((run.__name__, run) for run in exported)
    else:
        yield from ((name, run) for name, run in vars(module).items() if name.startswith("measure_"))


def line(measurement: Mapping[str, Any]) -> str:
    """Give one measurement for a person."""
    median, low, high = (f"{measurement[name]:,.3f}" for name in ("median", "min", "max"))
    text = f"{measurement['name']:<56} {median:>12} {measurement['unit']:<12} [{low} … {high}]"
    ratio = measurement.get("ratio")
    return text if ratio is None else f"{text}  {ratio:.2f} x {measurement.get('versus')}"


def _run(name: str, run: Benchmark, *, as_json: bool) -> int:
    try:
        measurements = run()
    except Exception as error:  # noqa: BLE001 - one benchmark that fails must not hide the others
        print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    for measurement in measurements:
        row = {field: measurement.get(field) for field in FIELDS}
        print(json.dumps(row) if as_json else line(row), flush=True)
    return 0


def _is_wanted(name: str, words: Sequence[str]) -> bool:
    return any(word in name for word in words)


def _machine() -> str:
    python, load = platform.python_version(), os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} CPUs, Python {python}, load {load:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
