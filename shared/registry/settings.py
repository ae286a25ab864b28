"""What an operator may say about registries themselves: whose token service is trusted beyond its relatives."""

from collections.abc import Mapping
from typing import Final

from shared.commands import Setting
from shared.commands.errors import CommandError, SettingsError
from shared.commands.oci import canonical_registry
from shared.settings import SETTING_INVALID

TOKEN_REALMS: Final = "OCI_PLUGINS_TOKEN_REALMS"  # noqa: S105 - the name of a setting
SETTINGS: Final = (
    Setting(
        TOKEN_REALMS,
        "none: only the registry's own host and its organisation's",
        "Comma list of registry=host[:port]: this token service may get this registry's credential.",
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
