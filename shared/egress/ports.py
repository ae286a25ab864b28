"""What egress asks of others: the addresses of a name, and (`AddressPolicy`) whether one may be reached."""

from collections.abc import Sequence
from typing import Protocol

from shared.commands.address_policy import AddressPolicy

__all__ = ["AddressPolicy", "Resolver"]


class Resolver(Protocol):
    """Looks names up; the only source of addresses."""

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:
        """Give every address of a name (A and AAAA), in the order to try them; none if it has none.

        Raises:
            Transient: the look-up failed or did not end in time.
        """
