"""Authenticate to one registry: what is sent, to whom, and for how long.

Our own backend in the place of oras's: that one sends the credential to any realm, follows redirects of the token
service and keeps tokens for ever. https://distribution.github.io/distribution/spec/auth/token/
"""

import base64
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import oras.auth.base
import requests

from shared.credentials.model import Credential
from shared.egress.origins import Origin
from shared.errors import Refused
from shared.registry.challenges import Challenge, parse_challenges
from shared.registry.limits import Limits
from shared.registry.reasons import AUTH_REALM_INVALID, REGISTRY_AUTH_FAILED
from shared.registry.redirects import HostJudge
from shared.registry.token_realms import is_downgrade, may_get_credential, parse_realm, refuse_realm
from shared.registry.urls import Url
from shared.strict_json import parse_strict_json

_TOKEN: Final = re.compile(r"[!-~]{1,16384}", re.ASCII)
_SERVICE: Final = re.compile(r"[ -~]{0,256}", re.ASCII)
#: What GAR, ACR and others take an access token as, at their token service.
_CLIENT: Final = "plugport"
_ACCESS_TOKEN_USER: Final = "oauth2accesstoken"  # noqa: S105 - a user name


class FetchToken(Protocol):
    """Asks a token service: bounded, no redirects, transient failures tried again."""

    def __call__(self, url: Url, headers: Mapping[str, str], form: Mapping[str, str] | None) -> bytes:
        """GET, or POST the form; gives the body of a 200, raises `Refused` or `Transient`."""


class RegistryAuth(oras.auth.base.AuthBackend):  # type: ignore[misc]  # oras has no types
    """The credential of one registry and the token that stands for it; nothing leaves for another origin."""

    def __init__(
        self,
        origin: Origin,
        repository: str,
        *,
        credential: Credential,
        token_realms: Collection[str],
        limits: Limits,
        clock: Callable[[], float],
        judge: HostJudge,
    ) -> None:
        """Bind the credential to one origin and one repository.

        Args:
            origin: the only one that gets the credential or a token.
            repository: the only one that a token is asked for.
            credential: its kind says how it is used.
            token_realms: hosts of token services that may get the credential although they are no relatives.
            limits: lifetimes of tokens.
            clock: monotonic seconds.
            judge: asked about a realm that is refused, for the better reason.
        """
        super().__init__()
        self.hostname = origin.authority
        self._origin = origin
        self._scope = f"repository:{repository}:pull"
        self._credential = credential
        self._token_realms = token_realms
        self._limits = limits
        self._clock = clock
        self._judge = judge
        self._expires_at: float | None = None
        self._realm: Url | None = None
        self._header: str | None = None
        if credential.kind == "entitlement":
            self._header = self._basic_header()
        elif credential.kind == "bearer":
            self._header = f"Bearer {_checked_token(_secret_of(credential))}"
        self.fetch_token: FetchToken | None = None

    def get_auth_header(self) -> dict[str, str]:
        """Give the header for the registry's own origin, empty where there is nothing to send (yet, or any more)."""
        if self._expires_at is not None and self._clock() >= self._expires_at:
            self._header, self._expires_at = None, None
        return {} if self._header is None else {"Authorization": self._header}

    def authenticate_request(
        self,
        original: requests.Response,
        headers: dict[str, str],
        refresh: bool = False,  # noqa: FBT001, FBT002, ARG002 - oras's signature
    ) -> tuple[dict[str, str], bool]:
        """Answer a 401 of the registry; True when there is something new to send.

        Raises:
            Refused: `registry_auth_failed`, `auth_realm_invalid`, or what the token request raises.
        """
        if self._credential.preemptive:
            raise Refused(REGISTRY_AUTH_FAILED, "the entitlement is not accepted")
        challenges = parse_challenges(original.headers.get("WWW-Authenticate", ""))
        for challenge in challenges:
            if challenge.scheme == "bearer":
                self._header = f"Bearer {self._exchange(challenge)}"
                return {**headers, **self.get_auth_header()}, True
            if challenge.scheme == "basic" and self._credential.kind == "basic":
                basic = self._basic_header()
                if self._header == basic:
                    raise Refused(REGISTRY_AUTH_FAILED, "the credential is not accepted")
                self._header, self._expires_at = basic, None
                return {**headers, **self.get_auth_header()}, True
        raise Refused(REGISTRY_AUTH_FAILED, _why(challenges))

    def _exchange(self, challenge: Challenge) -> str:
        realm = self._accepted_realm(challenge.parameters.get("realm", ""))
        service = challenge.parameters.get("service", "")
        if _SERVICE.fullmatch(service) is None:
            raise Refused(REGISTRY_AUTH_FAILED, "the challenge's service is not plain text")
        if self.fetch_token is None:
            raise Refused(REGISTRY_AUTH_FAILED, "no way to reach a token service")
        asked = {"service": service, "scope": self._scope} if service else {"scope": self._scope}
        if self._credential.kind == "identity_token":
            # https://distribution.github.io/distribution/spec/auth/oauth/
            grant = {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": _secret_of(self._credential)}
            return self._accept(self.fetch_token(realm, {}, {**grant, **asked}))
        basic = self._basic_header()
        separator = "&" if "?" in realm.target else "?"
        url = Url(realm.origin, f"{realm.target}{separator}{urlencode(asked)}")
        return self._accept(self.fetch_token(url, {"Authorization": basic} if basic else {}, None))

    def _accepted_realm(self, text: str) -> Url:
        realm = parse_realm(text)
        has_secret = self._credential.secret is not None
        accepted = not has_secret or may_get_credential(realm, self._origin, self._token_realms)
        if is_downgrade(realm, self._origin) or not accepted:
            self._judge(realm.origin.host, realm.origin.port)
            refuse_realm(realm, self._origin)
        if self._realm is not None and realm.origin != self._realm.origin:
            raise Refused(AUTH_REALM_INVALID, "the registry names another token service than before")
        self._realm = realm
        return realm

    def _basic_header(self) -> str | None:
        """Give the credential as Basic (RFC 7617 section 2); an access token has a user name, too."""
        if self._credential.secret is None:
            return None
        username = _ACCESS_TOKEN_USER if self._credential.kind == "bearer" else self._credential.username
        pair = f"{username}:{_secret_of(self._credential)}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")

    def _accept(self, body: bytes) -> str:
        try:
            answer = parse_strict_json(
                body, max_bytes=self._limits.max_token_answer_bytes, saturate_integers=True, max_depth=8
            )
        except Refused as error:
            raise Refused(REGISTRY_AUTH_FAILED, f"the token service's answer: {error.message}") from error
        if not isinstance(answer, dict):
            raise Refused(REGISTRY_AUTH_FAILED, "the token service's answer is not an object")
        token = _checked_token(answer.get("token") or answer.get("access_token"))
        limits = self._limits
        lifetime = _seconds(answer.get("expires_in"), limits.min_token_seconds)
        self._expires_at = self._clock() + max(limits.min_token_seconds, min(lifetime, limits.max_token_seconds))
        return token


def _secret_of(credential: Credential) -> str:
    return "" if credential.secret is None else credential.secret.reveal()


def _checked_token(value: Any) -> str:
    if not isinstance(value, str) or _TOKEN.fullmatch(value) is None:
        raise Refused(REGISTRY_AUTH_FAILED, "the token is not 1 to 16384 visible ASCII characters")
    return value


def _seconds(value: Any, default: float) -> float:
    return default if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)


def _why(challenges: tuple[Challenge, ...]) -> str:
    if not challenges:
        return "the registry asks for a credential without saying how"
    if any(challenge.scheme == "basic" for challenge in challenges):
        return "the registry asks for a user name and password and none is configured"
    return "the registry asks in a way that is not supported"
