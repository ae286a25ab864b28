"""The pure front door: what a plugin command is, and whether the policy allows it. No sockets, environment or clock."""

from shared.commands import hook_reasons, reasons
from shared.commands.address_policy import AddressPolicy, TargetPolicy
from shared.commands.advice import TROUBLESHOOTING, Advice, Topic, diagnose
from shared.commands.allowlist import AllowList
from shared.commands.errors import CommandError, SettingsError
from shared.commands.hooks import (
    GATEWAY_HOOKS,
    HOOK_TYPES,
    PENDING,
    HookError,
    Hooks,
    category_of,
    is_of_type,
    runs_on_edge,
    validate_hooks,
)
from shared.commands.hosts import Host, parse_host
from shared.commands.manifest import Manifest, validate_manifest
from shared.commands.model import Command, FileCommand, GrpcCommand, OciCommand, OciParameters
from shared.commands.parser import match_oci_reference, parse_command, parse_oci_reference
from shared.commands.policy import Finding, Verdict, judge, judge_runtime
from shared.commands.settings import POLICY_VARIABLES, SETTINGS, PolicySettings, Setting

REASONS = (*reasons.REASONS, *hook_reasons.REASONS)

__all__ = [
    "GATEWAY_HOOKS",
    "HOOK_TYPES",
    "PENDING",
    "POLICY_VARIABLES",
    "REASONS",
    "SETTINGS",
    "TROUBLESHOOTING",
    "AddressPolicy",
    "Advice",
    "AllowList",
    "Command",
    "CommandError",
    "FileCommand",
    "Finding",
    "GrpcCommand",
    "HookError",
    "Hooks",
    "Host",
    "Manifest",
    "OciCommand",
    "OciParameters",
    "PolicySettings",
    "Setting",
    "SettingsError",
    "TargetPolicy",
    "Topic",
    "Verdict",
    "category_of",
    "diagnose",
    "is_of_type",
    "judge",
    "judge_runtime",
    "match_oci_reference",
    "parse_command",
    "parse_host",
    "parse_oci_reference",
    "runs_on_edge",
    "validate_hooks",
    "validate_manifest",
]
