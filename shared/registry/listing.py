"""Lists in pages: tags and referrers, with bounds and links that stay at home.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#content-discovery
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.errors import Refused
from shared.registry import reasons
from shared.registry.descriptors import Descriptor
from shared.registry.limits import Limits
from shared.registry.manifests import OCI_INDEX, Index, parse_manifest
from shared.registry.transport import RegistryTransport
from shared.registry.urls import Url, resolve_reference
from shared.strict_json import parse_strict_json

#: https://www.rfc-editor.org/rfc/rfc8288, as the distribution specification uses it: one link, `rel="next"`.
_NEXT: Final = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?\s*', re.ASCII | re.IGNORECASE)
# https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_JSON: Final = {"Accept": "application/json"}
_INDEX: Final = {"Accept": OCI_INDEX}


def list_tags(transport: RegistryTransport, limits: Limits) -> tuple[str, ...]:
    """Give all tags; raises `Refused` with `too_many_pages`, `bad_pagination_link` or `registry_protocol_error`."""
    tags: list[str] = []

    def take(data: bytes, _media_type: str | None) -> int:
        tags.extend(_tags(data, limits))
        return len(tags)

    _each_page(transport, transport.tags_url(), _JSON, limits, take)
    return tuple(tags)


def list_referrers(transport: RegistryTransport, digest: str, limits: Limits) -> tuple[Descriptor, ...]:
    """Give all referrers of a digest.

    Raises:
        NotFound: the registry has no referrers API.
        Refused: `too_many_pages`, `bad_pagination_link`, `manifest_invalid`, ….
    """
    found: list[Descriptor] = []

    def take(data: bytes, media_type: str | None) -> int:
        page = parse_manifest(data, media_type_header=media_type, expected_digest=None)
        if not isinstance(page, Index):
            raise Refused(reasons.MEDIA_TYPE_MISMATCH, "referrers are an index")
        found.extend(page.manifests)
        return len(found)

    _each_page(transport, transport.referrers_url(digest), _INDEX, limits, take)
    return tuple(found)


def _each_page(
    transport: RegistryTransport,
    start: Url,
    headers: Mapping[str, str],
    limits: Limits,
    take: Callable[[bytes, str | None], int],
) -> None:
    url: Url | None = start
    seen: set[Url] = set()
    while url is not None:
        if url in seen or len(seen) >= limits.max_pages:
            raise Refused(reasons.TOO_MANY_PAGES, f"{len(seen)} pages read")
        seen.add(url)
        response, data = transport.get_document(
            url, headers, too_large=reasons.TOO_MANY_PAGES, max_bytes=limits.max_document_bytes, pinned=False
        )
        url = _next_page(url, response.headers.get("Link"))
        count = take(data, response.headers.get("Content-Type"))
        if count > limits.max_listed or (url is not None and count == limits.max_listed):
            raise Refused(reasons.TOO_MANY_PAGES, f"more than {limits.max_listed} entries")


def _next_page(current: Url, link: str | None) -> Url | None:
    match = _NEXT.fullmatch(link) if link else None
    if match is None:
        return None
    page = resolve_reference(current, match[1], reasons.BAD_LINK)
    if page.origin != current.origin:
        raise Refused(reasons.BAD_LINK, f"to {page.origin.authority}")
    return page


def _tags(data: bytes, limits: Limits) -> list[str]:
    document: Any = parse_strict_json(data, max_bytes=limits.max_document_bytes)
    tags = document.get("tags") if isinstance(document, dict) else None
    if tags is None and isinstance(document, dict):
        return []
    if not isinstance(tags, list) or not all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in tags):
        raise Refused(reasons.REGISTRY_PROTOCOL_ERROR, "the list of tags is not one")
    return tags
