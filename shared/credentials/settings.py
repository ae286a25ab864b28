"""The settings of credentials, for docs/settings.md."""

from typing import Final

from shared.commands.settings import Setting
from shared.credentials.environment import SECRET_SETTING
from shared.credentials.names import PREFIX

_NAME: Final = f"{PREFIX}<NAME>_"

SETTINGS: Final = (
    Setting(
        f"{_NAME}ENTITLEMENT",
        "unset",
        "Entitlement, sent as Basic with every request to this registry and never exchanged for a token; wins over "
        "TOKEN, which wins over USERNAME and PASSWORD. <NAME> is the registry in upper case, with underscores for "
        "dots, for the colon before a port, and for dashes left of the registered domain.",
        "both",
    ),
    Setting(f"{_NAME}ENTITLEMENTUSERNAME", "token", "The user name that goes with the entitlement.", "both"),
    Setting(f"{_NAME}ENTITLEMENTENV", "unset", "Name of the variable that holds the entitlement.", "both"),
    Setting(f"{_NAME}TOKEN", "unset", "OAuth2 access token for this registry.", "both"),
    Setting(f"{_NAME}TOKENENV", "unset", "Name of the variable that holds the token.", "both"),
    Setting(f"{_NAME}USERNAME", "unset", "User name, sent with the password when the registry asks.", "both"),
    Setting(
        f"{_NAME}PASSWORDENV",
        "unset",
        "Name of the variable that holds the password; an …ENV field wins over the direct one and is never empty.",
        "both",
    ),
    Setting(
        f"{_NAME}PASSWORD",
        "unset",
        "The password itself. Every secret may instead be secretsmanager:NAME_OR_ARN[#json-key] or ssm:/path.",
        "both",
    ),
    Setting(
        f"{_NAME}HOST",
        "the registry that <NAME> spells",
        "host[:port] that alone may get this credential: needed for names that are no host (auth=<name> in a command) "
        "and for registered domains with a dash.",
        "both",
    ),
    Setting(
        SECRET_SETTING,
        "none",
        "Name or ARN of a Secrets Manager secret, one JSON object of texts, whose OCI_PLUGINS_* members count as "
        "variables and win over them.",
        "both",
    ),
)
