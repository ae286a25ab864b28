"""Registry → the credential for exactly this registry.

Nothing is asked over the network but the secret stores that the configuration refers to, and ECR.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from shared.commands.reasons import OCI_DISABLED
from shared.credentials.ecr import ECR_USER, parse_ecr_host
from shared.credentials.model import DEFAULT_ENTITLEMENT_USER, Credential, Kind, build_credential
from shared.credentials.names import (
    ENTITLEMENT_USER_FIELD,
    HOST_FIELD,
    INDIRECT_SUFFIXES,
    USER_FIELD,
    is_bound_elsewhere,
    is_configured,
    names_bound_to,
    names_of,
    spellings_of,
    variable,
)
from shared.credentials.ports import EcrTokens, SecretSource
from shared.credentials.reasons import (
    AUTH_CONFIG_NOT_FOUND,
    AUTH_REFERENCE_NOT_ALLOWED,
    AUTH_REGISTRY_MISMATCH,
    CREDENTIAL_INCOMPLETE,
    CREDENTIAL_INVALID,
    SECRET_STORE_NOT_AVAILABLE,
)
from shared.credentials.references import member_of, parse_reference
from shared.credentials.secret import Secret
from shared.egress.origins import Origin, Scheme, parse_authority
from shared.errors import Refused

Runtime = Literal["studio", "edge"]

_STUDIO_SWITCH: Final = "AI_STUDIO_OCI_CACHE_DIR"
_TOKENS: Final[tuple[tuple[Kind, str], ...]] = (("entitlement", "ENTITLEMENT"), ("bearer", "TOKEN"))
"""In the order in which they win; user name and password come last."""
_AUTH_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}(?::[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one name's fields."""

    name: str
    environment: Mapping[str, str]
    secrets: SecretSource | None
    refresh: bool

    def text(self, field: str) -> str | None:
        return self.environment.get(variable(self.name, field))

    def secret(self, field: str) -> tuple[str, Secret] | None:
        """Give the variable that counts and the secret behind it; the indirect form wins, one level deep."""
        for suffix in INDIRECT_SUFFIXES:
            what = variable(self.name, f"{field}{suffix}")
            if what in self.environment:
                # The name in it stays out of messages: people paste the secret itself there.
                return what, self._dereferenced(self.environment.get(self.environment[what], ""), what)
        what = variable(self.name, field)
        return (what, self._dereferenced(self.environment[what], what)) if what in self.environment else None

    def _dereferenced(self, value: str, what: str) -> Secret:
        reference = parse_reference(value)
        if reference is None:
            return Secret(value)
        if self.secrets is None:
            raise Refused(SECRET_STORE_NOT_AVAILABLE, f"{what} refers to {reference.store}")
        secret = self.secrets.fetch(reference.store, reference.name, refresh=self.refresh)
        return member_of(secret, reference.json_key, what=what) if reference.json_key else secret


def resolve_credential(
    registry: str,
    *,
    environment: Mapping[str, str],
    runtime: Runtime,
    auth_parameter: str | None,
    secrets: SecretSource | None,
    scheme: Scheme = "https",
    ecr: EcrTokens | None = None,
    refresh: bool = False,
) -> Credential:
    """Give the credential of a registry, bound to its scheme, host and port; anonymous if none is configured.

    Args:
        registry: `host[:port]` as the command has it.
        environment: `OCI_PLUGINS_REGISTRY_<NAME>_<FIELD>` and what the …ENV fields name (see `load_environment`).
        runtime: whose switch turns OCI on: the studio ignores every credential without a cache directory.
        auth_parameter: the command's `auth=`: a configured name that may go to this registry; None or "" for none.
        secrets: reads values that refer to a store; None where there is none.
        scheme: http for a registry that is listed as insecure.
        ecr: asked for ECR hosts that nothing is configured for; None leaves them anonymous.
        refresh: after a 401: ask stores again instead of taking what they remember.

    Raises:
        Refused: `oci_disabled`, `credential_env_empty`, `credential_incomplete`, `credential_invalid`,
            `auth_config_not_found`, `auth_registry_mismatch`, `auth_reference_not_allowed`, `invalid_url`, or of the
            stores.
        Transient: a store did not answer.
    """
    if runtime == "studio" and not environment.get(_STUDIO_SWITCH):
        raise Refused(OCI_DISABLED)
    origin = parse_authority(registry, scheme)
    name = _chosen_name(origin, environment, auth_parameter or "")
    if name is not None:
        return _configured(origin, _Reader(name, environment, secrets, refresh))
    return _by_role(origin, ecr, refresh=refresh) or Credential(origin)


def _chosen_name(origin: Origin, environment: Mapping[str, str], auth_name: str) -> str | None:
    if auth_name and not _AUTH_NAME.fullmatch(auth_name):
        raise Refused(AUTH_REFERENCE_NOT_ALLOWED)
    own = names_of(origin)
    spelled = spellings_of(auth_name) if auth_name else ()
    if not auth_name or set(spelled) & set(own):
        name = _own_name(origin, environment, own)
        if auth_name and name is None:
            raise Refused(AUTH_CONFIG_NOT_FOUND, f"nothing is configured for {auth_name}")
        return name
    configured = [name for name in spelled if is_configured(name, environment)]
    if not configured:
        raise Refused(AUTH_CONFIG_NOT_FOUND, f"nothing is configured for {auth_name}")
    bound = set(names_bound_to(origin, environment))
    for name in configured:
        if name in bound:
            return name
    raise Refused(AUTH_REGISTRY_MISMATCH, f"{auth_name} is not bound to {origin.authority}")


def _own_name(origin: Origin, environment: Mapping[str, str], own: tuple[str, ...]) -> str | None:
    bound = [name for name in names_bound_to(origin, environment) if is_configured(name, environment)]
    if len(bound) > 1:
        variables = " and ".join(variable(name, HOST_FIELD) for name in bound)
        raise Refused(CREDENTIAL_INVALID, f"{variables} name the same registry")
    if bound:
        return bound[0]
    usable = (name for name in own if is_configured(name, environment))
    return next((name for name in usable if not is_bound_elsewhere(name, origin, environment)), None)


def _configured(origin: Origin, reader: _Reader) -> Credential:
    for kind, field in _TOKENS:
        found = reader.secret(field)
        if found is not None:
            what, secret = found
            user = (reader.text(ENTITLEMENT_USER_FIELD) or DEFAULT_ENTITLEMENT_USER) if kind == "entitlement" else ""
            return build_credential(origin, kind, user, secret, what=what)
    found = reader.secret("PASSWORD")
    if found is None:
        raise Refused(CREDENTIAL_INCOMPLETE, f"{variable(reader.name, '…')}: a user name without its secret")
    what, secret = found
    return build_credential(origin, "basic", reader.text(USER_FIELD) or "", secret, what=what)


def _by_role(origin: Origin, ecr: EcrTokens | None, *, refresh: bool) -> Credential | None:
    registry = parse_ecr_host(origin.host) if origin.scheme == "https" else None
    if ecr is None or registry is None:
        return None
    password = ecr.fetch_password(registry, refresh=refresh)
    return build_credential(origin, "basic", ECR_USER, password, what=f"the ECR password for {registry.account}")
