"""GET /plugins and its cursors."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.registration.cursor import decode_cursor, encode_cursor, scope_of
from shared.errors import Refused
from tests.unit.registration.fakes import NOW, PLUGINS, LocalGateway, Response

ID = "plg_01m8627gr00000000000000001"
KEY = b"k" * 64


@pytest.fixture
def gateway() -> LocalGateway:
    """A running API with seven plugins of team-a and two of team-b."""
    gateway = LocalGateway()
    for number in range(7):
        gateway.create(gateway.alice, slug=f"plugin-{number}", is_active=number % 2 == 0)
    for number in range(2):
        gateway.create(gateway.bob, slug=f"plugin-{number}", hook_type="auth", plugin_type="special")
    return gateway


def listed(gateway: LocalGateway, token: str, **query: Any) -> Response:
    """List with these parameters."""
    return gateway.call("GET", PLUGINS, token=token, query=query)


def slugs(response: Response) -> list[str]:
    """Give the slugs of a page."""
    return [plugin["attributes"]["slug"] for plugin in response.json["data"]]


def test_the_newest_comes_first(gateway: LocalGateway) -> None:
    """A caller sees its own namespaces only, unasked."""
    response = listed(gateway, gateway.alice)
    assert slugs(response) == [f"plugin-{number}" for number in reversed(range(7))]
    assert response.json["meta"] == {"total_count": 7, "next_cursor": None}


def test_a_token_for_all_sees_all(gateway: LocalGateway) -> None:
    """In one order over all namespaces."""
    assert listed(gateway, gateway.admin).json["meta"]["total_count"] == 9
    assert slugs(listed(gateway, gateway.admin, limit=3)) == ["plugin-1", "plugin-0", "plugin-6"]


def test_a_foreign_namespace_looks_empty(gateway: LocalGateway) -> None:
    """As one that does not exist."""
    foreign, unknown = (listed(gateway, gateway.alice, namespace=name) for name in ("team-b", "team-z"))
    assert (foreign.status, foreign.text) == (200, unknown.text)
    assert foreign.json["data"] == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"is_active": "true"}, 6),
        ({"is_active": "false"}, 3),
        ({"hook_type": "auth"}, 2),
        ({"plugin_type": "special"}, 2),
        ({"status": "pending"}, 9),
        ({"status": "ready"}, 0),
        ({"slug": "plugin-1"}, 2),
        ({"slug": "plugin-1", "namespace": "team-b"}, 1),
        ({"slug": "plugin"}, 0),
        ({"namespace": "team-b", "is_active": "true"}, 2),
    ],
)
def test_filters_narrow_the_list(gateway: LocalGateway, query: Mapping[str, str], count: int) -> None:
    """The count is of everything that fits, not of the page."""
    response = listed(gateway, gateway.admin, **query, limit=1)
    assert response.json["meta"]["total_count"] == count
    assert len(response.json["data"]) == min(count, 1)


def test_a_cursor_walks_the_whole_list_once(gateway: LocalGateway) -> None:
    """What is registered meanwhile is newer and moves no page."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = listed(gateway, gateway.alice, limit=3, **cursor)
        seen += slugs(page)
        gateway.create(gateway.alice)
        if page.json["meta"]["next_cursor"] is None:
            break
        cursor = {"cursor": page.json["meta"]["next_cursor"]}
    assert seen == [f"plugin-{number}" for number in reversed(range(7))]


def test_pages_are_numbered_from_one(gateway: LocalGateway) -> None:
    """As the product has them; a page past the end is empty."""
    assert slugs(listed(gateway, gateway.alice, limit=3, page=3)) == ["plugin-0"]
    assert listed(gateway, gateway.alice, limit=3, page=99).json["data"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        *(({"limit": text}, "invalid_limit") for text in ("0", "-1", "101", "", "abc", "1e1", "٣", "1" * 500, " 5")),
        *(({"page": text}, "invalid_page") for text in ("0", "-1", "abc", "1000001")),
        *(({"cursor": text}, "invalid_cursor") for text in ("", "%00", "x" * 300, "eyJwayI6IlRFQU0jYiJ9", "ä", "a===")),
        ({"cursor": "x" * 10_000}, "invalid_query_parameter"),
        ({"is_active": "yes"}, "invalid_query_parameter"),
        ({"status": "happy"}, "invalid_query_parameter"),
        ({"namespace": ""}, "invalid_namespace"),
        ({"unknown": "1"}, "unknown_query_parameter"),
    ],
)
def test_a_bad_parameter_is_refused(gateway: LocalGateway, query: dict[str, str], code: str) -> None:
    """Never replaced by a default."""
    response = listed(gateway, gateway.alice, **query)
    assert (response.status, response.codes) == (400, [code])


def test_a_cursor_stands_alone(gateway: LocalGateway) -> None:
    """Beside a page it would be two places."""
    cursor = listed(gateway, gateway.alice, limit=1).json["meta"]["next_cursor"]
    assert listed(gateway, gateway.alice, cursor=cursor, page=1).codes == ["invalid_page"]


def test_a_repeated_parameter_is_refused(gateway: LocalGateway) -> None:
    """Readers would take different ones."""
    response = gateway.call("GET", f"{PLUGINS}?limit=1&limit=2", token=gateway.alice)
    assert response.codes == ["repeated_query_parameter"]


def test_a_cursor_is_bound_to_caller_filters_and_hour(gateway: LocalGateway) -> None:
    """Elsewhere it is refused."""
    cursor = listed(gateway, gateway.alice, limit=1).json["meta"]["next_cursor"]
    other = gateway.tokens.add("tok_2", scopes="read", namespaces="team-a")
    assert listed(gateway, gateway.alice, cursor=cursor).status == 200
    assert listed(gateway, other, cursor=cursor).codes == ["invalid_cursor"]
    assert listed(gateway, gateway.alice, cursor=cursor, is_active="true").codes == ["invalid_cursor"]
    of_all = listed(gateway, gateway.admin, limit=1).json["meta"]["next_cursor"]
    assert listed(gateway, gateway.admin, cursor=of_all, namespace="team-a").codes == ["invalid_cursor"]
    gateway.clock.now += 3600
    assert listed(gateway, gateway.alice, cursor=cursor).codes == ["invalid_cursor"]


def test_a_cursor_round_trips() -> None:
    """It is text that needs no escaping in a URL."""
    scope = scope_of(["team-a"], {"status": "ready"})
    cursor = encode_cursor(ID, key=KEY, scope=scope, epoch=NOW)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert decode_cursor(cursor, key=KEY, scope=scope, epoch=NOW + 3599) == ID


def test_no_changed_cursor_is_accepted() -> None:
    """Every character is authenticated; only the last one may hold bits that mean nothing."""
    scope = scope_of(["team-a"], {})
    cursor = encode_cursor(ID, key=KEY, scope=scope, epoch=NOW)
    for position in range(len(cursor) - 1):
        changed = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        with pytest.raises(Refused, match="invalid_cursor"):
            decode_cursor(changed, key=KEY, scope=scope, epoch=NOW)


def test_an_authentic_place_that_is_no_id_is_refused() -> None:
    """Even our own signature makes no other key of it."""
    cursor = encode_cursor("NS#team-b", key=KEY, scope=b"", epoch=NOW)
    with pytest.raises(Refused, match="invalid_cursor"):
        decode_cursor(cursor, key=KEY, scope=b"", epoch=NOW)
