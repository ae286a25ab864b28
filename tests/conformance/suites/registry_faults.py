"""The misbehaving registries, through the real client over real sockets and TLS, with the real address policy.

The walk is the pull's: resolve, manifest (of an index: linux/amd64), config, layers. Beside the answer of the client
each case checks what the network saw: no connection to an address that is refused, no credential where none belongs.
"""

import base64
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from shared.commands import AddressPolicy, OciCommand, PolicySettings, parse_command
from shared.credentials.model import Credential
from shared.credentials.secret import Secret
from shared.egress import build_session, parse_authority, resolve_and_judge
from shared.egress.reasons import NAME_LOOKUP_TIMED_OUT
from shared.errors import PlugportError, Reason, Transient
from shared.registry.client import RegistryClient
from shared.registry.descriptors import Descriptor, Platform
from shared.registry.limits import Limits
from shared.registry.manifests import MAX_CONFIG_BYTES
from shared.registry.platforms import fetch_platform_manifest
from tests.conformance.hostile_certificates import TRUSTED, authority
from tests.conformance.hostile_http import TIME_SCALE
from tests.conformance.hostile_registry import HOSTS, REACHABLE, REBOUND, HostileRegistry
from tests.conformance.model import Suite

Case = Mapping[str, Any]

#: The suite's codes and the reasons that they are here.
REASON_CODES: Final[Mapping[str, frozenset[str]]] = {
    "AUTH_FAILED": frozenset({"registry_auth_failed"}),
    "AUTH_REALM_INVALID": frozenset({"auth_realm_invalid"}),
    "BAD_LINK": frozenset({"bad_pagination_link"}),
    "BAD_REDIRECT": frozenset({"bad_redirect"}),
    "BLOB_TOO_LARGE": frozenset({"blob_too_large"}),
    "CONFIG_TOO_LARGE": frozenset({"config_too_large"}),
    "CONNECT_FAILED": frozenset({"connection_reset", "connection_refused", "connection_failed"}),
    "DIGEST_ALGORITHM": frozenset({"digest_algorithm_unsupported"}),
    "DIGEST_INVALID": frozenset({"digest_invalid"}),
    "DIGEST_MISMATCH": frozenset({"digest_mismatch"}),
    "FOREIGN_LAYER": frozenset({"foreign_layer"}),
    "HOST_UNRESOLVED": frozenset({"unresolvable_host", "name_lookup_failed"}),
    "INDEX_AMBIGUOUS": frozenset({"index_ambiguous"}),
    "INDEX_CYCLE": frozenset({"index_cycle"}),
    "INDEX_TOO_DEEP": frozenset({"index_too_deep"}),
    "INDEX_TOO_WIDE": frozenset({"index_too_wide"}),
    "INSECURE_REDIRECT": frozenset({"insecure_redirect"}),
    "INTERNAL_ADDRESS": frozenset({"internal_network_address"}),
    "MANIFEST_AMBIGUOUS": frozenset({"manifest_ambiguous"}),
    "MANIFEST_INVALID": frozenset({"manifest_invalid", "digest_invalid", "too_many_layers"}),
    "MANIFEST_TOO_LARGE": frozenset({"manifest_too_large"}),
    "MEDIA_TYPE_MISMATCH": frozenset({"media_type_mismatch"}),
    "MEDIA_TYPE_UNSUPPORTED": frozenset({"media_type_unsupported"}),
    "NOT_FOUND": frozenset({"registry_not_found"}),
    "PLATFORM_NOT_FOUND": frozenset({"platform_not_found"}),
    "PORT_DENIED": frozenset({"port_denied"}),
    "PROTOCOL_ERROR": frozenset({"registry_protocol_error", "http_protocol_error"}),
    "RATE_LIMITED": frozenset({"registry_rate_limited"}),
    "REGISTRY_ERROR": frozenset({"registry_error"}),
    "SIZE_MISMATCH": frozenset({"size_mismatch"}),
    "TIMEOUT": frozenset(
        {"registry_timeout", "response_timed_out", "connection_timed_out", "name_lookup_timed_out"},
    ),
    "TLS_ERROR": frozenset({"tls_verification_failed", "tls_handshake_failed"}),
    "TOO_MANY_LAYERS": frozenset({"too_many_layers"}),
    "TOO_MANY_PAGES": frozenset({"too_many_pages"}),
    "TOO_MANY_REDIRECTS": frozenset({"too_many_redirects"}),
}
_CODE: Final = re.compile(r"[A-Z]+(?:_[A-Z]+)+|TIMEOUT")
_WANTED: Final = Platform("linux", "amd64")
_USERNAME: Final = "user-canary-71"
_PASSWORD: Final = "password-canary-93"
#: Real seconds of one case, everything included.
_DEADLINE_SECONDS: Final = 20.0
#: Of one pull, retries included.
_MAX_CONNECTIONS: Final = 16
_MAX_LAYER_BYTES: Final = 1 << 20
#: The production limits, as much shorter as the fake's delays are.
_LIMITS: Final = Limits(
    connect_timeout_seconds=5 * TIME_SCALE,
    read_timeout_seconds=10 * TIME_SCALE,
    patience_seconds=30 * TIME_SCALE,
    max_listed=1000,
)
_VERIFICATION_MISSING: Final = Reason(
    "not_built", "signatures are not verified in this walk yet", "Build the verification of signatures."
)


class _Names:
    """The case's own answers; a name without one does not resolve, a slow one ends at the deadline."""

    def __init__(self, registry: HostileRegistry) -> None:
        self._registry = registry
        self._counts: Counter[str] = Counter()

    def resolve(self, host: str, _port: int, timeout_seconds: float) -> Sequence[str]:
        self._counts[host] += 1
        answers, delay = self._registry.answers_of(host, self._counts[host])
        if delay > timeout_seconds:
            time.sleep(timeout_seconds)
            raise Transient(NAME_LOOKUP_TIMED_OUT, host)
        if answers is not None:
            return answers
        if host == HOSTS["REBIND"][0] and self._counts[host] > 1:
            return [REBOUND]
        return [address for name, address in HOSTS.values() if name == host]


class _LoopbackIsPublic:
    """The real policy; the loopback addresses of the case's public hosts stand for public ones."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    def refuse(self, host: str, port: int, address: str | None) -> Reason | None:
        return self._policy.refuse(host, port, None if address in REACHABLE else address)


def run(case: Case) -> dict[str, Any]:
    """Serve the script, pull, and tell what came out and what the network saw."""
    with HostileRegistry(case["script"]) as registry:
        command = parse_command(registry.expand(case["command"]))
        assert isinstance(command, OciCommand)
        client = _client(registry, command, with_credential=case["credentials"])
        started = time.monotonic()
        outcome: dict[str, Any] = {"result": "ok", "reason": None}
        try:
            _OPERATIONS[case.get("operation", "pull")](client, command)
        except PlugportError as error:
            outcome = {"result": "error", "reason": error.reason.code, "retryable": error.retryable}
            outcome["message"] = error.message
        outcome["seconds"] = round(time.monotonic() - started, 1)
        outcome["violations"] = _violations(registry, str(outcome), outcome["seconds"])
        return outcome


def check(case: Case, actual: Mapping[str, Any]) -> bool:
    """Compare result, reason and class; a second answer that the case names is right, too."""
    if actual["violations"]:
        return False
    for alternative in case.get("also_ok", ()):
        if alternative.startswith("ok") and actual["result"] == "ok":
            return True
        if actual["reason"] in _reasons(alternative):
            return True
    if actual["result"] != case["result"]:
        return False
    if case["result"] == "ok":
        return True
    return actual["reason"] in _reasons(case["reason"]) and actual["retryable"] == case["retryable"]


def _reasons(text: str) -> frozenset[str]:
    return frozenset().union(*(REASON_CODES.get(code, frozenset()) for code in _CODE.findall(text)))


def _client(registry: HostileRegistry, command: OciCommand, *, with_credential: bool) -> RegistryClient:
    policy = _LoopbackIsPublic(PolicySettings().address_policy(command))
    names = _Names(registry)
    session = build_session(
        policy=policy,
        resolver=names,
        ca_bundles={name: authority(TRUSTED).pem for name, _ in HOSTS.values()},
        resolve_timeout_seconds=3 * TIME_SCALE,
    )

    def judge(host: str, port: int) -> None:
        resolve_and_judge(host, port, policy=policy, resolver=names, timeout_seconds=3 * TIME_SCALE)

    credential = Credential(parse_authority(command.registry), "basic", _USERNAME, Secret(_PASSWORD))
    return RegistryClient(
        command.registry,
        command.repository,
        session=session,
        judge=judge,
        credential=credential if with_credential else None,
        limits=_LIMITS,
        sleep=lambda seconds: time.sleep(seconds * TIME_SCALE),
    )


def _pull(client: RegistryClient, command: OciCommand) -> None:
    manifest = fetch_platform_manifest(client, client.resolve(_reference(command)), _WANTED)
    for layer in manifest.layers:
        client.open_blob(layer)
    client.fetch_blob(manifest.config, max_bytes=MAX_CONFIG_BYTES)
    for layer in manifest.layers:
        _read(client, layer)


def _read(client: RegistryClient, layer: Descriptor) -> None:
    buffer = bytearray(_MAX_LAYER_BYTES)
    with client.open_blob(layer) as reader:
        while reader.readinto(buffer):
            pass


def _list_tags(client: RegistryClient, _command: OciCommand) -> None:
    client.list_tags()


def _list_referrers(client: RegistryClient, command: OciCommand) -> None:
    client.list_referrers(client.resolve(_reference(command)).digest)


def _verify(client: RegistryClient, command: OciCommand) -> None:
    """Look signatures up as the verification will; that there is none to judge them yet is said, not passed over."""
    digest = client.resolve(_reference(command)).digest
    client.list_referrers(digest)
    client.resolve(f"{digest.replace(':', '-')}.sig")
    raise Transient(_VERIFICATION_MISSING)


def _reference(command: OciCommand) -> str:
    return command.digest or command.tag or "latest"


def _violations(registry: HostileRegistry, told: str, seconds: float) -> list[str]:
    found = [f"connection to {address}" for address in registry.connections if address not in REACHABLE]
    secrets = (_PASSWORD, base64.b64encode(f"{_USERNAME}:{_PASSWORD}".encode()).decode(), "canary")
    for request in registry.requests:
        sent = request.headers.get("authorization", "")
        if sent and request.host not in {"REG", "AUTH"}:
            found.append(f"credential at {request.host}")
        if any(secret in request.target for secret in secrets):
            found.append(f"credential in a URL at {request.host}")
        found += [f"{name} at {request.host}" for name in ("cookie", "x-evil") if name in request.headers]
        scope = request.target.partition("?")[2]
        if request.host == "AUTH" and ("push" in scope or "other" in scope or "catalog" in scope):
            found.append("a wider scope was asked for")
    if any(secret in told for secret in secrets):
        found.append("a secret in the error")
    if len(registry.connections) > _MAX_CONNECTIONS:
        found.append(f"{len(registry.connections)} connections")
    if seconds > _DEADLINE_SECONDS:
        found.append(f"{seconds} seconds")
    return found


_OPERATIONS: Final[Mapping[str, Callable[[RegistryClient, OciCommand], None]]] = {
    "pull": _pull,
    "list_tags": _list_tags,
    "list_referrers": _list_referrers,
    "verify": _verify,
}
SUITES: Final = {"registry_faults": Suite("registry_faults", ("registry_faults.json",), run, check)}
