"""The S3 store: what is reachable, what is left behind, and what happens when S3 says no."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from shared.artifacts.executable_sink import copy_into
from shared.artifacts.pull import pull_artifact
from shared.artifacts.s3_store import S3Store, build_s3_client
from shared.artifacts.s3_upload import PART_BYTES
from shared.commands import OciCommand
from shared.errors import PlugportError, Refused, Transient
from tests.unit.artifacts import images
from tests.unit.artifacts.fakes import FakeRegistry

BUCKET = "artifacts"
SMALL = b"small executable"
LARGE = hashlib.shake_128(b"large").digest(2 * PART_BYTES + 17)


def as_bytes(params: dict[str, Any], **_: Any) -> None:
    """Copy the body into bytes."""
    params["Body"] = bytes(params["Body"])


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """Give a client to S3 in memory: making one takes long."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        made = build_s3_client()
        # moto's in-process stub takes a bytearray for a form; over HTTP it is sent as it is.
        made.meta.events.register("before-parameter-build.s3.UploadPart", as_bytes)
        yield made


@pytest.fixture
def client(s3: Any) -> Iterator[Any]:
    """Give the client with an empty bucket."""
    s3.create_bucket(Bucket=BUCKET)
    yield s3
    for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    for key in keys(s3):
        s3.delete_object(Bucket=BUCKET, Key=key)
    s3.delete_bucket(Bucket=BUCKET)


class HarmedClient:
    """The client, with some operations replaced."""

    def __init__(self, client: Any, **harmed: Callable[..., Any]) -> None:
        self._client = client
        self._harmed = harmed
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return self._harmed.get(name) or getattr(self._client, name)


def fails(code: str, status: int = 400) -> Callable[..., Any]:
    """Make an operation that answers with an error."""

    def operation(**_: Any) -> Any:
        answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "Operation")

    return operation


def upload(store: S3Store, data: bytes, *, commit: bool = True) -> Any:
    """Write in odd pieces, and commit."""
    opened = store.open_upload()
    view = memoryview(data)
    for start in range(0, len(data), 1_000_003):
        copy_into(opened, view[start : start + 1_000_003])
    return opened.commit(hashlib.sha256(data).hexdigest(), len(data)) if commit else opened


def keys(client: Any) -> list[str]:
    """Give all keys of the bucket."""
    return [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def open_uploads(client: Any) -> int:
    """Count multipart uploads that are neither finished nor aborted."""
    return len(client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


@pytest.mark.parametrize("data", [b"", SMALL, LARGE[:PART_BYTES], LARGE])
def test_a_committed_upload_is_one_object_under_its_digest(client: Any, data: bytes) -> None:
    """Exactly the bytes lie under the digest, and nothing is left in staging."""
    store = S3Store(client=client, bucket=BUCKET)
    stored = upload(store, data)
    assert keys(client) == [stored.key] == [f"artifacts/sha256/{hashlib.sha256(data).hexdigest()}"]
    assert client.get_object(Bucket=BUCKET, Key=stored.key)["Body"].read() == data
    assert store.find(stored.sha256) == stored
    assert open_uploads(client) == 0


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_before_commit_nothing_is_reachable_and_abort_leaves_nothing(client: Any, data: bytes) -> None:
    """An upload that is not committed has no key under `artifacts/`; abort may be called twice."""
    store = S3Store(client=client, bucket=BUCKET)
    opened = upload(store, data, commit=False)
    assert not [key for key in keys(client) if key.startswith("artifacts/")]
    opened.abort()
    opened.abort()
    assert keys(client) == []
    assert open_uploads(client) == 0


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_storing_the_same_again_changes_nothing(client: Any, data: bytes) -> None:
    """The second upload of one digest finds the first and leaves nothing behind."""
    store = S3Store(client=client, bucket=BUCKET)
    assert upload(store, data) == upload(store, data)
    assert len(keys(client)) == 1


def test_other_bytes_under_the_digest_are_refused_and_kept(client: Any) -> None:
    """Someone else's object under the key is never overwritten and never taken for ours."""
    key = f"artifacts/sha256/{hashlib.sha256(SMALL).hexdigest()}"
    client.put_object(Bucket=BUCKET, Key=key, Body=b"other")
    with pytest.raises(Refused) as refused:
        upload(S3Store(client=client, bucket=BUCKET), SMALL)
    assert refused.value.reason.code == "stored_object_differs"
    assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"other"


def test_a_stored_object_whose_checksum_is_another_is_not_found_but_refused(client: Any) -> None:
    """S3's own SHA-256 of the object is compared with its key."""
    sha256 = hashlib.sha256(SMALL).hexdigest()
    client.put_object(Bucket=BUCKET, Key=f"artifacts/sha256/{sha256}", Body=b"other", ChecksumAlgorithm="SHA256")
    with pytest.raises(Refused) as refused:
        S3Store(client=client, bucket=BUCKET).find(sha256)
    assert refused.value.reason.code == "stored_object_differs"


def test_a_wrong_digest_is_refused_by_s3_itself(client: Any) -> None:
    """The checksum travels with the bytes; S3 compares before it stores."""
    sent: list[Any] = []

    def put_object(**request: Any) -> Any:
        sent.append(request["ChecksumSHA256"])
        return fails("BadDigest")()

    store = S3Store(client=HarmedClient(client, put_object=put_object), bucket=BUCKET)
    with pytest.raises(Transient):
        upload(store, SMALL)
    assert sent == [base64.b64encode(hashlib.sha256(SMALL).digest()).decode()]


def test_parts_carry_a_checksum_that_is_completed_with_them(client: Any) -> None:
    """Each part has a CRC-32, and the copy is asked for a SHA-256, on condition that nothing is there."""
    parts: list[Any] = []
    copies: list[Any] = []

    def upload_part(**request: Any) -> Any:
        parts.append(request["ChecksumCRC32"])
        return client.upload_part(**request)

    def copy_object(**request: Any) -> Any:
        copies.append({name: request[name] for name in ("IfNoneMatch", "ChecksumAlgorithm")})
        return client.copy_object(**request)

    harmed = HarmedClient(client, upload_part=upload_part, copy_object=copy_object)
    upload(S3Store(client=harmed, bucket=BUCKET), LARGE)
    assert len(parts) == 3
    assert copies == [{"IfNoneMatch": "*", "ChecksumAlgorithm": "SHA256"}]


@pytest.mark.parametrize(
    ("operation", "data"),
    [
        ("put_object", SMALL),
        ("create_multipart_upload", LARGE),
        ("upload_part", LARGE),
        ("complete_multipart_upload", LARGE),
        ("copy_object", LARGE),
    ],
)
@pytest.mark.parametrize(
    "answer", [("SlowDown", 503, Transient), ("AccessDenied", 403, Transient), ("MalformedXML", 400, Refused)]
)
def test_a_failing_call_leaves_nothing_reachable(
    client: Any, operation: str, data: bytes, answer: tuple[str, int, type[PlugportError]]
) -> None:
    """Whichever call fails, the error is ours, nothing lies under `artifacts/` and abort cleans up."""
    code, status, kind = answer
    harmed = HarmedClient(client, **{operation: fails(code, status)})
    opened = S3Store(client=harmed, bucket=BUCKET).open_upload()

    def work() -> None:
        copy_into(opened, memoryview(data))
        opened.commit(hashlib.sha256(data).hexdigest(), len(data))

    with pytest.raises(kind):
        work()
    opened.abort()
    assert keys(client) == []
    assert open_uploads(client) == 0


def test_a_part_that_fails_stops_the_writer(client: Any) -> None:
    """After a failed part, writing on raises that error instead of sending the rest."""
    harmed = HarmedClient(client, upload_part=fails("SlowDown", 503))
    opened = S3Store(client=harmed, bucket=BUCKET).open_upload()
    with pytest.raises(Transient, match="UploadPart: SlowDown"):
        copy_into(opened, memoryview(LARGE * 3))
    opened.abort()
    assert open_uploads(client) == 0


def test_bytes_that_were_not_all_written_are_not_committed(client: Any) -> None:
    """The size that the caller verified must be the size that was written."""
    opened = upload(S3Store(client=client, bucket=BUCKET), SMALL, commit=False)
    with pytest.raises(Transient):
        opened.commit(hashlib.sha256(SMALL).hexdigest(), len(SMALL) + 1)
    assert keys(client) == []


def test_s3_out_of_reach_is_transient(client: Any) -> None:
    """A connection error is mapped like a failing service."""

    def unreachable(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://s3")

    harmed = HarmedClient(client, put_object=unreachable)
    with pytest.raises(Transient):
        upload(S3Store(client=harmed, bucket=BUCKET), SMALL)


def test_cleaning_up_may_fail_without_hiding_the_result(client: Any) -> None:
    """A staging object that can't be deleted stays for the lifecycle rule; the artifact is stored."""
    harmed = HarmedClient(client, delete_object=fails("AccessDenied", 403))
    stored = upload(S3Store(client=harmed, bucket=BUCKET), LARGE)
    assert stored.key in keys(client)


def test_a_receipt_is_written_once(client: Any) -> None:
    """The same receipt again changes nothing, another one under the key is refused."""
    store = S3Store(client=client, bucket=BUCKET)
    store.put_receipt("receipts/1.json", {"digest": "sha256:1", "by": "key-1"})
    store.put_receipt("receipts/1.json", {"by": "key-1", "digest": "sha256:1"})
    with pytest.raises(Refused) as refused:
        store.put_receipt("receipts/1.json", {"digest": "sha256:2"})
    assert refused.value.reason.code == "receipt_conflict"
    assert client.get_object(Bucket=BUCKET, Key="receipts/1.json")["Body"].read().startswith(b'{"by":"key-1"')


def test_receipts_lie_in_their_own_place_and_have_a_bound(client: Any) -> None:
    """A key outside of `receipts/` or an endless document is a programming error."""
    store = S3Store(client=client, bucket=BUCKET)
    with pytest.raises(ValueError, match="receipts/"):
        store.put_receipt("artifacts/sha256/1", {})
    with pytest.raises(ValueError, match="bytes"):
        store.put_receipt("receipts/1.json", {"x": "x" * 300_000})


@pytest.mark.parametrize("pad", [100, 2 * PART_BYTES])
def test_a_pull_ends_in_s3(client: Any, pad: int) -> None:
    """An image's executable is stored whole through the real store, in one request and in parts."""
    registry = FakeRegistry()
    program = images.elf(pad=pad)
    images.add_image(registry, [images.tar({"plugin": program})])
    pulled = pull_artifact(
        OciCommand("registry.example", "acme/plugin", "latest", None),
        registry=registry,
        store=S3Store(client=client, bucket=BUCKET),
        platforms=["linux/amd64"],
    )
    key = pulled.platforms["linux/amd64"].key
    assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == program
    assert keys(client) == [key]


def test_a_client_is_made_without_payload_hashing(client: Any) -> None:
    """Parts are not hashed a second time: TLS and their CRC-32 cover them."""
    config = client.meta.config
    assert config.signature_version == "s3v4"
    assert config.request_checksum_calculation == "when_required"
    assert config.s3["payload_signing_enabled"] is False
