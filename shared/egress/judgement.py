"""Resolve once, judge every answer: what comes out is what may be dialled, and nothing else is."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from shared.commands.errors import CommandError
from shared.commands.hosts import Host, parse_host
from shared.commands.ports import MAX_PORT
from shared.commands.reasons import INVALID_PORT, UNRESOLVABLE_HOST
from shared.egress.ports import AddressPolicy, Resolver
from shared.errors import Refused, Transient

MAX_ADDRESSES: Final = 256  # more answers than any honest name has; each one costs a judgement


def resolve_and_judge(
    host: str, port: int, *, policy: AddressPolicy, resolver: Resolver, timeout_seconds: float
) -> tuple[str, ...]:
    """Give the addresses of a host that may be dialled, in the resolver's order and without repetitions.

    The name is judged first, then it is looked up once, then every answer is judged: one bad one refuses the name. A
    literal address is judged without a look-up. IPv4-mapped IPv6 addresses come out as the IPv4 address that they are.

    Args:
        host: a name or an address; IPv6 with or without brackets.
        port: 1..65535.
        policy: says what may be reached.
        resolver: looks the name up.
        timeout_seconds: for the look-up.

    Raises:
        Refused: the policy's reason, `invalid_host` or `invalid_port`.
        Transient: `unresolvable_host` (no address, at least not now), or the resolver's own reason.
    """
    target = _canonical(host)
    if not 1 <= port <= MAX_PORT:
        raise Refused(INVALID_PORT)
    _judge(target.text, port, None, policy)
    if target.kind != "name":
        return (_judged(target.text, target.text, port, policy),)
    answers = resolver.resolve(target.text, port, timeout_seconds)
    if not answers:
        raise Transient(UNRESOLVABLE_HOST, f"{target.text} has no address")
    return _judge_all(target.text, port, answers, policy)


def _judge_all(host: str, port: int, answers: Sequence[str], policy: AddressPolicy) -> tuple[str, ...]:
    if len(answers) > MAX_ADDRESSES:
        raise Refused(UNRESOLVABLE_HOST, f"{host} has more than {MAX_ADDRESSES} addresses")
    return tuple(dict.fromkeys(_judged(host, answer, port, policy) for answer in answers))


def _judged(host: str, answer: str, port: int, policy: AddressPolicy) -> str:
    address = _unmapped(host, answer)
    _judge(host, port, address, policy)
    return address


def _judge(host: str, port: int, address: str | None, policy: AddressPolicy) -> None:
    reason = policy.refuse(host, port, address)
    if reason is not None:
        where = host if address in {None, host} else f"{host} ({address})"
        raise Refused(reason, f"{where}: {reason.title}")


def _canonical(host: str) -> Host:
    try:
        return parse_host(f"[{host}]" if ":" in host and not host.startswith("[") else host)
    except CommandError as error:
        raise Refused(error.reason) from error


def _unmapped(host: str, answer: str) -> str:
    """Read an address as the resolver wrote it, without its zone (`fe80::1%eth0` is link-local in every zone)."""
    try:
        address: IPv4Address | IPv6Address = ip_address(answer.split("%", 1)[0])
    except ValueError as error:
        raise Refused(UNRESOLVABLE_HOST, f"{host}: an answer of the resolver is no address") from error
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)
