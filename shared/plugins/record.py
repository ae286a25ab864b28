"""The plugin record and its parts: plain immutable values, no I/O.

Conditions follow the Kubernetes API conventions
(https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties).
Times are RFC 3339 in UTC with seconds; `next_due_at` is epoch seconds because an index sorts by it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

Status = Literal["pending", "validated", "pulling", "ready", "rejected", "failed"]
ConditionType = Literal[
    "CommandValid",
    "ReferenceResolved",
    "SignatureVerified",
    "ArtifactStored",
    "Reachable",
    "Healthy",
    "Ready",
]
ConditionStatus = Literal["True", "False", "Unknown"]

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Condition:
    """One observed aspect of a plugin.

    Attributes:
        type: the aspect; each has exactly one writer.
        status: True, False or Unknown, as text.
        reason: stable code, snake_case; empty only where the status says it all.
        message: the values behind the reason, never a secret.
        hint: what a person should do next.
        observed_generation: the generation that was looked at.
        last_transition_at: when `status` last changed.
    """

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str
    hint: str
    observed_generation: int
    last_transition_at: str


@dataclass(frozen=True, slots=True)
class Version:
    """One pulled and verified version; immutable once it is stored.

    Attributes:
        number: 1, 2, 3 … in the order of pulling.
        source: what was pulled, `registry/repository[:tag]@sha256:<hex>`.
        manifest_digest: `sha256:<hex>` of the manifest or index that the reference resolved to.
        media_type: media type of that manifest or index.
        platforms: `os/architecture` → {sha256, size_bytes, key} of the executable in object storage.
        signature: {state: verified|warned|not_checked, reason, …}: never more than what was done.
        warnings: what a person should know about the artifact.
        plugin_config: the artifact's own config document, `{}` where it has none.
        receipt_key: object storage key of the receipt.
        pulled_at: when the version was stored.
    """

    number: int
    source: str
    manifest_digest: str
    media_type: str
    platforms: Mapping[str, Mapping[str, Any]]
    signature: Mapping[str, Any]
    warnings: tuple[str, ...]
    plugin_config: Mapping[str, Any]
    receipt_key: str
    pulled_at: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Build from the mapping that `asdict` gave; unknown keys of a newer release are ignored."""
        return cls(**{**_known(cls, document), "warnings": tuple(document.get("warnings", ()))})


@dataclass(frozen=True, slots=True)
class Plugin:
    """The whole record of one plugin.

    Attributes:
        id: `plg_` and 26 base32 characters, sorted by creation time.
        namespace: the tenant; part of every key.
        slug: unique in its namespace.
        name: for people.
        description: for people.
        command: the canonical text of the command, e.g. `grpc://host:50051`.
        command_given: the command as the caller wrote it.
        scheme: `file`, `grpc` or `oci`.
        source_key: `registry/repository` of an oci command, else empty: triggers find the plugin by it.
        oci_reference: the caller's own field beside the command, or None.
        checksum: `sha256:<hex>` that the executable must have, or None.
        hook_type: the primary hook.
        hook_types: all hooks, the primary one among them.
        plugin_type: the caller's category text.
        is_active: False takes the plugin out of work and out of the gateways' desired state.
        config: opaque to us, a JSON object.
        generation: +1 at each accepted change of the desired state (or reload).
        observed_generation: the newest generation whose work has ended.
        revision: +1 at each write; fences concurrent writers.
        status: see `transitions.py`.
        conditions: by type.
        warnings: policy warnings, in the product's words.
        version: the active version, or None.
        latest_version: the highest version number given out.
        health: what the last probes said, see `shared.health`.
        reload_requested_generation: the last generation that a reload asked for, 0 = never.
        reload_handled_generation: the last such generation whose work has ended.
        last_trigger: {id, digest} of the last push event that asked for a new generation: events come twice.
        attempts: failed attempts of this generation, for the back-off.
        next_due_at: epoch seconds at which the schedule looks at this plugin, None = never.
        created_at, updated_at: times.
    """

    id: str
    namespace: str
    slug: str
    name: str
    command: str
    command_given: str
    scheme: str
    hook_type: str
    hook_types: tuple[str, ...]
    plugin_type: str
    is_active: bool
    created_at: str
    updated_at: str
    description: str = ""
    source_key: str = ""
    oci_reference: str | None = None
    checksum: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    generation: int = 1
    observed_generation: int = 0
    revision: int = 1
    status: Status = "pending"
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    version: Version | None = None
    latest_version: int = 0
    health: Mapping[str, Any] = field(default_factory=dict)
    reload_requested_generation: int = 0
    reload_handled_generation: int = 0
    last_trigger: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    next_due_at: int | None = None

    def to_json(self) -> str:
        """Give the record as one JSON document (what the table keeps)."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Build from `to_json`; unknown keys of a newer release are ignored (old and new code overlap)."""
        document = json.loads(text)
        known = _known(cls, document)
        known["hook_types"] = tuple(document["hook_types"])
        known["warnings"] = tuple(document.get("warnings", ()))
        known["conditions"] = {
            name: Condition(**_known(Condition, value)) for name, value in document.get("conditions", {}).items()
        }
        version = document.get("version")
        known["version"] = Version.from_document(version) if version else None
        return cls(**known)

    def with_condition(
        self,
        kind: ConditionType,
        status: ConditionStatus,
        *,
        now: str,
        reason: str,
        message: str = "",
        hint: str = "",
    ) -> Self:
        """Set one condition for the current generation; `last_transition_at` moves only when `status` does."""
        old = self.conditions.get(kind)
        since = old.last_transition_at if old is not None and old.status == status else now
        new = Condition(
            type=kind,
            status=status,
            reason=reason,
            message=message,
            hint=hint,
            observed_generation=self.generation,
            last_transition_at=since,
        )
        return replace(self, conditions={**self.conditions, kind: new})


def _known(cls: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in cls.__dataclass_fields__ if name in document}
