"""The artifacts bucket as an `ObjectHead`."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from shared.aws import aws_errors, client, failure_of
from shared.errors import NotFound
from shared.health.object_probe import StoredObject
from shared.health.reasons import ARTIFACT_MISSING

_READ_BYTES: Final = 1024 * 1024
_SHA256_BYTES: Final = 32
# HEAD has no body, so its 404 has no better code than the status.
_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Objects:
    """Objects of one bucket, with the checksums that S3 keeps."""

    def __init__(self, s3: Any, bucket: str) -> None:
        """Take an S3 client and the bucket's name; None: the client is made on first use, as few probes need it."""
        self._s3 = s3
        self._bucket = bucket

    def head(self, key: str) -> StoredObject:
        """Give size and whole-object SHA-256.

        A checksum of type COMPOSITE (its text ends in `-<parts>`) is over the parts' checksums and compares with
        nothing; it counts as none, as does an absent one:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html

        Raises:
            NotFound: `artifact_missing`.
            Transient, Refused: from `shared.aws`.
        """
        answer = self._call("head_object", key, ChecksumMode="ENABLED")
        sha256 = None
        if answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
            sha256 = _hexadecimal(str(answer.get("ChecksumSHA256", "")))
        return StoredObject(size_bytes=int(answer["ContentLength"]), sha256=sha256)

    def read(self, key: str) -> Iterator[bytes]:
        """Give the content in chunks of at most 1 MiB, in one GET; raises as `head` does."""
        body = self._call("get_object", key)["Body"]
        try:
            with aws_errors("GetObject"):
                while chunk := body.read(_READ_BYTES):
                    yield chunk
        finally:
            body.close()

    def _call(self, operation: str, key: str, **arguments: Any) -> Any:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        if self._s3 is None:
            self._s3 = client("s3")
        name = "".join(part.title() for part in operation.split("_"))
        with aws_errors(name):
            try:
                return getattr(self._s3, operation)(Bucket=self._bucket, Key=key, **arguments)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _MISSING:
                    raise NotFound(ARTIFACT_MISSING) from error
                raise failure_of(error, name) from error


def _hexadecimal(text: str) -> str | None:
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == _SHA256_BYTES else None
