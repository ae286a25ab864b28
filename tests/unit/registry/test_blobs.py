"""Blobs: verified, bounded, resumed."""

import pytest

from shared.errors import Refused, Transient
from shared.registry.descriptors import Descriptor
from shared.registry.limits import Limits
from tests.unit.registry.fakes import (
    Answer,
    described,
    refusal_of,
)
from tests.unit.registry.scene import (
    BASE,
    BLOB,
    BLOB_URL,
    CONFIG,
    LAYER,
    client_over,
    read,
)


@pytest.mark.parametrize("step", [1, 7, 999, 1000, 1001, 4096])
def test_a_blob_is_read_in_any_step(step: int) -> None:
    """The bytes are the same whatever the buffer's size."""
    client, _, _ = client_over({BLOB_URL: [Answer(body=BLOB)]})
    assert read(client, step=step) == BLOB


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(body=BLOB[:-1]), "size_mismatch"),
        (Answer(body=BLOB + b"x"), "size_mismatch"),
        (Answer(body=BLOB, headers={"Content-Length": "999"}), "size_mismatch"),
        (Answer(body=BLOB, headers={"Content-Length": "1001"}), "size_mismatch"),
        (Answer(body=b"x" + BLOB[1:]), "digest_mismatch"),
        (Answer(body=BLOB, headers={"Content-Encoding": "gzip"}), "digest_mismatch"),
        (Answer(body=BLOB, headers={"Content-Length": "-1"}), "registry_protocol_error"),
        (Answer(404), "registry_not_found"),
    ],
)
def test_a_blob_that_is_not_the_one_is_refused(answer: Answer, code: str) -> None:
    """Short, long, other bytes, encoded: each has its reason."""
    client, _, _ = client_over({BLOB_URL: [answer]})
    assert refusal_of(lambda: read(client)) == code


def test_the_last_bytes_are_held_back_until_the_digest_agrees() -> None:
    """A reader that stops at the error has never seen the whole of a wrong blob."""
    client, _, _ = client_over({BLOB_URL: [Answer(body=b"x" + BLOB[1:])]})
    buffer = bytearray(400)
    with client.open_blob(LAYER) as reader:
        assert [reader.readinto(buffer), reader.readinto(buffer)] == [400, 400]
        with pytest.raises(Refused):
            reader.readinto(buffer)


def test_an_empty_blob_is_verified_too() -> None:
    """Zero bytes have a digest like any others."""
    empty = described(b"")
    client, _, _ = client_over({f"{BASE}/blobs/{empty.digest}": [Answer()]})
    assert client.fetch_blob(empty, max_bytes=0) == b""
    wrong = Descriptor("a/b", LAYER.digest, 0)
    assert refusal_of(lambda: read(client, wrong)) == "digest_mismatch"


def test_a_broken_blob_is_resumed_where_it_broke() -> None:
    """The second request asks for the rest, and the whole digest is verified."""
    rest = Answer(206, BLOB[300:], {"Content-Range": "bytes 300-999/1000"})
    client, adapter, _ = client_over({BLOB_URL: [Answer(body=BLOB, breaks=(300, ConnectionResetError())), rest]})
    assert read(client, step=100) == BLOB
    assert adapter.sent("Range") == [None, "bytes=300-"]


def test_a_registry_without_ranges_sends_it_all_again() -> None:
    """What was given out before is read over, not given out twice."""
    answers = [Answer(body=BLOB, breaks=(300, ConnectionResetError())), Answer(body=BLOB)]
    client, _, _ = client_over({BLOB_URL: answers})
    assert read(client, step=100) == BLOB


def test_a_resumed_blob_with_other_bytes_is_refused() -> None:
    """The digest is that of the bytes that were given out, whichever answer they came in."""
    rest = Answer(206, b"x" * 700, {"Content-Range": "bytes 300-999/1000"})
    client, _, _ = client_over({BLOB_URL: [Answer(body=BLOB, breaks=(300, ConnectionResetError())), rest]})
    assert refusal_of(lambda: read(client, step=100)) == "digest_mismatch"


def test_another_range_than_asked_for_is_refused() -> None:
    """A partial answer must begin where the last one ended."""
    rest = Answer(206, BLOB[200:], {"Content-Range": "bytes 200-999/1000"})
    client, _, _ = client_over({BLOB_URL: [Answer(body=BLOB, breaks=(300, ConnectionResetError())), rest]})
    assert refusal_of(lambda: read(client, step=100)) == "registry_protocol_error"


def test_resuming_is_bounded() -> None:
    """A blob that always breaks is given up after four attempts, and may be tried again later."""
    client, adapter, _ = client_over({BLOB_URL: [Answer(body=BLOB, breaks=(0, ConnectionResetError()))]})
    with pytest.raises(Transient):
        read(client)
    assert len(adapter.requests) == 4


def test_sizes_are_checked_before_anything_is_requested() -> None:
    """A blob over its limit costs no request."""
    client, adapter, _ = client_over({}, limits=Limits(max_blob_bytes=999))
    assert refusal_of(lambda: client.open_blob(LAYER)) == "blob_too_large"
    assert refusal_of(lambda: client.fetch_blob(CONFIG, max_bytes=1)) == "blob_too_large"
    assert adapter.requests == []


def test_a_partial_answer_that_nobody_asked_for_is_refused() -> None:
    """206 to a request without a range is no whole blob."""
    client, _, _ = client_over({BLOB_URL: [Answer(206, BLOB, {"Content-Range": "bytes 0-999/1000"})]})
    assert refusal_of(lambda: read(client)) == "registry_protocol_error"


def test_a_resumed_blob_may_not_go_on_either() -> None:
    """The rest's stated length is compared, too."""
    rest = Answer(206, BLOB[300:] + b"x", {"Content-Range": "bytes 300-1000/1001", "Content-Length": "701"})
    client, _, _ = client_over({BLOB_URL: [Answer(body=BLOB, breaks=(300, ConnectionResetError())), rest]})
    assert refusal_of(lambda: read(client, step=100)) == "size_mismatch"
