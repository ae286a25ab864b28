"""The answers' shapes, for the OpenAPI document and for the test that holds real answers against them.

No call but the document's own imports this module.
"""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.plugins.record import ConditionStatus, ConditionType, Status

_Attributes = TypeVar("_Attributes", bound=BaseModel)
_Item = TypeVar("_Item", bound=BaseModel)


class _Schema(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class ErrorEntry(_Schema):
    """One thing that is wrong."""

    status: str = Field(description="The HTTP status.")
    code: str = Field(description="Stable: clients may branch on it.")
    title: str = Field(description="The cause, without values.")
    detail: str = Field(description="The values behind the cause.")
    hint: str = Field(description="What to do next.")


class Errors(_Schema):
    """A refusal: the primary reason first."""

    errors: list[ErrorEntry]


class Liveness(_Schema):
    """The function runs."""

    status: Literal["ok"]


class ConditionSchema(_Schema):
    """One observed aspect of a plugin."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str
    hint: str
    observed_generation: int
    last_transition_at: str


class PlatformSchema(_Schema):
    """What identifies the executable of one platform."""

    sha256: str
    size_bytes: int


class VersionSchema(_Schema):
    """A pulled version; immutable."""

    number: int
    source: str = Field(description="registry/repository[:tag]@sha256:<hex>")
    manifest_digest: str
    media_type: str
    platforms: dict[str, PlatformSchema]
    signature: dict[str, Any] = Field(description="What was verified, and what was not.")
    warnings: list[str]
    plugin_config: dict[str, Any]
    pulled_at: str


class ListedVersion(VersionSchema):
    """A version in the history."""

    active: bool


class ReloadState(_Schema):
    """Which generation a reload asked for, and which such generation was handled."""

    requested_generation: int
    handled_generation: int


class _State(_Schema):
    status: Status
    generation: int = Field(description="Counts changes of what is wanted.")
    observed_generation: int = Field(description="The newest generation whose work has ended.")
    conditions: list[ConditionSchema]
    warnings: list[str]
    version: VersionSchema | None = Field(description="The active version: what gateways get.")
    reload: ReloadState


class PluginSchema(_State):
    """A plugin."""

    name: str
    description: str
    namespace: str
    slug: str
    command: str = Field(description="In canonical form.")
    command_given: str
    scheme: Literal["file", "grpc", "oci"]
    oci_reference: str | None
    checksum: str | None
    hook_type: str
    hook_types: list[str]
    plugin_type: str
    is_active: bool
    config: dict[str, Any]
    health: dict[str, Any]
    latest_version: int
    created_at: str
    updated_at: str
    etag: str = Field(description="For If-Match: the generation.")


class StatusSchema(_State):
    """The state of the work on a plugin."""

    is_active: bool
    command: str
    hook_type: str
    hook_types: list[str]
    failed_attempts: int
    updated_at: str


class HealthSchema(BaseModel):
    """What the last probes said; the probe's own fields stand beside these."""

    status: Literal["unknown", "healthy", "unhealthy"] = Field(description="`unknown` until there was a probe.")
    plugin_status: Status
    is_active: bool
    conditions: list[ConditionSchema]


class EventSchema(_Schema):
    """One entry of the audit trail."""

    revision: int
    name: str
    at: str
    actor: str
    correlation_id: str
    detail: dict[str, Any]


class ReloadSchema(_Schema):
    """The generation that was asked for; `observed_generation` of the plugin says when it was handled."""

    generation: int
    status: Status


class FindingSchema(_Schema):
    """One thing that grammar or policy has to say."""

    level: Literal["warn", "deny"]
    code: str
    title: str
    message: str
    hint: str


class ValidationSchema(_Schema):
    """A decision; names are not resolved in the phase `register`."""

    decision: Literal["allow", "warn", "deny"]
    command: str | None
    scheme: str | None
    parsed: dict[str, Any] | None
    findings: list[FindingSchema]
    phase: Literal["register"]


class ArtifactSchema(_Schema):
    """A link to the active executable, and what its bytes must hash to."""

    url: str
    method: Literal["GET"]
    expires_in_seconds: int
    expires_at: str
    platform: str
    sha256: str
    size_bytes: int
    version: int
    source: str
    manifest_digest: str
    signature: dict[str, Any]
    receipt: str


class GatewayArtifact(_Schema):
    """The version that gateways run."""

    version: int
    source: str
    manifest_digest: str
    platforms: dict[str, PlatformSchema]
    signature: dict[str, Any]
    download: str = Field(description="Path that gives a short-lived link.")


class GatewayPluginSchema(_Schema):
    """What to run: `artifact` of an oci:// plugin, else `command`."""

    name: str
    slug: str
    scheme: Literal["file", "grpc", "oci"]
    hook_type: str
    hook_types: list[str]
    plugin_type: str
    config: dict[str, Any]
    generation: int
    ready: ConditionStatus
    command: str | None
    checksum: str | None
    artifact: GatewayArtifact | None


class Resource(_Schema, Generic[_Attributes]):
    """One resource."""

    type: str
    id: str | None = None
    attributes: _Attributes
    links: dict[str, str] | None = None


class Meta(BaseModel):
    """What there is to say beside the data."""

    warnings: list[dict[str, str]] | None = None
    total_count: int | None = None
    next_cursor: str | None = None
    next_after: int | None = None
    namespace: str | None = None


class One(_Schema, Generic[_Item]):
    """An answer with one resource."""

    data: _Item
    meta: Meta | None = None


class Many(_Schema, Generic[_Item]):
    """An answer with a list of resources."""

    data: list[_Item]
    meta: Meta
