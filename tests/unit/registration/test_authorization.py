"""Who may do what: every route against every kind of caller."""

import pytest

from functions.registration.principal import principal_of
from functions.registration.routes import ROUTES, Route, match_route
from tests.unit.registration.fakes import LocalGateway, proxy_event

LEAST = {"read": "tok_reader", "write": "tok_writer"}
#: A route that is not in this table, or asks for less, fails the test: a new one is a decision.
EXPECTED = {
    "GET /health": "open",
    "GET /api/v1/health": "open",
    "GET /api/v1/openapi.json": "read",
    "POST /api/v1/plugins": "write",
    "GET /api/v1/plugins": "read",
    "POST /api/v1/plugins/validate": "read",
    "GET /api/v1/plugins/validate": "read",
    "GET /api/v1/plugins/{plugin_id}": "read",
    "PATCH /api/v1/plugins/{plugin_id}": "write",
    "DELETE /api/v1/plugins/{plugin_id}": "write",
    "POST /api/v1/plugins/{plugin_id}/reload": "write",
    "POST /api/v1/plugins/{plugin_id}/refresh": "write",
    "POST /api/v1/plugins/{plugin_id}/rollback": "write",
    "POST /api/v1/plugins/{plugin_id}/test": "read",
    "GET /api/v1/plugins/{plugin_id}/status": "read",
    "GET /api/v1/plugins/{plugin_id}/health": "read",
    "GET /api/v1/plugins/{plugin_id}/versions": "read",
    "GET /api/v1/plugins/{plugin_id}/events": "read",
    "GET /api/v1/plugins/{plugin_id}/artifact": "read",
    "GET /api/v1/gateways/{namespace}/plugins": "read",
}


def path_of(route: Route) -> str:
    """Fill a route's parameters in."""
    return route.path.replace("{plugin_id}", "plg_" + "0" * 26).replace("{namespace}", "team-a")


def test_every_route_asks_for_what_was_decided() -> None:
    """Nothing else answers."""
    assert {f"{route.method} {route.path}": route.access for route in ROUTES} == EXPECTED


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_too_little_scope_is_forbidden(route: Route) -> None:
    """403 before anything is looked at, so it tells nothing about ids."""
    gateway = LocalGateway()
    nothing = gateway.tokens.add("tok_nothing", scopes="", namespaces="*")
    reader = gateway.tokens.add("tok_reader", scopes="read", namespaces="*")
    for token, scopes in ((nothing, ()), (reader, ("read",))):
        response = gateway.call(route.method, path_of(route), token=token, body={})
        allowed = route.access == "open" or route.access in scopes
        assert (response.status == 403) == (not allowed)
        assert gateway.table.commits == 0


@pytest.mark.parametrize("scope", ["write", "admin"])
def test_a_larger_scope_includes_the_smaller_ones(scope: str) -> None:
    """A token to write with may read."""
    gateway = LocalGateway()
    token = gateway.tokens.add("tok_1", scopes=scope, namespaces="team-a")
    assert gateway.create(token).status == 201
    assert gateway.call("GET", "/api/v1/plugins", token=token).status == 200


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_call_that_came_without_an_authorizer_is_unauthorized(route: Route) -> None:
    """The function does not trust that the gateway did its part."""
    event = proxy_event(route.method, path_of(route), headers={}, body=None, query={})
    for context in (None, {}, {"principalId": "x"}, {"token_id": 5, "scopes": "admin"}, "admin"):
        event["requestContext"]["authorizer"] = context
        status = LocalGateway().api.handle(event)["statusCode"]
        assert status == (200 if route.access == "open" else 401)


def test_a_token_without_namespaces_sees_nothing() -> None:
    """Deny by default."""
    gateway = LocalGateway()
    gateway.create(gateway.alice)
    token = gateway.tokens.add("tok_1", scopes="admin", namespaces="")
    assert gateway.call("GET", "/api/v1/plugins", token=token).json["data"] == []
    assert gateway.create(token).codes == ["namespace_not_allowed"]


def test_the_context_is_read_whole_or_not_at_all() -> None:
    """A part that is missing makes nobody of the caller."""
    whole = {"token_id": "t", "scopes": "read", "namespaces": "a b", "cursor_key": "k"}
    principal = principal_of(whole)
    assert principal is not None
    assert principal.namespaces == {"a", "b"}
    for name in whole:
        assert principal_of({key: value for key, value in whole.items() if key != name}) is None


@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("PUT", "/api/v1/plugins", ("POST", "GET")),
        ("PATCH", "/api/v1/plugins/validate", ("POST", "GET")),
        ("POST", "/health", ("GET",)),
        ("GET", "/api/v1/plugins/", ()),
        ("GET", "/api/v1/plugins/a/b", ()),
        ("GET", "/api/v1//plugins", ()),
        ("GET", "/api/v1/plugins\n", ()),
        ("GET", "/v1/plugins", ()),
        ("GET", "/api/v1/health/../plugins", ()),
    ],
)
def test_paths_are_matched_exactly(method: str, path: str, methods: tuple[str, ...]) -> None:
    """No path is repaired: what is not in the table does not answer."""
    assert match_route(method, path) == (None, {}, methods)
