"""Which token service may get a registry's credential: https, and the same organisation or one that is listed.

https://distribution.github.io/distribution/spec/auth/token/ lets the registry name any URL; a credential that goes
where an unverified answer points is a credential given away (CVE-2026-33540 and others).
"""

from collections.abc import Collection
from typing import Final

from shared.egress.origins import Origin
from shared.errors import Refused
from shared.registry.reasons import AUTH_REALM_INVALID
from shared.registry.urls import Url, parse_url

# Suffixes under which strangers get names: nobody is a relative there. Not the whole public suffix list:
# what is missing here can only matter for a registry whose own answer is hostile, and https and egress still hold.
_SHARED_SUFFIXES: Final = frozenset(
    {
        "amazonaws.com",
        "amazonaws.com.cn",
        "appspot.com",
        "azurecr.io",
        "azurecr.cn",
        "azurewebsites.net",
        "cloudapp.azure.com",
        "cloudfront.net",
        "fly.dev",
        "github.io",
        "gitlab.io",
        "herokuapp.com",
        "jfrog.io",
        "netlify.app",
        "ngrok.io",
        "ngrok.app",
        "onrender.com",
        "pages.dev",
        "pkg.dev",
        "run.app",
        "vercel.app",
        "workers.dev",
        "web.app",
    }
)
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gob", "gov", "go", "gv", "ne", "net", "or", "org"})
_COUNTRY_LABEL_LENGTH: Final = 2
_MIN_DOMAIN_LABELS: Final = 2


def parse_realm(text: str) -> Url:
    """Read the realm of a Bearer challenge: an absolute URL; raises `Refused` with `auth_realm_invalid`."""
    return parse_url(text, AUTH_REALM_INVALID)


def may_get_credential(realm: Url, registry: Origin, listed: Collection[str]) -> bool:
    """Say whether this token service may get the credential of that registry.

    Args:
        realm: where the registry sends its clients.
        registry: the registry itself.
        listed: further hosts (`host` or `host:port`) that the operator trusts for it.
    """
    if is_downgrade(realm, registry):
        return False
    if realm.origin.authority in listed:
        return True
    return _related(realm.origin.host, registry.host)


def is_downgrade(realm: Url, registry: Origin) -> bool:
    """Say whether the token would be asked for in clear although the registry itself is not."""
    return realm.origin.scheme != "https" and registry.scheme == "https"


def refuse_realm(realm: Url, registry: Origin) -> None:
    """Raise `Refused` with `auth_realm_invalid`, naming the host for the operator's list."""
    host = realm.origin.authority
    raise Refused(AUTH_REALM_INVALID, f"{registry.authority} names the token service at {realm.origin.scheme}://{host}")


def _related(one: str, other: str) -> bool:
    if one == other:
        return True
    if ":" in one or ":" in other or one[-1].isdigit() or other[-1].isdigit():
        return False
    shared = _common_suffix(one.split("."), other.split("."))
    suffixes = {".".join(shared[start:]) for start in range(len(shared))}
    if len(shared) < _MIN_DOMAIN_LABELS or not _SHARED_SUFFIXES.isdisjoint(suffixes):
        return False
    is_country_code = len(shared) == _MIN_DOMAIN_LABELS and len(shared[-1]) == _COUNTRY_LABEL_LENGTH
    return not (is_country_code and shared[0] in _SECOND_LEVEL)


def _common_suffix(one: list[str], other: list[str]) -> list[str]:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return one[len(one) - count :]
