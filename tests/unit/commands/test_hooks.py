"""Hook types: requests, lists, categories and manifests."""

from typing import Any

import pytest

from shared.commands import (
    HOOK_TYPES,
    HookError,
    category_of,
    is_of_type,
    runs_on_edge,
    validate_hooks,
    validate_manifest,
)
from shared.commands.hooks import HookOperation, HookRuntime


def manifest(**changes: Any) -> dict[str, Any]:
    """Make a valid manifest with changes; None takes a field away."""
    fields = {"id": "com.example.p", "version": "1.0.0", "name": "P", "capabilities": {"hooks": ["auth", "agent"]}}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def ui(*items: object, slot: object = "sidebar.section") -> dict[str, Any]:
    """Make a user interface of one slot."""
    return {"slots": [{"slot": slot, "items": list(items)}]}


def test_eleven_hook_types() -> None:
    """There are eleven hook types and the control plane takes each, alone or as a list."""
    assert len(HOOK_TYPES) == 11
    for hook in HOOK_TYPES:
        assert validate_hooks(runtime="control_plane", operation="update", hook_type=hook) == (hook, (hook,))


@pytest.mark.parametrize(
    ("runtime", "operation", "hook_type", "hook_types", "expected"),
    [
        ("control_plane", "create", None, None, ("pending", ())),
        ("control_plane", "create", None, ["agent", "auth"], ("agent", ("agent", "auth"))),
        ("control_plane", "create", "auth", ["auth", "auth"], ("auth", ("auth",))),
        ("control_plane", "create", "auth", [], ("auth", ("auth",))),
        ("control_plane", "update", None, None, (None, ())),
        ("control_plane", "update", None, ["auth"], (None, ("auth",))),
        ("edge", "create", "pre_auth", None, ("pre_auth", ("pre_auth",))),
    ],
)
def test_requests(
    runtime: HookRuntime, operation: HookOperation, hook_type: object, hook_types: object, expected: tuple[Any, ...]
) -> None:
    """A request's hooks are completed and freed of duplicates; an update leaves alone what it does not name."""
    answer = validate_hooks(runtime=runtime, operation=operation, hook_type=hook_type, hook_types=hook_types)
    assert answer == expected


@pytest.mark.parametrize(
    ("runtime", "hook_type", "hook_types", "reason"),
    [
        ("control_plane", "pending", None, "invalid_hook_type"),
        ("control_plane", "Pre_Auth", None, "invalid_hook_type"),
        ("control_plane", "", None, "invalid_hook_type"),
        ("control_plane", 5, None, "invalid_type"),
        ("control_plane", "auth", "auth", "invalid_type"),
        ("control_plane", "auth", [["auth"]], "invalid_type"),
        ("control_plane", "auth", ["auth", "bogus"], "invalid_hook_type"),
        ("control_plane", "auth", ["pre_auth"], "primary_hook_not_in_list"),
        ("edge", None, None, "missing_hook_type"),
        ("edge", "", None, "missing_hook_type"),
        ("edge", "agent", None, "invalid_hook_type"),
    ],
)
def test_refused_requests(runtime: HookRuntime, hook_type: object, hook_types: object, reason: str) -> None:
    """Each mistake has exactly one reason."""
    with pytest.raises(HookError) as caught:
        validate_hooks(runtime=runtime, operation="create", hook_type=hook_type, hook_types=hook_types)
    assert caught.value.reason.code == reason


def test_update_cannot_empty_the_list() -> None:
    """An update leaves hooks out to keep them; an empty list is a mistake."""
    with pytest.raises(HookError) as caught:
        validate_hooks(runtime="control_plane", operation="update", hook_types=[])
    assert caught.value.reason.code == "missing_hook_type"


def test_categories() -> None:
    """Hooks make a category, belong to type filters, and run on the edge or not."""
    assert category_of(["studio_ui"]) == "ui"
    assert category_of(["auth", "studio_ui", "agent"]) == "full"
    assert category_of([]) == "uncategorized"
    assert is_of_type("ai_studio", ["agent"])
    assert not is_of_type("gateway", ["agent"])
    assert not is_of_type("other", ["agent"])
    assert runs_on_edge(["agent", "on_response"])
    assert not runs_on_edge(["agent"])


def test_manifest() -> None:
    """The first hook is the primary one unless the manifest says; scopes wait for approval."""
    plain = validate_manifest(manifest())
    assert (plain.primary_hook, plain.requires_approval) == ("auth", False)
    full = validate_manifest(
        manifest(
            capabilities={"hooks": ["auth", "agent", "auth"], "primary_hook": "agent"},
            permissions={"services": ["llms.read", "llms.read"]},
            ui=ui({"type": "route", "mount": {"kind": "webc"}}),
        )
    )
    assert full.requires_approval
    assert full == ("agent", ("auth", "agent"), ("llms.read",))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "missing_id"),
        ({"version": ""}, "missing_version"),
        ({"name": None}, "missing_name"),
        ({"name": 5}, "invalid_type"),
        ({"capabilities": None}, "missing_capabilities"),
        ({"capabilities": []}, "invalid_type"),
        ({"capabilities": {}}, "missing_hooks"),
        ({"capabilities": {"hooks": "auth"}}, "invalid_type"),
        ({"capabilities": {"hooks": ["pending"]}}, "invalid_hook_type"),
        ({"capabilities": {"hooks": ["auth"], "primary_hook": "agent"}}, "primary_hook_not_in_list"),
        ({"permissions": {"services": ["analytics.read"]}}, "scope_not_allowed"),
        ({"permissions": {"services": [1]}}, "invalid_type"),
        ({"permissions": 0}, "invalid_type"),
        ({"ui": ui(slot="")}, "invalid_slot"),
        ({"ui": ui({"mount": {"kind": "webc"}})}, "invalid_slot"),
        ({"ui": ui({"type": "route"})}, "invalid_slot"),
        ({"portal": ui({"type": "route", "mount": {"kind": "script"}})}, "invalid_slot"),
        ({"ui": {"slots": {}}}, "invalid_type"),
        ({"ui": {"slots": ["x"]}}, "invalid_type"),
    ],
)
def test_refused_manifests(changes: dict[str, Any], reason: str) -> None:
    """Each gap of a manifest has exactly one reason."""
    with pytest.raises(HookError) as caught:
        validate_manifest(manifest(**changes))
    assert caught.value.reason.code == reason


def test_manifest_is_an_object() -> None:
    """Anything but an object is no manifest."""
    with pytest.raises(HookError):
        validate_manifest([])
