"""The reasons and the small parts that have no other place."""

import hashlib
import zlib
from concurrent.futures import ThreadPoolExecutor

from shared.artifacts import reasons
from shared.artifacts.deflate import crc32
from shared.artifacts.hashing import StreamHash
from shared.errors import Reason
from shared.registry.reasons import REASONS as REGISTRY_REASONS
from tests.conformance.suites.tar_cases import REASONS as SUITE_CODES


def test_each_reason_is_declared_once_with_a_hint() -> None:
    """Codes are unique, also beside those of the registry, and every one tells how to mend it."""
    declared = [value for value in vars(reasons).values() if isinstance(value, Reason)]
    codes = [reason.code for reason in (*reasons.REASONS, *REGISTRY_REASONS)]
    assert set(declared) == set(reasons.REASONS)
    assert len(codes) == len(set(codes))
    assert all(reason.hint.endswith(".") and reason.title for reason in reasons.REASONS)


def test_the_conformance_table_names_existing_reasons() -> None:
    """No code of the suite is mapped onto a reason that does not exist."""
    codes = {reason.code for reason in (*reasons.REASONS, *REGISTRY_REASONS)}
    assert {code for answers in SUITE_CODES.values() for code in answers} <= codes


def test_hashing_beside_the_stream_gives_the_same_digest() -> None:
    """Order is kept, whoever computes."""
    pieces = [bytes([number]) * 5000 for number in range(50)]
    expected = hashlib.sha256(b"".join(pieces)).hexdigest()
    with ThreadPoolExecutor(1) as executor:
        for digest in (StreamHash(), StreamHash(executor)):
            for piece in pieces:
                digest.update(piece)
            assert digest.hexdigest() == expected


def test_the_checksum_is_the_standard_one() -> None:
    """Whichever library computes it, S3 gets the same CRC-32."""
    assert crc32(bytearray(b"some bytes")) == zlib.crc32(b"some bytes")
