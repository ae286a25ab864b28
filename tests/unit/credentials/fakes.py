"""Fakes of the credential resolver's ports."""

from collections.abc import Mapping

from shared.credentials import EcrRegistry, Secret
from shared.credentials.reasons import SECRET_NOT_FOUND
from shared.credentials.references import Store
from shared.errors import NotFound


class FakeSecrets:
    """A secret store in memory; remembers what was asked."""

    def __init__(self, secrets: Mapping[tuple[Store, str], str]) -> None:
        """Keep (store, name) → text."""
        self.secrets = dict(secrets)
        self.asked: list[tuple[Store, str, bool]] = []

    def fetch(self, store: Store, name: str, *, refresh: bool = False) -> Secret:
        """Give a secret, or raise as the real one does."""
        self.asked.append((store, name, refresh))
        if (store, name) not in self.secrets:
            raise NotFound(SECRET_NOT_FOUND, f"{store} has no {name}")
        return Secret(self.secrets[store, name])


class FakeEcr:
    """Gives one password for every registry; remembers what was asked."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.asked: list[tuple[EcrRegistry, bool]] = []

    def fetch_password(self, registry: EcrRegistry, *, refresh: bool = False) -> Secret:
        """Give the password."""
        self.asked.append((registry, refresh))
        return Secret("ecr-password")
