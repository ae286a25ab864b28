"""One executable on its way into S3: parts go out while the next ones come in; memory is `workers + 1` parts.

An object's key is its digest, and that is known only at the end: parts go to a staging key, and the finished object is
copied by S3 itself to its final key, on condition that nothing is there. What fits one part is written in one request.
"""

import base64
import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Final

from shared.artifacts.deflate import crc32
from shared.artifacts.ports import StoredArtifact
from shared.artifacts.reasons import STORED_OBJECT_DIFFERS, UPLOAD_FAILED
from shared.aws import failure_of
from shared.errors import PlugportError, Refused, Transient

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

#: S3 wants at least 5 MiB (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html); 10,000 parts are 48 GiB.
PART_BYTES: Final = 6 << 20
_CONTENT_TYPE: Final = "application/octet-stream"
#: Another writer of the same key is at work, or an upload was cleaned up: the next try decides.
_TRANSIENT_CODES: Final = frozenset({"ConditionalRequestConflict", "NoSuchUpload", "OperationAborted", "BadDigest"})


class S3Upload:
    """Implements `Upload`; made by `S3Store.open_upload`."""

    def __init__(
        self,
        *,
        client: Any,
        bucket: str,
        staging_key: str,
        artifact_prefix: str,
        find: Callable[[str], StoredArtifact | None],
        part_bytes: int,
        workers: int,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._staging = {"Bucket": bucket, "Key": staging_key}
        self._artifact_prefix = artifact_prefix
        self._find = find
        self._part_bytes = part_bytes
        self._workers = workers
        self._free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        self._buffers = 1
        self._buffer = bytearray(part_bytes)
        self._filled = 0
        self._size = 0
        self._upload_id: str | None = None
        self._staged = False
        self._pool: ThreadPoolExecutor | None = None
        self._parts: list[Future[dict[str, Any]]] = []
        self._stop = threading.Event()
        self._error: BaseException | None = None

    def reserve(self) -> memoryview:
        """Give the rest of the current part; waits while all buffers are in flight.

        Raises:
            Refused, Transient: an earlier part failed.
        """
        if self._filled == self._part_bytes:
            self._send_part()
        return memoryview(self._buffer)[self._filled :]

    def advance(self, count: int) -> None:
        """Count the bytes that were put into the reserved room."""
        self._filled += count
        self._size += count

    def commit(self, sha256: str, size: int) -> StoredArtifact:
        """Put the object under its digest.

        Raises:
            Refused: `stored_object_differs`, or S3 refused.
            Transient: `upload_failed`, or S3 did not answer; nothing of this upload is reachable.
        """
        if size != self._size:
            raise Transient(UPLOAD_FAILED, f"{self._size} of {size} bytes were written")
        key = self._artifact_prefix + sha256
        if self._upload_id is None:
            written = self._call_unless_present(
                "PutObject",
                self._client.put_object,
                Key=key,
                Body=bytes(self._buffer[: self._filled]),
                ContentType=_CONTENT_TYPE,
                ChecksumSHA256=base64_of_hex(sha256),
            )
        else:
            written = self._copy(key, self._complete())
            found = sha256_of((written or {}).get("CopyObjectResult", {}))
            if found and found != base64_of_hex(sha256):
                raise Refused(STORED_OBJECT_DIFFERS, f"{key}: what S3 copied is not what was sent")
        if written is None:
            self._check_present(sha256, size)
        self.abort()
        return StoredArtifact(sha256=sha256, size_bytes=size, key=key)

    def abort(self) -> None:
        """Drop parts and the staging object; what S3 does not delete now its lifecycle rule deletes."""
        self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        with contextlib.suppress(PlugportError):  # the upload's own result counts, not that of the cleaning
            if self._staged:
                self._call("DeleteObject", self._client.delete_object, **self._staging)
            elif self._upload_id is not None:
                self._call(
                    "AbortMultipartUpload",
                    self._client.abort_multipart_upload,
                    **self._staging,
                    UploadId=self._upload_id,
                )
        self._upload_id, self._staged = None, False

    def _send_part(self) -> None:
        self._raise_first_error()
        if self._upload_id is None:
            answer = self._call(
                "CreateMultipartUpload",
                self._client.create_multipart_upload,
                **self._staging,
                ContentType=_CONTENT_TYPE,
                ChecksumAlgorithm="CRC32",
            )
            self._upload_id = str(answer["UploadId"])
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="part")
        self._submit(self._buffer)
        if self._buffers <= self._workers:
            self._buffers += 1
            self._buffer = bytearray(self._part_bytes)
        else:
            self._buffer = self._free.get()
        self._filled = 0
        self._raise_first_error()

    def _submit(self, body: bytearray) -> None:
        if self._pool is None:
            raise Transient(UPLOAD_FAILED, "the upload has ended")
        self._parts.append(self._pool.submit(self._put_part, len(self._parts) + 1, body))

    def _put_part(self, number: int, body: bytearray) -> dict[str, Any]:
        try:
            self._raise_if_stopped()
            checksum = base64.b64encode(crc32(body).to_bytes(4, "big")).decode()
            answer = self._call(
                "UploadPart",
                self._client.upload_part,
                **self._staging,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=body,
                ChecksumCRC32=checksum,
            )
            return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": checksum}
        except BaseException as error:
            self._error = self._error or error
            self._stop.set()
            raise
        finally:
            self._free.put(body)

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise Transient(UPLOAD_FAILED, "the upload was stopped")

    def _raise_first_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _complete(self) -> str:
        """Finish the staging object and give its ETag."""
        self._submit(self._buffer[: self._filled])
        wait(self._parts)
        self._raise_first_error()
        parts = [part.result() for part in self._parts]
        answer = self._call(
            "CompleteMultipartUpload",
            self._client.complete_multipart_upload,
            **self._staging,
            UploadId=self._upload_id,
            MultipartUpload={"Parts": parts},
        )
        self._staged = True
        return str(answer["ETag"])

    def _copy(self, key: str, etag: str) -> dict[str, Any] | None:
        return self._call_unless_present(
            "CopyObject",
            self._client.copy_object,
            Key=key,
            CopySource=self._staging,
            CopySourceIfMatch=etag,
            ChecksumAlgorithm="SHA256",
            MetadataDirective="REPLACE",
            ContentType=_CONTENT_TYPE,
        )

    def _check_present(self, sha256: str, size: int) -> None:
        """Make sure that what was there before is this very executable."""
        present = self._find(sha256)
        if present is None:
            raise Transient(UPLOAD_FAILED, "the object under this digest has gone")
        if present.size_bytes != size:
            raise Refused(STORED_OBJECT_DIFFERS, f"{present.key} has {present.size_bytes} bytes")

    def _call(self, operation: str, call: Callable[..., dict[str, Any]], **request: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

        try:
            return call(**request)
        except ClientError as error:
            raise failure_of(error, operation, transient=_TRANSIENT_CODES) from error
        except BotoCoreError as error:
            raise Transient(UPLOAD_FAILED, f"{operation}: {type(error).__name__}") from error

    def _call_unless_present(
        self, operation: str, call: Callable[..., dict[str, Any]], **request: Any
    ) -> dict[str, Any] | None:
        """Write to the final key if nothing is there; None if something is."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        try:
            return self._call(operation, call, Bucket=self._bucket, IfNoneMatch="*", **request)
        except PlugportError as error:
            if isinstance(error.__cause__, ClientError) and is_refused_condition(error.__cause__):
                return None
            raise


def is_refused_condition(error: "ClientError") -> bool:
    """Say whether a conditional write found something under its key."""
    return error.response.get("Error", {}).get("Code") in {"PreconditionFailed", "412"}


def sha256_of(answer: dict[str, Any]) -> str:
    """Give the full-object SHA-256 of an answer in base64, empty where it has none (a composite one has a dash)."""
    value = str(answer.get("ChecksumSHA256", ""))
    return "" if "-" in value else value


def base64_of_hex(sha256: str) -> str:
    """Give a hex digest as S3 writes checksums."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()
