"""Strict hosts: a DNS name, a dotted IPv4 address, or a bracketed IPv6 address, each in one canonical form.

RFC 3986 section 3.2.2, RFC 1123 section 2.1, RFC 5890 section 2.3.1, RFC 5952; a name whose last label is a number is
an IPv4 address to many resolvers (https://url.spec.whatwg.org/#ends-in-a-number-checker), so it is one here or nothing.
"""

import encodings.punycode  # noqa: F401 - decoding an A-label must not import at request time
import re
from typing import Final, Literal, NamedTuple

from shared.commands.addresses import STRICT_IPV4, Reach, ipv4_number, ipv4_reach, ipv6_reach, ipv6_text, parse_ipv6
from shared.commands.errors import CommandError
from shared.commands.reasons import INVALID_HOST

HostKind = Literal["name", "ipv4", "ipv6"]

MAX_NAME_OCTETS: Final = 253
MAX_LABEL_OCTETS: Final = 63

HOST_TEXT: Final = r"(?:[A-Za-z0-9._-]{1,254}|\[[0-9A-Fa-f:.]{2,45}\])"
"""The characters of a host in an authority; `canonical_host` decides whether they make one."""

_PLAIN_LABEL: Final = r"[A-Za-z0-9_]++(?:-[A-Za-z0-9_]++)*+"
PLAIN_NAME: Final = rf"(?:{_PLAIN_LABEL}\.)*+(?=[A-Za-z_]){_PLAIN_LABEL}"
"""A name that needs no second look unless it is long: no doubled hyphen, last label not beginning with a digit."""
_PLAIN: Final = re.compile(PLAIN_NAME, re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)

LOOPBACK_NAMES: Final = frozenset(
    {
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost4.localdomain4",
        "localhost6",
        "localhost6.localdomain6",
        "ip6-localhost",
        "ip6-loopback",
    }
)
"""Names of the machine itself (RFC 6761 section 6.3 and the usual hosts files)."""

METADATA_NAMES: Final = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
        "rancher-metadata",
    }
)
"""Names of metadata services: they give out credentials of the machine that asks."""

_FORBIDDEN_SUFFIXES: Final = tuple(f".{name}" for name in sorted(METADATA_NAMES) if "." in name)
_SPECIAL_NAMES: Final = LOOPBACK_NAMES | METADATA_NAMES
_SPECIAL_SUFFIXES: Final = (".localhost", *_FORBIDDEN_SUFFIXES)


class Host(NamedTuple):
    """A host in canonical form: lower case, no root dot, IPv6 without brackets."""

    text: str
    kind: HostKind


def parse_host(text: str) -> Host:
    """Parse a host as written in an authority (IPv6 in brackets).

    Raises:
        CommandError: `invalid_host`.
    """
    host = canonical_host(text)
    if host is None:
        raise CommandError(INVALID_HOST)
    return host


def canonical_host(text: str) -> Host | None:
    """Give the canonical form of a host, or None if it is not one."""
    if _PLAIN.fullmatch(text) and len(text) <= MAX_LABEL_OCTETS:
        return Host(text.lower(), "name")
    return unusual_host(text)


def unusual_host(text: str) -> Host | None:
    """Do as `canonical_host`, for hosts that are not plain short names."""
    if text.startswith("["):
        number = parse_ipv6(text[1:-1]) if text.endswith("]") else None
        return None if number is None else Host(ipv6_text(number), "ipv6")
    if not text.isascii():
        return None
    if STRICT_IPV4.fullmatch(text):
        return Host(text, "ipv4")
    name = text.lower().removesuffix(".")
    if len(name) > MAX_NAME_OCTETS:
        return None
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]) or not all(_is_label(label) for label in labels):
        return None
    return Host(name, "name")


def bracketed(host: str, kind: HostKind) -> str:
    """Write a host as an authority has it."""
    return f"[{host}]" if kind == "ipv6" else host


def name_reach(name: str) -> Reach:
    """Judge a canonical name without looking it up: the machine itself and metadata services only."""
    if name in _SPECIAL_NAMES or name.endswith(_SPECIAL_SUFFIXES):
        forbidden = name in METADATA_NAMES or name.endswith(_FORBIDDEN_SUFFIXES)
        return "forbidden" if forbidden else "internal"
    return "public"


def host_reach(host: str, kind: HostKind) -> Reach:
    """Judge a canonical host without looking it up."""
    if kind == "name":
        return name_reach(host)
    if kind == "ipv4":
        return ipv4_reach(ipv4_number(host))
    number = parse_ipv6(host)
    return "forbidden" if number is None else ipv6_reach(number)


def _is_label(label: str) -> bool:
    if len(label) > MAX_LABEL_OCTETS or not _LABEL.fullmatch(label):
        return False
    return label[2:4] != "--" or _is_a_label(label)


def _is_a_label(label: str) -> bool:
    """Say whether it is `xn--` and the Punycode of something that is not ASCII (RFC 5890 section 2.3.2.1)."""
    if not label.startswith("xn--"):
        return False
    try:
        return not label[4:].encode("ascii").decode("punycode").isascii()
    except UnicodeError:
        return False
