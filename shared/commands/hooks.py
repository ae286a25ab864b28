"""Hook types: which there are, which run where, and what a request may say about them."""

from collections.abc import Collection
from typing import Final, Literal, NamedTuple

from shared.commands.hook_reasons import INVALID_HOOK_TYPE, MISSING_HOOK_TYPE, PRIMARY_HOOK_NOT_IN_LIST
from shared.commands.reasons import INVALID_TYPE
from shared.errors import Refused

GATEWAY_HOOKS: Final = ("pre_auth", "auth", "post_auth", "on_response", "data_collection", "custom_endpoint")
"""The hooks of the request path; the only ones that an edge gateway runs."""
CONTROL_PLANE_HOOKS: Final = ("studio_ui", "portal_ui", "agent", "object_hooks", "resource_provider")
HOOK_TYPES: Final = (*GATEWAY_HOOKS, *CONTROL_PLANE_HOOKS)
PENDING: Final = "pending"
"""Stored until the manifest says which hooks there are; never accepted from a caller."""

HookRuntime = Literal["control_plane", "edge"]
HookOperation = Literal["create", "update"]
Category = Literal["gateway", "ui", "agent", "gateway+ui", "gateway+agent", "agent+ui", "full", "uncategorized"]
PluginType = Literal["gateway", "ai_studio"]

_CATEGORIES: Final[dict[tuple[bool, bool, bool], Category]] = {
    (True, False, False): "gateway",
    (False, True, False): "ui",
    (False, False, True): "agent",
    (True, True, False): "gateway+ui",
    (True, False, True): "gateway+agent",
    (False, True, True): "agent+ui",
    (True, True, True): "full",
    (False, False, False): "uncategorized",
}


class HookError(Refused):
    """A hook type or manifest that can't be accepted, with exactly one reason."""


class Hooks(NamedTuple):
    """The hooks of a request.

    Attributes:
        primary: the hook type to store; `PENDING` when the manifest shall say, None when an update leaves it as it is.
        hook_types: without duplicates, in the given order; empty when an update leaves them as they are.
    """

    primary: str | None
    hook_types: tuple[str, ...]


def validate_hooks(
    *, runtime: HookRuntime, operation: HookOperation, hook_type: object = None, hook_types: object = None
) -> Hooks:
    """Check `hook_type` and `hook_types` of a create or update request; None means that a field was left out.

    Raises:
        HookError: with exactly one reason.
    """
    allowed = GATEWAY_HOOKS if runtime == "edge" else HOOK_TYPES
    listed = None if hook_types is None else parse_hook_list(hook_types, allowed)
    if hook_type is None or (hook_type == "" and runtime == "edge"):
        return _without_primary(runtime, operation, listed)
    primary = parse_hook(hook_type, allowed)
    if listed and primary not in listed:
        raise HookError(PRIMARY_HOOK_NOT_IN_LIST, f"{primary} is not in hook_types")
    return Hooks(primary, listed or (primary,))


def parse_hook(value: object, allowed: tuple[str, ...] = HOOK_TYPES) -> str:
    """Parse one hook type.

    Raises:
        HookError: `invalid_type` or `invalid_hook_type`.
    """
    if not isinstance(value, str):
        raise HookError(INVALID_TYPE, "a hook type is a string", hint="Send the hook type as a JSON string.")
    if value not in allowed:
        raise HookError(INVALID_HOOK_TYPE, hint=f"Use one of {', '.join(allowed)}")
    return value


def parse_hook_list(value: object, allowed: tuple[str, ...] = HOOK_TYPES) -> tuple[str, ...]:
    """Parse a list of hook types; duplicates are dropped.

    Raises:
        HookError: `invalid_type` or `invalid_hook_type`.
    """
    if not isinstance(value, list | tuple):
        raise HookError(INVALID_TYPE, "hooks are a list of strings", hint="Send the hooks as a JSON array.")
    return tuple(dict.fromkeys(parse_hook(member, allowed) for member in value))


def category_of(hook_types: Collection[str]) -> Category:
    """Name what kind of plugin these hooks make."""
    gateway = any(hook in GATEWAY_HOOKS for hook in hook_types)
    return _CATEGORIES[gateway, "studio_ui" in hook_types, "agent" in hook_types]


def is_of_type(plugin_type: str, hook_types: Collection[str]) -> bool:
    """Say whether a plugin with these hooks belongs to a filter: gateway, or ai_studio for the control plane's own."""
    members = {"gateway": GATEWAY_HOOKS, "ai_studio": CONTROL_PLANE_HOOKS}.get(plugin_type, ())
    return any(hook in members for hook in hook_types)


def runs_on_edge(hook_types: Collection[str]) -> bool:
    """Say whether an edge gateway has anything to run in a plugin with these hooks."""
    return any(hook in GATEWAY_HOOKS for hook in hook_types)


def _without_primary(runtime: HookRuntime, operation: HookOperation, listed: tuple[str, ...] | None) -> Hooks:
    if operation == "update":
        if listed == ():
            raise HookError(MISSING_HOOK_TYPE, "hook_types is empty", hint="Leave hook_types out to keep the hooks.")
        return Hooks(None, listed or ())
    if listed:
        return Hooks(listed[0], listed)
    if runtime == "edge":
        raise HookError(MISSING_HOOK_TYPE)
    return Hooks(PENDING, ())
