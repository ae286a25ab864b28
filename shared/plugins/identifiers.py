"""The grammar of ids, namespaces and slugs, and how ids are made. Pure but for the randomness that is passed in."""

import re
from typing import Final

from shared.errors import Reason, Refused

INVALID_SLUG = Reason(
    "invalid_slug",
    "the slug is not valid",
    "Use 2 to 64 of a-z, 0-9 and single dashes between them, beginning with a letter, e.g. my-plugin.",
)
INVALID_NAMESPACE = Reason(
    "invalid_namespace",
    "the namespace is not valid",
    "Use 1 to 63 of a-z, 0-9 and single dashes between them, e.g. team-a.",
)
REASONS: Final = (INVALID_SLUG, INVALID_NAMESPACE)

#: Crockford's base32 in lower case (https://www.crockford.com/base32.html): sorts as the number does.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_ID: Final = re.compile(r"plg_[0-7][0-9a-hjkmnp-tv-z]{25}")
_LABEL: Final = re.compile(r"[a-z0-9](?:-?[a-z0-9])*", re.ASCII)
_MAX_NAMESPACE: Final = 63
_MIN_SLUG: Final = 2
_MAX_SLUG: Final = 64
#: Words that other systems read as something else than a name.
_RESERVED_SLUGS: Final = frozenset({"con", "prn", "aux", "nul", "null", "true", "false", "none", "undefined", "oci"})


def new_plugin_id(*, epoch: float, randomness: bytes) -> str:
    """Make an id that sorts by creation time (ULID layout: 48 bits of milliseconds, 80 random bits).

    Args:
        epoch: now, in epoch seconds.
        randomness: 10 bytes from a cryptographic source.
    """
    number = (int(epoch * 1000) << 80) | int.from_bytes(randomness[:10], "big")
    return "plg_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def is_plugin_id(text: str) -> bool:
    """Say whether the text has the shape of an id; anything else can't exist and needs no look-up."""
    return _ID.fullmatch(text) is not None


def parse_namespace(text: object) -> str:
    """Give the namespace or raise `Refused` with `invalid_namespace`."""
    if isinstance(text, str) and len(text) <= _MAX_NAMESPACE and _LABEL.fullmatch(text):
        return text
    raise Refused(INVALID_NAMESPACE)


def parse_slug(text: object) -> str:
    """Give the slug or raise `Refused` with `invalid_slug`."""
    if (
        isinstance(text, str)
        and _MIN_SLUG <= len(text) <= _MAX_SLUG
        and text[0].isalpha()
        and _LABEL.fullmatch(text)
        and text not in _RESERVED_SLUGS
    ):
        return text
    raise Refused(INVALID_SLUG)


def slug_from_name(name: str, plugin_id: str) -> str:
    """Make a slug for a plugin that came without one: readable, and unique by the end of the id."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    prefix = words if words[:1].isalpha() else f"plugin-{words}".strip("-")
    return f"{prefix}-{plugin_id[-8:]}"
