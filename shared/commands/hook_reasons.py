"""The reasons of hook types and manifests."""

from typing import Final

from shared.commands.reasons import INVALID_TYPE
from shared.errors import Reason

INVALID_HOOK_TYPE: Final = Reason(
    "invalid_hook_type",
    "there is no such hook type here",
    "Use one of the hook types in docs/commands.md, in lower case with underscores; an edge gateway runs six of them.",
)
MISSING_HOOK_TYPE: Final = Reason("missing_hook_type", "the hook type is missing", "Send hook_type, e.g. pre_auth.")
PRIMARY_HOOK_NOT_IN_LIST: Final = Reason(
    "primary_hook_not_in_list", "the primary hook is not among the hooks", "Add the primary hook to the list of hooks."
)
MISSING_CAPABILITIES: Final = Reason(
    "missing_capabilities", "the manifest has no capabilities", "Add capabilities with a list of hooks."
)
MISSING_HOOKS: Final = Reason(
    "missing_hooks", "the manifest lists no hook", "List at least one hook type in capabilities.hooks."
)
MISSING_ID: Final = Reason("missing_id", "the manifest has no id", "Add id, e.g. com.example.my-plugin.")
MISSING_VERSION: Final = Reason("missing_version", "the manifest has no version", "Add version, e.g. 1.0.0.")
MISSING_NAME: Final = Reason("missing_name", "the manifest has no name", "Add name, as people should read it.")
SCOPE_NOT_ALLOWED: Final = Reason(
    "scope_not_allowed", "a service scope is one that no plugin may have", "Remove the analytics scopes."
)
INVALID_SLOT: Final = Reason(
    "invalid_slot",
    "a user interface slot is incomplete",
    "Give each slot a name, and each item a type and a mount kind: webc, module-federation or iframe.",
)

REASONS: Final = tuple(
    value for value in list(globals().values()) if isinstance(value, Reason) and value is not INVALID_TYPE
)
