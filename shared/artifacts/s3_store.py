"""Executables and receipts in S3. Everything under `artifacts/` was complete and verified when it appeared there.

S3 itself proves it: every object under `artifacts/sha256/<hex>` carries a full-object SHA-256 that S3 checked (one
part) or computed (copy), and it is the key. Parts carry CRC-32s that S3 checks on arrival.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from shared.artifacts.ports import StoredArtifact
from shared.artifacts.reasons import RECEIPT_CONFLICT, STORED_OBJECT_DIFFERS
from shared.artifacts.s3_upload import PART_BYTES, S3Upload, base64_of_hex, is_refused_condition, sha256_of
from shared.aws import aws_errors, client, failure_of
from shared.errors import Refused

ARTIFACT_PREFIX: Final = "artifacts/sha256/"
RECEIPT_PREFIX: Final = "receipts/"
STAGING_PREFIX: Final = "staging/"
MAX_RECEIPT_BYTES: Final = 256 * 1024
_MISSING_CODES: Final = frozenset({"404", "NoSuchKey", "NotFound"})


def build_s3_client(**options: Any) -> Any:
    """Make the client for uploads: it hashes no part a second time and signs no payload (TLS and CRC-32 cover it)."""
    return client(
        "s3",
        read_timeout_seconds=60,  # a server-side copy of a large object answers late
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"payload_signing_enabled": False},
        **options,
    )


class S3Store:
    """Implements `ArtifactStore` and `ReceiptStore`.

    Args:
        client: an S3 client, see `build_s3_client`.
        bucket: its name.
        part_bytes: size of a part, at least 5 MiB (S3's bound); up to it an upload is one request.
        workers: parts in flight.
    """

    def __init__(self, *, client: Any, bucket: str, part_bytes: int = PART_BYTES, workers: int = 2) -> None:
        self._client = client
        self._bucket = bucket
        self._part_bytes = part_bytes
        self._workers = workers

    def find(self, sha256: str) -> StoredArtifact | None:
        """Give the stored executable, None if there is none.

        Raises:
            Refused: `stored_object_differs` if S3's own checksum of the object is another one.
            Transient: S3 did not answer.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        key = ARTIFACT_PREFIX + sha256
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING_CODES:
                return None
            raise failure_of(error, "HeadObject") from error
        known = sha256_of(head)
        if known and known != base64_of_hex(sha256):
            raise Refused(STORED_OBJECT_DIFFERS, key)
        return StoredArtifact(sha256=sha256, size_bytes=int(head["ContentLength"]), key=key)

    def open_upload(self) -> S3Upload:
        """Begin an upload under a fresh staging key."""
        return S3Upload(
            client=self._client,
            bucket=self._bucket,
            staging_key=STAGING_PREFIX + secrets.token_hex(16),
            artifact_prefix=ARTIFACT_PREFIX,
            find=self.find,
            part_bytes=self._part_bytes,
            workers=self._workers,
        )

    def put_receipt(self, key: str, document: Mapping[str, Any]) -> None:
        """Write a receipt once.

        Args:
            key: below `receipts/`.
            document: JSON, at most 256 KiB.

        Raises:
            Refused: `receipt_conflict` if another document stands under the key.
            Transient: S3 did not answer.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        if not key.startswith(RECEIPT_PREFIX) or len(body) > MAX_RECEIPT_BYTES:
            raise ValueError(f"a receipt lies below {RECEIPT_PREFIX} and has at most {MAX_RECEIPT_BYTES} bytes")
        where = {"Bucket": self._bucket, "Key": key}
        try:
            self._client.put_object(**where, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            if not is_refused_condition(error):
                raise failure_of(error, "PutObject") from error
            if self._read(where, len(body) + 1) != body:
                raise Refused(RECEIPT_CONFLICT, key) from error

    def _read(self, where: Mapping[str, str], most: int) -> bytes:
        with aws_errors("GetObject"):
            body: bytes = self._client.get_object(**where)["Body"].read(most)
        return body
