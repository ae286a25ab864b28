"""From an index to the manifest of one platform: exact match, bounded depth, no "compatible" fallback.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
"""

from typing import Final, Protocol

from shared.errors import Refused
from shared.registry import reasons
from shared.registry.descriptors import Descriptor, Platform
from shared.registry.manifests import INDEX_TYPES, ImageManifest, Index

#: An index, and indexes that it lists.
MAX_INDEX_DEPTH: Final = 2
#: Documents that one search reads: nested indexes without a platform are looked into one by one.
MAX_FETCHES: Final = 32


class Manifests(Protocol):
    """Where manifests come from."""

    def fetch_manifest(self, target: Descriptor | str, /) -> ImageManifest | Index:
        """Give the verified manifest or index."""


def fetch_platform_manifest(registry: Manifests, start: Descriptor, wanted: Platform) -> ImageManifest:
    """Give the manifest for that platform; a manifest without index is given as it is (its config names a platform).

    Raises:
        Refused: `platform_not_found` (the message lists the platforms there are), `index_too_deep`, `index_cycle`,
            or what the registry raises.
    """
    document = registry.fetch_manifest(start)
    if isinstance(document, ImageManifest):
        return document
    found = _Search(registry, wanted).within(document, frozenset({document.digest}))
    if found is None:
        offered = ", ".join(dict.fromkeys(map(str, document.platforms))) or "none"
        raise Refused(reasons.PLATFORM_NOT_FOUND, f"wanted {wanted}, the index offers {offered}")
    return found


class _Search:
    def __init__(self, registry: Manifests, wanted: Platform) -> None:
        self._registry = registry
        self._wanted = wanted
        self._fetches_left = MAX_FETCHES

    def within(self, index: Index, above: frozenset[str]) -> ImageManifest | None:
        for entry in index.manifests:
            if _leads_to(entry, self._wanted):
                found = self._below(entry, above)
                if found is not None:
                    return found
        return None

    def _below(self, entry: Descriptor, above: frozenset[str]) -> ImageManifest | None:
        if entry.digest in above:
            raise Refused(reasons.INDEX_CYCLE)
        if entry.media_type in INDEX_TYPES and len(above) >= MAX_INDEX_DEPTH:
            raise Refused(reasons.INDEX_TOO_DEEP, f"more than {MAX_INDEX_DEPTH} levels")
        if self._fetches_left == 0:
            raise Refused(reasons.INDEX_TOO_WIDE, f"more than {MAX_FETCHES} documents to look into")
        self._fetches_left -= 1
        document = self._registry.fetch_manifest(entry)
        if isinstance(document, ImageManifest):
            return document
        return self.within(document, above | {document.digest})


def _leads_to(entry: Descriptor, wanted: Platform) -> bool:
    if entry.is_attestation:
        return False
    if entry.platform is not None:
        return entry.platform.matches(wanted)
    return entry.media_type in INDEX_TYPES
