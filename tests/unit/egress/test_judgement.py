"""Resolve once, judge every answer."""

import pytest

from shared.egress import resolve_and_judge
from shared.egress.reasons import NAME_LOOKUP_FAILED
from shared.errors import Refused, Transient
from tests.unit.egress.fakes import FakePolicy, FakeResolver


def judged(host: str, resolver: FakeResolver, policy: FakePolicy | None = None, port: int = 443) -> tuple[str, ...]:
    """Resolve and judge with a short form."""
    return resolve_and_judge(host, port, policy=policy or FakePolicy(), resolver=resolver, timeout_seconds=3)


def test_every_answer_is_judged_in_order() -> None:
    """All addresses come out in the resolver's order, once each, after one look-up."""
    resolver, policy = FakeResolver({"a.example": ["2606:4700::1", "8.8.8.8", "8.8.8.8"]}), FakePolicy()
    assert judged("A.example.", resolver, policy) == ("2606:4700::1", "8.8.8.8")
    assert resolver.asked == [("a.example", 443, 3)]
    assert policy.asked[0] == ("a.example", 443, None)
    assert {asked[2] for asked in policy.asked[1:]} == {"2606:4700::1", "8.8.8.8"}


@pytest.mark.parametrize("answers", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["10.0.0.1"]])
def test_one_bad_answer_refuses_the_name(answers: list[str]) -> None:
    """A name with one refused address is refused, wherever that address stands."""
    with pytest.raises(Refused, match="internal_network_address"):
        judged("mixed.example", FakeResolver({"mixed.example": answers}), FakePolicy({"10.0.0.1"}))


def test_refused_name_is_not_looked_up() -> None:
    """A name that the policy refuses by itself never reaches the resolver."""
    resolver = FakeResolver({"localhost": ["127.0.0.1"]})
    with pytest.raises(Refused, match="internal_network_address"):
        judged("localhost", resolver, FakePolicy({"localhost"}))
    assert resolver.asked == []


@pytest.mark.parametrize(
    ("host", "address"), [("8.8.8.8", "8.8.8.8"), ("[2606:4700::1]", "2606:4700::1"), ("::1", "::1")]
)
def test_literal_is_judged_without_look_up(host: str, address: str) -> None:
    """A literal address is judged as an address and never looked up."""
    resolver, policy = FakeResolver({}), FakePolicy()
    assert judged(host, resolver, policy) == (address,)
    assert resolver.asked == []
    assert policy.asked[-1][2] == address


def test_mapped_address_is_the_ipv4_address_that_it_is() -> None:
    """An IPv4-mapped answer is judged, and given out, as IPv4."""
    resolver = FakeResolver({"mapped.example": ["::ffff:10.0.0.1"]})
    assert judged("mapped.example", resolver) == ("10.0.0.1",)
    with pytest.raises(Refused):
        judged("mapped.example", resolver, FakePolicy({"10.0.0.1"}))


def test_zone_is_judged_without_it() -> None:
    """A link-local answer with a zone is judged as the address that it is."""
    with pytest.raises(Refused, match="internal_network_address"):
        judged("zone.example", FakeResolver({"zone.example": ["fe80::1%eth0"]}), FakePolicy({"fe80::1"}))


def test_no_address_may_get_one() -> None:
    """A name without address is a transient failure: DNS records come and go."""
    with pytest.raises(Transient, match="unresolvable_host"):
        judged("none.example", FakeResolver({}))


@pytest.mark.parametrize("answer", ["garbage", "010.0.0.1", "1.2.3", ""])
def test_answer_that_is_no_address(answer: str) -> None:
    """What a resolver answers is parsed strictly."""
    with pytest.raises(Refused, match="unresolvable_host"):
        judged("odd.example", FakeResolver({"odd.example": [answer]}))


def test_too_many_answers() -> None:
    """A name with hundreds of addresses is refused before any of them is judged."""
    answers = [f"8.8.{number // 256}.{number % 256}" for number in range(300)]
    with pytest.raises(Refused, match="more than 256"):
        judged("many.example", FakeResolver({"many.example": answers}))


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f000001", "2130706433", "a b", "", "ex\N{LATIN SMALL LETTER SHARP S}.de", "[::1%lo]", "a\\b"]
)
def test_hosts_that_parsers_disagree_about(host: str) -> None:
    """Legacy IPv4 forms, zones, blanks and non-ASCII are refused before any look-up."""
    resolver = FakeResolver({host: ["8.8.8.8"]})
    with pytest.raises(Refused, match="invalid_host"):
        judged(host, resolver)
    assert resolver.asked == []


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_ports_that_do_not_exist(port: int) -> None:
    """Ports outside 1..65535 are refused."""
    with pytest.raises(Refused, match="invalid_port"):
        judged("a.example", FakeResolver({"a.example": ["8.8.8.8"]}), port=port)


def test_failed_look_up_stays_what_it_is() -> None:
    """The resolver's own error comes through unchanged."""
    failure = Transient(NAME_LOOKUP_FAILED)
    with pytest.raises(Transient) as caught:
        judged("slow.example", FakeResolver({"slow.example": failure}))
    assert caught.value is failure
