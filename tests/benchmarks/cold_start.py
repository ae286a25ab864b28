"""Cold starts: import and client set-up of each function's handler, beside bare boto3, each in a fresh process.

CPU time, because this machine is shared: a cold start neither waits for anything nor uses a second core, so CPU and
wall time are the same where nobody else works.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
ROUNDS: Final = 9
UNIT: Final = "import boto3; boto3.client('sqs')"
_MEBIBYTE: Final = 1024
#: Ends each child: its CPU time since the interpreter was up, and the most memory it ever had.
_REPORT: Final = (
    "\nimport json, time\n"
    "peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1]\n"
    "print(json.dumps({'seconds': time.process_time() - begun, 'kibibytes': int(peak)}))\n"
)
#: Tools of the development environment that botocore loads where it finds them; a function has neither.
_BEGIN: Final = (
    "import sys\nsys.modules['awscrt'] = sys.modules['OpenSSL'] = None\nimport time\nbegun = time.process_time()\n"
)
_START: Final = "from functions.{0}.handler import _composition\n_composition()"
#: What is loaded late (ADR 0018) is a cost of the first use, and measured as its own line.
_FIRST_USES: Final = {
    "registration, first body": ("registration", "import functions.registration.bodies"),
    "health_check, first grpc:// plugin": ("health_check", "import asyncio, shared.health.grpc_probe"),
}


def cold_starts() -> list[dict[str, Any]]:
    """Measure every function; the yardstick runs in every round beside them."""
    names = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))
    codes = {UNIT: UNIT, **{name: _START.format(name) for name in names}}
    codes |= {use: f"{_START.format(name)}\n{code}" for use, (name, code) in _FIRST_USES.items()}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in codes}
    environments = {UNIT: {}, **{name: environment_of(name) for name in names}}
    environments |= {use: environments[name] for use, (name, _) in _FIRST_USES.items()}
    for number in range(ROUNDS + 1):
        for name, code in codes.items():
            run = _fresh(code, environments[name])
            if number:  # the first round only warms the file cache
                runs[name].append(run)
    unit = runs.pop(UNIT)
    measurements = []
    for name, own in runs.items():
        seconds = [run["seconds"] for run in own]
        ratios = [run["seconds"] / other["seconds"] for run, other in zip(own, unit, strict=True)]
        measurements.append(_row(f"cold start {name}", "ms CPU", [value * 1000 for value in seconds], ratios))
        memory = [run["kibibytes"] / _MEBIBYTE for run in own]
        ratios = [run["kibibytes"] / other["kibibytes"] for run, other in zip(own, unit, strict=True)]
        measurements.append(_row(f"memory after cold start {name}", "MiB", memory, ratios))
    return measurements


def environment_of(function: str) -> Mapping[str, str]:
    """Give a value for each variable that the function needs."""
    settings = importlib.import_module(f"functions.{function}.settings").Settings
    needed = [field for field in fields(settings) if field.default is MISSING and field.default_factory is MISSING]
    return {field.name.upper(): "1" if field.type is int else "https://example.invalid/x" for field in needed}


def _fresh(code: str, environment: Mapping[str, str]) -> dict[str, float]:
    """Run the code in a process of its own, without site customisation, as a function's container does."""
    paths = os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))])
    ended = subprocess.run(
        [sys.executable, "-S", "-s", "-c", f"{_BEGIN}{code}{_REPORT}"],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": paths,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    values: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return values


def _row(name: str, unit: str, values: list[float], ratios: list[float]) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "versus": UNIT,
        "ratio": statistics.median(ratios),
    }


MEASUREMENTS: Final[Mapping[str, Callable[[], list[dict[str, Any]]]]] = {"cold starts": cold_starts}
