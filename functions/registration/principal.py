"""Who calls, and the one place that decides what they may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from functions.registration.reasons import FORBIDDEN, NAMESPACE_NOT_ALLOWED, UNAUTHORIZED
from shared.errors import NotFound, Refused
from shared.plugins.ports import PLUGIN_NOT_FOUND
from shared.plugins.record import DEFAULT_NAMESPACE
from shared.tokens import EVERY_NAMESPACE, SCOPES

Scope = Literal["read", "write", "admin"]
#: What a route may ask for; `open` asks for nothing, not even a token.
Access = Literal["open", "read", "write", "admin"]

_CONTEXT: Final = ("token_id", "scopes", "namespaces", "cursor_key")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls.

    Attributes:
        token_id: the actor in the audit trail.
        scopes: `read`, `write`, `admin`; each includes those before it.
        namespaces: those that the token may use, `*` = all.
        cursor_key: signs this caller's list cursors.
    """

    token_id: str
    scopes: frozenset[str]
    namespaces: frozenset[str]
    cursor_key: bytes

    def may_use(self, namespace: str) -> bool:
        """Say whether the token is bound to this namespace."""
        return EVERY_NAMESPACE in self.namespaces or namespace in self.namespaces

    def default_namespace(self) -> str:
        """Give the namespace of a body that names none: the token's only one, else `default`."""
        only = next(iter(self.namespaces)) if len(self.namespaces) == 1 else EVERY_NAMESPACE
        return DEFAULT_NAMESPACE if only == EVERY_NAMESPACE else only

    def visible(self, in_use: Sequence[str]) -> Sequence[str]:
        """Give those of the namespaces that the token may see."""
        return [namespace for namespace in in_use if self.may_use(namespace)]


def principal_of(context: object) -> Principal | None:
    """Read the authorizer's context; None where it is absent or not the authorizer's."""
    if not isinstance(context, Mapping) or not all(isinstance(context.get(name), str) for name in _CONTEXT):
        return None
    values: Mapping[str, Any] = context
    return Principal(
        token_id=values["token_id"],
        scopes=frozenset(values["scopes"].split()),
        namespaces=frozenset(values["namespaces"].split()),
        cursor_key=values["cursor_key"].encode(),
    )


def authorize(principal: Principal | None, access: Access) -> None:
    """Let the caller through to a route, or refuse.

    Raises:
        Refused: `unauthorized` without a caller, `forbidden` with too little scope.
    """
    if access == "open":
        return
    if principal is None:
        raise Refused(UNAUTHORIZED)
    enough = SCOPES[SCOPES.index(access) :]
    if principal.scopes.isdisjoint(enough):
        raise Refused(FORBIDDEN, f"needs the scope {access}")


def authorize_creation(principal: Principal, namespace: str) -> None:
    """Let the caller create in a namespace, or refuse with `namespace_not_allowed`, whether there is one or not."""
    if not principal.may_use(namespace):
        raise Refused(NAMESPACE_NOT_ALLOWED, namespace)


def authorize_namespace(principal: Principal, namespace: str) -> None:
    """Let the caller see a namespace; a foreign one looks like one that does not exist."""
    if not principal.may_use(namespace):
        raise NotFound(PLUGIN_NOT_FOUND)
