"""The real clients: found or missed with a clear reason, and run with nothing of the caller's configuration."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

_TIMEOUT_SECONDS = 60
_BUILD_SECONDS = 90
#: Set to 1, clients that Debian does not have are built with Go (a minute each, from Go's module proxy).
_BUILD = "PLUGPORT_INTEROP_GO"


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


def require_go_program(name: str, module: str, folder: Path) -> str:
    """Give the path of a client that Debian does not have: the installed one, or one that Go builds into the folder.

    An optional part in CI, too: it is skipped where it is neither installed nor asked for.
    """
    found = shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}{folder}")
    if found:
        return found
    go = shutil.which("go")
    if os.environ.get(_BUILD) != "1" or go is None:
        pytest.skip(f"{name} is not installed; with Go on this machine, {_BUILD}=1 builds it")
    try:
        subprocess.run(
            [go, "install", module],
            env={**os.environ, "GOBIN": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{name} took more than {_BUILD_SECONDS} s to build; what is built is kept, run it again")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{name} can't be built: {error.stderr.decode(errors='replace')[-500:]}")
    return str(folder / name)
