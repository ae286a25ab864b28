"""Links to stored executables, signed for S3."""

from typing import Any

from shared.aws import aws_errors, client


class S3ArtifactUrls:
    """Implements `ArtifactUrls`.

    Args:
        bucket_name: the artifacts bucket.
        s3: an S3 client that signs with version 4; made on first use, because few calls need it.
    """

    def __init__(self, *, bucket_name: str, s3: Any = None) -> None:
        self._bucket = bucket_name
        self._s3 = s3

    def download_url(self, key: str, *, file_name: str, lifetime_seconds: int) -> str:
        """Sign a GET of one object; what the response says about itself is part of the signature.

        Args:
            key: the object's key.
            file_name: ASCII without quotes; a slug is.
            lifetime_seconds: at least 1; the link ends earlier where the function's own credentials do.
        """
        if self._s3 is None:
            # The older signature that boto3 still prefers for links does not cover the response headers.
            self._s3 = client("s3", signature_version="s3v4")
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
            "ResponseContentType": "application/octet-stream",
            "ResponseCacheControl": "no-store",
        }
        with aws_errors("GeneratePresignedUrl"):
            url: str = self._s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=lifetime_seconds)
        return url
