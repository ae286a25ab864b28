"""Sweep many plugins at a time, each on its own loopback address, beside a grpc-go checker in the same run.

`python -m tests.benchmarks.health serve|sweep …` are this module's own child processes: the peers, and one sweep in a
fresh process. The time is that of the sweep, without imports; memory is the child's peak.
"""

import asyncio
import contextlib
import json
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

ROUNDS: Final = 5
CONCURRENCY: Final = 128
TLS_CONCURRENCY: Final = 64
DEADLINE_SECONDS: Final = 2.0
#: Every tenth target accepts the connection and says nothing.
HANGING: Final = 10
_MODULE: Final = "tests.benchmarks.health"
_CHECKER: Final = Path(__file__).parent / "health_checker"

# The answer of a healthy plugin, frame by frame (https://www.rfc-editor.org/rfc/rfc9113#section-6).
_DATA, _HEADERS, _SETTINGS, _PING = 0, 1, 4, 6
_PREFACE_BYTES: Final = 24
_HEAD_BYTES: Final = 9

Measurement = dict[str, Any]
Run = dict[str, float]


class Ports(NamedTuple):
    """Where the peers listen, on every loopback address."""

    plain: int
    tls: int
    silent: int


def hanging() -> list[Measurement]:
    """Measure 1,000 targets of which every tenth hangs: the deadline is the floor."""
    with _peers() as (ports, _), _go_checker() as checker:
        targets = _targets(1_000, ports.plain, ports.silent)
        ours, theirs = _interleaved(targets, checker)
    return _compared("1,000 targets, 10 % hanging, D = 2 s", ours, theirs, expected=900)


def healthy() -> list[Measurement]:
    """Measure 100 and 1,000 targets that all answer."""
    rows = []
    with _peers() as (ports, _), _go_checker() as checker:
        for count in (100, 1_000):
            ours, theirs = _interleaved(_targets(count, ports.plain), checker)
            rows += _compared(f"{count:,} healthy targets", ours, theirs, expected=count)
    return rows


def tls() -> list[Measurement]:
    """Measure 1,000 healthy targets over TLS with a private CA."""
    with _peers() as (ports, authority):
        targets = _targets(1_000, ports.tls)
        runs = [_sweep(targets, "--ca", authority, "--concurrency", str(TLS_CONCURRENCY)) for _ in range(ROUNDS)]
    return _compared("1,000 healthy targets, TLS", runs, [], expected=1_000)


def many() -> list[Measurement]:
    """Measure 5,000 targets of which every tenth hangs."""
    with _peers() as (ports, _):
        targets = _targets(5_000, ports.plain, ports.silent)
        runs = [_sweep(targets) for _ in range(3)]
    return _compared("5,000 targets, 10 % hanging, D = 2 s", runs, [], expected=4_500)


def _compared(name: str, ours: Sequence[Run], theirs: Sequence[Run], *, expected: int) -> list[Measurement]:
    seconds = [run["seconds"] for run in ours]
    versus = [run["seconds"] for run in theirs]
    return [
        _measurement(name, "s", seconds, "grpc-go", versus),
        _measurement(f"{name}: CPU a target", "ms", [run["cpu_ms"] for run in ours]),
        _measurement(f"{name}: peak memory", "MB", [run["peak_mb"] for run in ours]),
        _measurement(f"{name}: false failures", "targets", [expected - run["healthy"] for run in ours]),
    ]


def _measurement(
    name: str, unit: str, values: Sequence[float], versus: str = "", others: Sequence[float] = ()
) -> Measurement:
    median = statistics.median(values)
    return {
        "name": name,
        "unit": unit,
        "median": median,
        "min": min(values),
        "max": max(values),
        "versus": versus if others else None,
        "ratio": median / statistics.median(others) if others else None,
    }


def _interleaved(targets: Sequence[str], checker: str | None) -> tuple[list[Run], list[Run]]:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_sweep(targets))
        if checker is not None:
            theirs.append(_go(checker, targets))
    return ours, theirs


def _targets(count: int, port: int, silent_port: int | None = None) -> list[str]:
    """Give so many addresses 127.1.x.y with ports, no two alike."""
    return [
        f"127.1.{number // 250}.{number % 250 + 1}:{silent_port if silent_port and number % HANGING == 0 else port}"
        for number in range(count)
    ]


def _sweep(targets: Sequence[str], *options: str) -> Run:
    command = [sys.executable, "-m", _MODULE, "sweep", *options]
    done = subprocess.run(command, input="\n".join(targets), capture_output=True, text=True, check=True)
    run: Run = json.loads(done.stdout)
    return run


def _go(checker: str, targets: Sequence[str]) -> Run:
    command = [checker, "-concurrency", str(CONCURRENCY), "-deadline", f"{DEADLINE_SECONDS}s"]
    done = subprocess.run(command, input="\n".join(targets), capture_output=True, text=True, check=True)
    seconds, found = done.stdout.split()
    return {"seconds": float(seconds), "healthy": float(found)}


@contextlib.contextmanager
def _go_checker() -> Iterator[str | None]:
    """Build the yardstick; None where there is no Go toolchain: the ratio is then absent, not made up."""
    if shutil.which("go") is None:
        print("no Go toolchain: health is measured without its yardstick", file=sys.stderr)
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        binary = f"{folder}/checker"
        subprocess.run(["go", "build", "-o", binary, "."], cwd=_CHECKER, check=True)
        yield binary


@contextlib.contextmanager
def _peers() -> Iterator[tuple[Ports, str]]:
    """Run the peers in their own process; gives their ports and the file of the CA."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", _MODULE, "serve", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield Ports(*json.loads(process.stdout.readline())), f"{folder}/authority.pem"
            finally:
                process.kill()


class _Plugin(asyncio.Protocol):
    """Just enough HTTP/2 for one healthy answer, cheap enough not to be what is measured."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._transport: Any = None
        self._skipped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(_frame(_SETTINGS, 0, 0))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._skipped:
            if len(self._buffer) < _PREFACE_BYTES:
                return
            del self._buffer[:_PREFACE_BYTES]
            self._skipped = True
        while len(self._buffer) >= _HEAD_BYTES:
            size = _HEAD_BYTES + int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < size:
                return
            frame = bytes(self._buffer[:size])
            del self._buffer[:size]
            self._answer(frame[3], frame[4], frame[5:_HEAD_BYTES], frame[_HEAD_BYTES:])

    def _answer(self, kind: int, flags: int, stream: bytes, payload: bytes) -> None:
        if kind in (_SETTINGS, _PING) and not flags & 1:
            self._transport.write(_frame(kind, 1, 0, payload if kind == _PING else b""))
        elif kind == _HEADERS:
            number = int.from_bytes(stream, "big")
            self._transport.write(
                _frame(_HEADERS, 4, number, b"\x88" + _field("content-type", "application/grpc"))
                + _frame(_DATA, 0, number, b"\0\0\0\0\2\x08\x01")
                + _frame(_HEADERS, 5, number, _field("grpc-status", "0"))
            )


class _Silent(asyncio.Protocol):
    """Accepts and says nothing."""


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _field(name: str, value: str) -> bytes:
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


async def _serve(folder: Path) -> None:
    loop = asyncio.get_running_loop()

    async def listen(protocol: type[asyncio.Protocol], context: ssl.SSLContext | None = None) -> int:
        # On every address of 127/8: each is a target of its own.
        server = await loop.create_server(protocol, "0.0.0.0", 0, backlog=4096, ssl=context)
        port: int = server.sockets[0].getsockname()[1]
        return port

    ports = Ports(await listen(_Plugin), await listen(_Plugin, _server_context(folder)), await listen(_Silent))
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


def _server_context(folder: Path) -> ssl.SSLContext:
    from tests.integration.health.certificates import issue  # noqa: PLC0415 - only the peers need certificates

    authority = issue("authority", is_authority=True)
    plugin = issue("plugin.example", authority)
    (folder / "authority.pem").write_bytes(authority.certificate_pem)
    (folder / "plugin.pem").write_bytes(plugin.certificate_pem + plugin.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "plugin.pem")
    context.set_alpn_protocols(["h2"])
    return context


class _Target(NamedTuple):
    target: str
    options: tuple[tuple[str, Any], ...]


def _sweep_here(addresses: Sequence[str], *, ca: str | None, concurrency: int) -> Run:
    from shared.health.grpc_probe import TlsSettings, probe_grpc  # noqa: PLC0415 - the other processes need no gRPC
    from shared.health.results import ProbeResult  # noqa: PLC0415 - same
    from shared.health.runs import probe_many  # noqa: PLC0415 - same

    settings = TlsSettings(Path(ca).read_bytes()) if ca else None
    options: tuple[tuple[str, Any], ...] = (("grpc.default_authority", "plugin.example"),)
    if ca:
        options += (("grpc.ssl_target_name_override", "plugin.example"),)

    async def probe(address: str) -> ProbeResult:
        target = _Target(f"ipv4:{address}", options)
        return await probe_grpc(target, deadline_seconds=DEADLINE_SECONDS, tls=settings)

    started, cpu = time.perf_counter(), time.process_time()
    sweep = probe_many(addresses, probe, concurrency=concurrency, deadline_seconds=DEADLINE_SECONDS + 1)
    outcomes = Counter(result.outcome for _, result in asyncio.run(sweep))
    return {
        "seconds": time.perf_counter() - started,
        "cpu_ms": (time.process_time() - cpu) * 1000 / len(addresses),
        "peak_mb": _peak_mb(),
        "healthy": outcomes["healthy"],
    }


def _peak_mb() -> float:
    """Give this process's own peak: `ru_maxrss` begins with the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


BENCHMARKS: Final = (hanging, healthy, tls, many)


def _main(arguments: Sequence[str]) -> None:
    options = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    if arguments[:1] == ["serve"]:
        asyncio.run(_serve(Path(arguments[1])))
    elif arguments[:1] == ["sweep"]:
        concurrency = int(options.get("--concurrency", CONCURRENCY))
        print(json.dumps(_sweep_here(sys.stdin.read().split(), ca=options.get("--ca"), concurrency=concurrency)))
    else:
        for benchmark in BENCHMARKS:
            for row in benchmark():
                ratio = "" if row["ratio"] is None else f"  {row['ratio']:.2f} x {row['versus']}"
                print(
                    f"{row['name']}: {row['median']:,.3f} {row['unit']} [{row['min']:,.3f} … {row['max']:,.3f}]{ratio}"
                )


if __name__ == "__main__":
    _main(sys.argv[1:])
