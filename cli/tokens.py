"""Subcommands of operators: make and revoke API tokens. They need AWS credentials, not a token."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from cli.invocation import Invocation
from cli.reasons import FAILED, INVALID_OPTION, NO_TABLE, OK, UsageError
from shared.errors import Reason, Refused
from shared.plugins.identifiers import parse_namespace
from shared.times import rfc3339
from shared.tokens import EVERY_NAMESPACE, SCOPES, new_token, token_key

_DEFAULT_LIFETIME_SECONDS: Final = 90 * 86400

NO_SUCH_TOKEN = Reason(
    "no_such_token",
    "no token has this id",
    "Give the id that `plugport token create` printed (tok_…), not the token itself.",
)


class TokenTable(Protocol):
    """Where tokens are kept."""

    def put(self, item: Mapping[str, Any]) -> None:
        """Store a new token."""

    def revoke(self, token_id: str) -> bool:
        """Revoke; False when there is no such token."""


def token(invocation: Invocation) -> int:
    """Create or revoke."""
    table = _table(invocation)
    return create(invocation, table) if invocation.option("action") == "create" else revoke(invocation, table)


def create(invocation: Invocation, table: TokenTable) -> int:
    """Make a token: only its hash is stored, the token itself is printed once and nowhere else."""
    text, token_id = new_token(), f"tok_{secrets.token_hex(8)}"
    scopes, namespaces = _scopes(invocation), _namespaces(invocation)
    item: dict[str, Any] = {
        "pk": {"S": token_key(text)},
        "token_id": {"S": token_id},
        "scopes": {"L": [{"S": scope} for scope in scopes]},
        "namespaces": {"L": [{"S": name} for name in namespaces]},
        "revoked": {"BOOL": False},
    }
    lifetime = invocation.option("expires_in")
    seconds = lifetime if isinstance(lifetime, int) else _DEFAULT_LIFETIME_SECONDS
    expires_at = int(datetime.now(UTC).timestamp()) + seconds if seconds else None
    if expires_at is not None:
        item["expires_at"] = {"N": str(expires_at)}
    table.put(item)
    shown = {
        "token": text,
        "token_id": token_id,
        "scopes": ",".join(scopes),
        "namespaces": ",".join(namespaces),
        "expires_at": rfc3339(expires_at) if expires_at is not None else "never",
    }
    if invocation.as_json:
        invocation.screen.document(shown)
        return OK
    invocation.screen.pairs(list(shown.items()))
    invocation.screen.progress("The token is shown this once: keep it where secrets are kept.")
    return OK


def revoke(invocation: Invocation, table: TokenTable) -> int:
    """Revoke a token; it is refused from its next use on."""
    token_id = str(invocation.option("token_id"))
    if not table.revoke(token_id):
        invocation.screen.failure(NO_SUCH_TOKEN.code, NO_SUCH_TOKEN.title, NO_SUCH_TOKEN.hint)
        return FAILED
    if invocation.as_json:
        invocation.screen.document({"token_id": token_id, "revoked": True})
    else:
        invocation.screen.line(f"revoked {token_id}")
    return OK


def _table(invocation: Invocation) -> TokenTable:
    name = invocation.option("table") or invocation.environment.get("TOKENS_TABLE_NAME")
    if not name:
        raise UsageError(NO_TABLE)
    from cli.tokens_store import tokens_table  # noqa: PLC0415 - loads the AWS client: only operators need it

    return tokens_table(str(name))


def _scopes(invocation: Invocation) -> Sequence[str]:
    given = invocation.option("scopes") or ["read"]
    scopes = [str(scope) for scope in given] if isinstance(given, list) else []
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise UsageError(INVALID_OPTION, f"--scopes: {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    return scopes


def _namespaces(invocation: Invocation) -> Sequence[str]:
    given = invocation.option("namespaces") or ["default"]
    names = [str(name) for name in given] if isinstance(given, list) else []
    try:
        return [name if name == EVERY_NAMESPACE else parse_namespace(name) for name in names]
    except Refused as error:
        raise UsageError(error.reason, "--namespaces") from error
