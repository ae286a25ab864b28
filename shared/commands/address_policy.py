"""What the egress module asks before it looks up a name and before it dials an address."""

from dataclasses import dataclass
from typing import Protocol

from shared.commands.addresses import SEVERITY, reach_of
from shared.commands.hosts import bracketed, canonical_host, host_reach
from shared.commands.ports import port_denied
from shared.commands.reasons import INTERNAL_NETWORK_ADDRESS, INVALID_HOST, PORT_DENIED
from shared.errors import Reason


class AddressPolicy(Protocol):
    """May this be connected to?"""

    def refuse(self, host: str, port: int, address: str | None) -> Reason | None:
        """Give the reason why not, or None.

        Args:
            host: name or address that was asked for; IPv6 with or without brackets.
            port: 1 to 65535.
            address: one resolved address; None = judge host and port alone, before any look-up.
        """
        ...


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """The policy for the connections of one command.

    Attributes:
        allow_internal: internal addresses are permitted everywhere.
        host: canonical host that may be internal; "" = none.
        ports: the ports of that host that may be internal.
        port_opened: those ports are permitted even where the port rule denies them.
    """

    allow_internal: bool = False
    host: str = ""
    ports: frozenset[int] = frozenset()
    port_opened: bool = False

    def refuse(self, host: str, port: int, address: str | None) -> Reason | None:
        """Judge one hop; see `AddressPolicy`."""
        canonical = canonical_host(bracketed(host, "ipv6") if ":" in host and not host.startswith("[") else host)
        if canonical is None:
            return INVALID_HOST
        opened = canonical.text == self.host and port in self.ports
        if port_denied(port) and not (opened and self.port_opened):
            return PORT_DENIED
        reach = host_reach(canonical.text, canonical.kind)
        if address is not None:
            reach = max(reach, reach_of(address), key=SEVERITY.__getitem__)
        if reach == "public" or (reach == "internal" and (opened or self.allow_internal)):
            return None
        return INTERNAL_NETWORK_ADDRESS
