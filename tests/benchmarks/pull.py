"""Pull from a loopback registry into a null S3, beside `curl | openssl` on the same server, interleaved in one run.

The pull is the whole thing (real registry client, real S3 client, header checks, hash, CRC-32 of parts, uploads); the
pipes only read and hash. `python -m tests.benchmarks.pull serve|pull …` are this module's own child processes.
"""

import contextlib
import gzip
import io
import json
import os
import re
import resource
import shutil
import socket
import socketserver
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from shared.errors import Reason
    from tests.unit.artifacts.fakes import FakeRegistry

MIB: Final = 1 << 20
ROUNDS: Final = 5
_REPOSITORY: Final = "bench/plugin"
_MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
_MODULE: Final = "tests.benchmarks.pull"

Measurement = dict[str, Any]
Run = dict[str, float]


class Ports(NamedTuple):
    """Where the two servers listen."""

    registry: int
    s3: int


def raw_artifact() -> list[Measurement]:
    """Measure throughput and CPU of a 256 MiB ORAS artifact against `curl | openssl dgst -sha256`."""
    with _served({"raw": _artifact(256)}) as ports:
        pipe = f"curl -s {_blob_url(ports, 'raw')} | openssl dgst -sha256"
        pulls, pipes = _interleaved(lambda: _pull(ports, "raw"), lambda: _shell(pipe))
    return _compared("raw artifact 256 MiB", 256, pulls, pipes, "curl | openssl")


def image_layer() -> list[Measurement]:
    """Measure throughput of the executable in a gzip layer against `curl | gzip -dc | openssl dgst -sha256`."""
    with _served({"image": _image(256)}) as ports:
        pipe = f"curl -s {_blob_url(ports, 'image')} | gzip -dc | openssl dgst -sha256"
        pulls, pipes = _interleaved(lambda: _pull(ports, "image"), lambda: _shell(pipe))
    return _compared("gzip image layer 256 MiB", 256, pulls, pipes, "curl | gzip -dc | openssl")


def peak_memory() -> list[Measurement]:
    """Measure the peak resident memory of a pull of 16 and of 256 MiB, raw and out of an image."""
    measurements = []
    for kind, make in (("raw", _artifact), ("image", _image)):
        with _served({"small": make(16), "large": make(256)}) as ports:
            small, large = _interleaved(lambda: _pull(ports, "small"), lambda: _pull(ports, "large"))
        sizes = [[run["peak_mib"] for run in runs] for runs in (small, large)]
        measurements.append(_measurement(f"peak memory, {kind} 16 MiB", "MiB", sizes[0]))
        measurements.append(_measurement(f"peak memory, {kind} 256 MiB", "MiB", sizes[1], "16 MiB", sizes[0]))
    return measurements


MEASUREMENTS: Final[dict[str, Callable[[], list[Measurement]]]] = {
    "pull raw artifact": raw_artifact,
    "pull image layer": image_layer,
    "pull peak memory": peak_memory,
}


def _compared(name: str, mib: int, ours: Sequence[Run], theirs: Sequence[Run], versus: str) -> list[Measurement]:
    rates = [[mib / run["seconds"] for run in runs] for runs in (ours, theirs)]
    cpu = [[run["cpu_seconds"] * 1024 / mib for run in runs] for runs in (ours, theirs)]
    return [
        _measurement(f"{name}, throughput", "MiB/s", rates[0], versus, rates[1]),
        _measurement(f"{name}, CPU", "s/GiB", cpu[0], versus, cpu[1]),
    ]


def _measurement(
    name: str, unit: str, values: Sequence[float], versus: str = "", others: Sequence[float] = ()
) -> Measurement:
    """Ratios are taken inside each round: what else the machine did then hit both sides."""
    ratios = [value / other for value, other in zip(values, others, strict=bool(others))]
    return {
        "name": name,
        "unit": unit,
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "versus": versus,
        "ratio": statistics.median(ratios) if ratios else None,
    }


def _interleaved(ours: Callable[[], Run], theirs: Callable[[], Run]) -> tuple[list[Run], list[Run]]:
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _shell(pipe: str) -> Run:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["sh", "-c", pipe], check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu_seconds": cpu}


def _pull(ports: Ports, tag: str) -> Run:
    command = [sys.executable, "-m", _MODULE, "pull", str(ports.registry), tag]
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{ports.s3}",
    }
    answer = subprocess.run(command, check=True, capture_output=True, env=environment)
    run: Run = json.loads(answer.stdout)
    return run


def _pull_here(port: int, tag: str) -> Run:
    """Pull once in this process; imports and clients are made before the clock starts."""
    sys.modules["awscrt"] = None  # type: ignore[assignment]  # functions have no awscrt, so no request is copied for it
    from shared.artifacts.pull import pull_artifact  # noqa: PLC0415 - only the child pulls
    from shared.artifacts.s3_store import S3Store, build_s3_client  # noqa: PLC0415 - same
    from shared.commands import OciCommand  # noqa: PLC0415 - same
    from shared.egress import SystemResolver, build_session  # noqa: PLC0415 - same
    from shared.registry.client import RegistryClient  # noqa: PLC0415 - same

    registry = f"127.0.0.1:{port}"
    session = build_session(policy=_AnyAddress(), resolver=SystemResolver(), insecure_registries=[registry])
    client = build_s3_client()
    store = S3Store(client=client, bucket="null")
    repository = RegistryClient(
        registry, _REPOSITORY, session=session, judge=lambda _host, _port: None, plain_http=True
    )
    with contextlib.suppress(Exception):  # the first call loads the service's model; its answer does not count
        client.head_bucket(Bucket="null")
    before, start = time.process_time(), time.perf_counter()
    pull_artifact(
        OciCommand(registry, _REPOSITORY, tag, None), registry=repository, store=store, platforms=["linux/amd64"]
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mib": int(peak[1]) / 1024 if peak else 0.0}


class _AnyAddress:
    """The address policy of a benchmark on loopback."""

    def refuse(self, host: str, port: int, address: str | None) -> "Reason | None":
        """Allow."""
        del host, port, address
        return None


def _artifact(mib: int) -> "tuple[FakeRegistry, str]":
    """Build an ORAS artifact of that size; gives its blob's digest."""
    from tests.unit.artifacts import fakes, images  # noqa: PLC0415 - not in the processes that are measured

    registry = fakes.FakeRegistry()
    program = images.elf(pad=mib * MIB)
    images.add_artifact(registry, [program])
    return registry, fakes.digest_of(program)


def _image(mib: int) -> "tuple[FakeRegistry, str]":
    """Build an image whose executable compresses like one: it is filled with the shared libraries of this Python."""
    from tests.unit.artifacts import fakes, images  # noqa: PLC0415 - not in the processes that are measured

    registry = fakes.FakeRegistry()
    program = images.elf() + _machine_code(mib * MIB)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("plugin")
        entry.mode, entry.size = 0o755, len(program)
        archive.addfile(entry, io.BytesIO(program))
    layer = buffer.getvalue()
    blob = gzip.compress(layer, 6)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["/plugin"]},
            "rootfs": {"type": "layers", "diff_ids": [fakes.digest_of(layer)]},
        }
    ).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": images.OCI_MANIFEST,
        "config": images.descriptor(registry, config, images.IMAGE_CONFIG),
        "layers": [images.descriptor(registry, blob, images.LAYER + "+gzip")],
    }
    images.add_manifest(registry, document, "latest")
    return registry, fakes.digest_of(blob)


def _machine_code(size: int) -> bytes:
    libraries = sorted(Path(sys.prefix).rglob("*.so"), key=lambda path: (-path.stat().st_size, path.name))
    data = bytearray()
    while len(data) < size:
        for library in libraries:
            data += library.read_bytes()
            if len(data) >= size:
                break
    return bytes(data[:size])


@contextlib.contextmanager
def _served(artifacts: "dict[str, tuple[FakeRegistry, str]]") -> Iterator[Ports]:
    """Serve the artifacts by tag, and a null S3, each from a process of its own."""
    if not all(map(shutil.which, ("curl", "openssl", "gzip"))):
        raise FileNotFoundError("this benchmark needs curl, openssl and gzip")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for tag, (registry, digest) in artifacts.items():
            for name, blob in registry.blobs.items():
                (Path(folder) / name).write_bytes(blob)
            (Path(folder) / tag).symlink_to(registry.tags["latest"])
            (Path(folder) / f"blob-{tag}").symlink_to(digest)
        artifacts.clear()
        command = [sys.executable, "-m", _MODULE, "serve", folder]
        servers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        try:
            yield Ports(*(int(server.stdout.readline()) if server.stdout else 0 for server in servers))
        finally:
            for server in servers:
                server.terminate()
                server.wait()


def _blob_url(ports: Ports, tag: str) -> str:
    return f"http://127.0.0.1:{ports.registry}/v2/{_REPOSITORY}/blobs/blob-{tag}"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    folder = Path()


class _Exchange(socketserver.StreamRequestHandler):
    """Just enough HTTP/1.1: files of the folder for GET, and S3's answers for everything else."""

    disable_nagle_algorithm = True
    rbufsize = 0  # bodies are dropped in the kernel, so none of their bytes may be buffered here

    def handle(self) -> None:
        scratch = memoryview(bytearray(MIB))
        while head := self.rfile.readline():
            method, target, _ = head.decode().split(" ", 2)
            headers = {}
            while (line := self.rfile.readline()) not in {b"\r\n", b""}:
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            if headers.get("expect"):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(headers.get("content-length", 0))
            while left:
                left -= self.connection.recv_into(scratch, min(left, MIB), socket.MSG_TRUNC)
            if target.startswith("/v2/"):
                self._send_file(target.rpartition("/")[2])
            else:
                self._answer_s3(method, target, headers)

    def _send_file(self, name: str) -> None:
        path = self.server.folder / name  # type: ignore[attr-defined]  # _Server
        kind = _MANIFEST_TYPE if path.stat().st_size < 64 * 1024 else "application/octet-stream"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {path.stat().st_size}\r\n\r\n"
        self.wfile.write(head.encode())
        with path.open("rb") as file:
            self.connection.sendfile(file)

    def _answer_s3(self, method: str, target: str, headers: dict[str, str]) -> None:
        body, status = b"", "200 OK"
        if method == "POST" and "uploadId=" not in target:
            body = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
        elif method == "POST":
            body = b'<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'
        elif "x-amz-copy-source" in headers:
            body = b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>'
        elif method == "DELETE":
            status = "204 No Content"
        self.wfile.write(f'HTTP/1.1 {status}\r\nETag: "e"\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body)


def _serve(folder: str) -> None:
    with _Server(("127.0.0.1", 0), _Exchange) as server:
        server.folder = Path(folder)
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve(sys.argv[2])
    else:
        print(json.dumps(_pull_here(int(sys.argv[2]), sys.argv[3])))
