"""Read manifests, blobs, tags and referrers of one repository; everything that is given out was verified."""

import random
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

import requests

from shared.credentials.model import Credential
from shared.egress.origins import Origin, parse_authority
from shared.errors import NotFound, Reason, Refused, Transient
from shared.registry import reasons
from shared.registry.authentication import RegistryAuth
from shared.registry.blobs import BlobReader
from shared.registry.descriptors import Descriptor, digest_of, is_digest, parse_digest
from shared.registry.limits import DEFAULT_LIMITS, Limits
from shared.registry.listing import list_referrers, list_tags
from shared.registry.manifests import ACCEPTED_TYPES, MAX_MANIFEST_BYTES, ImageManifest, Index, parse_manifest
from shared.registry.redirects import HostJudge
from shared.registry.retries import Retries
from shared.registry.transport import RegistryTransport

_ACCEPT_MANIFESTS: Final = {"Accept": ", ".join(ACCEPTED_TYPES)}
#: The name that people write is not the host that serves: https://docs.docker.com/reference/api/registry/latest/
_SERVED_AT: Final = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
_OFFICIAL_NAMESPACE: Final = "library"
_MAX_REMEMBERED: Final = 32


class RegistryClient:
    """One repository of one registry; nothing is requested before the first call.

    Args:
        registry: `host[:port]` as in the reference.
        repository: its path.
        session: whose adapters open judged connections (`shared.egress.build_session`).
        judge: raises for a host and port that may not be connected to.
        credential: for exactly this registry (or this endpoint); None is anonymous.
        plain_http: http instead of https, for registries that are listed as insecure.
        endpoint: `host[:port]` that serves this registry (a mirror, a rewrite); the registry itself by default.
        token_realms: hosts of token services that may get the credential.
        limits: bounds.
        clock: monotonic seconds.
        sleep: takes seconds.
        jitter: gives numbers in [0, 1).

    Raises:
        Refused: `registry_auth_failed` where the credential is bound to another origin.
    """

    def __init__(
        self,
        registry: str,
        repository: str,
        *,
        session: requests.Session,
        judge: HostJudge,
        credential: Credential | None = None,
        plain_http: bool = False,
        endpoint: str | None = None,
        token_realms: Collection[str] = (),
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        origin = parse_authority(endpoint or _SERVED_AT.get(registry, registry), "http" if plain_http else "https")
        credential = _bound(credential, origin, None if endpoint else _SERVED_AT.get(registry) and registry)
        if registry in _SERVED_AT and "/" not in repository:
            repository = f"{_OFFICIAL_NAMESPACE}/{repository}"
        judge = _only_refusals(judge)
        self._limits = limits
        self._retries = Retries(limits, sleep=sleep, jitter=jitter)
        auth = RegistryAuth(
            origin,
            repository,
            credential=credential,
            token_realms=token_realms,
            limits=limits,
            clock=clock,
            judge=judge,
        )
        self._transport = RegistryTransport(
            origin,
            repository,
            session=session,
            auth=auth,
            limits=limits,
            retries=self._retries,
            clock=clock,
            judge=judge,
        )
        self._known: dict[str, tuple[Descriptor, ImageManifest | Index]] = {}

    def resolve(self, reference: str, /) -> Descriptor:
        """Give the descriptor of a tag or digest, computed from the bytes that came; ask once, then use the digest.

        Raises:
            Refused: `registry_not_found` (a `NotFound`), `digest_mismatch`, `registry_auth_failed`, ….
            Transient: tried often enough.
        """
        digest = parse_digest(reference) if is_digest(reference) else None
        return self._load(reference, digest)[0]

    def fetch_manifest(self, target: Descriptor | str, /) -> ImageManifest | Index:
        """Give the manifest or index of a digest; of a descriptor, its size and media type are compared, too.

        Raises:
            Refused: as `resolve`, and `size_mismatch`, `media_type_mismatch`.
            Transient: tried often enough.
        """
        if isinstance(target, str):
            digest = parse_digest(target)
            return self._load(digest, digest)[1]
        if target.size > MAX_MANIFEST_BYTES:
            raise Refused(reasons.MANIFEST_TOO_LARGE, f"{target.size} bytes, {MAX_MANIFEST_BYTES} allowed")
        found, manifest = self._load(target.digest, target.digest)
        if found.size != target.size:
            raise Refused(reasons.SIZE_MISMATCH, f"{found.size} bytes came, the descriptor states {target.size}")
        if found.media_type != target.media_type:
            raise Refused(reasons.MEDIA_TYPE_MISMATCH, "the descriptor has another type than the manifest")
        return manifest

    def open_blob(self, descriptor: Descriptor, /) -> BlobReader:
        """Give a reader of the blob, to be used in a `with`; see `BlobReader.readinto`.

        Raises:
            Refused: `blob_too_large`, before anything is requested.
        """
        self._check_size(descriptor, self._limits.max_blob_bytes, reasons.BLOB_TOO_LARGE)
        url = self._transport.blob_url(parse_digest(descriptor.digest))

        def open_from(offset: int) -> requests.Response:
            headers = {"Accept": "*/*"} | ({"Range": f"bytes={offset}-"} if offset else {})
            hops = self._limits.max_blob_redirects
            return self._transport.get(url, headers, max_redirects=hops, pinned=True)

        return BlobReader(
            descriptor, open_from=open_from, retries=self._retries, max_attempts=1 + self._limits.max_retries
        )

    def fetch_blob(
        self, descriptor: Descriptor, /, max_bytes: int, too_large: Reason = reasons.BLOB_TOO_LARGE
    ) -> bytes:
        """Give a small blob whole and verified.

        Raises:
            Refused: `too_large` before anything is requested; else as `BlobReader.readinto`.
            Transient: tried often enough.
        """
        self._check_size(descriptor, max_bytes, too_large)
        data = memoryview(bytearray(descriptor.size))
        with self.open_blob(descriptor) as reader:
            position = 0
            while count := reader.readinto(data[position:]):
                position += count
        return data.tobytes()

    def list_tags(self) -> tuple[str, ...]:
        """Give the repository's tags; raises `Refused` with `too_many_pages`, `bad_pagination_link`, …."""
        return list_tags(self._transport, self._limits)

    def list_referrers(self, digest: str, /) -> tuple[Descriptor, ...]:
        """Give what refers to that manifest (signatures, attestations): the API's answer, or the fallback tag's.

        https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers

        Raises:
            Refused: `too_many_pages`, `bad_pagination_link`, ….
            Transient: a list that can't be read is never an empty one.
        """
        try:
            return list_referrers(self._transport, parse_digest(digest), self._limits)
        except NotFound:
            return self._fallback_referrers(digest)

    def _fallback_referrers(self, digest: str) -> tuple[Descriptor, ...]:
        try:
            _, index = self._load(digest.replace(":", "-"), None)
        except NotFound:
            return ()
        return index.manifests if isinstance(index, Index) else ()

    def _load(self, reference: str, digest: str | None) -> tuple[Descriptor, ImageManifest | Index]:
        if digest is not None and digest in self._known:
            return self._known[digest]
        response, data = self._transport.get_document(
            self._transport.manifest_url(reference),
            _ACCEPT_MANIFESTS,
            too_large=reasons.MANIFEST_TOO_LARGE,
            max_bytes=MAX_MANIFEST_BYTES,
            pinned=digest is not None,
        )
        stated = response.headers.get("Docker-Content-Digest")
        if stated is not None:
            _compare_stated(stated, data)
        manifest = parse_manifest(data, media_type_header=response.headers.get("Content-Type"), expected_digest=digest)
        known = Descriptor(manifest.media_type, manifest.digest, len(data)), manifest
        if len(self._known) < _MAX_REMEMBERED:
            self._known[manifest.digest] = known
        return known

    def _check_size(self, descriptor: Descriptor, max_bytes: int, too_large: Reason) -> None:
        if descriptor.size > max_bytes:
            raise Refused(too_large, f"{descriptor.size} bytes, {max_bytes} allowed")


def _bound(credential: Credential | None, origin: Origin, alias: str | None) -> Credential:
    """Check that the credential is the origin's own, or that of the name that the origin serves."""
    if credential is None or credential.secret is None:
        return Credential(origin)
    if credential.origin == origin or (alias is not None and credential.origin == parse_authority(alias)):
        return credential
    raise Refused(reasons.REGISTRY_AUTH_FAILED, f"the credential is that of {credential.origin}, not of {origin}")


def _only_refusals(judge: HostJudge) -> HostJudge:
    """Keep a failed look-up out: it must not make a transient failure of a hop that is refused in any case."""

    def judged(host: str, port: int) -> None:
        with suppress(Transient):
            judge(host, port)

    return judged


def _compare_stated(stated: str, data: bytes) -> None:
    try:
        digest = parse_digest(stated)
    except Refused:
        raise Refused(reasons.REGISTRY_PROTOCOL_ERROR, "Docker-Content-Digest is not a digest") from None
    if digest_of(data, like=digest) != digest:
        raise Refused(reasons.DIGEST_MISMATCH, "Docker-Content-Digest names other bytes than those that came")
