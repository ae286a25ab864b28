"""A registry that misbehaves by script, on raw sockets: what an HTTP library would never let a server do.

Each host of a case has its own loopback address and all share one port, so a connection tells which host was meant.
Delays of the cases are shortened by `TIME_SCALE`; the client under test gets limits shortened alike.
"""

import contextlib
import fnmatch
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Self

from tests.conformance.hostile_bodies import OCI_INDEX, OCI_MANIFEST, Artifacts, Body, compact, digest_of
from tests.conformance.hostile_certificates import server_context
from tests.conformance.hostile_http import TIME_SCALE, Seen, dripped, head, pieces, read_request, reset

_RESPOND_FIELDS: Final = frozenset(
    {
        "status", "headers", "body", "chunked", "content_length", "close_after", "reset", "delay_ms",
        "drip", "raw", "raw_repeat", "many_headers", "connect", "tls", "dns", "dns_delay_ms",
    }
)  # fmt: skip
_MAX_REPEATS: Final = 1_000_000
_SOCKET_TIMEOUT_SECONDS: Final = 10.0

#: host label → (name, loopback address). What is not in `REACHABLE` may never see a connection.
HOSTS: Final = {
    "REG": ("registry.example.com", "127.0.0.2"),
    "AUTH": ("auth.example.com", "127.0.0.3"),
    "CDN": ("cdn.example.net", "127.0.0.4"),
    "EVIL": ("evil.example.org", "127.0.0.5"),
    "SUB": ("blobs.registry.example.com", "127.0.0.6"),
    "INT": ("internal.example.net", "127.0.0.7"),
    "REBIND": ("rebind.example.net", "127.0.0.8"),
}
_OWN_PORT: Final = re.compile(rf"\$({'|'.join(HOSTS)}):([0-9]{{1,5}})(?![0-9])")
_FIRST_FREE_PORT: Final = 1024
#: What $REBIND is at the second look-up.
REBOUND: Final = "127.0.0.9"
METADATA: Final = "169.254.169.254"
REACHABLE: Final = frozenset(HOSTS[label][1] for label in ("REG", "AUTH", "CDN", "EVIL", "SUB", "REBIND"))
TOKEN: Final = "token-canary-5e1f"


class HostileRegistry:
    """Serves one case; a context manager."""

    def __init__(self, script: list[dict[str, Any]]) -> None:
        """Read the script; raises `KeyError` for a fault that is not known here."""
        self._listener = socket.create_server(("0.0.0.0", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.artifacts = Artifacts()
        self.requests: list[Seen] = []
        self.connections: list[str] = []
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._challenged = False
        self._lock = threading.Lock()
        self._listeners = [self._listener, *self._listeners_of(json.dumps(script))]
        self._rules = [self._expanded(rule) for rule in script]
        for rule in self._rules:
            unknown = set(rule["respond"]) - _RESPOND_FIELDS
            if unknown:
                raise KeyError(f"{sorted(unknown)} of an answer is not known")
            # Built once here: what is not known fails the case by name, and what it names by digest is served.
            if isinstance(rule["respond"].get("body"), dict):
                self.artifacts.build(rule["respond"]["body"])
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes the accepting thread up, which a close alone does not.
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def expand(self, text: str) -> str:
        """Fill in the variables of a case; a host that a case gives its own port keeps that one."""
        named = self.artifacts.named
        text = _OWN_PORT.sub(lambda match: f"{HOSTS[match[1]][0]}:{match[2]}", text)
        values = {f"${label}": f"{name}:{self.port}" for label, (name, _) in HOSTS.items()}
        values |= {f"${name.upper()}_DIGEST": digest_of(named[name]) for name in ("manifest", "config", "blob")}
        values |= {"$META": METADATA, "$TOKEN": TOKEN}
        for variable in sorted(values, key=len, reverse=True):
            text = text.replace(variable, values[variable])
        return text

    def answers_of(self, name: str, number: int) -> tuple[list[str] | None, float]:
        """Give the scripted addresses of a name at its n-th look-up (from 1), None without a script, and the delay."""
        for rule in self._rules:
            match = rule["match"]
            if match.get("dns") and HOSTS[match["host"]][0] == name and match.get("nth", number) == number:
                return rule["respond"].get("dns"), rule["respond"].get("dns_delay_ms", 0) / 1000 * TIME_SCALE
        return None, 0.0

    def _expanded(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if value == "$AUTHORIZATION" else self.expand(value)
        if isinstance(value, dict):
            if set(value) == {"repeat", "times"}:
                return self.expand(value["repeat"]) * value["times"]
            return {key: self._expanded(item) for key, item in value.items()}
        return [self._expanded(item) for item in value] if isinstance(value, list) else value

    def _listeners_of(self, script: str) -> list[socket.socket]:
        ports = {(HOSTS[match[1]][1], int(match[2])) for match in _OWN_PORT.finditer(script)}
        return [socket.create_server(place, backlog=64) for place in sorted(ports) if place[1] >= _FIRST_FREE_PORT]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        address, port = connection.getsockname()
        label = next((label for label, (_, own) in HOSTS.items() if own == address), "?")
        label = label if port == self.port else f"{label}:{port}"
        with self._lock:
            self.connections.append(address)
            self._counts[label, "", ""] += 1
        with contextlib.suppress(OSError), connection:
            connection.settimeout(_SOCKET_TIMEOUT_SECONDS)
            secured = self._secured(connection, label)
            if secured is not None:
                with secured:
                    while self._answer(secured, label):
                        pass

    def _secured(self, connection: socket.socket, label: str) -> socket.socket | None:
        fault = self._connection_fault(label)
        how = fault.get("connect")
        if how in {"reset", "refused"}:
            reset(connection)
        elif how in {"hang", "timeout"}:
            time.sleep(_SOCKET_TIMEOUT_SECONDS)
        elif how is not None and how != "close":
            raise KeyError(f"a connection that is to {how} is not known")
        kind = fault.get("tls", "good")
        if how is None and kind == "plain-http":
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        if how is not None or kind == "plain-http":
            return None
        names = tuple(name for name, _ in HOSTS.values())
        return server_context(kind, names).wrap_socket(connection, server_side=True)

    def _connection_fault(self, label: str) -> Mapping[str, Any]:
        number = self._counts[label, "", ""]
        for rule in self._rules:
            match = rule["match"]
            applies = match.get("host") == label and match.get("nth", number) == number
            if applies and set(rule["respond"]) & {"connect", "tls"}:
                return dict(rule["respond"])
        return {}

    def _answer(self, connection: socket.socket, label: str) -> bool:
        request = read_request(connection, label)
        if request is None:
            return False
        with self._lock:
            self.requests.append(request)
        respond = self._respond_to(request)
        time.sleep(respond.get("delay_ms", 0) / 1000 * TIME_SCALE)
        if "raw" in respond or "raw_repeat" in respond:
            for _ in range(_MAX_REPEATS if "raw_repeat" in respond else 1):
                connection.sendall(str(respond.get("raw", respond.get("raw_repeat"))).encode())
            return False
        return self._send(connection, respond, request)

    def _send(self, connection: socket.socket, respond: Mapping[str, Any], request: Seen) -> bool:
        body = self._body(respond, request)
        connection.sendall(head(respond, body))
        chunked = respond.get("chunked", False)
        if "close_after" in respond:
            assert isinstance(body, bytes)
            connection.sendall(body[: respond["close_after"]])
            if respond.get("reset"):
                reset(connection)
            return False
        for piece in dripped(body, respond["drip"]) if "drip" in respond else pieces(body):
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            connection.sendall(b"0\r\n\r\n")
        return isinstance(body, bytes)

    def _body(self, respond: Mapping[str, Any], request: Seen) -> Body:
        body = respond.get("body", b"")
        if isinstance(body, Mapping):
            if "text" in body:
                sent = request.headers.get("authorization", "")
                return str(body["text"]).replace("$AUTHORIZATION", sent).encode()
            return self.artifacts.build(body)
        return body if isinstance(body, bytes) else str(body).encode()

    def _respond_to(self, request: Seen) -> Mapping[str, Any]:
        path = request.target.partition("?")[0]
        with self._lock:
            self._counts[request.host, request.method, path] += 1
            number = self._counts[request.host, request.method, path]
        for rule in self._rules:
            match = rule["match"]
            if match.get("dns") or set(rule["respond"]) & {"connect", "tls"}:
                continue
            wanted = (match.get("host"), match.get("method", request.method), match.get("nth", number))
            asked = (request.host, request.method, number)
            if wanted == asked and fnmatch.fnmatchcase(path, match.get("path", "*")):
                self._challenged |= rule["respond"].get("status") == 401 and request.host == "REG"
                return dict(rule["respond"])
        return self._well_behaved(request, path)

    def _well_behaved(self, request: Seen, path: str) -> Mapping[str, Any]:
        if request.host == "AUTH":
            return {"status": 200, "body": compact({"token": TOKEN, "expires_in": 300})}
        if request.host == "REG" and self._challenged and "authorization" not in request.headers:
            return {"status": 401}
        if request.host == "REG" and path.startswith("/v2/plugins/p/"):
            return self._content(path.removeprefix("/v2/plugins/p/"))
        return {"status": 200, "body": self.artifacts.named["blob"]}

    def _content(self, path: str) -> Mapping[str, Any]:
        kind, _, reference = path.partition("/")
        if kind == "tags":
            return {"status": 200, "body": compact({"name": "plugins/p", "tags": ["1"]})}
        if kind == "manifests" and reference == "1":
            reference = digest_of(self.artifacts.named["manifest"])
        media_type, data = self.artifacts.by_digest.get(reference, ("", b""))
        is_manifest = media_type in {OCI_MANIFEST, OCI_INDEX}
        if not data or kind not in {"manifests", "blobs"} or (kind == "manifests") != is_manifest:
            return {"status": 404, "body": compact({"errors": [{"code": "UNKNOWN", "message": "not here"}]})}
        return {
            "status": 200,
            "headers": {"Content-Type": media_type, "Docker-Content-Digest": reference},
            "body": data,
        }
