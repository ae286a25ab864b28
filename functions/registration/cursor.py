"""The opaque place in a list: authenticated, bound to caller and filters, and good for an hour. Pure."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Final

from functions.registration.reasons import INVALID_CURSOR
from shared.errors import Refused
from shared.plugins.identifiers import is_plugin_id

LIFETIME_SECONDS: Final = 3600
MAX_CURSOR: Final = 256
_MAC_BYTES: Final = 32


def scope_of(namespaces: Sequence[str], filters: Mapping[str, str]) -> bytes:
    """Give what a cursor is bound to, besides its caller: the namespaces that are listed and the filters."""
    return json.dumps([sorted(namespaces), sorted(filters.items())], separators=(",", ":")).encode()


def encode_cursor(after_id: str, *, key: bytes, scope: bytes, epoch: float) -> str:
    """Make the cursor that continues behind the plugin `after_id`.

    Args:
        after_id: id of the last plugin of the page.
        key: secret of the caller.
        scope: from `scope_of`.
        epoch: now, in epoch seconds.
    """
    place = f"{int(epoch) + LIFETIME_SECONDS}.{after_id}".encode()
    return base64.urlsafe_b64encode(_mac(place, key, scope) + place).rstrip(b"=").decode()


def decode_cursor(text: str, *, key: bytes, scope: bytes, epoch: float) -> str:
    """Give the id behind which the list continues.

    Raises:
        Refused: `invalid_cursor` for anything that `encode_cursor` did not make for this caller, scope and hour.
    """
    try:
        if len(text) > MAX_CURSOR:
            raise Refused(INVALID_CURSOR)
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Refused(INVALID_CURSOR) from None
    mac, place = data[:_MAC_BYTES], data[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(place, key, scope)):
        raise Refused(INVALID_CURSOR)
    expires_at, _, after_id = place.decode("ascii").partition(".")
    if int(expires_at) <= epoch or not is_plugin_id(after_id):
        raise Refused(INVALID_CURSOR, "the cursor is past its hour")
    return after_id


def _mac(place: bytes, key: bytes, scope: bytes) -> bytes:
    return hmac.new(key, scope + b"\n" + place, hashlib.sha256).digest()
