"""Which variables belong to which registry: `OCI_PLUGINS_REGISTRY_<NAME>_<FIELD>`.

<NAME> is the host in upper case with underscores for dots, and for the port if it is not the default one. Two hosts
must never share a name by accident: whoever may write a command could register `docker-tyk.io` and be sent what is
meant for `docker.tyk.io`. So a dash may only be written as an underscore left of the domain that someone registers;
every other host, and every name that is no host, is bound with the field HOST.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from shared.egress.origins import DEFAULT_PORTS, Origin, parse_authority
from shared.errors import Refused

PREFIX: Final = "OCI_PLUGINS_REGISTRY_"
HOST_FIELD: Final = "HOST"
SECRET_FIELDS: Final = ("ENTITLEMENT", "TOKEN", "PASSWORD")
ENTITLEMENT_USER_FIELD: Final = "ENTITLEMENTUSERNAME"
USER_FIELD: Final = "USERNAME"
INDIRECT_SUFFIXES: Final = ("ENV", "_ENV")
"""…PASSWORDENV is the documented form; …PASSWORD_ENV is in older examples and means the same."""
CREDENTIAL_FIELDS: Final = (
    *SECRET_FIELDS,
    *(f"{field}{suffix}" for field in SECRET_FIELDS for suffix in INDIRECT_SUFFIXES),
    ENTITLEMENT_USER_FIELD,
    USER_FIELD,
)

_NOT_DOT: Final = re.compile(r"[^A-Z0-9_]", re.ASCII)
_COUNTRY_CODE_LENGTH: Final = 2
_SHORT_LABEL_LENGTH: Final = 3


def variable(name: str, field: str) -> str:
    """Give the variable of a name's field."""
    return f"{PREFIX}{name}_{field}"


def is_configured(name: str, environment: Mapping[str, str]) -> bool:
    """Say whether any field of a credential is set under this name."""
    return any(variable(name, field) in environment for field in CREDENTIAL_FIELDS)


def names_of(origin: Origin) -> tuple[str, ...]:
    """Give the names that mean this origin by themselves, the most exact first.

    A dash is also read literally: JSON secrets and container platforms can hold `MY-REGISTRY_EXAMPLE_COM`.
    """
    exact = origin.host.upper().replace(".", "_").replace(":", "_")
    hosts = [] if "_" in origin.host else [exact]
    if _is_unambiguous(origin.host):
        hosts.append(_NOT_DOT.sub("_", exact))
    by_port = [f"{host}_{origin.port}" for host in hosts]
    is_default = origin.port == DEFAULT_PORTS[origin.scheme]
    return tuple(dict.fromkeys(hosts + by_port if is_default else by_port))


def spellings_of(name: str) -> tuple[str, ...]:
    """Give how a name that a command uses (`auth=`) may be written in a variable."""
    exact = name.upper().replace(".", "_").replace(":", "_")
    return tuple(dict.fromkeys((exact, _NOT_DOT.sub("_", exact))))


def is_bound_elsewhere(name: str, origin: Origin, environment: Mapping[str, str]) -> bool:
    """Say whether the name's HOST field names another origin (or nothing that can be read)."""
    host = environment.get(variable(name, HOST_FIELD))
    return host is not None and not _is_origin(host, origin)


def names_bound_to(origin: Origin, environment: Mapping[str, str]) -> Iterator[str]:
    """Give the names whose HOST field is this origin."""
    suffix = f"_{HOST_FIELD}"
    for key in sorted(environment):
        name = key.removeprefix(PREFIX).removesuffix(suffix)
        if key == variable(name, HOST_FIELD) and _is_origin(environment[key], origin):
            yield name


def _is_origin(host: str, origin: Origin) -> bool:
    try:
        return parse_authority(host.strip(), origin.scheme) == origin
    except Refused:
        return False


def _is_unambiguous(host: str) -> bool:
    """Say whether an underscore can stand for a dash of this host without naming somebody else's domain.

    The registered domain is taken as the last two labels, or three where they look like `co.uk`; within it a dash is
    not a dot. A name of one label is not public at all.
    """
    labels = host.split(".")
    if len(labels) == 1:
        return True
    is_short = len(labels[-1]) == _COUNTRY_CODE_LENGTH and len(labels[-2]) <= _SHORT_LABEL_LENGTH
    registered = labels[-3:] if is_short else labels[-2:]
    return not any("-" in label or "_" in label for label in registered)
