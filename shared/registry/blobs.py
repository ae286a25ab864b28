"""Stream one blob so that no byte of it counts before size and digest are known to be right.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-blobs
"""

import hashlib
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import requests

from shared.errors import Refused, Transient
from shared.registry import reasons
from shared.registry.body import Body, body_of, content_length, refuse_encoding
from shared.registry.descriptors import Descriptor
from shared.registry.retries import Retries

_PARTIAL: Final = 206
_SKIP_BYTES: Final = 64 * 1024

#: GET of the blob from an offset (0 = all of it); the body is unread.
OpenFrom = Callable[[int], requests.Response]


class BlobReader:
    """A context manager that reads one blob; a broken connection is resumed where it broke.

    The last bytes are given out only after the size and the digest of all bytes agreed with the descriptor.
    """

    def __init__(self, descriptor: Descriptor, *, open_from: OpenFrom, retries: Retries, max_attempts: int) -> None:
        """Take the way to (re)open the blob; nothing is requested before the first read."""
        self._descriptor = descriptor
        self._open_from = open_from
        self._retries = retries
        self._attempts_left = max_attempts
        self._attempt = 0
        self._hash = hashlib.new(descriptor.digest.partition(":")[0])
        self._position = 0
        self._expected = descriptor.size
        self._verified = False
        self._response: requests.Response | None = None
        self._body: Body | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def readinto(self, buffer: memoryview | bytearray, /) -> int:
        """Fill the front of `buffer` and give the number of bytes; 0 = all was read and verified.

        Raises:
            Refused: `size_mismatch`, `digest_mismatch`, or what the request raises.
            Transient: the connection broke more often than it is retried.
        """
        view = memoryview(buffer)
        left = self._descriptor.size - self._position
        if left == 0:
            self._verify()
            return 0
        count = self._receive(view[: min(len(view), left)])
        self._hash.update(view[:count])
        self._position += count
        if count == left:
            self._verify()
        return count

    def _receive(self, view: memoryview) -> int:
        while True:
            try:
                return self._some(view)
            except Transient as error:
                self._close()
                self._attempts_left -= 1
                if self._attempts_left <= 0:
                    raise
                self._retries.pause(self._attempt, error)
                self._attempt += 1

    def _some(self, view: memoryview) -> int:
        body = self._body or self._open()
        count = body.readinto(view)
        if not count:
            raise Transient(reasons.SIZE_MISMATCH, f"{self._position} of {self._descriptor.size} bytes came")
        return count

    def _open(self) -> Body:
        response = self._response = self._open_from(self._position)
        # An encoded body is not the blob that the digest names, whatever it decodes to.
        refuse_encoding(response, reasons.DIGEST_MISMATCH)
        start = _start_of(response, self._position)
        stated = content_length(response.headers)
        self._expected = self._descriptor.size - start
        if stated is not None and stated < self._expected:
            raise Refused(reasons.SIZE_MISMATCH, f"{stated} bytes stated, {self._expected} expected")
        body = self._body = body_of(response)
        _skip(body, self._position - start)
        return body

    def _verify(self) -> None:
        if self._verified:
            return
        descriptor = self._descriptor
        if self._goes_on():
            self._close()
            raise Refused(reasons.SIZE_MISMATCH, f"more than {descriptor.size} bytes")
        found = f"{self._hash.name}:{self._hash.hexdigest()}"
        if found != descriptor.digest:
            self._close()
            raise Refused(reasons.DIGEST_MISMATCH, f"asked for {descriptor.digest}, the bytes have {found}")
        self._verified = True
        self._release()

    def _goes_on(self) -> bool:
        """Say whether more than the blob is sent, without waiting for it where the length is stated."""
        if self._response is None or self._body is None:
            return False
        stated = content_length(self._response.headers)
        if stated is not None:
            return stated > self._expected
        return self._body.readinto(memoryview(bytearray(1))) > 0

    def _close(self) -> None:
        if self._response is not None:
            self._response.close()
        self._response = self._body = None

    def _release(self) -> None:
        if self._response is not None:
            self._response.raw.release_conn()
        self._response = self._body = None


def _start_of(response: requests.Response, asked: int) -> int:
    if response.status_code != _PARTIAL:
        return 0
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    start = rest.partition("-")[0]
    if unit.lower() != "bytes" or start != str(asked):
        raise Refused(reasons.REGISTRY_PROTOCOL_ERROR, "another range than was asked for")
    return asked


def _skip(body: Body, count: int) -> None:
    """Read over what was given out before: the registry sent all of it again."""
    buffer = memoryview(bytearray(_SKIP_BYTES))
    while count > 0:
        got = body.readinto(buffer[: min(count, _SKIP_BYTES)])
        if not got:
            raise Transient(reasons.SIZE_MISMATCH, "the repeated blob ended early")
        count -= got
