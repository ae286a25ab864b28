"""A plugin's manifest: what must be in it, and which of its wishes wait for an approval."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shared.commands.hook_reasons import (
    INVALID_SLOT,
    MISSING_CAPABILITIES,
    MISSING_HOOKS,
    MISSING_ID,
    MISSING_NAME,
    MISSING_VERSION,
    PRIMARY_HOOK_NOT_IN_LIST,
    SCOPE_NOT_ALLOWED,
)
from shared.commands.hooks import HookError, parse_hook, parse_hook_list
from shared.commands.reasons import INVALID_TYPE

REFUSED_SCOPES: Final = frozenset({"analytics.read", "analytics.detailed", "analytics.reports"})
"""Service scopes that show other people's use; no plugin may ask for them."""
MOUNT_KINDS: Final = frozenset({"webc", "module-federation", "iframe"})

_IDENTITY: Final = (("id", MISSING_ID), ("version", MISSING_VERSION), ("name", MISSING_NAME))


class Manifest(NamedTuple):
    """What a valid manifest says.

    Attributes:
        primary_hook: as written, or the first hook.
        hook_types: at least one, without duplicates.
        service_scopes: declared in permissions.services.
        requires_approval: somebody must approve the scopes before they hold.
    """

    primary_hook: str
    hook_types: tuple[str, ...]
    service_scopes: tuple[str, ...]

    @property
    def requires_approval(self) -> bool:
        """Say whether scopes wait for an approval."""
        return bool(self.service_scopes)


def validate_manifest(document: object) -> Manifest:
    """Check a manifest that was read from JSON.

    Raises:
        HookError: with exactly one reason.
    """
    manifest = _object(document, "the manifest")
    for field, missing in _IDENTITY:
        value = manifest.get(field)
        if value is None or value == "":
            raise HookError(missing)
        if not isinstance(value, str):
            raise HookError(INVALID_TYPE, f"{field} is a string")
    capabilities = manifest.get("capabilities")
    if capabilities is None:
        raise HookError(MISSING_CAPABILITIES)
    primary, hooks = _hooks(_object(capabilities, "capabilities"))
    scopes = _scopes(manifest)
    for place in ("ui", "portal"):
        for slot in _list(_part(manifest, place).get("slots"), f"{place}.slots"):
            _check_slot(slot)
    return Manifest(primary, hooks, scopes)


def _hooks(capabilities: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    hooks = parse_hook_list(_list(capabilities.get("hooks"), "capabilities.hooks"))
    if not hooks:
        raise HookError(MISSING_HOOKS)
    written = capabilities.get("primary_hook")
    if written is None or written == "":
        return hooks[0], hooks
    primary = parse_hook(written)
    if primary not in hooks:
        raise HookError(PRIMARY_HOOK_NOT_IN_LIST, f"{primary} is not in capabilities.hooks")
    return primary, hooks


def _scopes(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    permissions = _part(manifest, "permissions")
    scopes: dict[str, None] = {}
    for scope in _list(permissions.get("services"), "permissions.services"):
        if not isinstance(scope, str):
            raise HookError(INVALID_TYPE, "a scope is a string")
        if scope in REFUSED_SCOPES:
            raise HookError(SCOPE_NOT_ALLOWED, f"no plugin may have the scope {scope}")
        scopes[scope] = None
    return tuple(scopes)


def _check_slot(value: object) -> None:
    slot = _object(value, "a slot")
    if not isinstance(slot.get("slot"), str) or not slot["slot"]:
        raise HookError(INVALID_SLOT, "a slot has no name")
    for entry in _list(slot.get("items"), "items"):
        item = _object(entry, "an item")
        mount = item.get("mount")
        kind = mount.get("kind") if isinstance(mount, Mapping) else None
        if not isinstance(item.get("type"), str) or not item["type"]:
            raise HookError(INVALID_SLOT, f"an item of slot {slot['slot']!r} has no type")
        if not isinstance(kind, str) or kind not in MOUNT_KINDS:
            raise HookError(INVALID_SLOT, f"an item of slot {slot['slot']!r} has no known mount kind")


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise HookError(INVALID_TYPE, f"{what} is an object", hint="Send it as a JSON object.")
    return value


def _part(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give an object of the manifest; what is left out is an empty one."""
    value = manifest.get(name)
    return {} if value is None else _object(value, name)


def _list(value: object, what: str) -> list[Any]:
    """Give a list; what is left out is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise HookError(INVALID_TYPE, f"{what} is a list", hint="Send it as a JSON array.")
    return value
