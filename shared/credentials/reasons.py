"""Why there is no usable credential for a registry."""

from typing import Final

from shared.errors import Reason

CREDENTIAL_ENV_EMPTY = Reason(
    "credential_env_empty",
    "a configured secret is empty",
    "Set the variable that the message names, or remove the setting for an anonymous pull.",
)
CREDENTIAL_INCOMPLETE = Reason(
    "credential_incomplete",
    "a part of the credential is missing",
    "Set OCI_PLUGINS_REGISTRY_<NAME>_ENTITLEMENT, or …_TOKEN, or both …_USERNAME and …_PASSWORDENV.",
)
CREDENTIAL_INVALID = Reason(
    "credential_invalid",
    "the credential can't be sent in a header",
    "Remove line breaks and control characters; a user name has no colon, a token only visible ASCII characters.",
)
AUTH_CONFIG_NOT_FOUND = Reason(
    "auth_config_not_found",
    "no credential is configured under the name that the command asks for",
    "Configure OCI_PLUGINS_REGISTRY_<NAME>_<FIELD> for that name, or remove auth= from the command.",
)
AUTH_REGISTRY_MISMATCH = Reason(
    "auth_registry_mismatch",
    "the named credential belongs to another registry",
    "Set OCI_PLUGINS_REGISTRY_<NAME>_HOST to the registry that may get it, or remove auth= from the command.",
)
AUTH_REFERENCE_NOT_ALLOWED = Reason(
    "auth_reference_not_allowed",
    "a command may only name a configured credential",
    "Write auth=<name>; variables, files and stores are the operator's to refer to.",
)
SECRET_NOT_FOUND = Reason(
    "secret_not_found",
    "the secret store does not have the secret that is referred to",
    "Check name, JSON key and region of the reference, and that the secret has a current version.",
)
SECRET_INVALID = Reason(
    "secret_invalid",
    "the secret or the reference to it can't be read",
    "Write secretsmanager:NAME_OR_ARN[#json-key] or ssm:/path; the value is text, with a key one JSON object of texts.",
)
SECRET_STORE_NOT_AVAILABLE = Reason(
    "secret_store_not_available",
    "secret stores can't be read from here",
    "Give the value itself or the name of a variable; references work where Plugport runs with an AWS role.",
)
DOCKER_CONFIG_INVALID = Reason(
    "docker_config_invalid",
    "the Docker configuration can't be read",
    "Run docker login again, or correct ~/.docker/config.json.",
)
CREDENTIAL_HELPER_NOT_SUPPORTED = Reason(
    "credential_helper_not_supported",
    "the Docker configuration keeps this registry's credential in a helper program",
    "No helper is run from here: set OCI_PLUGINS_REGISTRY_<NAME>_<FIELD> for this registry instead.",
)

REASONS: Final[tuple[Reason, ...]] = (
    CREDENTIAL_ENV_EMPTY,
    CREDENTIAL_INCOMPLETE,
    CREDENTIAL_INVALID,
    AUTH_CONFIG_NOT_FOUND,
    AUTH_REGISTRY_MISMATCH,
    AUTH_REFERENCE_NOT_ALLOWED,
    SECRET_NOT_FOUND,
    SECRET_INVALID,
    SECRET_STORE_NOT_AVAILABLE,
    DOCKER_CONFIG_INVALID,
    CREDENTIAL_HELPER_NOT_SUPPORTED,
)
