"""Every bound of a conversation with a registry, named, with its unit and where it comes from."""

from dataclasses import dataclass
from typing import Final

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one client.

    Attributes:
        max_blob_bytes: one blob; the pull has its own, smaller ones.
        max_document_bytes: a page of tags or referrers.
        max_token_answer_bytes: what a token service may answer.
        max_header_bytes: status lines and headers of one answer, interim answers included.
        max_blob_redirects: hops until a blob (oras-go and others: 10; storage back ends need 1 or 2).
        max_manifest_redirects: hops until a manifest.
        max_retries: further attempts after a transient failure.
        max_pages: pages of one list.
        max_listed: tags or referrers of one list.
        connect_timeout_seconds: one TCP and TLS handshake.
        read_timeout_seconds: silence on a connection.
        patience_seconds: time spent waiting for bytes of one answer, on top of what `min_bytes_per_second` allows for
            those that came; catches a peer that sends one byte a second, which no read timeout does.
        min_bytes_per_second: slower than that in the long run is given up.
        backoff_seconds: upper bound of the first pause; doubled for each further one, jitter takes any part of it.
        max_retry_after_seconds: a longer `Retry-After` is left to the queue.
        min_token_seconds: a token without or with a nonsensical lifetime is kept that long (distribution's default).
        max_token_seconds: no token is kept longer.
    """

    max_blob_bytes: int = 2 * GIB
    max_document_bytes: int = 4 * MIB
    max_token_answer_bytes: int = 64 * KIB
    max_header_bytes: int = 64 * KIB
    max_blob_redirects: int = 5
    max_manifest_redirects: int = 2
    max_retries: int = 3
    max_pages: int = 100
    max_listed: int = 10_000
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 10.0
    patience_seconds: float = 30.0
    min_bytes_per_second: int = 64 * KIB
    backoff_seconds: float = 0.5
    max_retry_after_seconds: float = 60.0
    min_token_seconds: float = 60.0
    max_token_seconds: float = 900.0


DEFAULT_LIMITS: Final = Limits()
