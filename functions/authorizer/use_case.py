"""From an Authorization header to who calls, or to the reason why nobody does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from functions.authorizer.reasons import (
    JWT_NOT_ACCEPTED,
    NOT_A_BEARER_TOKEN,
    NOT_A_TOKEN,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    UNKNOWN_TOKEN,
)
from shared.errors import Refused
from shared.tokens import cursor_key, is_token, token_key

MAX_CREDENTIAL_BYTES: Final = 4096
#: Visible ASCII behind exactly one space (https://www.rfc-editor.org/rfc/rfc6750#section-2.1, read strictly).
_BEARER: Final = re.compile(r"Bearer ([\x21-\x7e]+)")
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class Unauthenticated(Refused):
    """The caller is not known; the reason is for the log only."""


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What the table holds of a token.

    Attributes:
        token_id: names the token in logs and in the audit trail.
        scopes: `read`, `write`, `admin`.
        namespaces: those it may use, `*` = all.
        expires_at: epoch seconds, None = never.
        revoked: True = refused from now on.
    """

    token_id: str
    scopes: tuple[str, ...]
    namespaces: tuple[str, ...]
    expires_at: int | None
    revoked: bool


class TokenTable(Protocol):
    """Where tokens are kept."""

    def find_token(self, key: str) -> StoredToken | None:
        """Give the token of this key, None if there is none."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls; what the API's functions get of it.

    Attributes:
        token: what the table holds.
        cursor_key: hex, the secret that signs this caller's list cursors.
    """

    token: StoredToken
    cursor_key: str

    def context(self) -> dict[str, str]:
        """Give the authorizer's context: texts only, API Gateway takes nothing else."""
        return {
            "token_id": self.token.token_id,
            "scopes": " ".join(self.token.scopes),
            "namespaces": " ".join(self.token.namespaces),
            "cursor_key": self.cursor_key,
        }


def authenticate(credential: str, *, tokens: TokenTable, clock: Callable[[], float]) -> Caller:
    """Find out who sent this Authorization header.

    Args:
        credential: the header's value.
        tokens: the table; a fault of it is not caught here, so that it never reads as "allowed".
        clock: epoch seconds.

    Raises:
        Unauthenticated: with the reason for the log.
    """
    token = _bearer_token(credential)
    key = token_key(token)
    stored = tokens.find_token(key)
    if stored is None:
        raise Unauthenticated(UNKNOWN_TOKEN)
    if stored.revoked:
        raise Unauthenticated(TOKEN_REVOKED, stored.token_id)
    if stored.expires_at is not None and stored.expires_at <= clock():
        raise Unauthenticated(TOKEN_EXPIRED, stored.token_id)
    return Caller(stored, cursor_key(key))


def _bearer_token(credential: str) -> str:
    match = _BEARER.fullmatch(credential) if len(credential) <= MAX_CREDENTIAL_BYTES else None
    if match is None:
        raise Unauthenticated(NOT_A_BEARER_TOKEN)
    if not is_token(match[1]):
        raise Unauthenticated(JWT_NOT_ACCEPTED if _JWT.fullmatch(match[1]) else NOT_A_TOKEN)
    return match[1]
