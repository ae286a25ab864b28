"""Subcommands on plugins, against a fake API."""

import json
from pathlib import Path

from cli.api import ApiUnavailable
from cli.reasons import CANNOT_REACH
from tests.unit.cli.fakes import FakeApi, Terminal, answer, lines, plugin, refused, step

ID = "plg_01kav0000000000000000000aa"
PATH = f"/api/v1/plugins/{ID}"


def test_register_sends_the_seed_body() -> None:
    """The options of `register` become the product document's own body."""
    api = FakeApi({"POST /api/v1/plugins": answer(plugin(status="pending"), status=201)})
    terminal = Terminal(api)
    arguments = ["--name", "My Plugin", "--slug", "my-plugin", "--command", "grpc://plugin-server:50051"]
    code = terminal.run("register", *arguments, "--hook-type", "pre_auth", "--plugin-type", "gateway")
    assert code == 0
    assert api.calls[0][3] == {
        "name": "My Plugin",
        "slug": "my-plugin",
        "command": "grpc://plugin-server:50051",
        "hook_type": "pre_auth",
        "plugin_type": "gateway",
        "is_active": True,
    }
    assert "pending" in terminal.out


def test_register_is_safe_to_repeat() -> None:
    """Each registration carries an Idempotency-Key of its own."""
    api = FakeApi({"POST /api/v1/plugins": answer(plugin(), status=201)})
    for _ in range(2):
        assert Terminal(api).run("register", "--name", "a", "--command", "grpc://h:1") == 0
    keys = [headers["Idempotency-Key"] for headers in api.headers]
    assert len(set(keys)) == 2


def test_register_takes_all_options() -> None:
    """Repeated hooks, configuration, checksum and inactive reach the body."""
    api = FakeApi({"POST /api/v1/plugins": answer(plugin(is_active=False), status=201)})
    options = ["--hook-type", "pre_auth", "--hook-type", "post_auth", "--config", '{"a": 1}', "--inactive"]
    options += ["--checksum", "ab", "--oci-reference", "r/x:1", "--namespace", "team-a", "--wait"]
    assert Terminal(api).run("register", "--name", "a", "--command", "oci://r/x:1", *options) == 0
    body = api.calls[0][3]
    assert body["hook_type"] == "pre_auth"
    assert body["hook_types"] == ["pre_auth", "post_auth"]
    assert body["config"] == {"a": 1}
    assert body["is_active"] is False
    assert (body["checksum"], body["oci_reference"], body["namespace"]) == ("ab", "r/x:1", "team-a")
    assert len(api.calls) == 1, "there is nothing to wait for"


def test_register_from_a_file(tmp_path: Path) -> None:
    """A body from a file is sent as it is; options given beside it win."""
    file = tmp_path / "body.json"
    file.write_text('{"name": "x", "command": "file:///a/b", "is_active": false}')
    config = tmp_path / "config.json"
    config.write_text('{"k": "v"}')
    api = FakeApi({"POST /api/v1/plugins": answer(plugin(), status=201)})
    assert Terminal(api).run("register", "-f", str(file), "--slug", "my", "--config", f"@{config}") == 0
    expected = {"name": "x", "command": "file:///a/b", "is_active": False, "slug": "my", "config": {"k": "v"}}
    assert api.calls[0][3] == expected


def test_register_from_standard_input() -> None:
    """`-f -` reads the body from standard input."""
    api = FakeApi({"POST /api/v1/plugins": answer(plugin(), status=201)})
    assert Terminal(api, stdin='{"name": "x", "command": "file:///a/b"}').run("register", "-f", "-") == 0
    assert api.calls[0][3] == {"name": "x", "command": "file:///a/b"}


def test_register_without_enough_is_a_usage_error() -> None:
    """A body without name or command is refused here; the API is not called."""
    terminal = Terminal()
    assert terminal.run("register", "--name", "x") == 2
    assert terminal.api.calls == []
    assert terminal.err.startswith("invalid_option: ")


def test_unreadable_bodies_are_usage_errors(tmp_path: Path) -> None:
    """Files that are missing, no JSON, no object, not UTF-8 or too large end with exit code 2 and a hint."""
    contents = {"text": b"x", "list": b"[]", "twice": b'{"a":1,"a":2}', "latin": b'{"a":"\xe9"}', "big": b" " * 1048577}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name in [*contents, "missing"]:
        terminal = Terminal()
        assert terminal.run("register", "-f", str(tmp_path / name)) == 2, name
        assert terminal.err.startswith("unreadable_file: "), name
        assert "hint: " in terminal.err


def test_refusal_prints_every_reason_and_hint() -> None:
    """A refused registration prints `reason: detail` and the hint of each reason, exit code 1."""
    api = FakeApi({"POST /api/v1/plugins": refused(400, "relative_path", "invalid_hook_type")})
    terminal = Terminal(api)
    assert terminal.run("register", "--name", "a", "--command", "file://./x") == 1
    assert lines(terminal.err) == [
        "relative_path: detail of relative_path",
        "  hint: hint of relative_path",
        "invalid_hook_type: detail of invalid_hook_type",
        "  hint: hint of invalid_hook_type",
    ]
    assert terminal.out == ""


def test_reload_without_waiting() -> None:
    """`reload` says which generation was asked for."""
    api = FakeApi({f"POST {PATH}/reload": answer({"type": "reloads", "attributes": {"generation": 4}}, status=202)})
    terminal = Terminal(api)
    assert terminal.run("reload", ID) == 0
    assert terminal.out == f"reload of {ID} accepted as generation 4\n"


def test_get_by_slug_asks_for_that_slug() -> None:
    """A name that is no id is looked up as a slug: the API gives that plugin, not the whole list."""
    found = answer([plugin()], meta={"next_cursor": None})
    api = FakeApi({"GET /api/v1/plugins": found, f"GET {PATH}": answer(plugin())})
    terminal = Terminal(api)
    assert terminal.run("get", "my-plugin", "--namespace", "team-a") == 0
    queries = [query for _, path, query, _ in api.calls if path == "/api/v1/plugins"]
    assert queries == [{"slug": "my-plugin", "namespace": "team-a", "limit": "100"}]
    assert "grpc://plugin-server:50051" in terminal.out


def test_slugs_that_are_missing_or_ambiguous() -> None:
    """No plugin or several plugins with the slug are exit code 1 with a reason."""
    both = [plugin(), plugin(id="plg_01kav0000000000000000000bb", namespace="team-b")]
    for found, reason in (([], "not_found"), (both, "ambiguous_slug")):
        terminal = Terminal(FakeApi({"GET /api/v1/plugins": answer(found, meta={})}))
        assert terminal.run("get", "my-plugin") == 1
        assert terminal.err.startswith(f"{reason}: ")


def test_get_shows_conditions_version_and_warnings() -> None:
    """`get` shows the conditions as a table, the version with its digest, and warnings beside the result."""
    condition = {"type": "CommandValid", "status": "True", "reason": "allowed", "message": ""}
    version = {"number": 2, "manifest_digest": "sha256:" + "ab" * 32}
    shown = plugin(conditions={"CommandValid": condition}, version=version, warnings=["PLUGIN SECURITY WARNING: x"])
    terminal = Terminal(FakeApi({f"GET {PATH}": answer(shown)}))
    assert terminal.run("get", ID) == 0
    assert "version      2 sha256:abababababab" in terminal.out
    assert "CONDITION     STATUS  REASON   MESSAGE" in terminal.out
    assert "CommandValid  True    allowed" in terminal.out
    assert terminal.err == "warning: PLUGIN SECURITY WARNING: x\n"


def test_json_is_the_document_of_the_api() -> None:
    """--format json prints what the API said, and nothing else."""
    terminal = Terminal(FakeApi({f"GET {PATH}": answer(plugin())}))
    assert terminal.run("get", ID, "--format", "json") == 0
    assert json.loads(terminal.out) == {"data": plugin()}


def test_list_has_aligned_columns() -> None:
    """`list` shows one plugin a line under aligned headers, passing filters on."""
    found = [plugin(), plugin(id="plg_01kav0000000000000000000bb", slug="b", command="oci://r/x:1", status="failed")]
    api = FakeApi({"GET /api/v1/plugins": answer(found, meta={})})
    terminal = Terminal(api)
    code = terminal.run("list", "--status", "failed", "--hook-type", "pre_auth", "--plugin-type", "g", "--inactive")
    assert code == 0
    header, first, second = lines(terminal.out)
    for name in ("NAMESPACE", "SCHEME", "STATUS", "ID"):
        column = header.index(name)
        assert first[column - 1] == second[column - 1] == " "
        assert first[column] != " "
    assert api.calls[0][2] == {
        "hook_type": "pre_auth",
        "plugin_type": "g",
        "status": "failed",
        "is_active": "false",
        "limit": "100",
    }


def test_list_stops_at_its_limit() -> None:
    """--limit bounds what is asked for and what is shown."""
    api = FakeApi({"GET /api/v1/plugins": answer([plugin(), plugin()], meta={"next_cursor": "c"})})
    terminal = Terminal(api)
    assert terminal.run("list", "--limit", "3", "--format", "json") == 0
    assert len(json.loads(terminal.out)["data"]) == 3
    assert len(api.calls) == 2


def test_health_is_an_exit_code() -> None:
    """`health` is 0 for a healthy plugin only."""
    for word, code in (("healthy", 0), ("unhealthy", 1), ("unknown", 1)):
        reachable = {"type": "Reachable", "status": "True", "reason": "serving", "message": "127.0.0.1:1"}
        values = {"state": "unknown", "status": word, "plugin_status": "ready", "conditions": [reachable]}
        health = {"type": "plugin-health", "id": ID, "attributes": values}
        terminal = Terminal(FakeApi({f"GET {PATH}/health": answer(health)}))
        assert terminal.run("health", ID) == code
        assert lines(terminal.out)[0].split() == ["health", word]
        assert "Reachable  True    serving  127.0.0.1:1" in terminal.out
        assert terminal.run("health", ID, "--format", "json") == code


def test_events_reads_the_whole_trail() -> None:
    """`events` goes on reading behind the last revision until nothing is left."""
    api = FakeApi(
        {
            f"GET {PATH}/events": [
                answer([step(1, "plugin.registered"), step(2, "plugin.failed", reason="deadline_exceeded")]),
                answer([step(3, "plugin.deleted")]),
                answer([]),
            ]
        }
    )
    terminal = Terminal(api)
    assert terminal.run("events", ID) == 0
    assert [query["after"] for _, _, query, _ in api.calls] == ["0", "2", "3"]
    assert "plugin.failed  deadline_exceeded" in terminal.out


def test_delete() -> None:
    """`delete` says what it deleted."""
    terminal = Terminal(FakeApi({f"DELETE {PATH}": answer({}, status=204)}))
    assert terminal.run("delete", ID) == 0
    assert terminal.out == f"deleted {ID}\n"
    assert terminal.run("delete", ID, "--format", "json") == 0
    assert json.loads(terminal.out)["data"]["attributes"] == {"deleted": True}


def test_unknown_plugin_is_refused() -> None:
    """The API's 404 is exit code 1 with its reason and hint."""
    terminal = Terminal()
    assert terminal.run("get", ID) == 1
    assert lines(terminal.err) == ["not_found: no such plugin", "  hint: Check the id."]


def test_unreachable_api() -> None:
    """An API that can't be reached is exit code 3."""
    terminal = Terminal(
        FakeApi({f"GET {PATH}": ApiUnavailable(CANNOT_REACH, "https://api.example.com: ConnectTimeout")})
    )
    assert terminal.run("get", ID) == 3
    assert terminal.err.startswith("cannot_reach: https://api.example.com")
