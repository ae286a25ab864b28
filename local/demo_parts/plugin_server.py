"""A remote plugin as a process of its own: `python -m local.demo_parts.plugin_server PORT [WATCHED_PID]`.

Serves grpc.health.v1 with the service name that go-plugin uses (`plugin`), and ends when the watched process (the
local stack) has ended, so that nothing is left behind.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


def serve(port: int, watched_pid: int | None) -> None:
    """Serve on loopback until the watched process is gone."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    servicer = health.HealthServicer()
    for service in ("", "plugin"):
        servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print(f"serving on 127.0.0.1:{port}", flush=True)
    while watched_pid is None or _is_alive(watched_pid):
        time.sleep(1)
    server.stop(grace=None)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A process that ended and was not collected yet is a zombie; field 3, behind the name in parentheses.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True  # no /proc on this system


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)  # noqa: PLR2004 - optional second one
