"""Origins of URLs: the (scheme, host, port) that connections and credentials are bound to (RFC 6454 section 4).

One strict reading, in place of `urlsplit`: what parsers disagree about (backslashes, blanks, user information, legacy
IPv4 forms) is refused, so the host that is judged is the host that is dialled.
"""

import re
from typing import Final, Literal, NamedTuple, cast

from shared.commands.errors import CommandError
from shared.commands.hosts import HOST_TEXT, parse_host
from shared.commands.ports import MAX_PORT, PORT_TEXT
from shared.egress.reasons import INVALID_URL
from shared.errors import Refused

Scheme = Literal["http", "https"]

MAX_URL_BYTES: Final = 8 * 1024  # signed URLs of object stores stay well below (what common servers accept)
DEFAULT_PORTS: Final[dict[str, int]] = {"http": 80, "https": 443}
_URL: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{HOST_TEXT})(?::(?P<port>{PORT_TEXT}))?(?P<rest>[/?#][\x21-\x7e]*)?",
    re.ASCII | re.IGNORECASE,
)


class Origin(NamedTuple):
    """Where a URL points to: scheme, canonical host (IPv6 without brackets), port."""

    scheme: Scheme
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The host as a URL has it, with the port unless it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def parse_origin(url: str) -> Origin:
    """Give the origin of an absolute http or https URL (RFC 3986 section 3.2, read strictly).

    Raises:
        Refused: `invalid_url`; the message does not repeat the URL, which may hold a signature.
    """
    match = _URL.fullmatch(url) if len(url) <= MAX_URL_BYTES else None
    if match is None:
        raise Refused(INVALID_URL)
    scheme = cast("Scheme", match["scheme"].lower())
    port = int(match["port"] or DEFAULT_PORTS[scheme])
    try:
        host = parse_host(match["host"]).text
    except CommandError as error:
        raise Refused(INVALID_URL, "the host is not one") from error
    if port > MAX_PORT:
        raise Refused(INVALID_URL, "the port is above 65535")
    return Origin(scheme, host, port)


def parse_authority(text: str, scheme: Scheme = "https") -> Origin:
    """Give the origin of `host[:port]`, as a registry is written.

    Raises:
        Refused: `invalid_url`.
    """
    if "/" in text or "?" in text or "#" in text:
        raise Refused(INVALID_URL, "not a host with or without a port")
    return parse_origin(f"{scheme}://{text}")
