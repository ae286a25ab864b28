"""Stored artifacts compared with what was verified."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.aws_session import session
from shared.errors import NotFound, PlugportError, Reason, Refused, Transient
from shared.health.object_probe import ExpectedObject, StoredObject, probe_objects
from shared.health.reasons import ARTIFACT_MISSING
from shared.health.s3_objects import S3Objects

CONTENT = b"\x7fELF plugin"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
KEY = f"artifacts/sha256/{SHA256}"
EXPECTED = ExpectedObject(KEY, SHA256, len(CONTENT))
BUSY = Transient(Reason("aws_unavailable", "an AWS service did not answer", "Try again."))


class FakeObjects:
    """A store in a dict, with or without checksums of its own, that can fail."""

    def __init__(self, *, has_checksums: bool = True, error: PlugportError | None = None) -> None:
        self.contents = {KEY: CONTENT}
        self.has_checksums = has_checksums
        self.error = error
        self.reads = 0

    def head(self, key: str) -> StoredObject:
        """Tell size and checksum."""
        if self.error:
            raise self.error
        if key not in self.contents:
            raise NotFound(ARTIFACT_MISSING)
        content = self.contents[key]
        return StoredObject(len(content), hashlib.sha256(content).hexdigest() if self.has_checksums else None)

    def read(self, key: str) -> Iterator[bytes]:
        """Give one byte at a time."""
        self.reads += 1
        yield from (self.contents[key][index : index + 1] for index in range(len(self.contents[key])))


def test_the_store_s_own_checksum_is_enough() -> None:
    """One HEAD tells that the object is what was verified; nothing is read."""
    objects = FakeObjects()
    result = probe_objects(objects, [EXPECTED])
    assert (result.outcome, result.probe, result.reason.code) == ("healthy", "object", "artifact_stored")
    assert (result.address, objects.reads) == (KEY, 0)


def test_an_object_without_checksum_is_read_and_hashed() -> None:
    """Where the store has no checksum of the whole, the content itself is compared."""
    objects = FakeObjects(has_checksums=False)
    assert probe_objects(objects, [EXPECTED]).outcome == "healthy"
    assert objects.reads == 1
    objects.contents[KEY] = CONTENT[::-1]
    assert probe_objects(objects, [EXPECTED]).reason.code == "artifact_corrupt"


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT + b"!", b""])
def test_another_content_is_corrupt(content: bytes) -> None:
    """Other bytes, more bytes and no bytes are told by size or checksum."""
    objects = FakeObjects()
    objects.contents[KEY] = content
    result = probe_objects(objects, [EXPECTED])
    assert (result.outcome, result.reason.code) == ("unhealthy", "artifact_corrupt")


def test_one_missing_platform_makes_the_version_unhealthy() -> None:
    """The first wrong object is named, behind good ones too."""
    missing = replace(EXPECTED, key="artifacts/sha256/gone")
    result = probe_objects(FakeObjects(), [EXPECTED, missing])
    assert (result.outcome, result.reason.code, result.address) == ("unhealthy", "artifact_missing", missing.key)
    assert probe_objects(FakeObjects(), []).reason.code == "artifact_missing"


@pytest.mark.parametrize("error", [BUSY, Refused(Reason("aws_denied", "refused", "Check the role."))])
def test_a_store_that_fails_says_nothing_about_the_plugin(error: PlugportError) -> None:
    """Throttling and missing rights are unknown, with the store's reason."""
    result = probe_objects(FakeObjects(error=error), [EXPECTED])
    assert (result.outcome, result.reason, result.is_reachable) == ("unknown", error.reason, None)


def test_hashing_has_a_deadline() -> None:
    """What can't be read in time is unknown, never healthy."""
    times = iter(range(0, 1000, 20))
    result = probe_objects(FakeObjects(has_checksums=False), [EXPECTED], clock=lambda: next(times))
    assert (result.outcome, result.reason.code) == ("unknown", "deadline_exceeded")


def test_a_stream_longer_than_it_said_is_not_read_on() -> None:
    """The first byte too many ends the reading."""

    class Endless(FakeObjects):
        def read(self, key: str) -> Iterator[bytes]:
            del key
            while True:
                yield b"x" * 8

    assert probe_objects(Endless(has_checksums=False), [EXPECTED]).reason.code == "artifact_corrupt"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 with one empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="artifacts")
        yield client


def test_s3_gives_the_checksum_that_it_was_given(s3: Any) -> None:
    """A single upload with SHA-256 has a whole-object checksum."""
    checksum = base64.b64encode(bytes.fromhex(SHA256)).decode()
    s3.put_object(Bucket="artifacts", Key=KEY, Body=CONTENT, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum)
    objects = S3Objects(s3, "artifacts")
    assert objects.head(KEY) == StoredObject(len(CONTENT), SHA256)
    assert probe_objects(objects, [EXPECTED]).outcome == "healthy"


def test_s3_without_sha256_is_read(s3: Any) -> None:
    """An object without (or with another) checksum is hashed from its content."""
    s3.put_object(Bucket="artifacts", Key=KEY, Body=CONTENT)
    objects = S3Objects(s3, "artifacts")
    assert objects.head(KEY).sha256 is None
    assert b"".join(objects.read(KEY)) == CONTENT
    assert probe_objects(objects, [EXPECTED]).outcome == "healthy"


def test_the_client_is_made_on_first_use(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most probes ask no bucket: without a client nothing is loaded until one does."""
    s3.put_object(Bucket="artifacts", Key=KEY, Body=CONTENT)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    session.cache_clear()
    objects = S3Objects(None, "artifacts")
    try:
        assert objects.head(KEY).size_bytes == len(CONTENT)
    finally:
        session.cache_clear()


def test_a_missing_key_and_a_missing_bucket_differ(s3: Any) -> None:
    """No object is the plugin's fault, no bucket is ours."""
    assert probe_objects(S3Objects(s3, "artifacts"), [EXPECTED]).reason.code == "artifact_missing"
    with pytest.raises(NotFound, match="artifact_missing"):
        list(S3Objects(s3, "artifacts").read(KEY))


class FakeS3:
    """An S3 client that answers HEAD with fixed fields."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer

    def head_object(self, **_arguments: object) -> dict[str, object]:
        """Give the fields."""
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        {"ChecksumSHA256": base64.b64encode(bytes(32)).decode() + "-3", "ChecksumType": "COMPOSITE"},
        {"ChecksumSHA256": base64.b64encode(bytes(32)).decode(), "ChecksumType": "COMPOSITE"},
        {"ChecksumSHA256": base64.b64encode(bytes(32)).decode() + "-3"},
        {"ChecksumSHA256": base64.b64encode(bytes(16)).decode()},
        {"ChecksumCRC64NVME": "AAAAAAAAAAA=", "ChecksumType": "FULL_OBJECT"},
    ],
)
def test_a_checksum_of_checksums_is_none(answer: dict[str, object]) -> None:
    """What S3 computed over parts, or with another algorithm, compares with nothing."""
    assert S3Objects(FakeS3(ContentLength=5, **answer), "artifacts").head(KEY) == StoredObject(5, None)
