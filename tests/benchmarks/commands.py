"""Parse and judge distinct commands: ours beside the same policy fed by general URL parsers, interleaved in one run."""

import contextlib
import random
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import rfc3986
import yarl

from shared.commands import Command, CommandError, FileCommand, GrpcCommand, OciCommand, PolicySettings, parse_command
from shared.commands import judge as judge_command
from shared.commands.hosts import bracketed, parse_host

#: More than the caches of the URL libraries hold, so that nothing measures a cache.
COMMANDS: Final = 20_000
ROUNDS: Final = 7
#: The sides take turns after so many commands, so that a busy machine slows them alike.
TURN: Final = 1_000
ADVERSARIAL_BYTES: Final = 1024
_SEED: Final = 20260101

_NAME: Final = re.compile(
    r"/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._-]*))?(?:@(sha256:[0-9a-f]{64}))?"
)

_SETTINGS: Final = {
    "no list": PolicySettings(),
    "half of them in a list": PolicySettings.from_environment(
        {
            "PLUGIN_COMMAND_ALLOWLIST": "/usr/local/bin/*,/opt/*/plugins/*,grpc://plugins.prod.svc/*,grpc://64.0.0.0/2,"
            "oci://registry7.example.com/*,oci://ghcr.io/acme/*,grpc://2600:1f18::/32"
        }
    ),
}


_HEADS: Final = [
    "file:///a",
    "file:///.",
    "file:////",
    "file:///a/..",
    "file:///a%",
    "file:///usr/local/bin/a",
    "file:///opt/x/plugins/",
    "file://",
    "FILE://",
    "grpc://a",
    "grpc://a-",
    "grpc://a.",
    "grpc://xn--a.",
    "grpc://xn--ab1.",
    "grpc://1.",
    "grpc://[:",
    "grpc://a:1",
    "oci://a",
    "oci://a/a",
    "oci://a/a-",
    "oci://a/a__",
    "oci://a/a.a",
    "oci://a/a/",
    "oci://a/a:a",
    "oci://a/a@",
    "oci://[",
    "oci://-",
    "oci://a/a:1?",
    "oci://a/a:1?auth=a-",
    "oci://a/a:1?auth=%41",
    "oci://a/a:1?arch=&",
    "a",
    "://",
    "é",
]
_REPEATED: Final = [
    "a",
    "a-",
    "-",
    "_",
    ".",
    "/",
    "a/",
    "a.",
    "xn--a.",
    "1.",
    ":",
    "%41",
    "&a=",
    "é",
    "a__",
    "@",
    "..",
    "*",
]


def distinct_commands(count: int) -> list[str]:
    """Make ordinary commands of all schemes, no two alike; one in six names an address."""
    draw = random.Random(_SEED)  # noqa: S311 - reproducible work, nothing secret
    makers: Sequence[Callable[[int], str]] = (
        lambda n: f"grpc://plugins-{n}.team{n % 97}.example.com:{20000 + n % 30000}",
        lambda n: f"oci://registry{n % 211}.example.com/team-{n % 97}/plugin-{n}:v1.{n % 50}.{n % 9}",
        lambda n: f"oci://ghcr.io/acme/plugin-{n}@sha256:{draw.getrandbits(256):064x}",
        lambda n: f"file:///usr/local/bin/team{n % 97}/my-plugin-{n}",
        lambda n: f"grpc://{n % 223 + 1}.{n // 251 % 256}.{n % 251}.7:{20000 + n % 30000}",
        lambda n: f"grpc://[2600:1f18::{n:x}]:50051",
    )
    weights = (0, 1, 2, 3, 4, 1, 0, 1, 2, 3, 5, 0)
    return [makers[weights[number % len(weights)]](number) for number in range(count)]


def throughput() -> list[dict[str, Any]]:
    """Measure commands a second of ours, and as ratios to the same check on yarl and on rfc3986."""
    commands = distinct_commands(COMMANDS)
    measurements = []
    for name, settings in _SETTINGS.items():
        rates: dict[str, list[float]] = {"ours": [], "yarl": [], "rfc3986": []}
        parsers: Mapping[str, Callable[[str], Command]] = {
            "ours": parse_command,
            "yarl": parse_with_yarl,
            "rfc3986": parse_with_rfc3986,
        }
        for _ in range(ROUNDS):
            spent = dict.fromkeys(parsers, 0.0)
            for start in range(0, len(commands), TURN):
                for side, parse in parsers.items():
                    spent[side] += _seconds(parse, commands[start : start + TURN], settings)
            for side, seconds in spent.items():
                rates[side].append(len(commands) / seconds)
        measurements.append(_measurement(f"parse and judge, {name}", "commands/s", rates["ours"]))
        measurements.extend(
            _measurement(f"parse and judge, {name}, against {side}", "commands/s", rates["ours"], side, rates[side])
            for side in ("yarl", "rfc3986")
        )
    return measurements


def adversarial() -> list[dict[str, Any]]:
    """Measure the slowest of the hostile 1,024-byte inputs, the best of five for each."""
    settings = _SETTINGS["half of them in a list"]
    inputs = adversarial_inputs()
    slowest = [max(min(_one(text, settings) for _ in range(5)) for text in inputs) for _ in range(ROUNDS)]
    return [_measurement("slowest hostile 1,024-byte command", "ms", [value * 1000 for value in slowest])]


def adversarial_inputs() -> list[str]:
    """Make 1,024-byte texts that a backtracking expression would take long over."""
    return [
        (head + tail * ADVERSARIAL_BYTES)[: ADVERSARIAL_BYTES - len(end)] + end
        for head in _HEADS
        for tail in _REPEATED
        for end in ("", "!", ":50051")
    ]


def parse_with_yarl(text: str) -> Command:
    """Do as `parse_command` for ordinary commands, with yarl as the parser."""
    url = yarl.URL(text)
    return _command(url.scheme, url.raw_host, url.explicit_port, url.raw_path)


def parse_with_rfc3986(text: str) -> Command:
    """Do as `parse_command` for ordinary commands, with rfc3986 as the parser."""
    reference = rfc3986.uri_reference(text).normalize()
    port = reference.port
    host = reference.host.strip("[]") if reference.host else None
    return _command(reference.scheme, host, int(port) if port else None, reference.path or "")


def _command(scheme: str, host: str | None, port: int | None, path: str) -> Command:
    if scheme == "file":
        return FileCommand(path)
    if host is None:
        raise ValueError(scheme)
    parsed = parse_host(bracketed(host, "ipv6") if ":" in host else host)
    if scheme == "grpc" and port is not None:
        return GrpcCommand(parsed.text, port, parsed.kind)
    match = _NAME.fullmatch(path)
    if match is None:
        raise ValueError(path)
    registry = bracketed(*parsed) if port is None else f"{bracketed(*parsed)}:{port}"
    return OciCommand(registry, match[1], match[2], match[3])


def _seconds(parse: Callable[[str], Command], commands: Sequence[str], settings: PolicySettings) -> float:
    start = time.process_time()
    for text in commands:
        judge_command(parse(text), settings)
    return time.process_time() - start


def _one(text: str, settings: PolicySettings) -> float:
    start = time.perf_counter()
    with contextlib.suppress(CommandError):  # most of them are refused; how long that takes is the question
        judge_command(parse_command(text), settings)
    return time.perf_counter() - start


def _measurement(
    name: str, unit: str, values: Sequence[float], versus: str = "", others: Sequence[float] = ()
) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "versus": versus or None,
        "ratio": statistics.median(a / b for a, b in zip(values, others, strict=True)) if others else None,
    }


BENCHMARKS: Final = (throughput, adversarial)

if __name__ == "__main__":
    for benchmark in BENCHMARKS:
        for row in benchmark():
            ratio = "" if row["ratio"] is None else f"  {row['ratio']:.2f} x {row['versus']}"
            print(f"{row['name']}: {row['median']:,.3f} {row['unit']} [{row['min']:,.3f} … {row['max']:,.3f}]{ratio}")
