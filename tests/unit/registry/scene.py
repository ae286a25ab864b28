"""What the client's tests share: one artifact, and a client over scripted answers."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from shared.commands.reasons import INTERNAL_NETWORK_ADDRESS
from shared.credentials.model import Credential
from shared.credentials.secret import Secret
from shared.egress.origins import parse_authority
from shared.errors import Refused, Transient
from shared.registry import manifests
from shared.registry.client import RegistryClient
from shared.registry.descriptors import Descriptor, digest_of
from tests.unit.registry.fakes import (
    Answer,
    FakeClock,
    ScriptedAdapter,
    described,
    image_document,
    scripted_session,
)

BASE = "https://registry.example.com/v2/plugins/p"
BLOB = b"0123456789" * 100
LAYER = described(BLOB)
CONFIG = described(b"{}")
MANIFEST = json.dumps(image_document(CONFIG, LAYER)).encode()
DIGEST = digest_of(MANIFEST)
OK_MANIFEST = Answer(body=MANIFEST, headers={"Content-Type": manifests.OCI_MANIFEST})
BLOB_URL = f"{BASE}/blobs/{LAYER.digest}"
CREDENTIAL = Credential(parse_authority("registry.example.com"), "entitlement", "me", Secret("s3cret"))
BASIC = "Basic " + base64.b64encode(b"me:s3cret").decode()


def client_over(
    answers: Mapping[str, list[Answer]], *, registry: str = "registry.example.com", **options: Any
) -> tuple[RegistryClient, ScriptedAdapter, FakeClock]:
    """Give a client of `registry.example.com/plugins/p` whose every request is answered by the script."""
    session, adapter = scripted_session(answers)
    clock = FakeClock()

    def judge(host: str, _port: int) -> None:
        if host.startswith("169.254."):
            raise Refused(INTERNAL_NETWORK_ADDRESS, host)
        if host == "unresolvable.example":
            raise Transient(INTERNAL_NETWORK_ADDRESS, host)

    client = RegistryClient(
        registry,
        "plugins/p",
        session=session,
        judge=judge,
        clock=clock,
        sleep=clock.sleep,
        jitter=lambda: 0.5,
        **options,
    )
    return client, adapter, clock


def read(client: RegistryClient, descriptor: Descriptor = LAYER, *, step: int = 64) -> bytes:
    """Read a blob to its verified end."""
    buffer = bytearray(step)
    data = b""
    with client.open_blob(descriptor) as reader:
        while count := reader.readinto(buffer):
            data += buffer[:count]
    return data
