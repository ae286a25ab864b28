"""Token services beyond the relatives, per registry."""

import pytest

from shared.commands.errors import SettingsError
from shared.registry.settings import TOKEN_REALMS, token_realms_for


def test_a_token_service_is_listed_for_one_registry() -> None:
    """What is listed for another registry does not count."""
    environment = {TOKEN_REALMS: "r.example.com=idp.org, r.example.com=IDP.net:8443,other.example.com=evil.org,"}
    assert token_realms_for("r.example.com", environment) == {"idp.org", "idp.net:8443"}
    assert token_realms_for("r.example.com:5000", environment) == frozenset()
    assert token_realms_for("r.example.com", {}) == frozenset()


@pytest.mark.parametrize("entry", ["idp.org", "r.example.com=", "=idp.org", "r.example.com=https://idp.org/token"])
def test_a_broken_entry_is_named(entry: str) -> None:
    """The start stops with the entry in the message."""
    with pytest.raises(SettingsError, match="OCI_PLUGINS_TOKEN_REALMS"):
        token_realms_for("r.example.com", {TOKEN_REALMS: entry})
