"""The real clients: found or missed with a clear reason, and run with nothing of the caller's configuration."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

_TIMEOUT_SECONDS = 60


def in_ci() -> bool:
    """Say whether a missing part is a failure: CI brings everything itself."""
    return os.environ.get("CI") == "true"


def miss(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI."""
    if in_ci():
        pytest.fail(reason)
    pytest.skip(reason)


def require(program: str) -> str:
    """Give the program's path; without it the test is missed."""
    found = shutil.which(program)
    return found or miss(f"{program} is not installed: apt-get install {program}")


def run(*command: str | Path, cwd: Path | None = None, seconds: float = _TIMEOUT_SECONDS) -> str:
    """Run a client in an empty home, so that no cache, login or registry setting of this machine counts; give stdout.

    Raises:
        AssertionError: it failed; with its words.
    """
    with tempfile.TemporaryDirectory() as home:
        ended = subprocess.run(
            command,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "HOME": home, "XDG_RUNTIME_DIR": home, "TMPDIR": home},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    assert ended.returncode == 0, f"{command[0]}: {ended.stderr[-2000:]}"
    return ended.stdout
