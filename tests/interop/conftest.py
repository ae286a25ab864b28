"""Registries that run as long as the tests do: one without a door, one with Basic, one with a token service."""

from collections.abc import Iterator

import pytest

from local.registry import RunningRegistry, running_registry
from tests.interop.programs import require
from tests.interop.token_service import TokenService


@pytest.fixture(scope="session")
def registry() -> Iterator[RunningRegistry]:
    """Give a registry that asks for nothing."""
    require("docker-registry")
    with running_registry() as running:
        yield running


@pytest.fixture(scope="session")
def basic_registry() -> Iterator[RunningRegistry]:
    """Give a registry that asks for user name and password (htpasswd, bcrypt)."""
    require("docker-registry")
    with running_registry("basic") as running:
        yield running


@pytest.fixture(scope="session")
def token_service() -> Iterator[TokenService]:
    """Give the token service of `token_registry`."""
    with TokenService() as service:
        yield service


@pytest.fixture(scope="session")
def token_registry(token_service: TokenService) -> Iterator[RunningRegistry]:
    """Give a registry that sends its clients to the token service."""
    require("docker-registry")
    with running_registry(token_service.authentication) as running:
        yield running
