"""Token services beyond the relatives, and CA bundles, per registry."""

import pytest

from shared.commands.errors import SettingsError
from shared.registry.settings import CA_BUNDLES, TOKEN_REALMS, ca_bundles_in, token_realms_for


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


PEM = "-----BEGIN CERTIFICATE-----\nMIIB=\n-----END CERTIFICATE-----"


def test_ca_bundles_are_listed_by_host() -> None:
    """A bundle is a file or its text, for one port or for all of a host."""
    listed = f"R.example.com=/opt/ca.pem, other.example.com:5000={PEM},"
    assert ca_bundles_in({CA_BUNDLES: listed}) == {"r.example.com": "/opt/ca.pem", "other.example.com:5000": PEM}
    assert ca_bundles_in({}) == {}


@pytest.mark.parametrize(
    "listed", ["/opt/ca.pem", "r.example.com", "r.example.com=", "r.example.com=ca.pem", "r..io=/a", "r.io=/a,R.io=/b"]
)
def test_a_broken_ca_bundle_is_named(listed: str) -> None:
    """No host, no bundle, a relative path, or two bundles for one host stop the start."""
    with pytest.raises(SettingsError, match="OCI_PLUGINS_CA_BUNDLES"):
        ca_bundles_in({CA_BUNDLES: listed})
