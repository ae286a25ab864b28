"""Logs and metrics, the same in every function.

Powertools' logger writes one JSON object a line in ASCII: a value can neither forge a line nor hide text from a
reader (control characters, direction marks and lone surrogates are escaped). Secrets never get here: they travel as
`shared.credentials.Secret`, which has no printable form.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics


def serialise(entry: Mapping[str, Any]) -> str:
    """Give one log line; unknown objects by their type's name, never by their contents."""
    return json.dumps(entry, default=lambda item: f"<{type(item).__name__}>", ensure_ascii=True)


def build_logger(service: str) -> "Logger":
    """Make the function's logger; level and sampling come from Powertools' own variables (POWERTOOLS_LOG_LEVEL)."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - importing a module touches nothing (style rule 6)

    return Logger(service=service, utc=True, json_serializer=serialise)


def build_metrics(service: str) -> "Metrics":
    """Make the function's metrics (EMF: log lines that CloudWatch reads as metrics, no call at run time)."""
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 - importing a module touches nothing (style rule 6)

    return Metrics(namespace="Plugport", service=service)
