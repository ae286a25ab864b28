"""What integration tests share: the running local stack."""

import pytest

from local.lifecycle import bring_up
from local.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Give the local stack, brought up with the checkout as it is; it stays up afterwards (`make down` ends it)."""
    return bring_up()
