"""Start and stop the demo's plugin servers; what runs is remembered between demos."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_MODULE: Final = "local.demo_parts.plugin_server"
_START_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 10.0


class PluginServer:
    """One server: a port that stays the same, a process that may or may not run.

    Args:
        name: names its files in `folder`.
        folder: where port, process id and log are kept.
        checkout: the repository, for the process's imports.
        watched_pid: the server ends by itself when this process has ended.
    """

    def __init__(self, name: str, *, folder: Path, checkout: Path, watched_pid: int | None) -> None:
        self._file = folder / f"{name}.json"
        self._log = folder / f"{name}.log"
        self._checkout = checkout
        self._watched = watched_pid
        folder.mkdir(parents=True, exist_ok=True)
        state = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.port = int(state.get("port", 0))
        self._pid = int(state.get("pid", 0))
        if not self.port or (not self._is_ours() and _is_open(self.port)):
            self.port = _free_port()
            self._save(0)

    def start(self) -> bool:
        """Start unless it runs; False when it ran already. Raises `RuntimeError` when it does not come up."""
        if self._is_ours() and _is_open(self.port):
            return False
        command = [sys.executable, "-m", _MODULE, str(self.port)]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*command, str(self._watched)] if self._watched else command,
                cwd=self._checkout,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._save(process.pid)
        until = time.monotonic() + _START_SECONDS
        while not _is_open(self.port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the plugin server did not start: see {self._log}")
            time.sleep(0.05)
        return True

    def stop(self) -> None:
        """Stop it if it is ours and runs."""
        if not self._is_ours():
            return
        os.kill(self._pid, signal.SIGTERM)
        until = time.monotonic() + _STOP_SECONDS
        while _is_open(self.port):
            if time.monotonic() > until:
                raise RuntimeError(f"the plugin server (process {self._pid}) does not stop")
            time.sleep(0.05)
        self._save(0)

    def _save(self, pid: int) -> None:
        self._pid = pid
        self._file.write_text(json.dumps({"port": self.port, "pid": pid}))

    def _is_ours(self) -> bool:
        """Say whether the remembered process still is the server: a process id alone may have a new owner."""
        words = _command_of(self._pid) if self._pid > 0 else ()
        return _MODULE in words and str(self.port) in words


def _command_of(pid: int) -> Sequence[str]:
    """Give the words of a process's command line, none when there is no such process."""
    proc = Path("/proc")
    if proc.is_dir():
        try:
            return (proc / str(pid) / "cmdline").read_text(errors="replace").split("\0")
        except OSError:
            return ()
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.split()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
