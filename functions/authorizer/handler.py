"""authorizer: Authorization header → policy, for API Gateway's REST APIs.

Answer format: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from functions.authorizer.reasons import BAD_AUTHORIZER_EVENT, NO_CREDENTIAL, REPEATED_CREDENTIAL
from functions.authorizer.settings import Settings
from functions.authorizer.tokens_store import DynamoDBTokens
from functions.authorizer.use_case import Caller, TokenTable, Unauthenticated, authenticate
from shared.aws import client
from shared.errors import Refused
from shared.observability import build_logger
from shared.plugins.ports import Clock
from shared.worker import environment

#: `arn:…:<api id>/<stage>/<method>/<path>`; the root path has nothing behind the method.
_ARN_SLASHES: Final = 2


class Unauthorized(Exception):
    """API Gateway answers 401 to exactly the message `Unauthorized`, and 500 to every other error."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Authorizer:
    """The composition, built once in a container."""

    def __init__(self, *, tokens: TokenTable, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._log = build_logger("authorizer")

    def handle(self, event: object) -> dict[str, Any]:
        """Give the policy of a known caller.

        Raises:
            Unauthorized: the caller is not known; the log has the reason, and never the credential.
            PlugportError: the table could not say; the API answers 500 and lets nobody in.
        """
        arn = _method_arn(event)
        try:
            caller = authenticate(_credential(event), tokens=self._tokens, clock=self._clock)
        except Unauthenticated as error:
            self._log.warning(error.reason.title, reason=error.reason.code, detail=error.message)
            raise Unauthorized from None
        return _policy(caller, arn)


@cache
def _composition() -> Authorizer:
    settings = Settings.from_environment(environment())
    tokens = DynamoDBTokens(client=client("dynamodb"), table_name=settings.tokens_table_name)
    return Authorizer(tokens=tokens, clock=time.time)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Authorize one call."""
    return _composition().handle(event)


def _method_arn(event: object) -> str:
    arn = event.get("methodArn") if isinstance(event, Mapping) else None
    if not isinstance(arn, str) or arn.count("/") < _ARN_SLASHES:
        raise Refused(BAD_AUTHORIZER_EVENT, "methodArn")
    return arn


def _credential(event: Any) -> str:
    """Give the one credential of a TOKEN or a REQUEST event."""
    if "authorizationToken" in event:
        values = [event["authorizationToken"]]
    else:
        headers = event.get("multiValueHeaders") or {k: [v] for k, v in (event.get("headers") or {}).items()}
        values = [value for name, found in headers.items() if name.lower() == "authorization" for value in found or ()]
    if len(values) > 1:
        raise Unauthenticated(REPEATED_CREDENTIAL)
    if not values or not isinstance(values[0], str):
        raise Unauthenticated(NO_CREDENTIAL)
    return values[0]


def _policy(caller: Caller, arn: str) -> dict[str, Any]:
    """Allow the whole API of this stage: what a scope may do is decided in one place, the API's own function."""
    api, stage = arn.split("/")[:2]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": caller.token.token_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": caller.context(),
    }
