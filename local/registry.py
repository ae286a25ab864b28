"""A real registry beside the stack: Debian's `docker-registry`, started without root for CI and `make interop`.

The stack's own registry is the emulator's ECR; this one has authentication, deletion and none of the emulator's gaps.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from local.errors import LocalError
from local.paths import LOCAL

_HOST: Final = "127.0.0.1"
_BINARY: Final = "docker-registry"
_START_SECONDS: Final = 15
_POLL_SECONDS: Final = 0.05
#: Who may come in with `basic`; the hash below is of this password (bcrypt, low cost: it guards nothing).
USERNAME: Final = "plugport"
PASSWORD: Final = "plugport-password"
_HTPASSWD: Final = f"{USERNAME}:$2b$05$qLN9CQ/9TQFK68380wtICugAGeorq1WgFiUTklr7MBrJ90MQy0IhS\n"


@dataclass(frozen=True, slots=True)
class TokenAuthentication:
    """A token service that a registry believes (https://distribution.github.io/distribution/spec/auth/token/).

    Attributes:
        realm: URL where clients get tokens.
        service: who the tokens are for.
        issuer: who they are from.
        certificates: PEM text; tokens that lead to one of these count.
        username, password: what the service asks for.
    """

    realm: str
    service: str
    issuer: str
    certificates: str
    username: str
    password: str


Authentication = Literal["none", "basic"] | TokenAuthentication


@dataclass(frozen=True, slots=True)
class RunningRegistry:
    """A registry that answers.

    Attributes:
        host: `127.0.0.1:port`, plain HTTP.
        username, password: what it, or its token service, asks for; empty for none.
        storage: the folder that holds its blobs, for tests that break them.
        log: its log file.
    """

    host: str
    username: str
    password: str
    storage: Path
    log: Path


def is_installed() -> bool:
    """Say whether this machine has the registry's program."""
    return shutil.which(_BINARY) is not None


@contextlib.contextmanager
def running_registry(authentication: Authentication = "none", *, port: int = 0) -> Iterator[RunningRegistry]:
    """Run an empty registry on the loopback interface; it and its blobs are gone afterwards.

    Args:
        authentication: `none`, `basic` with `USERNAME` and `PASSWORD`, or a token service.
        port: where it listens; 0 = on a free one.

    Raises:
        LocalError: the program is missing or did not start, or another process has the port.
    """
    program = shutil.which(_BINARY)
    if program is None:
        raise LocalError(f"{_BINARY} is not installed", f"apt-get install {_BINARY}, or use the stack's own registry.")
    LOCAL.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="registry-", dir=LOCAL) as name:
        folder = Path(name)
        port = _reserved_port(port)
        (folder / "config.json").write_text(json.dumps(_configuration(folder, port, authentication)))
        process = _start(program, folder)
        try:
            _wait_until_it_answers(process, port, folder / "log")
            username, password = _asked_for(authentication)
            yield RunningRegistry(
                host=f"{_HOST}:{port}",
                username=username,
                password=password,
                storage=folder / "storage",
                log=folder / "log",
            )
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(program: str, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        # JSON is YAML; OTEL and REGISTRY_* variables of the caller would override the file.
        return subprocess.Popen(
            [program, "serve", str(folder / "config.json")],
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _configuration(folder: Path, port: int, authentication: Authentication) -> dict[str, Any]:
    """Give a configuration, and write the files that it names (https://distribution.github.io/distribution/about/configuration/)."""
    configuration: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}, "delete": {"enabled": True}},
        "http": {"addr": f"{_HOST}:{port}", "secret": "one-process"},
    }
    if isinstance(authentication, TokenAuthentication):
        (folder / "certificates.pem").write_text(authentication.certificates)
        configuration["auth"] = {
            "token": {
                "realm": authentication.realm,
                "service": authentication.service,
                "issuer": authentication.issuer,
                "rootcertbundle": str(folder / "certificates.pem"),
            }
        }
    elif authentication == "basic":
        (folder / "htpasswd").write_text(_HTPASSWD)
        configuration["auth"] = {"htpasswd": {"realm": "plugport", "path": str(folder / "htpasswd")}}
    return configuration


def _asked_for(authentication: Authentication) -> tuple[str, str]:
    if isinstance(authentication, TokenAuthentication):
        return authentication.username, authentication.password
    return (USERNAME, PASSWORD) if authentication == "basic" else ("", "")


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-500:]
            raise LocalError(f"{_BINARY} did not start: {tail}", "Try it by hand: docker-registry serve CONFIG.")
        time.sleep(_POLL_SECONDS)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{_HOST}:{port}/v2/", timeout=2):
            return True
    except urllib.error.HTTPError as error:
        # 401 is an answer: the registry asks who we are.
        with error:
            return error.code == 401  # noqa: PLR2004 - HTTP's Unauthorized
    except OSError:
        return False


def _reserved_port(wanted: int) -> int:
    """Give the wanted port or a free one; what another process answers there must not be taken for our registry."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted))
        except OSError as error:
            raise LocalError(f"port {wanted} is taken", "Stop the process that listens there.") from error
        return int(probe.getsockname()[1])
