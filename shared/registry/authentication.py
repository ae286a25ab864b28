"""Authenticate to one registry: what is sent, to whom, and for how long.

Our own backend in the place of oras's: that one sends the credential to any realm, follows redirects of the token
service and keeps tokens for ever. https://distribution.github.io/distribution/spec/auth/token/
"""

import base64
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlencode

import oras.auth.base
import requests

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
_ACCESS_TOKEN_USER: Final = "oauth2accesstoken"  # noqa: S105 - a user name


class BasicPair(NamedTuple):
    """User name and password, in clear: lives as long as the client."""

    username: str
    password: str

    @property
    def header(self) -> str:
        """Give the header value; https://www.rfc-editor.org/rfc/rfc7617."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


class FetchToken(Protocol):
    """GET of a token service's answer: bounded, no redirects, transient failures tried again."""

    def __call__(self, url: Url, headers: Mapping[str, str]) -> bytes:
        """Give the body of a 200; raises `Refused` or `Transient`."""


class RegistryAuth(oras.auth.base.AuthBackend):  # type: ignore[misc]  # oras has no types
    """The credential of one registry and the token that stands for it; nothing leaves for another origin."""

    def __init__(
        self,
        origin: Origin,
        repository: str,
        *,
        pair: BasicPair | None,
        bearer: str | None,
        preemptive: bool,
        token_realms: Collection[str],
        limits: Limits,
        clock: Callable[[], float],
        judge: HostJudge,
    ) -> None:
        """Take one of: nothing (anonymous), a pair (on challenge, or on every request), a bearer token.

        Args:
            origin: the only one that gets a pair or a token.
            repository: the only one that a token is asked for.
            pair: user name and password.
            bearer: a token that the registry itself takes.
            preemptive: send the pair with every request and never exchange it (an entitlement).
            token_realms: hosts of token services that may get the credential although they are no relatives.
            limits: lifetimes of tokens.
            clock: monotonic seconds.
            judge: asked about a realm that is refused, for the better reason.
        """
        super().__init__()
        self.hostname = origin.authority
        self._origin = origin
        self._scope = f"repository:{repository}:pull"
        self._pair = pair
        self._bearer = bearer
        self._preemptive = preemptive
        self._token_realms = token_realms
        self._limits = limits
        self._clock = clock
        self._judge = judge
        self._expires_at: float | None = None
        self._realm: Url | None = None
        self._header: str | None = None
        if preemptive and pair is not None:
            self._header = pair.header
        elif bearer is not None:
            self._header = f"Bearer {_checked_token(bearer)}"
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
        if self._preemptive:
            raise Refused(REGISTRY_AUTH_FAILED, "the entitlement is not accepted")
        challenges = parse_challenges(original.headers.get("WWW-Authenticate", ""))
        for challenge in challenges:
            if challenge.scheme == "bearer":
                self._header = f"Bearer {self._exchange(challenge)}"
                return {**headers, **self.get_auth_header()}, True
            if challenge.scheme == "basic" and self._pair is not None:
                if self._header == self._pair.header:
                    raise Refused(REGISTRY_AUTH_FAILED, "the credential is not accepted")
                self._header, self._expires_at = self._pair.header, None
                return {**headers, **self.get_auth_header()}, True
        raise Refused(REGISTRY_AUTH_FAILED, _why(challenges))

    def _exchange(self, challenge: Challenge) -> str:
        realm = parse_realm(challenge.parameters.get("realm", ""))
        pair = self._pair or (BasicPair(_ACCESS_TOKEN_USER, self._bearer) if self._bearer else None)
        accepted = may_get_credential(realm, self._origin, self._token_realms)
        if is_downgrade(realm, self._origin) or (pair is not None and not accepted):
            self._judge(realm.origin.host, realm.origin.port)
            refuse_realm(realm, self._origin)
        if self._realm is not None and realm.origin != self._realm.origin:
            raise Refused(AUTH_REALM_INVALID, "the registry names another token service than before")
        self._realm = realm
        service = challenge.parameters.get("service", "")
        if _SERVICE.fullmatch(service) is None:
            raise Refused(REGISTRY_AUTH_FAILED, "the challenge's service is not plain text")
        query = urlencode({"service": service, "scope": self._scope} if service else {"scope": self._scope})
        separator = "&" if "?" in realm.target else "?"
        url = Url(realm.origin, f"{realm.target}{separator}{query}")
        if self.fetch_token is None:
            raise Refused(REGISTRY_AUTH_FAILED, "no way to reach a token service")
        return self._accept(self.fetch_token(url, {"Authorization": pair.header} if pair else {}))

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
