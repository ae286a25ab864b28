"""Why a caller is not let in: for the log only, the caller always hears the same 401."""

from typing import Final

from shared.errors import Reason

_HINT: Final = "Send `Authorization: Bearer <token>` with a token from `plugport token create`."

NO_CREDENTIAL = Reason("no_credential", "there is no Authorization header", _HINT)
REPEATED_CREDENTIAL = Reason("repeated_credential", "there are several Authorization headers", _HINT)
NOT_A_BEARER_TOKEN = Reason("not_a_bearer_token", "the Authorization header is not `Bearer <token>`", _HINT)
JWT_NOT_ACCEPTED = Reason("jwt_not_accepted", "JWTs are not accepted by this release", _HINT)
NOT_A_TOKEN = Reason("not_a_token", "the bearer token does not have the shape of an API token", _HINT)
UNKNOWN_TOKEN = Reason("unknown_token", "no such token", _HINT)
TOKEN_REVOKED = Reason("token_revoked", "the token was revoked", _HINT)
TOKEN_EXPIRED = Reason("token_expired", "the token is past its time", _HINT)
BAD_TOKEN_ITEM = Reason(
    "bad_token_item",
    "the token's item in the table can't be read",
    "Revoke the token and make a new one with `plugport token create`.",
)
BAD_AUTHORIZER_EVENT = Reason(
    "bad_authorizer_event",
    "the event is not one of an API Gateway authorizer",
    "Invoke this function through its API, or with an event from events/authorizer/.",
)
REASONS: Final = (
    NO_CREDENTIAL,
    REPEATED_CREDENTIAL,
    NOT_A_BEARER_TOKEN,
    JWT_NOT_ACCEPTED,
    NOT_A_TOKEN,
    UNKNOWN_TOKEN,
    TOKEN_REVOKED,
    TOKEN_EXPIRED,
    BAD_TOKEN_ITEM,
    BAD_AUTHORIZER_EVENT,
)
