"""Registries without a network: one behind the client (scripted HTTP answers), one in its place (the port itself)."""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from shared.errors import NotFound, Refused, Transient
from shared.registry.descriptors import Descriptor, digest_of, is_digest
from shared.registry.manifests import OCI_MANIFEST, ImageManifest, Index, parse_manifest
from shared.registry.reasons import BLOB_TOO_LARGE, DIGEST_MISMATCH, REGISTRY_ERROR, REGISTRY_NOT_FOUND, SIZE_MISMATCH


@dataclass(frozen=True)
class Answer:
    """One scripted HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    raises: Exception | None = None
    #: Bytes after which the body breaks off with this error.
    breaks: tuple[int, Exception] | None = None


class _Breaking(io.BytesIO):
    def __init__(self, data: bytes, after: int, error: Exception) -> None:
        super().__init__(data[:after])
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data:
            raise self._error
        return data


class ScriptedAdapter(BaseAdapter):
    """Answers by URL, in order; the last answer of a URL is repeated."""

    def __init__(self, answers: Mapping[str, list[Answer]]) -> None:
        super().__init__()
        self._answers = {url: list(scripted) for url, scripted in answers.items()}
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Give the next answer of the URL."""
        self.requests.append(request)
        url = str(request.url)
        scripted = self._answers.get(url) or self._answers[url.partition("?")[0]]
        answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if answer.raises is not None:
            raise answer.raises
        body = io.BytesIO(answer.body) if answer.breaks is None else _Breaking(answer.body, *answer.breaks)
        response = requests.Response()
        response.status_code = answer.status
        response.url = url
        response.headers.update(answer.headers)
        response.raw = HTTPResponse(
            body,
            headers=HTTPHeaderDict(answer.headers),
            status=answer.status,
            preload_content=False,
            enforce_content_length=False,  # as on the direct path, where the length is ours to compare
        )
        return response

    def close(self) -> None:
        """Hold nothing."""

    def sent(self, name: str) -> list[str | None]:
        """Give one header of every request, in order."""
        return [request.headers.get(name) for request in self.requests]


def scripted_session(answers: Mapping[str, list[Answer]]) -> tuple[requests.Session, ScriptedAdapter]:
    """Give a session whose every request is answered by the script."""
    adapter = ScriptedAdapter(answers)
    session = requests.Session()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session, adapter


@dataclass
class FakeClock:
    """A clock that stands until something sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Give monotonic seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class InMemoryRegistry:
    """The port that pulls use, over content in memory.

    Attributes:
        flipped: digests whose blobs come with one byte changed.
        shortened: digests whose blobs end one byte early.
        transient_failures: calls that fail before one succeeds.
        calls: what was asked, in order.
    """

    contents: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    flipped: set[str] = field(default_factory=set)
    shortened: set[str] = field(default_factory=set)
    transient_failures: int = 0
    calls: list[tuple[str, str]] = field(default_factory=list)

    def add(self, data: bytes, media_type: str = "application/octet-stream", *, tag: str | None = None) -> Descriptor:
        """Keep content and give its descriptor."""
        digest = digest_of(data)
        self.contents[digest] = media_type, data
        if tag is not None:
            self.tags[tag] = digest
        return Descriptor(media_type, digest, len(data))

    def resolve(self, reference: str, /) -> Descriptor:
        """Give the descriptor of a tag or digest."""
        self._called("resolve", reference)
        digest = reference if is_digest(reference) else self.tags.get(reference, "")
        media_type, data = self._content(digest)
        return Descriptor(media_type, digest, len(data))

    def fetch_manifest(self, target: Descriptor | str, /) -> ImageManifest | Index:
        """Give the manifest or index of a digest or descriptor."""
        digest = target if isinstance(target, str) else target.digest
        self._called("fetch_manifest", digest)
        media_type, data = self._content(digest)
        return parse_manifest(data, media_type_header=media_type, expected_digest=digest)

    @contextmanager
    def open_blob(self, descriptor: Descriptor, /) -> Iterator["InMemoryBlob"]:
        """Stream a blob."""
        self._called("open_blob", descriptor.digest)
        data = self._content(descriptor.digest)[1]
        if descriptor.digest in self.flipped:
            data = bytes([data[0] ^ 1]) + data[1:]
        if descriptor.digest in self.shortened:
            data = data[:-1]
        yield InMemoryBlob(data, descriptor)

    def fetch_blob(self, descriptor: Descriptor, /, max_bytes: int) -> bytes:
        """Give a small blob whole."""
        if descriptor.size > max_bytes:
            raise Refused(BLOB_TOO_LARGE)
        buffer = bytearray(descriptor.size)
        with self.open_blob(descriptor) as blob:
            blob.readinto(buffer)
        return bytes(buffer)

    def _called(self, name: str, argument: str) -> None:
        self.calls.append((name, argument))
        if self.transient_failures > 0:
            self.transient_failures -= 1
            raise Transient(REGISTRY_ERROR)

    def _content(self, digest: str) -> tuple[str, bytes]:
        if digest not in self.contents:
            raise NotFound(REGISTRY_NOT_FOUND)
        return self.contents[digest]


class InMemoryBlob:
    """A blob that keeps the reader's promise: its last byte only after size and digest agreed."""

    def __init__(self, data: bytes, descriptor: Descriptor) -> None:
        self._data = io.BytesIO(data)
        self._left = len(data)
        self._descriptor = descriptor
        self._hash = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def readinto(self, buffer: memoryview | bytearray, /) -> int:
        """Fill the front of the buffer; 0 at the verified end."""
        count = self._data.readinto(buffer)
        self._hash.update(memoryview(buffer)[:count])
        self._left -= count
        if self._left == 0:
            if self._data.tell() != self._descriptor.size:
                raise Refused(SIZE_MISMATCH)
            if f"sha256:{self._hash.hexdigest()}" != self._descriptor.digest:
                raise Refused(DIGEST_MISMATCH)
        return count


def image_document(config: Descriptor, *layers: Descriptor, **more: Any) -> dict[str, Any]:
    """Write an image manifest."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": written(config),
        "layers": [written(layer) for layer in layers],
        **more,
    }


def written(descriptor: Descriptor) -> dict[str, Any]:
    """Write a descriptor as documents have it."""
    return {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}


def described(data: bytes, media_type: str = "application/octet-stream") -> Descriptor:
    """Describe content."""
    return Descriptor(media_type, digest_of(data), len(data))


def refusal_of(call: Callable[[], object]) -> str:
    """Give the code of the reason that the call is refused or fails for, "" where it succeeds."""
    try:
        call()
    except (Refused, Transient) as error:
        return error.reason.code
    return ""
