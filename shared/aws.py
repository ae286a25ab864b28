"""The one place where AWS clients are made."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from shared.errors import PlugportError, Reason, Refused, Transient

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

AWS_UNAVAILABLE = Reason(
    "aws_unavailable",
    "an AWS service did not answer",
    "Try again in a moment; the service, the network or the throughput limit was the cause.",
)
AWS_DENIED = Reason(
    "aws_denied",
    "an AWS service refused the call",
    "Check the function's role and the resource's policy; the log entry names the operation.",
)
REASONS = (AWS_UNAVAILABLE, AWS_DENIED)

#: Codes that mean "try again": throttling and faults on the service's side
#: (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html).
_TRANSIENT_CODES: Final[frozenset[str]] = frozenset(
    {
        "InternalServerError",
        "InternalError",
        "ItemCollectionSizeLimitExceededException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
        "RequestTimeout",
        "RequestTimeoutException",
    }
)
#: Codes of a missing permission or of credentials that are not (any more) valid.
_DENIED_CODES: Final[frozenset[str]] = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "KMSAccessDeniedException",
        "UnrecognizedClientException",
    }
)
_SERVER_FAULT: Final = 500


def client(service: str, *, read_timeout_seconds: float = 10, **options: Any) -> Any:
    """Make a client with bounded waits and retries.

    Args:
        service: the AWS name, e.g. `dynamodb`.
        read_timeout_seconds: how long one answer may take.
        options: further `botocore.config.Config` options.
    """
    from botocore.config import Config  # noqa: PLC0415 - the slowest import of a cold start: only who needs AWS pays

    from shared.aws_session import session  # noqa: PLC0415 - same

    config = Config(
        connect_timeout=2,
        read_timeout=read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": 4},
        **options,
    )
    return session().create_client(service, config=config)


@contextmanager
def aws_errors(operation: str) -> Iterator[None]:
    """Map whatever botocore raises in the block to our tree.

    Raises:
        Transient: throttled, timed out, or a fault on the service's side.
        Refused: anything else; the message names the operation and the code.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the client

    try:
        yield
    except ClientError as error:
        raise failure_of(error, operation) from error
    except BotoCoreError as error:
        raise Transient(AWS_UNAVAILABLE, f"{operation}: {type(error).__name__}") from error


def failure_of(error: "ClientError", operation: str, *, transient: Collection[str] = ()) -> PlugportError:
    """Map a botocore `ClientError` to our tree; the message names operation and code, never the request."""
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    if code in _TRANSIENT_CODES or code in transient or status >= _SERVER_FAULT:
        return Transient(AWS_UNAVAILABLE, f"{operation}: {code}")
    if code in _DENIED_CODES:
        # A fault of this deployment, not of the plugin that met it: nothing of anybody's is rejected for it.
        return Transient(AWS_DENIED, f"{operation}: {code}")
    return Refused(AWS_DENIED, f"{operation}: {code}")
