"""What an operator may say about registries themselves: token services beyond the relatives, and who proves a name."""

from collections.abc import Mapping
from typing import Final

from shared.commands import Setting
from shared.commands.errors import CommandError, SettingsError
from shared.commands.oci import canonical_registry
from shared.settings import SETTING_INVALID

TOKEN_REALMS: Final = "OCI_PLUGINS_TOKEN_REALMS"  # noqa: S105 - the name of a setting
CA_BUNDLES: Final = "OCI_PLUGINS_CA_BUNDLES"
_PEM_MARK: Final = "-----BEGIN CERTIFICATE-----"
SETTINGS: Final = (
    Setting(
        TOKEN_REALMS,
        "none: only the registry's own host and its organisation's",
        "Comma list of registry=host[:port]: this token service may get this registry's credential.",
        "both",
    ),
    Setting(
        CA_BUNDLES,
        "none: every registry is verified by the public authorities",
        "Comma list of registry=path (absolute, PEM) or registry=PEM text: this bundle alone verifies this host.",
        "both",
    ),
)


def token_realms_for(registry: str, environment: Mapping[str, str]) -> frozenset[str]:
    """Give the hosts of token services that are listed for one registry.

    Args:
        registry: canonical, as in the command.
        environment: where `OCI_PLUGINS_TOKEN_REALMS` may be set.

    Raises:
        SettingsError: `setting_invalid`, naming the entry that can't be read.
    """
    realms: set[str] = set()
    for entry in filter(None, (part.strip() for part in environment.get(TOKEN_REALMS, "").split(","))):
        owner, _, host = entry.partition("=")
        try:
            owner, host = canonical_registry(owner.strip()), canonical_registry(host.strip())
        except CommandError as error:
            raise SettingsError(SETTING_INVALID, f"{TOKEN_REALMS}: {entry!r} is not registry=host") from error
        if owner == registry:
            realms.add(host.removesuffix(":443"))
    return frozenset(realms)


def ca_bundles_in(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Give the CA bundles that are listed: `host` (all its ports) or `host:port` → absolute path or PEM text.

    The hosts of token and blob services are listed like registries. Files are read when their host is first asked.

    Args:
        environment: where `OCI_PLUGINS_CA_BUNDLES` may be set.

    Raises:
        SettingsError: `setting_invalid`, naming the entry that can't be read.
    """
    bundles: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in environment.get(CA_BUNDLES, "").split(","))):
        owner, _, bundle = (part.strip() for part in entry.partition("="))
        try:
            host = canonical_registry(owner)
        except CommandError as error:
            raise SettingsError(SETTING_INVALID, f"{CA_BUNDLES}: {owner!r} is not a registry") from error
        if not bundle.startswith(("/", _PEM_MARK)):
            raise SettingsError(SETTING_INVALID, f"{CA_BUNDLES}: {owner}: neither an absolute path nor PEM text")
        if host in bundles:
            raise SettingsError(SETTING_INVALID, f"{CA_BUNDLES}: {owner} is listed twice")
        bundles[host] = bundle
    return bundles
