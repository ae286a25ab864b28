"""API tokens: their format, and the key under which only their hash is stored. Pure but for the randomness."""

import hashlib
import re
import secrets
from typing import Final

#: Leads each token: secret scanners find a leaked one by it.
_PREFIX: Final = "ppt_"
#: 32 random bytes are 43 characters of unpadded base64url (https://www.rfc-editor.org/rfc/rfc4648#section-5).
_RANDOM_BYTES: Final = 32
_TOKEN: Final = re.compile(r"ppt_[A-Za-z0-9_-]{43}")

#: Scopes from the least to the most; each includes those before it.
SCOPES: Final = ("read", "write", "admin")
#: In place of a namespace: all of them.
EVERY_NAMESPACE: Final = "*"


def new_token() -> str:
    """Make a token: `ppt_` and 43 characters of base64url, 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def is_token(text: str) -> bool:
    """Say whether the text has a token's shape; anything else can't be in the table and needs no look-up."""
    return _TOKEN.fullmatch(text) is not None


def token_key(token: str) -> str:
    """Give the key of the token's item: `TOKEN#<sha256 hex>`; a fast hash is enough for 256 random bits."""
    return f"TOKEN#{_sha256(token.encode())}"


def cursor_key(key: str) -> str:
    """Derive the secret that signs this token's list cursors from the token's table key; 64 hex characters."""
    return _sha256(b"cursor:" + key.removeprefix("TOKEN#").encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
