"""Event → route → answer: the frame around every call."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from functions.registration.answer import Answer, failure, unforeseen
from functions.registration.ports import Ports
from functions.registration.principal import authorize
from functions.registration.reasons import METHOD_NOT_ALLOWED, ROUTE_NOT_FOUND
from functions.registration.request import Request, correlation_id_of, read_request
from functions.registration.routes import Route, match_route
from shared.errors import NotFound, PlugportError, Refused
from shared.observability import build_logger, build_metrics
from shared.queues import BAD_ENVELOPE

_SERVER_ERROR: Final = 500


class Api:
    """The composition, built once in a container.

    Args:
        ports: everything outside of the routes.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._log = build_logger("registration")
        self._metrics = build_metrics("registration")

    def handle(self, event: object) -> dict[str, Any]:
        """Answer one call; nothing that a caller can send makes this raise.

        Raises:
            Refused: the event is not API Gateway's at all.
        """
        if not isinstance(event, Mapping) or not isinstance(event.get("httpMethod"), str):
            raise Refused(BAD_ENVELOPE, "an event of an API Gateway REST API")
        begun = time.perf_counter()
        correlation_id = correlation_id_of(event)
        fields: dict[str, Any] = {"correlation_id": correlation_id}
        try:
            answer = self._answer(event, fields)
        except PlugportError as error:
            answer = failure(error)
            fields |= {"reason": error.reason.code, "detail": error.message[:200]}
        except Exception:  # noqa: BLE001 - the last line of defence: logged with its stack, answered without it
            self._log.exception("unforeseen failure", **fields)
            answer = unforeseen(correlation_id)
        self._report(answer, fields, time.perf_counter() - begun)
        return _proxy_response(answer, correlation_id)

    def _answer(self, event: Mapping[str, Any], fields: dict[str, Any]) -> Answer:
        request = read_request(event)
        route, parameters, methods = match_route(request.method, request.path)
        if route is None:
            return _no_route(methods)
        fields["route"] = f"{route.method} {route.path}"
        if request.principal is not None:
            fields["token_id"] = request.principal.token_id
        authorize(request.principal, route.access)
        return route.endpoint(_routed(request, route, parameters), self._ports)

    def _report(self, answer: Answer, fields: Mapping[str, Any], seconds: float) -> None:
        """Log one line a call: the route and not the path, the reason and not the body, never a link or a token."""
        level = self._log.error if answer.status >= _SERVER_ERROR else self._log.info
        level("call", status=answer.status, milliseconds=round(seconds * 1000, 1), **fields)
        self._metrics.add_metric(name=f"answers.{answer.status // 100}xx", unit="Count", value=1)
        self._metrics.flush_metrics()


def _routed(request: Request, route: Route, parameters: Mapping[str, str]) -> Request:
    return replace(request, parameters=parameters, values=request.query_values(route.query))


def _no_route(methods: tuple[str, ...]) -> Answer:
    if not methods:
        return failure(NotFound(ROUTE_NOT_FOUND))
    refused = failure(Refused(METHOD_NOT_ALLOWED, f"it takes {', '.join(methods)}"))
    return Answer(refused.status, refused.document, {"Allow": ", ".join(methods)})


def _proxy_response(answer: Answer, correlation_id: str) -> dict[str, Any]:
    """Give API Gateway's form of an answer (REST, Lambda proxy integration)."""
    body, headers = answer.body(), answer.all_headers(correlation_id)
    if body is not None:
        headers["Content-Type"] = "application/json"
    return {"statusCode": answer.status, "headers": headers, "body": body or "", "isBase64Encoded": False}
