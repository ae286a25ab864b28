"""No input makes egress dial what its policy refuses, and it raises nothing but its own errors."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.commands import TargetPolicy
from shared.commands.addresses import reach_of
from shared.egress import grpc_target, parse_origin, resolve_and_judge
from shared.egress.connections import in_turns
from shared.errors import PlugportError, Refused

ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
    st.sampled_from(["127.0.0.1", "169.254.169.254", "10.0.0.1", "8.8.8.8", "2606:4700::1", "fe80::1%eth0", "x"]),
)
HOSTS = st.one_of(
    st.text(max_size=40),
    ADDRESSES,
    ADDRESSES.map(lambda address: f"[{address}]"),
    st.from_regex(r"[a-z0-9._-]{1,20}\.example", fullmatch=True),
)
POLICY = TargetPolicy()


class Answers:
    """Answers every name alike, and counts."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """Keep the answer."""
        self._addresses = addresses
        self.count = 0

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:  # noqa: ARG002 - the port's signature
        """Give the answer."""
        self.count += 1
        return self._addresses


@given(HOSTS, st.integers(-1, 70_000), st.lists(ADDRESSES, max_size=5))
def test_nothing_refused_comes_out(host: str, port: int, addresses: list[str]) -> None:
    """Whatever host, port and answers: what may be dialled is public, after one look-up at the most."""
    resolver = Answers(addresses)
    try:
        judged = resolve_and_judge(host, port, policy=POLICY, resolver=resolver, timeout_seconds=1)
    except PlugportError:
        judged = ()
    assert resolver.count <= 1
    assert all(reach_of(address) == "public" for address in judged)


@given(HOSTS, st.integers(1, 65_535), st.lists(ADDRESSES, max_size=5))
def test_grpc_target_is_one_judged_address(host: str, port: int, addresses: list[str]) -> None:
    """A gRPC target never holds a name or a list."""
    try:
        target = grpc_target(host, port, policy=POLICY, resolver=Answers(addresses)).target
    except PlugportError:
        return
    family, _, rest = target.partition(":")
    assert family in {"ipv4", "ipv6"}
    address = rest.removesuffix(f":{port}").strip("[]")
    assert "," not in target
    assert reach_of(address) == "public"


@given(st.one_of(st.text(max_size=80), st.text(max_size=60).map(lambda rest: f"https://{rest}")))
def test_origins_have_one_reading(url: str) -> None:
    """A URL is refused, or its origin written out again is the same origin."""
    try:
        origin = parse_origin(url)
    except Refused:
        return
    assert parse_origin(str(origin)) == origin


@given(st.lists(st.sampled_from(["1.1.1.1", "8.8.8.8", "2606::1", "2606::2", "9.9.9.9"]), unique=True))
def test_order_of_dialling_keeps_every_address(addresses: list[str]) -> None:
    """Taking turns loses nothing and keeps the first address first."""
    ordered = in_turns(addresses)
    assert sorted(ordered) == sorted(addresses)
    assert ordered[:1] == tuple(addresses[:1])
