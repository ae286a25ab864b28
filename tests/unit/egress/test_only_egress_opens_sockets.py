"""Who may touch the network, as a table: a scan of every module that is deployed or installed."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[3]
FOLDERS: Final = ("shared", "functions", "cli")


class Permission(NamedTuple):
    """One row: a module that can reach the network, who may import it, and why."""

    module: str
    importers: tuple[str, ...]
    why: str


#: An importer is a package (and all below it) or one module; whatever is not listed as a module here is harmless.
ALLOWED: Final = (
    Permission("socket", ("shared.egress",), "the one place that connects"),
    Permission("ssl", ("shared.egress",), "verification can't be configured anywhere else"),
    Permission("http.client", ("shared.egress", "shared.registry.bounded_http"), "errors; bounded answers"),
    Permission("requests", ("shared.egress", "shared.registry", "cli.api"), "registry; the user's own endpoint"),
    Permission("urllib3", ("shared.egress", "shared.registry"), "pools over judged sockets"),
    Permission("oras", ("shared.registry",), "the registry client"),
    Permission("grpc", ("shared.health",), "probes of a judged address"),
    Permission("grpc_health", (), "wire messages are our own"),
    Permission("urllib.request", (), "follows redirects and proxies"),
    Permission("ftplib", (), "not spoken"),
    Permission("smtplib", (), "not spoken"),
    Permission("poplib", (), "not spoken"),
    Permission("imaplib", (), "not spoken"),
    Permission("telnetlib", (), "not spoken"),
    Permission("nntplib", (), "not spoken"),
    Permission("socketserver", (), "nothing listens"),
    Permission("http.server", (), "nothing listens"),
    Permission("xmlrpc", (), "not spoken"),
    Permission("httpx", (), "one HTTP client is enough"),
    Permission("aiohttp", (), "one HTTP client is enough"),
    Permission("httpcore", (), "one HTTP client is enough"),
    Permission("dns", (), "the system's resolver is the only one"),
    Permission("_socket", (), "the way around the first row"),
    Permission("_ssl", (), "the way around the second row"),
)
#: Who may make sessions and requests of its own; the registry client is handed its session, botocore's is for AWS.
SESSION_MAKERS: Final = ("shared.egress", "shared.aws_session", "cli.api")
_SESSION_NAMES: Final = frozenset(
    {"Session", "session", "request", "get", "head", "post", "put", "patch", "delete", "options", "PoolManager"}
)
_MAKERS: Final = frozenset({"Session", "PoolManager", "HTTPConnectionPool", "HTTPSConnectionPool"})
#: asyncio is welcome; its ways to a socket are not.
_ASYNCIO_DIALS: Final = frozenset(
    {
        "create_connection",
        "create_datagram_endpoint",
        "create_server",
        "create_unix_connection",
        "open_unix_connection",
        "sock_connect",
        "start_server",
    }
)


def test_every_module_keeps_to_the_table() -> None:
    """No module that is deployed or installed reaches the network but those of the table."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 10
    violations = [
        f"{path.relative_to(ROOT)}: {violation}"
        for path in files
        for violation in violations_of(path.read_text(encoding="utf-8"), module_of(path))
    ]
    assert violations == []


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "import socket as s",
        "from socket import create_connection",
        "def f():\n    import ssl",
        "import http.client",
        "from http import client",
        "import urllib.request",
        "from urllib import request",
        "import requests",
        "from requests.adapters import HTTPAdapter",
        "import urllib3.util",
        "import httpx",
        "import grpc.aio",
        "__import__('socket')",
        "import importlib\nimportlib.import_module('socket')",
        "import asyncio\nasyncio.open_connection('h', 1)",
        "from asyncio import open_connection",
        "loop.create_connection(f, 'h', 1)",
        "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import socket",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import ast\nelse:\n    import socket",
    ],
)
def test_scan_sees_every_way(source: str) -> None:
    """The scan finds each way to a socket, in a function body and under another name, too."""
    assert list(violations_of(source, "functions.relay.handler"))


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import socket", "shared.egress.connections"),
        ("import requests\ndef f(s: requests.Session): ...", "shared.registry.client"),
        ("from shared.egress import open_connection", "functions.relay.handler"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import socket", "functions.relay.handler"),
        ("from urllib.parse import urlsplit", "cli.api"),
        ("import asyncio\nasyncio.run(f())", "shared.health.runs"),
    ],
)
def test_scan_lets_the_table_pass(source: str, module: str) -> None:
    """What the table allows is no violation; imports for the type checker are none."""
    assert list(violations_of(source, module)) == []


def test_registry_makes_no_session_of_its_own() -> None:
    """A session that is not egress's would dial without judgement."""
    assert list(violations_of("import requests\nrequests.get('https://x')", "shared.registry.client"))
    assert list(violations_of("import requests\nrequests.Session()", "shared.registry.client"))
    assert list(violations_of("from requests import Session\nSession()", "shared.registry.client"))
    assert list(violations_of("from requests import get", "shared.registry.client"))
    assert list(violations_of("import urllib3\nurllib3.PoolManager()", "shared.registry.client"))


def violations_of(source: str, module: str) -> Iterator[str]:
    """Name what a module imports or calls against the table."""
    for node in at_run_time(ast.parse(source)):
        for name in imported(node):
            yield from broken_rows(name, module)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            base, _, last = called.rpartition(".")
            makes = called in _MAKERS or (base in {"requests", "urllib3"} and last in _SESSION_NAMES)
            if makes and not within(module, SESSION_MAKERS):
                yield f"{called}() makes connections of its own"
            is_dial = last in _ASYNCIO_DIALS or called == "asyncio.open_connection"
            if base and is_dial and not within(module, ("shared.egress",)):
                yield f"{called}() opens a socket"


def broken_rows(name: str, module: str) -> Iterator[str]:
    """Name the rows that an import breaks."""
    for row in ALLOWED:
        if within(name, (row.module,)) and not within(module, row.importers):
            yield f"imports {name}, which only {', '.join(row.importers) or 'nobody'} may ({row.why})"
    base, _, last = name.rpartition(".")
    if base in {"requests", "urllib3"} and last in _SESSION_NAMES - {"Session"} and not within(module, SESSION_MAKERS):
        yield f"imports {name}, which makes connections of its own"
    if base == "asyncio" and last in _ASYNCIO_DIALS | {"open_connection"}:
        yield f"imports {name}, which opens a socket"


def imported(node: ast.AST) -> list[str]:
    """Name every module that a statement or call may import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        return [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
    return []


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without what only the type checker sees."""
    yield node
    for_types = isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
    for child in node.orelse if for_types and isinstance(node, ast.If) else ast.iter_child_nodes(node):
        yield from at_run_time(child)


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Say whether a dotted name is one of the packages or below it."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def module_of(path: Path) -> str:
    """Give the dotted name of a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
