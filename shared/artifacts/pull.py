"""Pull one artifact: ordered, named steps, each safe to repeat; nothing is reachable before all of them agree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from shared.artifacts.limits import PullLimits
from shared.artifacts.ports import ArtifactStore, Registry, StoredArtifact
from shared.artifacts.progress import Step, WatchedRegistry
from shared.artifacts.reasons import CHECKSUM_MISMATCH
from shared.artifacts.selection import Candidate, Selected, read_candidate, select_manifests
from shared.artifacts.unpack import Unpacked
from shared.commands.model import DEFAULT_TAG, OciCommand
from shared.errors import Refused
from shared.plugins.record import Version
from shared.registry.manifests import Descriptor, ImageManifest, Index, parse_platform

NOT_CHECKED: Final[Mapping[str, Any]] = {"state": "not_checked", "reason": "no_signature_check_configured"}


class SignatureCheck(Protocol):
    """Verifies signatures over a manifest digest."""

    def __call__(self, manifest_digest: str, /) -> Mapping[str, Any]:
        """Give `{state: verified|warned|not_checked, reason, …}`; raise `Refused` where the policy refuses."""


@dataclass(frozen=True, slots=True)
class PulledVersion:
    """What a pull gives: everything in it was verified.

    Attributes:
        reference: `registry/repository[:tag]@sha256:<hex>`.
        manifest_digest: of the manifest or index that the reference resolved to.
        media_type: of that manifest or index.
        platforms: `os/architecture[/variant]` → the stored executable.
        plugin_config: the artifact's own config document, `{}` where it has none.
        warnings: what a person should know about the artifact.
        signature: {state, reason, …}: never more than what was done.
    """

    reference: str
    manifest_digest: str
    media_type: str
    platforms: Mapping[str, StoredArtifact]
    plugin_config: Mapping[str, Any]
    warnings: tuple[str, ...]
    signature: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedArtifact:
    """What a pull would fetch; fields as in `PulledVersion`.

    Attributes:
        platforms: platform → bytes to fetch; a platform that only the executable itself tells is written as the
            wanted ones joined by ` or `.
    """

    reference: str
    manifest_digest: str
    media_type: str
    platforms: Mapping[str, int]
    plugin_config: Mapping[str, Any]
    warnings: tuple[str, ...]
    signature: Mapping[str, Any]


def pull_artifact(
    command: OciCommand,
    *,
    registry: Registry,
    store: ArtifactStore,
    platforms: Sequence[str],
    limits: PullLimits | None = None,
    checksum: str | None = None,
    already_stored: Sequence[Version] = (),
    verify_signature: SignatureCheck | None = None,
    report: Callable[[Step], None] = lambda _: None,
    remaining_seconds: Callable[[], float] | None = None,
) -> PulledVersion:
    """Pull the command's artifact for the wanted platforms into the store.

    Args:
        command: what to pull; `arch=` in it replaces `platforms`.
        registry: the command's repository.
        store: where executables go.
        platforms: wanted, `os/architecture[/variant]`, at least one.
        limits: bounds of sizes.
        checksum: SHA-256 of the executable, with or without `sha256:`, that it must have.
        already_stored: versions whose stored executables need not be fetched again; the manifest decides.
        verify_signature: called with the digest before any blob is fetched; None = nothing is checked.
        report: told at each step and every few MiB.
        remaining_seconds: how long the function may still run; None = no bound.

    Raises:
        Refused: someone must act; the reason is one of `shared.artifacts.reasons` or `shared.registry.reasons`.
        Transient: try again. In both cases nothing of this pull is reachable.
    """
    pull = _Pull(
        command=command,
        registry=WatchedRegistry(registry, report, remaining_seconds, limits or PullLimits()),
        platforms=platforms,
        limits=limits or PullLimits(),
        verify_signature=verify_signature,
        report=report,
    )
    for step in _LOOKING_STEPS:
        step(pull)
    stored = _fetch_and_store(pull, store, _parse_checksum(checksum), already_stored)
    return PulledVersion(
        reference=pull.reference,
        manifest_digest=pull.root.digest,
        media_type=pull.root.media_type,
        platforms=stored,
        plugin_config=pull.plugin_config,
        warnings=tuple(dict.fromkeys(pull.warnings)),
        signature=pull.signature,
    )


def plan_artifact(
    command: OciCommand,
    *,
    registry: Registry,
    platforms: Sequence[str],
    limits: PullLimits | None = None,
    verify_signature: SignatureCheck | None = None,
    report: Callable[[Step], None] = lambda _: None,
) -> PlannedArtifact:
    """Walk the steps of `pull_artifact` up to the first blob of content; arguments and errors as there."""
    pull = _Pull(
        command=command,
        registry=registry,
        platforms=platforms,
        limits=limits or PullLimits(),
        verify_signature=verify_signature,
        report=report,
    )
    for step in _LOOKING_STEPS:
        step(pull)
    return PlannedArtifact(
        reference=pull.reference,
        manifest_digest=pull.root.digest,
        media_type=pull.root.media_type,
        platforms={" or ".join(map(str, found.platforms)): found.fetch_bytes for found in pull.candidates},
        plugin_config=pull.plugin_config,
        warnings=tuple(dict.fromkeys(pull.warnings)),
        signature=pull.signature,
    )


@dataclass(slots=True)
class _Pull:
    """What the steps know so far; each adds to it."""

    command: OciCommand
    registry: Registry
    platforms: Sequence[str]
    limits: PullLimits
    verify_signature: SignatureCheck | None
    report: Callable[[Step], None]
    root: Descriptor = field(init=False)
    found: ImageManifest | Index = field(init=False)
    selected: tuple[Selected, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    signature: Mapping[str, Any] = field(default_factory=dict)
    plugin_config: Mapping[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        tag = f":{self.command.tag}" if self.command.tag else ""
        return f"{self.command.registry}/{self.command.repository}{tag}@{self.root.digest}"


def _resolve_reference(pull: _Pull) -> None:
    wanted = pull.command.digest or pull.command.tag or DEFAULT_TAG
    pull.report(Step("resolve_reference", wanted))
    pull.root = pull.registry.resolve(wanted)


def _fetch_manifest(pull: _Pull) -> None:
    pull.report(Step("fetch_manifest", pull.root.digest))
    pull.found = pull.registry.fetch_manifest(pull.root.digest)


def _select_platforms(pull: _Pull) -> None:
    architecture = pull.command.params.arch
    names = [architecture] if architecture else pull.platforms
    pull.report(Step("select_platforms", ", ".join(names)))
    wanted = [parse_platform(name) for name in dict.fromkeys(names)]
    pull.selected, missing = select_manifests(pull.root, pull.found, wanted, pull.registry)
    pull.warnings.extend(f"The index does not offer {platform}." for platform in missing)


def _verify_signature(pull: _Pull) -> None:
    pull.report(Step("verify_signature", pull.root.digest))
    pull.signature = pull.verify_signature(pull.root.digest) if pull.verify_signature else NOT_CHECKED


def _read_config(pull: _Pull) -> None:
    for selected in pull.selected:
        pull.report(Step("read_config", selected.manifest.digest))
        candidate = read_candidate(selected, pull.registry, pull.limits)
        pull.candidates += (candidate,)
        pull.plugin_config = pull.plugin_config or candidate.plugin_config
        if candidate.image_config is not None:
            pull.warnings.extend(candidate.image_config.warnings)


#: In this order; none of them writes anything.
_LOOKING_STEPS: Final[tuple[Callable[[_Pull], None], ...]] = (
    _resolve_reference,
    _fetch_manifest,
    _select_platforms,
    _verify_signature,
    _read_config,
)


def _fetch_and_store(
    pull: _Pull, store: ArtifactStore, checksum: str | None, already_stored: Sequence[Version]
) -> dict[str, StoredArtifact]:
    """Fetch all candidates, and only when all agree make them reachable."""
    stored: dict[str, StoredArtifact] = {}
    fetched: dict[str, Unpacked] = {}
    started: list[Unpacked] = []
    try:
        for candidate in pull.candidates:
            if known := _find_stored(candidate, pull, store, already_stored):
                stored |= known
                continue
            unpacked = Unpacked(candidate, store=store, limits=pull.limits)
            started.append(unpacked)
            inspection = unpacked.read(pull.registry)
            pull.warnings.extend(inspection.warnings)
            fetched[str(inspection.platform)] = unpacked
        for sha256 in [*(item.sha256 for item in stored.values()), *(item.sha256 for item in fetched.values())]:
            if checksum is not None and sha256 != checksum:
                raise Refused(CHECKSUM_MISMATCH, f"expected {checksum}, the executable has {sha256}")
        for platform, unpacked in fetched.items():
            pull.report(Step("store_artifact", unpacked.sha256))
            stored[platform] = unpacked.commit()
    finally:
        for unpacked in started:
            unpacked.abort()
    return stored


def _find_stored(
    candidate: Candidate, pull: _Pull, store: ArtifactStore, already_stored: Sequence[Version]
) -> dict[str, StoredArtifact]:
    """Give the candidate's executable if an earlier pull of the very same manifest stored it and it is still there."""
    for version in already_stored:
        if version.manifest_digest != pull.root.digest:
            continue
        for platform in map(str, candidate.platforms):
            known = version.platforms.get(platform)
            found = store.find(known["sha256"]) if known else None
            if known and found and found.size_bytes == known["size_bytes"]:
                pull.warnings.extend(version.warnings)
                return {platform: found}
    return {}


def _parse_checksum(checksum: str | None) -> str | None:
    return checksum.removeprefix("sha256:").lower() if checksum else None
