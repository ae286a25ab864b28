"""validated → pulling → ready, rejected or failed; the last good version stays active whatever happens."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from shared.admission import admit
from shared.artifacts.ports import ReceiptStore
from shared.artifacts.pull import PulledVersion
from shared.commands import OciCommand, PolicySettings
from shared.egress import Resolver
from shared.errors import PlugportError, Reason, Refused
from shared.messages import Message
from shared.plugins.ports import Clock, PluginTable
from shared.plugins.record import ConditionType, Plugin, Version
from shared.plugins.stages import event_for, is_current, key_of, setback
from shared.plugins.transitions import STUCK_AFTER_SECONDS, Change, change
from shared.plugins.work import transition
from shared.pulling import SIGNATURE_NOT_BUILT
from shared.times import rfc3339

ACTOR: Final = "oci_pull"

NOT_AN_OCI_COMMAND = Reason(
    "not_an_oci_command",
    "only oci:// commands are pulled",
    "Nothing to do: file:// and grpc:// plugins are not pulled.",
)
REASONS: Final = (NOT_AN_OCI_COMMAND,)


class PullError(Exception):
    """A pull that ended badly, and at which step."""

    def __init__(self, condition: ConditionType, cause: PlugportError) -> None:
        """Keep which aspect of the plugin is concerned, and why."""
        self.condition: ConditionType = condition
        self.cause = cause
        super().__init__(str(cause))


class Puller(Protocol):
    """Pulls one command's artifact into the store."""

    def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
        """Give what is stored and verified now, or raise `PullError`."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the use case works with."""

    table: PluginTable
    puller: Puller
    receipts: ReceiptStore
    resolver: Resolver
    clock: Clock


def pull_plugin(
    message: Message, *, settings: PolicySettings, ports: Ports, remaining_seconds: Callable[[], float]
) -> Plugin:
    """Pull the plugin's artifact and make it the active version.

    Every step may run twice: the start is fenced by status, the store is content-addressed, the receipt is written
    once, and the version is committed with the record.

    Raises:
        NotFound: the plugin is gone.
        Transient: the record is behind the message, or the table did not answer.
    """
    key = key_of(message)
    is_ours = False

    def start(newest: Plugin) -> Change | None:
        nonlocal is_ours
        started = _started(newest, message, ports.clock())
        is_ours = started is not None
        return started

    plugin = transition(ports.table, key, start)
    if not is_ours:
        return plugin
    try:
        command = _admitted(plugin, settings, ports)
        pulled = ports.puller.pull(command, plugin, remaining_seconds=remaining_seconds)
        decide = _succeeded(plugin, message, pulled, ports)
    except PullError as error:
        decide = _ended_badly(message, error, ports.clock)
    except PlugportError as error:
        decide = _ended_badly(message, PullError("CommandValid", error), ports.clock)

    def fenced(newest: Plugin) -> Change | None:
        current = is_current(newest, message, frozenset({"pulling"})) and newest.command == plugin.command
        return decide(newest) if current else None

    return transition(ports.table, key, fenced)


def _started(plugin: Plugin, message: Message, epoch: float) -> Change | None:
    if not is_current(plugin, message, frozenset({"validated", "pulling"})):
        return None
    if plugin.status == "pulling" and epoch < _epoch(plugin.updated_at) + STUCK_AFTER_SECONDS["pulling"]:
        return None  # another worker is at it, or died less than a function's lifetime ago: the schedule asks again
    event = event_for(message, "plugin.pull_started", actor=ACTOR, epoch=epoch, detail={"command": plugin.command})
    return change(plugin, plugin, event, epoch=int(epoch))


def _epoch(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _admitted(plugin: Plugin, settings: PolicySettings, ports: Ports) -> OciCommand:
    """Judge the command again; raises `PlugportError` or `PullError`."""
    command = admit(plugin.command, settings=settings, resolver=ports.resolver).command
    if not isinstance(command, OciCommand):
        raise Refused(NOT_AN_OCI_COMMAND)
    if settings.require_signature:
        raise PullError("SignatureVerified", Refused(SIGNATURE_NOT_BUILT))
    return command


def _succeeded(plugin: Plugin, message: Message, pulled: PulledVersion, ports: Ports) -> Callable[[Plugin], Change]:
    """Write the receipt, and give the decision that commits the version."""
    document = receipt_of(pulled)
    # Named by its content: one manifest may be pulled by several references, for other platforms, under other policies.
    name = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    receipt_key = f"receipts/{plugin.namespace}/{plugin.id}/{name}.json"
    if plugin.version is None or not _same(plugin.version, pulled):
        try:
            ports.receipts.put_receipt(receipt_key, document)
        except PlugportError as error:
            raise PullError("ArtifactStored", error) from error
    return lambda newest: _ready(newest, message, pulled, receipt_key, ports.clock())


def receipt_of(pulled: PulledVersion) -> Mapping[str, Any]:
    """Give the receipt: what was verified, and what was not. The same pull gives the same document."""
    return {
        "schema": 1,
        "source": pulled.reference,
        "manifest_digest": pulled.manifest_digest,
        "media_type": pulled.media_type,
        "platforms": {name: asdict(artifact) for name, artifact in sorted(pulled.platforms.items())},
        "verified": ["manifest digest", "blob digests and sizes", "executable format", "command policy"],
        "signature": dict(pulled.signature),
    }


def _same(version: Version, pulled: PulledVersion) -> bool:
    """Say whether the pull gave what is active already."""
    platforms = {name: artifact.sha256 for name, artifact in pulled.platforms.items()}
    active = {name: artifact["sha256"] for name, artifact in version.platforms.items()}
    return version.manifest_digest == pulled.manifest_digest and active == platforms


def _ready(plugin: Plugin, message: Message, pulled: PulledVersion, receipt_key: str, epoch: float) -> Change:
    at = rfc3339(epoch)
    unchanged = plugin.version is not None and _same(plugin.version, pulled)
    version = plugin.version if unchanged else _version(plugin, pulled, receipt_key, at)
    digest, state = pulled.manifest_digest, str(pulled.signature.get("state", "not_checked"))
    judged = (
        plugin.with_condition("ReferenceResolved", "True", now=at, reason="resolved", message=pulled.reference)
        .with_condition("SignatureVerified", "Unknown", now=at, reason=str(pulled.signature.get("reason", state)))
        .with_condition("ArtifactStored", "True", now=at, reason="stored", message=digest)
    )
    after = replace(
        judged,
        version=version,
        latest_version=plugin.latest_version if unchanged else plugin.latest_version + 1,
    )
    number = version.number if version is not None else 0
    event = event_for(
        message,
        "plugin.ready",
        actor=ACTOR,
        epoch=epoch,
        detail={"version": number, "digest": digest, "unchanged": unchanged},
    )
    return change(plugin, after, event, epoch=int(epoch), version=None if unchanged else version)


def _version(plugin: Plugin, pulled: PulledVersion, receipt_key: str, at: str) -> Version:
    return Version(
        number=plugin.latest_version + 1,
        source=pulled.reference,
        manifest_digest=pulled.manifest_digest,
        media_type=pulled.media_type,
        platforms={name: asdict(artifact) for name, artifact in pulled.platforms.items()},
        signature=dict(pulled.signature),
        warnings=tuple(pulled.warnings),
        plugin_config=dict(pulled.plugin_config or {}),
        receipt_key=receipt_key,
        pulled_at=at,
    )


def _ended_badly(message: Message, error: PullError, clock: Clock) -> Callable[[Plugin], Change]:
    cause = error.cause

    def decide(plugin: Plugin) -> Change:
        epoch = clock()
        judged = plugin.with_condition(
            error.condition,
            "Unknown" if cause.retryable else "False",
            now=rfc3339(epoch),
            reason=cause.reason.code,
            message=cause.message,
            hint=cause.hint,
        )
        return setback(judged, message, cause, actor=ACTOR, epoch=epoch)

    return decide
