"""Which manifests of a reference are wanted, and for which platforms each may be; exact, never "compatible"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.artifacts.image_config import ImageConfig, parse_image_config
from shared.artifacts.limits import PullLimits
from shared.artifacts.packaging import (
    ArtifactPackaging,
    ImagePackaging,
    declared_platforms,
    packaging_of,
    parse_plugin_config,
)
from shared.artifacts.ports import Registry
from shared.artifacts.reasons import PLATFORM_MISMATCH
from shared.errors import Refused
from shared.registry.manifests import Descriptor, ImageManifest, Index, Platform
from shared.registry.platforms import fetch_platform_manifest
from shared.registry.reasons import PLATFORM_NOT_FOUND


@dataclass(frozen=True, slots=True)
class Selected:
    """One manifest and the wanted platforms that it may be for (several only while nothing says which)."""

    manifest: ImageManifest
    platforms: tuple[Platform, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A selected manifest with what its config says.

    Attributes:
        platforms: the wanted platforms that it may still be for.
        packaging: where the executable is in it.
        image_config: of an image, None for an artifact.
        plugin_config: of an artifact, `{}` where it has none.
    """

    manifest: ImageManifest
    platforms: tuple[Platform, ...]
    packaging: ImagePackaging | ArtifactPackaging
    image_config: ImageConfig | None
    plugin_config: dict[str, Any]

    @property
    def fetch_bytes(self) -> int:
        """Give the bytes to fetch, compressed."""
        if isinstance(self.packaging, ImagePackaging):
            return sum(layer.size for layer, _ in self.packaging.layers)
        return self.packaging.layer.size


def select_manifests(
    root: Descriptor, found: ImageManifest | Index, wanted: Sequence[Platform], registry: Registry
) -> tuple[tuple[Selected, ...], tuple[Platform, ...]]:
    """Give the wanted manifests, and the wanted platforms that an index does not offer.

    A manifest that is no index is taken as it is: its config decides. Of an index, at least one wanted platform must be
    there; attestations are no platforms.

    Raises:
        Refused: `platform_not_found`, `index_too_deep`, `index_cycle`, or what the registry raises.
    """
    if isinstance(found, ImageManifest):
        return (Selected(found, tuple(wanted)),), ()
    selected: list[Selected] = []
    missing: list[Platform] = []
    for platform in wanted:
        try:
            selected.append(Selected(fetch_platform_manifest(registry, root, platform), (platform,)))
        except Refused as error:
            missing.append(platform)
            if error.reason is not PLATFORM_NOT_FOUND or len(missing) == len(wanted):
                raise
    return tuple(selected), tuple(missing)


def read_candidate(selected: Selected, registry: Registry, limits: PullLimits) -> Candidate:
    """Read a selected manifest's config and compare what it says with what is wanted.

    Raises:
        Refused: `platform_mismatch`, a reason of the packaging or of the config; or what the registry raises.
    """
    packaging = packaging_of(selected.manifest, limits)
    if isinstance(packaging, ImagePackaging):
        data = registry.fetch_blob(packaging.config, max_bytes=limits.max_config_bytes)
        config = parse_image_config(data, layers=len(packaging.layers), max_bytes=limits.max_config_bytes)
        return Candidate(
            manifest=selected.manifest,
            platforms=_fitting(selected.platforms, (config.platform,)),
            packaging=packaging,
            image_config=config,
            plugin_config={},
        )
    plugin_config: dict[str, Any] = {}
    if packaging.config is not None:
        data = registry.fetch_blob(packaging.config, max_bytes=limits.max_plugin_config_bytes)
        plugin_config = parse_plugin_config(data, max_bytes=limits.max_plugin_config_bytes)
    return Candidate(
        manifest=selected.manifest,
        platforms=_fitting(selected.platforms, declared_platforms(packaging.layer, plugin_config)),
        packaging=packaging,
        image_config=None,
        plugin_config=plugin_config,
    )


def _fitting(wanted: Sequence[Platform], declared: Sequence[Platform]) -> tuple[Platform, ...]:
    """Give the wanted platforms that are what every declaration says."""
    fitting = tuple(platform for platform in wanted if all(platform.matches(said) for said in declared))
    if not fitting:
        said = ", ".join(map(str, declared))
        raise Refused(PLATFORM_MISMATCH, f"wanted {', '.join(map(str, wanted))}; the artifact says {said}")
    return fitting
