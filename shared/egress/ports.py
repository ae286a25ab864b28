"""What egress asks of others: addresses of a name, and whether one may be reached."""

from collections.abc import Sequence
from typing import Protocol

from shared.errors import Reason


class Resolver(Protocol):
    """Looks names up; the only source of addresses."""

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:
        """Give every address of a name (A and AAAA), in the order to try them; none if it has none.

        Raises:
            Transient: the look-up failed or did not end in time.
        """


class AddressPolicy(Protocol):
    """Decides what may be connected to; asked on every hop."""

    def refuse(self, host: str, port: int, address: str | None) -> Reason | None:
        """Give the reason not to connect, or None.

        Args:
            host: canonical host: lower case, no root dot, IPv6 without brackets.
            port: 1..65535.
            address: None judges name and port only, before any look-up; else one of the resolved addresses.
        """
