"""The API in this process: gateway, authorizer and registration on tables in memory."""

import base64
import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from functions.authorizer.handler import Authorizer, Unauthorized
from functions.authorizer.use_case import StoredToken
from functions.registration.api import Api
from functions.registration.ports import ArtifactUrls, Ports
from shared.commands import PolicySettings
from shared.errors import PlugportError, Transient
from shared.plugins.ports import STORE_UNAVAILABLE, PluginKey
from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Change
from shared.tokens import new_token, token_key
from tests.unit.plugins.fakes import InMemoryPluginTable

NOW: Final = 1_795_500_000.0
PLUGINS: Final = "/api/v1/plugins"
Headers = Mapping[str, "str | Sequence[str] | None"]


class Clock:
    """A clock that only the test moves."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        """Give the time."""
        return self.now


class InMemoryTokens:
    """`TokenTable` in memory; `unavailable` makes it fail."""

    def __init__(self) -> None:
        self.unavailable = False
        self._tokens: dict[str, StoredToken] = {}

    def find_token(self, key: str) -> StoredToken | None:
        """`TokenTable`."""
        if self.unavailable:
            raise Transient(STORE_UNAVAILABLE)
        return self._tokens.get(key)

    def add(self, token_id: str, *, scopes: str, namespaces: str, expires_at: int | None = None) -> str:
        """Store a token and give its text."""
        text = new_token()
        stored = StoredToken(token_id, tuple(scopes.split()), tuple(namespaces.split()), expires_at, revoked=False)
        self._tokens[token_key(text)] = stored
        return text

    def rebind(self, text: str, *, namespaces: str) -> None:
        """Bind a token to other namespaces."""
        self._tokens[token_key(text)] = replace(self._tokens[token_key(text)], namespaces=tuple(namespaces.split()))

    def revoke(self, text: str) -> None:
        """Mark a token revoked."""
        self._tokens[token_key(text)] = replace(self._tokens[token_key(text)], revoked=True)


class FakeArtifactUrls:
    """`ArtifactUrls` that only says what was asked."""

    def download_url(self, key: str, *, file_name: str, lifetime_seconds: int) -> str:
        """`ArtifactUrls`."""
        return f"https://bucket.example/{key}?" + urlencode({"name": file_name, "expires": lifetime_seconds})


@dataclass(frozen=True)
class Response:
    """What a client of the API sees.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        text: the body.
        log: everything that the functions printed meanwhile.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    log: str = ""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def codes(self) -> list[str]:
        """The reasons of a refusal."""
        return [entry["code"] for entry in self.json["errors"]] if self.text else []

    @property
    def attributes(self) -> Any:
        """The attributes of the one resource."""
        return self.json["data"]["attributes"]


class LocalGateway:
    """API Gateway with the template's routes: `GET /health` is open, everything else goes through the authorizer."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        table: InMemoryPluginTable | None = None,
        urls: ArtifactUrls | None = None,
    ) -> None:
        self.clock = Clock()
        self.table = table or InMemoryPluginTable(clock=self.clock)
        self.tokens = InMemoryTokens()
        self.urls = urls or FakeArtifactUrls()
        self.authorizer = Authorizer(tokens=self.tokens, clock=self.clock)
        self._made = 0
        self.configure(environment or {"AI_STUDIO_OCI_CACHE_DIR": "/var/cache/plugins"})
        self.admin = self.tokens.add("tok_admin", scopes="read write admin", namespaces="*")
        self.alice = self.tokens.add("tok_alice", scopes="read write", namespaces="team-a")
        self.bob = self.tokens.add("tok_bob", scopes="read write", namespaces="team-b")
        self.reader = self.tokens.add("tok_reader", scopes="read", namespaces="team-a")

    def configure(self, environment: Mapping[str, str]) -> None:
        """Start the API with this environment."""
        policy = PolicySettings.from_environment(environment)
        self.ports = Ports(
            table=self.table, urls=self.urls, policy=policy, clock=self.clock, randomness=self._randomness
        )
        self.api = Api(self.ports)

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object | None = None,
        raw: str | bytes | None = None,
        headers: Headers | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Response:
        """Send one request as `token`; a header that is None is not sent."""
        sent: dict[str, Any] = {} if token is None else {"Authorization": f"Bearer {token}"}
        sent |= headers or {}
        text = json.dumps(body) if body is not None else raw
        event = proxy_event(method, path, headers=sent, body=text, query=query or {})
        with captured_log() as log:
            response = self._send(event)
        return replace(response, log=log.getvalue())

    def create(self, token: str, **fields: Any) -> Response:
        """Register a plugin that is good unless the fields say otherwise."""
        body = {"name": "My Plugin", "command": "grpc://plugins.example.com:50051", "hook_type": "pre_auth"}
        return self.call("POST", PLUGINS, token=token, body={**body, "is_active": True, **fields})

    def store(self, plugin: Plugin, **changes: Any) -> Plugin:
        """Write a record as some worker would have."""
        after = replace(plugin, revision=plugin.revision + 1, **changes)
        version = after.version if after.version != plugin.version else None
        self.table.commit(Change(plugin, after, None, version))
        return after

    def record(self, response: Response) -> Plugin:
        """Give the record behind an answer."""
        data = response.json["data"]
        return self.table.load(PluginKey(self.table.namespace_of(data["id"]) or "", data["id"]))

    def _send(self, event: dict[str, Any]) -> Response:
        if (event["httpMethod"], event["path"]) != ("GET", "/health"):
            values = event["multiValueHeaders"].get("Authorization")
            if not values:
                return Response(401)
            arn = f"arn:aws:execute-api:eu-west-1:123456789012:api/live/{event['httpMethod']}{event['path']}"
            try:
                policy = self.authorizer.handle({"type": "TOKEN", "authorizationToken": values[-1], "methodArn": arn})
            except Unauthorized:
                return Response(401)
            except PlugportError:
                return Response(500)
            event["requestContext"]["authorizer"] = {**policy["context"], "principalId": policy["principalId"]}
        answer = self.api.handle(event)
        names = {name.lower(): value for name, value in answer["headers"].items()}
        return Response(answer["statusCode"], names, answer["body"])

    def _randomness(self, size: int) -> bytes:
        self._made += 1
        return self._made.to_bytes(size, "big")


def proxy_event(
    method: str, path: str, *, headers: Headers, body: str | bytes | None, query: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the event of a REST API's proxy integration."""
    path, _, text = path.partition("?")
    pairs = [*parse_qsl(text, keep_blank_values=True), *((name, str(value)) for name, value in query.items())]
    many: dict[str, list[str]] = {}
    for name, value in pairs:
        many.setdefault(name, []).append(value)
    sent = {n: [v] if isinstance(v, str) else list(v) for n, v in headers.items() if v is not None}
    encoded = isinstance(body, bytes)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in sent.items()},
        "multiValueHeaders": sent,
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
        "requestContext": {"stage": "live", "path": f"/live{path}", "requestId": "3b1e5c0a-request", "identity": {}},
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": encoded,
    }


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """Collect what the functions print: log lines and metrics."""
    log = io.StringIO()
    handlers = [
        handler
        for name in ("registration", "authorizer")
        for handler in logging.getLogger(name).handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    before = [handler.setStream(log) for handler in handlers]
    try:
        with redirect_stdout(log):
            yield log
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            if stream is not None:
                handler.setStream(stream)


def version(number: int = 1, **platforms: str) -> Version:
    """Give a pulled version; platforms as `linux_amd64="<64 hex>"`."""
    shas = platforms or {"linux_amd64": "a" * 64}
    return Version(
        number=number,
        source=f"registry.example.com/plugins/my-plugin:v1@sha256:{'d' * 64}",
        manifest_digest=f"sha256:{'d' * 64}",
        media_type="application/vnd.oci.image.manifest.v1+json",
        platforms={
            name.replace("_", "/"): {"sha256": f"sha256:{sha}", "size_bytes": 12, "key": f"artifacts/sha256/{sha}"}
            for name, sha in shas.items()
        },
        signature={"state": "not_checked", "reason": "not_required"},
        warnings=(),
        plugin_config={},
        receipt_key="receipts/team-a/x.json",
        pulled_at="2026-11-24T06:00:00.000Z",
    )
