"""Hosts and addresses: one canonical form, and a table of our own for what may be reached."""

from ipaddress import ip_network

import pytest

from shared.commands import CommandError, parse_host
from shared.commands.addresses import IPV4_BLOCKS, IPV6_BLOCKS, Block, ipv6_text, parse_ipv6, reach_of
from shared.commands.hosts import host_reach, name_reach


@pytest.mark.parametrize(
    ("text", "canonical", "kind"),
    [
        ("Example.COM.", "example.com", "name"),
        ("3com.com", "3com.com", "name"),
        ("0x.example.com", "0x.example.com", "name"),
        ("a--b.example.com", "a--b.example.com", "name"),
        ("XN--R8JZ45G.jp", "xn--r8jz45g.jp", "name"),
        ("_grpc.example.com", "_grpc.example.com", "name"),
        (".".join(["a" * 63] * 3) + "." + "a" * 61, ".".join(["a" * 63] * 3) + "." + "a" * 61, "name"),
        ("1.2.3.4", "1.2.3.4", "ipv4"),
        ("[::FFFF:7F00:1]", "::ffff:127.0.0.1", "ipv6"),
        ("[2001:db8:0:0:1:0:0:1]", "2001:db8::1:0:0:1", "ipv6"),
    ],
)
def test_canonical(text: str, canonical: str, kind: str) -> None:
    """A host has one canonical form."""
    assert parse_host(text) == (canonical, kind)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "a..b", ".a", "-a.com", "a-.com", "a" * 64, ".".join(["a" * 63] * 3) + "." + "a" * 62),
        *("0", "127.1", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "1.2.3.4.5", "256.1.1.1", "example.1", "foo.0x1"),
        *("::1", "[::1", "::1]", "[]", "[127.0.0.1]", "[fe80::1%eth0]", "[::1/128]", "[::00001]", "[1::2::3]"),
        *(
            "xn--",
            "xn--a-",
            "ab--cd.example.com",
            "xn--zz9999999.com",
            "stra\xdfe.de",
            "\uff11\uff12\uff17.0.0.1",
            "a b",
        ),
        *("example.com\n", "a@b", "a/b", "*"),
    ],
)
def test_refused(text: str) -> None:
    """Anything that two parsers might read differently is no host."""
    with pytest.raises(CommandError) as caught:
        parse_host(text)
    assert caught.value.reason.code == "invalid_host"


def is_innermost(block: Block, blocks: tuple[Block, ...]) -> bool:
    """Say whether no other row lies inside."""
    own = ip_network(block.network)
    return not any(other != block and ip_network(other.network).subnet_of(own) for other in blocks)  # type: ignore[arg-type] # one version


@pytest.mark.parametrize("blocks", [IPV4_BLOCKS, IPV6_BLOCKS])
def test_first_and_last_of_each_block(blocks: tuple[Block, ...]) -> None:
    """Both ends of a block that holds no other are judged by it."""
    for block in blocks:
        network = ip_network(block.network)
        if is_innermost(block, blocks):
            assert {reach_of(str(network[0])), reach_of(str(network[-1]))} == {block.reach}, block


@pytest.mark.parametrize(
    "address",
    [
        *("9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"),
        *(
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.169.0.0",
            "223.255.255.255",
        ),
        *("2001:200::1", "2606:4700:4700::1111", "2a00:1450:4001:800::1", "::ffff:8.8.8.8"),
    ],
)
def test_neighbours_are_public(address: str) -> None:
    """The neighbours of special ranges are public."""
    assert reach_of(address) == "public"


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("100.100.100.200", "forbidden"),
        ("168.63.129.16", "forbidden"),
        ("::ffff:169.254.169.254", "forbidden"),
        ("::ffff:10.0.0.1", "internal"),
        ("64:ff9b::808:808", "forbidden"),
        ("2002:808:808::1", "forbidden"),
        ("::", "forbidden"),
        ("::1", "internal"),
        ("fd12::1", "internal"),
        ("fec0::1", "internal"),
        ("fd00:ec2::254", "forbidden"),
        ("4000::1", "internal"),
        ("fe80::1%eth0", "forbidden"),
        ("127.1", "forbidden"),
        ("not an address", "forbidden"),
    ],
)
def test_reach(address: str, reach: str) -> None:
    """Metadata and embedding addresses are never liftable; what is no address is forbidden."""
    assert reach_of(address) == reach


@pytest.mark.parametrize(
    ("name", "reach"),
    [
        ("localhost", "internal"),
        ("a.b.localhost", "internal"),
        ("ip6-loopback", "internal"),
        ("metadata.google.internal", "forbidden"),
        ("x.metadata.google.internal", "forbidden"),
        ("instance-data", "forbidden"),
        ("localhost.example.com", "public"),
        ("mylocalhost", "public"),
        ("metadata.example.com", "public"),
        ("my-plugin.default.svc.cluster.local", "public"),
    ],
)
def test_name_reach(name: str, reach: str) -> None:
    """By name alone only the machine itself and metadata services are judged."""
    assert name_reach(name) == reach


def test_host_reach_of_unreadable_address() -> None:
    """A host that claims to be an address and is none is forbidden."""
    assert host_reach("fe80::1%eth0", "ipv6") == "forbidden"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("0:0:0:0:0:0:0:0", "::"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"),
    ],
)
def test_rfc_5952(written: str, text: str) -> None:
    """The longest run of zero groups is shortened, the first of equal ones, never a single group."""
    number = parse_ipv6(written)
    assert number is not None
    assert ipv6_text(number) == text
