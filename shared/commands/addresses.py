"""Which IP addresses may be reached: our own table, because the flags of `ipaddress` differ between patch releases.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries
(https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry)
and the documented metadata endpoints of cloud providers. `ipaddress` serves as a strict parser only.
"""

import re
from bisect import bisect_right
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Network, IPv6Address, IPv6Network
from typing import Final, Literal, NamedTuple

Reach = Literal["public", "internal", "forbidden"]
"""public: may be reached; internal: only when opened by a setting; forbidden: never, whatever the settings say."""

SEVERITY: Final[dict[Reach, int]] = {"public": 0, "internal": 1, "forbidden": 2}

_DECIMAL_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
STRICT_IPV4: Final = re.compile(rf"{_DECIMAL_OCTET}(?:\.{_DECIMAL_OCTET}){{3}}", re.ASCII)
"""Dotted quad without leading zeros (RFC 3986 section 3.2.2, `IPv4address`)."""


class Block(NamedTuple):
    """One row of the table: a network in CIDR form, how it may be reached, and why."""

    network: str
    reach: Reach
    why: str


IPV4_BLOCKS: Final = (
    Block("0.0.0.0/8", "forbidden", "this network; connects to the local machine (RFC 1122)"),
    Block("10.0.0.0/8", "internal", "private (RFC 1918)"),
    Block("100.64.0.0/10", "internal", "shared address space (RFC 6598)"),
    Block("100.100.100.200/32", "forbidden", "metadata of Alibaba Cloud"),
    Block("127.0.0.0/8", "internal", "loopback (RFC 1122)"),
    Block("168.63.129.16/32", "forbidden", "wire server of Azure"),
    Block("169.254.0.0/16", "forbidden", "link-local, metadata and credentials of most clouds (RFC 3927)"),
    Block("172.16.0.0/12", "internal", "private (RFC 1918)"),
    Block("192.0.0.0/24", "internal", "protocol assignments (RFC 6890)"),
    Block("192.0.0.192/32", "forbidden", "metadata of Oracle Cloud"),
    Block("192.0.2.0/24", "internal", "documentation (RFC 5737)"),
    Block("192.31.196.0/24", "internal", "AS112 (RFC 7535)"),
    Block("192.52.193.0/24", "internal", "AMT (RFC 7450)"),
    Block("192.88.99.0/24", "internal", "6to4 relay anycast (RFC 7526)"),
    Block("192.168.0.0/16", "internal", "private (RFC 1918)"),
    Block("192.175.48.0/24", "internal", "AS112 (RFC 7534)"),
    Block("198.18.0.0/15", "internal", "benchmarking (RFC 2544)"),
    Block("198.51.100.0/24", "internal", "documentation (RFC 5737)"),
    Block("203.0.113.0/24", "internal", "documentation (RFC 5737)"),
    Block("224.0.0.0/4", "forbidden", "multicast (RFC 5771)"),
    Block("240.0.0.0/4", "internal", "reserved (RFC 1112)"),
    Block("255.255.255.255/32", "forbidden", "limited broadcast (RFC 919)"),
)
"""More specific rows win over the ones that hold them; what no row holds is public."""

IPV6_BLOCKS: Final = (
    Block("::/0", "internal", "not assigned as global unicast (RFC 4291)"),
    Block("::/96", "forbidden", "unspecified, and IPv4-compatible: embeds an address (RFC 4291)"),
    Block("::1/128", "internal", "loopback (RFC 4291)"),
    Block("::ffff:0:0:0/96", "forbidden", "IPv4-translated: embeds an address (RFC 2765)"),
    Block("64:ff9b::/96", "forbidden", "NAT64: embeds an address (RFC 6052)"),
    Block("64:ff9b:1::/48", "forbidden", "local NAT64: embeds an address (RFC 8215)"),
    Block("2000::/3", "public", "global unicast (RFC 4291)"),
    Block("2001::/23", "internal", "protocol assignments (RFC 2928)"),
    Block("2001::/32", "forbidden", "Teredo: embeds an address (RFC 4380)"),
    Block("2001:db8::/32", "internal", "documentation (RFC 3849)"),
    Block("2002::/16", "forbidden", "6to4: embeds an address (RFC 3056)"),
    Block("2620:4f:8000::/48", "internal", "AS112 (RFC 7534)"),
    Block("3fff::/20", "internal", "documentation (RFC 9637)"),
    Block("fd00:ec2::/32", "forbidden", "metadata, DNS and credentials of AWS"),
    Block("fd20:ce::/64", "forbidden", "metadata of Google Cloud"),
    Block("fe80::/10", "forbidden", "link-local (RFC 4291)"),
    Block("ff00::/8", "forbidden", "multicast (RFC 4291)"),
)
"""As IPV4_BLOCKS; private fc00::/7 and site-local fec0::/10 are held by the first row."""

_GROUP_SHIFTS: Final = range(112, -1, -16)
_ZERO_RUN: Final = re.compile(r"(?<![0-9a-f])0(?::0(?![0-9a-f]))+", re.ASCII)
_MAPPED: Final = 0xFFFF << 32  # ::ffff:0:0/96 (RFC 4291 section 2.5.5.2)
_IPV4_MASK: Final = (1 << 32) - 1


def _intervals(spans: list[tuple[int, int, Reach]]) -> tuple[list[int], list[Reach]]:
    """Flatten nested networks into sorted starts of disjoint intervals and the reach of each."""
    widest_first = sorted(spans, key=lambda span: span[0] - span[1])
    starts = sorted({0, *(low for low, _, _ in spans), *(high + 1 for _, high, _ in spans)})
    reaches: list[Reach] = []
    for start in starts:
        reach: Reach = "public"
        for low, high, own in widest_first:
            if low <= start <= high:
                reach = own
        reaches.append(reach)
    return starts, reaches


def _ipv4_span(block: Block) -> tuple[int, int, Reach]:
    network = IPv4Network(block.network)
    return int(network.network_address), int(network.broadcast_address), block.reach


def _ipv6_span(block: Block) -> tuple[int, int, Reach]:
    network = IPv6Network(block.network)
    return int(network.network_address), int(network.broadcast_address), block.reach


_IPV4_STARTS, _IPV4_REACHES = _intervals([_ipv4_span(block) for block in IPV4_BLOCKS])
_IPV6_STARTS, _IPV6_REACHES = _intervals([_ipv6_span(block) for block in IPV6_BLOCKS])


def ipv4_number(text: str) -> int:
    """Give the 32-bit number of a strict dotted quad (the caller has checked the form)."""
    first, second, third, fourth = text.split(".")
    return int(first) << 24 | int(second) << 16 | int(third) << 8 | int(fourth)


@lru_cache(maxsize=64)  # a command is parsed and then judged: the second look at its address costs nothing
def parse_ipv6(text: str) -> int | None:
    """Give the 128-bit number of an IPv6 address without brackets and zone, or None (RFC 4291 section 2.2)."""
    if "%" in text or "/" in text:
        return None
    try:
        return int(IPv6Address(text))
    except AddressValueError:
        return None


def ipv6_text(number: int) -> str:
    """Write an IPv6 address in the one form of RFC 5952, mapped IPv4 addresses in the mixed form of its section 5."""
    embedded = mapped_ipv4(number)
    if embedded is not None:
        return f"::ffff:{embedded >> 24}.{embedded >> 16 & 255}.{embedded >> 8 & 255}.{embedded & 255}"
    text = ":".join([f"{number >> shift & 0xFFFF:x}" for shift in _GROUP_SHIFTS])
    zeros = max(_ZERO_RUN.findall(text), key=len, default="")
    if not zeros:
        return text
    head, _, tail = f":{text}:".partition(f":{zeros}:")  # the first of the longest runs (section 4.2.3)
    return f"{head[1:]}::{tail[:-1]}"


def mapped_ipv4(number: int) -> int | None:
    """Give the IPv4 number inside an IPv4-mapped IPv6 number, or None."""
    return number & _IPV4_MASK if number >> 32 == _MAPPED >> 32 else None


def ipv4_reach(number: int) -> Reach:
    """Judge a 32-bit IPv4 number."""
    return _IPV4_REACHES[bisect_right(_IPV4_STARTS, number) - 1]


def ipv6_reach(number: int) -> Reach:
    """Judge a 128-bit IPv6 number; an IPv4-mapped one as the IPv4 address that it is."""
    embedded = mapped_ipv4(number)
    if embedded is not None:
        return ipv4_reach(embedded)
    return _IPV6_REACHES[bisect_right(_IPV6_STARTS, number) - 1]


def reach_of(address: str) -> Reach:
    """Judge an address as a resolver wrote it; what is not a strict IPv4 or IPv6 address is forbidden."""
    if STRICT_IPV4.fullmatch(address):
        return ipv4_reach(ipv4_number(address))
    number = parse_ipv6(address)
    return "forbidden" if number is None else ipv6_reach(number)
