"""The AWS emulator: start, stop, is it ours and alive."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from local.errors import LocalError
from local.paths import EMULATOR_LOG, HOME, LOCAL, TEMPORARY
from local.state import State

HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 5
_POLL_SECONDS: Final = 0.05
#: Below what systems hand out to clients, so that no connection sits on our port between two starts.
_FIRST_PORT: Final = 14_000
_PORTS: Final = 16_000


def endpoint_url(state: State) -> str:
    """Give the emulator's URL, for `AWS_ENDPOINT_URL`."""
    return f"http://{HOST}:{state.port}"


def is_running(state: State) -> bool:
    """Say whether the process that we started is alive and answers."""
    return state.pid > 0 and _started(state.pid) == state.pid_started and _answers(state)


def start(state: State) -> State:
    """Start the emulator on its port, or on a new one if another process has taken it.

    Raises:
        LocalError: it did not come up.
    """
    port = state.port if state.port and _is_free(state.port) else _free_port()
    for folder in (TEMPORARY, HOME):
        folder.mkdir(parents=True, exist_ok=True)
    with EMULATOR_LOG.open("ab") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("ministack")],
            env=_environment(port),
            cwd=LOCAL,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = replace(state.stopped(), port=port, pid=process.pid, pid_started=_started(process.pid))
    started.save()
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(started):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(started).save()
            raise LocalError("the emulator did not start", f"Read {EMULATOR_LOG}.")
        time.sleep(_POLL_SECONDS)
    # It outlives whoever started it: nobody waits for it, and a dropped handle must not complain about that.
    process.returncode = 0
    return started


def stop(state: State) -> State:
    """Stop the emulator with the functions that it runs; does nothing when it is not ours or gone."""
    if state.pid > 0 and _started(state.pid) == state.pid_started:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(state.pid, number)
            except ProcessLookupError:
                break
            if _wait_until_gone(state.pid):
                break
    return state.stopped()


def _environment(port: int) -> dict[str, str]:
    """Give the whole environment: functions inherit it, so nothing of the caller's may be in it."""
    return {
        "HOME": str(HOME),
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(TEMPORARY),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Every function runs under its own role: least privilege is tested.
        "AUTH": "true",
        # One worker process a concurrent call: what a developer's machine bears.
        "LAMBDA_ACCOUNT_CONCURRENCY": "24",
        "LC_ALL": "C.UTF-8",
    }


def _answers(state: State) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint_url(state)}/_ministack/health", timeout=5) as answer:  # noqa: S310 - http to our own loopback port
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (urllib.error.URLError, OSError):
        return False


def _started(pid: int) -> str:
    """Give when a process started, in the system's own words; empty when there is none or it is a zombie."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        # Field 2 is the name in parentheses and may hold anything; state is field 3, start time field 22.
        rest = stat.read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self").exists():
            return ""
        return _started_by_ps(pid)
    return "" if rest[0] == "Z" else rest[19]


def _started_by_ps(pid: int) -> str:
    """Same where there is no /proc."""
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not _started(pid):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    """Choose a port by the checkout's path: two checkouts rarely meet, and one keeps its URL after `make clean`."""
    start = zlib.crc32(str(LOCAL).encode()) % _PORTS
    for number in range(_PORTS):
        port = _FIRST_PORT + (start + number) % _PORTS
        if _is_free(port):
            return port
    raise LocalError("no port is free", "Stop what listens on this machine's loopback ports.")
