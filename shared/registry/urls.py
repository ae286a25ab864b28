"""The URLs of a conversation with a registry: an origin and what is asked of it, read once and strictly.

Two parsers that read one URL differently are how a check is passed and another host is reached; `shared.egress.origins`
is the one that reads the origin, and requests are built from its parts.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import urljoin

from shared.egress.origins import MAX_URL_BYTES, Origin, parse_origin
from shared.errors import Reason, Refused

# RFC 3986 section 2, with `|`, which some object stores sign, and without what parsers treat differently.
_TARGET: Final = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%|-]*", re.ASCII)
_MAX_SHOWN: Final = 200
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_PRINTABLE: Final = re.compile(r"[!-~]+", re.ASCII)


class Url(NamedTuple):
    """An absolute http or https URL.

    Attributes:
        origin: where to.
        target: path and query, beginning with `/`.
    """

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def shown(self) -> str:
        """Give it for messages: short, and without the query, which may hold a signature."""
        return str(self).partition("?")[0][:_MAX_SHOWN]


def parse_url(text: str, reason: Reason) -> Url:
    """Read an absolute http or https URL; raises `Refused` with the given reason."""
    try:
        origin = parse_origin(text)
    except Refused as error:
        raise Refused(reason, "not an absolute http or https URL in its plain form") from error
    rest = re.sub(r"^[^:]*://[^/?#]*", "", text).partition("#")[0]
    if _TARGET.fullmatch(rest) is None:
        raise Refused(reason, "a character in the path or query that has to be escaped")
    return Url(origin, rest if rest.startswith("/") else f"/{rest}")


def resolve_reference(base: Url, reference: str, reason: Reason) -> Url:
    """Resolve a `Location` or `Link` against the URL that it came from; raises `Refused` with the given reason."""
    if len(reference) > MAX_URL_BYTES or _PRINTABLE.fullmatch(reference) is None or "\\" in reference:
        raise Refused(reason, "not a URL")
    if _SCHEME.match(reference):
        return parse_url(reference, reason)
    if reference.startswith("//"):
        return parse_url(f"{base.origin.scheme}:{reference}", reason)
    resolved = parse_url(urljoin(str(base), reference), reason)
    if resolved.origin != base.origin:
        raise Refused(reason, "not a URL")
    return resolved
