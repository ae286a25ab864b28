"""Answers stay within what Lambda passes on, in every list."""

import json
from typing import Any

import pytest

from functions.registration.answer import Answer
from functions.registration.pages import MAX_DATA_BYTES, fill_page, sent_bytes
from tests.unit.registration.fakes import PLUGINS, LocalGateway, Response, version

GATEWAYS = "/api/v1/gateways/team-a/plugins"
LAMBDA_LIMIT = 6 * 1024 * 1024
AT = "2026-11-24T06:00:00.000Z"
#: Close to the 64 KiB that a config may have; each form grows in another way on its way through Lambda.
CONFIGS = {
    "plain": {"text": "x" * 65_000},
    "quotes": {"text": '"' * 32_000},
    "backslashes": {"text": "\\" * 32_000},
    "letters": {"text": "é" * 32_000},
}


def big(gateway: LocalGateway, config: dict[str, Any], count: int = 100) -> None:
    """Register so many plugins with this config; each is served."""
    for number in range(count):
        made = gateway.create(gateway.alice, slug=f"plugin-{number}", config=config)
        judged = gateway.record(made).with_condition("CommandValid", "True", now=AT, reason="allowed")
        gateway.store(gateway.record(made), conditions=judged.conditions, status="ready")


def walk(gateway: LocalGateway, path: str, **query: Any) -> list[Response]:
    """Give every page."""
    pages = [gateway.call("GET", path, token=gateway.alice, query=query)]
    while following := pages[-1].json["meta"]["next_cursor"]:
        pages.append(gateway.call("GET", path, token=gateway.alice, query={**query, "cursor": following}))
    return pages


def sent(response: Response) -> int:
    """Give the size of an answer as the runtime of Python 3.11 sends it, the longest form of all."""
    answer = {"statusCode": 200, "headers": dict(response.headers), "body": response.text, "isBase64Encoded": False}
    return len(json.dumps(answer))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize(("path", "query"), [(PLUGINS, {"limit": 100}), (GATEWAYS, {})], ids=["plugins", "gateways"])
def test_a_page_ends_before_lambda_ends_it(path: str, query: dict[str, Any], config: dict[str, Any]) -> None:
    """Whatever the values are made of; nothing is left out or given twice."""
    gateway = LocalGateway()
    big(gateway, config)
    pages = walk(gateway, path, **query)
    assert len(pages) > 1
    assert all(sent(page) < LAMBDA_LIMIT for page in pages)
    found = [row["id"] for page in pages for row in page.json["data"]]
    assert sorted(found, reverse=path == PLUGINS) == found
    assert len(set(found)) == len(found) == pages[0].json["meta"]["total_count"] == 100


def test_a_page_has_one_row_at_least() -> None:
    """Else a list with a large row would never go on."""
    row = {"text": "x" * MAX_DATA_BYTES}
    assert fill_page([row, row], limit=2) == [row]
    assert fill_page([], limit=2) == []


def test_a_page_is_full_at_its_bound() -> None:
    """Rows that fit exactly are given."""
    row = {"text": "x" * 1000}
    row["text"] += "x" * (MAX_DATA_BYTES // 4 - sent_bytes(row))
    assert len(fill_page([row] * 9, limit=None)) == 4
    assert len(fill_page([row] * 9, limit=3)) == 3


def test_characters_stand_for_themselves() -> None:
    """UTF-8 instead of six bytes a letter; half of a surrogate pair, which UTF-8 does not have, stays escaped."""
    body = Answer(200, {"name": "é💡\ud800"}).body()
    assert body == '{"name":"é💡\\ud800"}'
    assert json.loads(body) == {"name": "é💡\ud800"}


class TestGatewayPages:
    """The desired state in parts."""

    @pytest.fixture
    def gateway(self) -> LocalGateway:
        """A running API with five served plugins."""
        gateway = LocalGateway()
        big(gateway, {}, 5)
        return gateway

    def get(self, gateway: LocalGateway, token: str = "", etag: str | None = None, **query: Any) -> Response:
        """Ask for the desired state."""
        headers = {"If-None-Match": etag}
        return gateway.call("GET", GATEWAYS, token=token or gateway.alice, query=query, headers=headers)

    def test_everything_comes_unless_a_limit_is_given(self, gateway: LocalGateway) -> None:
        """A gateway that does not page must not stop plugins that are only on the next page."""
        assert self.get(gateway).json["meta"] == {"namespace": "team-a", "total_count": 5, "next_cursor": None}
        pages = walk(gateway, GATEWAYS, limit=2)
        assert [len(page.json["data"]) for page in pages] == [2, 2, 1]
        assert [row for page in pages for row in page.json["data"]] == self.get(gateway).json["data"]

    def test_every_page_has_the_tag_of_the_whole_state(self, gateway: LocalGateway) -> None:
        """A change on the last page is news for the first one."""
        pages = walk(gateway, GATEWAYS, limit=2)
        (tag,) = {page.headers["etag"] for page in pages}
        assert self.get(gateway, etag=tag, limit=2).status == 304
        last = pages[-1].json["data"][0]["id"]
        gateway.call("PATCH", f"{PLUGINS}/{last}", token=gateway.alice, body={"config": {"a": 1}})
        assert self.get(gateway, etag=tag, limit=2).status == 200

    @pytest.mark.parametrize(
        ("query", "code"), [({"limit": "0"}, "invalid_limit"), ({"cursor": "x"}, "invalid_cursor")]
    )
    def test_a_bad_parameter_is_refused(self, gateway: LocalGateway, query: dict[str, str], code: str) -> None:
        """As in the list of plugins."""
        assert self.get(gateway, **query).codes == [code]

    def test_a_cursor_is_bound_to_token_and_list(self, gateway: LocalGateway) -> None:
        """The list of plugins has another order: a place in one is none in the other."""
        cursor = self.get(gateway, limit=1).json["meta"]["next_cursor"]
        assert self.get(gateway, gateway.reader, cursor=cursor).codes == ["invalid_cursor"]
        listing = {"namespace": "team-a", "limit": 1}
        other = gateway.call("GET", PLUGINS, token=gateway.alice, query=listing).json["meta"]["next_cursor"]
        assert self.get(gateway, cursor=other).codes == ["invalid_cursor"]
        elsewhere = gateway.call("GET", PLUGINS, token=gateway.alice, query={**listing, "cursor": cursor})
        assert elsewhere.codes == ["invalid_cursor"]

    def test_a_stored_version_counts_as_one_row(self, gateway: LocalGateway) -> None:
        """A pulled plugin is a row like the others."""
        made = gateway.create(gateway.alice, slug="pulled", command="oci://registry.example.com/plugins/my-plugin:v1")
        gateway.store(gateway.record(made), version=version())
        assert self.get(gateway, limit=6).json["meta"]["total_count"] == 6
