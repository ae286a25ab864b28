"""Properties of the front door: own errors only, one canonical text, no refused address let through, linear time."""

import contextlib
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.commands import (
    HOOK_TYPES,
    PENDING,
    SETTINGS,
    Command,
    CommandError,
    FileCommand,
    GrpcCommand,
    HookError,
    OciCommand,
    OciParameters,
    PolicySettings,
    SettingsError,
    diagnose,
    judge,
    match_oci_reference,
    parse_command,
    parse_host,
    parse_oci_reference,
    validate_hooks,
    validate_manifest,
)
from shared.commands.addresses import reach_of
from shared.commands.hosts import host_reach
from shared.commands.oci import PLATFORMS

MAX_BYTES: Final = 1024
LIMIT_SECONDS: Final = 0.001

LABEL: Final = st.from_regex(r"[a-z_]([a-z0-9_]{0,10}[a-z0-9_])?", fullmatch=True)
NAME: Final = st.lists(LABEL, min_size=1, max_size=5).map(".".join)
IPV4: Final = st.ip_addresses(v=4).map(str)
IPV6: Final = st.ip_addresses(v=6).map(lambda address: f"[{address}]")
HOST: Final = NAME | IPV4 | IPV6
PORT: Final = st.integers(1, 65535)
SEGMENT: Final = st.from_regex(r"[a-z0-9]{1,8}((__?|\.|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
REPOSITORY: Final = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)
TAG: Final = st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
DIGEST: Final = st.from_regex(r"@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})", fullmatch=True)
PARAMETER: Final = st.sampled_from([*(f"arch={p}" for p in sorted(PLATFORMS)), "auth=nexus.example.com", "pubkey=CI"])
PATH: Final = st.from_regex(r"(/[A-Za-z0-9._+@=,:-]{1,12}){1,6}", fullmatch=True)

LEGAL: Final = st.one_of(
    PATH.map("file://{}".format),
    st.builds("grpc://{}:{}".format, HOST, PORT),
    st.builds(
        "oci://{}{}/{}{}{}{}".format,
        HOST,
        st.just("") | PORT.map(":{}".format),
        REPOSITORY,
        st.just("") | TAG,
        st.just("") | DIGEST,
        st.just("") | PARAMETER.map("?{}".format),
    ),
)
#: Pieces that parsers disagree about, in any order behind a scheme.
PIECE: Final = st.sampled_from(
    [
        *(
            "file://",
            "grpc://",
            "oci://",
            "//",
            "/",
            ":",
            "@",
            "[",
            "]",
            "?",
            "#",
            "&",
            "=",
            "%2e",
            "%",
            "..",
            ".",
            "-",
        ),
        *("localhost", "10.0.0.1", "127.1", "0x7f", "::1", "::ffff:", "a", "A", "xn--", "__", "50051", "latest", "*"),
        *(
            "sha256:",
            "0" * 64,
            "arch",
            "auth",
            "pubkey",
            "linux/amd64",
            "\n",
            "\x00",
            " ",
            "é",
            "\ud800",
            "\\",
            "$(id)",
        ),
    ]
)
HOSTILE: Final = st.lists(PIECE, max_size=14).map("".join)
TEXT: Final = st.text(max_size=80) | HOSTILE | LEGAL

ADDRESS: Final = st.ip_addresses().map(str) | st.sampled_from(
    ["8.8.8.8", "10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "64:ff9b::a00:1", "x"]
)
ALLOWLIST_ENTRY: Final = st.sampled_from(
    ["/*", "/opt/*", "grpc://10.0.0.0/8", "grpc://localhost/*", "grpc://0.0.0.0/0", "oci://ghcr.io/*", "python", ""]
)
ENVIRONMENT: Final = st.fixed_dictionaries(
    {},
    optional={
        "ALLOW_INTERNAL_NETWORK_ACCESS": st.sampled_from(["true", "false", "1"]),
        "PLUGIN_BLOCK_INTERNAL_URLS": st.sampled_from(["true", "false"]),
        "PLUGIN_COMMAND_ALLOWLIST": st.lists(ALLOWLIST_ENTRY, min_size=1).map(",".join).filter(lambda s: s.strip(",")),
        "OCI_PLUGINS_REQUIRE_DIGEST": st.sampled_from(["true", "false"]),
        "PLUGIN_RUNTIME": st.sampled_from(["studio", "edge"]),
    },
)


def parsed(text: object) -> Command | None:
    """Parse, or give None for a refusal; any other exception fails the test."""
    try:
        return parse_command(text)
    except CommandError:
        return None


@given(
    st.one_of(
        TEXT,
        st.binary(),
        st.none(),
        st.integers(),
        st.floats(),
        st.lists(st.text()),
        st.dictionaries(st.text(), st.text()),
    )
)
@example(bytearray(b"file:///opt/p"))
@example(memoryview(b"grpc://a:1"))
@example("\ud800" * 400)
@example("oci://ghcr.io/a:1?auth=%ed%a0%80")
def test_only_its_own_error(value: object) -> None:
    """Whatever it is given, the parser answers with a command or with its own error."""
    parsed(value)


@given(TEXT)
def test_references_and_hosts_raise_only_their_own_error(text: str) -> None:
    """The same holds for references, beside commands as well, and for hosts."""
    for parse in (parse_oci_reference, parse_host, lambda value: match_oci_reference(value, FileCommand("/p"))):
        try:
            parse(text)
        except CommandError:
            continue


@given(LEGAL)
def test_legal_commands_are_accepted(text: str) -> None:
    """Every command that the generator calls legal parses, unless the path holds dot segments."""
    command = parsed(text)
    if text.startswith("file://") and {".", ".."} & set(text.split("/")):
        assert command is None
    else:
        assert command is not None


@given(TEXT)
def test_canonical_text(text: str) -> None:
    """`parse(str(x)) == x`, and the canonical text is its own canonical text."""
    command = parsed(text)
    if command is not None:
        assert parse_command(str(command)) == command
        assert str(parse_command(str(command))) == str(command)


@given(TEXT, st.sampled_from(["\n", "\r\n", "\x00", " ", "\u200b", "#", "\x7f"]))
def test_nothing_is_stripped(text: str, extra: str) -> None:
    """An accepted command with something invisible before or behind it is refused."""
    if parsed(text) is not None:
        assert parsed(text + extra) is None
        assert parsed(extra + text) is None


@given(st.from_regex(r"(0x)?[0-9a-fx]{1,10}(\.(0x)?[0-9a-fx]{1,10}){0,4}\.?", fullmatch=True))
@example("0x7f.1")
@example("127.0.0.1")
def test_no_name_is_a_legacy_address(host: str) -> None:
    """What the C library would read as an IPv4 address is never accepted as a name, and never as another address."""
    command = parsed(f"grpc://{host}:50051")
    try:
        number = socket.inet_aton(host)
    except OSError:
        return
    if isinstance(command, GrpcCommand):
        assert (command.host_kind, socket.inet_ntoa(number)) == ("ipv4", command.host)


@given(LEGAL)
def test_types_of_fields(text: str) -> None:
    """An accepted command keeps the bounds that its type promises."""
    match parsed(text):
        case FileCommand(path):
            assert path.startswith("/")
            assert ".." not in path.split("/")
        case GrpcCommand(host, port, kind):
            assert host == host.lower()
            assert 1 <= port <= 65535
            assert kind in {"name", "ipv4", "ipv6"}
        case OciCommand(registry, repository, tag, digest, params):
            assert registry == registry.lower()
            assert len(repository) <= 255
            assert tag or digest
            assert isinstance(params, OciParameters)


def targets(command: Command) -> tuple[str, int] | None:
    """Name host and port of a command that connects somewhere."""
    if isinstance(command, FileCommand):
        return None
    return command.host, command.port or 443


@given(LEGAL | HOSTILE, ENVIRONMENT, st.lists(ADDRESS, max_size=4))
def test_no_accepted_command_has_a_refused_address(text: str, env: Mapping[str, str], addresses: Sequence[str]) -> None:
    """What the connect phase lets pass, the address policy lets pass too, and none of it is a forbidden address."""
    command = parsed(text)
    target = targets(command) if command is not None else None
    if command is None or target is None:
        return
    policy = PolicySettings.from_environment(env)
    verdict = judge(command, policy, {target[0]: addresses})
    if verdict.decision == "deny":
        return
    hop = policy.address_policy(command)
    kind = command.host_kind if isinstance(command, GrpcCommand | OciCommand) else "name"
    assert hop.refuse(*target, None) is None
    assert host_reach(target[0], kind) != "forbidden"
    for address in addresses if kind == "name" else [target[0]]:
        assert hop.refuse(*target, address) is None
        assert reach_of(address) != "forbidden"


@given(LEGAL, ENVIRONMENT, st.lists(ADDRESS, min_size=1, max_size=3))
def test_connecting_is_never_laxer_than_registering(
    text: str, env: Mapping[str, str], addresses: Sequence[str]
) -> None:
    """Every reason of the register phase is a reason of the connect phase."""
    command = parsed(text)
    if command is None:
        return
    policy = PolicySettings.from_environment(env)
    host = targets(command)
    registered = judge(command, policy)
    connected = judge(command, policy, {host[0]: addresses} if host else {})
    assert {f.reason.code for f in registered.findings} <= {f.reason.code for f in connected.findings}


@given(LEGAL, ENVIRONMENT)
def test_a_list_only_adds_refusals_or_opens_its_own(text: str, env: Mapping[str, str]) -> None:
    """A command that is not listed is denied, whatever else holds."""
    command = parsed(text)
    policy = PolicySettings.from_environment(env)
    if command is not None and policy.allowlist is not None and not policy.allowlist.match(command).listed:
        assert judge(command, policy).decision == "deny"


@given(TEXT, ENVIRONMENT, st.text(max_size=30))
def test_the_doctor_always_has_advice(text: str, env: Mapping[str, str], symptom: str) -> None:
    """Any text gets advice, and a refused one an error first."""
    advice = diagnose(text, PolicySettings.from_environment(env), symptom)
    assert advice
    assert (advice[0].level == "error") or parsed(text) is not None


@given(st.dictionaries(st.sampled_from(sorted(setting.name for setting in SETTINGS)), TEXT))
def test_settings_raise_only_their_own_error(env: Mapping[str, str]) -> None:
    """Any environment gives settings or the settings' own error."""
    with contextlib.suppress(SettingsError):
        PolicySettings.from_environment(env)


MANIFEST_KEY: Final = st.sampled_from(
    [
        *("id", "version", "name", "capabilities", "hooks", "primary_hook", "permissions", "services", "ui", "portal"),
        *("slots", "slot", "items", "type", "mount", "kind"),
    ]
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([*HOOK_TYPES, "pending"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MANIFEST_KEY, inner, max_size=6),
    max_leaves=20,
)
MANIFEST: Final = st.fixed_dictionaries(
    {"id": st.just("x"), "version": st.just("1"), "name": st.just("P"), "capabilities": JSON},
    optional={"permissions": JSON, "ui": JSON, "portal": JSON},
)


@given(JSON, MANIFEST, JSON, JSON)
def test_hooks_raise_only_their_own_error(document: object, manifest: object, hook: object, hooks: object) -> None:
    """Any JSON is a manifest or hook request, or gets the hooks' own error; what is accepted lists its primary hook."""
    for value in (document, manifest):
        with contextlib.suppress(HookError):
            accepted = validate_manifest(value)
            assert accepted.primary_hook in accepted.hook_types
    with contextlib.suppress(HookError):
        request = validate_hooks(runtime="control_plane", operation="create", hook_type=hook, hook_types=hooks)
        assert request.primary == PENDING or request.primary in request.hook_types


BLOWN_UP: Final = st.builds(
    lambda head, unit, tail: (head + unit * MAX_BYTES)[: MAX_BYTES - len(tail)] + tail,
    HOSTILE.filter(lambda text: len(text) < MAX_BYTES // 2),
    st.lists(PIECE, min_size=1, max_size=3).map("".join),
    st.sampled_from(["", "!", ":50051", "@", "/", "?arch=linux/amd64"]),
)


@pytest.mark.parametrize("listed", ["", "/opt/*/a*b/*,grpc://10.0.0.0/8,oci://ghcr.io/a/*"])
@given(text=BLOWN_UP)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_long_input_takes_long(listed: str, text: str) -> None:
    """No input of 1,024 characters takes a millisecond (the best of five, so that a busy machine does not count)."""
    policy = PolicySettings.from_environment({"PLUGIN_COMMAND_ALLOWLIST": listed})
    assert min(seconds(text, policy) for _ in range(5)) < LIMIT_SECONDS


def seconds(text: str, policy: PolicySettings) -> float:
    """Time one parse and judgement."""
    start = time.perf_counter()
    command = parsed(text)
    if command is not None:
        judge(command, policy)
    return time.perf_counter() - start
